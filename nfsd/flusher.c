/*
 * flusher.c - the thread that writes to the disk what clients left in memory.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/bufpool.h"
#include "base/log.h"
#include "base/verr.h"
#include "nfsd/export.h"
#include "nfsd/flusher.h"
#include "nfsd/server_int.h"
#include "nfsd/verifier.h"
#include "vault/vault.h"

/*
 * The mutex is below all locks of the vault, since these are held when
 * is_dirty() is called, and nothing is called under it.
 */
struct flusher {
	struct server	*srv;
	pthread_t	 thread;

	pthread_mutex_t	 mtx;		/* guards the rest */
	pthread_cond_t	 cond;
	bool		 dirty, crowded, quit;
	bool		 idle;		/* it sleeps until it is woken */
};

static void
is_dirty(void *ctx)
{
	struct flusher *fl = ctx;

	(void)pthread_mutex_lock(&fl->mtx);
	/* Awake, or with a time to wake up at, it will look by itself. */
	if (!fl->dirty && fl->idle)
		(void)pthread_cond_signal(&fl->cond);
	fl->dirty = true;
	(void)pthread_mutex_unlock(&fl->mtx);
}

static void
is_crowded(void *ctx)
{
	struct flusher *fl = ctx;

	(void)pthread_mutex_lock(&fl->mtx);
	fl->crowded = true;
	(void)pthread_cond_signal(&fl->cond);
	(void)pthread_mutex_unlock(&fl->mtx);
}

static void
is_lost(void *ctx)
{
	struct flusher *fl = ctx;

	verifier_change(fl->srv);
}

/* All vaults; milliseconds until one wants to be written, or VAULT_IDLE. */
static unsigned
write_out(struct flusher *fl, unsigned age_ms)
{
	unsigned next, first = VAULT_IDLE;
	const struct export *x;
	struct verr e;
	size_t i;

	for (i = 0; i < export_count(fl->srv->exports); i++) {
		x = export_at(fl->srv->exports, i);
		if (vault_write_out(x->vault, age_ms, &next, &e) == -1)
			log_warn("/%s: %s: unwritten data stays in memory",
			    x->name, e.text);
		if (next < first)
			first = next;
	}
	return first;
}

/* Make room in all vaults: those that have enough are left alone. */
static void
write_down(struct flusher *fl)
{
	size_t i;

	for (i = 0; i < export_count(fl->srv->exports); i++)
		vault_write_down(export_at(fl->srv->exports, i)->vault);
}

/* Until something is to be done; *crowded: it is room.  False: it is over. */
static bool
rest(struct flusher *fl, unsigned ms, bool *crowded)
{
	struct timespec until;
	bool go_on;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&fl->mtx);
	fl->idle = ms == VAULT_IDLE;
	if (fl->idle)
		while (!fl->dirty && !fl->crowded && !fl->quit)
			(void)pthread_cond_wait(&fl->cond, &fl->mtx);
	else
		while (!fl->crowded && !fl->quit &&
		    pthread_cond_timedwait(&fl->cond, &fl->mtx, &until) !=
		    ETIMEDOUT)
			continue;
	*crowded = fl->crowded;
	fl->dirty = fl->crowded = fl->idle = false;
	go_on = !fl->quit;
	(void)pthread_mutex_unlock(&fl->mtx);
	return go_on;
}

static void *
flusher_main(void *arg)
{
	struct flusher *fl = arg;
	bool crowded;

	while (rest(fl, write_out(fl, FLUSHER_AGE_MS), &crowded))
		if (crowded)
			write_down(fl);
	bufpool_thread_fini();
	return NULL;
}

/* fl NULL: no more, and nobody is told. */
static void
keep_writes(const struct server *s, struct flusher *fl, size_t dirty_max)
{
	struct vault_write_back wb = { 0, NULL, NULL, NULL, fl };
	size_t i, n = export_count(s->exports);

	if (fl != NULL) {
		wb.dirty = is_dirty;
		wb.crowded = is_crowded;
		wb.lost = is_lost;
	}
	for (i = 0; i < n; i++) {
		wb.dirty_max = dirty_max / n;
		vault_write_back(export_at(s->exports, i)->vault, &wb);
	}
}

struct flusher *
flusher_start(struct server *s, size_t dirty_max, struct verr *e)
{
	struct flusher *fl;
	sigset_t all, old;
	int rc;

	if ((fl = calloc(1, sizeof(*fl))) == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "no memory to keep writes");
		return NULL;
	}
	fl->srv = s;
	(void)pthread_mutex_init(&fl->mtx, NULL);
	(void)pthread_cond_init(&fl->cond, NULL);
	keep_writes(s, fl, dirty_max);
	sigfillset(&all);	/* signals are the loop's business */
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&fl->thread, NULL, flusher_main, fl);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return fl;
	errno = rc;
	(void)verr_sys(e, "cannot start the thread that writes");
	keep_writes(s, NULL, 0);
	free(fl);
	return NULL;
}

void
flusher_stop(struct flusher *fl)
{
	if (fl == NULL)
		return;
	(void)pthread_mutex_lock(&fl->mtx);
	fl->quit = true;
	(void)pthread_cond_signal(&fl->cond);
	(void)pthread_mutex_unlock(&fl->mtx);
	(void)pthread_join(fl->thread, NULL);
	(void)write_out(fl, 0);
	keep_writes(fl->srv, NULL, 0);
	(void)pthread_cond_destroy(&fl->cond);
	(void)pthread_mutex_destroy(&fl->mtx);
	free(fl);
}
