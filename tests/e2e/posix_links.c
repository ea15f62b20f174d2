/*
 * posix_links.c - link, symlink, unlink, rename.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/posix.h"

static void
links(void)
{
	posix_section("link");
	posix_is("a file", posix_write("f", "text"), 0);
	posix_is("link", link("f", "g"), 0);
	posix_same("two links", posix_stat("f").st_nlink, 2);
	posix_true("one file", posix_stat("f").st_ino ==
	    posix_stat("g").st_ino);
	posix_is("write by one name", posix_write("g", "longer text"), 0);
	posix_same("seen by the other", posix_stat("f").st_size, 11);
	posix_is("over a file", link("f", "g"), EEXIST);
	posix_is("mkdir", mkdir("d", 0755), 0);
	posix_is("over a directory", link("f", "d"), EEXIST);
	posix_is("of nothing", link("no", "h"), ENOENT);
	posix_is("into nothing", link("f", "no/h"), ENOENT);
	posix_is("below a file", link("f", "g/h"), ENOTDIR);
	posix_is("of a directory", link("d", "e"), EPERM);
	posix_is("into a directory", link("f", "d/h"), 0);
	posix_same("three links", posix_stat("f").st_nlink, 3);
	posix_is("of a symlink", symlink("f", "l"), 0);
	posix_is("is one of the link", link("l", "m"), 0);
	posix_true("a symlink", S_ISLNK(posix_stat("m").st_mode));
	posix_is("unlink one", unlink("f"), 0);
	posix_same("two left", posix_stat("g").st_nlink, 2);
	posix_is("rename one over another", rename("g", "d/h"), 0);
	posix_is("both are there", access("g", F_OK), 0);
	posix_is("and the other", access("d/h", F_OK), 0);
	posix_is("255 bytes", link("g", posix_name('x', 255)), 0);
	posix_same("counts", posix_stat("g").st_nlink, 3);
}

static void
symlinks(void)
{
	char buf[5000];
	ssize_t n;

	posix_section("symlink");
	posix_is("make", symlink("target", "l"), 0);
	posix_true("is one", S_ISLNK(posix_stat("l").st_mode));
	posix_same("its size", posix_stat("l").st_size, 6);
	n = readlink("l", buf, sizeof(buf));
	posix_true("readlink", n == 6 && memcmp(buf, "target", 6) == 0);
	posix_same("readlink of part", readlink("l", buf, 3), 3);
	posix_is("over itself", symlink("x", "l"), EEXIST);
	posix_is("over a directory", mkdir("d", 0755), 0);
	posix_is("is refused", symlink("x", "d"), EEXIST);
	posix_is("into nothing", symlink("x", "no/l"), ENOENT);
	posix_is("empty target", symlink("", "e"), ENOENT);
	posix_is("absolute target", symlink("/no/where", "a"), 0);
	posix_is("odd target", symlink("a//b/../c/ \n", "o"), 0);
	n = readlink("o", buf, sizeof(buf));
	posix_true("is kept byte for byte", n == 12 &&
	    memcmp(buf, "a//b/../c/ \n", 12) == 0);
	posix_is("4000 bytes", symlink(posix_name('t', 4000), "long"), 0);
	posix_same("are kept", readlink("long", buf, sizeof(buf)), 4000);
	posix_is("5000 are too many", symlink(posix_name('t', 4999), "more"),
	    ENAMETOOLONG);
	posix_is("readlink of a directory", readlink("d", buf, 10), EINVAL);
	posix_is("readlink of nothing", readlink("no", buf, 10), ENOENT);
	posix_is("to a directory", symlink("d", "ld"), 0);
	posix_is("made through it", posix_file("ld/f", 0644), 0);
	posix_is("is there", access("d/f", F_OK), 0);
	posix_is("unlink the link", unlink("ld"), 0);
	posix_is("the directory stays", access("d/f", F_OK), 0);
	posix_is("loop a", symlink("b2", "a2"), 0);
	posix_is("loop b", symlink("a2", "b2"), 0);
	posix_is("stat of a loop", access("a2", F_OK), ELOOP);
	posix_is("below a loop", posix_open("a2/x", O_RDONLY), ELOOP);
	posix_is("dangling stat", access("l", F_OK), ENOENT);
}

static void
unlinks(void)
{
	posix_section("unlink");
	posix_is("nothing", unlink("no"), ENOENT);
	posix_is("a file", posix_file("f", 0644), 0);
	posix_is("below a file", unlink("f/x"), ENOTDIR);
	posix_is("with a slash", unlink("f/"), ENOTDIR);
	posix_is("goes", unlink("f"), 0);
	posix_is("once", unlink("f"), ENOENT);
	posix_is("mode 0", posix_file("g", 0), 0);
	posix_is("goes, too", unlink("g"), 0);
	posix_is("mkdir", mkdir("d", 0755), 0);
	posix_is("a directory", unlink("d"), EISDIR);
	posix_is("a link to it", symlink("d", "l"), 0);
	posix_is("goes as well", unlink("l"), 0);
}

void
posix_links(void)
{
	links();
	symlinks();
	unlinks();
}

static void
rename_files(void)
{
	ino_t ino;

	posix_section("rename");
	posix_is("a file", posix_write("f", "text"), 0);
	ino = posix_stat("f").st_ino;
	posix_is("rename", rename("f", "g"), 0);
	posix_is("not there", access("f", F_OK), ENOENT);
	posix_true("the same file", posix_stat("g").st_ino == ino);
	posix_same("the same size", posix_stat("g").st_size, 4);
	posix_is("onto itself", rename("g", "g"), 0);
	posix_is("is still there", access("g", F_OK), 0);
	posix_is("another", posix_write("f", "other"), 0);
	posix_is("over it", rename("f", "g"), 0);
	posix_same("replaced", posix_stat("g").st_size, 5);
	posix_is("of nothing", rename("no", "f"), ENOENT);
	posix_is("into nothing", rename("g", "no/f"), ENOENT);
	posix_is("below a file", rename("g", "g/f"), ENOTDIR);
	posix_is("with a slash", rename("g", "h/"), ENOTDIR);
	posix_is("mkdir", mkdir("d", 0755), 0);
	posix_is("a file over a directory", rename("g", "d"), EISDIR);
	posix_is("into a directory", rename("g", "d/g"), 0);
	posix_same("size there", posix_stat("d/g").st_size, 5);
	posix_is("and back", rename("d/g", "g"), 0);
	posix_is("to 255 bytes", rename("g", posix_name('n', 255)), 0);
	posix_is("and back again", rename(posix_name('n', 255), "g"), 0);
	posix_is("a symlink", symlink("to", "l"), 0);
	posix_is("over a file", rename("l", "g"), 0);
	posix_true("is a symlink", S_ISLNK(posix_stat("g").st_mode));
	posix_is("a file again", posix_write("f", "text"), 0);
	posix_is("over a symlink", rename("f", "g"), 0);
	posix_true("is a file", S_ISREG(posix_stat("g").st_mode));
}

static void
rename_dirs(void)
{
	ino_t ino;

	posix_section("rename directories");
	posix_is("mkdir", mkdir("d", 0755), 0);
	posix_is("a file in it", posix_write("d/f", "text"), 0);
	posix_is("another", mkdir("d/e", 0755), 0);
	ino = posix_stat("d").st_ino;
	posix_is("rename", rename("d", "g"), 0);
	posix_true("the same directory", posix_stat("g").st_ino == ino);
	posix_same("with what is in it", posix_stat("g/f").st_size, 4);
	posix_is("below itself", rename("g", "g/e/x"), EINVAL);
	posix_is("over its child", rename("g", "g/e"), EINVAL);
	posix_is("a child over it", rename("g/e", "g"), ENOTEMPTY);
	posix_is("an empty one", mkdir("h", 0755), 0);
	posix_is("over an empty one", rename("g", "h"), 0);
	posix_same("moved", posix_stat("h/f").st_size, 4);
	posix_is("one more", mkdir("i", 0755), 0);
	posix_is("over a full one", rename("i", "h"), ENOTEMPTY);
	posix_is("a file", posix_file("f", 0644), 0);
	posix_is("over a file", rename("i", "f"), ENOTDIR);
	posix_is("a symlink", symlink("i", "l"), 0);
	posix_is("over a symlink", rename("i", "l"), ENOTDIR);
	posix_is("into another", rename("i", "h/e/i"), 0);
	posix_true(".. follows", posix_stat("h/e/i/..").st_ino ==
	    posix_stat("h/e").st_ino);
	posix_same("links of the old parent", posix_stat("h").st_nlink, 3);
	posix_same("links of the new one", posix_stat("h/e").st_nlink, 3);
	posix_is("to 255 bytes", rename("h", posix_name('n', 255)), 0);
	posix_is("and back", rename(posix_name('n', 255), "h"), 0);
	posix_is(".", rename("h/.", "x"), EBUSY);
	posix_is("..", rename("h/e/..", "x"), EBUSY);
}

void
posix_renames(void)
{
	rename_files();
	rename_dirs();
}
