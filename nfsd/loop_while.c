/*
 * loop_while.c - serve for as long as there is a reason to.
 *
 * NFS clients do not say that they go (Linux sends no UMNT from a mount(2) of
 * our own), so who serves one mount looks after it when there is no connection.
 * A client that has nothing to say closes its own after some minutes and comes
 * back; one that has unmounted does not.
 *
 * One that is told to stop while it is mounted goes on for a while.  When a
 * session or the system ends, programs are told so at the same time, and what
 * they have written is with the client until they close it.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/loop_int.h"
#include "nfsd/server_int.h"

#define LOOK_S		1.0
#define QUIET_US	2000000u	/* told to stop: since the last call */
#define LINGER_US	20000000u	/* and at most */

struct loop_while {
	struct loop	*loop;
	bool		(*still)(void *ctx, bool connected);
	void		*ctx;
	ev_timer	 timer;
	uint64_t	 told_us;	/* 0: it is not told to stop */
};

static bool
is_connected(const struct server *s)
{
	unsigned i;

	for (i = 0; i < s->nlanes; i++)
		if (atomic_load(&s->lanes[i]->load) > 0)
			return true;
	return false;
}

/* Told to stop: has the client sent what it had? */
static bool
has_lingered(const struct loop_while *k)
{
	const struct server *s = k->loop->srv;
	uint64_t now = loop_clock_us(), last = k->told_us, used;
	unsigned i;

	for (i = 0; i < s->nlanes; i++) {
		used = atomic_load(&s->lanes[i]->used_us);
		if (used > last)
			last = used;
	}
	return now >= last + QUIET_US || now >= k->told_us + LINGER_US ||
	    !k->still(k->ctx, false);
}

static void
look(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop_while *k = w->data;
	bool connected;

	(void)revents;
	loop_enter(k->loop);
	connected = is_connected(k->loop->srv);
	if (k->told_us != 0 ? has_lingered(k) :
	    !k->still(k->ctx, connected) && !connected) {
		log_info(k->told_us != 0 ? "stopping" :
		    "it is not mounted any more: stopping");
		ev_timer_stop(ev, w);
		server_stop(k->loop->srv);
	}
	loop_leave(k->loop);
}

bool
loop_while_linger(struct loop_while *k)
{
	if (k == NULL || k->told_us != 0 || !is_connected(k->loop->srv) ||
	    !k->still(k->ctx, false))
		return false;
	k->told_us = loop_clock_us();
	return true;
}

struct loop_while *
loop_while_new(struct loop *l, bool (*still)(void *ctx, bool connected),
    void *ctx, struct verr *e)
{
	struct loop_while *k;

	if ((k = calloc(1, sizeof(*k))) == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "out of memory");
		return NULL;
	}
	k->loop = l;
	k->still = still;
	k->ctx = ctx;
	ev_timer_init(&k->timer, look, LOOK_S, LOOK_S);
	k->timer.data = k;
	ev_timer_start(l->ev, &k->timer);
	return k;
}

void
loop_while_free(struct loop_while *k)
{
	if (k == NULL)
		return;
	ev_timer_stop(k->loop->ev, &k->timer);
	free(k);
}
