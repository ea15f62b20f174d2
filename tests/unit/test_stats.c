#include "config.h"

#include <criterion/criterion.h>

#include "nfsd/stats.h"

Test(stats, every_latency_is_in_a_bucket_not_a_quarter_wider_than_itself)
{
	uint64_t us, top;
	unsigned b, last = 0;

	for (us = 0; us < 1u << 25; us += us < 5000 ? 1 : us / 997) {
		b = stats_bucket(us);
		cr_assert_lt(b, STATS_BUCKETS);
		cr_assert_geq(b, last);
		cr_assert_leq(b, last + 1);
		top = stats_bucket_us(b);
		cr_assert_geq(top, us);
		cr_assert_leq(top, us + us / 4 + 1);
		cr_assert_eq(stats_bucket(top), b);
		cr_assert_eq(stats_bucket(top + 1),
		    b + 1 < STATS_BUCKETS ? b + 1 : b);
		last = b;
	}
	cr_assert_eq(last, STATS_BUCKETS - 1);
}

Test(stats, a_latency_without_end_is_in_the_last_bucket)
{
	cr_assert_eq(stats_bucket(1u << 25), STATS_BUCKETS - 1);
	cr_assert_eq(stats_bucket(UINT64_MAX), STATS_BUCKETS - 1);
}

Test(stats, a_quantile_is_the_rank_among_all_calls)
{
	uint64_t n[STATS_BUCKETS] = { 0 };

	cr_assert_eq(stats_quantile(n, 500), 0);
	n[stats_bucket(1)] = 1;
	cr_assert_eq(stats_quantile(n, 1), 1);
	cr_assert_eq(stats_quantile(n, 500), 1);
	cr_assert_eq(stats_quantile(n, 1000), 1);
	n[stats_bucket(1)] = 90;
	n[stats_bucket(3)] = 9;
	n[stats_bucket(1000000)] = 1;
	cr_assert_eq(stats_quantile(n, 500), 1);
	cr_assert_eq(stats_quantile(n, 900), 1);
	cr_assert_eq(stats_quantile(n, 901), 3);
	cr_assert_eq(stats_quantile(n, 990), 3);
	cr_assert_eq(stats_quantile(n, 991),
	    stats_bucket_us(stats_bucket(1000000)));
}

Test(stats, counts_of_two_loops_are_added_and_their_longest_kept)
{
	static struct stats a, b;
	uint64_t n[STATS_BUCKETS] = { 0 }, max = 0;

	stats_took(&a, 3, 7);
	stats_took(&a, 3, 7);
	stats_took(&b, 3, 7);
	stats_took(&b, 3, 900);
	stats_took(&b, 4, 100000);
	stats_sum_took(&a, 3, n, &max);
	stats_sum_took(&b, 3, n, &max);
	cr_assert_eq(max, 900);
	cr_assert_eq(n[stats_bucket(7)], 3);
	cr_assert_eq(n[stats_bucket(900)], 1);
	cr_assert_eq(n[stats_bucket(100000)], 0);
}

Test(stats, the_longest_callback_can_be_measured_anew)
{
	static struct stats st;

	stats_max(&st.loop_max_us, 500);
	stats_max(&st.loop_max_us, 20);
	cr_assert_eq(atomic_load(&st.loop_max_us), 500);
	stats_reset_max(&st);
	stats_max(&st.loop_max_us, 20);
	cr_assert_eq(atomic_load(&st.loop_max_us), 20);
}
