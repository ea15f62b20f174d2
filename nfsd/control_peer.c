/*
 * control_peer.c - who is at the other end of a local socket; all that differs
 * between systems.
 *
 * Linux has SO_PEERCRED; the BSDs and macOS have getpeereid(3).  Where neither
 * is, nobody is let in.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <unistd.h>

#include "nfsd/control_peer.h"

#if defined(__linux__)

bool
control_peer_uid(int fd, uid_t *uid)
{
	struct ucred c;
	socklen_t len = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) == -1 ||
	    len != sizeof(c))
		return false;
	*uid = c.uid;
	return true;
}

#elif defined(HAVE_GETPEEREID)

bool
control_peer_uid(int fd, uid_t *uid)
{
	gid_t gid;

	return getpeereid(fd, uid, &gid) == 0;
}

#else

bool
control_peer_uid(int fd, uid_t *uid)
{
	(void)fd;
	(void)uid;
	return false;
}

#endif

bool
control_peer_ok(int fd)
{
	uid_t uid;

	return control_peer_uid(fd, &uid) && (uid == geteuid() || uid == 0);
}
