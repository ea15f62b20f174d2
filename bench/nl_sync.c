#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/nl_opt.h"
#include "bench/nl_sync.h"
#include "xdr/mount3.h"
#include "xdr/nfs3.h"
#include "xdr/xout.h"

#define REPLY_MAX	(2u * 1024 * 1024)	/* bytes */
#define PAGE		32768u			/* bytes of a READDIR */

/* A call that is being written. */
struct ask {
	uint8_t		head[2048];
	struct xout	o;
};

static int
dial(const struct nl_opt *opt, const char *port, char *err, size_t cap)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all, *a;
	int fd = -1, r, one = 1;

	if ((r = getaddrinfo(opt->host, port, &hints, &all)) != 0) {
		(void)snprintf(err, cap, "%s: %s", opt->host,
		    gai_strerror(r));
		return -1;
	}
	for (a = all; a != NULL && fd == -1; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
		if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == -1) {
			r = errno;
			(void)close(fd);
			errno = r;
			fd = -1;
		}
	}
	if (fd == -1)
		(void)snprintf(err, cap, "cannot connect to %s port %s: %s",
		    opt->host, port, strerror(errno));
	else
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
	freeaddrinfo(all);
	return fd;
}

int
nl_sync_connect(const struct nl_opt *opt, char *err, size_t cap)
{
	return dial(opt, opt->port, err, cap);
}

bool
nl_sync_init(struct nl_sync *s, const struct nl_opt *opt)
{
	memset(s, 0, sizeof(*s));
	s->cred.uid = opt->uid;
	s->cred.gid = opt->gid;
	s->cap = REPLY_MAX;
	s->fd = -1;
	if ((s->buf = malloc(s->cap)) == NULL) {
		(void)snprintf(s->err, sizeof(s->err), "out of memory");
		return false;
	}
	s->fd = nl_sync_connect(opt, s->err, sizeof(s->err));
	return s->fd != -1;
}

void
nl_sync_fini(struct nl_sync *s)
{
	if (s->fd != -1)
		(void)close(s->fd);
	free(s->buf);
	s->buf = NULL;
	s->fd = -1;
}

static void
ask_for(struct nl_sync *s, struct ask *k, uint32_t prog, uint32_t proc)
{
	xout_init(&k->o, k->head, sizeof(k->head));
	nl_wire_call(&k->o, &s->cred, ++s->xid, prog, proc);
}

static bool
send_all(int fd, struct xout *o)
{
	struct msghdr m = { .msg_iov = o->iov, .msg_iovlen = o->niov };
	size_t skip;
	ssize_t n;

	while (m.msg_iovlen > 0) {
		if ((n = sendmsg(fd, &m, 0)) == -1)
			return false;
		for (skip = (size_t)n; m.msg_iovlen > 0 &&
		    skip >= m.msg_iov->iov_len; m.msg_iov++, m.msg_iovlen--)
			skip -= m.msg_iov->iov_len;
		if (m.msg_iovlen > 0) {
			m.msg_iov->iov_base =
			    (uint8_t *)m.msg_iov->iov_base + skip;
			m.msg_iov->iov_len -= skip;
		}
	}
	return true;
}

static bool
recv_all(int fd, uint8_t *buf, size_t len)
{
	ssize_t n;

	for (; len > 0; buf += n, len -= (size_t)n)
		if ((n = recv(fd, buf, len, MSG_WAITALL)) <= 0)
			return false;
	return true;
}

/* One record, its fragments joined; 0: it did not come. */
static size_t
recv_record(struct nl_sync *s)
{
	size_t len = 0, frag;
	uint8_t m[4];

	do {
		if (!recv_all(s->fd, m, 4))
			return 0;
		frag = (size_t)(m[0] & 0x7f) << 24 | (size_t)m[1] << 16 |
		    (size_t)m[2] << 8 | m[3];
		if (frag > s->cap - len ||
		    !recv_all(s->fd, s->buf + len, frag))
			return 0;
		len += frag;
	} while ((m[0] & 0x80) == 0);
	return len;
}

/* Send, receive, read the header; in is at the results. */
static bool
answer(struct nl_sync *s, struct ask *k, struct xin *in, const char *what)
{
	const char *why;
	uint32_t xid;
	size_t len;

	xout_end_record(&k->o);
	if (!xout_ok(&k->o) || !send_all(s->fd, &k->o) ||
	    (len = recv_record(s)) == 0) {
		(void)snprintf(s->err, sizeof(s->err), "%s: the connection "
		    "ended", what);
		return false;
	}
	xin_init(in, s->buf, len);
	if ((why = nl_wire_reply(in, &xid)) == NULL && xid != s->xid)
		why = "a reply to another call";
	if (why != NULL)
		(void)snprintf(s->err, sizeof(s->err), "%s: %s", what, why);
	return why == NULL;
}

/* The same with a status that must be NFS3_OK. */
static bool
answer_ok(struct nl_sync *s, struct ask *k, struct xin *in, const char *what)
{
	s->status = UINT32_MAX;
	if (!answer(s, k, in, what))
		return false;
	if (xin_u32(in, &s->status) && s->status == NFS3_OK)
		return true;
	(void)snprintf(s->err, sizeof(s->err), "%s: %s", what,
	    nl_wire_status(s->status));
	return false;
}

static bool
whole(struct nl_sync *s, bool ok, const char *what)
{
	if (!ok)
		(void)snprintf(s->err, sizeof(s->err), "%s: a reply that is "
		    "not as it should be", what);
	return ok;
}

static bool
mnt(struct nl_sync *s, const char *export, struct nfs3_fh *fh)
{
	struct ask k;
	struct xin in;

	ask_for(s, &k, MOUNT3_PROGRAM, MOUNT3_PROC_MNT);
	xout_opaque(&k.o, export, (uint32_t)strlen(export));
	return answer_ok(s, &k, &in, "MNT") &&
	    whole(s, nl_wire_get_fh(&in, fh), "MNT");
}

/* Over s, or over a connection of its own where MOUNT has another port. */
bool
nl_sync_mnt(struct nl_sync *s, const struct nl_opt *opt, struct nfs3_fh *fh)
{
	int nfs = s->fd;
	bool ok = true;

	if (opt->mount_port != NULL) {
		s->fd = dial(opt, opt->mount_port, s->err, sizeof(s->err));
		ok = s->fd != -1;
	}
	ok = ok && mnt(s, opt->export, fh);
	if (opt->mount_port != NULL) {
		if (s->fd != -1)
			(void)close(s->fd);
		s->fd = nfs;
	}
	return ok;
}

bool
nl_sync_fsinfo(struct nl_sync *s, const struct nfs3_fh *fh, uint32_t *rtmax,
    uint32_t *wtmax)
{
	struct nfs3_attr a;
	struct ask k;
	struct xin in;
	uint32_t x;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_FSINFO);
	nl_wire_put_fh(&k.o, fh);
	return answer_ok(s, &k, &in, "FSINFO") &&
	    whole(s, nl_wire_get_attr(&in, &a) && xin_u32(&in, rtmax) &&
	    xin_u32(&in, &x) && xin_u32(&in, &x) && xin_u32(&in, wtmax),
	    "FSINFO");
}

bool
nl_sync_lookup(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, struct nfs3_fh *fh, struct nfs3_attr *a)
{
	struct ask k;
	struct xin in;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_LOOKUP);
	nl_wire_put_name(&k.o, dir, name);
	return answer_ok(s, &k, &in, "LOOKUP") &&
	    whole(s, nl_wire_get_fh(&in, fh) && nl_wire_get_attr(&in, a),
	    "LOOKUP");
}

bool
nl_sync_getattr(struct nl_sync *s, const struct nfs3_fh *fh,
    struct nfs3_fattr *a)
{
	struct ask k;
	struct xin in;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_GETATTR);
	nl_wire_put_fh(&k.o, fh);
	return answer_ok(s, &k, &in, "GETATTR") &&
	    whole(s, nl_wire_get_fattr(&in, a) && xin_done(&in), "GETATTR");
}

/* What CREATE and its like answer. */
static bool
made(struct nl_sync *s, struct ask *k, const char *what,
    const struct nfs3_fh *dir, const char *name, struct nfs3_fh *fh,
    struct nfs3_attr *a)
{
	struct nfs3_made m;
	struct xin in;

	if (!answer_ok(s, k, &in, what) ||
	    !whole(s, nl_wire_get_made(&in, &m) && xin_done(&in), what))
		return false;
	if (!m.have_fh || !m.obj_attr.present)
		return nl_sync_lookup(s, dir, name, fh, a);
	*fh = m.obj;
	*a = m.obj_attr;
	return true;
}

bool
nl_sync_create(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, struct nfs3_fh *fh, struct nfs3_attr *a)
{
	struct ask k;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_CREATE);
	nl_wire_put_name(&k.o, dir, name);
	xout_u32(&k.o, NFS3_UNCHECKED);
	nl_wire_put_mode(&k.o, 0644);
	return made(s, &k, "CREATE", dir, name, fh, a);
}

bool
nl_sync_mkdir(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, struct nfs3_fh *fh)
{
	struct nfs3_attr a;
	struct ask k;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_MKDIR);
	nl_wire_put_name(&k.o, dir, name);
	nl_wire_put_mode(&k.o, 0755);
	return made(s, &k, "MKDIR", dir, name, fh, &a);
}

bool
nl_sync_symlink(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, const char *target, struct nfs3_fh *fh)
{
	struct nfs3_attr a;
	struct ask k;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_SYMLINK);
	nl_wire_put_name(&k.o, dir, name);
	nl_wire_put_mode(&k.o, 0777);
	xout_opaque(&k.o, target, (uint32_t)strlen(target));
	return made(s, &k, "SYMLINK", dir, name, fh, &a);
}

bool
nl_sync_write(struct nl_sync *s, const struct nfs3_fh *fh, uint64_t off,
    const void *data, uint32_t len)
{
	uint32_t count;
	struct ask k;
	struct xin in;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_WRITE);
	nl_wire_put_fh(&k.o, fh);
	xout_u64(&k.o, off);
	xout_u32(&k.o, len);
	xout_u32(&k.o, NFS3_UNSTABLE);
	xout_u32(&k.o, len);
	xout_ref(&k.o, data, len);
	xout_pad(&k.o, len);
	return answer_ok(s, &k, &in, "WRITE") &&
	    whole(s, nl_wire_get_wcc(&in) && xin_u32(&in, &count) &&
	    count == len, "WRITE");
}

bool
nl_sync_read(struct nl_sync *s, const struct nfs3_fh *fh, uint64_t off,
    uint32_t len, const uint8_t **data)
{
	struct nfs3_attr a;
	struct slice got;
	uint32_t count;
	struct ask k;
	struct xin in;
	bool eof;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_READ);
	nl_wire_put_fh(&k.o, fh);
	xout_u64(&k.o, off);
	xout_u32(&k.o, len);
	if (!answer_ok(s, &k, &in, "READ") ||
	    !whole(s, nl_wire_get_attr(&in, &a) && xin_u32(&in, &count) &&
	    xin_bool(&in, &eof) && xin_slice(&in, REPLY_MAX, &got) &&
	    got.len == len, "READ"))
		return false;
	*data = (const uint8_t *)got.s;
	return true;
}

bool
nl_sync_commit(struct nl_sync *s, const struct nfs3_fh *fh)
{
	struct ask k;
	struct xin in;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_COMMIT);
	nl_wire_put_fh(&k.o, fh);
	xout_u64(&k.o, 0);
	xout_u32(&k.o, 0);
	return answer_ok(s, &k, &in, "COMMIT");
}

bool
nl_sync_remove(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, bool is_dir)
{
	struct ask k;
	struct xin in;

	ask_for(s, &k, NFS3_PROGRAM, is_dir ? NFS3_PROC_RMDIR :
	    NFS3_PROC_REMOVE);
	nl_wire_put_name(&k.o, dir, name);
	return answer_ok(s, &k, &in, is_dir ? "RMDIR" : "REMOVE");
}

/* One entry3 for fn. */
static bool
name(struct xin *in, uint64_t *cookie, nl_sync_name_fn *fn, void *ctx)
{
	char text[NFS3_NAME_MAX + 1];
	uint64_t fileid;
	struct slice s;

	if (!xin_u64(in, &fileid) || !xin_slice(in, NFS3_NAME_MAX, &s) ||
	    !xin_u64(in, cookie))
		return false;
	memcpy(text, s.s, s.len);
	text[s.len] = '\0';
	if (strcmp(text, ".") != 0 && strcmp(text, "..") != 0)
		fn(ctx, text);
	return true;
}

bool
nl_sync_names(struct nl_sync *s, const struct nfs3_fh *dir, uint64_t *cookie,
    uint8_t verf[NFS3_VERFSIZE], bool *eof, nl_sync_name_fn *fn, void *ctx)
{
	struct nfs3_attr a;
	bool more = true, ok;
	struct ask k;
	struct xin in;

	ask_for(s, &k, NFS3_PROGRAM, NFS3_PROC_READDIR);
	nl_wire_put_fh(&k.o, dir);
	xout_u64(&k.o, *cookie);
	xout_fixed(&k.o, verf, NFS3_VERFSIZE);
	xout_u32(&k.o, PAGE);
	if (!answer_ok(s, &k, &in, "READDIR"))
		return false;
	ok = nl_wire_get_attr(&in, &a) && xin_fixed(&in, verf, NFS3_VERFSIZE);
	while (ok && (ok = xin_bool(&in, &more)) && more)
		ok = name(&in, cookie, fn, ctx);
	return whole(s, ok && xin_bool(&in, eof), "READDIR");
}
