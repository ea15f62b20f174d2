/*
 * conn_int.h - inside of struct conn, for nfsd/conn*.c.
 */
#ifndef NFSD_CONN_INT_H
#define NFSD_CONN_INT_H

#include <ev.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "nfsd/conn.h"
#include "nfsd/gate.h"
#include "nfsd/server_int.h"

/*
 * Invariants: ncalls = length of running + length of replies; inflight and
 * unsent are the sums of their charges; wr is active only if there are replies.
 */
struct conn {
	/* constant */
	struct lane		*lane;
	int			 fd;
	struct gate_peer	 peer;

	/* loop */
	ev_io			 rd, wr;
	ev_timer		 timer;		/* half a record, or the end */
	struct record		 in;
	uint64_t		 read_us;	/* its last bytes came */
	TAILQ_HEAD(, request)	 running;	/* on workers */
	struct sendq		 replies;
	size_t			 inflight;	/* bytes, see conn.h */
	size_t			 unsent;
	size_t			 held;		/* record_held() as counted */
	unsigned		 ncalls;
	uint64_t		 began_us;	/* half a record has been there
						   since; 0: none is */
	uint64_t		 blocked_us;	/* the socket takes no replies
						   since; 0: it does */
	bool			 full;		/* take nothing before low() */
	bool			 eof;		/* nothing more to be read */
	bool			 moved;		/* bytes came or went */
	bool			 ripe;		/* is in lane->ripe */
	bool			 more;		/* records wait for a turn */
	TAILQ_ENTRY(conn)	 link;		/* in lane->conns */
	TAILQ_ENTRY(conn)	 ripe_link;
};

/* conn_call.c: is there room again, after it was full? */
bool conn_low(const struct conn *c);

/*
 * Run the records that are there until none is left, there are too many
 * (c->full), or the turn is over (c->more).  false: one cannot be answered.
 */
bool conn_take(struct conn *c);

/* rq is with a worker no more, or nobody waits for it. */
void conn_take_back(struct conn *c, struct request *rq);

void conn_queue_reply(struct conn *c, struct request *rq);

/* conn_pump_ripe() will look after it. */
void conn_make_ripe(struct conn *c);

#endif /* NFSD_CONN_INT_H */
