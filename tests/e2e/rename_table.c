/*
 * rename_table.c - every kind of object renamed over every other, in a plain
 * folder and in one under test, whose results must be the same.
 *
 * usage: rename_table PLAIN TESTED [again]
 * Both are empty folders.  For each pair one line on standard output: "pass" or
 * "fail" and what it was; what differs goes to standard error.  A case is a
 * folder of its own with a source and a destination in it (or, across, in two
 * folders of it), one rename(2), and then errno, whether the destination is the
 * inode that the source was, and all that is there afterwards.  With "again"
 * nothing is made: all that a run left is looked at once more.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN	2048
#define STATE_LEN	16384

enum what { NOTHING, A_FILE, A_LINK, EMPTY_DIR, FULL_DIR };

struct kind {
	const char	*text;
	enum what	 what;
	bool		 is_long;
};

static const struct kind kinds[] = {
	{ "nothing", NOTHING, false },
	{ "nothing, long name", NOTHING, true },
	{ "file", A_FILE, false },
	{ "long file", A_FILE, true },
	{ "symlink", A_LINK, false },
	{ "long symlink", A_LINK, true },
	{ "empty directory", EMPTY_DIR, false },
	{ "long empty directory", EMPTY_DIR, true },
	{ "full directory", FULL_DIR, false },
	{ "long full directory", FULL_DIR, true },
};
#define N_KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* Destinations that hang together with the source. */
enum relation { APART, ITSELF, LINK, LONG_LINK, BELOW, BELOW_LONG, OVER_BELOW,
	ABOVE, RELATIONS };
static const char *const relations[] = {
	"", "itself", "a hard link of it", "a long hard link of it",
	"nothing below itself", "nothing below itself, long name",
	"a directory below itself", "the directory it is in",
};

struct place {		/* one case in one of the two folders */
	char	top[PATH_LEN], from[PATH_LEN], to[PATH_LEN];
};

static void
fail(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(2);
}

static void __attribute__((format(printf, 2, 3)))
set(char out[PATH_LEN], const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out, PATH_LEN, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= PATH_LEN)
		abort();
}

static void
make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd == -1 || write(fd, text, strlen(text)) !=
	    (ssize_t)strlen(text) || close(fd) == -1)
		fail(path);
}

static void
make_dir(const char *path)
{
	if (mkdir(path, 0755) == -1)
		fail(path);
}

static void
make(const char *path, enum what what, const char *text)
{
	char inner[PATH_LEN];

	switch (what) {
	case NOTHING:
		break;
	case A_FILE:
		make_file(path, text);
		break;
	case A_LINK:
		if (symlink(text, path) == -1)
			fail(path);
		break;
	case EMPTY_DIR:
	case FULL_DIR:
		make_dir(path);
	}
	if (what == FULL_DIR) {
		set(inner, "%s/sub", path);
		make_dir(inner);
		set(inner, "%s/inner", path);
		make_file(inner, text);
	}
}

/* A name of 200 bytes is shortened whatever the vault's threshold is. */
static const char *
name_of(char first, bool is_long)
{
	static char names[2][201];
	static int turn;

	turn = !turn;
	memset(names[turn], 'n', 200);
	names[turn][0] = first;
	names[turn][is_long ? 200 : 1] = '\0';
	return names[turn];
}

/* -- what is there afterwards, as text */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add(char *state, const char *fmt, ...)
{
	size_t len = strlen(state);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(state + len, STATE_LEN - len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= STATE_LEN - len)
		abort();
}

static void see(const char *path, const char *name, int depth, char *state);

static void
see_dir(const char *path, int depth, char *state)
{
	char *names[100], inner[PATH_LEN];
	struct dirent *de;
	size_t n = 0, i;
	DIR *d;

	if ((d = opendir(path)) == NULL)
		fail(path);
	while ((de = readdir(d)) != NULL && n < 100)
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0)
			names[n++] = strdup(de->d_name);
	(void)closedir(d);
	qsort(names, n, sizeof(names[0]), by_name);
	for (i = 0; i < n; i++) {
		set(inner, "%s/%s", path, names[i]);
		see(inner, names[i], depth, state);
		free(names[i]);
	}
}

static void
see(const char *path, const char *name, int depth, char *state)
{
	char text[300];
	struct stat st;
	ssize_t n;
	int fd;

	if (lstat(path, &st) == -1)
		fail(path);
	add(state, "%*s%.3s..%zu ", depth, "", name, strlen(name));
	if (S_ISDIR(st.st_mode)) {
		add(state, "directory\n");
		see_dir(path, depth + 1, state);
		return;
	}
	if (S_ISLNK(st.st_mode))
		n = readlink(path, text, sizeof(text) - 1);
	else {
		fd = open(path, O_RDONLY);
		n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
		if (fd != -1)
			(void)close(fd);
	}
	if (n == -1)
		fail(path);
	text[n] = '\0';
	add(state, "%s, %ju links, %jd bytes: %s\n",
	    S_ISLNK(st.st_mode) ? "symlink" : "file", (uintmax_t)st.st_nlink,
	    (intmax_t)st.st_size, text);
}

/* -- a case */

static void
relate(struct place *p, enum relation r)
{
	const char *slash = strrchr(p->from, '/');

	if (r == ITSELF)
		set(p->to, "%s", p->from);
	else if (r == LINK || r == LONG_LINK) {
		set(p->to, "%s/%s", p->top, name_of('h', r == LONG_LINK));
		if (linkat(AT_FDCWD, p->from, AT_FDCWD, p->to, 0) == -1 &&
		    errno != ENOENT && errno != EPERM)
			fail(p->to);
	} else if (r == BELOW || r == BELOW_LONG)
		set(p->to, "%s/%s", p->from, name_of('b', r == BELOW_LONG));
	else if (r == OVER_BELOW)
		set(p->to, "%s/sub", p->from);
	else if (r == ABOVE)
		set(p->to, "%.*s", (int)(slash - p->from), p->from);
}

static void
prepare(struct place *p, const char *folder, unsigned number, bool across,
    const struct kind *src, const struct kind *dst, enum relation r)
{
	char other[PATH_LEN];

	set(p->top, "%s/%u", folder, number);
	make_dir(p->top);
	set(other, "%s/%s", p->top, r == ABOVE ? "d" : "other");
	if (across || r == ABOVE)
		make_dir(other);
	set(p->from, "%s/%s", r == ABOVE ? other : p->top,
	    name_of('s', src->is_long));
	make(p->from, src->what, "the source");
	if (r != APART) {
		relate(p, r);
		return;
	}
	set(p->to, "%s/%s", across ? other : p->top,
	    name_of('t', dst->is_long));
	make(p->to, dst->what, "the destination");
}

static void
run(const struct place *p, char *state)
{
	struct stat before = { .st_ino = 0 }, after = { .st_ino = 0 };
	int err;

	(void)lstat(p->from, &before);
	err = rename(p->from, p->to) == -1 ? errno : 0;
	(void)lstat(p->to, &after);
	state[0] = '\0';
	add(state, "%s, %s\n", err == 0 ? "done" : strerror(err),
	    before.st_ino != 0 && before.st_ino == after.st_ino ?
	    "the same inode" : "no or another inode");
	see_dir(p->top, 1, state);
}

static bool
compare(unsigned number, char state[2][STATE_LEN])
{
	if (strcmp(state[0], state[1]) == 0)
		return true;
	fprintf(stderr, "case %u, plain:\n%stested:\n%s", number, state[0],
	    state[1]);
	return false;
}

static bool
same(char **folders, bool across, const struct kind *src,
    const struct kind *dst, enum relation r)
{
	static char state[2][STATE_LEN];
	static unsigned number;
	struct place p;
	int i;

	for (i = 0; i < 2; i++) {
		prepare(&p, folders[i], number, across, src, dst, r);
		run(&p, state[i]);
	}
	return compare(number++, state);
}

/* One kind of source over everything; how many pairs differ. */
static unsigned
all_over(char **folders, const struct kind *src, unsigned *n)
{
	unsigned k, bad = 0;
	bool ok;

	for (k = 0; k < N_KINDS; k++, *n += 2) {
		ok = same(folders, false, src, &kinds[k], APART);
		ok &= same(folders, true, src, &kinds[k], APART);
		bad += !ok;
		printf("%s %s to %s, within and across\n",
		    ok ? "pass" : "fail", src->text, kinds[k].text);
	}
	for (k = ITSELF; k < RELATIONS; k++, ++*n) {
		ok = same(folders, false, src, NULL, k);
		bad += !ok;
		printf("%s %s to %s\n", ok ? "pass" : "fail", src->text,
		    relations[k]);
	}
	return bad;
}

static unsigned
look_again(char **folders, unsigned *n)
{
	static char state[2][STATE_LEN];
	char top[PATH_LEN];
	unsigned bad = 0;
	int i;

	for (;; ++*n) {
		for (i = 0; i < 2; i++) {
			set(top, "%s/%u", folders[i], *n);
			state[i][0] = '\0';
			if (access(top, F_OK) == 0)
				see(top, "", 0, state[i]);
		}
		if (state[0][0] == '\0' && state[1][0] == '\0')
			return bad;
		bad += !compare(*n, state);
	}
}

int
main(int argc, char **argv)
{
	unsigned i, bad = 0, n = 0;

	if (argc != 3 && (argc != 4 || strcmp(argv[3], "again") != 0)) {
		fprintf(stderr, "usage: rename_table PLAIN TESTED [again]\n");
		return 2;
	}
	if (argc == 4)
		bad = look_again(argv + 1, &n);
	else
		for (i = 0; i < N_KINDS; i++)
			bad += all_over(argv + 1, &kinds[i], &n);
	printf("%u cases\n", n);
	return bad > 0;
}
