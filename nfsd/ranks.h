/*
 * ranks.h - the server's locks in their one order (base/lock.h: 0 to 7).
 *
 * LOCK_WORKQ	struct worker_pool: the queue of calls, the lists of results
 * LOCK_INBOX	struct loop: connections on their way to it
 * LOCK_DRC	struct drc: its index and who waits for a reply
 * LOCK_NODES	struct node_table
 * LOCK_ATTRS	struct attrs
 * LOCK_PLACES	struct place_table
 *
 * The work queue comes first: a thread that holds any other lock must not hand
 * over a call or a result.
 */
#ifndef NFSD_RANKS_H
#define NFSD_RANKS_H

enum server_lock_rank {
	LOCK_WORKQ = 0,
	LOCK_INBOX,
	LOCK_DRC,
	LOCK_NODES,
	LOCK_ATTRS,
	LOCK_PLACES,
};

#endif /* NFSD_RANKS_H */
