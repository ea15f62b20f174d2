#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/lock.h"

enum { LOW = 3, HIGH = 9, ROUNDS = 20000 };

static struct lock low, high, other;
static struct rwlock rw;
static unsigned long counter;	/* guarded by low, or by both of a pair */

static void
setup(void)
{
	lock_init(&low, LOW);
	lock_init(&high, HIGH);
	lock_init(&other, LOW);
	rwlock_init(&rw, HIGH);
}

static void
teardown(void)
{
	lock_fini(&low);
	lock_fini(&high);
	lock_fini(&other);
	rwlock_fini(&rw);
}

TestSuite(lock, .init = setup, .fini = teardown, .timeout = 60);

Test(lock, locks_may_be_taken_upward_and_dropped_in_any_order)
{
	lock_take(&low);
	lock_take(&high);
	LOCK_ASSERT_HELD(&low);
	LOCK_ASSERT_HELD(&high);
	lock_drop(&low);
	lock_drop(&high);

	lock_take(&low);
	rwlock_take_write(&rw);
	rwlock_drop(&rw);
	rwlock_take_read(&rw);
	rwlock_drop(&rw);
	lock_drop(&low);
}

static void *
count(void *arg)
{
	unsigned long i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		lock_take(&low);
		counter++;
		lock_drop(&low);
	}
	return NULL;
}

Test(lock, one_thread_at_a_time_holds_a_lock)
{
	pthread_t t[2];
	size_t i;

	for (i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, count, NULL), 0);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	cr_expect_eq(counter, 2 * ROUNDS);
}

static void *
count_in_pair(void *arg)
{
	struct lock *a = arg, *b = a == &low ? &other : &low;
	unsigned long i;

	for (i = 0; i < ROUNDS; i++) {
		lock_take_pair(a, b);
		counter++;
		lock_drop_pair(a, b);
	}
	return NULL;
}

Test(lock, a_pair_taken_from_both_ends_neither_deadlocks_nor_leaks)
{
	pthread_t t[2];
	struct lock *from[2] = { &low, &other };
	size_t i;

	for (i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, count_in_pair,
		    from[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	cr_expect_eq(counter, 2 * ROUNDS);
	cr_expect_eq(pthread_mutex_trylock(&low.mtx), 0);
	cr_expect_eq(pthread_mutex_trylock(&other.mtx), 0);
	pthread_mutex_unlock(&low.mtx);
	pthread_mutex_unlock(&other.mtx);
}

static void *
take_as_said(void *arg)
{
	struct lock **pair = arg;

	lock_take_pair(pair[0], pair[1]);
	lock_drop_pair(pair[0], pair[1]);
	return NULL;
}

Test(lock, whoever_waits_for_the_lower_of_a_pair_does_not_hold_the_higher)
{
	struct lock *lo = &low < &other ? &low : &other;
	struct lock *hi = lo == &low ? &other : &low;
	struct lock *pairs[2][2] = { { lo, hi }, { hi, lo } };
	pthread_t t;
	size_t i;

	for (i = 0; i < 2; i++) {
		pthread_mutex_lock(&lo->mtx);
		cr_assert_eq(pthread_create(&t, NULL, take_as_said,
		    pairs[i]), 0);
		usleep(50000);		/* long enough to get there */
		cr_expect_eq(pthread_mutex_trylock(&hi->mtx), 0);
		pthread_mutex_unlock(&hi->mtx);
		pthread_mutex_unlock(&lo->mtx);
		pthread_join(t, NULL);
	}
}

Test(lock, a_pair_holds_both_and_may_be_one_lock_twice)
{
	lock_take_pair(&low, &other);
	cr_expect_neq(pthread_mutex_trylock(&low.mtx), 0);
	cr_expect_neq(pthread_mutex_trylock(&other.mtx), 0);
	lock_drop_pair(&other, &low);

	lock_take_pair(&low, &low);
	LOCK_ASSERT_HELD(&low);
	lock_drop_pair(&low, &low);
	lock_take(&low);
	lock_drop(&low);
}

Test(lock, many_may_read_while_none_writes)
{
	rwlock_take_read(&rw);
	cr_expect_eq(pthread_rwlock_tryrdlock(&rw.rw), 0);
	pthread_rwlock_unlock(&rw.rw);
	cr_expect_neq(pthread_rwlock_trywrlock(&rw.rw), 0);
	rwlock_drop(&rw);

	rwlock_take_write(&rw);
	cr_expect_neq(pthread_rwlock_tryrdlock(&rw.rw), 0);
	rwlock_drop(&rw);
}

static bool
is_free(struct lock *l)
{
	if (pthread_mutex_trylock(&l->mtx) != 0)
		return false;
	pthread_mutex_unlock(&l->mtx);
	return true;
}

Test(lock, a_set_holds_each_of_its_locks_once)
{
	struct lock more[2], *set[LOCK_SET_MAX];
	/* by index into all[]; 4 is none */
	static const int rows[][LOCK_SET_MAX] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 4, 2, 0 }, { 1, 1, 1, 1 },
		{ 4, 4, 4, 3 }, { 0, 3, 3, 0 }, { 4, 4, 4, 4 },
	};
	struct lock *all[] = { &low, &other, &more[0], &more[1], NULL };
	bool in[5];
	size_t i;
	int k;

	lock_init(&more[0], LOW);
	lock_init(&more[1], LOW);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(in, 0, sizeof(in));
		for (k = 0; k < LOCK_SET_MAX; k++) {
			set[k] = all[rows[i][k]];
			in[rows[i][k]] = true;
		}
		lock_take_set(set, LOCK_SET_MAX);
		for (k = 0; k < 4; k++)
			cr_expect_eq(is_free(all[k]), !in[k], "row %zu", i);
		lock_drop_set(set, LOCK_SET_MAX);
		for (k = 0; k < 4; k++)
			cr_expect(is_free(all[k]), "row %zu", i);
		lock_take(&low);	/* nothing is held in the books */
		lock_drop(&low);
	}
	lock_fini(&more[0]);
	lock_fini(&more[1]);
}

static void *
take_set_as_said(void *arg)
{
	struct lock **said = arg, *set[2] = { said[0], said[1] };

	lock_take_set(set, 2);
	lock_drop_set(set, 2);
	return NULL;
}

Test(lock, whoever_waits_for_the_lowest_of_a_set_holds_none_of_the_rest)
{
	struct lock *lo = &low < &other ? &low : &other;
	struct lock *hi = lo == &low ? &other : &low;
	struct lock *said[2] = { hi, lo };
	pthread_t t;

	pthread_mutex_lock(&lo->mtx);
	cr_assert_eq(pthread_create(&t, NULL, take_set_as_said, said), 0);
	usleep(50000);		/* long enough to get there */
	cr_expect(is_free(hi));
	pthread_mutex_unlock(&lo->mtx);
	pthread_join(t, NULL);
}

#ifdef LOCK_CHECK
Test(lock, a_set_beneath_a_held_lock_aborts, .signal = SIGABRT)
{
	struct lock *set[] = { &other, NULL, &low };

	lock_take(&high);
	lock_take_set(set, 3);
}

Test(lock, a_set_of_two_ranks_aborts, .signal = SIGABRT)
{
	struct lock *set[] = { &high, &low };

	lock_take_set(set, 2);
}

Test(lock, taking_downward_aborts, .signal = SIGABRT)
{
	lock_take(&high);
	lock_take(&low);
}

Test(lock, taking_two_of_one_rank_aborts, .signal = SIGABRT)
{
	lock_take(&low);
	lock_take(&other);
}

Test(lock, a_shared_lock_counts_like_any_other, .signal = SIGABRT)
{
	rwlock_take_read(&rw);
	lock_take(&low);
}

Test(lock, a_pair_beneath_a_held_lock_aborts, .signal = SIGABRT)
{
	lock_take(&high);
	lock_take_pair(&low, &other);
}

Test(lock, dropping_what_is_not_held_aborts, .signal = SIGABRT)
{
	lock_drop(&low);
}

Test(lock, must_hold_aborts_when_it_is_not_held, .signal = SIGABRT)
{
	lock_take(&low);
	LOCK_ASSERT_HELD(&high);
}
#endif
