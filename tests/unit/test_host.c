#include "config.h"

#include <errno.h>

#include "tests/unit/box.h"

static char *dir;
static int root;

static void
setup(void)
{
	dir = box_tmp();
	root = host_root(dir);
	cr_assert_neq(root, -1);
}

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	(void)host_close(root);
	kat_forget(dir);
}

TestSuite(host, .init = setup, .fini = teardown);

static void
put(const char *path, const char *text)
{
	cr_assert_eq(host_write_file(root, path, text, strlen(text), 0644,
	    HOST_WHENEVER), 0);
}

static const char *
get(const char *path)
{
	static char buf[100];
	ssize_t n = host_read_file(root, path, buf, sizeof(buf) - 1);

	if (n == -1)
		return NULL;
	buf[n] = '\0';
	return buf;
}

/* What a call gives as errno, 0 if it went well. */
#define ERRNO(call)	((call) == -1 ? errno : 0)

/* -- the hook */

struct last {
	enum host_op	op;
	char		path[100];
	int		err;
};

static int
remember(void *ctx, enum host_op op, const char *path)
{
	struct last *l = ctx;

	l->op = op;
	(void)snprintf(l->path, sizeof(l->path), "%s",
	    path == NULL ? "-" : path);
	return l->err;
}

Test(host, every_call_is_announced_and_can_be_made_to_fail)
{
	struct last l = { .err = EDQUOT };
	struct host_stat st;
	struct host_space sp;
	struct host_dirent de;
	struct host_dir *d;
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	char c = 'x';
	int fd;

	put("f", "text");
	fd = host_open(root, "f", O_RDWR, 0);
	d = host_opendir(root, ".");
	cr_assert_not_null(d);
	host_set_hook(remember, &l);
#define TRY(what, where, call) do {					\
	l.op = (enum host_op)-1;					\
	cr_expect_eq(ERRNO(call), EDQUOT, "%s", #call);			\
	cr_expect_eq(l.op, what, "%s", #call);				\
	cr_expect_str_eq(l.path, where, "%s", #call);			\
} while (0)
	TRY(HOST_OPEN, dir, host_root(dir));
	TRY(HOST_OPEN, "g", host_open(root, "g", O_RDWR | O_CREAT, 0600));
	TRY(HOST_STAT, "f", host_stat(root, "f", &st));
	TRY(HOST_FSTAT, "-", host_fstat(fd, &st));
	TRY(HOST_READ, "-", host_read(fd, &c, 1, 0));
	TRY(HOST_WRITE, "-", host_write(fd, &c, 1, 0));
	TRY(HOST_TRUNCATE, "-", host_truncate(fd, 0));
	TRY(HOST_SYNC, "-", host_sync(fd));
	TRY(HOST_SYNC, "f", host_sync_path(root, "f"));
	TRY(HOST_ORDER, "-", host_order(fd));
	TRY(HOST_RENAME, "g", host_rename(root, "f", "g"));
	TRY(HOST_RENAME, "g", host_rename_new(root, "f", "g"));
	TRY(HOST_EXCHANGE, "g", host_exchange(root, "f", "g"));
	TRY(HOST_LINK, "g", host_link(root, "f", "g"));
	TRY(HOST_UNLINK, "f", host_unlink(root, "f"));
	TRY(HOST_RMDIR, "f", host_rmdir(root, "f"));
	TRY(HOST_MKDIR, "g", host_mkdir(root, "g", 0700));
	TRY(HOST_CHMOD, "f", host_chmod(root, "f", 0));
	TRY(HOST_CHOWN, "f", host_chown(root, "f", 1, 1));
	TRY(HOST_UTIMES, "f", host_utimes(root, "f", ts));
	TRY(HOST_READDIR, "-", host_readdir(d, &de));
	TRY(HOST_STATFS, "-", host_space(root, &sp));
	cr_expect_null(host_opendir(root, "."));
	cr_expect(errno == EDQUOT && l.op == HOST_OPENDIR);
	host_closedir(d);
	/* a close that fails has closed all the same */
	TRY(HOST_CLOSE, "-", host_close(fd));
	host_set_hook(NULL, NULL);
	cr_expect_eq(fcntl(fd, F_GETFD), -1);
	cr_expect_str_eq(get("f"), "text");
	cr_expect_eq(ERRNO(host_stat(root, "g", &st)), ENOENT);
}

/* -- renames that replace nothing */

Test(host, rename_new_replaces_nothing)
{
	struct host_stat st;

	put("a", "A");
	put("b", "B");
	cr_assert_eq(host_mkdir(root, "d", 0755), 0);
	cr_assert_eq(host_mkdir(root, "e", 0755), 0);
	cr_expect_eq(ERRNO(host_rename_new(root, "a", "b")), EEXIST);
	cr_expect_eq(ERRNO(host_rename_new(root, "a", "d")), EEXIST);
	cr_expect_eq(ERRNO(host_rename_new(root, "d", "e")), EEXIST);
	cr_expect_eq(ERRNO(host_rename_new(root, "none", "new")), ENOENT);
	cr_expect_str_eq(get("a"), "A");
	cr_expect_str_eq(get("b"), "B");
	cr_expect_eq(ERRNO(host_rename_new(root, "a", "new")), 0);
	cr_expect_str_eq(get("new"), "A");
	cr_expect_eq(ERRNO(host_rename_new(root, "d", "e/d")), 0);
	cr_expect_eq(host_stat(root, "e/d", &st), 0);
	cr_expect_eq(ERRNO(host_rename(root, "new", "b")), 0);
	cr_expect_str_eq(get("b"), "A");
}

/* -- renames that exchange */

Test(host, an_exchange_needs_no_common_kind_and_loses_nothing)
{
	struct host_stat st;

	put("f", "F");
	put("g", "G");
	cr_assert_eq(host_mkdir(root, "d", 0755), 0);
	put("d/in", "IN");
	if (host_exchange(root, "f", "g") == -1) {
		/* no system that has it may say anything else */
		cr_expect(errno == ENOSYS || errno == EINVAL ||
		    errno == ENOTSUP);
		cr_expect_str_eq(get("f"), "F");
		cr_skip_test("no exchange of names here");
	}
	cr_expect_str_eq(get("f"), "G");
	cr_expect_str_eq(get("g"), "F");
	cr_expect_eq(ERRNO(host_exchange(root, "f", "d")), 0);
	cr_expect_str_eq(get("d"), "G");
	cr_expect_str_eq(get("f/in"), "IN");
	cr_expect_eq(ERRNO(host_exchange(root, "f", "none")), ENOENT);
	cr_expect_eq(host_stat(root, "f/in", &st), 0);
}

/* -- links are not followed */

Test(host, nothing_follows_a_link_at_the_end_of_a_path)
{
	struct timespec ts[2] = { { 5, 0 }, { 6, 0 } };
	struct host_stat st;
	char *link = box_text("%s/l", dir);

	put("f", "text");
	cr_assert_eq(host_mkdir(root, "d", 0755), 0);
	cr_assert_eq(symlink("f", link), 0);
	cr_expect_eq(host_stat(root, "l", &st), 0);
	cr_expect(S_ISLNK(st.mode));
	cr_expect_neq(ERRNO(host_open(root, "l", O_RDONLY, 0)), 0);
	cr_expect_null(get("l"));
	cr_expect_eq(ERRNO(host_chmod(root, "l", 0600)), ELOOP);
	cr_expect_eq(host_utimes(root, "l", ts), 0);
	cr_expect_eq(host_stat(root, "f", &st), 0);
	cr_expect_gt(st.mtime.tv_sec, 1000);
	cr_expect_eq(st.mode & 0777, 0644);
	cr_expect_eq(unlink(link), 0);
	cr_assert_eq(symlink("d", link), 0);
	cr_expect_null(host_opendir(root, "l"));
	free(link);
}

/* -- small files */

Test(host, a_small_file_is_read_whole_or_not_at_all)
{
	char buf[8];
	int fds = box_fds();

	put("f", "12345678");
	cr_expect_eq(host_read_file(root, "f", buf, 8), 8);
	cr_expect_arr_eq(buf, "12345678", 8);
	cr_expect_eq(ERRNO(host_read_file(root, "f", buf, 7)), EFBIG);
	cr_expect_eq(ERRNO(host_read_file(root, "g", buf, 8)), ENOENT);
	cr_expect_neq(ERRNO(host_read_file(root, ".", buf, 8)), 0);
	put("empty", "");
	cr_expect_eq(host_read_file(root, "empty", buf, 8), 0);
	cr_expect_eq(ERRNO(host_write_file(root, "f", "x", 1, 0600,
	    HOST_WHENEVER)),
	    EEXIST);
	cr_expect_str_eq(get("f"), "12345678");
	cr_expect_eq(box_fds(), fds);
}

Test(host, a_fifo_in_place_of_a_file_stops_nobody)
{
	char *path = box_text("%s/fifo", dir), buf[8];

	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_expect_leq(host_read_file(root, "fifo", buf, 8), 0);
	cr_expect_eq(ERRNO(host_sync_path(root, "none")), ENOENT);
	free(path);
}

Test(host, a_small_file_that_cannot_be_written_is_not_left_half)
{
	struct box_fault f = { .err = ENOSPC };
	struct host_stat st;
	int fds = box_fds(), r = -1;

	for (f.at = 1; r == -1; f.at++) {
		f.calls = 0;
		host_set_hook(box_hook, &f);
		r = host_write_file(root, "f", "text", 4, 0600, HOST_DURABLE);
		cr_expect(r == 0 || errno == ENOSPC);
		host_set_hook(NULL, NULL);
		if (r == -1)
			cr_expect_eq(ERRNO(host_stat(root, "f", &st)), ENOENT,
			    "call %u", f.at);
	}
	cr_expect_geq(f.at, 5);
	cr_expect_str_eq(get("f"), "text");
	cr_expect_eq(box_fds(), fds);
}

/* -- transfers */

Test(host, vectors_are_read_and_written_whole)
{
	char a[3], c[5], e[1];
	struct iovec iov[4] = {
		{ a, 3 }, { NULL, 0 }, { c, 5 }, { e, 1 },
	};
	char one[] = "one", two[] = "two two";
	struct iovec out[3] = { { one, 3 }, { NULL, 0 }, { two, 7 } };
	int fd = host_open(root, "f", O_RDWR | O_CREAT, 0600);

	cr_assert_eq(host_writev(fd, out, 3, 2), 0);
	cr_expect_eq(host_readv(fd, iov, 4, 2), 9);
	cr_expect_arr_eq(a, "one", 3);
	cr_expect_arr_eq(c, "two t", 5);
	cr_expect_arr_eq(e, "w", 1);
	/* less only at the end */
	iov[0] = (struct iovec){ a, 3 };
	cr_expect_eq(host_readv(fd, iov, 1, 10), 2);
	cr_expect_eq(host_read(fd, a, 3, 12), 0);
	cr_expect_eq(host_truncate(fd, 1), 0);
	cr_expect_eq(host_read(fd, a, 3, 0), 1);
	cr_expect_eq(host_sync(fd), 0);
	(void)host_close(fd);
}

/* -- folders */

Test(host, a_folder_is_listed_without_its_dots)
{
	struct host_dirent de;
	struct host_stat st;
	struct host_dir *d;
	int n = 0, r, fds = box_fds();

	put("file", "");
	cr_assert_eq(host_mkdir(root, "dir", 0755), 0);
	put("..hidden", "");
	d = host_opendir(root, ".");
	cr_assert_not_null(d);
	while ((r = host_readdir(d, &de)) == 1) {
		n++;
		cr_assert_eq(host_stat(root, de.name, &st), 0);
		cr_expect_eq(de.ino, st.ino);
		cr_expect(de.type == HOST_DT_UNKNOWN || de.type ==
		    (S_ISDIR(st.mode) ? HOST_DT_DIR : HOST_DT_FILE));
	}
	cr_expect_eq(r, 0);
	cr_expect_eq(n, 3);
	host_closedir(d);
	host_closedir(NULL);
	cr_expect_null(host_opendir(root, "file"));
	cr_expect_null(host_opendir(root, "none"));
	cr_expect_eq(host_sync_path(root, "dir"), 0);
	cr_expect_eq(host_sync_path(root, "file"), 0);
	cr_expect_eq(box_fds(), fds);
}

Test(host, stat_tells_what_fstat_tells)
{
	struct host_stat a, z;
	struct stat sb;
	int fd;

	put("f", "12345");
	cr_assert_eq(host_link(root, "f", "g"), 0);
	fd = host_open(root, "f", O_RDONLY, 0);
	memset(&a, 0, sizeof(a));
	memset(&z, 0, sizeof(z));
	cr_assert_eq(host_stat(root, "f", &a), 0);
	cr_assert_eq(host_fstat(fd, &z), 0);
	cr_assert_eq(fstat(fd, &sb), 0);
	cr_expect_eq(memcmp(&a, &z, sizeof(a)), 0);
	cr_expect_eq(a.ino, sb.st_ino);
	cr_expect_eq(a.dev, sb.st_dev);
	cr_expect_eq(a.nlink, 2);
	cr_expect_eq(a.size, 5);
	cr_expect_eq(a.mode, sb.st_mode);
	cr_expect_eq(a.uid, sb.st_uid);
	cr_expect_eq(a.mtime.tv_nsec, sb.st_mtim.tv_nsec);
	cr_expect_eq(a.used, (uint64_t)sb.st_blocks * 512);
	(void)host_close(fd);
}

/* -- the recorder */

struct told {
	char	text[400];
};

static void
tell(void *ctx, const struct host_event *ev)
{
	static const char *const names[] = {
		[HOST_OPEN] = "open", [HOST_WRITE] = "write",
		[HOST_TRUNCATE] = "cut", [HOST_SYNC] = "sync",
		[HOST_RENAME] = "rename", [HOST_LINK] = "link",
		[HOST_UNLINK] = "unlink", [HOST_RMDIR] = "rmdir",
		[HOST_MKDIR] = "mkdir", [HOST_EXCHANGE] = "exchange",
		[HOST_ORDER] = "order",
	};
	struct told *t = ctx;
	size_t n = strlen(t->text);

	cr_assert_lt(ev->op, sizeof(names) / sizeof(names[0]));
	cr_assert_not_null(names[ev->op]);
	(void)snprintf(t->text + n, sizeof(t->text) - n, "%s%s%s%s%s %zu %ju\n",
	    names[ev->op], ev->path != NULL ? " " : "",
	    ev->path != NULL ? ev->path : "", ev->to != NULL ? " " : "",
	    ev->to != NULL ? ev->to : "", ev->len, (uintmax_t)ev->off);
}

Test(host, the_recorder_is_told_of_every_change_that_was_made)
{
	struct told t = { "" };
	int fd;

	host_set_recorder(tell, &t);
	put("a", "text");
	fd = host_open(root, "a", O_RDWR, 0);
	cr_expect_eq(host_write(fd, "xy", 2, 7), 0);
	cr_expect_eq(host_truncate(fd, 3), 0);
	cr_expect_eq(host_order(fd), 0);
	cr_expect_eq(host_sync(fd), 0);
	(void)host_close(fd);
	cr_expect_eq(host_mkdir(root, "d", 0755), 0);
	cr_expect_eq(host_mkdir(root, "d", 0755), -1);
	cr_expect_eq(host_rename_new(root, "a", "d/b"), 0);
	cr_expect_eq(host_rename(root, "d/b", "c"), 0);
	cr_expect_eq(host_rename(root, "none", "c"), -1);
	cr_expect_eq(host_sync_path(root, "d"), 0);
	cr_expect_eq(host_link(root, "c", "e"), 0);
	cr_expect_eq(host_unlink(root, "c"), 0);
	cr_expect_eq(host_unlink(root, "e"), 0);
	cr_expect_eq(host_rmdir(root, "d"), 0);
	cr_expect_eq(host_sync_all(root), 0);
	host_set_recorder(NULL, NULL);
	cr_expect_str_eq(t.text, "open a 0 0\nwrite 4 0\nwrite 2 7\ncut 0 3\n"
	    "order 0 0\nsync 0 0\nmkdir d 0 0\nrename a d/b 0 0\n"
	    "rename d/b c 0 0\n"
	    "sync d 0 0\nlink c e 0 0\nunlink c 0 0\nunlink e 0 0\n"
	    "rmdir d 0 0\nsync 0 0\n", "%s", t.text);
}
