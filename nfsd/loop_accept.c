/*
 * loop_accept.c - new connections: accepted by the first loop, looked at by
 * the gate, spread over all loops.
 *
 * Who is refused costs the loop some 20 us, and another user may come again
 * as fast as they like.  So when connections were refused while others were
 * being served, accepting rests 19 times as long as it took: a twentieth of the
 * loop is the most that such an attack gets, and the owner's next connection
 * waits its turn in the queue of the socket.
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/conn.h"
#include "nfsd/loop_int.h"
#include "nfsd/server_int.h"

#define ACCEPT_BATCH	16	/* connections in one callback */
#define ACCEPT_US	500u	/* or so long; /proc is slow to be asked */
#define ACCEPT_PAUSE_S	0.1	/* when descriptors have run out */
#define ACCEPT_REST	19u	/* see above */

struct listener {
	ev_io			 io;
	SLIST_ENTRY(listener)	 link;
};

/* -- connections that another loop has accepted */

/* false: it has too many on their way. */
static bool
give(struct loop *l, int fd, const struct gate_peer *peer)
{
	bool room;

	lock_take(&l->lock);
	if ((room = l->ninbox < LOOP_INBOX))
		l->inbox[l->ninbox++] = (struct newcomer){ fd, *peer };
	lock_drop(&l->lock);
	if (room)
		loop_wake(l);
	return room;
}

static bool
take_one(struct loop *l, struct newcomer *n)
{
	bool any;

	lock_take(&l->lock);
	if ((any = l->ninbox > 0))
		*n = l->inbox[--l->ninbox];
	lock_drop(&l->lock);
	return any;
}

void
loop_close_inbox(struct loop *l)
{
	struct newcomer n;

	while (take_one(l, &n)) {
		(void)close(n.fd);
		server_leave(l->lane, &n.peer);
	}
}

void
loop_serve_inbox(struct loop *l)
{
	struct newcomer n;
	struct verr e;

	if (l->lane->stopping)
		loop_close_inbox(l);
	while (take_one(l, &n))
		if (conn_new(l->lane, n.fd, &n.peer, &e) == -1)
			log_warn("a connection was refused: %s", e.text);
}

/* -- accepting */

static void
accept_again(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = w->data;
	struct listener *li;

	(void)revents;
	SLIST_FOREACH(li, &l->listeners, link)
		ev_io_start(ev, &li->io);
}

static void
pause_for(struct loop *l, double seconds)
{
	struct listener *li;

	SLIST_FOREACH(li, &l->listeners, link)
		ev_io_stop(l->ev, &li->io);
	ev_timer_stop(l->ev, &l->pause);
	ev_timer_set(&l->pause, seconds, 0.);
	ev_timer_start(l->ev, &l->pause);
}

/*
 * accept() failed though a client waits, and goes on to wait: a level-triggered
 * loop would spin.
 */
static void
starve(struct loop *l, int sys)
{
	if (!l->starved)
		log_warn("cannot accept connections: %s", strerror(sys));
	l->starved = true;
	pause_for(l, ACCEPT_PAUSE_S);
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
	struct gate_peer peer;
	struct lane *lane;
	struct verr e;

	if (!gate_admit(l->srv->gate, fd, &peer)) {
		(void)close(fd);
	} else if ((lane = server_place(l->srv, &peer)) == NULL) {
		if (!atomic_exchange(&l->srv->refusing, true))
			log_warn("connections are refused: %u are the limit",
			    l->srv->opt.max_conns);
		(void)close(fd);
	} else if (lane != l->lane) {
		if (give(lane->loop, fd, &peer))
			return;
		(void)close(fd);
		server_leave(lane, &peer);
	} else if (conn_new(lane, fd, &peer, &e) == -1) {
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
			starve(l, errno);
		return false;
	}
	l->starved = false;
	spread(l, fd);
	return true;
}

/* Connections were refused: has anybody else work for us? */
static void
rest(struct loop *l)
{
	uint64_t replies = 0, took = loop_clock_us() - l->entered_us;
	unsigned i;

	for (i = 0; i < l->srv->nlanes; i++)
		replies += atomic_load_explicit(
		    &l->srv->lanes[i]->stats.writes, memory_order_relaxed);
	if (replies != l->replies && !ev_is_active(&l->pause))
		pause_for(l, (double)(took * ACCEPT_REST) / 1e6);
	l->replies = replies;
}

static void
acceptable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct loop *l = w->data;
	uint64_t before = gate_refused(l->srv->gate);
	unsigned i;

	(void)ev;
	(void)revents;
	loop_enter(l);
	for (i = 0; i < ACCEPT_BATCH && accept_one(l, w->fd); i++)
		if (loop_clock_us() - l->entered_us > ACCEPT_US)
			break;
	if (gate_refused(l->srv->gate) != before)
		rest(l);
	loop_leave(l);
}

void
loop_accept_init(struct loop *l)
{
	SLIST_INIT(&l->listeners);
	ev_timer_init(&l->pause, accept_again, ACCEPT_PAUSE_S, 0.);
	l->pause.data = l;
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

void
loop_close_listeners(struct loop *l)
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
