/*
 * mount_entry.c - an entry in fstab lets users mount: who is not root has the
 * system's own mount(8) do it.
 *
 * The entry is one of type nfs with "user" (or "users", "owner") among its
 * options, and port=; the server of that user then listens there:
 *
 *	127.0.0.1:/NAME DIR nfs user,noauto,vers=3,tcp,port=P,mountport=P,...
 *
 * mount(8) is set-user-ID root for this, as mount.nfs(8) is; vaultnfs is not,
 * and does not want to be.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#ifdef HAVE_MNTENT_H
#include <mntent.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/mount.h"

#define FSTAB	"/etc/fstab"

#ifdef HAVE_MNTENT_H

static bool
lets_users(const struct mntent *m)
{
	return hasmntopt(m, "user") != NULL || hasmntopt(m, "users") != NULL ||
	    hasmntopt(m, "owner") != NULL;
}

bool
mount_entry(const char *dir, uint16_t *port)
{
	const struct mntent *m;
	const char *opt;
	long n = 0;
	FILE *f;

	if ((f = setmntent(FSTAB, "re")) == NULL)
		return false;
	while (n == 0 && (m = getmntent(f)) != NULL) {
		if (strcmp(m->mnt_dir, dir) != 0 ||
		    strcmp(m->mnt_type, "nfs") != 0 || !lets_users(m) ||
		    (opt = hasmntopt(m, "port")) == NULL || opt[4] != '=')
			continue;
		n = strtol(opt + 5, NULL, 10);
	}
	(void)endmntent(f);
	*port = (uint16_t)n;
	return n > 0 && n < 65536;
}

#else

bool
mount_entry(const char *dir, uint16_t *port)
{
	(void)dir;
	*port = 0;
	return false;
}

#endif

int
mount_by_entry(const char *dir, bool undo, struct verr *e)
{
	const char *verb = undo ? "umount" : "mount";
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		(void)execlp(verb, verb, dir, (char *)NULL);
		_exit(127);
	}
	while (pid != -1 && waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			pid = -1;
	if (pid == -1)
		return verr_sys(e, "cannot run %s", verb);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return verr_fail(e, VERR_IO, "'%s %s' failed", verb, dir);
}

void
mount_advice(const char *dir, const char *name, char *out, size_t cap)
{
#ifdef HAVE_MNTENT_H
	(void)snprintf(out, cap, "only root may mount here: use sudo, or have "
	    "root put this line into " FSTAB ", with a port of your own: "
	    "127.0.0.1:/%s %s nfs user,noauto,vers=3,tcp,port=12049,"
	    "mountport=12049,nolock 0 0", name, dir);
#else
	(void)snprintf(out, cap, "not permitted to mount /%s on %s: use sudo "
	    "or doas, or a folder of your own", name, dir);
#endif
}
