/*
 * lockfile.h - a file that one process at a time has.
 *
 * For what a server keeps outside of its vaults.  The lock is flock()'s: it
 * goes with the descriptor, and so with the process, however that ends.
 */
#ifndef BASE_LOCKFILE_H
#define BASE_LOCKFILE_H

#include <stdbool.h>
#include <sys/types.h>

struct verr;

/*
 * Open the file at path to read and write, for nobody else who asks in this
 * way.  make: made with mode 0600 if there is none; otherwise VERR_NOENT.
 * Returns a descriptor, *size the file's bytes; -1: VERR_BUSY, somebody has it;
 * VERR_INVAL, it is no plain file of this user; or as the system says.
 */
int lockfile_open(const char *path, bool make, off_t *size, struct verr *e);

#endif /* BASE_LOCKFILE_H */
