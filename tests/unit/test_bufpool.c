#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "base/bufpool.h"
#include "base/bufslab.h"
#include "base/tune.h"
#include "tests/unit/probe.h"

enum { MANY = BUFPOOL_LOCAL + BUFPOOL_SHARED + 50 };

static uint8_t *bufs[MANY];

/* The heap, seen by us: what is linked before the C library goes first. */
static bool heap_empty;

int
posix_memalign(void **p, size_t align, size_t size)
{
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
	struct rlimit r, none = { 0, 0 };
	uint8_t *b;

	heap_empty = true;
	cr_assert_eq(getrlimit(RLIMIT_AS, &r), 0);
	none.rlim_max = r.rlim_max;
#ifndef ARENA_DEBUG		/* whose buffers are the heap's */
	cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
#endif
	b = bufpool_get();
	(void)setrlimit(RLIMIT_AS, &r);
	heap_empty = false;
	cr_expect_null(b);
	cr_expect_eq(bufpool_in_use(), 0);
	get_all(1);
	put_all(1);
}

#ifndef ARENA_DEBUG
/* What a pool gives up is zeroed, so a mark tells what it has kept. */
static void
mark_all(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		bufs[i][0] = 0xa5;
}

static size_t
marked(size_t n)
{
	size_t i, found = 0;

	for (i = 0; i < n; i++)
		found += bufs[i][0] == 0xa5;
	return found;
}

Test(bufpool, one_read_after_another_has_the_same_buffers)
{
	size_t round;

	get_all(BUFPOOL_LOCAL);
	cr_expect_eq(marked(BUFPOOL_LOCAL), 0);
	mark_all(BUFPOOL_LOCAL);
	put_all(BUFPOOL_LOCAL);
	for (round = 0; round < 10; round++) {
		get_all(BUFPOOL_LOCAL);
		cr_expect_eq(marked(BUFPOOL_LOCAL), BUFPOOL_LOCAL);
		put_all(BUFPOOL_LOCAL);
	}
	cr_expect_eq(bufslab_mapped(), (BUFPOOL_LOCAL + BUFSLAB_COUNT - 1) /
	    BUFSLAB_COUNT);
}

/* A switch of experiments: what was taken before can be put after it. */
Test(bufpool, with_the_switch_off_in_between_all_find_home)
{
	get_all(60);
	cr_assert_eq(tune_set("no-pool", NULL), 0);
	put_all(60);
	cr_expect_eq(bufpool_kept(), 0);
	get_all(60);
	cr_expect_eq(bufslab_mapped(), 1);	/* the one that is kept */
	cr_assert_eq(tune_set("", NULL), 0);
	put_all(60);
	cr_expect_eq(bufpool_in_use(), 0);
	bufpool_fini();
	cr_expect_eq(bufslab_mapped(), 0);
}

Test(bufpool, what_one_thread_puts_too_much_serves_the_others)
{
	pthread_t t;
	size_t n = 200;

	/* what the other thread keeps until its end is given up */
	get_all(n);
	mark_all(n);
	cr_assert_eq(pthread_create(&t, NULL, put_some, &n), 0);
	pthread_join(t, NULL);
	get_all(n - BUFPOOL_LOCAL);
	cr_expect_eq(marked(n - BUFPOOL_LOCAL), n - BUFPOOL_LOCAL);
	put_all(n - BUFPOOL_LOCAL);
}

Test(bufpool, what_is_kept_is_bounded)
{
	get_all(MANY);
	mark_all(MANY);
	put_all(MANY);
	cr_expect_leq(bufpool_kept(), BUFPOOL_LOCAL + BUFPOOL_SHARED);
	get_all(MANY);
	cr_expect_leq(marked(MANY), BUFPOOL_LOCAL + BUFPOOL_SHARED);
	cr_expect_gt(marked(MANY), MANY - 50 - BUFPOOL_LOCAL);
	put_all(MANY);
}

Test(bufpool, nothing_is_kept_once_all_is_given_back)
{
	get_all(MANY);
	mark_all(MANY);
	put_all(MANY);
	bufpool_fini();
	cr_expect_eq(bufpool_kept(), 0);
	cr_expect_eq(bufslab_mapped(), 0);
	get_all(MANY);
	cr_expect_eq(marked(MANY), 0);
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
