#include "config.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/bufpool.h"
#include "base/bufslab.h"
#include "tests/unit/probe.h"

enum { SLABS = 20, MANY = SLABS * BUFSLAB_COUNT, THREADS = 4, ROUNDS = 2000 };

static uint8_t *bufs[MANY];

TestSuite(bufslab, .timeout = 60);

static void
get_all(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		bufs[i] = bufslab_get();
		cr_assert_not_null(bufs[i]);
		cr_assert_eq((uintptr_t)bufs[i] % 64, 0);
		memset(bufs[i], (int)(i + 1), BUFPOOL_SIZE);
	}
}

static void
is_whole(size_t i)
{
	cr_assert_eq(bufs[i][0], (uint8_t)(i + 1));
	cr_assert_eq(memcmp(bufs[i], bufs[i] + 1, BUFPOOL_SIZE - 1), 0);
}

Test(bufslab, buffers_do_not_overlap_and_slabs_are_full)
{
	size_t i;

	get_all(MANY);
	cr_expect_eq(bufslab_mapped(), SLABS);
	for (i = 0; i < MANY; i++) {
		is_whole(i);
		bufslab_put(bufs[i]);
	}
}

Test(bufslab, what_is_empty_goes_back_but_for_one)
{
	size_t i;

	get_all(MANY);
	for (i = 0; i < MANY; i++)
		bufslab_put(bufs[i]);
	cr_expect_eq(bufslab_mapped(), 1);
	bufslab_put(bufslab_get());
	cr_expect_eq(bufslab_mapped(), 1);
	bufslab_fini();
	cr_expect_eq(bufslab_mapped(), 0);
	bufslab_fini();
	get_all(1);
	is_whole(0);
	bufslab_put(bufs[0]);
}

Test(bufslab, one_alone_is_in_no_slab)
{
	uint8_t *b = bufslab_alone();

	cr_assert_not_null(b);
	cr_expect_eq((uintptr_t)b % 64, 0);
	memset(b, 1, BUFPOOL_SIZE);
	cr_expect_eq(bufslab_mapped(), 0);
	bufslab_put(b);
	cr_expect_eq(bufslab_mapped(), 0);
}

/* One buffer in each slab keeps it, and what is used next lies beside it. */
Test(bufslab, what_has_room_is_filled_before_more_is_mapped)
{
	size_t i;

	get_all(MANY);
	for (i = 0; i < MANY; i++)
		if (i % BUFSLAB_COUNT != 0)
			bufslab_put(bufs[i]);
	cr_expect_eq(bufslab_mapped(), SLABS);
	for (i = 0; i < MANY; i++)
		if (i % BUFSLAB_COUNT != 0)
			bufs[i] = bufslab_get();
	cr_expect_eq(bufslab_mapped(), SLABS);
	for (i = 0; i < MANY; i++)
		bufslab_put(bufs[i]);
	cr_expect_eq(bufslab_mapped(), 1);
}

/* The first slab loses all but one, the second three: those are taken first. */
Test(bufslab, the_fullest_is_used_first)
{
	uint8_t *second[3], *b;
	size_t i, k, n = 0;

	get_all(2 * BUFSLAB_COUNT);
	for (i = 1; i < BUFSLAB_COUNT; i++)
		bufslab_put(bufs[i]);
	for (i = 0; i < 3; i++) {
		second[i] = bufs[BUFSLAB_COUNT + i];
		bufslab_put(second[i]);
	}
	for (i = 0; i < 3; i++) {
		b = bufslab_get();
		for (k = 0; k < 3; k++)
			n += b == second[k];
	}
	cr_expect_eq(n, 3);
	bufslab_put(bufs[0]);
	for (i = BUFSLAB_COUNT; i < 2 * BUFSLAB_COUNT; i++)
		bufslab_put(bufs[i]);
	cr_expect_eq(bufslab_mapped(), 1);
}

/* One buffer in each slab is in use: the pages of most others go back. */
Test(bufslab, pages_of_unused_buffers_go_back)
{
	const size_t one = BUFPOOL_SIZE / 4096 * 4096;
	size_t i, before, round;

	if (probe_resident_bytes() == 0)
		cr_skip_test("nobody tells");
	/* slabs that leave take what was counted of them along */
	get_all(MANY);
	for (i = 0; i < MANY; i++)
		bufslab_put(bufs[i]);
	get_all(MANY);
	before = probe_resident_bytes();
	cr_assert_gt(before, MANY * one);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < MANY; i++)
			if (i % BUFSLAB_COUNT != 0)
				bufslab_put(bufs[i]);
		cr_expect_lt(probe_resident_bytes(), before -
		    (MANY - SLABS - BUFSLAB_WARM) * one / 4 * 3);
		cr_expect_gt(probe_resident_bytes(), before -
		    (MANY - SLABS - BUFSLAB_WARM / 4 * 3) * one);
		for (i = 0; i < MANY; i++) {
			if (i % BUFSLAB_COUNT != 0)
				bufs[i] = bufslab_get();
			memset(bufs[i], (int)(i + 1), BUFPOOL_SIZE);
		}
	}
	for (i = 0; i < MANY; i++) {
		is_whole(i);
		bufslab_put(bufs[i]);
	}
	cr_expect_eq(bufslab_mapped(), 1);
}

/* Each thread gives back what the one before it took. */
static struct {
	pthread_mutex_t	 lock;
	uint8_t		*waiting[THREADS * 16];
	size_t		 n;
} box = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *
pass_on(void *arg)
{
	uint8_t mine = *(uint8_t *)arg, *b, *other;
	unsigned i;

	for (i = 0; i < ROUNDS; i++) {
		if ((b = bufslab_get()) == NULL)
			abort();
		memset(b, mine, BUFPOOL_SIZE);
		if (memcmp(b, b + 1, BUFPOOL_SIZE - 1) != 0)
			abort();
		other = b;
		(void)pthread_mutex_lock(&box.lock);
		if (box.n < sizeof(box.waiting) / sizeof(box.waiting[0])) {
			box.waiting[box.n++] = b;
			other = NULL;
		} else {
			other = box.waiting[i % box.n];
			box.waiting[i % box.n] = b;
		}
		(void)pthread_mutex_unlock(&box.lock);
		if (other == NULL)
			continue;
		if (memcmp(other, other + 1, BUFPOOL_SIZE - 1) != 0)
			abort();
		bufslab_put(other);
	}
	return NULL;
}

Test(bufslab, threads_give_back_what_others_took)
{
	pthread_t t[THREADS];
	uint8_t id[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++) {
		id[i] = (uint8_t)(i + 1);
		cr_assert_eq(pthread_create(&t[i], NULL, pass_on, &id[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		(void)pthread_join(t[i], NULL);
	while (box.n > 0)
		bufslab_put(box.waiting[--box.n]);
	cr_expect_eq(bufslab_mapped(), 1);
}
