/*
 * request.h - one call, from the last byte of its record to the last byte of
 * its reply.
 *
 * Life: conn.c takes a request from its lane's free list when a record is
 * complete; dispatch.c decodes it and runs its procedure, here or on a worker;
 * the reply is encoded where the procedure ran; conn.c writes it out with
 * others in one writev() and puts the request back.  Everything of a call but
 * the record and file data lives in its arena.
 *
 * Ownership: rec_buf, if not NULL, belongs to the request (large records, and
 * small ones that go to a worker are copied to the arena instead).  While a
 * request runs on the loop, its arguments may be slices of the connection's
 * input buffer, which stays as it is until the procedure returns.
 */
#ifndef NFSD_REQUEST_H
#define NFSD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "nfsd/cred.h"
#include "vault/file.h"
#include "xdr/nfs3.h"
#include "xdr/xout.h"

struct arena;
struct conn;
struct drc;
struct export;
struct gate_peer;
struct lane;
struct proc;
struct server;

/*
 * Largest arena of one request.  The largest user is READDIRPLUS: a reply of
 * PROC_DIR_MAX (256 KiB) and as much again for names while it is built.
 */
#define REQUEST_ARENA_MAX	(1024u * 1024)

struct request {
	/* set by conn.c and dispatch.c, constant afterwards */
	struct server		*srv;
	struct lane		*lane;		/* whose loop it belongs to */
	struct conn		*conn;		/* NULL: it was closed */
	const struct gate_peer	*peer;		/* its; while decoded only */
	const struct proc	*proc;
	unsigned		 number;	/* of proc: stats.h */
	uint64_t		 came_us;	/* its record was complete */
	uint32_t		 xid;
	struct cred		 cred;

	/* owned by whoever runs it: the loop, or one worker */
	struct arena		*arena;
	const uint8_t		*rec;		/* the record: RPC header on */
	size_t			 rec_len;	/* bytes */
	uint8_t			*rec_buf;	/* to be freed, or NULL */
	bool			 rec_own;	/* rec is in rec_buf or arena */
	void			*args;		/* proc->args_size, in arena */
	void			*res;		/* proc->res_size, zeroed */
	enum nfsstat3		 status;
	bool			 on_loop;	/* running there now */
	bool			 alone;		/* no other of its connection */
	bool			 internal;	/* refresh.h: no reply */
	bool			 refresh;	/* refresh.h: to be asked for */
	const struct export	*export;	/* of its object, or NULL */
	uint64_t		 seq;		/* attrs_seq() at its start */
	uint64_t		 given_us;	/* to a free worker, or 0 */
	bool			 rpc_error;	/* out is no result of proc */
	struct iolist		 data;		/* READ's, by reference */
	struct xout		 out;		/* the reply with its mark */
	void			*flat;		/* all of it, TUNE_ZERO_COPY */
	struct drc		*drc;		/* remembers it, or NULL */
	uint32_t		 slot;		/* there: drc.c */
	bool			 again;		/* may have run: drc.h */
	bool			 waits;		/* for a twin: guarded by drc */

	/* loop */
	size_t			 rec_cap;	/* bytes of rec_buf */
	size_t			 charge;	/* bytes, conn.h */
	TAILQ_ENTRY(request)	 conn_link;	/* calls on workers */

	/* guarded by the lock of the list it is in, then the loop's again */
	STAILQ_ENTRY(request)	 link;
};

STAILQ_HEAD(request_list, request);

/* A cleared request from the lane's free list; NULL: no memory.  Its loop. */
struct request *request_get(struct lane *lane);

/* Give back all that it owns, and itself.  Its loop. */
void request_put(struct request *rq);

/* Zero what the lane's unused ones keep.  Its loop. */
void request_wipe(struct lane *lane);

/* Free the lane's list of unused ones. */
void request_fini(struct lane *lane);

#endif /* NFSD_REQUEST_H */
