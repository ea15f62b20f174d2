/*
 * drc.h - the duplicate request cache: what must not run twice runs once.
 *
 * A client that loses its connection sends again, with the same xid, what was
 * not answered.  For the procedures that are not idempotent (proc.h: keep) the
 * server remembers each call and its reply: a second copy of a call that is
 * running waits for the first one's reply, and one of a call that has ended
 * gets the same reply again.
 *
 * The memory can be a file, and then it outlives the process: before a call
 * runs its entry says so, afterwards it holds the reply.  A call whose entry
 * a dead server left unfinished (rq->again) may or may not have had its effect:
 * its procedure looks at what is there before it says that something is wrong
 * (drc_subject(), drc_began()).
 *
 * The key is a tag under a key of the vault over the first DRC_BODY bytes of
 * the call and its length: xid, credentials, procedure and arguments, but no
 * port, since a client may come back from another one.  Entries are in a
 * ring, the oldest are overwritten; those of running calls are not.
 *
 * Threads: any, by one lock; a request is its owner's.
 */
#ifndef NFSD_DRC_H
#define NFSD_DRC_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct drc;
struct request;
struct request_list;
struct vault;
struct verr;

#define DRC_SLOTS	8192u	/* calls remembered, 512 bytes each */
#define DRC_EXPIRE_S	120	/* a reply is given again for so long */
#define DRC_BODY	1024u	/* bytes of a call that are compared */

/* In memory only; the key is v's, which must outlive it.  NULL: no memory. */
struct drc *drc_new(struct vault *v);
void drc_free(struct drc *d);		/* NULL is ignored */

/* v has been closed and is this one now; no call runs. */
void drc_use(struct drc *d, struct vault *v);

/*
 * Keep the memory in the file at path (made with mode 0600 if it is not there),
 * and take over what a dead server left in it; before any call.  A file of
 * another form or size is begun anew.
 * VERR_BUSY: a living server has it.
 */
int drc_open(struct drc *d, const char *path, struct verr *e);

enum drc_state {
	DRC_NEW,	/* run it: rq->again tells if it may have run */
	DRC_WAITS,	/* its twin runs; rq is among its results, drc_end() */
	DRC_SAME,	/* the same, and on the same connection: drop rq */
	DRC_DONE,	/* rq->out is the reply that was given */
};

/*
 * Ask for rq, whose record is its own and whose reply is begun.  Without memory
 * or room for an entry a call is DRC_NEW and is not remembered.  After
 * DRC_WAITS another thread may have it already.
 */
enum drc_state drc_begin(struct drc *d, struct request *rq);

/*
 * rq->out is the reply of a call that has run; it is kept if "result".  Copies
 * of the call that wait have it too and are moved to the end of list.
 */
void drc_end(struct request *rq, bool result, struct request_list *list);

/* Its connection goes: a copy that still waits is the caller's again (true). */
bool drc_leave(struct request *rq);

/*
 * rq has not run, and who sent it has gone.  True: it is forgotten and need
 * not; false: a copy of it came from elsewhere and waits.
 */
bool drc_abandon(struct request *rq);

/* rq goes away: if it has not run, it is forgotten. */
void drc_release(struct request *rq);

/*
 * What the call is about, as far as its procedure found that out before it
 * changed anything: the inode that it removes or moves.  0: not known.
 */
uint64_t drc_subject(const struct request *rq);
void drc_set_subject(struct request *rq, uint64_t fileid);

/* Is the memory kept in a file? */
bool drc_survives(const struct request *rq);

/* When the call came for the first time, by the clock of files. */
struct timespec drc_began(const struct request *rq);

#endif /* NFSD_DRC_H */
