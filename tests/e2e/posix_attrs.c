/*
 * posix_attrs.c - modes, owners, times.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/posix.h"

static void
modes(void)
{
	static const mode_t all[] = { 0, 0400, 0600, 0644, 0755, 0777, 01777,
	    02755, 04755, 06755, 07777 };
	char text[64];
	size_t i;

	posix_section("chmod");
	posix_is("a file", posix_file("f", 0644), 0);
	posix_is("a directory", mkdir("d", 0755), 0);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		(void)snprintf(text, sizeof(text), "file %04o",
		    (unsigned)all[i]);
		posix_is(text, chmod("f", all[i]), 0);
		(void)snprintf(text, sizeof(text), "file is %04o",
		    (unsigned)all[i]);
		posix_same(text, posix_mode("f"), all[i]);
		(void)snprintf(text, sizeof(text), "directory %04o",
		    (unsigned)all[i]);
		posix_is(text, chmod("d", all[i]), 0);
		(void)snprintf(text, sizeof(text), "directory is %04o",
		    (unsigned)all[i]);
		posix_same(text, posix_mode("d"), all[i]);
	}
	posix_is("nothing", chmod("no", 0644), ENOENT);
	posix_is("below a file", chmod("f/x", 0644), ENOTDIR);
	posix_is("link", symlink("f", "l"), 0);
	posix_is("through a link", chmod("l", 0640), 0);
	posix_same("is the file's", posix_mode("f"), 0640);
	posix_is("255 bytes", posix_file(posix_name('m', 255), 0644), 0);
	posix_is("chmod of it", chmod(posix_name('m', 255), 0600), 0);
	posix_same("is that", posix_mode(posix_name('m', 255)), 0600);
}

static void
owners(void)
{
	posix_section("chown");
	posix_is("a file", posix_file("f", 0644), 0);
	posix_same("is root's", posix_stat("f").st_uid, 0);
	posix_is("give it away", chown("f", POSIX_USER, POSIX_GROUP), 0);
	posix_same("uid", posix_stat("f").st_uid, POSIX_USER);
	posix_same("gid", posix_stat("f").st_gid, POSIX_GROUP);
	posix_is("only the group", chown("f", (uid_t)-1, POSIX_OTHER), 0);
	posix_same("uid stays", posix_stat("f").st_uid, POSIX_USER);
	posix_same("gid is new", posix_stat("f").st_gid, POSIX_OTHER);
	posix_is("a directory", mkdir("d", 0755), 0);
	posix_is("away", chown("d", POSIX_USER, POSIX_GROUP), 0);
	posix_same("its uid", posix_stat("d").st_uid, POSIX_USER);
	posix_is("a link", symlink("f", "l"), 0);
	posix_is("lchown", lchown("l", POSIX_OTHER, POSIX_OTHER), 0);
	posix_same("the link's uid", posix_stat("l").st_uid, POSIX_OTHER);
	posix_same("not the file's", posix_stat("f").st_uid, POSIX_USER);
	posix_is("set-id", chmod("f", 06755), 0);
	posix_is("a new owner", chown("f", POSIX_OTHER, (gid_t)-1), 0);
	posix_same("takes it away", posix_mode("f"), 0755);
	posix_is("nothing", chown("no", 0, 0), ENOENT);
}

static bool
times_are(const char *path, time_t atime, long ansec, time_t mtime,
    long mnsec)
{
	struct stat st = posix_stat(path);

	return st.st_atim.tv_sec == atime && st.st_atim.tv_nsec == ansec &&
	    st.st_mtim.tv_sec == mtime && st.st_mtim.tv_nsec == mnsec;
}

static void
times(void)
{
	struct timespec ts[2] = { { 1000000000, 123456789 },
	    { 1100000000, 987654321 } };
	struct stat a, b;

	posix_section("utimensat");
	posix_is("a file", posix_write("f", "text"), 0);
	posix_is("set", utimensat(AT_FDCWD, "f", ts, 0), 0);
	posix_true("nanoseconds are kept", times_are("f", 1000000000,
	    123456789, 1100000000, 987654321));
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1] = (struct timespec){ 1, 0 };
	posix_is("only mtime", utimensat(AT_FDCWD, "f", ts, 0), 0);
	posix_true("atime stays", times_are("f", 1000000000, 123456789, 1,
	    0));
	ts[1].tv_nsec = UTIME_NOW;
	posix_is("now", utimensat(AT_FDCWD, "f", ts, 0), 0);
	posix_true("is now", posix_stat("f").st_mtim.tv_sec > 1500000000);
	ts[0] = (struct timespec){ 5, 6 };
	ts[1] = (struct timespec){ 7, 8 };
	posix_is("mkdir", mkdir("d", 0755), 0);
	posix_is("a directory", utimensat(AT_FDCWD, "d", ts, 0), 0);
	posix_true("has them", times_are("d", 5, 6, 7, 8));
	posix_is("symlink", symlink("f", "l"), 0);
	posix_is("a link itself", utimensat(AT_FDCWD, "l", ts,
	    AT_SYMLINK_NOFOLLOW), 0);
	posix_true("has its own", posix_stat("l").st_mtim.tv_sec == 7 &&
	    posix_stat("f").st_mtim.tv_sec != 7);
	ts[1].tv_sec = 4000000000;
	posix_is("past 2038", utimensat(AT_FDCWD, "f", ts, 0), 0);
	posix_same("is kept", posix_stat("f").st_mtim.tv_sec, 4000000000);
	posix_is("nothing", utimensat(AT_FDCWD, "no", ts, 0), ENOENT);
	ts[1] = (struct timespec){ 7, 8 };
	posix_is("back", utimensat(AT_FDCWD, "f", ts, 0), 0);
	a = posix_stat("f");
	posix_is("write", posix_write("f", "more"), 0);
	b = posix_stat("f");
	posix_true("moves mtime", b.st_mtim.tv_sec > a.st_mtim.tv_sec);
	posix_true("and ctime does not go back",
	    b.st_ctim.tv_sec >= a.st_ctim.tv_sec);
	posix_is("d back", utimensat(AT_FDCWD, "d", ts, 0), 0);
	posix_is("a new entry", posix_file("d/f", 0644), 0);
	posix_true("moves the directory's",
	    posix_stat("d").st_mtim.tv_sec > 7);
	posix_is("d back again", utimensat(AT_FDCWD, "d", ts, 0), 0);
	posix_is("an entry less", unlink("d/f"), 0);
	posix_true("moves it, too", posix_stat("d").st_mtim.tv_sec > 7);
}

void
posix_attrs(void)
{
	modes();
	owners();
	times();
}
