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
#include "nfsd/loop.h"
#include "nfsd/ranks.h"
#include "nfsd/server_int.h"
#include "nfsd/worker.h"

#define ACCEPT_BATCH	16	/* connections in one callback */
#define ACCEPT_PAUSE_S	0.1	/* when descriptors have run out */
#define INBOX_MAX	64	/* connections on their way to a loop */

struct listener {
	ev_io			 io;
	SLIST_ENTRY(listener)	 link;
};

struct loop {
	/* its thread */
	struct server		*srv;
	struct lane		*lane;
	struct ev_loop		*ev;
	ev_async		 wake, stop;	/* the two for any thread */
	ev_signal		 term, intr;
	ev_timer		 pause;		/* accept again when it ends */
	ev_timer		 drain;
	ev_timer		 tend;		/* calls wait for workers */
	ev_prepare		 before;	/* each wait for events */
	ev_idle			 hurry;		/* more to do: no wait */
	SLIST_HEAD(, listener)	 listeners;
	bool			 starved;	/* of descriptors; logged */
	uint64_t		 entered_us;
	pthread_t		 thread;	/* of those that we started */

	/* guarded by lock: accepted by another loop for this one */
	struct lock		 lock;
	int			 inbox[INBOX_MAX];
	unsigned		 ninbox;
};

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
	while ((rq = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, link);
		conn_done(rq);
	}
}

/* -- connections that another loop has accepted */

/* false: it has too many on their way. */
static bool
give(struct loop *l, int fd)
{
	bool room;

	lock_take(&l->lock);
	if ((room = l->ninbox < INBOX_MAX))
		l->inbox[l->ninbox++] = fd;
	lock_drop(&l->lock);
	if (room)
		loop_wake(l);
	return room;
}

static int
take_one(struct loop *l)
{
	int fd;

	lock_take(&l->lock);
	fd = l->ninbox > 0 ? l->inbox[--l->ninbox] : -1;
	lock_drop(&l->lock);
	return fd;
}

static void
serve_inbox(struct loop *l)
{
	struct verr e;
	int fd;

	while ((fd = take_one(l)) != -1)
		if (l->lane->stopping) {
			(void)close(fd);
			server_leave(l->lane);
		} else if (conn_new(l->lane, fd, &e) == -1) {
			log_warn("a connection was refused: %s", e.text);
		}
}

static void
woken(struct ev_loop *ev, ev_async *w, int revents)
{
	struct loop *l = w->data;

	(void)ev;
	(void)revents;
	loop_enter(l);
	loop_collect(l);
	serve_inbox(l);
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

static void
close_listeners(struct loop *l)
{
	struct listener *li;

	ev_timer_stop(l->ev, &l->pause);
	while ((li = SLIST_FIRST(&l->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&l->listeners, link);
		ev_io_stop(l->ev, &li->io);
		(void)close(li->io.fd);
		free(li);
	}
}

/* Accept and read no more; the last connection to go ends the loop. */
static void
begin_drain(struct loop *l)
{
	struct lane *lane = l->lane;

	if (lane->stopping)
		return;
	lane->stopping = true;
	close_listeners(l);
	serve_inbox(l);
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
	log_info("signal %d: stopping", w->signum);
	server_stop(l->srv);
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
accept_again(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = w->data;
	struct listener *li;

	(void)revents;
	SLIST_FOREACH(li, &l->listeners, link)
		ev_io_start(ev, &li->io);
}

/*
 * accept() failed though a client waits, and goes on to wait: a level-triggered
 * loop would spin.
 */
static void
pause_accepting(struct loop *l, int sys)
{
	struct listener *li;

	if (!l->starved)
		log_warn("cannot accept connections: %s", strerror(sys));
	l->starved = true;
	SLIST_FOREACH(li, &l->listeners, link)
		ev_io_stop(l->ev, &li->io);
	ev_timer_set(&l->pause, ACCEPT_PAUSE_S, 0.);
	ev_timer_start(l->ev, &l->pause);
}

static int
accept_socket(int fd)
{
#if defined(HAVE_ACCEPT4) && defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
	return accept(fd, NULL, NULL);	/* conn_new() sets the flags */
#endif
}

/* To the lane with fewest connections, which may be our own. */
static void
spread(struct loop *l, int fd)
{
	struct lane *lane = server_place(l->srv);
	struct verr e;

	if (lane == NULL) {
		if (!atomic_exchange(&l->srv->refusing, true))
			log_warn("connections are refused: %u are the limit",
			    l->srv->opt.max_conns);
		(void)close(fd);
	} else if (lane != l->lane) {
		if (give(lane->loop, fd))
			return;
		(void)close(fd);
		server_leave(lane);
	} else if (conn_new(lane, fd, &e) == -1) {
		log_warn("a connection was refused: %s", e.text);
	}
}

static bool
accept_one(struct loop *l, int lfd)
{
	int fd;

	if ((fd = accept_socket(lfd)) == -1) {
		if (errno == EINTR || errno == ECONNABORTED)
			return true;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			pause_accepting(l, errno);
		return false;
	}
	l->starved = false;
	spread(l, fd);
	return true;
}

static void
acceptable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct loop *l = w->data;
	unsigned i;

	(void)ev;
	(void)revents;
	loop_enter(l);
	for (i = 0; i < ACCEPT_BATCH && accept_one(l, w->fd); i++)
		continue;
	loop_leave(l);
}

static void
init_watchers(struct loop *l)
{
	ev_async_init(&l->wake, woken);
	ev_async_init(&l->stop, stop_asked);
	ev_signal_init(&l->term, signalled, SIGTERM);
	ev_signal_init(&l->intr, signalled, SIGINT);
	ev_timer_init(&l->pause, accept_again, ACCEPT_PAUSE_S, 0.);
	ev_timer_init(&l->drain, drain_ended, SERVER_DRAIN_S, 0.);
	ev_timer_init(&l->tend, tending, 0., WORKER_STUCK_US / 1e6);
	ev_prepare_init(&l->before, before_wait);
	ev_idle_init(&l->hurry, hurried);
	ev_set_priority(&l->hurry, EV_MINPRI);
	l->wake.data = l->stop.data = l->term.data = l->intr.data = l;
	l->pause.data = l->drain.data = l->tend.data = l;
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
	SLIST_INIT(&l->listeners);
	lock_init(&l->lock, LOCK_INBOX);
	init_watchers(l);

	/* Now, so that a stop before the run is not lost. */
	ev_async_start(l->ev, &l->wake);
	ev_async_start(l->ev, &l->stop);
	ev_prepare_start(l->ev, &l->before);
	if (l->srv->opt.signals && lane->index == 0) {
		ev_signal_start(l->ev, &l->term);
		ev_signal_start(l->ev, &l->intr);
	}
	return l;
}

void
loop_free(struct loop *l)
{
	int fd;

	if (l == NULL)
		return;
	close_listeners(l);
	while ((fd = take_one(l)) != -1) {
		(void)close(fd);
		server_leave(l->lane);
	}
	ev_signal_stop(l->ev, &l->term);
	ev_signal_stop(l->ev, &l->intr);
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

int
loop_watch(struct loop *l, int fd, struct verr *e)
{
	struct listener *li;

	if ((li = calloc(1, sizeof(*li))) == NULL)
		return verr_fail(e, VERR_NOMEM, "no memory for a listener");
	ev_io_init(&li->io, acceptable, fd, EV_READ);
	li->io.data = l;
	ev_io_start(l->ev, &li->io);
	SLIST_INSERT_HEAD(&l->listeners, li, link);
	return 0;
}
