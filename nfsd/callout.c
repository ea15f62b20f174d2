/*
 * callout.c - calls to a server: for those who mount it, and for probes.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/callout.h"
#include "nfsd/loop.h"
#include "xdr/mount3.h"
#include "xdr/nfs3.h"
#include "xdr/rpcmsg.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

#define REPLY_MAX	1024u		/* bytes; MNT's has about 100 */
#define LAST_FRAGMENT	0x80000000u

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL	0
#endif

static bool
wait_for(int fd, short events, uint64_t until_us)
{
	struct pollfd p = { fd, events, 0 };
	uint64_t now;
	int n;

	while ((now = loop_clock_us()) < until_us) {
		n = poll(&p, 1, (int)((until_us - now) / 1000 + 1));
		if (n > 0)
			return true;
		if (n == -1 && errno != EINTR)
			return false;
	}
	errno = ETIMEDOUT;
	return false;
}

static bool
set_address(const char *addr, uint16_t port, struct sockaddr_storage *ss,
    socklen_t *len)
{
	struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *s4 = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, addr, &s4->sin_addr) == 1) {
		s4->sin_family = AF_INET;
		s4->sin_port = htons(port);
		*len = sizeof(*s4);
	} else if (inet_pton(AF_INET6, addr, &s6->sin6_addr) == 1) {
		s6->sin6_family = AF_INET6;
		s6->sin6_port = htons(port);
		*len = sizeof(*s6);
	} else {
		return false;
	}
	return true;
}

/* 0 or -1 and errno. */
static int
connect_to(int fd, const struct sockaddr_storage *ss, socklen_t len,
    unsigned timeout_ms)
{
	uint64_t until = loop_clock_us() + (uint64_t)timeout_ms * 1000;
	int flags, err;
	socklen_t size = sizeof(err);

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    (flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return -1;
	if (connect(fd, (const struct sockaddr *)ss, len) == 0)
		return 0;
	if (errno != EINPROGRESS || !wait_for(fd, POLLOUT, until) ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) == -1)
		return -1;
	errno = err;
	return err == 0 ? 0 : -1;
}

int
callout_open(const char *addr, uint16_t port, unsigned timeout_ms,
    struct verr *e)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	if (!set_address(addr, port, &ss, &len))
		return verr_fail(e, VERR_INVAL, "%s: not a numeric address",
		    addr);
	if ((fd = socket(ss.ss_family, SOCK_STREAM, 0)) == -1)
		return verr_sys(e, "cannot make a socket");
#ifdef SO_NOSIGPIPE
	(void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){ 1 },
	    sizeof(int));
#endif
	if (connect_to(fd, &ss, len, timeout_ms) == 0)
		return fd;
	if (errno == ECONNREFUSED)
		(void)verr_fail(e, VERR_NOENT, "nobody listens on %s port %u",
		    addr, (unsigned)port);
	else if (errno == ETIMEDOUT)
		(void)verr_fail(e, VERR_BUSY, "%s port %u does not answer "
		    "within %u ms", addr, (unsigned)port, timeout_ms);
	else
		(void)verr_sys(e, "cannot connect to %s port %u", addr,
		    (unsigned)port);
	(void)close(fd);
	return -1;
}

void
callout_close(int fd)
{
	if (fd != -1)
		(void)close(fd);
}

/* The calls of one connection do not overlap, so any xid will do. */
static uint32_t
begin_call(struct xout *o, uint32_t prog, uint32_t vers, uint32_t proc)
{
	uint32_t xid = (uint32_t)loop_clock_us() ^ (uint32_t)getpid() << 16;

	xout_begin_record(o);
	xout_u32(o, xid);
	xout_u32(o, 0);			/* CALL */
	xout_u32(o, 2);
	xout_u32(o, prog);
	xout_u32(o, vers);
	xout_u32(o, proc);
	return xid;
}

static void
put_auth_none(struct xout *o)
{
	xout_u32(o, RPCMSG_AUTH_NONE);
	xout_u32(o, 0);
}

/* RFC 5531 appendix A: ourselves, without a name and other groups. */
static void
put_auth_sys(struct xout *o)
{
	xout_u32(o, RPCMSG_AUTH_SYS);
	xout_u32(o, 20);
	xout_u32(o, 0);			/* stamp */
	xout_u32(o, 0);			/* machine name */
	xout_u32(o, (uint32_t)geteuid());
	xout_u32(o, (uint32_t)getegid());
	xout_u32(o, 0);
}

static int
no_answer(struct verr *e, const char *what)
{
	if (errno == ETIMEDOUT)
		return verr_fail(e, VERR_BUSY, "no answer to %s in time",
		    what);
	return verr_fail(e, VERR_IO, "the connection ended in place of an "
	    "answer to %s", what);
}

static int
send_all(int fd, const uint8_t *p, size_t len, uint64_t until_us)
{
	ssize_t n;

	while (len > 0) {
		if (!wait_for(fd, POLLOUT, until_us))
			return -1;
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (n == -1 && errno != EAGAIN && errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static int
take_all(int fd, uint8_t *p, size_t len, uint64_t until_us)
{
	ssize_t n;

	while (len > 0) {
		if (!wait_for(fd, POLLIN, until_us))
			return -1;
		n = recv(fd, p, len, 0);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (n == 0) {
			errno = ECONNRESET;
			return -1;
		} else if (errno != EAGAIN && errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

/* Results are next in the reader if it is accepted (RFC 5531 section 9). */
static int
check_reply(struct xin *in, uint32_t xid, const char *what, struct verr *e)
{
	uint32_t got, type, stat, flavor, result;
	struct slice verf;

	if (!xin_u32(in, &got) || !xin_u32(in, &type) || !xin_u32(in, &stat) ||
	    got != xid || type != 1)
		return verr_fail(e, VERR_IO, "the answer to %s is none of "
		    "RPC", what);
	if (stat != 0)
		return verr_fail(e, VERR_ACCESS, "the server refuses %s",
		    what);
	if (!xin_u32(in, &flavor) ||
	    !xin_slice(in, RPCMSG_AUTH_MAX, &verf) || !xin_u32(in, &result))
		return verr_fail(e, VERR_IO, "the answer to %s is cut",
		    what);
	if (result != 0)
		return verr_fail(e, VERR_UNSUPPORTED, "the server has no %s "
		    "of version 3", what);
	return 0;
}

/* Send o; the reply's results are in, which points into buf[REPLY_MAX]. */
static int
call(int fd, struct xout *o, uint32_t xid, const char *what,
    unsigned timeout_ms, uint8_t *buf, struct xin *in, struct verr *e)
{
	uint64_t until = loop_clock_us() + (uint64_t)timeout_ms * 1000;
	uint8_t mark[4];
	uint32_t len;
	size_t n;

	xout_end_record(o);
	n = xout_copy(o, buf, REPLY_MAX);
	if (n == 0)
		return verr_fail(e, VERR_NAMETOOLONG, "a call for %s is too "
		    "long", what);
	if (send_all(fd, buf, n, until) == -1 ||
	    take_all(fd, mark, sizeof(mark), until) == -1)
		return no_answer(e, what);
	len = (uint32_t)mark[0] << 24 | (uint32_t)mark[1] << 16 |
	    (uint32_t)mark[2] << 8 | mark[3];
	if (!(len & LAST_FRAGMENT) || (len & ~LAST_FRAGMENT) > REPLY_MAX)
		return verr_fail(e, VERR_IO, "the answer to %s is none of "
		    "RPC", what);
	len &= ~LAST_FRAGMENT;
	if (take_all(fd, buf, len, until) == -1)
		return no_answer(e, what);
	xin_init(in, buf, len);
	return check_reply(in, xid, what, e);
}

int
callout_null(int fd, unsigned timeout_ms, struct verr *e)
{
	uint8_t head[256], buf[REPLY_MAX];
	struct xout o;
	struct xin in;
	uint32_t xid;

	xout_init(&o, head, sizeof(head));
	xid = begin_call(&o, NFS3_PROGRAM, NFS3_VERSION, 0);
	put_auth_none(&o);
	put_auth_none(&o);
	return call(fd, &o, xid, "NFS", timeout_ms, buf, &in, e);
}

/* Appendix I, 5.1.5: what the numbers mean. */
static int
mnt_refused(uint32_t status, const char *name, struct verr *e)
{
	switch (status) {
	case MNT3ERR_NOENT:
		return verr_fail(e, VERR_NOENT, "the server does not have "
		    "/%s", name);
	case MNT3ERR_PERM:
	case MNT3ERR_ACCES:
		return verr_fail(e, VERR_ACCESS, "the server refuses /%s",
		    name);
	default:
		return verr_fail(e, VERR_IO, "the server's answer for /%s is "
		    "error %lu", name, (unsigned long)status);
	}
}

int
callout_mnt(int fd, const char *name, unsigned timeout_ms,
    struct nfs3_fh *fh, struct verr *e)
{
	uint8_t head[XOUT_HEAD_MAX], buf[REPLY_MAX];
	char path[MOUNT3_PATH_MAX];
	uint32_t xid, status;
	struct slice s;
	struct xout o;
	struct xin in;

	if ((size_t)snprintf(path, sizeof(path), "/%s", name) >= sizeof(path))
		return verr_fail(e, VERR_NAMETOOLONG, "the name is too long");
	xout_init(&o, head, sizeof(head));
	xid = begin_call(&o, MOUNT3_PROGRAM, MOUNT3_VERSION, MOUNT3_PROC_MNT);
	put_auth_sys(&o);
	put_auth_none(&o);
	xout_opaque(&o, path, (uint32_t)strlen(path));
	if (call(fd, &o, xid, "MOUNT", timeout_ms, buf, &in, e) == -1)
		return -1;
	if (!xin_u32(&in, &status))
		return verr_fail(e, VERR_IO, "the answer to MOUNT is cut");
	if (status != MNT3_OK)
		return mnt_refused(status, name, e);
	if (!xin_slice(&in, NFS3_FHSIZE, &s) || s.len == 0)
		return verr_fail(e, VERR_IO, "the answer to MOUNT has no "
		    "handle");
	memset(fh, 0, sizeof(*fh));
	fh->len = s.len;
	memcpy(fh->data, s.s, s.len);
	return 0;
}
