/*
 * ranks.h - the server's locks in their one order (base/lock.h: 0 to 7).
 *
 * LOCK_WORKQ	struct worker_pool: the queue of calls and the list of results
 * LOCK_NODES	struct node_table
 *
 * The work queue comes first though nothing is taken under it today: a thread
 * that holds any other lock must not wait for, or wake, the loop.
 */
#ifndef NFSD_RANKS_H
#define NFSD_RANKS_H

enum server_lock_rank {
	LOCK_WORKQ = 0,
	LOCK_NODES = 2,
};

#endif /* NFSD_RANKS_H */
