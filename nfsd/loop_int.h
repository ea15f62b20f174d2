/*
 * loop_int.h - inside of struct loop, for nfsd/loop*.c.
 */
#ifndef NFSD_LOOP_INT_H
#define NFSD_LOOP_INT_H

#include <sys/queue.h>

#include <ev.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "nfsd/gate.h"
#include "nfsd/loop.h"

#define LOOP_INBOX	64	/* connections on their way to a loop */

struct listener;
struct server;

/* A connection on its way to its loop. */
struct newcomer {
	int			 fd;
	struct gate_peer	 peer;
};

struct loop {
	/* its thread */
	struct server		*srv;
	struct lane		*lane;
	struct ev_loop		*ev;
	ev_async		 wake, stop;	/* the two for any thread */
	ev_signal		 term, intr, usr1;
	ev_timer		 pause;		/* accept again when it ends */
	ev_timer		 drain;
	ev_timer		 tend;		/* calls wait for workers */
	ev_prepare		 before;	/* each wait for events */
	ev_idle			 hurry;		/* more to do: no wait */
	SLIST_HEAD(, listener)	 listeners;
	bool			 starved;	/* of descriptors; logged */
	uint64_t		 replies;	/* stats.writes at the last
						   batch of refusals */
	uint64_t		 entered_us;
	pthread_t		 thread;	/* of those that we started */

	/* guarded by lock: accepted by another loop for this one */
	struct lock		 lock;
	struct newcomer		 inbox[LOOP_INBOX];
	unsigned		 ninbox;
};

/* loop_accept.c: the watcher of pause. */
void loop_accept_init(struct loop *l);

void loop_close_listeners(struct loop *l);

/* Serve what other loops have accepted for this one, or close it. */
void loop_serve_inbox(struct loop *l);
void loop_close_inbox(struct loop *l);

#endif /* NFSD_LOOP_INT_H */
