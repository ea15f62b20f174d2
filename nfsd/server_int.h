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

struct conn;
struct drc;
struct loop;
struct worker_pool;

#define SERVER_UIDS_MAX	16	/* identities that are admitted */
#define SERVER_DRAIN_S	5	/* seconds for calls and replies at the end */

TAILQ_HEAD(conn_list, conn);

struct server {
	/* constant once server_run() has begun */
	struct server_options	 opt;		/* no zeroes left */
	uint32_t		 uids[SERVER_UIDS_MAX];
	unsigned		 nuids;
	struct export_table	*exports;
	struct node_table	*nodes;		/* has its own lock */
	struct drc		*drc;		/* NULL: no exports */
	struct loop		*loop;
	struct worker_pool	*workers;	/* has its own lock */

	/* loop */
	bool			 stopping;
	unsigned		 nconns;
	struct conn_list	 conns;
	struct conn_list	 ripe;		/* got results from workers */
	struct request_list	 idle;		/* unused requests */
	unsigned		 nidle;
	struct record_pool	 recs;
	struct iovec		 iov[SENDQ_IOV];	/* scratch of a write */

	_Atomic uint64_t	 write_verifier;	/* verifier.h */

	/* written by the loop, read by any thread */
	struct stats		 stats;
};

#endif /* NFSD_SERVER_INT_H */
