/*
 * statedir.h - the folder for what belongs to a server and not to its vaults.
 *
 * There are the replies of calls that must not run twice (drc.h).  One folder
 * for each user, mode 0700; losing it loses no file of a vault.
 */
#ifndef NFSD_STATEDIR_H
#define NFSD_STATEDIR_H

#include <stdbool.h>
#include <stddef.h>

struct verr;

/*
 * Make the folder, if need be, and its path in path[cap]: given, or, if that
 * is NULL, the usual place: as root /var/lib/vaultnfs (on the BSDs and macOS
 * /var/db/vaultnfs), else $XDG_STATE_HOME/vaultnfs or
 * ~/.local/state/vaultnfs.
 * VERR_PERM: it is another user's, or others can write there;
 * VERR_NOENT: no place is known (no HOME).
 */
int statedir_make(const char *given, char *path, size_t cap, struct verr *e);

/* The usual place, made or not; false: none is known, or it is too long. */
bool statedir_find(char *path, size_t cap);

#endif /* NFSD_STATEDIR_H */
