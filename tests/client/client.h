/*
 * client.h - an NFSv3 and MOUNT client for tests.
 *
 * The independent oracle: calls and replies are coded by libtirpc and by what
 * rpcgen makes of xdr/nfs3.x and xdr/mount3.x, never by xdr/.  It works on any
 * connected stream socket and does its own record marking, since libtirpc's
 * client would not take a socketpair.
 *
 * Names from the .x files are as in RFC 1813, but for the enums nfsstat3,
 * ftype3, mountstat3 and their members, which have WIRE_ in front
 * (WIRE_NFS3_OK), so that a test may include xdr/nfs3.h beside this.
 *
 * Nothing waits longer than the time limit (10 s unless set).  A client has
 * one user at a time; any number of clients may be at work.
 */
#ifndef TESTS_CLIENT_CLIENT_H
#define TESTS_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <rpc/rpc.h>

#include "tests/client/wire_mount3.h"
#include "tests/client/wire_nfs3.h"

#define CLIENT_TIMEOUT_MS	10000
#define CLIENT_RECORD_MAX	(4u * 1024 * 1024)	/* bytes of a reply */

struct client;

/* fd is a connected stream socket and the client's from now on. */
struct client *client_new(int fd);
/* TCP to a numeric address; NULL and errno. */
struct client *client_connect(const char *addr, uint16_t port);
void client_free(struct client *c);	/* NULL is ignored */
int client_fd(const struct client *c);
void client_timeout(struct client *c, int ms);

/* Credentials of later calls; AUTH_NONE at first.  ngids: up to 16. */
void client_auth_none(struct client *c);
void client_auth_sys(struct client *c, uint32_t uid, uint32_t gid,
    uint32_t ngids, const uint32_t *gids);

/*
 * One NFSv3 call.  RPC_SUCCESS (0), or what was wrong: RPC_TIMEDOUT,
 * RPC_CANTSEND, RPC_CANTRECV (closed, or no reply), RPC_CANTDECODERES, or what
 * the server's RPC header says (RPC_CANTDECODEARGS is GARBAGE_ARGS).  res must
 * be zeroed; release it with xdr_free() after success.
 */
enum clnt_stat client_call(struct client *c, uint32_t proc, xdrproc_t enc,
    const void *args, xdrproc_t dec, void *res);

/* For calls without arguments or results: xdr_void() has another type. */
bool_t client_void(XDR *x, void *nothing);

/* The same for any program: rpcbind's probes, MOUNT, what we do not serve. */
enum clnt_stat client_call_prog(struct client *c, uint32_t prog,
    uint32_t vers, uint32_t proc, xdrproc_t enc, const void *args,
    xdrproc_t dec, void *res);

/*
 * client_nfs(c, LOOKUP, &args, &res) clears res, calls and decodes;
 * client_nfs_free(LOOKUP, &res) releases what was decoded.
 */
#define client_nfs(c, P, args, res)					\
	(memset((res), 0, sizeof(P##3res)),				\
	client_call((c), NFSPROC3_##P, (xdrproc_t)xdr_##P##3args,	\
	(args), (xdrproc_t)xdr_##P##3res, (res)))
#define client_nfs_free(P, res)						\
	xdr_free((xdrproc_t)xdr_##P##3res, (void *)(res))

/* NULL of NFSv3. */
enum clnt_stat client_null(struct client *c);

/* MNT of path; res as above, to be released with xdr_mountres3. */
enum clnt_stat client_mnt(struct client *c, const char *path, mountres3 *res);

/* Versions of a mismatch, or the auth_stat, of the last call that failed. */
const struct rpc_err *client_error(const struct client *c);

/*
 * Pipelining: client_send() gives the xid (0: not sent), and client_wait()
 * the reply to it, whatever arrives before.
 */
uint32_t client_send(struct client *c, uint32_t proc, xdrproc_t enc,
    const void *args);
enum clnt_stat client_wait(struct client *c, uint32_t xid, xdrproc_t dec,
    void *res);

/* The xid of the next call, for retransmission; later ones count on from it. */
void client_next_xid(struct client *c, uint32_t xid);

/*
 * A call as bytes, without its record mark, for tests that spoil it.  From the
 * heap, NULL if it cannot be encoded.  *args_at, if not NULL: where the
 * arguments begin.
 */
uint8_t *client_encode(struct client *c, uint32_t prog, uint32_t vers,
    uint32_t proc, xdrproc_t enc, const void *args, size_t *len,
    size_t *args_at);

/* All len bytes as they are, or as one record; false: not in time, closed. */
bool client_send_raw(struct client *c, const void *buf, size_t len);
bool client_send_record(struct client *c, const void *buf, size_t len);

/* What comes within ms, at most cap bytes; 0: closed, -1: nothing came. */
ssize_t client_recv_raw(struct client *c, void *buf, size_t cap, int ms);

/* One whole record without marks, from the heap; NULL: not in time, closed. */
uint8_t *client_recv_record(struct client *c, size_t *len);

/*
 * Decode a record as a reply.  *xid, if not NULL, is set as soon as it is
 * known.
 */
enum clnt_stat client_decode(struct client *c, const uint8_t *rec, size_t len,
    uint32_t *xid, xdrproc_t dec, void *res);

/* True if the server closes the connection within ms; replies are dropped. */
bool client_closed(struct client *c, int ms);

#endif /* TESTS_CLIENT_CLIENT_H */
