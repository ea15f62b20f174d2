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

/* NFSv3's and behind them MOUNT's: request->number. */
#define STATS_PROCS	(PROC_NFS3_COUNT + PROC_MOUNT3_COUNT)

/*
 * Latencies: 0 to 3 microseconds have a bucket each, then there are four to
 * each power of two, so a bucket's bounds differ by a quarter at most; the last
 * one also takes all from 33.5 s on.
 */
#define STATS_BUCKETS	96

struct stats_hist {
	_Atomic uint64_t	n[STATS_BUCKETS];
	_Atomic uint64_t	max_us, sum_us;
};

struct stats {
	_Atomic uint64_t	calls[PROC_NFS3_COUNT];
	_Atomic uint64_t	mount_calls[PROC_MOUNT3_COUNT];
	_Atomic uint64_t	on_loop, on_worker;
	_Atomic uint64_t	rejected, closed_bad;
	_Atomic uint64_t	loop_max_us;
	_Atomic uint64_t	writes;
	_Atomic uint64_t	conns;
	_Atomic uint64_t	inflight;	/* bytes */
	_Atomic uint64_t	read_bytes, write_bytes;	/* of files */
	_Atomic uint64_t	arena_max;	/* bytes, of one call */
	struct stats_hist	took[STATS_PROCS];
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
static inline void
stats_max(_Atomic uint64_t *count, uint64_t value)
{
	if (value > atomic_load_explicit(count, memory_order_relaxed))
		atomic_store_explicit(count, value, memory_order_relaxed);
}

/* The bucket of a latency, and the longest latency in a bucket. */
static inline unsigned
stats_bucket(uint64_t us)
{
	unsigned power;

	if (us < 4)
		return (unsigned)us;
	if (us >> 25 != 0)
		return STATS_BUCKETS - 1;
	power = 31 - (unsigned)__builtin_clz((uint32_t)us);
	return (power - 1) * 4 + (unsigned)(us >> (power - 2) & 3);
}
uint64_t stats_bucket_us(unsigned i);

/* Its loop only: a reply was queued, so long after its record was complete. */
static inline void
stats_took(struct stats *st, unsigned proc, uint64_t us)
{
	stats_add(&st->took[proc].n[stats_bucket(us)], 1);
	stats_add(&st->took[proc].sum_us, us);
	stats_max(&st->took[proc].max_us, us);
}

/* Add all to c; any thread. */
void stats_sum(const struct stats *st, struct server_counts *c);

/* Add procedure proc's latencies to n, and to *max; any thread. */
void stats_sum_took(const struct stats *st, unsigned proc,
    uint64_t n[STATS_BUCKETS], uint64_t *max);

/* All its latencies together; any thread. */
uint64_t stats_sum_us(const struct stats *st, unsigned proc);

/*
 * The latency in microseconds that permille of the calls in n did not exceed,
 * as the longest of its bucket; 0: there were none.
 */
uint64_t stats_quantile(const uint64_t n[STATS_BUCKETS], unsigned permille);

/* The longest callback is measured anew; any thread. */
void stats_reset_max(struct stats *st);

#endif /* NFSD_STATS_H */
