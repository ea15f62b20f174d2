/*
 * cmd_exec.c - vaultnfs exec: mount, run a command, unmount.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/cmd_mount.h"

#define EXIT_NOTFOUND	127	/* as shells have it */
#define EXIT_NOEXEC	126
#define EXIT_SIGNAL	128

/* A folder of our own, which nobody else may enter. */
static enum cmd_exit
make_folder(struct cmd_mounting *m, char path[PATH_MAX])
{
	struct verr e = { .code = VERR_NONE };
	char run[PATH_MAX];

	if (cmd_mount_run_dir(m->args->run_dir, run, &e) == -1)
		return cmd_fail(&e, "no place to mount");
	if ((size_t)snprintf(path, PATH_MAX, "%s/exec-XXXXXX", run) >=
	    PATH_MAX || mkdtemp(path) == NULL) {
		cmd_error("cannot make a folder in %s: %s", run,
		    strerror(errno));
		return CMD_FAILED;
	}
	m->dir_word = path;
	return CMD_DONE;
}

static _Noreturn void
become_command(const struct cmd_mounting *m, char **argv)
{
	int err;

	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setenv("VAULTNFS_DIR", m->dir, 1);
	if (chdir(m->dir) == 0)
		(void)execvp(argv[0], argv);
	err = errno;
	cmd_error("cannot run %s: %s", argv[0], strerror(err));
	_exit(err == ENOENT ? EXIT_NOTFOUND : EXIT_NOEXEC);
}

/*
 * Its exit.  The terminal's signals are the command's; one that is for us alone
 * is passed on.
 */
static int
run_command(const struct cmd_mounting *m, char **argv)
{
	bool told = false;
	int status;
	pid_t pid;

	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	if ((pid = fork()) == 0)
		become_command(m, argv);
	if (pid == -1) {
		cmd_error("cannot fork: %s", strerror(errno));
		return EXIT_NOEXEC;
	}
	while (waitpid(pid, &status, 0) == -1) {
		if (errno != EINTR)
			return EXIT_NOEXEC;
		if (cmd_stopped() && !told)
			told = kill(pid, SIGTERM) == 0;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    EXIT_SIGNAL + WTERMSIG(status);
}

/* What it left running in the folder does not keep the vault open. */
static enum cmd_exit
unmount(struct cmd_mounting *m)
{
	struct cmd_umount how = { .force = false };
	struct verr e = { .code = VERR_NONE };
	struct mount_record *r;
	enum cmd_exit rc;

	/* ours shares the lock of the server: a new look does not */
	if ((r = calloc(1, sizeof(*r))) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	mount_record_close(&m->rec);
	if (mount_record_open(r, m->run, m->dir, false, &e) == -1) {
		free(r);
		return cmd_fail(&e, "cannot unmount %s", m->dir);
	}
	rc = cmd_umount_record(r, m->table, &how);
	if (rc == CMD_FAILED && r->alive &&
	    mount_table_look(m->table, m->dir, NULL) == MOUNT_IS_NFS) {
		cmd_error("something that was started there still runs: the "
		    "vault is taken from it");
		how.force = true;
		rc = cmd_umount_record(r, m->table, &how);
	}
	mount_record_close(r);
	free(r);
	return rc;
}

static enum cmd_exit
mount_and_run(struct cmd_mounting *m, char **argv)
{
	enum cmd_exit rc, end;
	pid_t server;

	if ((rc = cmd_mount_go(m)) != CMD_DONE)
		return rc;
	if (m->revived) {
		cmd_error("%s is mounted already", m->dir);
		return CMD_MOUNT;
	}
	rc = (enum cmd_exit)run_command(m, argv);
	server = m->pid;
	end = unmount(m);
	if (end == CMD_DONE)
		(void)waitpid(server, NULL, 0);
	return cmd_first(rc, end);
}

static enum cmd_exit
exec_run(const struct cmd_call *call)
{
	char folder[PATH_MAX] = "";
	struct cmd_mounting *m;
	enum cmd_exit rc;

	if (call->first_after < 1 || call->first_after > 2 ||
	    call->first_after == call->n)
		return cmd_usage(call, "needs VAULT, perhaps DIR, then -- and "
		    "a command");
	if ((m = calloc(1, sizeof(*m))) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	m->dir_word = call->first_after == 2 ? call->operand[1] : "";
	rc = cmd_mount_words(m, call);
	if (rc == CMD_DONE && m->dir_word[0] == '\0')
		rc = make_folder(m, folder);
	if (rc == CMD_DONE)
		rc = mount_and_run(m, call->operand + call->first_after);
	cmd_mount_end(m);
	if (folder[0] != '\0')
		(void)rmdir(folder);
	return rc;
}

const struct cmd cmd_exec = {
	"exec", "VAULT[=NAME] [DIR] -- COMMAND...", 2, CMD_MANY,
	"mount a vault for as long as a command runs",
	"The command runs in the mounted folder, whose name is in\n"
	"VAULTNFS_DIR; without DIR that is a new one that nobody else may\n"
	"enter.  Ends as the command does (128 and the signal's number if one\n"
	"killed it), or as mount does if that fails.\n",
	cmd_exec_opts, sizeof(struct cmd_mount_args), exec_run
};
