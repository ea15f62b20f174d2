/*
 * cmd_umount.c - vaultnfs umount: unmount, and end the server.
 *
 * First the mount, so that the client sends what it has; then the server, by
 * SIGTERM, which writes that to the disk.  The lock on the record (see
 * mount_record.h) says whether it lives, so the pid is its own, and when it is
 * gone; a request on its control socket could tell neither.
 *
 * A dead server's mount takes no answer for anything, and unmounting it may
 * wait for ever.  So that is done by children, which may be left behind: the
 * first lets the calls under way fail, the last takes the mount out of the tree
 * whatever uses it.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/cmd_mount.h"
#include "nfsd/cmd_out.h"
#include "nfsd/loop.h"
#include "nfsd/rundir.h"

#define DEAD_TRIES	3
#define DEAD_MS		2000	/* for each of them */
#define FORCE_MS	3000	/* for a server that is not to be waited for */
#define FLUSH_MS	(10 * 60 * 1000)	/* for a server to write all */

struct args {
	const char	*run_dir;
	bool		 force, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 'f', "force", NULL, offsetof(struct args, force), 0,
	    0, NULL, "do not wait for programs that use it, nor for a"
	    "\n                            server that does not answer; what "
	    "they have"
	    "\n                            not saved is lost" },
	{ CMD_OPT_TEXT, 0, "run-dir", "DIR", offsetof(struct args, run_dir),
	    0, 0, NULL, "where mounts are noted" },
	CMD_JSON(struct args, json),
	CMD_END
};

/* The child's end: true, it succeeded; false: not (in time). */
static bool
wait_child(pid_t pid, unsigned ms)
{
	uint64_t until = loop_clock_us() + (uint64_t)ms * 1000;
	int status;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) != pid) {
		if ((got == -1 && errno != EINTR) || loop_clock_us() >= until)
			return false;
		(void)poll(NULL, 0, 10);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
force_once(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(mount_undo(dir, MOUNT_FORCE, NULL) == 0 ? 0 : 1);
	return pid != -1 && wait_child(pid, DEAD_MS);
}

/* Nobody answers: gone in some seconds, whatever happens. */
static enum cmd_exit
force_away(const char *dir, struct mount_table *t)
{
	struct verr e = { .code = VERR_NONE };
	int i;

	for (i = 0; i < DEAD_TRIES; i++) {
		if (force_once(dir) ||
		    mount_table_look(t, dir, NULL) != MOUNT_IS_NFS)
			return CMD_DONE;
	}
	if (mount_undo(dir, MOUNT_FORCE, &e) == 0)
		return CMD_DONE;
	cmd_error("%s", cmd_sentence(&e));
	return e.code == VERR_PERM ? CMD_PERMISSION : CMD_MOUNT;
}

static enum cmd_exit
undo_gently(const char *dir)
{
	struct verr e = { .code = VERR_NONE };

	if (mount_undo(dir, MOUNT_GENTLY, &e) == 0)
		return CMD_DONE;
	if (e.code == VERR_PERM && geteuid() != 0 &&
	    mount_by_entry(dir, true, &e) == 0)
		return CMD_DONE;
	if (e.code == VERR_BUSY)
		cmd_error("%s; -f does not wait for it", e.text);
	else
		cmd_error("%s", cmd_sentence(&e));
	return e.code == VERR_PERM ? CMD_PERMISSION : e.code == VERR_BUSY ?
	    CMD_FAILED : CMD_MOUNT;
}

/* It is asked to end, and killed if it takes that for nothing. */
static enum cmd_exit
end_by_force(struct mount_record *r)
{
	(void)kill((pid_t)r->pid, SIGTERM);
	if (mount_record_wait(r, FORCE_MS))
		return CMD_DONE;
	(void)kill((pid_t)r->pid, SIGKILL);
	if (mount_record_wait(r, FORCE_MS))
		return CMD_DONE;
	cmd_error("the server, pid %ld, does not end; see %s", r->pid, r->log);
	return CMD_FAILED;
}

/* What the server had to write is on the disk when it has ended. */
static enum cmd_exit
end_server(struct mount_record *r)
{
	if (kill((pid_t)r->pid, SIGTERM) == -1 && errno == EPERM) {
		cmd_error("the server, pid %ld, is another user's, and not "
		    "ended", r->pid);
		return CMD_PERMISSION;
	}
	if (!mount_record_wait(r, FLUSH_MS)) {
		cmd_error("the server, pid %ld, does not end; see %s", r->pid,
		    r->log);
		return CMD_FAILED;
	}
	if (r->ended != 0) {
		cmd_error("the server ended with %d, not all may be written; "
		    "see %s", r->ended, r->log);
		return CMD_FAILED;
	}
	return CMD_DONE;
}

/* A killed server has left its socket beside the record. */
static void
sweep(const struct mount_record *r)
{
	char dir[PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%s", r->file);
	*strrchr(dir, '/') = '\0';
	log_set_level(LOG_LEVEL_WARN);	/* that it is removed is no news */
	rundir_sweep(dir);
}

enum cmd_exit
cmd_umount_record(struct mount_record *r, struct mount_table *t,
    struct cmd_umount *how)
{
	enum mount_seen seen = mount_table_look(t, r->dir, NULL);
	enum cmd_exit rc = CMD_DONE;

	how->was_dead = !r->alive;
	if (r->alive && r->pid <= 1) {
		cmd_error("%s is being mounted just now; try again", r->dir);
		return CMD_FAILED;
	}
	if (seen == MOUNT_IS_NFS)
		rc = how->force || !r->alive ? force_away(r->dir, t) :
		    undo_gently(r->dir);
	if (rc != CMD_DONE)
		return rc;
	if (r->alive)
		rc = how->force ? end_by_force(r) : end_server(r);
	if (!r->alive) {
		mount_record_remove(r);
		if (how->was_dead || how->force)
			sweep(r);
	}
	return rc;
}

static enum cmd_exit
not_ours(const char *dir, enum mount_seen seen)
{
	if (seen == MOUNT_NOTHING || seen == MOUNT_AUTO)
		cmd_error("nothing is mounted on %s", dir);
	else
		cmd_error("%s was not mounted by vaultnfs, or by another "
		    "user; '%s %s' unmounts it", dir, geteuid() == 0 ?
		    "umount" : "sudo vaultnfs umount", dir);
	return CMD_NOTFOUND;
}

static enum cmd_exit
report(const struct args *args, const char *dir, const struct cmd_umount *how)
{
	json_t *o;

	if (!args->json) {
		fputs("unmounted ", stdout);
		cmd_out_name(dir, strlen(dir));
		puts(how->was_dead ? " (its server was dead)" : "");
		return CMD_DONE;
	}
	o = json_pack("{s:b}", "was_dead", how->was_dead);
	if (o != NULL && cmd_json_bytes(o, "unmounted", "unmounted_hex", dir,
	    strlen(dir)) && cmd_json_print(o))
		return CMD_DONE;
	cmd_error("out of memory");
	return CMD_FAILED;
}

/* The folder may be gone, or its mount dead: only its name is looked at. */
static enum cmd_exit
umount_dir(const struct cmd_call *call, struct mount_table *t,
    struct mount_record *r)
{
	const struct args *args = call->args;
	struct cmd_umount how = { .force = args->force };
	struct verr e = { .code = VERR_NONE };
	char dir[PATH_MAX], run[PATH_MAX];
	enum cmd_exit rc;

	if (cmd_mount_dir(call->operand[0], t, dir, &e) == -1) {
		cmd_error("%s: nothing is mounted there", call->operand[0]);
		return CMD_NOTFOUND;
	}
	if (cmd_mount_run_dir(args->run_dir, run, &e) == -1)
		return cmd_fail(&e, "cannot look for mounts");
	if (mount_record_open(r, run, dir, false, &e) == -1)
		return e.code == VERR_NOENT ?
		    not_ours(dir, mount_table_look(t, dir, NULL)) :
		    cmd_fail(&e, "%s", dir);
	rc = cmd_umount_record(r, t, &how);
	mount_record_close(r);
	return rc == CMD_DONE ? report(args, dir, &how) : rc;
}

static enum cmd_exit
umount_run(const struct cmd_call *call)
{
	struct verr e = { .code = VERR_NONE };
	struct mount_record *r;
	struct mount_table *t;
	enum cmd_exit rc;

	if ((r = calloc(1, sizeof(*r))) == NULL ||
	    (t = mount_table_open(&e)) == NULL) {
		free(r);
		return cmd_fail(&e, "cannot unmount");
	}
	rc = umount_dir(call, t, r);
	mount_table_close(t);
	free(r);
	return rc;
}

const struct cmd cmd_umount = {
	"umount", "DIR", 1, 1, "unmount a vault, and end its server",
	"What programs have written is sent to the server and is on the disk\n"
	"when this returns.  If the server is dead, the mount is taken away\n"
	"within ten seconds, and what was left of it cleaned up.\n",
	opts, sizeof(struct args), umount_run
};
