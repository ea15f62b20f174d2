/*
 * lockfile.h - a file that one process at a time has.
 *
 * For what a server keeps outside of its vaults.  The lock is flock()'s: it
 * goes with the descriptor, and so with the process, however that ends.
 */
#ifndef BASE_LOCKFILE_H
#define BASE_LOCKFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct verr;

/*
 * Open the file at path to read and write, for nobody else who asks in this
 * way.  make: made with mode 0600 if there is none; otherwise VERR_NOENT.
 * Returns a descriptor, *size the file's bytes; -1: VERR_BUSY, somebody has it;
 * VERR_INVAL, it is no plain file of this user; or as the system says.
 */
int lockfile_open(const char *path, bool make, off_t *size, struct verr *e);

/*
 * Make it len zeros, with their room on the disk: a store into a mapped hole
 * on a full disk would be SIGBUS.  -1 and errno.
 */
int lockfile_zero(int fd, size_t len);

/*
 * It is mapped shared at map, page aligned, and will not be needed for a
 * while: the pages need not stay in this process.
 */
void lockfile_rest(void *map, size_t len);

#endif /* BASE_LOCKFILE_H */
