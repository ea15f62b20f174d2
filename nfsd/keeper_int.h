/*
 * keeper_int.h - inside of struct keeper, for nfsd/keeper*.c.
 */
#ifndef NFSD_KEEPER_INT_H
#define NFSD_KEEPER_INT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/verr.h"
#include "nfsd/keeper.h"
#include "nfsd/server.h"

#define KEEPER_MARK	16	/* bytes that tell one key from another */

/* lane->to_pass: what a loop is asked to do between two calls. */
#define KEEPER_POINT	1u	/* nothing but to be there */
#define KEEPER_WIPE	2u
#define KEEPER_TELL	4u	/* the first loop: there is an answer */

enum keeper_job {
	KEEPER_JOB_NONE,
	KEEPER_JOB_LOCK,
	KEEPER_JOB_IDLE,	/* the same, and nobody asked */
	KEEPER_JOB_UNLOCK,
};

struct keeper {
	/* constant while it runs */
	struct server		*srv;
	struct server_keys	 o;
	pthread_t		 thread;
	bool			 running;
	uint8_t			(*marks)[KEEPER_MARK];	/* of each vault */

	/* its thread */
	uint64_t		 idle_from;	/* at least since then */

	pthread_mutex_t		 mtx;		/* guards the rest; nothing is
						   called under it */
	pthread_cond_t		 cond;		/* a job, or quit */
	pthread_cond_t		 passed;	/* waited is 0, or quit */
	enum keeper_job		 job;
	uint64_t		 id;		/* who asked for it */
	char			*pass;		/* secret, while there is one */
	size_t			 pass_len;	/* bytes of it, and one */
	struct verr		 answer;
	uint64_t		 answer_id;	/* 0: none */
	unsigned		 waited;	/* loops that have not passed */
	bool			 quit;
};

/*
 * Ask all loops for it and wait; false: the server stops.  The keeper's thread.
 */
bool keeper_all_pass(struct keeper *k, unsigned what);

/* -- keeper_vault.c */
/* So that each vault is known again; false: no memory. */
bool keeper_mark_all(struct keeper *k);

int keeper_close_all(struct keeper *k, struct verr *e);
int keeper_open_all(struct keeper *k, const char *pass, size_t len,
    struct verr *e);

/* -- keeper_wipe.c: what calls have left in memory, on the thread it is of */
void keeper_wipe_lane(struct lane *lane);
void keeper_wipe_thread(void);

#endif /* NFSD_KEEPER_INT_H */
