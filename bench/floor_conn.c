#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/floor.h"
#include "xdr/xout.h"

#define IN	(64u * 1024)	/* bytes of calls */
#define REPLY	28u		/* bytes of an empty one, mark included */

struct conn {
	int			 fd;
	struct floor_file	*file;
	_Atomic unsigned	 threads;

	pthread_mutex_t		 in_lock;	/* guards these three */
	uint8_t			 in[IN];
	size_t			 off, end;
	bool			 over;

	pthread_mutex_t		 out_lock;	/* guards writing to fd */
};

/* One thread's calls and replies of a turn. */
struct turn {
	uint8_t		rec[FLOOR_BATCH][FLOOR_RECORD];
	size_t		len[FLOOR_BATCH];
	unsigned	n;
	uint8_t		head[FLOOR_BATCH][XOUT_HEAD_MAX];
	struct xout	out[FLOOR_BATCH];
	struct iovec	iov[FLOOR_BATCH * XOUT_IOV_MAX];
	int		niov;
};

/* The length of the record at p, over FLOOR_RECORD if it is none of ours. */
static size_t
record_len(const uint8_t *p)
{
	if (p[0] != 0x80 || p[1] != 0)
		return SIZE_MAX;
	return (size_t)p[2] << 8 | p[3];
}

/* Is a whole record in c->in?  -1: what is there cannot be one. */
static int
have_record(const struct conn *c)
{
	size_t len;

	if (c->end - c->off < 4)
		return 0;
	if ((len = record_len(c->in + c->off)) > FLOOR_RECORD)
		return -1;
	return c->end - c->off >= 4 + len;
}

static bool
read_more(struct conn *c)
{
	ssize_t n;

	memmove(c->in, c->in + c->off, c->end - c->off);
	c->end -= c->off;
	c->off = 0;
	if ((n = recv(c->fd, c->in + c->end, IN - c->end, 0)) <= 0)
		return false;
	c->end += (size_t)n;
	return true;
}

/* A READ ends with its count; other calls are small. */
static size_t
weight(const uint8_t *rec, size_t len)
{
	if (len < 4 + 60 || rec[23] != 6)
		return 0;
	return (size_t)rec[len - 3] << 16 | (size_t)rec[len - 2] << 8;
}

/* What has come, up to as much as is good to answer at once. */
static bool
take_turn(struct conn *c, struct turn *t)
{
	size_t bytes = 0, len;
	int have = 0;

	t->n = 0;
	(void)pthread_mutex_lock(&c->in_lock);
	while (!c->over && (have = have_record(c)) == 0)
		c->over = !read_more(c);
	while (!c->over && have == 1 && t->n < FLOOR_BATCH &&
	    bytes < FLOOR_ENOUGH) {
		if ((len = record_len(c->in + c->off)) > FLOOR_RECORD)
			break;
		memcpy(t->rec[t->n], c->in + c->off + 4, len);
		t->len[t->n++] = len;
		bytes += weight(c->in + c->off + 4, len);
		c->off += 4 + len;
		have = have_record(c);
	}
	if (have == -1)
		c->over = true;
	(void)pthread_mutex_unlock(&c->in_lock);
	return t->n > 0;
}

static bool
send_all(int fd, struct iovec *iov, int n)
{
	struct msghdr m = { .msg_iov = iov };
	ssize_t sent;
	size_t skip;

	m.msg_iovlen = (size_t)n;
	while (m.msg_iovlen > 0) {
		if ((sent = sendmsg(fd, &m, 0)) == -1)
			return false;
		for (skip = (size_t)sent; m.msg_iovlen > 0 &&
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
answer_turn(struct conn *c, struct turn *t, struct floor_worker *w)
{
	size_t bytes = 0;
	unsigned i, k;
	bool ok;

	floor_file_turn(w);
	t->niov = 0;
	for (i = 0; i < t->n; i++) {
		xout_init(&t->out[i], t->head[i], XOUT_HEAD_MAX);
		if (!floor_file_answer(w, t->rec[i], t->len[i], &t->out[i],
		    &bytes))
			return false;
		for (k = 0; k < t->out[i].niov; k++)
			t->iov[t->niov++] = t->out[i].iov[k];
	}
	(void)pthread_mutex_lock(&c->out_lock);
	ok = send_all(c->fd, t->iov, t->niov);
	(void)pthread_mutex_unlock(&c->out_lock);
	return ok;
}

static void
leave(struct conn *c)
{
	(void)shutdown(c->fd, SHUT_RDWR);
	if (atomic_fetch_sub(&c->threads, 1) > 1)
		return;
	(void)close(c->fd);
	(void)pthread_mutex_destroy(&c->in_lock);
	(void)pthread_mutex_destroy(&c->out_lock);
	free(c);
}

static void *
serve_file(void *arg)
{
	struct conn *c = arg;
	struct floor_worker *w = floor_file_worker(c->file);
	struct turn *t = malloc(sizeof(*t));

	while (w != NULL && t != NULL && take_turn(c, t))
		if (!answer_turn(c, t, w))
			break;
	free(t);
	floor_file_worker_free(w);
	leave(c);
	return NULL;
}

/* Each record that has come becomes an empty reply; all leave in one write. */
static void *
serve_tcp(void *arg)
{
	static const uint8_t reply[REPLY] = { 0x80, 0, 0, REPLY - 4,
		0, 0, 0, 0, 0, 0, 0, 1 };
	uint8_t out[IN / 4];
	struct conn *c = arg;
	struct iovec iov;
	size_t n = 0;
	int have;

	for (;;) {
		for (n = 0; (have = have_record(c)) == 1 &&
		    n + REPLY <= sizeof(out); n += REPLY) {
			memcpy(out + n, reply, REPLY);
			memcpy(out + n + 4, c->in + c->off + 4, 4);
			c->off += 4 + record_len(c->in + c->off);
		}
		iov.iov_base = out;
		iov.iov_len = n;
		if (have == -1 || (n > 0 && !send_all(c->fd, &iov, 1)))
			break;
		if (have == 0 && !read_more(c))
			break;
	}
	leave(c);
	return NULL;
}

bool
floor_conn_start(int fd, struct floor_file *f, unsigned threads)
{
	pthread_attr_t detached;
	struct conn *c;
	pthread_t t;
	unsigned i;

	if ((c = malloc(sizeof(*c))) == NULL)
		return false;
	c->fd = fd;
	c->file = f;
	c->off = c->end = 0;
	c->over = false;
	atomic_init(&c->threads, threads);
	(void)pthread_mutex_init(&c->in_lock, NULL);
	(void)pthread_mutex_init(&c->out_lock, NULL);
	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < threads; i++)
		if (pthread_create(&t, &detached, f == NULL ? serve_tcp :
		    serve_file, c) != 0) {
			fprintf(stderr, "floor: no thread\n");
			exit(1);
		}
	(void)pthread_attr_destroy(&detached);
	return true;
}
