#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/bufpool.h"
#include "tests/unit/probe.h"

enum { MANY = BUFPOOL_LOCAL + BUFPOOL_SHARED + 50 };

static uint8_t *bufs[MANY];

/* The heap, seen by us: what is linked before the C library goes first. */
static size_t heap_calls;
static bool heap_empty;

int
posix_memalign(void **p, size_t align, size_t size)
{
	heap_calls++;
	*p = heap_empty ? NULL : aligned_alloc(align, size);
	return *p == NULL ? ENOMEM : 0;
}

TestSuite(bufpool, .fini = bufpool_fini, .timeout = 60);

static void
get_all(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		bufs[i] = bufpool_get();
		cr_assert_not_null(bufs[i]);
	}
}

static void
put_all(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		bufpool_put(bufs[i]);
}

Test(bufpool, a_buffer_is_whole_and_aligned_to_a_cache_line)
{
	uint8_t *b = bufpool_get();

	cr_assert_not_null(b);
	cr_expect_eq((uintptr_t)b % 64, 0);
	memset(b, 0xa5, BUFPOOL_SIZE);
	bufpool_put(b);
}

Test(bufpool, it_holds_a_chunk_and_either_overhead)
{
	/* nonce and tag, vault-format 3.2: 12 + 16 and 16 + 32 */
	cr_expect_geq(BUFPOOL_SIZE, 32768 + 48);
	cr_expect_eq(BUFPOOL_SIZE % 64, 0);
}

Test(bufpool, what_is_out_is_counted)
{
	get_all(3);
	cr_expect_eq(bufpool_in_use(), 3);
	put_all(3);
	cr_expect_eq(bufpool_in_use(), 0);
	bufpool_put(NULL);
	cr_expect_eq(bufpool_in_use(), 0);
}

Test(bufpool, no_buffer_is_out_twice)
{
	size_t i, round;

	/* more than both lists hold, so that all three ways are gone */
	for (round = 0; round < 3; round++) {
		get_all(MANY);
		for (i = 0; i < MANY; i++)
			memset(bufs[i], (int)(i & 0xff), BUFPOOL_SIZE);
		for (i = 0; i < MANY; i++) {
			cr_assert_eq(bufs[i][0], i & 0xff);
			cr_assert_eq(bufs[i][BUFPOOL_SIZE - 1], i & 0xff);
			memset(bufs[i], 0xee, 16);
		}
		put_all(MANY);
		cr_expect_eq(bufpool_in_use(), 0);
	}
}

static void *
put_some(void *arg)
{
	size_t i, n = *(size_t *)arg;

	for (i = 0; i < n; i++)
		bufpool_put(bufs[i]);
	bufpool_thread_fini();
	return NULL;
}

Test(bufpool, one_thread_may_put_what_another_got)
{
	pthread_t t;
	size_t n = 200;

	get_all(n);
	cr_assert_eq(pthread_create(&t, NULL, put_some, &n), 0);
	pthread_join(t, NULL);
	cr_expect_eq(bufpool_in_use(), 0);
	get_all(n);
	put_all(n);
	cr_expect_eq(bufpool_in_use(), 0);
}

Test(bufpool, giving_back_twice_is_harmless_and_the_pool_works_on)
{
	get_all(100);
	put_all(100);
	bufpool_thread_fini();
	bufpool_thread_fini();
	bufpool_fini();
	bufpool_fini();
	get_all(100);
	put_all(100);
	cr_expect_eq(bufpool_in_use(), 0);
}

Test(bufpool, an_empty_heap_is_told_and_counts_nothing)
{
	heap_empty = true;
	cr_expect_null(bufpool_get());
	cr_expect_eq(bufpool_in_use(), 0);
	heap_empty = false;
	get_all(1);
	put_all(1);
}

#ifndef ARENA_DEBUG
Test(bufpool, one_read_after_another_asks_the_heap_once)
{
	size_t round;

	for (round = 0; round < 10; round++) {
		get_all(BUFPOOL_LOCAL);
		put_all(BUFPOOL_LOCAL);
	}
	cr_expect_eq(heap_calls, BUFPOOL_LOCAL);
}

Test(bufpool, what_one_thread_puts_too_much_serves_the_others)
{
	pthread_t t;
	size_t n = 200;

	/* what the other thread keeps until its end goes to the heap */
	get_all(n);
	cr_assert_eq(pthread_create(&t, NULL, put_some, &n), 0);
	pthread_join(t, NULL);
	cr_expect_eq(heap_calls, n);
	get_all(n - BUFPOOL_LOCAL);
	cr_expect_eq(heap_calls, n);
	put_all(n - BUFPOOL_LOCAL);
}

Test(bufpool, what_is_kept_is_bounded)
{
	get_all(MANY);
	put_all(MANY);
	heap_calls = 0;
	get_all(MANY);
	cr_expect_geq(heap_calls, MANY - BUFPOOL_LOCAL - BUFPOOL_SHARED);
	cr_expect_lt(heap_calls, 50 + BUFPOOL_LOCAL);
	put_all(MANY);
}

Test(bufpool, what_is_over_goes_back_to_the_heap)
{
	size_t before;

	if ((before = probe_heap_bytes()) == 0)
		cr_skip_test("this heap tells nothing");
	get_all(MANY);
	put_all(MANY);
	bufpool_fini();
	cr_expect_lt(probe_heap_bytes(), before + BUFPOOL_SIZE);
}

Test(bufpool, nothing_is_kept_once_all_is_given_back)
{
	get_all(MANY);
	put_all(MANY);
	bufpool_fini();
	heap_calls = 0;
	get_all(MANY);
	cr_expect_eq(heap_calls, MANY);
	put_all(MANY);
}
#elif defined(PROBE_ASAN)
/* What --enable-arena-debug is for.  ASan ends the process with status 1. */
Test(bufpool, a_use_after_put_is_seen, .exit_code = 1)
{
	volatile uint8_t *b = bufpool_get();

	bufpool_put((uint8_t *)b);
	b[0] = 0;
}

Test(bufpool, an_overrun_by_one_byte_is_seen, .exit_code = 1)
{
	volatile uint8_t *b = bufpool_get();

	b[BUFPOOL_SIZE] = 0;
}
#endif

#ifndef ARENA_DEBUG		/* nothing is kept there */
Test(bufpool, what_is_kept_can_be_wiped)
{
	uint8_t *b = bufpool_get();
	unsigned i;

	cr_assert_not_null(b);
	memset(b, 1, BUFPOOL_SIZE);
	bufpool_put(b);
	cr_assert_eq(b[100], 1);
	bufpool_thread_wipe();
	for (i = 0; i < BUFPOOL_SIZE; i++)
		cr_assert_eq(b[i], 0);
	cr_assert_eq(bufpool_get(), b);
	memset(b, 1, BUFPOOL_SIZE);
	bufpool_wiping(true);
	bufpool_put(b);
	bufpool_wiping(false);
	for (i = 0; i < BUFPOOL_SIZE; i++)
		cr_assert_eq(b[i], 0);
	bufpool_fini();
}
#endif
