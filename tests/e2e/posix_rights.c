/*
 * posix_rights.c - every operation as somebody who may and who may not.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/posix.h"

/* One operation with up to two paths and a number. */
struct op {
	enum { READ, WRITE, EXEC, LIST, MAKE, MKDIR, LINK, SYMLINK, UNLINK,
	    RMDIR, RENAME, CHMOD, CHOWN, CHGRP, CUT, TOUCH, TIMES, STAT,
	    APPEND } what;
	const char	*path, *other;
	unsigned	 n;
};

static long
cut(const char *path)
{
	return truncate(path, 1);
}

static long
stamp(const char *path, bool now)
{
	struct timespec ts[2] = { { 7, 0 }, { 7, 0 } };

	return utimensat(AT_FDCWD, path, now ? NULL : ts, 0);
}

static long
run(void *arg)
{
	const struct op *o = arg;
	struct stat st;

	switch (o->what) {
	case READ:
	case LIST:
		return posix_open(o->path, O_RDONLY);
	case WRITE:
		return posix_open(o->path, O_WRONLY);
	case APPEND:
		return posix_open(o->path, O_WRONLY | O_APPEND);
	case EXEC:
		return access(o->path, X_OK);
	case MAKE:
		return posix_file(o->path, 0644);
	case MKDIR:
		return mkdir(o->path, 0755);
	case LINK:
		return link(o->path, o->other);
	case SYMLINK:
		return symlink("x", o->path);
	case UNLINK:
		return unlink(o->path);
	case RMDIR:
		return rmdir(o->path);
	case RENAME:
		return rename(o->path, o->other);
	case CHMOD:
		return chmod(o->path, o->n);
	case CHOWN:
		return chown(o->path, o->n, (gid_t)-1);
	case CHGRP:
		return chown(o->path, (uid_t)-1, o->n);
	case CUT:
		return cut(o->path);
	case TOUCH:
		return stamp(o->path, true);
	case TIMES:
		return stamp(o->path, false);
	case STAT:
		return lstat(o->path, &st);
	}
	return 0;
}

static void
as(uid_t uid, const char *name, struct op o, int want)
{
	posix_is(name, posix_as(uid, uid, 0, run, &o), want);
}

static void
as_member(uid_t uid, const char *name, struct op o, int want)
{
	posix_is(name, posix_as(uid, uid, POSIX_GROUP, run, &o), want);
}

#define U	POSIX_USER
#define O	POSIX_OTHER

/* A file of U and POSIX_GROUP. */
static void
give(const char *path, mode_t mode)
{
	if (posix_file(path, 0644) == -1 ||
	    posix_write(path, "#!/bin/sh\n") == -1 ||
	    chown(path, U, POSIX_GROUP) == -1 || chmod(path, mode) == -1)
		perror(path);
}

static void
give_dir(const char *path, mode_t mode)
{
	if (mkdir(path, 0755) == -1 ||
	    chown(path, U, POSIX_GROUP) == -1 || chmod(path, mode) == -1)
		perror(path);
}

/* Each class has its three bits and no others. */
static void
classes(void)
{
	static const struct {
		const char	*name;
		mode_t		 bit;
		int		 what;
	} ops[] = {
		{ "read", 4, READ }, { "write", 2, WRITE },
		{ "append", 2, APPEND }, { "execute", 1, EXEC },
		{ "cut", 2, CUT },
	};
	char text[64], path[8];
	unsigned bits;
	size_t i;

	posix_section("classes");
	for (bits = 0; bits < 8; bits++) {
		(void)snprintf(path, sizeof(path), "f%u", bits);
		give(path, bits << 6 | bits << 3 | bits);
		for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
			struct op o = { .path = path };
			int want = bits & ops[i].bit ? 0 : EACCES;

			memcpy(&o.what, &ops[i].what, sizeof(o.what));
			(void)snprintf(text, sizeof(text), "owner %u %s",
			    bits, ops[i].name);
			as(U, text, o, want);
			(void)snprintf(text, sizeof(text), "group %u %s",
			    bits, ops[i].name);
			as_member(O, text, o, want);
			(void)snprintf(text, sizeof(text), "others %u %s",
			    bits, ops[i].name);
			as(O, text, o, want);
		}
	}
	give("owner", 0077);
	as(U, "the owner has not what others have",
	    (struct op){ READ, "owner", NULL, 0 }, EACCES);
	give("group", 0707);
	as_member(O, "the group has not what others have",
	    (struct op){ READ, "group", NULL, 0 }, EACCES);
	as(O, "others have it", (struct op){ READ, "group", NULL, 0 }, 0);
}

static void
directories(void)
{
	posix_section("rights on directories");
	give_dir("closed", 0700);
	give("closed/f", 0666);
	give_dir("search", 0711);
	give("search/f", 0666);
	give_dir("read", 0744);
	give("read/f", 0666);
	give_dir("open", 0777);
	give("open/f", 0666);
	as(O, "closed: list", (struct op){ LIST, "closed", NULL, 0 }, EACCES);
	as(O, "closed: stat", (struct op){ STAT, "closed/f", NULL, 0 },
	    EACCES);
	as(O, "closed: open", (struct op){ READ, "closed/f", NULL, 0 },
	    EACCES);
	as(O, "search: list", (struct op){ LIST, "search", NULL, 0 }, EACCES);
	as(O, "search: stat", (struct op){ STAT, "search/f", NULL, 0 }, 0);
	as(O, "search: write", (struct op){ WRITE, "search/f", NULL, 0 }, 0);
	as(O, "search: make", (struct op){ MAKE, "search/g", NULL, 0 },
	    EACCES);
	as(O, "search: unlink", (struct op){ UNLINK, "search/f", NULL, 0 },
	    EACCES);
	as(O, "read: list", (struct op){ LIST, "read", NULL, 0 }, 0);
	as(O, "read: stat", (struct op){ STAT, "read/f", NULL, 0 }, EACCES);
	as(O, "open: make", (struct op){ MAKE, "open/g", NULL, 0 }, 0);
	posix_same("is the maker's", posix_stat("open/g").st_uid, O);
	as(O, "open: mkdir", (struct op){ MKDIR, "open/d", NULL, 0 }, 0);
	posix_same("is the maker's, too", posix_stat("open/d").st_uid, O);
	as(O, "open: symlink", (struct op){ SYMLINK, "open/l", NULL, 0 }, 0);
	as(O, "open: unlink of another's", (struct op){ UNLINK, "open/f",
	    NULL, 0 }, 0);
	as(O, "open: rename", (struct op){ RENAME, "open/g", "open/h", 0 },
	    0);
	as(O, "out of closed", (struct op){ RENAME, "closed/f", "open/f", 0 },
	    EACCES);
	as(O, "into search", (struct op){ RENAME, "open/h", "search/h", 0 },
	    EACCES);
	as(O, "search: mkdir", (struct op){ MKDIR, "search/d", NULL, 0 },
	    EACCES);
	as(O, "search: symlink", (struct op){ SYMLINK, "search/l", NULL, 0 },
	    EACCES);
	as(O, "search: link", (struct op){ LINK, "open/h", "search/m", 0 },
	    EACCES);
	as(O, "open: rmdir", (struct op){ RMDIR, "open/d", NULL, 0 }, 0);
	give_dir("open/u", 0755);
	give_dir("open2", 0777);
	as(O, "a directory that is not ours, elsewhere",
	    (struct op){ RENAME, "open/u", "open2/u", 0 }, EACCES);
	as(O, "and in its place", (struct op){ RENAME, "open/u", "open/v",
	    0 }, 0);
	as(U, "its owner may", (struct op){ RENAME, "open/v", "open2/u", 0 },
	    0);
}

static void
sticky(void)
{
	posix_section("sticky");
	give_dir("t", 01777);
	if (chown("t", 0, 0) == -1)
		perror("t");
	give("t/f", 0666);
	give_dir("t/d", 0777);
	as(O, "make", (struct op){ MAKE, "t/mine", NULL, 0 }, 0);
	as(O, "unlink", (struct op){ UNLINK, "t/f", NULL, 0 }, EPERM);
	as(O, "rmdir", (struct op){ RMDIR, "t/d", NULL, 0 }, EPERM);
	as(O, "rename", (struct op){ RENAME, "t/f", "t/g", 0 }, EPERM);
	as(O, "rename over", (struct op){ RENAME, "t/mine", "t/f", 0 },
	    EPERM);
	as(O, "my own", (struct op){ RENAME, "t/mine", "t/yours", 0 }, 0);
	as(O, "unlink my own", (struct op){ UNLINK, "t/yours", NULL, 0 }, 0);
	as(U, "the owner's", (struct op){ UNLINK, "t/f", NULL, 0 }, 0);
	as(0, "root's", (struct op){ RMDIR, "t/d", NULL, 0 }, 0);
}

static void
changes(void)
{
	posix_section("rights to change attributes");
	give("f", 0666);
	as(O, "chmod", (struct op){ CHMOD, "f", NULL, 0777 }, EPERM);
	as(U, "chmod of the owner", (struct op){ CHMOD, "f", NULL, 0666 }, 0);
	as(O, "chown", (struct op){ CHOWN, "f", NULL, O }, EPERM);
	as(U, "chown of the owner", (struct op){ CHOWN, "f", NULL, O },
	    EPERM);
	as(U, "chown to itself", (struct op){ CHOWN, "f", NULL, U }, 0);
	as(U, "chgrp to its own", (struct op){ CHGRP, "f", NULL, U }, 0);
	as(U, "chgrp to another", (struct op){ CHGRP, "f", NULL, O }, EPERM);
	as_member(U, "chgrp to one of its groups", (struct op){ CHGRP, "f",
	    NULL, POSIX_GROUP }, 0);
	posix_same("is done", posix_stat("f").st_gid, POSIX_GROUP);
	as_member(O, "chgrp by a member", (struct op){ CHGRP, "f", NULL,
	    POSIX_GROUP }, EPERM);
	as(O, "touch of what can be written", (struct op){ TOUCH, "f", NULL,
	    0 }, 0);
	as(O, "times", (struct op){ TIMES, "f", NULL, 0 }, EPERM);
	as(U, "times of the owner", (struct op){ TIMES, "f", NULL, 0 }, 0);
	give("r", 0444);
	as(O, "touch", (struct op){ TOUCH, "r", NULL, 0 }, EACCES);
	as(U, "touch of the owner", (struct op){ TOUCH, "r", NULL, 0 }, 0);
	as(O, "cut", (struct op){ CUT, "r", NULL, 0 }, EACCES);
	as(U, "cut of the owner", (struct op){ CUT, "r", NULL, 0 }, EACCES);
	as(U, "set-group-id without the group", (struct op){ CHMOD, "r",
	    NULL, 02755 }, 0);
	posix_same("is left out", posix_mode("r"), 0755);
	as_member(U, "with the group", (struct op){ CHMOD, "r", NULL, 02755 },
	    0);
	posix_same("is kept", posix_mode("r"), 02755);
}

static long
write_x(void *arg)
{
	int fd = open(arg, O_WRONLY);

	if (fd == -1 || write(fd, "x", 1) != 1)
		return -1;
	return close(fd);
}

static void
set_ids(void)
{
	char path[] = "f";

	posix_section("set-id bits");
	give(path, 06777);
	posix_is("written by another", posix_as(O, O, 0, write_x, path), 0);
	posix_same("they go", posix_mode(path), 0777);
	posix_is("chmod", chmod(path, 06777), 0);
	posix_is("written by the owner", posix_as(U, U, 0, write_x, path), 0);
	posix_same("they go, too", posix_mode(path), 0777);
	posix_is("chmod once more", chmod(path, 06777), 0);
	as(O, "cut", (struct op){ CUT, path, NULL, 0 }, 0);
	posix_same("they go as well", posix_mode(path), 0777);
	posix_is("without group execute", chmod(path, 02767), 0);
	posix_is("written by a member", posix_as(O, O, POSIX_GROUP, write_x,
	    path), 0);
	posix_same("it is no set-group-id", posix_mode(path), 02767);
}

static long
open_chmod_write(void *arg)
{
	int fd = open(arg, O_RDWR | O_CREAT, 0644);
	char c = 0;

	if (fd == -1 || fchmod(fd, 0) == -1 || write(fd, "x", 1) != 1 ||
	    fsync(fd) == -1 || pread(fd, &c, 1, 0) != 1 || c != 'x')
		return -1;
	return close(fd);
}

static void
open_files(void)
{
	char path[] = "d/f";

	posix_section("rights of open files");
	give_dir("d", 0755);
	posix_is("mode 0 after open", posix_as(U, U, 0, open_chmod_write,
	    path), 0);
	as(U, "open again", (struct op){ READ, path, NULL, 0 }, EACCES);
}

void
posix_rights(void)
{
	classes();
	directories();
	sticky();
	changes();
	set_ids();
	open_files();
}
