/*
 * loop_beat.c - is every loop alive?  (server_life in server.h)
 *
 * The first loop's timer fires only if that loop turns; the others are woken
 * each time, and must have noticed before the next one.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/loop_int.h"
#include "nfsd/server_int.h"

struct loop_beat {
	struct server_life	 life;
	struct server		*srv;
	ev_timer		 timer;
	bool			 asked;		/* the others, last time */
	bool			 told;		/* and that one does not turn */
};

static bool
others_are_alive(struct loop_beat *b)
{
	unsigned i;

	for (i = 1; b->asked && i < b->srv->nlanes; i++)
		if (atomic_load(&b->srv->lanes[i]->asked)) {
			if (!b->told)
				log_error("loop %u does not turn", i);
			b->told = true;
			return false;
		}
	b->told = false;
	return true;
}

static void
beat(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop_beat *b = w->data;
	unsigned i;

	(void)ev;
	(void)revents;
	if (others_are_alive(b))
		b->life.alive(b->life.ctx);
	for (i = 1; i < b->srv->nlanes; i++) {
		atomic_store(&b->srv->lanes[i]->asked, true);
		loop_wake(b->srv->lanes[i]->loop);
	}
	b->asked = true;
}

struct loop_beat *
loop_beat_new(struct server *s, const struct server_life *life,
    struct verr *e)
{
	struct loop_beat *b;

	if ((b = calloc(1, sizeof(*b))) == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "no memory for a timer");
		return NULL;
	}
	b->life = *life;
	b->srv = s;
	ev_init(&b->timer, beat);
	b->timer.data = b;
	b->timer.repeat = life->alive_ms / 1e3;
	if (life->alive_ms > 0)
		ev_timer_again(loop_ev(s->lanes[0]->loop), &b->timer);
	return b;
}

void
loop_beat_stopping(struct loop_beat *b)
{
	if (b != NULL)
		b->life.stopping(b->life.ctx);
}

void
loop_beat_free(struct loop_beat *b)
{
	if (b == NULL)
		return;
	ev_timer_stop(loop_ev(b->srv->lanes[0]->loop), &b->timer);
	free(b);
}
