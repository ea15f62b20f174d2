/*
 * keeper.c - the thread that locks the vaults of a server, and unlocks them.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/control.h"
#include "nfsd/keeper_int.h"
#include "nfsd/loop.h"
#include "nfsd/server_int.h"

struct keeper *
keeper_new(struct server *s, const struct server_keys *o, struct verr *e)
{
	struct keeper *k;

	if ((k = calloc(1, sizeof(*k))) == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "no memory for a thread");
		return NULL;
	}
	k->srv = s;
	k->o = *o;
	(void)pthread_mutex_init(&k->mtx, NULL);
	(void)pthread_cond_init(&k->cond, NULL);
	(void)pthread_cond_init(&k->passed, NULL);
	return k;
}

void
keeper_free(struct keeper *k)
{
	if (k == NULL)
		return;
	secret_free(k->pass, k->pass_len);
	free(k->marks);
	(void)pthread_cond_destroy(&k->passed);
	(void)pthread_cond_destroy(&k->cond);
	(void)pthread_mutex_destroy(&k->mtx);
	free(k);
}

bool
keeper_says_stale(const struct keeper *k)
{
	return k->o.stale;
}

/* -- loops */

bool
keeper_all_pass(struct keeper *k, unsigned what)
{
	struct server *s = k->srv;
	bool passed;
	unsigned i;

	(void)pthread_mutex_lock(&k->mtx);
	k->waited = s->nlanes;
	(void)pthread_mutex_unlock(&k->mtx);
	for (i = 0; i < s->nlanes; i++) {
		(void)atomic_fetch_or(&s->lanes[i]->to_pass, what);
		loop_wake(s->lanes[i]->loop);
	}
	(void)pthread_mutex_lock(&k->mtx);
	while (k->waited > 0 && !k->quit)
		(void)pthread_cond_wait(&k->passed, &k->mtx);
	passed = k->waited == 0;
	(void)pthread_mutex_unlock(&k->mtx);
	return passed;
}

/* The first loop: tell who asked. */
static void
tell(struct keeper *k)
{
	struct verr e;
	uint64_t id;

	(void)pthread_mutex_lock(&k->mtx);
	id = k->answer_id;
	e = k->answer;
	k->answer_id = 0;
	(void)pthread_mutex_unlock(&k->mtx);
	if (id != 0)
		control_answer(k->srv->control, id,
		    control_outcome(k->srv->control, &e));
}

void
keeper_pass(struct keeper *k, struct lane *lane)
{
	unsigned what = atomic_exchange(&lane->to_pass, 0);

	if (what & KEEPER_WIPE)
		keeper_wipe_lane(lane);
	if (what & KEEPER_TELL)
		tell(k);
	if ((what & (KEEPER_WIPE | KEEPER_POINT)) == 0)
		return;
	(void)pthread_mutex_lock(&k->mtx);
	k->waited--;
	(void)pthread_cond_signal(&k->passed);
	(void)pthread_mutex_unlock(&k->mtx);
}

/* -- what is asked of it */

static bool
ask(struct keeper *k, enum keeper_job job, const char *pass, size_t len,
    uint64_t id)
{
	char *copy = NULL;
	bool taken;

	if (job == KEEPER_JOB_UNLOCK &&
	    (copy = secret_alloc(len + 1)) == NULL)
		return false;
	if (copy != NULL && len > 0)
		memcpy(copy, pass, len);
	(void)pthread_mutex_lock(&k->mtx);
	taken = k->job == KEEPER_JOB_NONE && k->answer_id == 0 && !k->quit;
	if (taken) {
		k->job = job;
		k->id = id;
		k->pass = copy;
		k->pass_len = len + 1;
		(void)pthread_cond_signal(&k->cond);
	}
	(void)pthread_mutex_unlock(&k->mtx);
	if (!taken)
		secret_free(copy, len + 1);
	return taken;
}

bool
keeper_lock(struct keeper *k, uint64_t id)
{
	return ask(k, KEEPER_JOB_LOCK, NULL, 0, id);
}

bool
keeper_unlock(struct keeper *k, const char *pass, size_t len, uint64_t id)
{
	return ask(k, KEEPER_JOB_UNLOCK, pass, len, id);
}

/* -- its thread */

/* Microseconds until it is to be locked; 0: now, UINT64_MAX: never. */
static uint64_t
idle_left(const struct keeper *k)
{
	uint64_t used = k->idle_from, at, now = loop_clock_us();
	uint64_t span = (uint64_t)k->o.idle_s * 1000000;
	unsigned i;

	if (span == 0 || atomic_load(&k->srv->closed) != KEEPER_OPEN)
		return UINT64_MAX;
	for (i = 0; i < k->srv->nlanes; i++) {
		at = atomic_load_explicit(&k->srv->lanes[i]->used_us,
		    memory_order_relaxed);
		if (at > used)
			used = at;
	}
	return used + span > now ? used + span - now : 0;
}

static void
wait_us(struct keeper *k, uint64_t us)
{
	struct timespec until;

	if (us == UINT64_MAX) {
		(void)pthread_cond_wait(&k->cond, &k->mtx);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(us / 1000000 + 1);
	(void)pthread_cond_timedwait(&k->cond, &k->mtx, &until);
}

/* What to do next; the mutex is held. */
static enum keeper_job
next_job(struct keeper *k)
{
	uint64_t left;

	while (!k->quit && k->job == KEEPER_JOB_NONE) {
		if ((left = idle_left(k)) == 0)
			return k->job = KEEPER_JOB_IDLE;
		wait_us(k, left);
	}
	return k->quit ? KEEPER_JOB_NONE : k->job;
}

static void
run(struct keeper *k, enum keeper_job job)
{
	struct verr e = { .code = VERR_NONE };
	int rc;

	rc = job == KEEPER_JOB_UNLOCK ?
	    keeper_open_all(k, k->pass, k->pass_len - 1, &e) :
	    keeper_close_all(k, &e);
	if (rc == 0)
		e.code = VERR_NONE;
	else if (job != KEEPER_JOB_UNLOCK)
		log_error("cannot lock: %s", e.text);
	if (job == KEEPER_JOB_IDLE || rc == 0)
		k->idle_from = loop_clock_us();

	(void)pthread_mutex_lock(&k->mtx);
	secret_free(k->pass, k->pass_len);
	k->pass = NULL;
	k->job = KEEPER_JOB_NONE;
	k->answer = e;
	k->answer_id = k->id;
	k->id = 0;
	(void)pthread_mutex_unlock(&k->mtx);
	(void)atomic_fetch_or(&k->srv->lanes[0]->to_pass, KEEPER_TELL);
	loop_wake(k->srv->lanes[0]->loop);
}

static void *
keeper_main(void *arg)
{
	struct keeper *k = arg;
	enum keeper_job job;

	for (;;) {
		(void)pthread_mutex_lock(&k->mtx);
		job = next_job(k);
		(void)pthread_mutex_unlock(&k->mtx);
		if (job == KEEPER_JOB_NONE)
			break;
		run(k, job);
	}
	keeper_wipe_thread();
	return NULL;
}

int
keeper_start(struct keeper *k, struct verr *e)
{
	sigset_t all, old;
	int rc;

	k->idle_from = loop_clock_us();
	if (!keeper_mark_all(k))
		return verr_fail(e, VERR_NOMEM, "no memory for a thread");
	sigfillset(&all);	/* signals are the loop's business */
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&k->thread, NULL, keeper_main, k);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	k->running = rc == 0;
	if (rc == 0)
		return 0;
	errno = rc;
	return verr_sys(e, "cannot start the thread that locks");
}

void
keeper_stop(struct keeper *k)
{
	if (k == NULL || !k->running)
		return;
	(void)pthread_mutex_lock(&k->mtx);
	k->quit = true;
	(void)pthread_cond_signal(&k->cond);
	(void)pthread_cond_signal(&k->passed);
	(void)pthread_mutex_unlock(&k->mtx);
	(void)pthread_join(k->thread, NULL);
	k->running = false;
}
