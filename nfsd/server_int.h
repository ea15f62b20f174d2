/*
 * server_int.h - inside of a server, for the files of nfsd/.
 */
#ifndef NFSD_SERVER_INT_H
#define NFSD_SERVER_INT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "nfsd/record.h"
#include "nfsd/request.h"
#include "nfsd/sendq.h"
#include "nfsd/server.h"
#include "nfsd/stats.h"

struct attrs;
struct conn;
struct control;
struct drc;
struct flusher;
struct keeper;
struct gate;
struct gate_peer;
struct loop;
struct place_table;
struct worker_pool;

#define SERVER_DRAIN_S	5	/* seconds for calls and replies at the end */

TAILQ_HEAD(conn_list, conn);

/*
 * What one loop owns.  A connection and its requests stay on the lane where
 * they began; nothing here is touched by another thread, but for the last
 * two members.
 */
struct lane {
	/* constant */
	struct server		*srv;
	struct loop		*loop;
	unsigned		 index;		/* in srv->lanes */

	/* its loop */
	bool			 stopping;
	unsigned		 nconns;
	struct conn_list	 conns;
	struct conn_list	 ripe;		/* to be looked after */
	struct request_list	 idle;		/* unused requests */
	unsigned		 nidle;
	struct record_pool	 recs;
	uint64_t		 now_us;	/* after the last call */
	struct iovec		 iov[SENDQ_IOV];	/* scratch of a write */

	/* written by its loop, read by any thread */
	struct stats		 stats;

	_Atomic bool		 asked;		/* loop_beat.c; it is alive
						   if this is taken back */

	/* any: connections here and on their way here */
	_Atomic unsigned	 load;
	_Atomic unsigned	 to_pass;	/* keeper_int.h */

	/* written by its loop: the last call that was about a file */
	_Atomic uint64_t	 used_us;
};

struct server {
	/* constant once server_run() has begun */
	struct server_options	 opt;		/* no zeroes left */
	struct gate		*gate;		/* the first loop's */
	struct place_table	*places;	/* has its own lock */
	struct export_table	*exports;
	struct node_table	*nodes;		/* has its own lock */
	struct attrs		*attrs;		/* has its own lock */
	struct drc		*drc;		/* NULL: no exports */
	struct worker_pool	*workers;	/* has its own lock */
	struct lane		*lanes[SERVER_LOOPS_MAX];
	unsigned		 nlanes;
	struct control		*control;	/* NULL: no socket */
	struct keeper		*keeper;	/* NULL: cannot be locked */
	struct loop_beat	*beat;		/* NULL: nobody asks */
	struct metrics		*metrics;	/* NULL: not told */
	struct loop_while	*needed;	/* NULL: until it is stopped */

	/* the keeper's while it runs */
	struct flusher		*flusher;	/* NULL: writes go through */

	/* any thread */
	_Atomic uint64_t	 write_verifier;	/* verifier.h */
	_Atomic unsigned	 closed;	/* enum keeper_state */
	_Atomic bool		 refusing;	/* and it has been logged */
};

/*
 * A place for one more connection, where there are fewest; NULL: there is none
 * for this peer (place.h).  Any thread; the place is given back once.
 */
struct lane *server_place(struct server *s, const struct gate_peer *p);
void server_leave(struct lane *lane, const struct gate_peer *p);

/* Bytes of calls, replies and half records, all connections; any thread. */
size_t server_pending(const struct server *s);

/* All vaults together; zeroes while they are locked.  The first loop's. */
struct vault_counts;
void server_vault_counts(const struct server *s, struct vault_counts *sum);

#endif /* NFSD_SERVER_INT_H */
