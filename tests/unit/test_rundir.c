#include "config.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/control_peer.h"
#include "nfsd/rundir.h"

static char base[64], dir[80], path[256];
static struct verr e;

static void
setup(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	strcpy(base, "/tmp/vaultnfs-rundir-XXXXXX");
	cr_assert_not_null(mkdtemp(base));
	(void)snprintf(dir, sizeof(dir), "%s/run", base);
	memset(&e, 0, sizeof(e));
}

static void
teardown(void)
{
	char cmd[128];

	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", base);
	/* what is left of a test that became nobody is an empty folder */
	(void)!system(cmd);
}

TestSuite(rundir, .init = setup, .fini = teardown, .timeout = 30);

static unsigned found;

static void
see(void *ctx, const char *at)
{
	(void)ctx;
	(void)at;
	found++;
}

static unsigned
count(void)
{
	found = 0;
	cr_assert_eq(rundir_each(dir, see, NULL, &e), 0, "%s", e.text);
	return found;
}

Test(rundir, the_folder_is_made_for_its_owner_alone)
{
	struct stat st;

	cr_assert_eq(rundir_make(dir, NULL, path, sizeof(path), &e), 0);
	cr_assert_str_eq(path, dir);
	cr_assert_eq(stat(dir, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0700);
	cr_assert_eq(rundir_make(dir, NULL, path, sizeof(path), &e), 0);
}

Test(rundir, a_folder_that_others_may_enter_is_refused)
{
	cr_assert_eq(mkdir(dir, 0700), 0);
	cr_assert_eq(chmod(dir, 0710), 0);
	cr_assert_eq(rundir_make(dir, NULL, path, sizeof(path), &e), -1);
	cr_assert_eq(e.code, VERR_PERM);
	cr_assert_eq(rundir_listen(dir, 1, path, sizeof(path), &e), -1);
	cr_assert_eq(rundir_each(dir, see, NULL, &e), -1);
	cr_assert_eq(e.code, VERR_PERM);
}

Test(rundir, a_link_to_a_folder_is_refused)
{
	char real[96];

	(void)snprintf(real, sizeof(real), "%s/real", base);
	cr_assert_eq(mkdir(real, 0700), 0);
	cr_assert_eq(symlink(real, dir), 0);
	cr_assert_eq(rundir_make(dir, NULL, path, sizeof(path), &e), -1);
}

Test(rundir, a_folder_of_another_user_is_refused)
{
	if (geteuid() != 0)
		cr_skip_test("only root can give a folder away");
	cr_assert_eq(mkdir(dir, 0700), 0);
	cr_assert_eq(chown(dir, 65534, (gid_t)-1), 0);
	cr_assert_eq(rundir_make(dir, NULL, path, sizeof(path), &e), -1);
	cr_assert_eq(e.code, VERR_PERM);
}

Test(rundir, without_a_usual_place_it_is_in_the_state_directory)
{
	char *place[RUNDIR_PLACES];

	/* root has its own place */
	if (geteuid() == 0)
		cr_assert(chown(base, 65534, (gid_t)-1) == 0 &&
		    setuid(65534) == 0);
	(void)unsetenv("XDG_RUNTIME_DIR");
	cr_assert_eq(rundir_make(NULL, base, path, sizeof(path), &e), 0);
	cr_assert_str_eq(path, dir);
	rundir_places(base, place);
	cr_assert_null(place[0]);
	cr_assert_str_eq(place[1], dir);
	cr_assert_eq(rundir_make(NULL, NULL, path, sizeof(path), &e), -1);
	cr_assert_eq(e.code, VERR_NOENT);

	cr_assert_eq(setenv("XDG_RUNTIME_DIR", base, 1), 0);
	cr_assert_eq(rundir_make(NULL, NULL, path, sizeof(path), &e), 0);
	cr_assert_str_eq(strrchr(path, '/'), "/vaultnfs");
	/* one that is not safe is not gone round */
	cr_assert_eq(chmod(path, 0755), 0);
	cr_assert_eq(rundir_make(NULL, base, path, sizeof(path), &e), -1);
	cr_assert_eq(e.code, VERR_PERM);
}

Test(rundir, several_servers_have_a_socket_each)
{
	char second[256];
	int a, b, c;

	cr_assert_eq(rundir_make(dir, NULL, path, sizeof(path), &e), 0);
	a = rundir_listen(dir, 2049, path, sizeof(path), &e);
	cr_assert_neq(a, -1, "%s", e.text);
	b = rundir_listen(dir, 2049, second, sizeof(second), &e);
	cr_assert_neq(b, -1, "%s", e.text);
	cr_assert_str_neq(path, second);
	cr_assert_eq(count(), 2);
	c = rundir_connect(second, &e);
	cr_assert_neq(c, -1, "%s", e.text);
	cr_assert(control_peer_ok(c));
	(void)close(a);
	(void)close(b);
	(void)close(c);
}

Test(rundir, sockets_of_the_dead_go_when_the_next_one_comes)
{
	char live[256], dead[256];
	int a, b;
	pid_t pid;

	cr_assert_eq(rundir_make(dir, NULL, path, sizeof(path), &e), 0);
	a = rundir_listen(dir, 1, live, sizeof(live), &e);
	cr_assert_neq(a, -1);
	if ((pid = fork()) == 0)
		_exit(rundir_listen(dir, 2, dead, sizeof(dead), &e) == -1);
	cr_assert_eq(waitpid(pid, &b, 0), pid);
	cr_assert_eq(b, 0);
	cr_assert_eq(count(), 2);
	b = rundir_listen(dir, 3, path, sizeof(path), &e);
	cr_assert_neq(b, -1);
	cr_assert_eq(count(), 2);
	cr_assert_eq(access(live, F_OK), 0);
	cr_assert_eq(access(path, F_OK), 0);
	(void)close(a);
	(void)close(b);
	cr_assert_eq(rundir_connect(live, &e), -1);
	cr_assert_eq(e.code, VERR_NOENT);
}

Test(rundir, a_path_that_no_socket_can_have_is_told)
{
	char deep[256];

	(void)snprintf(deep, sizeof(deep), "%s/%0120d", base, 0);
	cr_assert_eq(rundir_make(deep, NULL, path, sizeof(path), &e), 0);
	cr_assert_eq(rundir_listen(deep, 1, path, sizeof(path), &e), -1);
	cr_assert_eq(e.code, VERR_NAMETOOLONG);
}
