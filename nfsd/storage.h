/*
 * storage.h - is the storage of an export quick enough for a loop to wait for?
 *
 * Metadata calls run on the loop as long as it is.  When one of them took
 * slow_us, or all of late a tenth of that on average, the storage is SUSPECT:
 * what needs it goes to workers from then on.  They measure too, and when one
 * of them was kept waiting as well (and not only the loop, for a busy
 * processor), the storage is SLOW, and attributes are kept (attrs.h).  After
 * STORAGE_GOOD quick calls in a row it is QUICK again; after a relapse within a
 * minute it takes twice as many, up to STORAGE_GOOD_MAX.
 *
 * Threads: any; no lock.  What two threads say at a time may get lost, as one
 * call more or less changes nothing.
 */
#ifndef NFSD_STORAGE_H
#define NFSD_STORAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define STORAGE_SLOW_US		20000u		/* slow_us if not told */
#define STORAGE_GOOD		8u
#define STORAGE_GOOD_MAX	512u

enum storage_state { STORAGE_QUICK, STORAGE_SUSPECT, STORAGE_SLOW };

struct storage {
	/* constant */
	uint32_t		slow_us;	/* UINT32_MAX: never */
	const char		*name;		/* the export's */

	_Atomic unsigned	state;
	_Atomic uint32_t	mean_us;	/* of calls on loops, of late */
	_Atomic unsigned	good, need;	/* quick calls on workers */
	_Atomic uint64_t	since_us;	/* in this state */
	_Atomic unsigned	changes;	/* quick ones in a row */
	_Atomic unsigned	enough;		/* for loops to make them */
	_Atomic uint64_t	relapse_us;	/* when they last were not */
	_Atomic uint32_t	way_us;		/* to a worker: the shortest */
	_Atomic uint32_t	way_next;	/* so far, of the next ones */
	_Atomic unsigned	ways;		/* that were told */
};

void storage_init(struct storage *s, const char *name, uint32_t slow_us);

static inline enum storage_state
storage_state(const struct storage *s)
{
	return (enum storage_state)atomic_load_explicit(&s->state,
	    memory_order_relaxed);
}

/*
 * A metadata call took so long, until now (loop_clock_us()).  On a worker only
 * one that asks for attributes and nothing else (one_look) can show that the
 * storage is slow; others may have to search.
 */
void storage_loop_took(struct storage *s, uint64_t us, uint64_t now);
void storage_worker_took(struct storage *s, uint64_t us, uint64_t now,
    bool one_look);

/*
 * Changes of names and contents may have to wait for more than looks: for a
 * file system that writes its log, or a server far away.  Loops make them once
 * STORAGE_GOOD in a row took workers up to storage_change_limit() each; one
 * that takes longer, wherever, ends that, and after a relapse within a minute
 * it takes twice as many.
 *
 * The limit is STORAGE_CHANGE_US, or on a slow machine STORAGE_CHANGE_WAYS of
 * what it takes to hand a call over: there a change takes longer as well, and a
 * hand-over that costs a good part of it is no help.
 */
#define STORAGE_CHANGE_US	1000u
#define STORAGE_CHANGE_WAYS	50u
#define STORAGE_CHANGE_MAX_US	8000u
#define STORAGE_WAYS		32u	/* the shortest of so many counts */

uint32_t storage_change_limit(const struct storage *s);

/* So long after it was handed over a worker that was free began with a call. */
void storage_handed_over(struct storage *s, uint64_t us);

void storage_change_took(struct storage *s, uint64_t us, uint64_t now);

static inline bool
storage_may_change(const struct storage *s)
{
	return atomic_load_explicit(&s->changes, memory_order_relaxed) >=
	    atomic_load_explicit(&s->enough, memory_order_relaxed);
}

#endif /* NFSD_STORAGE_H */
