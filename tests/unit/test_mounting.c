/* What vaultnfs mount is made of, as far as no mount is needed for it. */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/callout.h"
#include "nfsd/mount.h"
#include "nfsd/mount_record.h"

#define L	MOUNT_LINUX

static struct mount_opts o;
static struct verr e;

Test(opts, a_word_takes_the_place_of_what_it_contradicts)
{
	mount_opts_init(&o, L);
	cr_assert(mount_opts_get(&o, "hard") != NULL);
	cr_assert(mount_opts_add(&o, L, "soft", &e) == 0);
	cr_assert(mount_opts_get(&o, "hard") == NULL);
	cr_assert(mount_opts_get(&o, "soft") != NULL);
	cr_assert(mount_opts_add(&o, L, "rsize=4096", &e) == 0);
	cr_assert(mount_opts_number(&o, "rsize", 0) == 4096);
	cr_assert(mount_opts_number(&o, "wsize", 0) == 1 << 20);
}

Test(opts, a_name_that_begins_as_another_is_not_it)
{
	mount_opts_init(&o, L);
	cr_assert(mount_opts_add(&o, L, "acregmin=7", &e) == 0);
	cr_assert(mount_opts_get(&o, "ac") == NULL);
	cr_assert(mount_opts_get(&o, "acregmin") != NULL);
	cr_assert_not(mount_opts_known("rsiz=1"));
	cr_assert_not(mount_opts_known("rsizes=1"));
}

Test(opts, what_is_wrong_with_a_word_is_told)
{
	mount_opts_init(&o, L);
	cr_assert(mount_opts_add(&o, L, "rsize", &e) == -1);
	cr_assert(e.code == VERR_INVAL);
	cr_assert(mount_opts_add(&o, L, "rsize=", &e) == -1);
	cr_assert(e.code == VERR_INVAL);
	cr_assert(mount_opts_add(&o, L, "soft=1", &e) == -1);
	cr_assert(e.code == VERR_INVAL);
	cr_assert(mount_opts_add(&o, L, "speed=1", &e) == -1);
	cr_assert(e.code == VERR_NOENT);
	/* macOS's, and not this system's */
	cr_assert(mount_opts_known("deadtimeout=5"));
	cr_assert(mount_opts_add(&o, L, "deadtimeout=5", &e) == -1);
	cr_assert(e.code == VERR_NOENT);
}

Test(opts, every_system_keeps_locks_to_itself_and_what_is_there_from_root)
{
	static const char *const lock[] = { "nolock", "locallocks", "nolockd",
	    NULL };
	int sys;

	for (sys = 0; sys < MOUNT_SYSTEMS; sys++) {
		mount_opts_init(&o, (enum mount_system)sys);
		cr_assert(mount_opts_get(&o, "nosuid") != NULL);
		cr_assert(mount_opts_get(&o, "rsize") != NULL);
		if (lock[sys] != NULL)
			cr_assert(mount_opts_get(&o, lock[sys]) != NULL);
	}
}

static char run[] = "/tmp/test_mount.XXXXXX";
static struct mount_record r, again;

static void
make_run(void)
{
	cr_assert(mkdtemp(run) != NULL);
}

static void
remove_run(void)
{
	cr_assert(rmdir(run) == 0, "something is left in %s", run);
}

TestSuite(record, .init = make_run, .fini = remove_run);

Test(record, what_was_written_is_read)
{
	cr_assert(mount_record_open(&r, run, "/mnt/a b=c", false, &e) == -1);
	cr_assert(e.code == VERR_NOENT);
	cr_assert(mount_record_open(&r, run, "/mnt/a b=c", true, &e) == 0);
	cr_assert(r.pid == 0 && !r.alive && r.ended == -1);
	strcpy(r.vault, "/v=w");
	strcpy(r.name, "w");
	r.pid = 4711;
	r.port = 65535;
	r.read_only = true;
	cr_assert(mount_record_write(&r, &e) == 0);
	mount_record_close(&r);
	cr_assert(mount_record_open(&again, run, "/mnt/a b=c", false,
	    &e) == 0);
	cr_assert(!again.alive && again.pid == 4711 && again.port == 65535 &&
	    again.read_only && again.ended == -1);
	cr_assert(strcmp(again.vault, "/v=w") == 0);
	cr_assert(strcmp(again.dir, "/mnt/a b=c") == 0);
	mount_record_remove(&again);
	mount_record_close(&again);
}

Test(record, a_server_lives_as_long_as_it_has_the_lock)
{
	int go[2];
	pid_t pid;
	char c;

	cr_assert(pipe(go) == 0);
	cr_assert(mount_record_open(&r, run, "/mnt", true, &e) == 0);
	cr_assert(mount_record_write(&r, &e) == 0);
	if ((pid = fork()) == 0) {
		(void)close(go[1]);
		if (read(go[0], &c, 1) == 0)
			mount_record_ended(r.fd, 3);
		_exit(0);
	}
	(void)close(go[0]);
	mount_record_close(&r);		/* who mounted goes; the child stays */
	cr_assert(mount_record_open(&again, run, "/mnt", false, &e) == 0);
	cr_assert(again.alive);
	cr_assert_not(mount_record_wait(&again, 50));
	(void)close(go[1]);
	cr_assert(mount_record_wait(&again, 60000));
	cr_assert(!again.alive && again.ended == 3);
	(void)waitpid(pid, NULL, 0);
	mount_record_remove(&again);
	mount_record_close(&again);
}

static void
count(void *ctx, struct mount_record *one)
{
	cr_assert(strncmp(one->dir, "/mnt/", 5) == 0);
	++*(int *)ctx;
}

Test(record, all_are_found_and_nothing_else)
{
	static const char *const dirs[] = { "/mnt/1", "/mnt/2", "/mnt/3" };
	char other[64];
	int i, n = 0;
	FILE *f;

	for (i = 0; i < 3; i++) {
		cr_assert(mount_record_open(&r, run, dirs[i], true, &e) == 0);
		cr_assert(mount_record_write(&r, &e) == 0);
		mount_record_close(&r);
	}
	(void)snprintf(other, sizeof(other), "%s/2049-1.sock", run);
	cr_assert((f = fopen(other, "w")) != NULL);
	(void)fclose(f);
	mount_record_each(run, count, &n);
	cr_assert(n == 3);
	for (i = 0; i < 3; i++) {
		cr_assert(mount_record_open(&r, run, dirs[i], false, &e) == 0);
		mount_record_remove(&r);
		mount_record_close(&r);
	}
	(void)unlink(other);
	mount_record_each(run, count, &n);
	cr_assert(n == 3);
}

Test(record, a_path_with_a_line_break_is_refused)
{
	cr_assert(mount_record_open(&r, run, "/mnt\nvault=/x", true, &e) ==
	    -1);
	cr_assert(e.code == VERR_INVAL);
}

Test(table, what_is_mounted_is_seen)
{
	struct mount_table *t = mount_table_open(&e);
	char id[MOUNT_ID_MAX];

	cr_assert(t != NULL);
	cr_assert(mount_table_look(t, "/nowhere at all", id) ==
	    MOUNT_NOTHING);
#ifdef __linux__
	cr_assert(mount_table_look(t, "/proc", id) == MOUNT_OTHER);
	/* it looks for NFS only */
	cr_assert_not(mount_table_has(t, id));
	cr_assert_not(mount_table_has(t, "999:999"));
#endif
	mount_table_close(t);
}

/* A socket that listens; its port. */
static int
listener(uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert(fd != -1);
	cr_assert(bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	cr_assert(listen(fd, 4) == 0);
	cr_assert(getsockname(fd, (struct sockaddr *)&sin, &len) == 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

Test(net, who_is_not_in_it_does_not_get_to_what_listens_there)
{
	int net, back, fd, in;
	uint16_t port;

	if (mount_opts_here != MOUNT_LINUX || geteuid() != 0)
		cr_skip("only root on Linux can");
	if ((net = mount_net_new(&e)) == -1)
		cr_skip("not permitted here");
	/* making it has not moved us there */
	fd = listener(&port);
	in = callout_open("127.0.0.1", port, 10000, &e);
	cr_assert(in != -1);
	callout_close(in);
	(void)close(fd);

	cr_assert(mount_net_enter(net, &back, &e) == 0);
	fd = listener(&port);
	in = callout_open("127.0.0.1", port, 10000, &e);
	cr_assert(in != -1, "its loopback interface is up");
	callout_close(in);
	cr_assert(mount_net_enter(back, NULL, &e) == 0);
	cr_assert(callout_open("127.0.0.1", port, 10000, &e) == -1);
	cr_assert(e.code == VERR_NOENT);
	(void)close(back);
	(void)close(fd);
	(void)close(net);
}

Test(net, it_can_be_kept_under_a_name)
{
	char dir[] = "/tmp/test_mount.XXXXXX", path[64];
	struct stat a, b;
	int net, kept;

	if (mount_opts_here != MOUNT_LINUX || geteuid() != 0)
		cr_skip("only root on Linux can");
	if ((net = mount_net_new(&e)) == -1)
		cr_skip("not permitted here");
	cr_assert(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/net", dir);
	if (mount_net_keep(net, path, &e) == 0) {
		kept = mount_net_open(path, &e);
		cr_assert(kept != -1);
		cr_assert(fstat(net, &a) == 0 && fstat(kept, &b) == 0);
		cr_assert(a.st_ino == b.st_ino);
		(void)close(kept);
		mount_net_forget(path);
	}
	cr_assert(access(path, F_OK) == -1 && errno == ENOENT);
	cr_assert(rmdir(dir) == 0);
	(void)close(net);
}

/* What a server answers; then it closes. */
static pid_t
answer(int fd, const void *data, size_t len)
{
	char buf[512];
	pid_t pid = fork();
	ssize_t n;
	int c;

	if (pid != 0)
		return pid;
	if ((c = accept(fd, NULL, NULL)) == -1)
		_exit(1);
	n = read(c, buf, sizeof(buf));
	/* the xid is the caller's */
	if (n > 8 && len >= 8) {
		memcpy(buf + 8, (const char *)data + 8, len - 8);
		memcpy(buf, data, 4);
		n = write(c, buf, len);
	}
	_exit(n < 0);
}

Test(callout, an_answer_that_is_none_is_told)
{
	static const struct {
		const char	*bytes;
		size_t		 len;
		enum verr_code	 code;
	} cases[] = {
		/* mark, xid, REPLY, accepted, no verifier, success */
		{ "\x80\0\0\x18" "xxxx" "\0\0\0\1" "\0\0\0\0" "\0\0\0\0"
		    "\0\0\0\0" "\0\0\0\0", 28, VERR_NONE },
		{ "\x80\0\0\x18" "xxxx" "\0\0\0\1" "\0\0\0\0" "\0\0\0\0"
		    "\0\0\0\0" "\0\0\0\1", 28, VERR_UNSUPPORTED },
		{ "\x80\0\0\x14" "xxxx" "\0\0\0\1" "\0\0\0\1" "\0\0\0\1"
		    "\0\0\0\5", 24, VERR_ACCESS },
		{ "\x80\0\0\x0c" "xxxx" "\0\0\0\1" "\0\0\0\0", 16, VERR_IO },
		{ "\x80\0\0\x18" "xxxx" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0"
		    "\0\0\0\0" "\0\0\0\0", 28, VERR_IO },
		{ "\xff\xff\xff\xff" "xxxx", 8, VERR_IO },
		{ "\x80\0\0\x18" "xxxx", 8, VERR_IO },
		{ "", 0, VERR_IO },
	};
	uint16_t port;
	pid_t pid;
	size_t i;
	int fd, c;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = listener(&port);
		pid = answer(fd, cases[i].bytes, cases[i].len);
		c = callout_open("127.0.0.1", port, 60000, &e);
		cr_assert(c != -1);
		e.code = VERR_NONE;
		cr_assert((callout_null(c, 60000, &e) == 0) ==
		    (cases[i].code == VERR_NONE), "case %zu", i);
		cr_assert(e.code == cases[i].code, "case %zu: %s", i, e.text);
		callout_close(c);
		(void)close(fd);
		(void)waitpid(pid, NULL, 0);
	}
}

Test(callout, who_says_nothing_is_not_waited_for)
{
	uint16_t port;
	int fd = listener(&port), c;

	c = callout_open("127.0.0.1", port, 60000, &e);
	cr_assert(c != -1);
	cr_assert(callout_null(c, 50, &e) == -1);
	cr_assert(e.code == VERR_BUSY);
	callout_close(c);
	(void)close(fd);
}
