#include "config.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/bufpool.h"
#include "base/bufslab.h"
#include "base/lock.h"
#include "base/secret.h"
#include "base/tune.h"

#define BATCH	(BUFPOOL_LOCAL / 2)	/* moved under one taking of the lock */

static atomic_size_t in_use;
static atomic_bool wiping;

size_t
bufpool_in_use(void)
{
	return atomic_load_explicit(&in_use, memory_order_relaxed);
}

static uint8_t *
count_out(uint8_t *buf)
{
	if (buf != NULL)
		atomic_fetch_add_explicit(&in_use, 1, memory_order_relaxed);
	return buf;
}

static void
count_in(void)
{
	atomic_fetch_sub_explicit(&in_use, 1, memory_order_relaxed);
}

/* A sanitizer sees a use after put only if nothing is kept. */
static inline bool
is_keeping(void)
{
#ifdef ARENA_DEBUG
	return false;
#else
	return !tune_off(TUNE_POOL);
#endif
}

/* Without the pool it is what a server that has none would do. */
static uint8_t *
take_new(void)
{
	return is_keeping() ? bufslab_get() : bufslab_alone();
}

static void
give_up(uint8_t *buf)
{
	secret_zero(buf, BUFPOOL_SIZE);
	bufslab_put(buf);
}

/* Pointers stand in arrays, not in the free buffers: nothing touches those. */
static _Thread_local struct {
	unsigned	 n;
	uint8_t		*bufs[BUFPOOL_LOCAL];
} local;

static struct {
	struct lock	 lock;		/* guards the rest; before bufslab's */
	unsigned	 n;
	uint8_t		*bufs[BUFPOOL_SHARED];
} shared = { .lock = { PTHREAD_MUTEX_INITIALIZER, LOCK_BUFPOOL } };

static void
borrow(void)
{
	lock_take(&shared.lock);
	while (local.n < BATCH && shared.n > 0)
		local.bufs[local.n++] = shared.bufs[--shared.n];
	lock_drop(&shared.lock);
}

static void
return_some(void)
{
	const unsigned keep = BUFPOOL_LOCAL - BATCH;

	lock_take(&shared.lock);
	while (local.n > keep && shared.n < BUFPOOL_SHARED)
		shared.bufs[shared.n++] = local.bufs[--local.n];
	lock_drop(&shared.lock);
	while (local.n > keep)
		give_up(local.bufs[--local.n]);
}

uint8_t *
bufpool_get(void)
{
	if (local.n == 0 && is_keeping())
		borrow();
	return count_out(local.n > 0 ? local.bufs[--local.n] : take_new());
}

void
bufpool_put(uint8_t *buf)
{
	if (buf == NULL)
		return;
	count_in();
	if (!is_keeping()) {
		give_up(buf);
		return;
	}
	if (atomic_load_explicit(&wiping, memory_order_relaxed))
		secret_zero(buf, BUFPOOL_SIZE);
	if (local.n == BUFPOOL_LOCAL)
		return_some();
	local.bufs[local.n++] = buf;
}

void
bufpool_thread_fini(void)
{
	while (local.n > 0)
		give_up(local.bufs[--local.n]);
}

void
bufpool_fini(void)
{
	bufpool_thread_fini();
	lock_take(&shared.lock);
	while (shared.n > 0)
		give_up(shared.bufs[--shared.n]);
	lock_drop(&shared.lock);
	bufslab_fini();
}

void
bufpool_thread_wipe(void)
{
	unsigned i;

	for (i = 0; i < local.n; i++)
		secret_zero(local.bufs[i], BUFPOOL_SIZE);
}

void
bufpool_wipe(void)
{
	unsigned i;

	lock_take(&shared.lock);
	for (i = 0; i < shared.n; i++)
		secret_zero(shared.bufs[i], BUFPOOL_SIZE);
	lock_drop(&shared.lock);
}

void
bufpool_wiping(bool on)
{
	atomic_store(&wiping, on);
}

size_t
bufpool_kept(void)
{
	size_t n;

	lock_take(&shared.lock);
	n = shared.n + local.n;
	lock_drop(&shared.lock);
	return n;
}
