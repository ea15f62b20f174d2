/*
 * server.h - a server: exports, loops, workers, limits.
 *
 * Made, given exports and listeners (or ready-made sockets: tests use a
 * socketpair), run on the thread that calls server_run() and others that it
 * starts, stopped from any thread or by SIGTERM and SIGINT if asked to.
 * Everything but server_stop() and server_counts() is for the thread that runs
 * it, before or after it does.
 */
#ifndef NFSD_SERVER_H
#define NFSD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nfsd/gate.h"

struct export_table;
struct node_table;
struct server;
struct vault;
struct verr;

/* Zeroes mean the defaults in brackets. */
#define SERVER_LOOPS_MAX	4

struct server_options {
	unsigned	loops;		/* threads that own connections [1] */
	unsigned	workers;	/* threads that may wait [2] */
	unsigned	workers_max;	/* when all of them do [32] */
	unsigned	max_conns;	/* connections [64] */
	size_t		max_record;	/* bytes of one call [1 MiB + 4 KiB] */
	size_t		max_inflight;	/* bytes of calls read and not answered,
					   one connection [8 MiB] */
	size_t		max_unsent;	/* bytes of replies not yet taken, one
					   connection [8 MiB] */
	size_t		max_pending;	/* bytes of calls and replies under way,
					   all connections [32 MiB] */
	size_t		dirty_max;	/* bytes of all exports that WRITEs may
					   leave in memory; 0: none */
	uint32_t	slow_us;	/* storage.h; UINT32_MAX: no storage
					   is slow [20000] */
	unsigned	record_timeout_s;/* a record may stay half read [30] */
	bool		multi_user;	/* objects keep their owners, and every
					   AUTH_SYS identity is admitted */
	bool		no_links;	/* LINK is NOTSUPP: a copy of the vault
					   would have two files */
	bool		signals;	/* SIGTERM and SIGINT stop the server */
	struct gate_options gate;	/* who may connect; any_user is set
					   by multi_user */
};

struct server *server_new(const struct server_options *o, struct verr *e);
void server_free(struct server *s);	/* after server_run() returned */

/*
 * Serve v as /name.  The vault stays the caller's, and must outlive the server.
 * VERR_EXIST: a name, or a vault with the same keys, that is there already;
 * VERR_INVAL: a name with '/' or control characters, or empty.
 */
int server_export(struct server *s, struct vault *v, const char *name,
    struct verr *e);

/*
 * Remember replies (drc.h) in the file at path, for the next server; after the
 * exports and before server_run().  Without it they are remembered in memory.
 * VERR_BUSY: a living server has the file.
 */
int server_keep_replies(struct server *s, const char *path, struct verr *e);

/* addr: numeric IPv4 or IPv6; port 0 picks one, *bound tells which. */
int server_listen(struct server *s, const char *addr, uint16_t port,
    uint16_t *bound, struct verr *e);

/*
 * The same on a socket that listens already: it is the server's, also after a
 * failure.  VERR_INVAL: fd is no such socket.
 */
int server_listen_on(struct server *s, int fd, uint16_t *bound,
    struct verr *e);

/* Serve the stream socket fd too; it is the server's, also after a failure. */
int server_attach(struct server *s, int fd, struct verr *e);

/* What is told of a server by its control socket; control.h. */
struct server_about {
	const char	*address, *state_dir;	/* "": none */
	const char	*mounted;	/* the mount point that it is for, or
					   NULL */
	uint16_t	 port;
	int64_t		 since;		/* seconds of the epoch */
	uint64_t	 began_us;	/* the same, by loop_clock_us() */
	const char	*const *vaults;	/* folders, as exports were made */
};

/*
 * Be asked and told (control.h) on fd, a local socket that listens and is the
 * server's, also after a failure; after the exports.  about stays the caller's.
 */
int server_control(struct server *s, int fd, const struct server_about *about,
    struct verr *e);

/*
 * Let the vaults be locked while the server runs (keeper.h): by a request on
 * the control socket, SIGUSR1 if it has signals, or when nobody calls.  After
 * the exports; o is copied.
 */
struct server_keys {
	unsigned	 idle_s;	/* lock after so long; 0: never */
	bool		 stale;		/* locked, calls are STALE, not
					   JUKEBOX */

	/*
	 * On the keeper's thread, when nothing of the server uses the vault:
	 * close vault i (as exports were made), which has nothing to write;
	 * open it again, and whatever came before server_export().
	 */
	void		(*close)(void *ctx, size_t i);
	struct vault	*(*open)(void *ctx, size_t i, const char *pass,
			    size_t len, struct verr *e);
	void		*ctx;
};
int server_keys(struct server *s, const struct server_keys *o,
    struct verr *e);

/*
 * Stop by itself when nobody is connected and still() is false, which is asked
 * once a second on the first loop; before it runs.
 */
int server_while(struct server *s, bool (*still)(void *ctx, bool connected),
    void *ctx, struct verr *e);

/*
 * Tell of life, on the first loop, for as long as it runs: alive() every
 * alive_ms (0: never) if all loops turn, stopping() when it begins to stop.
 * life is copied.
 */
struct server_life {
	void		(*alive)(void *ctx);
	void		(*stopping)(void *ctx);
	void		*ctx;
	unsigned	 alive_ms;
};
int server_life(struct server *s, const struct server_life *life,
    struct verr *e);

/*
 * Tell the numbers over HTTP (metrics.h) on fd, which listens and is the
 * server's, also after a failure; after server_listen().
 */
int server_metrics(struct server *s, int fd, const struct gate_options *gate,
    struct verr *e);

/* Until stopped: accepted calls are finished and answered first. */
int server_run(struct server *s, struct verr *e);

/* Stop soon; any thread, and more than once. */
void server_stop(struct server *s);

/* For tests and reports. */
struct server_counts {
	uint64_t	calls[22];	/* NFSv3, by procedure */
	uint64_t	mount_calls[6];
	uint64_t	on_loop, on_worker;	/* where calls ran */
	uint64_t	rejected;	/* RPC errors of every kind answered */
	uint64_t	closed_bad;	/* connections that sent nonsense */
	uint64_t	refused;	/* connections, at the gate */
	uint64_t	loop_max_us;	/* longest callback */
	uint64_t	writes;		/* system calls that sent replies */
	unsigned	conns;		/* open now */
	unsigned	loop_conns[SERVER_LOOPS_MAX];	/* on each loop */
	unsigned	workers;	/* threads now */
	size_t		inflight;	/* bytes of calls and unsent replies,
					   all connections */
	uint64_t	read_bytes, write_bytes;	/* by READ and WRITE */
	size_t		arena_max;	/* bytes, the most of one call */
};
void server_counts(struct server *s, struct server_counts *c);

#endif /* NFSD_SERVER_H */
