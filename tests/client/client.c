#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/client/client.h"
#include "tests/client/stream.h"

/* xid, type, three numbers, two flavors with bodies of 400 bytes. */
#define HEADER_MAX	1024u
#define GIDS_MAX	16u

/* A reply that came while another one was waited for. */
struct stash {
	struct stash	*next;
	uint8_t		*rec;
	size_t		 len;
};

struct client {
	int		 fd;
	int		 timeout_ms;
	uint32_t	 next_xid;
	bool		 auth_sys;
	struct authunix_parms parms;
	gid_t		 gids[GIDS_MAX];
	char		 machine[16];
	struct rpc_err	 err;
	struct stash	*stash;
};

struct client *
client_new(int fd)
{
	struct client *c;
	struct timespec ts;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->fd = fd;
	c->timeout_ms = CLIENT_TIMEOUT_MS;
	clock_gettime(CLOCK_REALTIME, &ts);
	/* Another run's xids would hit the server's duplicate request cache. */
	c->next_xid = (uint32_t)ts.tv_nsec ^ (uint32_t)getpid() << 16 ^
	    (uint32_t)(uintptr_t)c;
	strcpy(c->machine, "vaultnfs-test");
	stream_prepare(fd);
	return c;
}

struct client *
client_connect(const char *addr, uint16_t port)
{
	struct sockaddr_storage ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	socklen_t len;
	struct client *c;
	int fd;

	memset(&ss, 0, sizeof(ss));
	if (inet_pton(AF_INET, addr, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		len = sizeof(*sin);
	} else if (inet_pton(AF_INET6, addr, &sin6->sin6_addr) == 1) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		len = sizeof(*sin6);
	} else {
		errno = EINVAL;
		return NULL;
	}
	if ((fd = socket(ss.ss_family, SOCK_STREAM, 0)) == -1)
		return NULL;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
	    sizeof(int));
	if (connect(fd, (struct sockaddr *)&ss, len) == -1 ||
	    (c = client_new(fd)) == NULL) {
		close(fd);
		return NULL;
	}
	return c;
}

void
client_free(struct client *c)
{
	struct stash *s;

	if (c == NULL)
		return;
	while ((s = c->stash) != NULL) {
		c->stash = s->next;
		free(s->rec);
		free(s);
	}
	close(c->fd);
	free(c);
}

int
client_fd(const struct client *c)
{
	return c->fd;
}

void
client_timeout(struct client *c, int ms)
{
	c->timeout_ms = ms;
}

void
client_auth_none(struct client *c)
{
	c->auth_sys = false;
}

void
client_auth_sys(struct client *c, uint32_t uid, uint32_t gid, uint32_t ngids,
    const uint32_t *gids)
{
	uint32_t i;

	if (ngids > GIDS_MAX)
		ngids = GIDS_MAX;
	for (i = 0; i < ngids; i++)
		c->gids[i] = gids[i];
	c->parms.aup_time = 1;
	c->parms.aup_machname = c->machine;
	c->parms.aup_uid = uid;
	c->parms.aup_gid = gid;
	c->parms.aup_len = ngids;
	c->parms.aup_gids = c->gids;
	c->auth_sys = true;
}

void
client_next_xid(struct client *c, uint32_t xid)
{
	c->next_xid = xid;
}

const struct rpc_err *
client_error(const struct client *c)
{
	return &c->err;
}

/* The credentials, into the 400 bytes at body. */
static bool
make_cred(struct client *c, char *body, struct opaque_auth *cred)
{
	XDR x;
	bool ok;

	memset(cred, 0, sizeof(*cred));
	if (!c->auth_sys)
		return true;
	xdrmem_create(&x, body, MAX_AUTH_BYTES, XDR_ENCODE);
	ok = xdr_authunix_parms(&x, &c->parms);
	cred->oa_flavor = AUTH_SYS;
	cred->oa_base = body;
	cred->oa_length = XDR_GETPOS(&x);
	XDR_DESTROY(&x);
	return ok;
}

static bool
put_call(XDR *x, struct client *c, uint32_t prog, uint32_t vers,
    uint32_t proc)
{
	char body[MAX_AUTH_BYTES];
	struct rpc_msg msg;

	memset(&msg, 0, sizeof(msg));
	if (c->next_xid == 0)
		c->next_xid++;		/* 0 means failure in client_send() */
	msg.rm_xid = c->next_xid++;
	msg.rm_direction = CALL;
	msg.rm_call.cb_rpcvers = RPC_MSG_VERSION;
	msg.rm_call.cb_prog = prog;
	msg.rm_call.cb_vers = vers;
	msg.rm_call.cb_proc = proc;
	return make_cred(c, body, &msg.rm_call.cb_cred) &&
	    xdr_callmsg(x, &msg);
}

bool_t
client_void(XDR *x, void *nothing)
{
	(void)x;
	(void)nothing;
	return TRUE;
}

uint8_t *
client_encode(struct client *c, uint32_t prog, uint32_t vers, uint32_t proc,
    xdrproc_t enc, const void *args, size_t *len, size_t *args_at)
{
	/* The encoders of rpcgen take pointers to what they only read. */
	void *from = (void *)(uintptr_t)args;
	size_t cap = HEADER_MAX + xdr_sizeof(enc, from);
	uint8_t *buf;
	size_t at;
	XDR x;
	bool ok;

	if ((buf = malloc(cap)) == NULL)
		return NULL;
	xdrmem_create(&x, (char *)buf, (u_int)cap, XDR_ENCODE);
	ok = put_call(&x, c, prog, vers, proc);
	at = XDR_GETPOS(&x);
	ok = ok && enc(&x, from);
	*len = XDR_GETPOS(&x);
	if (args_at != NULL)
		*args_at = at;
	XDR_DESTROY(&x);
	if (!ok) {
		free(buf);
		return NULL;
	}
	return buf;
}

bool
client_send_raw(struct client *c, const void *buf, size_t len)
{
	return stream_send(c->fd, buf, len, stream_now_ms() + c->timeout_ms);
}

bool
client_send_record(struct client *c, const void *buf, size_t len)
{
	uint32_t mark = htonl(0x80000000u | (uint32_t)len);
	uint8_t *rec;
	bool ok;

	/* In one piece: two small writes would wait for each other's ACK. */
	if ((rec = malloc(len + sizeof(mark))) == NULL)
		return false;
	memcpy(rec, &mark, sizeof(mark));
	memcpy(rec + sizeof(mark), buf, len);
	ok = client_send_raw(c, rec, len + sizeof(mark));
	free(rec);
	return ok;
}

ssize_t
client_recv_raw(struct client *c, void *buf, size_t cap, int ms)
{
	return stream_recv(c->fd, buf, cap, stream_now_ms() + ms);
}

uint8_t *
client_recv_record(struct client *c, size_t *len)
{
	return stream_recv_record(c->fd, CLIENT_RECORD_MAX, len,
	    stream_now_ms() + c->timeout_ms);
}

enum clnt_stat
client_decode(struct client *c, const uint8_t *rec, size_t len, uint32_t *xid,
    xdrproc_t dec, void *res)
{
	struct rpc_msg msg;
	XDR x;
	bool ok;

	memset(&msg, 0, sizeof(msg));
	memset(&c->err, 0, sizeof(c->err));
	c->err.re_status = RPC_CANTDECODERES;
	msg.acpted_rply.ar_results.where = NULL;
	msg.acpted_rply.ar_results.proc = (xdrproc_t)client_void;
	xdrmem_create(&x, (char *)(uintptr_t)rec, (u_int)len, XDR_DECODE);
	ok = xdr_replymsg(&x, &msg);
	if (ok) {
		if (xid != NULL)
			*xid = msg.rm_xid;
		_seterr_reply(&msg, &c->err);
		if (c->err.re_status == RPC_SUCCESS)
			ok = dec(&x, res);
		/* What is left over nobody asked for. */
		if (!ok || XDR_GETPOS(&x) != len)
			c->err.re_status = RPC_CANTDECODERES;
	}
	if (msg.acpted_rply.ar_verf.oa_base != NULL)
		free(msg.acpted_rply.ar_verf.oa_base);
	XDR_DESTROY(&x);
	return c->err.re_status;
}

/* The xid of a reply; 0 if it is none. */
static uint32_t
xid_of(const uint8_t *rec, size_t len)
{
	uint32_t xid = 0;

	if (len >= sizeof(xid))
		memcpy(&xid, rec, sizeof(xid));
	return ntohl(xid);
}

/* The stashed reply to xid, taken out. */
static uint8_t *
unstash(struct client *c, uint32_t xid, size_t *len)
{
	struct stash **sp, *s;
	uint8_t *rec;

	for (sp = &c->stash; (s = *sp) != NULL; sp = &s->next) {
		if (xid_of(s->rec, s->len) != xid)
			continue;
		*sp = s->next;
		rec = s->rec;
		*len = s->len;
		free(s);
		return rec;
	}
	return NULL;
}

static uint8_t *
recv_xid(struct client *c, uint32_t xid, size_t *len)
{
	struct stash *s;
	uint8_t *rec;

	if ((rec = unstash(c, xid, len)) != NULL)
		return rec;
	while ((rec = client_recv_record(c, len)) != NULL) {
		if (xid_of(rec, *len) == xid)
			return rec;
		if ((s = malloc(sizeof(*s))) == NULL) {
			free(rec);
			return NULL;
		}
		s->rec = rec;
		s->len = *len;
		s->next = c->stash;
		c->stash = s;
	}
	return NULL;
}

static uint32_t
send_prog(struct client *c, uint32_t prog, uint32_t vers, uint32_t proc,
    xdrproc_t enc, const void *args)
{
	uint8_t *rec;
	uint32_t xid;
	size_t len;
	bool ok;

	if ((rec = client_encode(c, prog, vers, proc, enc, args, &len,
	    NULL)) == NULL)
		return 0;
	xid = xid_of(rec, len);
	ok = client_send_record(c, rec, len);
	free(rec);
	return ok ? xid : 0;
}

uint32_t
client_send(struct client *c, uint32_t proc, xdrproc_t enc, const void *args)
{
	return send_prog(c, NFS_PROGRAM, NFS_V3, proc, enc, args);
}

enum clnt_stat
client_wait(struct client *c, uint32_t xid, xdrproc_t dec, void *res)
{
	int64_t end = stream_now_ms() + c->timeout_ms;
	enum clnt_stat st;
	uint8_t *rec;
	size_t len;

	if ((rec = recv_xid(c, xid, &len)) == NULL) {
		memset(&c->err, 0, sizeof(c->err));
		c->err.re_status = stream_now_ms() >= end ? RPC_TIMEDOUT :
		    RPC_CANTRECV;
		return c->err.re_status;
	}
	st = client_decode(c, rec, len, NULL, dec, res);
	free(rec);
	return st;
}

enum clnt_stat
client_call_prog(struct client *c, uint32_t prog, uint32_t vers,
    uint32_t proc, xdrproc_t enc, const void *args, xdrproc_t dec, void *res)
{
	uint32_t xid;

	if ((xid = send_prog(c, prog, vers, proc, enc, args)) == 0) {
		memset(&c->err, 0, sizeof(c->err));
		c->err.re_status = RPC_CANTSEND;
		return RPC_CANTSEND;
	}
	return client_wait(c, xid, dec, res);
}

enum clnt_stat
client_call(struct client *c, uint32_t proc, xdrproc_t enc, const void *args,
    xdrproc_t dec, void *res)
{
	return client_call_prog(c, NFS_PROGRAM, NFS_V3, proc, enc, args, dec,
	    res);
}

enum clnt_stat
client_null(struct client *c)
{
	return client_call(c, NFSPROC3_NULL, (xdrproc_t)client_void, NULL,
	    (xdrproc_t)client_void, NULL);
}

enum clnt_stat
client_mnt(struct client *c, const char *path, mountres3 *res)
{
	memset(res, 0, sizeof(*res));
	return client_call_prog(c, MOUNT_PROGRAM, MOUNT_V3, MOUNTPROC3_MNT,
	    (xdrproc_t)xdr_dirpath, &path, (xdrproc_t)xdr_mountres3, res);
}

bool
client_closed(struct client *c, int ms)
{
	int64_t end = stream_now_ms() + ms;
	char buf[4096];
	ssize_t n;

	do {
		n = stream_recv(c->fd, buf, sizeof(buf), end);
	} while (n > 0 && stream_now_ms() < end);
	return n == 0;
}
