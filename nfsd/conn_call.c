/*
 * conn_call.c - one connection: its records become calls, and these replies.
 */
#include "config.h"

#include "base/arena.h"
#include "base/bufpool.h"
#include "base/log.h"
#include "nfsd/conn_int.h"
#include "nfsd/dispatch.h"
#include "nfsd/loop.h"
#include "nfsd/refresh.h"
#include "nfsd/worker.h"

/* The bounds of one turn; the last call may be long itself. */
#define TURN_CALLS	64u
#define TURN_US		500u

/* All connections have too much, and this one its share. */
static bool
over_all(const struct conn *c)
{
	const struct server *s = c->lane->srv;

	return c->ncalls > 0 && server_pending(s) > s->opt.max_pending;
}

static bool
over(const struct conn *c)
{
	const struct server_options *o = &c->lane->srv->opt;

	return c->inflight > o->max_inflight || c->unsent > o->max_unsent ||
	    c->ncalls >= CONN_CALLS_MAX || over_all(c);
}

bool
conn_low(const struct conn *c)
{
	const struct server_options *o = &c->lane->srv->opt;

	return c->inflight <= o->max_inflight / 2 &&
	    c->unsent <= o->max_unsent / 2 &&
	    c->ncalls <= CONN_CALLS_MAX / 2 && !over_all(c);
}

/* An answer of a procedure, or in place of one. */
static void
count(struct stats *st, const struct request *rq, uint64_t now_us, size_t used)
{
	const struct nfs3_write_res *written = rq->res;

	stats_max(&st->arena_max, used);
	if (rq->proc != NULL)
		stats_took(st, rq->number, now_us - rq->came_us);
	stats_add(&st->read_bytes, rq->data.total);	/* only READ has any */
	if (rq->rpc_error)
		stats_add(&st->rejected, 1);
	else if (rq->proc->run == proc_write && rq->status == NFS3_OK)
		stats_add(&st->write_bytes, written->count);
}

/* Its charge moves from inflight, if it was there, to unsent. */
void
conn_queue_reply(struct conn *c, struct request *rq)
{
	size_t used = arena_used(rq->arena);

	count(&c->lane->stats, rq, c->lane->now_us, used);
	rq->charge = used + rq->rec_cap +
	    (size_t)rq->data.n * BUFPOOL_SIZE;
	c->unsent += rq->charge;
	stats_add(&c->lane->stats.inflight, rq->charge);
	sendq_add(&c->replies, rq);
}

/* It is with a worker, or waits for a twin that is. */
static void
send_off(struct conn *c, struct request *rq)
{
	c->inflight += rq->charge;
	stats_add(&c->lane->stats.inflight, rq->charge);
	TAILQ_INSERT_TAIL(&c->running, rq, conn_link);
}

static void
hand_over(struct conn *c, struct request *rq)
{
	send_off(c, rq);
	if (worker_submit(c->lane->srv->workers, rq))
		loop_tend(c->lane->loop);
}

void
conn_take_back(struct conn *c, struct request *rq)
{
	TAILQ_REMOVE(&c->running, rq, conn_link);
	c->inflight -= rq->charge;
	stats_sub(&c->lane->stats.inflight, rq->charge);
}

/* The attributes that rq was answered with are getting old. */
static void
look_again(struct conn *c, const struct request *rq)
{
	struct request *own = refresh_make(rq);

	if (own != NULL && worker_submit(c->lane->srv->workers, own))
		loop_tend(c->lane->loop);
}

/* Run one record; false: it is none that can be answered. */
static bool
call(struct conn *c, const uint8_t *rec, size_t len)
{
	struct request *rq;

	if ((rq = request_get(c->lane)) == NULL) {
		log_warn("no memory for a call: connection closed");
		return false;
	}
	rq->conn = c;
	rq->peer = &c->peer;
	rq->came_us = c->read_us;
	c->began_us = 0;
	rq->alone = TAILQ_EMPTY(&c->running) && !record_is_partial(&c->in);
	rq->rec = rec;
	rq->rec_len = len;
	rq->rec_buf = record_take(&c->in, &rq->rec_cap);
	/* Its own buffer, or a copy in the arena if it goes to a worker. */
	rq->charge = ARENA_BLOCK + (rq->rec_buf != NULL ? rq->rec_cap : len);
	switch (dispatch_call(rq)) {
	case DISPATCH_REPLY:
		if (rq->refresh)
			look_again(c, rq);
		conn_queue_reply(c, rq);
		break;
	case DISPATCH_WORKER:
		hand_over(c, rq);
		break;
	case DISPATCH_WAIT:
		send_off(c, rq);
		break;
	case DISPATCH_DROP:
		request_put(rq);
		return true;
	case DISPATCH_CLOSE:
		request_put(rq);
		stats_add(&c->lane->stats.closed_bad, 1);
		return false;
	}
	c->ncalls++;
	return true;
}

bool
conn_take(struct conn *c)
{
	const struct lane *lane = c->lane;
	uint64_t end = lane->now_us + TURN_US;
	const uint8_t *rec;
	unsigned n;
	size_t len;

	c->more = false;
	for (n = 0; !over(c); n++) {
		if (n == TURN_CALLS || lane->now_us > end) {
			c->more = true;
			return true;
		}
		switch (record_next(&c->in, &rec, &len)) {
		case RECORD_READY:
			if (!call(c, rec, len))
				return false;
			break;
		case RECORD_MORE:
			return true;
		case RECORD_BAD:
			stats_add(&c->lane->stats.closed_bad, 1);
			return false;
		case RECORD_NOMEM:
			log_warn("no memory for a record: connection closed");
			return false;
		}
	}
	c->full = true;
	return true;
}
