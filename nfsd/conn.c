/*
 * conn.c - one connection: records in, replies out, back-pressure.
 *
 * Every callback ends in finish(): pump, then watchers set to what is true
 * now, or the connection closed.  Nothing below finish() frees a connection.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bufpool.h"
#include "base/log.h"
#include "base/verr.h"
#include "nfsd/conn.h"
#include "nfsd/dispatch.h"
#include "nfsd/loop.h"
#include "nfsd/sendq.h"
#include "nfsd/server_int.h"
#include "nfsd/worker.h"

/*
 * Invariants: ncalls = length of running + length of replies; inflight and
 * unsent are the sums of their charges; wr is active only if there are replies.
 */
struct conn {
	/* constant */
	struct server		*srv;
	int			 fd;

	/* loop */
	ev_io			 rd, wr;
	ev_timer		 timer;		/* half a record, or the end */
	struct record		 in;
	TAILQ_HEAD(, request)	 running;	/* on workers */
	struct sendq		 replies;
	size_t			 inflight;	/* bytes, see conn.h */
	size_t			 unsent;
	unsigned		 ncalls;
	bool			 full;		/* take nothing before low() */
	bool			 eof;		/* nothing more to be read */
	bool			 moved;		/* bytes came or went */
	bool			 ripe;		/* is in srv->ripe */
	TAILQ_ENTRY(conn)	 link;		/* in srv->conns */
	TAILQ_ENTRY(conn)	 ripe_link;
};

static bool
over(const struct conn *c)
{
	const struct server_options *o = &c->srv->opt;

	return c->inflight > o->max_inflight || c->unsent > o->max_unsent ||
	    c->ncalls >= CONN_CALLS_MAX;
}

static bool
low(const struct conn *c)
{
	const struct server_options *o = &c->srv->opt;

	return c->inflight <= o->max_inflight / 2 &&
	    c->unsent <= o->max_unsent / 2 && c->ncalls <= CONN_CALLS_MAX / 2;
}

/* Its charge moves from inflight, if it was there, to unsent. */
static void
queue_reply(struct conn *c, struct request *rq)
{
	if (rq->rpc_error)
		stats_add(&c->srv->stats.rejected, 1);
	rq->charge = arena_used(rq->arena) + rq->rec_cap +
	    (size_t)rq->data.n * BUFPOOL_SIZE;
	c->unsent += rq->charge;
	stats_add(&c->srv->stats.inflight, rq->charge);
	sendq_add(&c->replies, rq);
}

/* conn_pump_ripe() will look after it. */
static void
make_ripe(struct conn *c)
{
	if (c->ripe)
		return;
	TAILQ_INSERT_TAIL(&c->srv->ripe, c, ripe_link);
	c->ripe = true;
}

static void
hand_over(struct conn *c, struct request *rq)
{
	c->inflight += rq->charge;
	stats_add(&c->srv->stats.inflight, rq->charge);
	TAILQ_INSERT_TAIL(&c->running, rq, conn_link);
	worker_submit(c->srv->workers, rq);
}

static void
take_back(struct conn *c, struct request *rq)
{
	TAILQ_REMOVE(&c->running, rq, conn_link);
	c->inflight -= rq->charge;
	stats_sub(&c->srv->stats.inflight, rq->charge);
}

/*
 * The reply of rq, which is with a worker, goes to c from now on: its client
 * has sent the call again.  On the same connection there is nothing to do.
 */
static void
adopt(struct conn *c, struct request *rq)
{
	struct conn *old = rq->conn;

	if (old == c)
		return;
	if (old != NULL) {
		take_back(old, rq);
		old->ncalls--;
		make_ripe(old);
	}
	rq->conn = c;
	c->inflight += rq->charge;
	stats_add(&c->srv->stats.inflight, rq->charge);
	TAILQ_INSERT_TAIL(&c->running, rq, conn_link);
	c->ncalls++;
}

/* Run one record; false: it is none that can be answered. */
static bool
call(struct conn *c, const uint8_t *rec, size_t len)
{
	struct request *rq, *twin;

	if ((rq = request_get(c->srv)) == NULL) {
		log_warn("no memory for a call: connection closed");
		return false;
	}
	rq->conn = c;
	rq->rec = rec;
	rq->rec_len = len;
	rq->rec_buf = record_take(&c->in, &rq->rec_cap);
	/* Its own buffer, or a copy in the arena if it goes to a worker. */
	rq->charge = ARENA_BLOCK + (rq->rec_buf != NULL ? rq->rec_cap : len);
	switch (dispatch_call(rq, &twin)) {
	case DISPATCH_REPLY:
		queue_reply(c, rq);
		break;
	case DISPATCH_WORKER:
		hand_over(c, rq);
		break;
	case DISPATCH_TWIN:
		request_put(rq);
		adopt(c, twin);
		return true;
	case DISPATCH_CLOSE:
		request_put(rq);
		stats_add(&c->srv->stats.closed_bad, 1);
		return false;
	}
	c->ncalls++;
	return true;
}

/* Run the records that are there until none is left or there are too many. */
static bool
take(struct conn *c)
{
	const uint8_t *rec;
	size_t len;

	while (!over(c)) {
		switch (record_next(&c->in, &rec, &len)) {
		case RECORD_READY:
			if (!call(c, rec, len))
				return false;
			break;
		case RECORD_MORE:
			return true;
		case RECORD_BAD:
			stats_add(&c->srv->stats.closed_bad, 1);
			return false;
		case RECORD_NOMEM:
			log_warn("no memory for a record: connection closed");
			return false;
		}
	}
	c->full = true;
	return true;
}

/* Put back the requests on list, whose replies have left or are dropped. */
static void
forget(struct conn *c, struct request_list *list)
{
	struct request *rq;

	while ((rq = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		c->unsent -= rq->charge;
		stats_sub(&c->srv->stats.inflight, rq->charge);
		c->ncalls--;
		request_put(rq);
	}
}

/* Write until nothing is left or the socket is full; false: it is broken. */
static bool
flush(struct conn *c)
{
	struct request_list gone = STAILQ_HEAD_INITIALIZER(gone);
	enum sendq_state state;
	bool moved = false;

	if (ev_is_active(&c->wr))
		return true;
	state = sendq_write(&c->replies, c->fd, c->srv->iov, &gone, &moved);
	forget(c, &gone);
	if (state == SENDQ_BLOCKED)
		ev_io_start(loop_ev(c->srv->loop), &c->wr);
	/* Towards the end the timer is for replies that nobody takes. */
	c->moved |= moved && c->eof;
	return state != SENDQ_BROKEN;
}

/*
 * Move what can be moved.  false: the connection is broken, or done with.
 * Replies to what came before garbage still get their one chance.
 */
static bool
pump(struct conn *c)
{
	bool ok = true;

	if (!flush(c))
		return false;
	while (ok && (!c->full || low(c))) {
		c->full = false;
		ok = take(c);
		if (!flush(c))
			return false;
		if (!c->full)
			break;
	}
	return ok && !(c->eof && c->ncalls == 0);
}

/* Watch for what is wanted now. */
static void
settle(struct conn *c)
{
	struct ev_loop *ev = loop_ev(c->srv->loop);
	bool reading = !c->full && !c->eof;
	bool hurry;

	if (reading)
		ev_io_start(ev, &c->rd);
	else
		ev_io_stop(ev, &c->rd);

	hurry = (reading && record_is_partial(&c->in)) ||
	    (c->eof && !sendq_is_empty(&c->replies));
	if (!hurry)
		ev_timer_stop(ev, &c->timer);
	else if (c->moved || !ev_is_active(&c->timer))
		ev_timer_again(ev, &c->timer);
	c->moved = false;
}

static void
drop_calls(struct conn *c)
{
	struct request_list waiting = STAILQ_HEAD_INITIALIZER(waiting);
	struct request *rq;

	forget(c, &c->replies.list);
	if (TAILQ_EMPTY(&c->running))
		return;
	while ((rq = TAILQ_FIRST(&c->running)) != NULL) {
		take_back(c, rq);
		rq->conn = NULL;
	}
	worker_discard(c->srv->workers, &waiting);
	while ((rq = STAILQ_FIRST(&waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&waiting, link);
		request_put(rq);
	}
}

static void
close_conn(struct conn *c)
{
	struct server *srv = c->srv;
	struct ev_loop *ev = loop_ev(srv->loop);

	ev_io_stop(ev, &c->rd);
	ev_io_stop(ev, &c->wr);
	ev_timer_stop(ev, &c->timer);
	(void)close(c->fd);
	drop_calls(c);
	record_fini(&c->in);
	if (c->ripe)
		TAILQ_REMOVE(&srv->ripe, c, ripe_link);
	TAILQ_REMOVE(&srv->conns, c, link);
	srv->nconns--;
	stats_sub(&srv->stats.conns, 1);
	free(c);
	loop_conn_gone(srv->loop);
}

static void
finish(struct conn *c)
{
	if (pump(c))
		settle(c);
	else
		close_conn(c);
}

static void
readable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct conn *c = w->data;
	struct loop *loop = c->srv->loop;
	struct iovec iov[2];
	ssize_t n;

	(void)ev;
	(void)revents;
	loop_enter(loop);
	n = readv(c->fd, iov, record_space(&c->in, iov));
	if (n > 0) {
		c->moved = true;
		record_got(&c->in, (size_t)n);
		finish(c);
	} else if (n == 0) {
		c->eof = true;
		finish(c);
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		close_conn(c);
	}
	loop_leave(loop);
}

static void
writable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct conn *c = w->data;
	struct loop *loop = c->srv->loop;

	(void)revents;
	loop_enter(loop);
	ev_io_stop(ev, &c->wr);
	finish(c);
	loop_leave(loop);
}

static void
timed_out(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct conn *c = w->data;
	struct loop *loop = c->srv->loop;

	(void)ev;
	(void)revents;
	loop_enter(loop);
	if (!c->eof)
		stats_add(&c->srv->stats.closed_bad, 1);
	close_conn(c);
	loop_leave(loop);
}

static int
prepare_socket(int fd, struct verr *e)
{
	int on = 1, flags;

	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    (flags = fcntl(fd, F_GETFD)) == -1 ||
	    fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == -1)
		return verr_sys(e, "cannot set flags of a connection");
#ifdef SO_NOSIGPIPE
	(void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
	/* Fails for AF_LOCAL, which never delays. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

static struct conn *
alloc_conn(struct server *srv, int fd, struct verr *e)
{
	struct conn *c;

	if (srv->nconns >= srv->opt.max_conns) {
		(void)verr_fail(e, VERR_BUSY, "%u connections are the limit",
		    srv->opt.max_conns);
		return NULL;
	}
	if (prepare_socket(fd, e) == -1)
		return NULL;
	if ((c = calloc(1, sizeof(*c))) != NULL) {
		if (record_init(&c->in, &srv->recs))
			return c;
		free(c);
	}
	(void)verr_fail(e, VERR_NOMEM, "no memory for a connection");
	return NULL;
}

int
conn_new(struct server *srv, int fd, struct verr *e)
{
	struct conn *c;

	if ((c = alloc_conn(srv, fd, e)) == NULL) {
		(void)close(fd);
		return -1;
	}
	c->srv = srv;
	c->fd = fd;
	TAILQ_INIT(&c->running);
	sendq_init(&c->replies);
	ev_io_init(&c->rd, readable, fd, EV_READ);
	ev_io_init(&c->wr, writable, fd, EV_WRITE);
	ev_init(&c->timer, timed_out);
	c->timer.repeat = srv->opt.record_timeout_s;
	c->rd.data = c->wr.data = c->timer.data = c;
	TAILQ_INSERT_TAIL(&srv->conns, c, link);
	srv->nconns++;
	stats_add(&srv->stats.conns, 1);
	settle(c);
	return 0;
}

void
conn_done(struct request *rq)
{
	struct conn *c = rq->conn;

	if (c == NULL) {
		request_put(rq);
		return;
	}
	take_back(c, rq);
	queue_reply(c, rq);
	make_ripe(c);
}

void
conn_pump_ripe(struct server *srv)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&srv->ripe)) != NULL) {
		TAILQ_REMOVE(&srv->ripe, c, ripe_link);
		c->ripe = false;
		finish(c);
	}
}

void
conn_drain_all(struct server *srv)
{
	struct conn *c, *following;

	for (c = TAILQ_FIRST(&srv->conns); c != NULL; c = following) {
		following = TAILQ_NEXT(c, link);
		c->eof = true;
		finish(c);
	}
}

void
conn_close_all(struct server *srv)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&srv->conns)) != NULL)
		close_conn(c);
}
