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

void
stats_max(_Atomic uint64_t *count, uint64_t value)
{
	if (value > get(count))
		atomic_store_explicit(count, value, memory_order_relaxed);
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
	if (get(&st->loop_max_us) > c->loop_max_us)
		c->loop_max_us = get(&st->loop_max_us);
	c->writes += get(&st->writes);
	c->conns += (unsigned)get(&st->conns);
	c->inflight += (size_t)get(&st->inflight);
}
