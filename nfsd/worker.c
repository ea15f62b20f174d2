/*
 * worker.c - threads that run what may block.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/bufpool.h"
#include "base/heap.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/verr.h"
#include "nfsd/dispatch.h"
#include "nfsd/drc.h"
#include "nfsd/keeper_int.h"
#include "nfsd/loop.h"
#include "nfsd/ranks.h"
#include "nfsd/server_int.h"
#include "nfsd/worker.h"

struct worker {
	pthread_t		 id;
	struct worker_pool	*pool;
	unsigned		 wiped;		/* pool->wipes, when it did;
						   guarded by its lock */
	enum { SLOT_FREE, SLOT_RUNS, SLOT_ENDED } state;
};

struct worker_pool {
	/* constant while threads run */
	struct server		*srv;
	struct worker		*threads;	/* max slots */
	unsigned		 base, max;

	/* guarded by lock */
	struct lock		 lock;
	pthread_cond_t		 work;		/* queue not empty, or quit */
	struct request_list	 queue;		/* oldest first */
	unsigned		 nqueued;
	struct request_list	 done[SERVER_LOOPS_MAX];
	unsigned		 nthreads;	/* slots that run */
	unsigned		 nidle;		/* threads that wait */
	uint64_t		 taken_us;	/* a call was taken last */
	bool			 quit;
	unsigned		 wipes;		/* that were asked for */

	/* set under lock: done[i] is not empty; no thread is too many now */
	_Atomic bool		 ready[SERVER_LOOPS_MAX];
	_Atomic bool		 over;
};

struct worker_pool *
worker_new(struct server *srv)
{
	struct worker_pool *p;
	unsigned i;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	if (pthread_cond_init(&p->work, NULL) != 0) {
		free(p);
		return NULL;
	}
	p->srv = srv;
	lock_init(&p->lock, LOCK_WORKQ);
	STAILQ_INIT(&p->queue);
	for (i = 0; i < SERVER_LOOPS_MAX; i++)
		STAILQ_INIT(&p->done[i]);
	return p;
}

void
worker_free(struct worker_pool *p)
{
	if (p == NULL)
		return;
	assert(p->nthreads == 0 && STAILQ_EMPTY(&p->queue));
	(void)pthread_cond_destroy(&p->work);
	lock_fini(&p->lock);
	free(p->threads);
	free(p);
}

/* The lock is held, and dropped meanwhile. */
static void
wipe(struct worker *w)
{
	unsigned asked = w->pool->wipes;

	lock_drop(&w->pool->lock);
	keeper_wipe_thread();
	lock_take(&w->pool->lock);
	w->wiped = asked;
}

/* Wait for work; false: there has been none for long. */
static bool
linger(struct worker_pool *p)
{
	struct timespec until;
	int rc;

	p->nidle++;
	if (p->nthreads <= p->base)
		rc = pthread_cond_wait(&p->work, &p->lock.mtx);
	else {
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += WORKER_LINGER_S;
		rc = pthread_cond_timedwait(&p->work, &p->lock.mtx, &until);
	}
	p->nidle--;
	return rc != ETIMEDOUT;
}

/* The oldest call, or NULL: this thread is to end. */
static struct request *
next(struct worker *w)
{
	struct worker_pool *p = w->pool;
	struct request *rq = NULL;
	bool stay = true;

	lock_take(&p->lock);
	while (!p->quit && STAILQ_EMPTY(&p->queue) &&
	    (stay || p->nthreads <= p->base))
		if (w->wiped != p->wipes)
			wipe(w);
		else
			stay = linger(p);
	if (!p->quit && (rq = STAILQ_FIRST(&p->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->queue, link);
		p->nqueued--;
		p->taken_us = loop_clock_us();
	} else {
		w->state = SLOT_ENDED;
		if (--p->nthreads == p->base && !p->quit)
			atomic_store(&p->over, true);
	}
	lock_drop(&p->lock);
	return rq;
}

void
worker_give(struct worker_pool *p, struct request *rq)
{
	unsigned i = rq->lane->index;
	struct loop *loop = rq->lane->loop;
	bool first;

	lock_take(&p->lock);
	first = STAILQ_EMPTY(&p->done[i]);
	STAILQ_INSERT_TAIL(&p->done[i], rq, link);
	atomic_store_explicit(&p->ready[i], true, memory_order_release);
	lock_drop(&p->lock);
	/* rq may be gone by now */
	if (first)
		loop_wake(loop);
}

static void *
worker_main(void *arg)
{
	struct request_list answered = STAILQ_HEAD_INITIALIZER(answered);
	struct worker *w = arg;
	struct worker_pool *p = w->pool;
	struct request *rq;

	while ((rq = next(w)) != NULL) {
		dispatch_work(rq, &answered);
		while ((rq = STAILQ_FIRST(&answered)) != NULL) {
			STAILQ_REMOVE_HEAD(&answered, link);
			worker_give(p, rq);
		}
	}
	bufpool_thread_fini();
	/* w may be another thread's by now */
	if (atomic_load(&p->over))
		loop_wake(p->srv->lanes[0]->loop);
	return NULL;
}

/* A slot that is free now; a thread that has ended is joined. */
static struct worker *
take_slot(struct worker_pool *p)
{
	unsigned i;

	for (i = 0; i < p->max; i++) {
		struct worker *w = &p->threads[i];

		if (w->state == SLOT_RUNS)
			continue;
		if (w->state == SLOT_ENDED)
			(void)pthread_join(w->id, NULL);
		w->state = SLOT_FREE;
		return w;
	}
	return NULL;
}

/*
 * Threads inherit the mask: signals are the loop's business.  They begin by
 * taking the lock, which the caller holds.
 */
static int
start_masked(struct worker_pool *p, unsigned n)
{
	sigset_t all, old;
	struct worker *w;
	int rc = 0;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	while (rc == 0 && n-- > 0 && (w = take_slot(p)) != NULL) {
		w->pool = p;
		w->wiped = p->wipes;
		rc = pthread_create(&w->id, NULL, worker_main, w);
		if (rc == 0) {
			w->state = SLOT_RUNS;
			p->nthreads++;
		}
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void
join(struct worker_pool *p)
{
	bool made;
	unsigned i;

	lock_take(&p->lock);
	p->quit = true;
	(void)pthread_cond_broadcast(&p->work);
	lock_drop(&p->lock);
	/* Only loops start threads, and they have ended. */
	for (i = 0; i < p->max; i++) {
		lock_take(&p->lock);
		made = p->threads[i].state != SLOT_FREE;
		lock_drop(&p->lock);
		if (made)
			(void)pthread_join(p->threads[i].id, NULL);
	}
	free(p->threads);
	p->threads = NULL;
	p->quit = false;
}

int
worker_start(struct worker_pool *p, unsigned n, unsigned max,
    struct verr *e)
{
	int rc;

	assert(p->threads == NULL);
	p->base = n;
	p->max = n < max ? max : n;
	if ((p->threads = calloc(p->max, sizeof(*p->threads))) == NULL)
		return verr_fail(e, VERR_NOMEM, "no memory for %u threads", n);
	lock_take(&p->lock);
	rc = start_masked(p, n);
	lock_drop(&p->lock);
	if (rc == 0)
		return 0;
	join(p);
	errno = rc;
	return verr_sys(e, "cannot start %u worker threads", n);
}

bool
worker_submit(struct worker_pool *p, struct request *rq)
{
	uint64_t now = loop_clock_us();
	bool idle, more;

	lock_take(&p->lock);
	STAILQ_INSERT_TAIL(&p->queue, rq, link);
	p->nqueued++;
	idle = p->nidle > 0;
	more = p->nqueued > p->nidle;
	rq->given_us = more ? 0 : now;
	lock_drop(&p->lock);
	if (idle)
		(void)pthread_cond_signal(&p->work);
	return more;
}

bool
worker_tend(struct worker_pool *p)
{
	unsigned before, n, waiting;

	lock_take(&p->lock);
	before = p->nthreads;
	waiting = p->nqueued;
	if (waiting > 0 && p->nidle == 0 && !p->quit && before < p->max &&
	    loop_clock_us() - p->taken_us > WORKER_STUCK_US) {
		n = waiting < p->max - before ? waiting : p->max - before;
		/* Without memory for one: those that are there have to do. */
		(void)start_masked(p, n);
	}
	n = p->nthreads;
	lock_drop(&p->lock);
	if (n > before)
		log_debug("%u calls wait in the storage: %u workers now",
		    before, n);
	return waiting > 0;
}

bool
worker_idle(struct worker_pool *p)
{
	bool idle;

	lock_take(&p->lock);
	idle = p->nqueued == 0 && p->nidle == p->nthreads;
	lock_drop(&p->lock);
	return idle;
}

/* Join one that has ended, if there is one; its slot is free again. */
static bool
join_ended(struct worker_pool *p)
{
	pthread_t id;
	unsigned i;

	lock_take(&p->lock);
	for (i = 0; i < p->max && p->threads[i].state != SLOT_ENDED; i++)
		continue;
	if (i == p->max) {
		lock_drop(&p->lock);
		return false;
	}
	p->threads[i].state = SLOT_FREE;
	id = p->threads[i].id;
	lock_drop(&p->lock);
	(void)pthread_join(id, NULL);
	return true;
}

void
worker_reap(struct worker_pool *p)
{
	if (!atomic_load_explicit(&p->over, memory_order_relaxed))
		return;
	atomic_store(&p->over, false);
	while (join_ended(p))
		continue;
	heap_return();
}

/* Threads that wait and have not done it yet. */
static unsigned
not_wiped(struct worker_pool *p)
{
	unsigned i, n = 0;

	for (i = 0; i < p->max; i++)
		n += p->threads[i].state == SLOT_RUNS &&
		    p->threads[i].wiped != p->wipes;
	return n;
}

void
worker_wipe(struct worker_pool *p)
{
	struct timespec t = { 0, 1000000 };
	unsigned left;

	lock_take(&p->lock);
	p->wipes++;
	(void)pthread_cond_broadcast(&p->work);
	while ((left = p->quit ? 0 : not_wiped(p)) > 0) {
		lock_drop(&p->lock);
		(void)nanosleep(&t, NULL);
		lock_take(&p->lock);
	}
	lock_drop(&p->lock);
}

unsigned
worker_count(struct worker_pool *p)
{
	unsigned n;

	lock_take(&p->lock);
	n = p->nthreads;
	lock_drop(&p->lock);
	return n;
}

void
worker_results(struct worker_pool *p, struct lane *lane,
    struct request_list *list)
{
	unsigned i = lane->index;

	/* What comes after this look wakes the loop. */
	if (!atomic_load_explicit(&p->ready[i], memory_order_acquire))
		return;
	lock_take(&p->lock);
	STAILQ_CONCAT(list, &p->done[i]);
	atomic_store_explicit(&p->ready[i], false, memory_order_relaxed);
	lock_drop(&p->lock);
}

void
worker_discard(struct worker_pool *p, struct lane *lane,
    struct request_list *list)
{
	struct request_list keep = STAILQ_HEAD_INITIALIZER(keep);
	struct request *rq;

	lock_take(&p->lock);
	while ((rq = STAILQ_FIRST(&p->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->queue, link);
		/* The connection of another lane's is not ours to look at. */
		if (rq->lane == lane && rq->conn == NULL &&
		    !rq->internal && drc_abandon(rq)) {
			STAILQ_INSERT_TAIL(list, rq, link);
			p->nqueued--;
		} else {
			STAILQ_INSERT_TAIL(&keep, rq, link);
		}
	}
	STAILQ_CONCAT(&p->queue, &keep);
	lock_drop(&p->lock);
}

void
worker_stop(struct worker_pool *p, struct request_list *list)
{
	unsigned i;

	join(p);
	STAILQ_CONCAT(list, &p->queue);
	p->nqueued = 0;
	for (i = 0; i < SERVER_LOOPS_MAX; i++)
		STAILQ_CONCAT(list, &p->done[i]);
}
