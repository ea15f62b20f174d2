/*
 * loop.c - the one thread that owns connections.
 */
#include "config.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/conn.h"
#include "nfsd/loop.h"
#include "nfsd/server_int.h"
#include "nfsd/worker.h"

#define BACKLOG		128
#define ACCEPT_BATCH	16	/* connections in one callback */
#define ACCEPT_PAUSE_S	0.1	/* when descriptors have run out */

struct listener {
	ev_io			 io;
	SLIST_ENTRY(listener)	 link;
};

struct loop {
	struct server		*srv;
	struct ev_loop		*ev;
	ev_async		 wake, stop;	/* the two for any thread */
	ev_signal		 term, intr;
	ev_timer		 pause;		/* accept again when it ends */
	ev_timer		 drain;
	SLIST_HEAD(, listener)	 listeners;
	bool			 refusing;	/* and it has been logged */
	bool			 starved;	/* the same of descriptors */
	uint64_t		 entered_us;
};

static uint64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void
loop_enter(struct loop *l)
{
	l->entered_us = now_us();
}

void
loop_leave(struct loop *l)
{
	stats_max(&l->srv->stats.loop_max_us, now_us() - l->entered_us);
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

static void
woken(struct ev_loop *ev, ev_async *w, int revents)
{
	struct request_list list = STAILQ_HEAD_INITIALIZER(list);
	struct loop *l = w->data;
	struct request *rq;

	(void)ev;
	(void)revents;
	loop_enter(l);
	worker_results(l->srv->workers, &list);
	while ((rq = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, link);
		conn_done(rq);
	}
	conn_pump_ripe(l->srv);
	loop_leave(l);
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
	struct server *srv = l->srv;

	if (srv->stopping)
		return;
	srv->stopping = true;
	close_listeners(l);
	ev_timer_start(l->ev, &l->drain);
	conn_drain_all(srv);
	if (srv->nconns == 0)
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
	(void)ev;
	(void)revents;
	log_info("signal %d: stopping", w->signum);
	begin_drain(w->data);
}

static void
drain_ended(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = w->data;

	(void)revents;
	log_warn("%u connections did not take their replies in time",
	    l->srv->nconns);
	ev_break(ev, EVBREAK_ALL);
}

void
loop_conn_gone(struct loop *l)
{
	l->refusing = false;
	if (l->srv->stopping && l->srv->nconns == 0)
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

static bool
accept_one(struct loop *l, int lfd)
{
	struct verr e;
	int fd;

	if ((fd = accept_socket(lfd)) == -1) {
		if (errno == EINTR || errno == ECONNABORTED)
			return true;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			pause_accepting(l, errno);
		return false;
	}
	l->starved = false;
	if (conn_new(l->srv, fd, &e) == -1 && !l->refusing) {
		log_warn("connections are refused: %s", e.text);
		l->refusing = true;
	}
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

struct loop *
loop_new(struct server *srv, struct verr *e)
{
	struct loop *l;

	if ((l = calloc(1, sizeof(*l))) == NULL ||
	    (l->ev = ev_loop_new(EVFLAG_AUTO)) == NULL) {
		free(l);
		(void)verr_fail(e, VERR_NOMEM, "cannot make an event loop");
		return NULL;
	}
	l->srv = srv;
	SLIST_INIT(&l->listeners);
	ev_async_init(&l->wake, woken);
	ev_async_init(&l->stop, stop_asked);
	ev_signal_init(&l->term, signalled, SIGTERM);
	ev_signal_init(&l->intr, signalled, SIGINT);
	ev_timer_init(&l->pause, accept_again, ACCEPT_PAUSE_S, 0.);
	ev_timer_init(&l->drain, drain_ended, SERVER_DRAIN_S, 0.);
	l->wake.data = l->stop.data = l->term.data = l->intr.data = l;
	l->pause.data = l->drain.data = l;

	/* Now, so that a stop before the run is not lost. */
	ev_async_start(l->ev, &l->wake);
	ev_async_start(l->ev, &l->stop);
	if (srv->opt.signals) {
		ev_signal_start(l->ev, &l->term);
		ev_signal_start(l->ev, &l->intr);
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	close_listeners(l);
	ev_signal_stop(l->ev, &l->term);
	ev_signal_stop(l->ev, &l->intr);
	ev_loop_destroy(l->ev);
	free(l);
}

void
loop_run(struct loop *l)
{
	(void)ev_run(l->ev, 0);
	ev_timer_stop(l->ev, &l->drain);
}

static int
open_listener(const struct addrinfo *ai)
{
	int fd, on = 1, flags, saved;

	if ((fd = socket(ai->ai_family, ai->ai_socktype, 0)) == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
		    sizeof(on));
	if ((flags = fcntl(fd, F_GETFL)) != -1 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != -1 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static int
bound_port(int fd, uint16_t *port)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	if (ss.ss_family == AF_INET6)
		*port = ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	else
		*port = ntohs(((struct sockaddr_in *)&ss)->sin_port);
	return 0;
}

static int
add_listener(struct loop *l, int fd, struct verr *e)
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

/* fd is the loop's, also after a failure. */
static int
take_listener(struct loop *l, int fd, uint16_t *bound, struct verr *e)
{
	if (bound_port(fd, bound) == -1)
		(void)verr_sys(e, "cannot tell the port of a listener");
	else if (add_listener(l, fd, e) == 0)
		return 0;
	(void)close(fd);
	return -1;
}

int
loop_listen(struct loop *l, const char *addr, uint16_t port, uint16_t *bound,
    struct verr *e)
{
	struct addrinfo hints, *ai;
	char service[8];
	int fd;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	(void)snprintf(service, sizeof(service), "%u", (unsigned)port);
	if (getaddrinfo(addr, service, &hints, &ai) != 0)
		return verr_fail(e, VERR_INVAL, "%s: not a numeric address",
		    addr);
	fd = open_listener(ai);
	freeaddrinfo(ai);
	if (fd == -1)
		return verr_sys(e, "cannot listen on %s port %u", addr,
		    (unsigned)port);
	return take_listener(l, fd, bound, e);
}

int
loop_listen_on(struct loop *l, int fd, uint16_t *bound, struct verr *e)
{
	int listening = 0, flags;
	socklen_t len = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
	    &len) == -1 || !listening) {
		(void)close(fd);
		return verr_fail(e, VERR_INVAL, "descriptor %d is no socket "
		    "that listens", fd);
	}
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		(void)verr_sys(e, "cannot set flags of descriptor %d", fd);
		(void)close(fd);
		return -1;
	}
	return take_listener(l, fd, bound, e);
}
