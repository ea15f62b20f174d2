#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/verr.h"

static char dir[64], path[128];
static off_t size;
static struct verr e;

static void
setup(void)
{
	(void)strcpy(dir, "/tmp/vaultnfs-test-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/file", dir);
}

static void
teardown(void)
{
	(void)unlink(path);
	(void)rmdir(path);
	(void)rmdir(dir);
}

TestSuite(lockfile, .init = setup, .fini = teardown);

Test(lockfile, is_made_for_its_owner_if_that_is_asked)
{
	struct stat st;
	int fd;

	cr_expect_eq(lockfile_open(path, false, &size, &e), -1);
	cr_expect_eq(e.code, VERR_NOENT);
	cr_assert_geq(fd = lockfile_open(path, true, &size, &e), 0);
	cr_expect_eq(size, 0);
	cr_expect_eq(fstat(fd, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(write(fd, "text", 4), 4);
	(void)close(fd);
	cr_assert_geq(fd = lockfile_open(path, false, &size, &e), 0);
	cr_expect_eq(size, 4, "and kept");
	(void)close(fd);
}

Test(lockfile, is_somebodys_until_it_is_closed_or_the_process_is_dead)
{
	int fd, st;
	pid_t pid;

	cr_assert_geq(fd = lockfile_open(path, true, &size, &e), 0);
	cr_expect_eq(lockfile_open(path, true, &size, &e), -1);
	cr_expect_eq(e.code, VERR_BUSY);
	(void)close(fd);
	if ((pid = fork()) == 0)
		_exit(lockfile_open(path, true, &size, &e) == -1);
	cr_assert_eq(waitpid(pid, &st, 0), pid);
	cr_expect_eq(st, 0);
	cr_expect_geq(fd = lockfile_open(path, true, &size, &e), 0);
	(void)close(fd);
}

Test(lockfile, is_a_plain_file_and_no_link_to_one)
{
	char other[160];

	cr_assert_eq(mkdir(path, 0700), 0);
	cr_expect_eq(lockfile_open(path, true, &size, &e), -1);
	(void)rmdir(path);
	(void)snprintf(other, sizeof(other), "%s.other", path);
	cr_assert_eq(symlink(other, path), 0);
	cr_expect_eq(lockfile_open(path, true, &size, &e), -1);
	cr_expect_neq(access(other, F_OK), 0, "nothing was made there");
}
