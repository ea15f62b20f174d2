/*
 * cmd_mount_dir.c - may this folder be mounted on?
 */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/cmd_mount.h"
#include "nfsd/rundir.h"
#include "nfsd/statedir.h"

#define ENDING_S	60	/* a server writes all before it ends */

int
cmd_mount_run_dir(const char *given, char out[PATH_MAX], struct verr *e)
{
	char state[PATH_MAX - 64];

	if (given != NULL || geteuid() == 0)
		return rundir_make(given, NULL, out, PATH_MAX, e);
	if (statedir_make(NULL, state, sizeof(state), e) == -1)
		return -1;
	return rundir_make(NULL, state, out, PATH_MAX, e);
}

static int
resolve(const char *path, char out[PATH_MAX], struct verr *e)
{
	char *full = realpath(path, NULL);

	if (full == NULL) {
		if (errno == ENOENT)
			return verr_fail(e, VERR_NOENT, "%s: there is no such "
			    "folder ('mkdir %s' makes it)", path, path);
		return verr_sys(e, "%s", path);
	}
	if (strlen(full) >= PATH_MAX) {
		free(full);
		return verr_fail(e, VERR_NAMETOOLONG, "%s: too long", path);
	}
	strcpy(out, full);
	free(full);
	return 0;
}

/* The folder above, resolved, and the last name as it is. */
static bool
resolve_parent(const char *path, char out[PATH_MAX])
{
	char copy[PATH_MAX], *slash;
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	if ((size_t)snprintf(copy, sizeof(copy), "%s%.*s",
	    path[0] == '/' ? "" : "./", (int)len, path) >= sizeof(copy))
		return false;
	slash = strrchr(copy, '/');
	if (strcmp(slash, "/") == 0 || strcmp(slash, "/.") == 0 ||
	    strcmp(slash, "/..") == 0)
		return false;
	*slash = '\0';
	if (resolve(copy[0] == '\0' ? "/" : copy, out, NULL) == -1)
		return false;
	len = strlen(out);
	return (size_t)snprintf(out + len, PATH_MAX - len, "%s%s",
	    len == 1 ? "" : "/", slash + 1) < PATH_MAX - len;
}

int
cmd_mount_dir(const char *path, struct mount_table *t, char out[PATH_MAX],
    struct verr *e)
{
	if (resolve_parent(path, out) &&
	    mount_table_look(t, out, NULL) == MOUNT_IS_NFS)
		return 0;
	return resolve(path, out, e);
}

/* Is inner the folder outer, or in it? */
static bool
is_in(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return strncmp(inner, outer, len) == 0 &&
	    (inner[len] == '\0' || inner[len] == '/' || len == 1);
}

static enum cmd_exit
check_empty(const struct cmd_mounting *m)
{
	const struct dirent *de;
	bool empty = true;
	DIR *d;

	if (m->nonempty)
		return CMD_DONE;
	if ((d = opendir(m->dir)) == NULL) {
		cmd_error("cannot mount on %s: %s", m->dir, strerror(errno));
		return errno == EACCES ? CMD_PERMISSION : CMD_MOUNT;
	}
	while (empty && (de = readdir(d)) != NULL)
		empty = strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0;
	(void)closedir(d);
	if (empty)
		return CMD_DONE;
	cmd_error("cannot mount on %s: it is not empty, and what is in it "
	    "would be hidden; take an empty folder, or say -o nonempty",
	    m->dir);
	return CMD_MOUNT;
}

static enum cmd_exit
check_folder(const struct cmd_mounting *m, bool automounted)
{
	struct stat st;

	if (lstat(m->dir, &st) == -1 || !S_ISDIR(st.st_mode)) {
		cmd_error("cannot mount on %s: it is no folder", m->dir);
		return CMD_MOUNT;
	}
	if (is_in(m->dir, m->vault)) {
		cmd_error("cannot mount on %s: it lies in the vault itself",
		    m->dir);
		return CMD_MOUNT;
	}
	if (is_in(m->vault, m->dir)) {
		cmd_error("cannot mount on %s: the vault lies in it, and "
		    "would be hidden", m->dir);
		return CMD_MOUNT;
	}
	/* to look into the folder would have autofs call us once more */
	return automounted ? CMD_DONE : check_empty(m);
}

/* A dead server's mount of this vault goes on; of another, it goes away. */
static enum cmd_exit
check_stale(struct cmd_mounting *m)
{
	struct cmd_umount how = { .force = true };

	if (m->rec.pid != 0 && strcmp(m->rec.vault, m->vault) == 0 &&
	    strcmp(m->rec.name, m->name) == 0 && m->rec.port != 0) {
		m->revived = true;
		return CMD_DONE;
	}
	if (m->rec.pid == 0) {
		cmd_error("cannot mount on %s: another NFS mount is there; "
		    "'umount %s' first", m->dir, m->dir);
		return CMD_MOUNT;
	}
	return cmd_umount_record(&m->rec, m->table, &how);
}

static bool
nothing_there(const struct cmd_mounting *m)
{
	enum mount_seen seen = mount_table_look(m->table, m->dir, NULL);

	return seen == MOUNT_NOTHING || seen == MOUNT_AUTO;
}

/*
 * A server that is unmounted and not gone yet, since systemd may mount again at
 * once; or one that somebody else is about to mount.
 */
static int
wait_ending(struct cmd_mounting *m, struct verr *e)
{
	int i;

	for (i = 0; i < ENDING_S && m->rec.alive && m->rec.pid > 1 &&
	    nothing_there(m); i++) {
		if (!mount_record_wait(&m->rec, 1000))
			continue;
		/* it is not the file's name any more, if that was removed */
		mount_record_close(&m->rec);
		return mount_record_open(&m->rec, m->run, m->dir, true, e);
	}
	return 0;
}

enum cmd_exit
cmd_mount_check(struct cmd_mounting *m)
{
	struct verr e = { .code = VERR_NONE };
	enum mount_seen seen;

	if (cmd_mount_run_dir(m->args->run_dir, m->run, &e) == -1 ||
	    mount_record_open(&m->rec, m->run, m->dir, true, &e) == -1 ||
	    wait_ending(m, &e) == -1)
		return cmd_fail(&e, "cannot note the mount");
	if (m->rec.alive && m->again && !nothing_there(m) &&
	    strcmp(m->rec.vault, m->vault) == 0 &&
	    strcmp(m->rec.name, m->name) == 0) {
		m->already = true;
		return CMD_DONE;
	}
	if (m->rec.alive && m->rec.pid <= 1) {
		cmd_error("%s is being mounted just now; try again", m->dir);
		return CMD_MOUNT;
	}
	if (m->rec.alive) {
		cmd_error("%s is mounted already: /%s of %s, by the server "
		    "with pid %ld ('vaultnfs umount %s' ends it)", m->dir,
		    m->rec.name, m->rec.vault, m->rec.pid, m->dir);
		return CMD_MOUNT;
	}
	seen = mount_table_look(m->table, m->dir, NULL);
	switch (seen) {
	case MOUNT_IS_NFS:
		return check_stale(m);
	case MOUNT_OTHER:
		cmd_error("cannot mount on %s: another file system is mounted "
		    "there; 'umount %s' first, or take another folder",
		    m->dir, m->dir);
		return CMD_MOUNT;
	default:
		return check_folder(m, seen == MOUNT_AUTO);
	}
}
