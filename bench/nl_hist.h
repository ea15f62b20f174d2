/*
 * nl_hist.h - a histogram of times with buckets that grow with the value.
 *
 * 64 buckets for each power of two: a percentile is right to 1.6 %, the largest
 * value is kept exactly.  One user at a time; merge at the end.
 */
#ifndef BENCH_NL_HIST_H
#define BENCH_NL_HIST_H

#include <stdint.h>

#define NL_HIST_SUB	64u			/* buckets of a power of two */
#define NL_HIST_MAX	(38u * NL_HIST_SUB)	/* up to 2^43 ns: 2 hours */

struct nl_hist {
	uint64_t	n;
	uint64_t	max;		/* ns */
	uint32_t	bucket[NL_HIST_MAX];
};

void nl_hist_add(struct nl_hist *h, uint64_t ns);
void nl_hist_merge(struct nl_hist *into, const struct nl_hist *from);

/* ns below which part (0 to 1) of all values lie; 0 if there are none. */
uint64_t nl_hist_at(const struct nl_hist *h, double part);

#endif /* BENCH_NL_HIST_H */
