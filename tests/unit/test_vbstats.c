#include "config.h"

#include <stdint.h>
#include <string.h>

#include <criterion/criterion.h>

#include "bench/vb_rng.h"
#include "bench/vb_stats.h"

/* Whatever order the samples come in. */
static void
count_down(double *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		v[i] = (double)(n - i);
}

Test(vbstats, the_median_is_the_middle_or_halfway)
{
	double odd[] = { 9, 1, 5 }, even[] = { 9, 1, 5, 2 };
	struct vb_summary s;

	vb_stats_summary(odd, 3, &s);
	cr_expect_eq(s.median, 5);
	cr_expect_eq(s.min, 1);
	cr_expect_eq(s.max, 9);
	vb_stats_summary(even, 4, &s);
	cr_expect_eq(s.median, 3.5);
}

/*
 * From exact sums of C(n, k), in integers: twice what lies below the lower
 * rank, of 2^n.
 */
Test(vbstats, the_interval_has_the_ranks_of_the_tables)
{
	static const struct {
		size_t	n, lower;
		double	confidence;
	} known[] = {
		{ 6, 1, 1 - 2.0 / 64 },
		{ 7, 1, 1 - 2.0 / 128 },
		{ 8, 1, 1 - 2.0 / 256 },
		{ 9, 2, 1 - 20.0 / 512 },
		{ 10, 2, 1 - 22.0 / 1024 },
		{ 11, 2, 1 - 24.0 / 2048 },
		{ 12, 3, 1 - 158.0 / 4096 },
		{ 15, 4, 1 - 1152.0 / 32768 },
		{ 20, 6, 1 - 43400.0 / 1048576 },
	};
	double confidence;
	size_t i, rank;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		confidence = vb_stats_rank(known[i].n, &rank);
		cr_expect_eq(rank, known[i].lower, "%zu samples: rank %zu",
		    known[i].n, rank);
		cr_expect_float_eq(confidence, known[i].confidence, 1e-12,
		    "%zu samples: %.9f", known[i].n, confidence);
	}
	(void)vb_stats_rank(50, &rank);
	cr_expect_eq(rank, 18);
	(void)vb_stats_rank(100, &rank);
	cr_expect_eq(rank, 40);
}

Test(vbstats, one_rank_further_in_would_not_be_95_in_100)
{
	double v[VB_STATS_MAX], inside, below, term;
	struct vb_summary s;
	size_t n, k, rank;

	for (n = 6; n <= VB_STATS_MAX; n++) {
		inside = vb_stats_rank(n, &rank);
		cr_expect_geq(inside, 0.95, "%zu samples", n);
		for (below = 0, term = 1, k = 0; k < n; k++)
			term /= 2;
		for (k = 0; k <= rank; k++) {
			below += term;
			term = term * (double)(n - k) / (double)(k + 1);
		}
		cr_expect_lt(1 - 2 * below, 0.95, "%zu samples", n);
	}
	count_down(v, 50);
	vb_stats_summary(v, 50, &s);
	cr_expect_eq(s.lo, 18);
	cr_expect_eq(s.hi, 33);
	cr_expect_eq(s.median, 25.5);
}

Test(vbstats, five_samples_have_bounds_but_no_confidence)
{
	struct vb_summary s;
	double v[5];
	size_t n;

	for (n = 1; n <= 5; n++) {
		count_down(v, n);
		vb_stats_summary(v, n, &s);
		cr_expect_eq(s.confidence, 0);
		cr_expect_eq(s.lo, 1);
		cr_expect_eq(s.hi, (double)n);
	}
}

Test(vbstats, a_percentile_is_a_value_that_was_seen)
{
	double v[10], one = 7;

	count_down(v, 10);
	cr_expect_eq(vb_stats_percentile(v, 10, 50), 5);
	cr_expect_eq(vb_stats_percentile(v, 10, 90), 9);
	cr_expect_eq(vb_stats_percentile(v, 10, 99), 10);
	cr_expect_eq(vb_stats_percentile(v, 10, 100), 10);
	cr_expect_eq(vb_stats_percentile(v, 10, 0), 1);
	cr_expect_eq(vb_stats_percentile(&one, 1, 50), 7);
}

Test(vbstats, a_count_of_an_even_number_of_runs_is_one_of_them)
{
	uint64_t v[] = { 40, 10, 30, 20 };

	cr_expect_eq(vb_stats_count(v, 4), 20);
}

/* The reference's own first numbers for this seed. */
Test(vbrng, it_is_splitmix64)
{
	static const uint64_t known[] = { 6457827717110365317u,
	    3203168211198807973u, 9817491932198370423u, 4593380528125082431u,
	    16408922859458223821u };
	struct vb_rng r;
	size_t i;

	vb_rng_init(&r, 1234567);
	for (i = 0; i < 5; i++)
		cr_expect_eq(vb_rng_next(&r), known[i]);
}

Test(vbrng, content_is_the_same_from_wherever_it_is_begun)
{
	uint8_t whole[100], piece[100];
	size_t off, len;
	int text;

	for (text = 0; text < 2; text++) {
		vb_rng_fill(7, text, 0, whole, sizeof(whole));
		for (off = 0; off < 20; off++) {
			for (len = 1; len < 40; len++) {
				vb_rng_fill(7, text, off, piece, len);
				cr_assert_eq(memcmp(piece, whole + off, len),
				    0);
			}
		}
		vb_rng_fill(8, text, 0, piece, sizeof(piece));
		cr_expect_neq(memcmp(piece, whole, sizeof(whole)), 0);
	}
}

Test(vbrng, text_has_no_odd_bytes)
{
	uint8_t text[4096];
	size_t i;

	vb_rng_fill(3, true, 0, text, sizeof(text));
	for (i = 0; i < sizeof(text); i++)
		cr_assert(text[i] == '\n' || (text[i] >= ' ' &&
		    text[i] <= '~'), "byte %zu is 0x%02x", i, text[i]);
}

Test(vbrng, a_range_has_both_its_ends)
{
	unsigned seen[4] = { 0 }, i;
	struct vb_rng r;
	uint64_t n;

	vb_rng_init(&r, 1);
	for (i = 0; i < 1000; i++) {
		n = vb_rng_range(&r, 10, 13);
		cr_assert(n >= 10 && n <= 13);
		seen[n - 10]++;
	}
	for (i = 0; i < 4; i++)
		cr_expect_gt(seen[i], 200);
}
