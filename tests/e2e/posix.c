/*
 * posix.c - posix DIR: what POSIX says of files, directories, links, names,
 * attributes and rights, tried in DIR.  Needs root, to be other users.
 */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/posix.h"

static const char *section, *top;
static unsigned count, failed;

void
posix_section(const char *name)
{
	if (chdir(top) == -1 || mkdir(name, 0755) == -1 ||
	    chdir(name) == -1) {
		perror(name);
		exit(2);
	}
	section = name;
}

static void
verdict(const char *name, bool ok, const char *seen)
{
	count++;
	if (!ok)
		failed++;
	if (ok)
		printf("ok %s: %s\n", section, name);
	else
		printf("not ok %s: %s # %s\n", section, name, seen);
}

void
posix_is(const char *name, long rc, int want)
{
	int err = rc == -1 ? errno : 0;
	char seen[128];

	(void)snprintf(seen, sizeof(seen), "%s, not %s",
	    err == 0 ? "done" : strerror(err),
	    want == 0 ? "done" : strerror(want));
	verdict(name, err == want, seen);
}

void
posix_true(const char *name, bool so)
{
	verdict(name, so, "not so");
}

void
posix_same(const char *name, long long seen, long long want)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%lld, not %lld", seen, want);
	verdict(name, seen == want, text);
}

/* errno comes back through the exit status. */
long
posix_as(uid_t uid, gid_t gid, gid_t group, posix_fn *fn, void *arg)
{
	pid_t pid;
	int st;

	(void)fflush(stdout);
	if ((pid = fork()) == 0) {
		if (setgroups(group != 0, &group) == -1 ||
		    setgid(gid) == -1 || setuid(uid) == -1)
			_exit(255);
		_exit(fn(arg) == -1 ? errno : 0);
	}
	if (waitpid(pid, &st, 0) == -1 || !WIFEXITED(st) ||
	    WEXITSTATUS(st) == 255) {
		(void)fprintf(stderr, "cannot be uid %u\n", (unsigned)uid);
		exit(2);
	}
	errno = WEXITSTATUS(st);
	return errno == 0 ? 0 : -1;
}

long
posix_open(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd != -1)
		(void)close(fd);
	return fd == -1 ? -1 : 0;
}

long
posix_file(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);

	if (fd != -1)
		(void)close(fd);
	return fd == -1 ? -1 : 0;
}

long
posix_write(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n;

	if (fd == -1)
		return -1;
	n = write(fd, text, len);
	return close(fd) == -1 || n != (ssize_t)len ? -1 : 0;
}

struct stat
posix_stat(const char *path)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	(void)lstat(path, &st);
	return st;
}

mode_t
posix_mode(const char *path)
{
	struct stat st;

	return lstat(path, &st) == -1 ? (mode_t)-1 : st.st_mode & 07777;
}

const char *
posix_name(char c, unsigned len)
{
	static char name[2][5000];
	static unsigned which;
	char *p = name[which++ % 2];

	memset(p, c, len);
	p[len] = '\0';
	return p;
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fprintf(stderr, "usage: posix DIR\n");
		return 2;
	}
	if (geteuid() != 0) {
		(void)fprintf(stderr, "posix: needs root\n");
		return 2;
	}
	(void)umask(022);
	top = argv[1];
	posix_names();
	posix_files();
	posix_links();
	posix_renames();
	posix_attrs();
	posix_rights();
	(void)fprintf(stderr, "%u assertions, %u failed\n", count, failed);
	return failed != 0;
}
