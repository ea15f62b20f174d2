/*
 * metrics.h - the numbers of a server for Prometheus, over HTTP.
 *
 * GET /metrics on a port of its own gives text of format 0.0.4; no name of the
 * vault or of anything in it is among it.  Who may connect is decided by the
 * same gate as for NFS (gate.h).  libmicrohttpd speaks HTTP; it has no thread
 * of its own: the first loop lets it run when its epoll descriptor says so.
 *
 * Nothing here can stall the loop: at most METRICS_CONNS connections, which end
 * after METRICS_IDLE_S; after a refused one accepting rests for a while.
 *
 * Threads: the first loop's.
 */
#ifndef NFSD_METRICS_H
#define NFSD_METRICS_H

#include <stddef.h>
#include <stdint.h>

struct gate_options;
struct metrics;
struct server;
struct verr;

#define METRICS_CONNS	4
#define METRICS_IDLE_S	10

/*
 * Answer on fd, which listens, does not block, and is the metrics', also after
 * a failure.  began_us is when the server did, by loop_clock_us().
 * VERR_UNSUPPORTED: built without libmicrohttpd, or it has no epoll here.
 */
struct metrics *metrics_new(struct server *s, int fd,
    const struct gate_options *gate, uint64_t began_us, struct verr *e);
void metrics_free(struct metrics *m);		/* NULL is ignored */

/* The text, allocated; NULL: no memory. */
char *metrics_text(struct server *s, uint64_t began_us, size_t *len);

#endif /* NFSD_METRICS_H */
