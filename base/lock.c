#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/lock.h"

#ifdef LOCK_CHECK
_Thread_local unsigned lock_held;
#endif

void
lock_init(struct lock *l, unsigned rank)
{
	assert(rank < 32);
	l->rank = rank;
	/* some systems allocate here; nothing can go on without the lock */
	if (pthread_mutex_init(&l->mtx, NULL) != 0)
		abort();
}

void
lock_fini(struct lock *l)
{
	(void)pthread_mutex_destroy(&l->mtx);
}

void
rwlock_init(struct rwlock *l, unsigned rank)
{
	assert(rank < 32);
	l->rank = rank;
	if (pthread_rwlock_init(&l->rw, NULL) != 0)
		abort();
}

void
rwlock_fini(struct rwlock *l)
{
	(void)pthread_rwlock_destroy(&l->rw);
}

void
lock_take_pair(struct lock *a, struct lock *b)
{
	struct lock *lo = a, *hi = b;

	assert(a->rank == b->rank);
	if ((uintptr_t)a > (uintptr_t)b) {
		lo = b;
		hi = a;
	}
	lock_take(lo);		/* accounts for both */
	if (hi != lo)
		(void)pthread_mutex_lock(&hi->mtx);
}

void
lock_drop_pair(struct lock *a, struct lock *b)
{
	if (b != a)
		(void)pthread_mutex_unlock(&b->mtx);
	lock_drop(a);
}

void
lock_take_set(struct lock *set[], int n)
{
	struct lock *t;
	int i, k;
	bool first = true;

	for (i = 1; i < n; i++)
		for (k = i; k > 0 &&
		    (uintptr_t)set[k - 1] > (uintptr_t)set[k]; k--) {
			t = set[k];
			set[k] = set[k - 1];
			set[k - 1] = t;
		}
	for (i = 0; i < n; i++) {
		if (set[i] == NULL || (i > 0 && set[i] == set[i - 1]))
			continue;
		assert(set[i]->rank == set[n - 1]->rank);
		if (first)
			lock_take(set[i]);	/* accounts for all */
		else
			(void)pthread_mutex_lock(&set[i]->mtx);
		first = false;
	}
}

void
lock_drop_set(struct lock *set[], int n)
{
	bool last = true;
	int i;

	for (i = n - 1; i >= 0; i--) {
		if (set[i] == NULL || (i > 0 && set[i] == set[i - 1]))
			continue;
		if (last)
			lock_drop(set[i]);
		else
			(void)pthread_mutex_unlock(&set[i]->mtx);
		last = false;
	}
}
