/*
 * worker.h - threads that run what may block; the only place where loops and
 * other threads meet.
 *
 * A loop hands over a whole request with its arena and record; a worker runs
 * dispatch_work() on it and puts it, with copies of it that waited, on the list
 * of results of the request's lane.  A loop is woken when its list stops being
 * empty, and takes all of it at once.
 *
 * A call may wait for its storage as long as it likes.  When calls wait and no
 * worker has taken one for WORKER_STUCK_US, those that are there are stuck, and
 * more are started, so that one slow file does not stop the others; they end
 * when there has been nothing to do for a while.
 *
 * Functions are for the loops' threads, unless said otherwise.
 */
#ifndef NFSD_WORKER_H
#define NFSD_WORKER_H

#include <stdbool.h>

#include "nfsd/request.h"

#define WORKER_STUCK_US	50000u
#define WORKER_LINGER_S	10	/* a thread too many waits so long for work */

struct server;
struct verr;
struct worker_pool;

/* No threads yet.  NULL: no memory. */
struct worker_pool *worker_new(struct server *srv);
void worker_free(struct worker_pool *p);	/* NULL is ignored */

/*
 * Start n threads with all signals blocked, all or none; there may be max of
 * them when they are stuck.
 */
int worker_start(struct worker_pool *p, unsigned n, unsigned max,
    struct verr *e);

/*
 * Hand over; the request is the pool's until it is among the results.  True:
 * more calls wait than threads are free, so worker_tend() is to be called every
 * WORKER_STUCK_US.
 */
bool worker_submit(struct worker_pool *p, struct request *rq);

/* A call that is answered, by whom ever: among the results of its lane. */
void worker_give(struct worker_pool *p, struct request *rq);

/* Start more threads if those that are there are stuck; false: none waits. */
bool worker_tend(struct worker_pool *p);

/*
 * The main thread's loop, which is woken for it: the last thread too many has
 * ended; what they had goes back to the system.  Else it is nothing.
 */
void worker_reap(struct worker_pool *p);

/* Nothing waits and nothing runs; any thread. */
bool worker_idle(struct worker_pool *p);

/*
 * When it is idle and stays so: each thread wipes what it keeps (keeper_int.h).
 * Any thread but these.
 */
void worker_wipe(struct worker_pool *p);

/* Threads that are there now. */
unsigned worker_count(struct worker_pool *p);

/* Move all results for this lane to the end of list. */
void worker_results(struct worker_pool *p, struct lane *lane,
    struct request_list *list);

/*
 * Move to the end of list what waits, is of this lane, and has lost its
 * connection (conn is NULL): without this a client that sends and closes again
 * and again would fill the queue.
 */
void worker_discard(struct worker_pool *p, struct lane *lane,
    struct request_list *list);

/*
 * Let the calls that run now end, and join the threads.  What waited is moved
 * to list with the results of all lanes.
 */
void worker_stop(struct worker_pool *p, struct request_list *list);

#endif /* NFSD_WORKER_H */
