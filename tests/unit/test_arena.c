#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/arena.h"
#include "tests/unit/probe.h"

#ifdef PROBE_ASAN
/* A size that the heap cannot give is a NULL here too. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
#endif

#define MAX	((size_t)1024 * 1024)

static struct arena *a;

static void
setup(void)
{
	a = arena_new(MAX);
	cr_assert_not_null(a);
}

static void
teardown(void)
{
	arena_free(a);
}

TestSuite(arena, .init = setup, .fini = teardown);

Test(arena, every_allocation_is_aligned_for_any_type)
{
	size_t i;

	for (i = 0; i < 200; i++) {
		void *p = arena_alloc(a, i);

		cr_assert_not_null(p);
		cr_expect_eq((uintptr_t)p % _Alignof(max_align_t), 0);
	}
}

Test(arena, allocations_do_not_overlap_across_blocks)
{
	static const size_t sizes[] = { 1, 15, 16, 17, 4000, 9000, 20000, 3 };
	enum { N = 64 };
	unsigned char *p[N];
	size_t i, j, len;

	for (i = 0; i < N; i++) {
		len = sizes[i % 8];
		p[i] = arena_alloc(a, len);
		cr_assert_not_null(p[i]);
		memset(p[i], (int)i, len);
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < sizes[i % 8]; j++)
			cr_assert_eq(p[i][j], i);
}

Test(arena, zero_bytes_give_a_valid_pointer)
{
	cr_expect_not_null(arena_alloc(a, 0));
	cr_expect_not_null(arena_zalloc(a, 0));
	cr_expect_eq(arena_used(a), 0);
	cr_assert_not_null(arena_alloc(a, MAX));
	cr_expect_not_null(arena_alloc(a, 0), "even when it is full");
	cr_expect_not(arena_overflowed(a));
}

Test(arena, it_can_be_filled_to_the_last_byte_in_small_pieces)
{
	size_t i;

	for (i = 0; i < MAX / 1024; i++)
		cr_assert_not_null(arena_alloc(a, 1024));
	cr_expect_eq(arena_used(a), MAX);
	cr_expect_not(arena_overflowed(a));
	cr_expect_null(arena_alloc(a, 1));
	cr_expect(arena_overflowed(a));
}

Test(arena, it_can_be_filled_by_pieces_that_waste_the_ends_of_blocks)
{
	size_t i;

	/* three of these never share a block of 16 KiB, and some not 32 KiB */
	for (i = 0; i < MAX / (11 * 1024); i++)
		cr_assert_not_null(arena_alloc(a, 11 * 1024));
	cr_expect_not_null(arena_alloc(a, MAX - arena_used(a)));
	cr_expect_not(arena_overflowed(a));
}

Test(arena, a_full_arena_stays_overflowed_until_reset)
{
	cr_assert_null(arena_alloc(a, MAX + 1));
	cr_expect_not_null(arena_alloc(a, 16), "small ones still fit");
	cr_expect(arena_overflowed(a));

	arena_reset(a);
	cr_expect_not(arena_overflowed(a));
	cr_expect_eq(arena_used(a), 0);
	cr_expect_not_null(arena_alloc(a, MAX));
}

Test(arena, a_size_near_the_limit_of_size_t_does_not_wrap)
{
	size_t i;

	cr_assert_not_null(arena_alloc(a, 4096));
	for (i = 0; i < 40; i++) {
		cr_expect_null(arena_alloc(a, SIZE_MAX - i));
		cr_expect_null(arena_zalloc(a, SIZE_MAX / 2 + 1 - i));
	}
	cr_expect(arena_overflowed(a));
	arena_reset(a);
	cr_expect_null(arena_strndup(a, "x", SIZE_MAX));
	cr_expect(arena_overflowed(a));
	arena_reset(a);
	cr_expect_null(arena_strndup(a, "x", SIZE_MAX - 1));
	cr_expect(arena_overflowed(a));
}

Test(arena, what_the_heap_refuses_is_an_overflow)
{
	struct arena *huge = arena_new(SIZE_MAX);

	cr_assert_not_null(huge);
	cr_expect_null(arena_alloc(huge, SIZE_MAX / 8));
	cr_expect(arena_overflowed(huge));
	cr_expect_eq(arena_used(huge), 0);
	cr_expect_not_null(arena_alloc(huge, 100), "and the arena still works");
	arena_free(huge);
}

Test(arena, a_bound_below_one_block_holds)
{
	struct arena *small = arena_new(1000);

	cr_assert_not_null(small);
	cr_expect_not_null(arena_alloc(small, 1000));
	cr_expect_null(arena_alloc(small, 1000));
	arena_free(small);

	small = arena_new(0);
	cr_assert_not_null(small);
	cr_expect_null(arena_alloc(small, 1));
	arena_free(small);
}

Test(arena, cleared_memory_is_clear_after_a_reset_too)
{
	static const unsigned char zero[3000];
	void *p;

	p = arena_alloc(a, sizeof(zero));
	cr_assert_not_null(p);
	memset(p, 0xff, sizeof(zero));
	arena_reset(a);
	p = arena_zalloc(a, sizeof(zero));
	cr_assert_not_null(p);
	cr_expect_arr_eq(p, zero, sizeof(zero));
}

Test(arena, a_copied_string_ends_where_it_is_told_to)
{
	char *s = arena_strndup(a, "abcdef", 3);

	cr_assert_not_null(s);
	cr_expect_str_eq(s, "abc");
	s = arena_strndup(a, NULL, 0);
	cr_assert_not_null(s);
	cr_expect_str_eq(s, "");
}

Test(arena, formatted_text_of_any_length_is_whole)
{
	/* around the length that is formatted on the stack first */
	static const int widths[] = { 0, 1, 254, 255, 256, 257, 5000, 70000 };
	size_t i;
	char *s;

	for (i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		s = arena_printf(a, "%*s", widths[i], "");
		cr_assert_not_null(s);
		cr_expect_eq(strlen(s), (size_t)widths[i]);
	}
	cr_expect_str_eq(arena_printf(a, "%s/%d", "dir", 7), "dir/7");
}

Test(arena, formatted_text_that_does_not_fit_is_an_overflow)
{
	cr_assert_not_null(arena_alloc(a, MAX - 512));
	cr_expect_null(arena_printf(a, "%*s", 600, ""));
	cr_expect(arena_overflowed(a));
}

Test(arena, freeing_null_does_nothing)
{
	arena_free(NULL);
}

#ifndef ARENA_DEBUG
Test(arena, the_same_request_again_gets_the_same_memory)
{
	static const size_t sizes[] = { 100, 12000, 8000, 20000, 500 };
	void *p[5], *plug[15];
	size_t i, round;

	/* 40 KiB in several blocks: all are kept, so nothing is allocated */
	for (i = 0; i < 5; i++)
		p[i] = arena_alloc(a, sizes[i]);
	for (round = 0; round < 3; round++) {
		arena_reset(a);
		/* had a block gone to the heap, this would take its place */
		for (i = 0; i < 5; i++)
			plug[5 * round + i] = malloc(sizes[i]);
		for (i = 0; i < 5; i++)
			cr_expect_eq(arena_alloc(a, sizes[i]), p[i]);
	}
	for (i = 0; i < 15; i++)
		free(plug[i]);
}

Test(arena, a_reset_gives_back_all_but_what_is_kept)
{
	size_t before, size;

	if ((before = probe_heap_bytes()) == 0)
		cr_skip_test("this heap tells nothing");
	for (size = 1; size <= MAX; size *= 2) {
		cr_assert_not_null(arena_alloc(a, size));
		cr_assert_not_null(arena_alloc(a, MAX - arena_used(a)));
		arena_reset(a);
		cr_assert_leq(probe_heap_bytes(), before + ARENA_KEEP);
	}
}

Test(arena, the_blocks_of_a_full_arena_are_below_twice_its_bound)
{
	size_t before, size;

	if ((before = probe_heap_bytes()) == 0)
		cr_skip_test("this heap tells nothing");
	/* sizes that leave much unused at the ends of blocks */
	for (size = 100; size < MAX / 2; size = size * 5 / 4) {
		while (arena_alloc(a, size) != NULL)
			;
		cr_assert_lt(probe_heap_bytes(), before + 2 * MAX + ARENA_KEEP);
		arena_reset(a);
	}
}
#elif defined(PROBE_ASAN)
/* What --enable-arena-debug is for.  ASan ends the process with status 1. */
Test(arena, an_overrun_by_one_byte_is_seen, .exit_code = 1)
{
	volatile char *p = arena_alloc(a, 13);

	p[13] = 0;
}

Test(arena, an_underrun_by_one_byte_is_seen, .exit_code = 1)
{
	volatile char *p = arena_alloc(a, 13);

	p[-1] = 0;
}

Test(arena, a_use_after_reset_is_seen, .exit_code = 1)
{
	volatile char *p = arena_alloc(a, 13);

	arena_reset(a);
	p[0] = 0;
}
#endif

Test(arena, a_wipe_leaves_nothing_of_what_was_handed_out)
{
	struct arena *w = arena_new(100000);
	char *p, *q;
	size_t i;

	cr_assert_not_null(p = arena_alloc(w, 5000));
	memset(p, 1, 5000);
	cr_assert_not_null(q = arena_alloc(w, 20000));
	memset(q, 1, 20000);
	arena_wipe(w);
	cr_expect_eq(arena_used(w), 0);
#ifndef ARENA_DEBUG
	for (i = 0; i < 5000; i++)
		cr_assert_eq(p[i], 0);
	for (i = 0; i < 20000; i++)
		cr_assert_eq(q[i], 0);
#else
	(void)i;
#endif
	cr_assert_not_null(arena_alloc(w, 5000));
	arena_free(w);
}
