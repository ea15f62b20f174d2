/*
 * nl_load.c - the loop of a thread: fill slots, send what is ready in one
 * write, read what has come, give each record to its slot.
 *
 * The clock is read once for each batch: a latency counts from the batch that
 * a call was encoded in to the batch that its reply came in.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/nl.h"
#include "xdr/nfs3.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

#define CALL_MAX	1024u			/* bytes of one without data */

/* One thread: connections from first on. */
struct group {
	struct nl_run	*run;
	unsigned	 first, n;
	pthread_t	 thread;
};

int64_t
nl_load_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

enum nl_next
nl_load_error(struct nl_run *run, const char *fmt, ...)
{
	va_list ap;

	(void)pthread_mutex_lock(&run->error_lock);
	if (run->errors++ == 0) {
		va_start(ap, fmt);
		(void)vsnprintf(run->first, sizeof(run->first), fmt, ap);
		va_end(ap);
	}
	(void)pthread_mutex_unlock(&run->error_lock);
	return NL_BAD;
}

uint32_t
nl_load_status(struct nl_slot *sl, struct xin *in, uint32_t want)
{
	uint32_t status;

	if (!xin_u32(in, &status)) {
		(void)nl_load_error(sl->conn->run, "%s: a reply without a "
		    "status", nl_wire_proc(sl->proc));
		return UINT32_MAX;
	}
	if (status == NFS3_OK || status == want)
		return status;
	(void)nl_load_error(sl->conn->run, "%s at %llu: %s",
	    nl_wire_proc(sl->proc), (unsigned long long)sl->off,
	    nl_wire_status(status));
	return UINT32_MAX;
}

enum nl_next
nl_load_end(struct nl_slot *sl, struct xin *in, bool ok, enum nl_next next)
{
	if (ok && xin_done(in))
		return next;
	return nl_load_error(sl->conn->run, "%s at %llu: the reply is not "
	    "what it should be", nl_wire_proc(sl->proc),
	    (unsigned long long)sl->off);
}

void
nl_load_call(struct nl_slot *sl, struct xout *o, uint32_t proc)
{
	struct nl_conn *c = sl->conn;

	/* Never 0, which is "no call". */
	if ((++c->generation & 0xfffff) == 0)
		c->generation++;
	sl->proc = proc;
	sl->xid = c->generation << 12 | sl->n;
	nl_wire_call(o, proc == NFS3_PROC_NULL ? NULL : &c->run->cred,
	    sl->xid, NFS3_PROGRAM, proc);
}

static void
make_ready(struct nl_slot *sl)
{
	struct nl_conn *c = sl->conn;
	unsigned depth = c->run->opt->depth;

	c->ready[(c->ready_at + c->nready++) % depth] = sl;
}

/* A new operation for the slot; false: there are no more. */
static bool
begin(struct nl_slot *sl, int64_t now)
{
	struct nl_run *run = sl->conn->run;

	if (now >= run->deadline || atomic_load(&run->stop) ||
	    sl->conn->quota == 0)
		return false;
	sl->conn->quota--;
	sl->index = atomic_fetch_add(&run->issued, 1);
	if (sl->index >= run->count)
		return false;
	sl->t_op = now;
	sl->work = run->work;
	if (sl->work->begin != NULL)
		sl->work->begin(sl);
	return true;
}

/* Is there room for one more call? */
static bool
room(const struct nl_conn *c)
{
	return c->head_used + CALL_MAX <= NL_HEAD && c->niov + 4 <= NL_IOV;
}

/* Write the slot's next call behind what waits already. */
static void
encode(struct nl_slot *sl, int64_t now)
{
	struct nl_conn *c = sl->conn;
	struct iovec *last;
	struct xout o;
	unsigned i;

	xout_init(&o, c->head + c->head_used, CALL_MAX);
	sl->work->call(sl, &o);
	xout_end_record(&o);
	c->head_used += o.head_used;
	for (i = 0; i < o.niov; i++) {
		last = c->niov > c->iov_at ? &c->iov[c->niov - 1] : NULL;
		if (last != NULL && (uint8_t *)last->iov_base +
		    last->iov_len == (uint8_t *)o.iov[i].iov_base)
			last->iov_len += o.iov[i].iov_len;
		else
			c->iov[c->niov++] = o.iov[i];
	}
	sl->t_rpc = now;
	c->inflight++;
	c->rpcs++;
}

/* What comes after the last operation, once. */
static void
begin_last(struct nl_conn *c, int64_t now)
{
	struct nl_slot *sl = &c->slot[0];

	c->ended = true;
	if (c->run->work->last == NULL || c->dead)
		return;
	sl->work = c->run->work->last;
	sl->step = 0;
	sl->t_op = now;
	c->idle--;
	encode(sl, now);
}

static void
fill(struct nl_conn *c, int64_t now)
{
	unsigned depth = c->run->opt->depth;
	struct nl_slot *sl;

	if (c->dead)
		return;
	while (c->nready > 0 && room(c)) {
		sl = c->ready[c->ready_at];
		c->ready_at = (c->ready_at + 1) % depth;
		c->nready--;
		if (sl->step == 0 && !begin(sl, now))
			c->idle++;
		else
			encode(sl, now);
	}
	if (c->idle == depth && !c->ended && room(c))
		begin_last(c, now);
}

static void
die(struct nl_conn *c, const char *what, const char *why)
{
	if (!c->dead)
		(void)nl_load_error(c->run, "connection %u: %s%s%s", c->n,
		    what, why == NULL ? "" : ": ", why == NULL ? "" : why);
	c->dead = true;
	c->inflight = 0;
}

/* Send what the socket takes. */
static void
flush(struct nl_conn *c)
{
	struct msghdr m;
	ssize_t n;

	while (c->iov_at < c->niov && !c->dead) {
		memset(&m, 0, sizeof(m));
		m.msg_iov = c->iov + c->iov_at;
		m.msg_iovlen = c->niov - c->iov_at;
		n = sendmsg(c->fd, &m, MSG_DONTWAIT);
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n == -1 && errno != EINTR) {
			die(c, "cannot send", strerror(errno));
			return;
		}
		for (; n > 0 && (size_t)n >= c->iov[c->iov_at].iov_len;
		    c->iov_at++)
			n -= (ssize_t)c->iov[c->iov_at].iov_len;
		if (n > 0) {
			c->iov[c->iov_at].iov_base =
			    (uint8_t *)c->iov[c->iov_at].iov_base + n;
			c->iov[c->iov_at].iov_len -= (size_t)n;
		}
	}
	c->iov_at = c->niov = 0;
	c->head_used = 0;
}

static void
count_reply(struct nl_slot *sl, enum nl_next next, int64_t now)
{
	struct nl_conn *c = sl->conn;

	if (sl->work == c->run->work->last || next == NL_BAD)
		return;
	nl_hist_add(&c->by_proc[sl->proc], (uint64_t)(now - sl->t_rpc));
	if (next == NL_DONE) {
		nl_hist_add(&c->all, (uint64_t)(now - sl->t_op));
		c->ops++;
	}
}

/* One reply. */
static void
take(struct nl_conn *c, const uint8_t *rec, size_t len, int64_t now)
{
	struct nl_slot *sl;
	const char *why;
	enum nl_next next;
	struct xin in;
	uint32_t xid;

	xin_init(&in, rec, len);
	why = nl_wire_reply(&in, &xid);
	sl = &c->slot[(xid & 0xfff) % c->run->opt->depth];
	if (sl->xid != xid || xid == 0) {
		die(c, "a reply to no call of ours", why);
		return;
	}
	sl->xid = 0;
	c->inflight--;
	if (why != NULL)
		next = nl_load_error(c->run, "%s: %s",
		    nl_wire_proc(sl->proc), why);
	else
		next = sl->work->reply(sl, &in);
	count_reply(sl, next, now);
	if (sl->work == c->run->work->last && next != NL_AGAIN) {
		c->idle++;
		return;
	}
	sl->step = next == NL_AGAIN ? sl->step + 1 : 0;
	make_ready(sl);
}

/*
 * The next whole record of c->in, with its fragments joined where they lie.
 * 0: more must come.
 */
static size_t
next_record(struct nl_conn *c, uint8_t **rec)
{
	size_t at = c->in_off, len = 0, frag;
	const uint8_t *m;
	bool last = false;
	unsigned n;

	for (n = 0; !last; n++) {
		if (c->in_end - at < 4)
			return 0;
		m = c->in + at;
		last = (m[0] & 0x80) != 0;
		frag = (size_t)(m[0] & 0x7f) << 24 | (size_t)m[1] << 16 |
		    (size_t)m[2] << 8 | m[3];
		if (frag > c->in_cap - 4) {
			die(c, "a record longer than any should be", NULL);
			return 0;
		}
		if (c->in_end - at - 4 < frag)
			return 0;
		at += 4 + frag;
		len += frag;
	}
	*rec = c->in + c->in_off + 4;
	if (n > 1) {
		size_t from = c->in_off, to = from + 4;

		for (; n > 0; n--, from += 4 + frag, to += frag) {
			m = c->in + from;
			frag = (size_t)(m[0] & 0x7f) << 24 |
			    (size_t)m[1] << 16 | (size_t)m[2] << 8 | m[3];
			memmove(c->in + to, c->in + from + 4, frag);
		}
	}
	c->in_off = at;
	return len;
}

/* Read once and take all records that are whole then. */
static void
receive(struct nl_conn *c, int flags)
{
	size_t len;
	uint8_t *rec;
	int64_t now;
	ssize_t n;

	if (c->in_off == c->in_end) {
		c->in_off = c->in_end = 0;
	} else if (c->in_cap - c->in_end < c->in_cap / 2) {
		memmove(c->in, c->in + c->in_off, c->in_end - c->in_off);
		c->in_end -= c->in_off;
		c->in_off = 0;
	}
	n = recv(c->fd, c->in + c->in_end, c->in_cap - c->in_end, flags);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		die(c, "the server closed it", n == 0 ? NULL :
		    strerror(errno));
		return;
	}
	c->in_end += (size_t)n;
	now = nl_load_now();
	while (!c->dead && (len = next_record(c, &rec)) > 0)
		take(c, rec, len, now);
}

static bool
is_over(const struct nl_conn *c)
{
	return c->dead || (c->ended && c->inflight == 0 &&
	    c->idle == c->run->opt->depth);
}

/* Wait for anything on the group's connections, and do it. */
static void
wait_for(struct group *g, struct pollfd *p)
{
	struct nl_conn *c;
	unsigned i;
	int r;

	for (i = 0; i < g->n; i++) {
		c = &g->run->conn[g->first + i];
		p[i].fd = is_over(c) ? -1 : c->fd;
		p[i].events = POLLIN;
		if (c->iov_at < c->niov)
			p[i].events |= POLLOUT;
	}
	r = poll(p, g->n, NL_STALL_MS);
	for (i = 0; i < g->n; i++) {
		c = &g->run->conn[g->first + i];
		if (r == 0 && p[i].fd != -1)
			die(c, "no reply for a minute", NULL);
		else if (r > 0 && (p[i].revents & ~POLLOUT) != 0)
			receive(c, MSG_DONTWAIT);
	}
}

static void *
thread(void *arg)
{
	struct group *g = arg;
	struct nl_run *run = g->run;
	struct pollfd *p;
	struct nl_conn *c;
	unsigned i, over;
	int64_t now;

	if ((p = calloc(g->n, sizeof(*p))) == NULL) {
		(void)nl_load_error(run, "out of memory");
		return NULL;
	}
	for (;;) {
		now = nl_load_now();
		for (i = over = 0; i < g->n; i++) {
			c = &run->conn[g->first + i];
			fill(c, now);
			flush(c);
			over += is_over(c);
		}
		if (over == g->n)
			break;
		/* One connection needs no poll: its next event is a reply. */
		c = &run->conn[g->first];
		if (g->n == 1 && c->iov_at == c->niov && c->inflight > 0)
			receive(c, 0);
		else
			wait_for(g, p);
	}
	free(p);
	return NULL;
}

void
nl_load_run(struct nl_run *run)
{
	unsigned i, n = run->opt->threads, per, rest, first = 0;
	struct group *g;

	if ((g = calloc(n, sizeof(*g))) == NULL) {
		(void)nl_load_error(run, "out of memory");
		return;
	}
	per = run->opt->connections / n;
	rest = run->opt->connections % n;
	for (i = 0; i < n; i++) {
		g[i].run = run;
		g[i].first = first;
		g[i].n = per + (i < rest ? 1 : 0);
		first += g[i].n;
		if (i > 0 && pthread_create(&g[i].thread, NULL, thread,
		    &g[i]) != 0) {
			(void)fprintf(stderr, "nfsload: no thread\n");
			exit(1);
		}
	}
	(void)thread(&g[0]);
	for (i = 1; i < n; i++)
		(void)pthread_join(g[i].thread, NULL);
	free(g);
}
