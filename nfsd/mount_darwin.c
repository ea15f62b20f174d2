/*
 * mount_darwin.c - macOS: mount_nfs(8), unmount(2), getfsstat(2).
 *
 * mount_nfs is always there, loads the kernel extension, and needs no root for
 * a folder of one's own with noresvport.  Every export has a name of its own:
 * a dead mount of the same source would be in the way of the next one.
 */
#include "config.h"

#include <sys/param.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/mount.h"

#define OPTIONS_MAX	2048
#define PROGRAM		"/sbin/mount_nfs"

int
mount_can(const char *dir, struct verr *e)
{
	if (access(dir, W_OK) == -1)
		return verr_fail(e, VERR_PERM, "cannot mount on %s: only root "
		    "may mount on a folder of somebody else", dir);
	return 0;
}

static int
run(const char *options, const char *source, const char *dir)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)execl(PROGRAM, "mount_nfs", "-o", options, source,
		    dir, (char *)NULL);
		_exit(127);
	}
	while (pid != -1 && waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			pid = -1;
	return pid != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
mount_do(const struct mount_how *how, struct verr *e)
{
	char options[OPTIONS_MAX], source[300];
	unsigned i;
	size_t n;
	int rc;

	n = (size_t)snprintf(options, sizeof(options), "vers=3,tcp,port=%u,"
	    "mountport=%u%s", (unsigned)how->port, (unsigned)how->port,
	    how->read_only ? ",ro" : "");
	for (i = 0; i < how->opts.n && n < sizeof(options); i++)
		n += (size_t)snprintf(options + n, sizeof(options) - n, ",%s",
		    how->opts.word[i]);
	if (n >= sizeof(options))
		return verr_fail(e, VERR_INVAL, "too many options");
	(void)snprintf(source, sizeof(source), "%s:/%s", MOUNT_HOST,
	    how->name);
	if ((rc = run(options, source, how->dir)) == 0)
		return 0;
	return verr_fail(e, VERR_IO, PROGRAM " failed (%d) on %s", rc,
	    how->dir);
}

int
mount_undo(const char *dir, enum mount_undo how, struct verr *e)
{
	if (unmount(dir, how == MOUNT_FORCE ? MNT_FORCE : 0) == 0)
		return 0;
	if (errno == EINVAL)
		return verr_fail(e, VERR_INVAL, "nothing is mounted on %s",
		    dir);
	if (errno == EBUSY)
		return verr_fail(e, VERR_BUSY, "%s is in use: a program has a "
		    "file open there, or is in it ('lsof +f -- %s' lists "
		    "them)", dir, dir);
	return verr_sys(e, "cannot unmount %s", dir);
}

struct mount_table {
	int	nothing;
};

struct mount_table *
mount_table_open(struct verr *e)
{
	struct mount_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		(void)verr_fail(e, VERR_NOMEM, "out of memory");
	return t;
}

void
mount_table_close(struct mount_table *t)
{
	free(t);
}

int
mount_table_fd(const struct mount_table *t)
{
	(void)t;
	return -1;
}

/* MNT_NOWAIT: what the kernel knows, without asking a server. */
static int
get_all(struct statfs **all)
{
	int n;

	if ((n = getfsstat(NULL, 0, MNT_NOWAIT)) < 0 ||
	    (*all = calloc((size_t)n + 8, sizeof(**all))) == NULL)
		return -1;
	n = getfsstat(*all, (int)(((size_t)n + 8) * sizeof(**all)), MNT_NOWAIT);
	if (n < 0)
		free(*all);
	return n;
}

static void
set_id(const struct statfs *row, char id[MOUNT_ID_MAX])
{
	uint32_t v[2];

	memcpy(v, &row->f_fsid, sizeof(v));
	(void)snprintf(id, MOUNT_ID_MAX, "%08lx%08lx", (unsigned long)v[0],
	    (unsigned long)v[1]);
}

enum mount_seen
mount_table_look(struct mount_table *t, const char *dir,
    char id[MOUNT_ID_MAX])
{
	enum mount_seen seen = MOUNT_NOTHING;
	struct statfs *all;
	int i, n;

	(void)t;
	if ((n = get_all(&all)) < 0)
		return MOUNT_UNKNOWN;
	for (i = 0; i < n; i++) {
		if (strcmp(all[i].f_mntonname, dir) != 0)
			continue;
		seen = strcmp(all[i].f_fstypename, "nfs") == 0 ? MOUNT_IS_NFS :
		    MOUNT_OTHER;
		if (id != NULL)
			set_id(&all[i], id);
	}
	free(all);
	return seen;
}

bool
mount_table_has(struct mount_table *t, const char *id)
{
	char one[MOUNT_ID_MAX];
	bool found = false;
	struct statfs *all;
	int i, n;

	(void)t;
	if ((n = get_all(&all)) < 0)
		return true;
	for (i = 0; i < n && !found; i++) {
		set_id(&all[i], one);
		found = strcmp(one, id) == 0;
	}
	free(all);
	return found;
}
