/*
 * test_sandbox.c - what a process in the sandbox cannot do any more.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/verr.h"
#include "nfsd/sandbox.h"
#include "tests/proto/sanitized.h"
#include "tests/unit/pair.h"

TestSuite(sandbox, .timeout = 60);

static char folder[64], shown[64], other[64];
static char has[64];

/* In a child that is in the sandbox: the result of body, 200 + a signal. */
static int
inside(int (*body)(void))
{
	struct sandbox_folder f[2] = { { folder, false }, { shown, true } };
	struct sandbox_options o = { .folders = f, .n = 2 };
	pid_t child;
	int st;

	if ((child = fork()) == 0) {
		if (sandbox_enter(&o, has, sizeof(has), NULL) == -1)
			_exit(150);
		_exit(body());
	}
	(void)waitpid(child, &st, 0);
	return WIFEXITED(st) ? WEXITSTATUS(st) : 200 + WTERMSIG(st);
}

static void
make_folder(char *path, const char *name)
{
	char file[128];
	int fd;

	(void)snprintf(path, 64, "/tmp/vaultnfs-box-%s-XXXXXX", name);
	cr_assert(mkdtemp(path) != NULL);
	(void)snprintf(file, sizeof(file), "%s/file", path);
	cr_assert_neq(fd = open(file, O_WRONLY | O_CREAT, 0600), -1);
	(void)close(fd);
}

static void
remove_folder(const char *path)
{
	char cmd[128];

	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", path);
	(void)!system(cmd);
}

static void
setup(void)
{
	make_folder(folder, "a");
	make_folder(shown, "b");
	make_folder(other, "c");
}

static void
teardown(void)
{
	remove_folder(folder);
	remove_folder(shown);
	remove_folder(other);
}

/* errno of opening PATH/NAME, 0 if that works. */
static int
opens(const char *path, const char *name, int flags)
{
	char file[128];
	int fd;

	(void)snprintf(file, sizeof(file), "%s/%s", path, name);
	if ((fd = open(file, flags, 0600)) == -1)
		return errno;
	(void)close(fd);
	return 0;
}

static int
has_words(void)
{
	return (strstr(has, "seccomp") != NULL ? 1 : 0) |
	    (strstr(has, "landlock") != NULL ? 2 : 0);
}

static int
uses_its_folders(void)
{
	char from[128], to[128];

	(void)snprintf(from, sizeof(from), "%s/new", folder);
	(void)snprintf(to, sizeof(to), "%s/newer", folder);
	return opens(folder, "file", O_RDWR) != 0 ||
	    opens(folder, "new", O_WRONLY | O_CREAT | O_EXCL) != 0 ||
	    rename(from, to) != 0 ||
	    unlink(to) != 0 || opens(shown, "file", O_RDONLY) != 0;
}

static int
writes_where_it_may_read(void)
{
	return opens(shown, "file", O_RDWR) == EACCES &&
	    opens(shown, "new", O_WRONLY | O_CREAT) == EACCES ? 0 : 1;
}

static int
opens_others(void)
{
	return opens(other, "file", O_RDONLY) == EACCES &&
	    opens("/etc", "passwd", O_RDONLY) == EACCES ? 0 : 1;
}

static int
runs_a_program(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return 1;
}

static int
makes_a_process(void)
{
	return fork() == -1 ? 1 : 2;
}

static int
makes_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == ENOSYS &&
	    socket(AF_UNIX, SOCK_STREAM, 0) == -1 ? 0 : 1;
}

static int
makes_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) ==
	    -1 && errno == EPERM && mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 0 : 1;
}

static int
kills(void)
{
	(void)kill(getppid(), 0);
	return 1;
}

static void *
thread(void *arg)
{
	*(int *)arg = opens(other, "file", O_RDONLY);
	return NULL;
}

/* A thread can be made, and is in it too. */
static int
makes_a_thread(void)
{
	pthread_t t;
	int err = 0;

	if (pthread_create(&t, NULL, thread, &err) != 0 ||
	    pthread_join(t, NULL) != 0)
		return 1;
	return err == EACCES ? 0 : 2;
}

/* The same, asked of the kernel. */
static int
kernel_has(void)
{
#if defined(__linux__) && !defined(SANITIZED)
	bool list = false;

#if defined(__x86_64__) || defined(__aarch64__)
	list = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0;
#endif
	/* landlock_create_ruleset(2) */
	return (list ? 1 : 0) | (syscall(444, NULL, 0, 1) > 0 ? 2 : 0);
#else
	/* a sanitizer wants system calls of its own */
	return 0;
#endif
}

static bool
has_all(int what)
{
	int kernel = kernel_has();

	if ((kernel & what) != what) {
		cr_skip("not on this system");
		return false;
	}
	cr_assert_eq(inside(has_words), kernel);
	return true;
}

Test(sandbox, its_folders_are_all_it_has, .init = setup, .fini = teardown)
{
	if (!has_all(2))
		return;
	cr_expect_eq(inside(opens_others), 0);
	cr_expect_eq(inside(writes_where_it_may_read), 0);
}

Test(sandbox, no_program_process_socket_or_code_is_made, .init = setup,
    .fini = teardown)
{
	if (!has_all(1))
		return;
	cr_expect_eq(inside(runs_a_program), 200 + SIGSYS);
	cr_expect_eq(inside(makes_a_process), 200 + SIGSYS);
	cr_expect_eq(inside(kills), 200 + SIGSYS);
	cr_expect_eq(inside(makes_a_socket), 0);
	cr_expect_eq(inside(makes_code), 0);
}

Test(sandbox, what_a_server_does_goes_on, .init = setup, .fini = teardown)
{
	if (!has_all(3))
		return;
	cr_expect_eq(inside(makes_a_thread), 0);
	cr_expect_eq(inside(uses_its_folders), 0);
}
