/*
 * nl_wire.h - the client's half of ONC RPC, MOUNT and NFSv3: calls are written,
 * replies are read (RFC 5531, RFC 1813).
 *
 * xdr/ has the server's half.  Here is only what a load generator sends: names
 * begin with put for what goes out and with get for what comes back, and what
 * get functions find malformed makes the reader fail, as in xin.h.
 */
#ifndef BENCH_NL_WIRE_H
#define BENCH_NL_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "xdr/nfs3_types.h"

struct xin;
struct xout;

/* AUTH_SYS, with no other groups; who calls NULL says AUTH_NONE. */
struct nl_cred {
	uint32_t	uid, gid;
};

/* Record mark and call header; arguments follow, then xout_end_record(). */
void nl_wire_call(struct xout *o, const struct nl_cred *c, uint32_t xid,
    uint32_t prog, uint32_t proc);

/*
 * The reply header.  NULL: results are next.  Else what the server says
 * instead; *xid is set if there was one.
 */
const char *nl_wire_reply(struct xin *in, uint32_t *xid);

void nl_wire_put_fh(struct xout *o, const struct nfs3_fh *fh);
void nl_wire_put_name(struct xout *o, const struct nfs3_fh *dir,
    const char *name);
/* sattr3 with this mode and nothing else. */
void nl_wire_put_mode(struct xout *o, uint32_t mode);

bool nl_wire_get_fh(struct xin *in, struct nfs3_fh *fh);
bool nl_wire_get_fattr(struct xin *in, struct nfs3_fattr *a);
bool nl_wire_get_attr(struct xin *in, struct nfs3_attr *a);
bool nl_wire_get_wcc(struct xin *in);

/* After the status of CREATE, MKDIR, SYMLINK; have_fh as the server sent it. */
bool nl_wire_get_made(struct xin *in, struct nfs3_made *m);

/* "NFS3ERR_IO", or its number in a static buffer of the thread. */
const char *nl_wire_status(uint32_t status);

/* "GETATTR" */
const char *nl_wire_proc(uint32_t proc);

#endif /* BENCH_NL_WIRE_H */
