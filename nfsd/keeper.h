/*
 * keeper.h - the thread that locks the vaults of a server, and unlocks them.
 *
 * Locked, a server goes on: it has its sockets, and no vault.  Keys, decrypted
 * names and data are gone from memory, and every call that is about a file is
 * answered by JUKEBOX (clients wait and try again) or by STALE (server.h).  The
 * handles that clients have mean the same objects when it is unlocked.
 *
 * To lock is, in this order: write everything to the disk while calls go on; a
 * failure (no space) is told, and nothing is locked or lost.  Refuse new calls;
 * wait until every loop has passed a point between two calls, and workers have
 * ended theirs; write what came meanwhile, and take all back if that fails.
 * Close the vaults, forget what was known of their objects, and let each thread
 * wipe what calls have left in its memory.  So nobody uses a vault while it is
 * closed, and no call takes a lock for that.
 *
 * Threads: a request is made by the first loop; keeper_pass() is each loop's.
 */
#ifndef NFSD_KEEPER_H
#define NFSD_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keeper;
struct lane;
struct server;
struct server_keys;
struct verr;

/* server->closed */
enum keeper_state {
	KEEPER_OPEN,
	KEEPER_CLOSING,		/* or opening: calls are refused */
	KEEPER_LOCKED,
};

/*
 * o is copied, o->ctx stays the caller's.  The exports are all there.
 * NULL: no memory.
 */
struct keeper *keeper_new(struct server *s, const struct server_keys *o,
    struct verr *e);
void keeper_free(struct keeper *k);		/* NULL is ignored */

/* The thread; while loops run.  A lock that is under way is given up. */
int keeper_start(struct keeper *k, struct verr *e);
void keeper_stop(struct keeper *k);		/* NULL is ignored */

/*
 * Lock; or unlock with this password, which is copied to secret memory.  The
 * control's connection id is answered then (0: nobody).  false: it has
 * something else to do.
 */
bool keeper_lock(struct keeper *k, uint64_t id);
bool keeper_unlock(struct keeper *k, const char *pass, size_t len,
    uint64_t id);

/* This loop is between two calls: do what was asked of it. */
void keeper_pass(struct keeper *k, struct lane *lane);

/* What calls are answered while it is locked: STALE, not JUKEBOX? */
bool keeper_says_stale(const struct keeper *k);

#endif /* NFSD_KEEPER_H */
