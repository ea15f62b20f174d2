/*
 * vb_stats.c - median, interval by ranks, percentiles.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "bench/vb_stats.h"

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int
by_count(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * The median is below the sample of rank r with the probability that fewer
 * than r of n samples fall below it: the sum of C(n, k) / 2^n for k < r.  The
 * interval misses on either side.  VB_STATS_MAX keeps 2^-n in a double.
 */
double
vb_stats_rank(size_t n, size_t *rank)
{
	double term = 1, below = 0, confidence = 0;
	size_t k;

	assert(n <= VB_STATS_MAX);
	for (k = 0; k < n; k++)
		term /= 2;
	*rank = 1;
	for (k = 0; 2 * k + 1 < n; k++) {
		below += term;
		if (1 - 2 * below < 0.95)
			break;
		*rank = k + 1;
		confidence = 1 - 2 * below;
		term = term * (double)(n - k) / (double)(k + 1);
	}
	return confidence;
}

void
vb_stats_summary(double *v, size_t n, struct vb_summary *s)
{
	size_t rank;

	assert(n > 0);
	qsort(v, n, sizeof(*v), by_value);
	s->n = n;
	s->min = v[0];
	s->max = v[n - 1];
	s->median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
	s->confidence = vb_stats_rank(n, &rank);
	s->lo = v[rank - 1];
	s->hi = v[n - rank];
}

double
vb_stats_percentile(double *v, size_t n, unsigned p)
{
	size_t rank = (n * p + 99) / 100;

	assert(n > 0 && p <= 100);
	qsort(v, n, sizeof(*v), by_value);
	return v[rank == 0 ? 0 : rank - 1];
}

uint64_t
vb_stats_count(uint64_t *v, size_t n)
{
	assert(n > 0);
	qsort(v, n, sizeof(*v), by_count);
	return v[(n - 1) / 2];
}
