/*
 * test_nl.c - nfsload's histogram and pattern: a plain program.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/nl_hist.h"
#include "bench/nl_pattern.h"

#define N	20000

static unsigned bad;

static void
expect(bool ok, const char *what, uint64_t got, uint64_t want)
{
	if (ok)
		return;
	bad++;
	printf("# %s: %" PRIu64 ", not %" PRIu64 "\n", what, got, want);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Against sorting, for values of every size up to 2^40. */
static void
percentiles_are_right_to_two_percent(void)
{
	static const double part[] = { 0.01, 0.5, 0.9, 0.99, 0.999, 1 };
	static struct nl_hist h, half, none;
	static uint64_t v[N];
	uint64_t rng = 7, got, want;
	size_t i;

	for (i = 0; i < N; i++) {
		rng = rng * UINT64_C(6364136223846793005) + 1442695041;
		v[i] = (rng >> 24) >> (rng >> 58) % 40;
		nl_hist_add(i % 2 == 0 ? &h : &half, v[i]);
	}
	nl_hist_merge(&h, &half);
	qsort(v, N, sizeof(v[0]), compare);
	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		got = nl_hist_at(&h, part[i]);
		want = v[(size_t)(part[i] * N + 0.5) - 1];
		expect(got <= want + want / 50 && want <= got + got / 50 + 1,
		    "percentile", got, want);
	}
	expect(h.n == N, "values", h.n, N);
	expect(h.max == v[N - 1], "largest", h.max, v[N - 1]);
	expect(nl_hist_at(&none, 0.5) == 0, "of nothing", 1, 0);
}

/* Bytes are a function of file, age and offset; slices agree. */
static void
a_pattern_says_where_it_is_from(void)
{
	uint64_t a = nl_pattern_file("a", 0), b = nl_pattern_file("b", 0);
	uint64_t later = nl_pattern_file("a", 1), off;

	for (off = 0; off < UINT64_C(5) << 20; off += 32768) {
		expect(memcmp(nl_pattern_at(a, off), nl_pattern_at(b, off),
		    64) != 0, "another file is the same at", off, 0);
		expect(memcmp(nl_pattern_at(a, off), nl_pattern_at(later, off),
		    64) != 0, "another age is the same at", off, 0);
		expect(memcmp(nl_pattern_at(a, off), nl_pattern_at(a,
		    off + 32768), 64) != 0, "the next chunk is the same at",
		    off, 0);
		expect(memcmp(nl_pattern_at(a, off) + 777, nl_pattern_at(a,
		    off + 777), NL_PATTERN_MAX - 777) == 0,
		    "slices differ at", off, 0);
	}
}

int
main(void)
{
	if (!nl_pattern_init())
		return 1;
	percentiles_are_right_to_two_percent();
	a_pattern_says_where_it_is_from();
	nl_pattern_fini();
	return bad > 0;
}
