/*
 * stats.h - what the server has done and has in hand, as numbers.
 *
 * Threads: each loop has its own and alone writes them, so adding is a load and
 * a store and no locked instruction; any thread may read.  Numbers read
 * together may be of slightly different moments.
 */
#ifndef NFSD_STATS_H
#define NFSD_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "nfsd/proc.h"

struct server_counts;

struct stats {
	_Atomic uint64_t	calls[PROC_NFS3_COUNT];
	_Atomic uint64_t	mount_calls[PROC_MOUNT3_COUNT];
	_Atomic uint64_t	on_loop, on_worker;
	_Atomic uint64_t	rejected, closed_bad;
	_Atomic uint64_t	loop_max_us;
	_Atomic uint64_t	writes;
	_Atomic uint64_t	conns;
	_Atomic uint64_t	inflight;	/* bytes */
};

/* Its loop only. */
static inline void
stats_add(_Atomic uint64_t *count, uint64_t n)
{
	atomic_store_explicit(count,
	    atomic_load_explicit(count, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

static inline void
stats_sub(_Atomic uint64_t *count, uint64_t n)
{
	stats_add(count, 0 - n);
}

/* Its loop only: the largest value so far. */
void stats_max(_Atomic uint64_t *count, uint64_t value);

/* Add all to c; any thread. */
void stats_sum(const struct stats *st, struct server_counts *c);

#endif /* NFSD_STATS_H */
