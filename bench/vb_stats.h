/*
 * vb_stats.h - what is said of a list of samples.
 *
 * The result of some runs is their median, with an interval that holds the
 * true median with 95 % confidence whatever the distribution is: the values at
 * two ranks of the sorted samples, from the binomial distribution (David and
 * Nagaraja, Order Statistics, section 7.1).  No mean, no deviation: times of
 * runs are not normal, and one disturbed run moves both.
 */
#ifndef BENCH_VB_STATS_H
#define BENCH_VB_STATS_H

#include <stddef.h>
#include <stdint.h>

#define VB_STATS_MAX	1000u	/* samples */

struct vb_summary {
	size_t	n;
	double	min;
	double	max;
	double	median;		/* of an even count: halfway */
	double	lo;
	double	hi;
	double	confidence;	/* at least 0.95; 0: fewer than 6 samples, for
				   which no interval exists, and lo and hi are
				   min and max */
};

/*
 * The ranks (from 1) that bound the median of n samples, 6 to VB_STATS_MAX:
 * *rank and n + 1 - *rank.  Gives the confidence; 0 and rank 1 for fewer.
 */
double vb_stats_rank(size_t n, size_t *rank);

/* Sorts v.  n is 1 to VB_STATS_MAX. */
void vb_stats_summary(double *v, size_t n, struct vb_summary *s);

/* The smallest value of v that p of 100 do not exceed.  Sorts v; n > 0. */
double vb_stats_percentile(double *v, size_t n, unsigned p);

/* The lower of the two for an even count: a value that was seen.  Sorts v. */
uint64_t vb_stats_count(uint64_t *v, size_t n);

#endif /* BENCH_VB_STATS_H */
