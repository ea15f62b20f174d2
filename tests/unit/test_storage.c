#include "config.h"

#include <criterion/criterion.h>

#include "nfsd/storage.h"

#define SLOW	20000u

static struct storage s;
static uint64_t now = 1000000;

static void
setup(void)
{
	storage_init(&s, "test", SLOW);
}

TestSuite(storage, .init = setup);

static void
loop(uint64_t us)
{
	now += us;
	storage_loop_took(&s, us, now);
}

static void
worker(uint64_t us, unsigned n)
{
	while (n-- > 0) {
		now += us;
		storage_worker_took(&s, us, now, true);
	}
}

Test(storage, it_is_quick_until_a_call_on_the_loop_was_not)
{
	unsigned i;

	for (i = 0; i < 100000; i++)
		loop(i % 100 == 0 ? 900 : 5);
	cr_expect_eq(storage_state(&s), STORAGE_QUICK);
	worker(1000000, 3);
	cr_expect_eq(storage_state(&s), STORAGE_QUICK,
	    "what workers wait for delays no loop");
	loop(SLOW);
	cr_expect_eq(storage_state(&s), STORAGE_SUSPECT);
}

Test(storage, many_calls_that_take_a_little_are_too_slow_as_well)
{
	unsigned i;

	for (i = 0; i < 5; i++)
		loop(SLOW / 8);
	cr_expect_eq(storage_state(&s), STORAGE_QUICK);
	for (i = 0; i < 100; i++)
		loop(SLOW / 8);
	cr_expect_eq(storage_state(&s), STORAGE_SUSPECT);
}

Test(storage, only_a_slow_worker_shows_that_it_was_not_the_processor)
{
	loop(SLOW);
	worker(50, STORAGE_GOOD - 1);
	cr_expect_eq(storage_state(&s), STORAGE_SUSPECT);
	worker(50, 1);
	cr_expect_eq(storage_state(&s), STORAGE_QUICK);
	now += 120000000;
	loop(SLOW);
	worker(SLOW / 2, 1);
	cr_expect_eq(storage_state(&s), STORAGE_SLOW);
}

Test(storage, it_is_quick_again_after_so_many_quick_calls_in_a_row)
{
	loop(SLOW);
	worker(SLOW, 2);
	worker(50, STORAGE_GOOD - 1);
	worker(SLOW / 5, 1);			/* not quick, not slow */
	worker(50, STORAGE_GOOD - 1);
	cr_expect_eq(storage_state(&s), STORAGE_SLOW);
	worker(50, 1);
	cr_expect_eq(storage_state(&s), STORAGE_QUICK);
}

Test(storage, who_relapses_has_to_prove_more)
{
	unsigned need = STORAGE_GOOD, i;

	for (i = 0; i < 10; i++) {
		loop(SLOW);
		cr_assert_eq(storage_state(&s), STORAGE_SUSPECT);
		worker(50, need - 1);
		cr_assert_eq(storage_state(&s), STORAGE_SUSPECT, "%u", i);
		worker(50, 1);
		cr_assert_eq(storage_state(&s), STORAGE_QUICK, "%u", i);
		need = 2 * need > STORAGE_GOOD_MAX ? STORAGE_GOOD_MAX :
		    2 * need;
	}
	now += 61000000;
	loop(SLOW);
	worker(50, STORAGE_GOOD);
	cr_expect_eq(storage_state(&s), STORAGE_QUICK);
}

Test(storage, what_searches_shows_only_that_it_is_quick)
{
	loop(SLOW);
	worker(50, STORAGE_GOOD - 1);
	storage_worker_took(&s, 10 * SLOW, now, false);
	cr_expect_eq(storage_state(&s), STORAGE_SUSPECT);
	storage_worker_took(&s, 50, now, false);
	cr_expect_eq(storage_state(&s), STORAGE_QUICK);
}

Test(storage, it_can_be_told_never_to_be_slow)
{
	storage_init(&s, "test", UINT32_MAX);
	loop(UINT64_C(60000000));
	cr_expect_eq(storage_state(&s), STORAGE_QUICK);
}

/* -- changes */

static void
change(uint64_t us, unsigned n)
{
	while (n-- > 0) {
		now += us;
		storage_change_took(&s, us, now);
	}
}

Test(storage, loops_make_changes_once_workers_made_some_quickly)
{
	cr_expect_not(storage_may_change(&s), "nothing is known of it");
	change(20, STORAGE_GOOD - 1);
	cr_expect_not(storage_may_change(&s));
	change(STORAGE_CHANGE_US + 1, 1);
	change(20, STORAGE_GOOD - 1);
	cr_expect_not(storage_may_change(&s), "they have to be in a row");
	change(STORAGE_CHANGE_US, 1);
	cr_expect(storage_may_change(&s));
	change(20, 100000);
	cr_expect(storage_may_change(&s));
}

Test(storage, after_a_slow_change_it_takes_some_and_after_another_twice_as_many)
{
	unsigned n;

	change(20, STORAGE_GOOD);
	for (n = STORAGE_GOOD; n < 2 * STORAGE_GOOD_MAX; n *= 2) {
		change(5000, 1);
		cr_expect_not(storage_may_change(&s));
		change(20, (n < STORAGE_GOOD_MAX ? n : STORAGE_GOOD_MAX) - 1);
		cr_expect_not(storage_may_change(&s), "%u", n);
		change(20, 1);
		cr_expect(storage_may_change(&s), "%u", n);
	}
	now += 61000000;
	change(5000, 1);
	change(20, STORAGE_GOOD);
	cr_expect(storage_may_change(&s), "a minute without is forgiven");
}

static void
hand_over(uint64_t us, unsigned n)
{
	while (n-- > 0)
		storage_handed_over(&s, us);
}

Test(storage, where_a_hand_over_takes_long_a_change_may_take_longer)
{
	cr_expect_eq(storage_change_limit(&s), STORAGE_CHANGE_US);
	hand_over(15, STORAGE_WAYS);
	cr_expect_eq(storage_change_limit(&s), STORAGE_CHANGE_US);
	hand_over(80, STORAGE_WAYS);
	cr_expect_eq(storage_change_limit(&s), 4000);
	change(4000, STORAGE_GOOD);
	cr_expect(storage_may_change(&s));
	change(4001, 1);
	cr_expect_not(storage_may_change(&s));
	hand_over(UINT64_C(1) << 40, STORAGE_WAYS);
	cr_expect_eq(storage_change_limit(&s), STORAGE_CHANGE_MAX_US);
	hand_over(15, STORAGE_WAYS);
	cr_expect_eq(storage_change_limit(&s), STORAGE_CHANGE_US);
}

/* A busy machine makes most of them late, not all. */
Test(storage, the_shortest_of_some_hand_overs_counts)
{
	hand_over(5000, STORAGE_WAYS - 1);
	cr_expect_eq(storage_change_limit(&s), STORAGE_CHANGE_US);
	hand_over(15, 1);
	cr_expect_eq(storage_change_limit(&s), STORAGE_CHANGE_US);
	hand_over(5000, STORAGE_WAYS - 1);
	hand_over(60, 1);
	cr_expect_eq(storage_change_limit(&s), 3000);
}

Test(storage, slow_changes_say_nothing_of_looks)
{
	change(1000000, 10);
	cr_expect_eq(storage_state(&s), STORAGE_QUICK);
}
