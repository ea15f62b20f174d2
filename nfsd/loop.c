/*
 * loop.c - threads that own connections.
 */
#include "config.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bufpool.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/verr.h"
#include "nfsd/conn.h"
#include "nfsd/keeper.h"
#include "nfsd/loop_int.h"
#include "nfsd/ranks.h"
#include "nfsd/server_int.h"
#include "nfsd/worker.h"

uint64_t
loop_clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void
loop_enter(struct loop *l)
{
	l->entered_us = l->lane->now_us = loop_clock_us();
}

void
loop_leave(struct loop *l)
{
	stats_max(&l->lane->stats.loop_max_us,
	    loop_clock_us() - l->entered_us);
}

struct ev_loop *
loop_ev(struct loop *l)
{
	return l->ev;
}

void
loop_wake(struct loop *l)
{
	ev_async_send(l->ev, &l->wake);
}

void
loop_stop(struct loop *l)
{
	ev_async_send(l->ev, &l->stop);
}

void
loop_collect(struct loop *l)
{
	struct request_list list = STAILQ_HEAD_INITIALIZER(list);
	struct request *rq;

	worker_results(l->srv->workers, l->lane, &list);
	if (!STAILQ_EMPTY(&list))
		l->lane->now_us = loop_clock_us();
	while ((rq = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, link);
		conn_done(rq);
	}
}

static void
woken(struct ev_loop *ev, ev_async *w, int revents)
{
	struct loop *l = w->data;

	(void)ev;
	(void)revents;
	loop_enter(l);
	atomic_store(&l->lane->asked, false);
	loop_collect(l);
	loop_serve_inbox(l);
	if (atomic_load(&l->lane->to_pass) != 0)
		keeper_pass(l->srv->keeper, l->lane);
	if (l->lane->index == 0)
		worker_reap(l->srv->workers);
	loop_leave(l);
}

/*
 * What became ripe in this round, from sockets and workers, leaves together.
 * If there is too much of it, events come first, and then the rest.
 */
static void
before_wait(struct ev_loop *ev, ev_prepare *w, int revents)
{
	struct loop *l = w->data;

	(void)revents;
	if (conn_pump_ripe(l->lane))
		ev_idle_stop(ev, &l->hurry);
	else
		ev_idle_start(ev, &l->hurry);
}

static void
hurried(struct ev_loop *ev, ev_idle *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents;
}

static void
tending(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = w->data;

	(void)revents;
	if (!worker_tend(l->srv->workers))
		ev_timer_stop(ev, w);
}

void
loop_tend(struct loop *l)
{
	if (!ev_is_active(&l->tend))
		ev_timer_again(l->ev, &l->tend);
}

/* Accept and read no more; the last connection to go ends the loop. */
static void
begin_drain(struct loop *l)
{
	struct lane *lane = l->lane;

	if (lane->stopping)
		return;
	lane->stopping = true;
	if (lane->index == 0)
		loop_beat_stopping(l->srv->beat);
	loop_close_listeners(l);
	loop_serve_inbox(l);
	ev_timer_start(l->ev, &l->drain);
	conn_drain_all(lane);
	if (lane->nconns == 0)
		ev_break(l->ev, EVBREAK_ALL);
}

static void
stop_asked(struct ev_loop *ev, ev_async *w, int revents)
{
	(void)ev;
	(void)revents;
	begin_drain(w->data);
}

static void
signalled(struct ev_loop *ev, ev_signal *w, int revents)
{
	struct loop *l = w->data;

	(void)ev;
	(void)revents;
	if (loop_while_linger(l->srv->needed)) {
		log_info("signal %d: stopping when the client of the mount "
		    "has sent what it has", w->signum);
		return;
	}
	log_info("signal %d: stopping", w->signum);
	server_stop(l->srv);
}

static void
lock_signalled(struct ev_loop *ev, ev_signal *w, int revents)
{
	struct loop *l = w->data;

	(void)ev;
	(void)revents;
	if (l->srv->keeper != NULL && keeper_lock(l->srv->keeper, 0))
		log_info("signal %d: locking", w->signum);
}

static void
drain_ended(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = w->data;

	(void)revents;
	log_warn("%u connections did not take their replies in time",
	    l->lane->nconns);
	ev_break(ev, EVBREAK_ALL);
}

void
loop_conn_gone(struct loop *l)
{
	if (l->lane->stopping && l->lane->nconns == 0)
		ev_break(l->ev, EVBREAK_ALL);
}

static void
init_watchers(struct loop *l)
{
	ev_async_init(&l->wake, woken);
	ev_async_init(&l->stop, stop_asked);
	ev_signal_init(&l->term, signalled, SIGTERM);
	ev_signal_init(&l->intr, signalled, SIGINT);
	ev_signal_init(&l->usr1, lock_signalled, SIGUSR1);
	ev_timer_init(&l->drain, drain_ended, SERVER_DRAIN_S, 0.);
	ev_timer_init(&l->tend, tending, 0., WORKER_STUCK_US / 1e6);
	ev_prepare_init(&l->before, before_wait);
	ev_idle_init(&l->hurry, hurried);
	ev_set_priority(&l->hurry, EV_MINPRI);
	l->wake.data = l->stop.data = l->term.data = l->intr.data = l;
	l->usr1.data = l;
	l->drain.data = l->tend.data = l;
	l->before.data = l->hurry.data = l;
}

struct loop *
loop_new(struct lane *lane, struct verr *e)
{
	struct loop *l;

	if ((l = calloc(1, sizeof(*l))) == NULL ||
	    (l->ev = ev_loop_new(EVFLAG_AUTO)) == NULL) {
		free(l);
		(void)verr_fail(e, VERR_NOMEM, "cannot make an event loop");
		return NULL;
	}
	l->srv = lane->srv;
	l->lane = lane;
	lock_init(&l->lock, LOCK_INBOX);
	init_watchers(l);
	loop_accept_init(l);

	/* Now, so that a stop before the run is not lost. */
	ev_async_start(l->ev, &l->wake);
	ev_async_start(l->ev, &l->stop);
	ev_prepare_start(l->ev, &l->before);
	if (l->srv->opt.signals && lane->index == 0) {
		ev_signal_start(l->ev, &l->term);
		ev_signal_start(l->ev, &l->intr);
		ev_signal_start(l->ev, &l->usr1);
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	loop_close_listeners(l);
	loop_close_inbox(l);
	ev_signal_stop(l->ev, &l->term);
	ev_signal_stop(l->ev, &l->intr);
	ev_signal_stop(l->ev, &l->usr1);
	ev_loop_destroy(l->ev);
	lock_fini(&l->lock);
	free(l);
}

void
loop_run(struct loop *l)
{
	(void)ev_run(l->ev, 0);
	ev_timer_stop(l->ev, &l->drain);
	ev_timer_stop(l->ev, &l->tend);
}

static void *
loop_main(void *arg)
{
	loop_run(arg);
	bufpool_thread_fini();
	return NULL;
}

int
loop_start(struct loop *l, struct verr *e)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&l->thread, NULL, loop_main, l);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return 0;
	errno = rc;
	return verr_sys(e, "cannot start the thread of a loop");
}

void
loop_join(struct loop *l)
{
	(void)pthread_join(l->thread, NULL);
}
