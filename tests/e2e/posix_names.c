/*
 * posix_names.c - names, paths, directories.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/posix.h"

static void
names(void)
{
	static const char *const odd[] = {
		" ", "a b", "...", ".hidden", "-rf", "tab\there", "new\nline",
		"back\\slash", "star*", "\xc3\xa4\xc3\xb6\xc3\xbc",
		"\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x98\x80", "~", "#", "%",
		"a:b", "a|b", "a?b", "a\"b", "CON", "x.c9r", "x.c9s",
		"dir.c9r", "dirid.c9r", "vnfs-0000000000000.tmp",
	};
	char text[64];
	size_t i;

	posix_section("names");
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		(void)snprintf(text, sizeof(text), "odd name %zu as a file",
		    i);
		posix_is(text, posix_file(odd[i], 0644), 0);
		(void)snprintf(text, sizeof(text), "odd name %zu is there",
		    i);
		posix_is(text, access(odd[i], F_OK), 0);
		(void)snprintf(text, sizeof(text), "odd name %zu goes", i);
		posix_is(text, unlink(odd[i]), 0);
	}
	posix_is("255 bytes as a file", posix_file(posix_name('a', 255),
	    0644), 0);
	posix_is("256 bytes are too long", posix_file(posix_name('a', 256),
	    0644), ENAMETOOLONG);
	posix_is("255 bytes as a directory", mkdir(posix_name('b', 255),
	    0755), 0);
	posix_is("256 bytes as a directory", mkdir(posix_name('b', 256),
	    0755), ENAMETOOLONG);
	posix_is("a name in a directory of 255", chdir(posix_name('b', 255)),
	    0);
	posix_is("255 in 255", posix_file(posix_name('c', 255), 0644), 0);
	posix_is("up again", chdir(".."), 0);
	posix_is("255 bytes as a symlink", symlink("x", posix_name('d', 255)),
	    0);
	posix_is("256 bytes as a symlink", symlink("x", posix_name('d', 256)),
	    ENAMETOOLONG);
	posix_is("stat of 256 bytes", access(posix_name('e', 256), F_OK),
	    ENAMETOOLONG);
	posix_is("rename to 255 bytes", rename(posix_name('a', 255),
	    posix_name('f', 255)), 0);
	posix_is("rename to 256 bytes", rename(posix_name('f', 255),
	    posix_name('f', 256)), ENAMETOOLONG);
	posix_is("link to 256 bytes", link(posix_name('f', 255),
	    posix_name('f', 256)), ENAMETOOLONG);
	posix_is("a path of 4096 bytes", access(posix_name('/', 4096), F_OK),
	    ENAMETOOLONG);
	posix_is("the empty name", posix_file("", 0644), ENOENT);
	posix_is("a file's name with a slash behind it",
	    access("255/", F_OK), ENOENT);
	posix_is("case counts", posix_file("Case", 0644), 0);
	posix_is("case counts for looking", access("case", F_OK), ENOENT);
	posix_is("case counts for making", posix_file("case", 0644), 0);
}

static unsigned
entries(const char *path)
{
	struct dirent *de;
	unsigned n = 0;
	DIR *d;

	if ((d = opendir(path)) == NULL)
		return 9999;
	while ((de = readdir(d)) != NULL)
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0)
			n++;
	(void)closedir(d);
	return n;
}

/* How many entries a listing has that is removed as it goes. */
static unsigned
sweep(const char *path)
{
	struct dirent *de;
	unsigned n = 0;
	DIR *d;

	if ((d = opendir(path)) == NULL)
		return 9999;
	while ((de = readdir(d)) != NULL)
		if (de->d_name[0] == 'n' &&
		    unlinkat(dirfd(d), de->d_name, 0) == 0)
			n++;
	(void)closedir(d);
	return n;
}

static void
listings(void)
{
	char name[32];
	unsigned i, made = 0;

	posix_section("listings");
	posix_is("mkdir", mkdir("dir", 0755), 0);
	posix_same("a new one is empty", entries("dir"), 0);
	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "dir/n%u", i);
		made += posix_file(name, 0644) == 0;
	}
	posix_same("300 made", made, 300);
	posix_same("300 seen", entries("dir"), 300);
	posix_is("not empty", rmdir("dir"), ENOTEMPTY);
	posix_same("300 removed while listing", sweep("dir"), 300);
	posix_same("none left", entries("dir"), 0);
	posix_is("then it goes", rmdir("dir"), 0);
	posix_is("listing a file", posix_file("file", 0644), 0);
	posix_is("as a directory", posix_open("file", O_RDONLY | O_DIRECTORY),
	    ENOTDIR);
}

static void
dirs(void)
{
	struct stat up, st;

	posix_section("mkdir, rmdir");
	posix_is("mkdir", mkdir("d", 0777), 0);
	posix_same("the umask counts", posix_mode("d"), 0755);
	posix_same("two links", posix_stat("d").st_nlink, 2);
	posix_is("again", mkdir("d", 0777), EEXIST);
	posix_is("over a file", posix_file("f", 0644), 0);
	posix_is("is refused", mkdir("f", 0777), EEXIST);
	posix_is("over a symlink", symlink("nowhere", "l"), 0);
	posix_is("is refused, too", mkdir("l", 0777), EEXIST);
	posix_is("below a file", mkdir("f/d", 0777), ENOTDIR);
	posix_is("below nothing", mkdir("no/d", 0777), ENOENT);
	posix_is("mkdir .", mkdir(".", 0777), EEXIST);
	posix_is("mkdir ..", mkdir("..", 0777), EEXIST);
	posix_is("with a slash behind it", mkdir("s/", 0777), 0);
	posix_is("below that", mkdir("d/e", 0700), 0);
	posix_same("its mode", posix_mode("d/e"), 0700);
	up = posix_stat("d");
	st = posix_stat("d/e/..");
	posix_true(".. is the one above", up.st_ino == st.st_ino &&
	    up.st_dev == st.st_dev);
	posix_is("rmdir of a full one", rmdir("d"), ENOTEMPTY);
	posix_is("rmdir of a file", rmdir("f"), ENOTDIR);
	posix_is("rmdir of a symlink", rmdir("l"), ENOTDIR);
	posix_is("rmdir of nothing", rmdir("no"), ENOENT);
	posix_is("rmdir .", rmdir("d/e/."), EINVAL);
	posix_is("rmdir ..", rmdir("d/e/.."), ENOTEMPTY);
	posix_is("unlink of a directory", unlink("d/e"), EISDIR);
	posix_is("rmdir", rmdir("d/e"), 0);
	posix_is("gone", access("d/e", F_OK), ENOENT);
	posix_is("rmdir with a slash", rmdir("d/"), 0);
	posix_is("set-group-id", mkdir("g", 0755), 0);
	posix_is("chgrp", chown("g", (uid_t)-1, POSIX_GROUP), 0);
	posix_is("chmod", chmod("g", 02775), 0);
	posix_is("mkdir below", mkdir("g/d", 0755), 0);
	posix_same("has the group", posix_stat("g/d").st_gid, POSIX_GROUP);
	posix_same("and the bit", posix_mode("g/d"), 02755);
	posix_is("a file below", posix_file("g/f", 0644), 0);
	posix_same("has the group, too", posix_stat("g/f").st_gid,
	    POSIX_GROUP);
	posix_same("and not the bit", posix_mode("g/f"), 0644);
}

static void
cwd(void)
{
	posix_section("a directory in use");
	posix_is("mkdir", mkdir("d", 0755), 0);
	posix_is("chdir", chdir("d"), 0);
	posix_is("rename it", rename("../d", "../e"), 0);
	posix_is("work in it", posix_file("f", 0644), 0);
	posix_is("by the new name", access("../e/f", F_OK), 0);
	posix_is("not by the old", access("../d/f", F_OK), ENOENT);
	posix_is("empty it", unlink("f"), 0);
	posix_is("remove it", rmdir("../e"), 0);
	posix_is("nothing new there", posix_file("g", 0644), ENOENT);
	posix_is("nor a directory", mkdir("h", 0755), ENOENT);
}

void
posix_names(void)
{
	names();
	listings();
	dirs();
	cwd();
}
