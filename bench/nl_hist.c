#include "config.h"

#include "bench/nl_hist.h"

/*
 * Values below 128 have a bucket each.  Above, the 7 topmost bits choose one:
 * their value is 64 to 127, so the buckets of the next shift follow on.
 */
static unsigned
index_of(uint64_t ns)
{
	unsigned shift = 0, i;

	while (ns >> shift >= 2 * NL_HIST_SUB)
		shift++;
	i = shift * NL_HIST_SUB + (unsigned)(ns >> shift);
	return i < NL_HIST_MAX ? i : NL_HIST_MAX - 1;
}

/* The middle of a bucket. */
static uint64_t
value_of(unsigned i)
{
	unsigned shift;

	if (i < 2 * NL_HIST_SUB)
		return i;
	shift = i / NL_HIST_SUB - 1;
	return ((uint64_t)(i - shift * NL_HIST_SUB) << shift) +
	    (UINT64_C(1) << shift) / 2;
}

void
nl_hist_add(struct nl_hist *h, uint64_t ns)
{
	h->n++;
	if (ns > h->max)
		h->max = ns;
	h->bucket[index_of(ns)]++;
}

void
nl_hist_merge(struct nl_hist *into, const struct nl_hist *from)
{
	unsigned i;

	into->n += from->n;
	if (from->max > into->max)
		into->max = from->max;
	for (i = 0; i < NL_HIST_MAX; i++)
		into->bucket[i] += from->bucket[i];
}

uint64_t
nl_hist_at(const struct nl_hist *h, double part)
{
	double want = part * (double)h->n, seen = 0;
	uint64_t v;
	unsigned i;

	for (i = 0; i < NL_HIST_MAX; i++) {
		seen += h->bucket[i];
		if (h->bucket[i] > 0 && seen >= want) {
			v = value_of(i);
			return v < h->max ? v : h->max;
		}
	}
	return h->max;
}
