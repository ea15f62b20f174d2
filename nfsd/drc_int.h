/*
 * drc_int.h - inside of struct drc, for nfsd/drc*.c.
 */
#ifndef NFSD_DRC_INT_H
#define NFSD_DRC_INT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/lock.h"
#include "nfsd/drc.h"
#include "nfsd/request.h"

#define DRC_TAG_LEN	16
#define DRC_REPLY_MAX	440u	/* CREATE's, the longest, has 300 */
#define DRC_BUCKETS	(2 * DRC_SLOTS)
#define DRC_NONE	UINT32_MAX

enum slot_state { SLOT_FREE, SLOT_RUNNING, SLOT_DONE };

/* As in the file; all numbers in the machine's own order. */
struct drc_slot {
	_Atomic uint32_t state;
	uint32_t	 reply_len;	/* with its record mark */
	uint8_t		 tag[DRC_TAG_LEN];
	uint64_t	 began_s;	/* CLOCK_REALTIME */
	uint64_t	 began_ns;
	uint64_t	 subject;
	uint64_t	 order;		/* counts up, so the newest is known */
	uint8_t		 spare[8];
	uint8_t		 reply[DRC_REPLY_MAX + 8];
};

_Static_assert(sizeof(struct drc_slot) == 512, "as in the file");

/* What is known of an entry in this process only. */
struct drc_side {
	struct request	*owner;		/* runs it now */
	struct request_list waiting;	/* copies, for its reply */
	time_t		 since;		/* CLOCK_MONOTONIC: it is kept */
	uint32_t	 next;		/* in its bucket */
	bool		 linked;	/* is in a bucket */
};

struct drc {
	struct vault	*v;
	struct lock	 lock;		/* guards the rest, but for what an
					   owner does with its slot */
	void		*map;		/* a head, then the slots */
	struct drc_slot	*slots;
	int		 fd;		/* -1: memory only */
	uint32_t	 hand;		/* the next to be overwritten */
	uint64_t	 order;
	struct drc_side	 side[DRC_SLOTS];
	uint32_t	 bucket[DRC_BUCKETS];
};

static inline uint32_t
drc_state_of(const struct drc *d, uint32_t i)
{
	return atomic_load_explicit(&d->slots[i].state, memory_order_acquire);
}

static inline void
drc_set_state(struct drc_slot *s, enum slot_state state)
{
	atomic_store_explicit(&s->state, state, memory_order_release);
}

static inline time_t
drc_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* drc_file.c: put slot i into the index. */
uint32_t drc_bucket_of(const uint8_t tag[DRC_TAG_LEN]);
void drc_link(struct drc *d, uint32_t i);

#endif /* NFSD_DRC_INT_H */
