/*
 * raw.h - bytes as a client would send them, and a server in a thread.
 *
 * For tests of the transport: nothing of xdr/ is used, so that an error there
 * cannot hide itself.  Numbers are those of RFC 5531 and RFC 1813.
 */
#ifndef TESTS_PROTO_RAW_H
#define TESTS_PROTO_RAW_H

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nfsd/server.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL	0
#endif

#define RAW_WAIT_S	20	/* no test waits longer for the server */

/* A record that is being made: 4 bytes are kept free for its mark. */
struct raw {
	uint8_t	b[8192];
	size_t	len;
};

static inline void
raw_u32(struct raw *r, uint32_t v)
{
	v = htonl(v);
	memcpy(r->b + r->len, &v, 4);
	r->len += 4;
}

static inline uint32_t
raw_get(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

/* Up to the credentials. */
static inline void
raw_begin(struct raw *r, uint32_t xid, uint32_t prog, uint32_t vers,
    uint32_t proc)
{
	r->len = 4;
	raw_u32(r, xid);
	raw_u32(r, 0);			/* CALL */
	raw_u32(r, 2);
	raw_u32(r, prog);
	raw_u32(r, vers);
	raw_u32(r, proc);
}

/* AUTH_NONE credentials and verifier. */
static inline void
raw_auth_none(struct raw *r)
{
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 0);
}

/* AUTH_SYS without groups, and an AUTH_NONE verifier. */
static inline void
raw_auth_sys(struct raw *r, uint32_t uid)
{
	raw_u32(r, 1);
	raw_u32(r, 20);
	raw_u32(r, 0);			/* stamp */
	raw_u32(r, 0);			/* machine name */
	raw_u32(r, uid);
	raw_u32(r, uid);
	raw_u32(r, 0);			/* groups */
	raw_u32(r, 0);
	raw_u32(r, 0);
}

/* One fragment, the last. */
static inline void
raw_end(struct raw *r)
{
	size_t len = r->len;

	r->len = 0;
	raw_u32(r, 0x80000000u | (uint32_t)(len - 4));
	r->len = len;
}

static inline void
raw_null(struct raw *r, uint32_t xid)
{
	raw_begin(r, xid, 100003, 3, 0);
	raw_auth_none(r);
	raw_end(r);
}

/* GETATTR of a handle that no server made. */
static inline void
raw_getattr(struct raw *r, uint32_t xid)
{
	raw_begin(r, xid, 100003, 3, 1);
	raw_auth_sys(r, (uint32_t)geteuid());
	raw_u32(r, 4);
	raw_u32(r, 0xdeadbeef);
	raw_end(r);
}

/* READ from such a handle. */
static inline void
raw_read(struct raw *r, uint32_t xid, uint32_t count)
{
	raw_begin(r, xid, 100003, 3, 6);
	raw_auth_sys(r, (uint32_t)geteuid());
	raw_u32(r, 4);
	raw_u32(r, 0xdeadbeef);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, count);
	raw_end(r);
}

/* WRITE of n bytes, a multiple of 4, to such a handle; the bytes follow r. */
static inline void
raw_write(struct raw *r, uint32_t xid, uint32_t n)
{
	size_t len;

	raw_begin(r, xid, 100003, 3, 7);
	raw_auth_sys(r, (uint32_t)geteuid());
	raw_u32(r, 4);
	raw_u32(r, 0xdeadbeef);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, n);
	raw_u32(r, 0);
	raw_u32(r, n);
	len = r->len;
	r->len = 0;
	raw_u32(r, 0x80000000u | (uint32_t)(len + n - 4));
	r->len = len;
}

/* All of it, or false. */
static inline bool
raw_send(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n == -1)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static inline bool
raw_recv(int fd, void *data, size_t len)
{
	char *p = data;
	ssize_t n;

	while (len > 0) {
		if ((n = recv(fd, p, len, 0)) <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* The length of the next record, in buf without its mark; -1: closed. */
static inline ssize_t
raw_reply(int fd, uint8_t *buf, size_t cap)
{
	uint8_t mark[4];
	size_t len;

	if (!raw_recv(fd, mark, 4))
		return -1;
	len = raw_get(mark) & 0x7fffffff;
	if (len > cap || !raw_recv(fd, buf, len))
		return -1;
	return (ssize_t)len;
}

/* True if the server has closed without a byte more. */
static inline bool
raw_is_closed(int fd)
{
	uint8_t b;
	ssize_t n = recv(fd, &b, 1, 0);

	return n == 0 || (n == -1 && errno == ECONNRESET);
}

/* Blocking calls on fd end after RAW_WAIT_S. */
static inline void
raw_set_wait(int fd)
{
	struct timeval tv = { .tv_sec = RAW_WAIT_S };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

struct raw_server {
	struct server	*srv;
	pthread_t	 thread;
	uint16_t	 port;		/* of 127.0.0.1 */
	int		 rc;
};

static inline void *
raw_serve(void *arg)
{
	struct raw_server *s = arg;

	s->rc = server_run(s->srv, NULL);
	return NULL;
}

/* A server with a listener; raw_go() runs it.  false: not even that. */
static inline bool
raw_make(struct raw_server *s, const struct server_options *o)
{
	s->rc = -1;
	return (s->srv = server_new(o, NULL)) != NULL &&
	    server_listen(s->srv, "127.0.0.1", 0, &s->port, NULL) == 0;
}

static inline bool
raw_go(struct raw_server *s)
{
	return pthread_create(&s->thread, NULL, raw_serve, s) == 0;
}

/* The client's end of one more connection; before raw_go(). */
static inline int
raw_pair(struct raw_server *s)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1 ||
	    server_attach(s->srv, fd[1], NULL) == -1)
		return -1;
	raw_set_wait(fd[0]);
	return fd[0];
}

static inline int
raw_connect(const struct raw_server *s)
{
	struct sockaddr_in sin;
	int fd;

	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		return -1;
	raw_set_wait(fd);
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(s->port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* server_run()'s result. */
static inline int
raw_stop(struct raw_server *s)
{
	server_stop(s->srv);
	(void)pthread_join(s->thread, NULL);
	server_free(s->srv);
	return s->rc;
}

static inline void
raw_sleep_ms(unsigned ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&ts, NULL);
}

/* True once the counters say so; false after RAW_WAIT_S. */
static inline bool
raw_await(struct raw_server *s, bool (*true_of)(const struct server_counts *))
{
	struct server_counts c;
	unsigned i;

	for (i = 0; i < RAW_WAIT_S * 200; i++) {
		server_counts(s->srv, &c);
		if (true_of(&c))
			return true;
		raw_sleep_ms(5);
	}
	return false;
}

#endif /* TESTS_PROTO_RAW_H */
