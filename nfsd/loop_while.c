/*
 * loop_while.c - serve for as long as there is a reason to.
 *
 * NFS clients do not say that they go (Linux sends no UMNT from a mount(2) of
 * our own), so who serves one mount looks after it when there is no connection.
 * A client that has nothing to say closes its own after some minutes and comes
 * back; one that has unmounted does not.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/loop_int.h"
#include "nfsd/server_int.h"

#define LOOK_S	1.0

struct loop_while {
	struct loop	*loop;
	bool		(*still)(void *ctx, bool connected);
	void		*ctx;
	ev_timer	 timer;
};

static void
look(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop_while *k = w->data;
	const struct server *s = k->loop->srv;
	unsigned i;

	(void)revents;
	loop_enter(k->loop);
	for (i = 0; i < s->nlanes; i++)
		if (atomic_load(&s->lanes[i]->load) > 0)
			break;
	if (!k->still(k->ctx, i < s->nlanes) && i == s->nlanes) {
		log_info("it is not mounted any more: stopping");
		ev_timer_stop(ev, w);
		server_stop(k->loop->srv);
	}
	loop_leave(k->loop);
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
