/*
 * rundir.h - the folder where the servers of a user can be found.
 *
 * Each server that runs has a socket there, PORT-PID.sock, on which it can be
 * asked and told (control.h).  The folder is its owner's alone, mode 0700; one
 * that is not is refused, by servers and by those who ask: who can put a socket
 * there could take a password.  Nobody but this user gets as far as the socket.
 *
 * What a dead server left is removed by the next one that starts.  Servers do
 * that, and make their own socket, with the folder locked (flock), so that none
 * takes a socket that does not listen yet for a dead one.
 */
#ifndef NFSD_RUNDIR_H
#define NFSD_RUNDIR_H

#include <stddef.h>
#include <stdint.h>

struct verr;

#define RUNDIR_PLACES	2	/* where a server may be */

/*
 * Make the folder, if need be, and its path in path[cap]: given, or, if that
 * is NULL, the usual place: as root /run/vaultnfs (elsewhere than on Linux
 * /var/run/vaultnfs), else $XDG_RUNTIME_DIR/vaultnfs; and where that cannot be
 * made, the folder run in state_dir (statedir.h), unless this is NULL.
 * VERR_PERM: it is another user's, or others may enter it.
 */
int rundir_make(const char *given, const char *state_dir, char *path,
    size_t cap, struct verr *e);

/*
 * Where rundir_make() may have put it: the usual place and the other, NULL for
 * those that are not known or too long.  Allocated.
 */
void rundir_places(const char *state_dir, char *place[RUNDIR_PLACES]);

/*
 * Listen in dir for who wants to speak to this process, which serves port; the
 * socket's path in path[cap].  Sockets of the dead go.  Sets the umask for a
 * moment, so it comes before threads.  -1: VERR_NAMETOOLONG: dir is too long
 * for a socket's address.
 */
int rundir_listen(const char *dir, uint16_t port, char *path, size_t cap,
    struct verr *e);

/*
 * Call each(ctx, path) for every socket in dir, by name.  -1: VERR_NOENT,
 * there is no such folder; VERR_PERM, it is not safe.  Whether somebody listens
 * is for rundir_connect() to find out.
 */
int rundir_each(const char *dir, void (*each)(void *ctx, const char *path),
    void *ctx, struct verr *e);

/* Sockets of the dead go, as when a server starts. */
void rundir_sweep(const char *dir);

/*
 * A descriptor, which does not block.  VERR_NOENT: nobody listens any more;
 * VERR_BUSY: too many wait; VERR_PERM: another user does.
 */
int rundir_connect(const char *path, struct verr *e);

#endif /* NFSD_RUNDIR_H */
