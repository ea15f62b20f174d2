/*
 * stats.c - what the server has done and has in hand, as numbers.
 */
#include "config.h"

#include "nfsd/server.h"
#include "nfsd/stats.h"

static uint64_t
get(const _Atomic uint64_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

uint64_t
stats_bucket_us(unsigned i)
{
	unsigned power = i / 4 + 1;

	if (i < 4)
		return i;
	return ((uint64_t)(4 + i % 4 + 1) << (power - 2)) - 1;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void
stats_sum(const struct stats *st, struct server_counts *c)
{
	unsigned i;

	for (i = 0; i < PROC_NFS3_COUNT; i++)
		c->calls[i] += get(&st->calls[i]);
	for (i = 0; i < PROC_MOUNT3_COUNT; i++)
		c->mount_calls[i] += get(&st->mount_calls[i]);
	c->on_loop += get(&st->on_loop);
	c->on_worker += get(&st->on_worker);
	c->rejected += get(&st->rejected);
	c->closed_bad += get(&st->closed_bad);
	c->loop_max_us = larger(c->loop_max_us, get(&st->loop_max_us));
	c->writes += get(&st->writes);
	c->conns += (unsigned)get(&st->conns);
	c->inflight += (size_t)get(&st->inflight);
	c->read_bytes += get(&st->read_bytes);
	c->write_bytes += get(&st->write_bytes);
	c->arena_max = (size_t)larger(c->arena_max, get(&st->arena_max));
}

void
stats_sum_took(const struct stats *st, unsigned proc,
    uint64_t n[STATS_BUCKETS], uint64_t *max)
{
	const struct stats_hist *h = &st->took[proc];
	unsigned i;

	for (i = 0; i < STATS_BUCKETS; i++)
		n[i] += get(&h->n[i]);
	*max = larger(*max, get(&h->max_us));
}

uint64_t
stats_sum_us(const struct stats *st, unsigned proc)
{
	return get(&st->took[proc].sum_us);
}

uint64_t
stats_quantile(const uint64_t n[STATS_BUCKETS], unsigned permille)
{
	uint64_t all = 0, so_far = 0, want;
	unsigned i;

	for (i = 0; i < STATS_BUCKETS; i++)
		all += n[i];
	/* the rank, from 1 on, rounded up */
	want = all / 1000 * permille + (all % 1000 * permille + 999) / 1000;
	for (i = 0; i < STATS_BUCKETS; i++)
		if ((so_far += n[i]) >= want && so_far > 0)
			return stats_bucket_us(i);
	return 0;
}

void
stats_reset_max(struct stats *st)
{
	atomic_store_explicit(&st->loop_max_us, 0, memory_order_relaxed);
}
