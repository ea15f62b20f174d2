/*
 * flusher.h - the thread that writes to the disk what clients left in memory.
 *
 * WRITE may leave data in memory (vault_write_back()), and a change of names
 * waits for its sync; whoever wants it on the disk says COMMIT, and this thread
 * does it for those who do not: after FLUSHER_AGE_MS, or when memory for such
 * data gets scarce.  It sleeps while nothing waits.
 */
#ifndef NFSD_FLUSHER_H
#define NFSD_FLUSHER_H

#include <stddef.h>

struct flusher;
struct server;
struct verr;

#define FLUSHER_AGE_MS	5000u	/* as old as unwritten data gets, about */

/*
 * Let the vaults of all exports keep dirty_max bytes in all (0: none), and
 * start the thread.  NULL: VERR_NOMEM, or no thread.  When clients must send
 * again what they had not committed, the write verifier of s changes.
 */
struct flusher *flusher_start(struct server *s, size_t dirty_max,
    struct verr *e);

/* Write all of it, and keep nothing from now on; NULL is ignored. */
void flusher_stop(struct flusher *fl);

#endif /* NFSD_FLUSHER_H */
