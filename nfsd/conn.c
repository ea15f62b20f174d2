/*
 * conn.c - one connection: records in, replies out, back-pressure.
 *
 * Every callback ends in finish(): pump, then watchers set to what is true
 * now, or the connection closed.  Nothing below finish() frees a connection.
 *
 * A connection is served in turns.  One that has more to run or to send than
 * a turn allows becomes ripe, and goes on when the others had theirs.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/conn_int.h"
#include "nfsd/drc.h"
#include "nfsd/loop.h"
#include "nfsd/sendq.h"
#include "nfsd/worker.h"

#define RIPE_US		1000u	/* of ripe connections before events */

void
conn_make_ripe(struct conn *c)
{
	if (c->ripe)
		return;
	TAILQ_INSERT_TAIL(&c->lane->ripe, c, ripe_link);
	c->ripe = true;
}

/* Put back the requests on list, whose replies have left or are dropped. */
static void
forget(struct conn *c, struct request_list *list)
{
	struct request *rq;

	while ((rq = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		c->unsent -= rq->charge;
		stats_sub(&c->lane->stats.inflight, rq->charge);
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
	unsigned writes = 0;
	bool moved = false;

	if (ev_is_active(&c->wr))
		return true;
	state = sendq_write(&c->replies, c->fd, c->lane->iov, &gone, &moved,
	    &writes);
	stats_add(&c->lane->stats.writes, writes);
	forget(c, &gone);
	if (state == SENDQ_BLOCKED)
		ev_io_start(loop_ev(c->lane->loop), &c->wr);
	else if (state == SENDQ_MORE)
		conn_make_ripe(c);
	if (state != SENDQ_BLOCKED)
		c->blocked_us = 0;
	else if (moved || c->blocked_us == 0)
		c->blocked_us = c->lane->now_us;
	c->moved |= moved;
	return state != SENDQ_BROKEN;
}

/*
 * Move what can be moved.  false: the connection is broken, or done with.
 * Replies to what came before garbage still get their one chance.  What
 * workers finish meanwhile, for whomever, leaves with the rest.
 */
static bool
pump(struct conn *c)
{
	bool ok = true;

	if (c->full && !flush(c))
		return false;
	if (!c->full || conn_low(c)) {
		c->full = false;
		ok = conn_take(c);
		loop_collect(c->lane->loop);
	}
	if (!flush(c))
		return false;
	/* Room has come, or the turn was over. */
	if (ok && (c->more || (c->full && conn_low(c))))
		conn_make_ripe(c);
	return ok && (c->ripe || !c->eof || c->ncalls > 0);
}

/* What a record that is coming holds is counted with what is under way. */
static void
count_partial(struct conn *c)
{
	size_t held = record_held(&c->in);

	if (held != c->held) {
		stats_add(&c->lane->stats.inflight, held - c->held);
		c->held = held;
	}
	/* while it is full, nothing of it is read */
	if (c->full || !record_is_partial(&c->in))
		c->began_us = 0;
	else if (c->began_us == 0)
		c->began_us = c->lane->now_us;
}

/* Who sends or takes a byte now and then keeps no timer from its end. */
static bool
is_slow(const struct conn *c)
{
	uint64_t now = c->lane->now_us;
	uint64_t limit = c->lane->srv->opt.record_timeout_s * 1000000ull;

	return (c->blocked_us != 0 && now - c->blocked_us > limit) ||
	    (c->began_us != 0 &&
	    now - c->began_us > limit * CONN_SLOW_RECORD);
}

/* Watch for what is wanted now. */
static void
settle(struct conn *c)
{
	struct ev_loop *ev = loop_ev(c->lane->loop);
	bool reading = !c->full && !c->more && !c->eof;
	bool hurry;

	if (reading)
		ev_io_start(ev, &c->rd);
	else
		ev_io_stop(ev, &c->rd);

	hurry = (reading && record_is_partial(&c->in)) ||
	    ev_is_active(&c->wr);
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
		conn_take_back(c, rq);
		rq->conn = NULL;
		if (drc_leave(rq))
			request_put(rq);
	}
	worker_discard(c->lane->srv->workers, c->lane, &waiting);
	while ((rq = STAILQ_FIRST(&waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&waiting, link);
		request_put(rq);
	}
}

static void
close_conn(struct conn *c)
{
	struct lane *lane = c->lane;
	struct ev_loop *ev = loop_ev(lane->loop);

	ev_io_stop(ev, &c->rd);
	ev_io_stop(ev, &c->wr);
	ev_timer_stop(ev, &c->timer);
	(void)close(c->fd);
	drop_calls(c);
	record_fini(&c->in);
	stats_sub(&lane->stats.inflight, c->held);
	if (c->ripe)
		TAILQ_REMOVE(&lane->ripe, c, ripe_link);
	TAILQ_REMOVE(&lane->conns, c, link);
	lane->nconns--;
	stats_sub(&lane->stats.conns, 1);
	server_leave(lane, &c->peer);
	free(c);
	loop_conn_gone(lane->loop);
}

static void
finish(struct conn *c)
{
	if (!pump(c)) {
		close_conn(c);
		return;
	}
	count_partial(c);
	if (is_slow(c))
		close_conn(c);
	else
		settle(c);
}

static void
readable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct conn *c = w->data;
	struct loop *loop = c->lane->loop;
	struct iovec iov[2];
	ssize_t n;

	(void)ev;
	(void)revents;
	loop_enter(loop);
	n = readv(c->fd, iov, record_space(&c->in, iov));
	if (n > 0) {
		c->moved = true;
		c->read_us = c->lane->now_us;
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
	struct loop *loop = c->lane->loop;

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
	struct loop *loop = c->lane->loop;

	(void)ev;
	(void)revents;
	loop_enter(loop);
	if (!c->eof)
		stats_add(&c->lane->stats.closed_bad, 1);
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
alloc_conn(struct lane *lane, int fd, struct verr *e)
{
	struct conn *c;

	if (prepare_socket(fd, e) == -1)
		return NULL;
	if ((c = calloc(1, sizeof(*c))) != NULL) {
		if (record_init(&c->in, &lane->recs))
			return c;
		free(c);
	}
	(void)verr_fail(e, VERR_NOMEM, "no memory for a connection");
	return NULL;
}

int
conn_new(struct lane *lane, int fd, const struct gate_peer *peer,
    struct verr *e)
{
	struct conn *c;

	if ((c = alloc_conn(lane, fd, e)) == NULL) {
		(void)close(fd);
		server_leave(lane, peer);
		return -1;
	}
	c->lane = lane;
	c->fd = fd;
	c->peer = *peer;
	TAILQ_INIT(&c->running);
	sendq_init(&c->replies);
	ev_io_init(&c->rd, readable, fd, EV_READ);
	ev_io_init(&c->wr, writable, fd, EV_WRITE);
	ev_init(&c->timer, timed_out);
	c->timer.repeat = lane->srv->opt.record_timeout_s;
	c->rd.data = c->wr.data = c->timer.data = c;
	TAILQ_INSERT_TAIL(&lane->conns, c, link);
	lane->nconns++;
	stats_add(&lane->stats.conns, 1);
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
	conn_take_back(c, rq);
	conn_queue_reply(c, rq);
	conn_make_ripe(c);
}

bool
conn_pump_ripe(struct lane *lane)
{
	struct conn *c, *last = TAILQ_LAST(&lane->ripe, conn_list);
	uint64_t end;

	if (last == NULL)
		return true;
	loop_enter(lane->loop);
	end = lane->now_us + RIPE_US;
	/* Those that become ripe again come after the next events. */
	do {
		c = TAILQ_FIRST(&lane->ripe);
		TAILQ_REMOVE(&lane->ripe, c, ripe_link);
		c->ripe = false;
		lane->now_us = loop_clock_us();
		finish(c);
	} while (c != last && lane->now_us < end &&
	    !TAILQ_EMPTY(&lane->ripe));
	loop_leave(lane->loop);
	return TAILQ_EMPTY(&lane->ripe);
}

void
conn_drain_all(struct lane *lane)
{
	struct conn *c, *following;

	for (c = TAILQ_FIRST(&lane->conns); c != NULL; c = following) {
		following = TAILQ_NEXT(c, link);
		c->eof = true;
		finish(c);
	}
}

void
conn_close_all(struct lane *lane)
{
	struct conn *c;

	while ((c = TAILQ_FIRST(&lane->conns)) != NULL)
		close_conn(c);
}

void
conn_wipe_all(struct lane *lane)
{
	struct conn *c;

	TAILQ_FOREACH(c, &lane->conns, link)
		record_wipe(&c->in);
}
