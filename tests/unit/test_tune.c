#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/arena.h"
#include "base/bufpool.h"
#include "base/tune.h"
#include "base/verr.h"

static void
set(const char *list)
{
	struct verr e;

	cr_assert_eq(tune_set(list, &e), 0, "%s: %s", list, e.text);
}

static unsigned
count_off(void)
{
	unsigned t, n = 0;

	for (t = 0; t < TUNE_COUNT; t++)
		n += tune_off((enum tune)t);
	return n;
}

Test(tune, everything_is_on_until_it_is_switched_off)
{
	cr_expect_eq(count_off(), 0);
	set("");
	cr_expect_eq(count_off(), 0);
}

Test(tune, a_list_switches_off_what_it_names_and_nothing_else)
{
	set("no-arena,malloc=libc");
	cr_expect(tune_off(TUNE_ARENA));
	cr_expect(tune_off(TUNE_MALLOC));
	cr_expect_eq(count_off(), 2);
	set("no-batch");
	cr_expect(tune_off(TUNE_BATCH));
	cr_expect_eq(count_off(), 1, "the last list is what counts");
}

Test(tune, an_unknown_word_is_named_with_all_that_are_known)
{
	struct verr e;

	set("no-pool");
	cr_assert_eq(tune_set("no-arena,no-such-thing", &e), -1);
	cr_expect_eq(e.code, VERR_INVAL);
	cr_expect(strstr(e.text, "\"no-such-thing\"") != NULL, "%s", e.text);
	cr_expect(strstr(e.text, tune_words()) != NULL, "%s", e.text);
	cr_expect(tune_off(TUNE_POOL) && !tune_off(TUNE_ARENA),
	    "a list is taken whole or not at all");
	cr_assert_eq(tune_set("no-such-thing-however-long-it-may-be", &e), -1);
	cr_expect(strstr(e.text, tune_words()) != NULL, "%s", e.text);
}

Test(tune, half_a_word_an_empty_one_and_a_comma_at_the_end_are_refused)
{
	static const char *const bad[] = {
		"no-aren", "no-arenas", ",no-arena", "no-arena,,no-pool",
		"no-arena,", ",", "no-arena no-pool", "arena"
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(tune_set(bad[i], NULL), -1, "%s", bad[i]);
}

/* Each word of the list that people are shown is one, and none is missing. */
Test(tune, the_words_that_are_shown_are_those_that_are_known)
{
	char text[512], *word, *rest;
	unsigned all = 0, n = 0;

	strcpy(text, tune_words());
	for (word = strtok_r(text, " ", &rest); word != NULL;
	    word = strtok_r(NULL, " ", &rest)) {
		set(word);
		cr_expect_eq(count_off(), 1, "%s", word);
		all |= tune_mask;
		n++;
	}
	cr_expect_eq(n, (unsigned)TUNE_COUNT);
	cr_expect_eq(all, (1u << TUNE_COUNT) - 1);
}

Test(tune, without_the_arena_each_piece_counts_and_ends_as_before)
{
	struct arena *a;
	char *p, *q;

	set("no-arena");
	cr_assert_not_null(a = arena_new(1000));
	cr_assert_not_null(p = arena_alloc(a, 100));
	cr_assert_not_null(q = arena_strndup(a, "abc", 3));
	memset(p, 1, 100);
	cr_expect_str_eq(q, "abc");
	cr_expect_geq(arena_used(a), 104);
	cr_expect_null(arena_alloc(a, 1000));
	cr_expect(arena_overflowed(a));
	arena_reset(a);
	cr_expect_eq(arena_used(a), 0);
	cr_expect_not(arena_overflowed(a));
	cr_expect_not_null(arena_alloc(a, 1000));
	arena_free(a);
}

/* An arena is of one kind for its life, whatever is switched meanwhile. */
Test(tune, an_arena_that_is_there_stays_what_it_is)
{
	struct arena *a, *b;

	cr_assert_not_null(a = arena_new(100000));
	cr_assert_not_null(arena_alloc(a, 50000));
	set("no-arena");
	cr_assert_not_null(b = arena_new(100000));
	cr_assert_not_null(arena_alloc(a, 500));
	cr_assert_not_null(arena_alloc(b, 50000));
	set("");
	arena_reset(a);
	arena_reset(b);
	cr_assert_not_null(arena_alloc(b, 500));
	arena_free(a);
	arena_free(b);
}

Test(tune, without_the_pool_no_buffer_is_kept)
{
	uint8_t *p;

	set("no-pool");
	cr_assert_not_null(p = bufpool_get());
	memset(p, 1, BUFPOOL_SIZE);
	cr_expect_eq((uintptr_t)p % 64, 0);
	cr_expect_eq(bufpool_in_use(), 1);
	bufpool_put(p);
	cr_expect_eq(bufpool_in_use(), 0);
	cr_expect_eq(bufpool_kept(), 0);
	bufpool_put(bufpool_get());
	cr_expect_eq(bufpool_kept(), 0);
	set("");
	bufpool_put(bufpool_get());
#ifndef ARENA_DEBUG
	cr_expect_eq(bufpool_kept(), 1);
#endif
	bufpool_fini();
}
