/*
 * worker.c - threads that run what may block.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/bufpool.h"
#include "base/lock.h"
#include "base/verr.h"
#include "nfsd/dispatch.h"
#include "nfsd/loop.h"
#include "nfsd/ranks.h"
#include "nfsd/server_int.h"
#include "nfsd/worker.h"

struct worker_pool {
	/* constant */
	struct server		*srv;

	/* loop */
	pthread_t		*threads;
	unsigned		 nthreads;

	/* guarded by lock */
	struct lock		 lock;
	pthread_cond_t		 work;		/* queue not empty, or quit */
	struct request_list	 queue;		/* oldest first */
	struct request_list	 done;
	unsigned		 nidle;		/* threads that wait */
	bool			 quit;
};

struct worker_pool *
worker_new(struct server *srv)
{
	struct worker_pool *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	if (pthread_cond_init(&p->work, NULL) != 0) {
		free(p);
		return NULL;
	}
	p->srv = srv;
	lock_init(&p->lock, LOCK_WORKQ);
	STAILQ_INIT(&p->queue);
	STAILQ_INIT(&p->done);
	return p;
}

void
worker_free(struct worker_pool *p)
{
	if (p == NULL)
		return;
	assert(p->nthreads == 0);
	assert(STAILQ_EMPTY(&p->queue) && STAILQ_EMPTY(&p->done));
	(void)pthread_cond_destroy(&p->work);
	lock_fini(&p->lock);
	free(p->threads);
	free(p);
}

/* The oldest call, or NULL: quit. */
static struct request *
next(struct worker_pool *p)
{
	struct request *rq = NULL;

	lock_take(&p->lock);
	while (!p->quit && STAILQ_EMPTY(&p->queue)) {
		p->nidle++;
		(void)pthread_cond_wait(&p->work, &p->lock.mtx);
		p->nidle--;
	}
	if (!p->quit) {
		rq = STAILQ_FIRST(&p->queue);
		STAILQ_REMOVE_HEAD(&p->queue, link);
	}
	lock_drop(&p->lock);
	return rq;
}

static void
done(struct worker_pool *p, struct request *rq)
{
	bool first;

	lock_take(&p->lock);
	first = STAILQ_EMPTY(&p->done);
	STAILQ_INSERT_TAIL(&p->done, rq, link);
	lock_drop(&p->lock);
	if (first)
		loop_wake(p->srv->loop);
}

static void *
worker_main(void *arg)
{
	struct worker_pool *p = arg;
	struct request *rq;

	while ((rq = next(p)) != NULL) {
		dispatch_work(rq);
		done(p, rq);
	}
	bufpool_thread_fini();
	return NULL;
}

/* Threads inherit the mask: signals are the loop's business. */
static int
start_masked(struct worker_pool *p, unsigned n)
{
	sigset_t all, old;
	int rc = 0;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	while (rc == 0 && p->nthreads < n) {
		rc = pthread_create(&p->threads[p->nthreads], NULL,
		    worker_main, p);
		if (rc == 0)
			p->nthreads++;
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void
join(struct worker_pool *p)
{
	lock_take(&p->lock);
	p->quit = true;
	(void)pthread_cond_broadcast(&p->work);
	lock_drop(&p->lock);
	while (p->nthreads > 0)
		(void)pthread_join(p->threads[--p->nthreads], NULL);
	p->quit = false;
}

int
worker_start(struct worker_pool *p, unsigned n, struct verr *e)
{
	int rc;

	assert(p->threads == NULL);
	if ((p->threads = calloc(n, sizeof(*p->threads))) == NULL)
		return verr_fail(e, VERR_NOMEM, "no memory for %u threads", n);
	if ((rc = start_masked(p, n)) == 0)
		return 0;
	join(p);
	free(p->threads);
	p->threads = NULL;
	errno = rc;
	return verr_sys(e, "cannot start %u worker threads", n);
}

void
worker_submit(struct worker_pool *p, struct request *rq)
{
	bool idle;

	lock_take(&p->lock);
	STAILQ_INSERT_TAIL(&p->queue, rq, link);
	idle = p->nidle > 0;
	lock_drop(&p->lock);
	if (idle)
		(void)pthread_cond_signal(&p->work);
}

void
worker_results(struct worker_pool *p, struct request_list *list)
{
	lock_take(&p->lock);
	STAILQ_CONCAT(list, &p->done);
	lock_drop(&p->lock);
}

void
worker_discard(struct worker_pool *p, struct request_list *list)
{
	struct request_list keep = STAILQ_HEAD_INITIALIZER(keep);
	struct request *rq;

	lock_take(&p->lock);
	while ((rq = STAILQ_FIRST(&p->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->queue, link);
		STAILQ_INSERT_TAIL(rq->conn != NULL ? &keep : list, rq, link);
	}
	STAILQ_CONCAT(&p->queue, &keep);
	lock_drop(&p->lock);
}

void
worker_stop(struct worker_pool *p, struct request_list *list)
{
	join(p);
	free(p->threads);
	p->threads = NULL;
	STAILQ_CONCAT(list, &p->queue);
	STAILQ_CONCAT(list, &p->done);
}
