/*
 * posix_files.c - open, read, write, append, truncate, holes, mmap.
 */
#include "config.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/posix.h"

static void
opens(void)
{
	posix_section("open");
	posix_is("nothing", posix_open("no", O_RDONLY), ENOENT);
	posix_is("O_CREAT", posix_open("f", O_RDWR | O_CREAT), 0);
	posix_same("its mode", posix_mode("f"), 0644);
	posix_same("one link", posix_stat("f").st_nlink, 1);
	posix_same("empty", posix_stat("f").st_size, 0);
	posix_is("O_EXCL", posix_open("f", O_RDWR | O_CREAT | O_EXCL),
	    EEXIST);
	posix_is("O_CREAT again", posix_open("f", O_RDWR | O_CREAT), 0);
	posix_is("write", posix_write("f", "some text"), 0);
	posix_is("O_CREAT of what is there", posix_open("f",
	    O_RDWR | O_CREAT), 0);
	posix_same("cuts nothing", posix_stat("f").st_size, 9);
	posix_is("O_TRUNC", posix_open("f", O_WRONLY | O_TRUNC), 0);
	posix_same("cuts", posix_stat("f").st_size, 0);
	posix_is("as a directory", posix_open("f/", O_RDONLY), ENOTDIR);
	posix_is("below a file", posix_open("f/g", O_RDONLY), ENOTDIR);
	posix_is("O_DIRECTORY", posix_open("f", O_RDONLY | O_DIRECTORY),
	    ENOTDIR);
	posix_is("mkdir", mkdir("d", 0755), 0);
	posix_is("a directory to write", posix_open("d", O_WRONLY), EISDIR);
	posix_is("a directory to make", posix_open("d", O_RDWR | O_CREAT),
	    EISDIR);
	posix_is("a directory to read", posix_open("d", O_RDONLY), 0);
	posix_is("symlink", symlink("f", "l"), 0);
	posix_is("through it", posix_open("l", O_RDONLY), 0);
	posix_is("O_NOFOLLOW", posix_open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	posix_is("O_EXCL on a link", posix_open("l", O_RDWR | O_CREAT |
	    O_EXCL), EEXIST);
	posix_is("dangling", symlink("new", "m"), 0);
	posix_is("made through it", posix_open("m", O_RDWR | O_CREAT), 0);
	posix_is("there", access("new", F_OK), 0);
	posix_is("a loop", symlink("loop", "loop"), 0);
	posix_is("of links", posix_open("loop", O_RDONLY), ELOOP);
	posix_is("mode 0", posix_file("zero", 0), 0);
	posix_same("is kept", posix_mode("zero"), 0);
	posix_is("set-id bits", posix_file("suid", 06755), 0);
	posix_same("are kept for root", posix_mode("suid"), 06755);
}

/* What is in the file at off. */
static bool
has(int fd, off_t off, const char *text)
{
	char buf[64];
	size_t len = strlen(text);

	return pread(fd, buf, len, off) == (ssize_t)len &&
	    memcmp(buf, text, len) == 0;
}

static bool
zeroes(int fd, off_t off, size_t len)
{
	char buf[4096];
	size_t i, n;

	while (len > 0) {
		n = len < sizeof(buf) ? len : sizeof(buf);
		if (pread(fd, buf, n, off) != (ssize_t)n)
			return false;
		for (i = 0; i < n; i++)
			if (buf[i] != 0)
				return false;
		off += (off_t)n;
		len -= n;
	}
	return true;
}

static void
writes(void)
{
	char buf[16];
	int fd, gd;

	posix_section("read, write");
	fd = open("f", O_RDWR | O_CREAT, 0644);
	posix_is("open", fd, 0);
	posix_same("write", write(fd, "0123456789", 10), 10);
	posix_same("read at the end", read(fd, buf, 5), 0);
	posix_same("pread across the end", pread(fd, buf, 10, 5), 5);
	posix_true("is right", memcmp(buf, "56789", 5) == 0);
	posix_same("pread past the end", pread(fd, buf, 5, 100), 0);
	posix_same("pwrite in the middle", pwrite(fd, "xy", 2, 4), 2);
	posix_true("only there", has(fd, 0, "0123xy6789"));
	posix_same("write of nothing", write(fd, "", 0), 0);
	posix_same("changes nothing", posix_stat("f").st_size, 10);
	posix_same("past the end", pwrite(fd, "end", 3, 100000), 3);
	posix_same("makes it longer", posix_stat("f").st_size, 100003);
	posix_true("zeroes between", zeroes(fd, 10, 99990));
	posix_true("and the end", has(fd, 100000, "end"));
	gd = open("f", O_WRONLY | O_APPEND);
	posix_same("append", write(gd, "more", 4), 4);
	posix_true("is at the end", has(fd, 100003, "more"));
	posix_same("seen by fstat", posix_stat("f").st_size, 100007);
	posix_is("unlink while open", unlink("f"), 0);
	posix_true("still there for us", has(fd, 100003, "more"));
	posix_same("and to be written", pwrite(fd, "last", 4, 0), 4);
	posix_true("and read", has(fd, 0, "last"));
	posix_is("gone for others", access("f", F_OK), ENOENT);
	(void)close(gd);
	posix_is("close", close(fd), 0);
	fd = open("r", O_RDONLY | O_CREAT, 0644);
	posix_is("write to what is read only", write(fd, "x", 1), EBADF);
	(void)close(fd);
	fd = open("f", O_RDWR | O_CREAT, 0);
	posix_same("mode 0 and open", write(fd, "text", 4), 4);
	posix_is("fsync", fsync(fd), 0);
	posix_true("read back", has(fd, 0, "text"));
	posix_is("fchmod", fchmod(fd, 0600), 0);
	(void)close(fd);
}

static void
truncates(void)
{
	static const off_t sizes[] = { 0, 1, 32767, 32768, 32769, 65536,
	    100000, 32768, 5, 0 };
	char text[64];
	size_t i;
	int fd;

	posix_section("truncate");
	fd = open("f", O_RDWR | O_CREAT, 0644);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		(void)snprintf(text, sizeof(text), "%zu to %lld", i,
		    (long long)sizes[i]);
		posix_is(text, ftruncate(fd, sizes[i]), 0);
		(void)snprintf(text, sizeof(text), "%zu is that", i);
		posix_same(text, posix_stat("f").st_size, sizes[i]);
	}
	posix_same("write", pwrite(fd, "abcdef", 6, 0), 6);
	posix_is("shorter", truncate("f", 3), 0);
	posix_is("longer", truncate("f", 6), 0);
	posix_true("what was cut is zero", has(fd, 0, "abc") &&
	    zeroes(fd, 3, 3));
	posix_is("negative", truncate("f", -1), EINVAL);
	posix_is("of nothing", truncate("no", 0), ENOENT);
	posix_is("mkdir", mkdir("d", 0755), 0);
	posix_is("of a directory", truncate("d", 0), EISDIR);
	posix_is("below a file", truncate("f/x", 0), ENOTDIR);
	posix_is("symlink", symlink("f", "l"), 0);
	posix_is("through a link", truncate("l", 1), 0);
	posix_same("cuts the file", posix_stat("f").st_size, 1);
	(void)close(fd);
	fd = open("f", O_RDONLY);
	posix_is("of what is read only", ftruncate(fd, 0), EINVAL);
	(void)close(fd);
}

static void
maps(void)
{
	char *p;
	int fd;

	posix_section("mmap");
	fd = open("f", O_RDWR | O_CREAT, 0644);
	posix_is("make room", ftruncate(fd, 70000), 0);
	p = mmap(NULL, 70000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	posix_true("map", p != MAP_FAILED);
	if (p == MAP_FAILED)
		return;
	memcpy(p + 32760, "across two chunks", 17);
	posix_is("msync", msync(p, 70000, MS_SYNC), 0);
	posix_true("read sees it", has(fd, 32760, "across two chunks"));
	posix_same("write", pwrite(fd, "written", 7, 5), 7);
	posix_true("the map sees it", memcmp(p + 5, "written", 7) == 0);
	posix_is("munmap", munmap(p, 70000), 0);
	(void)close(fd);
	fd = open("f", O_RDONLY);
	posix_true("a new open sees it", has(fd, 32760,
	    "across two chunks"));
	(void)close(fd);
}

void
posix_files(void)
{
	opens();
	writes();
	truncates();
	maps();
}
