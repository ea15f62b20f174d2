/*
 * worker.h - threads that run what may block; the only place where the loop
 * and other threads meet.
 *
 * The loop hands over a whole request with its arena and record; a worker
 * runs dispatch_work() on it and puts it on the list of results.  The loop is
 * woken when that list stops being empty, and takes all of it at once.
 *
 * Functions are for the loop's thread, unless said otherwise.
 */
#ifndef NFSD_WORKER_H
#define NFSD_WORKER_H

#include "nfsd/request.h"

struct server;
struct verr;
struct worker_pool;

/* No threads yet.  NULL: no memory. */
struct worker_pool *worker_new(struct server *srv);
void worker_free(struct worker_pool *p);	/* NULL is ignored */

/* Start n threads with all signals blocked; all or none. */
int worker_start(struct worker_pool *p, unsigned n, struct verr *e);

/* Hand over; the request is the pool's until it is among the results. */
void worker_submit(struct worker_pool *p, struct request *rq);

/* Move all results to the end of list. */
void worker_results(struct worker_pool *p, struct request_list *list);

/*
 * Move to the end of list what waits and whose connection has been closed
 * (conn is NULL): without this a client that sends and closes again and again
 * would fill the queue.
 */
void worker_discard(struct worker_pool *p, struct request_list *list);

/*
 * Let the calls that run now end, and join the threads.  What waited is
 * moved to list with the results.
 */
void worker_stop(struct worker_pool *p, struct request_list *list);

#endif /* NFSD_WORKER_H */
