/*
 * conn.h - one connection: records in, replies out, back-pressure.
 *
 * Bytes are read by the buffer, all complete records in it are run, and what
 * is answered then leaves with one write.  A connection that has too much
 * under way is not read from until half of that is gone:
 *
 *	inflight	bytes of calls that workers have, with the data they
 *			are about to make			opt.max_inflight
 *	unsent		bytes of replies that the socket did not take
 *							opt.max_unsent
 *	ncalls		calls of both kinds		CONN_CALLS_MAX
 *
 * The bytes of all connections, with those of records that are still coming,
 * have a bound as well (opt.max_pending): above it, each connection has one
 * call at a time.  One that is slow by far is closed: half a record, or replies
 * that are not taken, without progress for opt.record_timeout_s; a record that
 * takes CONN_SLOW_RECORD times that.
 *
 * All functions are for the thread of the connection's loop.
 */
#ifndef NFSD_CONN_H
#define NFSD_CONN_H

#define CONN_CALLS_MAX	256u	/* times ARENA_BLOCK: 4 MiB at rest */

#define CONN_SLOW_RECORD	10u

#include <stdbool.h>

struct gate_peer;
struct lane;
struct request;
struct verr;

/*
 * Serve the connected stream socket fd in a place of lane (server_place());
 * both are the connection's from now on, and given back after a failure too.
 */
int conn_new(struct lane *lane, int fd, const struct gate_peer *peer,
    struct verr *e);

/* A worker has finished rq; its reply leaves with conn_pump_ripe(). */
void conn_done(struct request *rq);

/* Serve those that are ripe, for a while; true: none is left. */
bool conn_pump_ripe(struct lane *lane);

/* Read no more, answer what has been read, then close. */
void conn_drain_all(struct lane *lane);

void conn_close_all(struct lane *lane);

/* Zero what calls have left in the input buffers; between two calls. */
void conn_wipe_all(struct lane *lane);

#endif /* NFSD_CONN_H */
