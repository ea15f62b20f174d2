/*
 * vb_cmd.c - fork, exec, wait.
 */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bench/vb.h"
#include "bench/vb_cmd.h"

static void
child(const char *const argv[], bool loud)
{
	int null = open("/dev/null", O_RDWR);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(loud ? STDERR_FILENO : null, STDOUT_FILENO) == -1)
		_exit(126);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

bool
vb_cmd_run(struct vb *vb, const char *const argv[], bool loud)
{
	int status;
	pid_t pid, rc;

	if (vb_stopped())
		return false;
	if ((pid = fork()) == -1)
		return vb_error(vb, "fork: %s", strerror(errno));
	if (pid == 0)
		child(argv, loud);
	do
		rc = waitpid(pid, &status, 0);
	while (rc == -1 && errno == EINTR);
	if (rc == -1)
		return vb_error(vb, "wait: %s", strerror(errno));
	if (WIFSIGNALED(status))
		return vb_error(vb, "%s: ended by signal %d", argv[0],
		    WTERMSIG(status));
	if (WEXITSTATUS(status) == 127)
		return vb_error(vb, "%s: the program is not there", argv[0]);
	if (WEXITSTATUS(status) != 0)
		return vb_error(vb, "%s %s: ended with status %d", argv[0],
		    argv[1] == NULL ? "" : argv[1], WEXITSTATUS(status));
	return !vb_stopped();
}

bool
vb_cmd_cold(struct vb *vb)
{
	const char *argv[] = { "sh", "-c", vb->cold, NULL };

	return vb->cold == NULL || vb_cmd_run(vb, argv, true) ||
	    vb_error(vb, "--cold: the command failed: %s", vb->cold);
}
