/* pass.c - the sources that need no terminal, and the choice among all. */
#include "config.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/pass.h"

extern char **environ;

/* A password, the newline after it, and one byte that shows it is too long. */
#define PASS_BUF	(PASS_LEN_MAX + 2)

/* Up to PASS_BUF bytes or the end of fd; -1 with errno. */
static ssize_t
read_all(int fd, char *buf)
{
	size_t len = 0;
	ssize_t n;

	while (len < PASS_BUF) {
		n = read(fd, buf + len, PASS_BUF - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* Take len bytes of p->text as the password. */
static int
accept_bytes(struct pass *p, size_t len, struct verr *e)
{
	if (len > 0 && p->text[len - 1] == '\n')
		len--;
	if (len > PASS_LEN_MAX)
		return verr_fail(e, VERR_INVAL,
		    "the password is longer than %u bytes", PASS_LEN_MAX);
	secret_zero(p->text + len, PASS_BUF + 1 - len);
	p->len = len;
	return 0;
}

static int
from_fd(struct pass *p, int fd, const char *what, struct verr *e)
{
	ssize_t n;

	if ((n = read_all(fd, p->text)) == -1)
		return verr_sys(e, "cannot read the password from %s", what);
	return accept_bytes(p, (size_t)n, e);
}

static int
from_file(struct pass *p, const char *path, struct verr *e)
{
	int fd, rc;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return verr_sys(e, "cannot open the password file %s", path);
	rc = from_fd(p, fd, path, e);
	(void)close(fd);
	return rc;
}

static int
from_number(struct pass *p, const char *arg, struct verr *e)
{
	char *end;
	long fd;
	int rc;

	errno = 0;
	fd = strtol(arg, &end, 10);
	if (errno != 0 || end == arg || *end != '\0' || fd < 0 ||
	    fd > 1 << 30 || fcntl((int)fd, F_GETFD) == -1)
		return verr_fail(e, VERR_INVAL,
		    "--password-fd %s: no such open descriptor", arg);
	rc = from_fd(p, (int)fd, "the descriptor", e);
	(void)close((int)fd);
	return rc;
}

static int
from_env(struct pass *p, const char *name, struct verr *e)
{
	char *value;
	size_t len;

	if ((value = getenv(name)) == NULL)
		return verr_fail(e, VERR_INVAL,
		    "there is no environment variable %s", name);
	len = strlen(value);
	if (len < PASS_BUF)
		memcpy(p->text, value, len);
	secret_zero(value, len);
	(void)unsetenv(name);
	return accept_bytes(p, len < PASS_BUF ? len : PASS_BUF, e);
}

/* /bin/sh -c cmd with its output to fd; its id, or -1 with errno. */
static pid_t
start(const char *cmd, int fd)
{
	char sh[] = "/bin/sh", dash_c[] = "-c";
	char *argv[] = { sh, dash_c, NULL, NULL };
	posix_spawn_file_actions_t fa;
	pid_t pid;
	int rc;

	if ((argv[2] = strdup(cmd)) == NULL)
		return -1;
	if ((rc = posix_spawn_file_actions_init(&fa)) == 0) {
		rc = posix_spawn_file_actions_adddup2(&fa, fd, STDOUT_FILENO);
		if (rc == 0)
			rc = posix_spawn(&pid, sh, &fa, NULL, argv, environ);
		(void)posix_spawn_file_actions_destroy(&fa);
	}
	free(argv[2]);
	errno = rc;
	return rc == 0 ? pid : -1;
}

/* How the command ended, as an error unless it ended well. */
static int
reap(pid_t pid, struct verr *e)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return verr_sys(e, "the password command");
	if (WIFSIGNALED(status))
		return verr_fail(e, VERR_IO,
		    "the password command was killed by signal %d",
		    WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return verr_fail(e, VERR_IO,
		    "the password command failed with status %d",
		    WEXITSTATUS(status));
	return 0;
}

/* Read what is left, so that a command that prints more is not killed. */
static void
drain(int fd)
{
	char junk[512];
	ssize_t n;

	while ((n = read(fd, junk, sizeof(junk))) > 0 ||
	    (n == -1 && errno == EINTR))
		;
	secret_zero(junk, sizeof(junk));
}

static int
from_command(struct pass *p, const char *cmd, struct verr *e)
{
	const char *nl;
	ssize_t n;
	pid_t pid;
	int fd[2];

	if (pipe(fd) == -1)
		return verr_sys(e, "the password command");
	(void)fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	if ((pid = start(cmd, fd[1])) == -1) {
		(void)verr_sys(e, "cannot run the password command");
		(void)close(fd[0]);
		(void)close(fd[1]);
		return -1;
	}
	(void)close(fd[1]);
	if ((n = read_all(fd[0], p->text)) == -1)
		n = 0;
	drain(fd[0]);
	(void)close(fd[0]);
	if (reap(pid, e) == -1)
		return -1;
	if (n == 0)
		return verr_fail(e, VERR_IO,
		    "the password command printed nothing");
	if ((nl = memchr(p->text, '\n', (size_t)n)) != NULL)
		n = nl - p->text + 1;
	return accept_bytes(p, (size_t)n, e);
}

/* Ask once or twice on fd. */
static int
ask_on(int fd, struct pass *p, const char *prompt, bool twice, struct verr *e)
{
	char *again;
	long n, m = -1;
	int tries = 0;

	if ((again = secret_alloc(PASS_BUF + 1)) == NULL)
		return verr_code(e, VERR_NOMEM);
	do {
		if ((n = pass_tty_line(fd, prompt, p->text, e)) == -1)
			break;
		if (!twice)
			m = n;
		else if ((m = pass_tty_line(fd, "the same again", again,
		    e)) == -1)
			break;
		else if (m != n || !secret_equal(p->text, again, (size_t)n))
			m = verr_fail(e, VERR_INVAL,
			    "the two passwords differ");
	} while (m == -1 && ++tries < 3);
	secret_free(again, PASS_BUF + 1);
	return m == -1 ? -1 : accept_bytes(p, (size_t)n, e);
}

static int
ask(struct pass *p, const char *prompt, bool twice, struct verr *e)
{
	int fd, rc;

	if ((fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) == -1)
		return verr_fail(e, VERR_INVAL, "there is no terminal to ask "
		    "for the password on: use --password-file or another of "
		    "the --password options");
	rc = ask_on(fd, p, prompt, twice, e);
	(void)close(fd);
	return rc;
}

static int
from(struct pass *p, const struct pass_source *src, const char *prompt,
    bool twice, struct verr *e)
{
	switch (src->kind) {
	case PASS_FILE:
		return from_file(p, src->arg, e);
	case PASS_FD:
		return from_number(p, src->arg, e);
	case PASS_STDIN:
		return from_fd(p, STDIN_FILENO, "standard input", e);
	case PASS_COMMAND:
		return from_command(p, src->arg, e);
	case PASS_ENV:
		return from_env(p, src->arg, e);
	case PASS_ASK:
		break;
	}
	return ask(p, prompt, twice, e);
}

int
pass_read(struct pass *p, const struct pass_source *src, const char *prompt,
    bool twice, struct verr *e)
{
	p->len = 0;
	if ((p->text = secret_alloc(PASS_BUF + 1)) == NULL)
		return verr_fail(e, VERR_NOMEM, "no memory for the password");
	if (from(p, src, prompt, twice, e) == 0)
		return 0;
	pass_fini(p);
	return -1;
}

void
pass_fini(struct pass *p)
{
	secret_free(p->text, PASS_BUF + 1);
	p->text = NULL;
	p->len = 0;
}
