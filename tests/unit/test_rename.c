/*
 * Renames, held against rename(2): every case is made in the vault and in a
 * plain folder, and afterwards both must tell the same.
 */
#include "config.h"

#include <errno.h>
#include <ftw.h>

#include "tests/unit/box.h"
#include "tests/unit/box_oracle.h"

static struct box b;
static char plain[4200];		/* the plain folder */

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(rename, .fini = teardown);

/* -- a plain folder, as box_tree() would write it down */

static struct box_lines plain_lines;
static size_t plain_skip;

static int
see_plain(const char *path, const struct stat *st, int type, struct FTW *f)
{
	char hex[2 * DIGEST_LEN + 1], target[300], *data;
	const char *shown = path + plain_skip;
	size_t len;
	ssize_t n;

	(void)st, (void)f;
	if (*shown == '\0')
		return 0;
	if (type == FTW_SL) {
		n = readlink(path, target, sizeof(target) - 1);
		cr_assert_geq(n, 0);
		target[n] = '\0';
		box_add(&plain_lines, box_text("%s symlink %s", shown,
		    target));
	} else if (type == FTW_F) {
		data = kat_read(path, &len);
		box_hex(data, len, hex);
		box_add(&plain_lines, box_text("%s file %zu %s", shown, len,
		    hex));
		free(data);
	} else
		box_add(&plain_lines, box_text("%s dir", shown));
	return 0;
}

static char *
plain_tree(const char *below)
{
	char *path = box_text("%s%s", plain, below[1] == '\0' ? "" : below);

	memset(&plain_lines, 0, sizeof(plain_lines));
	plain_skip = strlen(path);
	cr_assert_eq(nftw(path, see_plain, 16, FTW_PHYS), 0);
	free(path);
	return box_join(&plain_lines);
}

/* -- the same things in both */

enum kind { ABSENT, A_FILE, A_LINK, EMPTY_DIR, FULL_DIR };
static const char *const kinds[] = {
	"nothing", "a file", "a link", "an empty dir", "a full dir",
};

static void
make_plain(const char *dir, const char *name, enum kind k, const char *text)
{
	char *path = box_text("%s%s/%s", plain, dir, name), *inner;
	FILE *f;

	if (k == A_FILE) {
		f = fopen(path, "w");
		cr_assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
	} else if (k == A_LINK)
		cr_assert_eq(symlink(text, path), 0);
	else if (k != ABSENT)
		cr_assert_eq(mkdir(path, 0755), 0);
	if (k == FULL_DIR) {
		inner = box_text("%s/inner", path);
		f = fopen(inner, "w");
		cr_assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
		free(inner);
	}
	free(path);
}

static void
make_both(const char *dir, const char *name, enum kind k, const char *text)
{
	struct dir *d = box_dir(&b, dir), *sub;

	make_plain(dir, name, k, text);
	if (k == A_FILE)
		box_file(&b, d, name, text);
	else if (k == A_LINK)
		box_symlink(&b, d, name, text);
	else if (k != ABSENT) {
		sub = box_mkdir(&b, d, name);
		if (k == FULL_DIR)
			box_file(&b, sub, "inner", text);
		dir_put(sub);
	}
	dir_put(d);
}

/* Inode of what is there, 0 if nothing is. */
static uint64_t
fileid(const char *path)
{
	struct entry ent;

	if (box_find(&b, path, &ent) != VERR_NONE)
		return 0;
	dir_put(ent.dir);
	return ent.attr.fileid;
}

/* Errors that say the same of a directory that is in the way. */
static bool
same_class(enum verr_code is, enum verr_code want)
{
	return is == want ||
	    (want == VERR_NOTEMPTY && (is == VERR_EXIST || is == VERR_ISDIR));
}

static void
rename_both(const char *from, const char *name, const char *to,
    const char *new_name, const char *what)
{
	char *p = box_text("%s%s/%s", plain, from, name);
	char *q = box_text("%s%s/%s", plain, to, new_name);
	char *path = box_text("%s/%s", from, name);
	struct dir *df = box_dir(&b, from), *dt = box_dir(&b, to);
	struct entry ent = { .dir = NULL };
	enum verr_code is, want = VERR_NONE;
	uint64_t id = fileid(path);

	if (rename(p, q) == -1)
		want = verr_of_errno(errno);
	is = BOX_CODE(&b, dir_rename(df, dt, b.a, name, strlen(name),
	    new_name, strlen(new_name), &ent, NULL, NULL, &b.e));
	cr_expect(same_class(is, want), "%s: code %d (%s), not %d", what, is,
	    b.e.text, want);
	if (is == VERR_NONE) {
		cr_expect_eq(ent.attr.fileid, id, "%s: the inode", what);
		cr_expect_str_eq(ent.name, new_name);
	}
	dir_put(ent.dir);
	dir_put(df);
	dir_put(dt);
	free(path);
	free(p);
	free(q);
}

static void
expect_same(const char *below, const char *what)
{
	struct dir *d = box_dir(&b, below);
	char *is = box_tree(&b, d), *want = plain_tree(below);

	cr_expect_str_eq(is, want, "%s:\nis:\n%swanted:\n%s", what, is, want);
	cr_expect_eq(vault_hidden(b.v), 0, "%s", what);
	free(is);
	free(want);
	dir_put(d);
}

static void
setup(const char *cipher, int threshold)
{
	box_make(&b, cipher, threshold);
	(void)snprintf(plain, sizeof(plain), "%s/plain", b.dir);
	cr_assert_eq(mkdir(plain, 0755), 0);
}

/* One case in a directory of its own; across: into a sub-directory of it. */
static void
one_case(unsigned n, enum kind src, enum kind dst, const char *from,
    const char *to, bool across)
{
	char *what = box_text("%s %s -> %s %s%s", kinds[src], from, kinds[dst],
	    to, across ? ", across" : "");
	char top[20], below[30];

	(void)snprintf(top, sizeof(top), "/%u", n);
	(void)snprintf(below, sizeof(below), "/%u%s", n, across ? "/sub" : "");
	make_both("/", top + 1, EMPTY_DIR, "");
	if (across)
		make_both(top, "sub", EMPTY_DIR, "");
	make_both(top, from, src, "source");
	make_both(below, to, dst, "destination");
	rename_both(top, from, below, to, what);
	expect_same(top, what);
	free(what);
}

static const char *const lengths[2][2] = {
	{ "from", "to" }, { "f" BOX_LONG, "t" BOX_LONG },
};

/* Every kind over every kind, short and long names, within and across. */
static void
all_cases(void)
{
	unsigned n = 0;
	char *cmd;

	for (unsigned i = 0; i < 5 * 5 * 8; i++)
		one_case(n++, i / 8 / 5, i / 8 % 5, lengths[i & 1][0],
		    lengths[i >> 1 & 1][1], i & 4);
	expect_same("/", "all");
	box_reopen(&b);
	expect_same("/", "all, reopened");
	/* no short name carries a long one along, nothing temporary is left */
	cmd = box_text("! find '%s/d' -path '*.c9r/name.c9s' -o "
	    "-name 'vnfs-*' | grep .", b.path);
	cr_expect_eq(system(cmd), 0);
	free(cmd);
	oracle_agrees(&b);
}

Test(rename, every_kind_over_every_kind_does_what_rename_does)
{
	setup("SIV_GCM", 220);
	all_cases();
}

Test(rename, it_does_so_at_a_threshold_of_36)
{
	setup("SIV_CTRMAC", 36);
	all_cases();
}

Test(rename, an_object_onto_itself_changes_nothing)
{
	setup(NULL, 0);
	for (int i = 0; i < 2; i++)
		for (enum kind k = A_FILE; k <= FULL_DIR; k++) {
			char name[300];

			(void)snprintf(name, sizeof(name), "%d%s", (int)k,
			    lengths[i][0]);
			make_both("/", name, k, "x");
			rename_both("/", name, "/", name, kinds[k]);
		}
	expect_same("/", "itself");
}

Test(rename, of_two_names_of_one_file_both_stay)
{
	char *p, *q;
	struct entry ent;

	setup(NULL, 0);
	make_both("/", "a", A_FILE, "x");
	cr_assert_eq(box_find(&b, "/a", &ent), VERR_NONE);
	cr_assert_eq(dir_link(b.root, b.a, BOX_LONG, 200, &ent.loc,
	    ent.attr.fileid, NULL, NULL, &b.e), 0, "%s", b.e.text);
	p = box_text("%s/a", plain);
	q = box_text("%s/" BOX_LONG, plain);
	cr_assert_eq(link(p, q), 0);
	rename_both("/", "a", "/", BOX_LONG, "hard link");
	expect_same("/", "both stay");
	free(p);
	free(q);
}

Test(rename, no_directory_goes_into_itself)
{
	struct dir *deep, *top;
	char id[40];
	size_t len;

	setup(NULL, 0);
	make_both("/", "d", EMPTY_DIR, "");
	make_both("/d", "e", EMPTY_DIR, "");
	make_both("/d/e", "f", EMPTY_DIR, "");
	rename_both("/", "d", "/d", "x", "into itself");
	rename_both("/", "d", "/d/e", "x", "into its child");
	rename_both("/", "d", "/d/e", "f", "over its grandchild");
	rename_both("/d", "e", "/", "d", "over its parent");
	rename_both("/d/e", "f", "/", "d", "over its grandparent");
	make_both("/d/e", "file", A_FILE, "x");
	rename_both("/d/e", "file", "/d", "e", "a file over its parent");
	rename_both("/d/e", "file", "/", "d", "a file over its grandparent");
	expect_same("/", "nothing moved");
	/* also when nothing is known of what is above: a handle of old */
	deep = box_dir(&b, "/d/e/f");
	(void)strcpy(id, dir_id(deep, &len));
	dir_put(deep);
	box_reopen(&b);
	deep = dir_by_id(b.v, id, 36, &b.e);
	top = dir_root(b.v, &b.e);
	cr_expect_eq(box_rename(&b, top, "d", deep, "x"), VERR_INVAL);
	dir_put(top);
	dir_put(deep);
	expect_same("/", "nor then");
}

Test(rename, a_directory_takes_along_what_is_in_it)
{
	struct dir *sub, *up;

	setup(NULL, 0);
	make_both("/", "d", FULL_DIR, "x");
	make_both("/d", "sub", FULL_DIR, "deep");
	make_both("/", "other", EMPTY_DIR, "");
	sub = box_dir(&b, "/d/sub");
	rename_both("/", "d", "/other", BOX_LONG, "away");
	expect_same("/", "away");
	up = box_dir(&b, "/other/" BOX_LONG);
	box_file(&b, sub, "new", "y");		/* by who has it still */
	make_plain("/other/" BOX_LONG "/sub", "new", A_FILE, "y");
	rename_both("/other", BOX_LONG, "/", "back", "back");
	dir_put(up);
	up = dir_parent(sub, false, &b.e);
	dir_put(up);
	up = dir_parent(up, false, &b.e);
	cr_expect_eq(up, b.root);
	dir_put(up);
	dir_put(sub);
	box_reopen(&b);
	expect_same("/", "back");
}

/* -- files that are open meanwhile */

static void
expect_text(struct file *f, const char *text)
{
	struct iolist io;
	bool eof;

	cr_assert_eq(file_read(f, 0, 100, &io, &eof, &b.e), 0, "%s",
	    b.e.text);
	cr_expect_eq(io.total, strlen(text));
	cr_expect_arr_eq(io.piece[0].data, text, strlen(text));
	iolist_free(&io);
}

Test(rename, open_files_stay_what_they_are)
{
	struct file *src, *dst;
	struct entry s, d;

	setup(NULL, 0);
	box_file(&b, b.root, "a", "source");
	box_file(&b, b.root, "b", "destination");
	cr_assert_eq(box_find(&b, "/a", &s), VERR_NONE);
	cr_assert_eq(box_find(&b, "/b", &d), VERR_NONE);
	src = file_open(b.v, &s.loc, s.attr.fileid, true, &b.e);
	dst = file_open(b.v, &d.loc, d.attr.fileid, true, &b.e);
	cr_assert_eq(box_rename(&b, b.root, "a", b.root, "b"), VERR_NONE);
	expect_text(src, "source");
	expect_text(dst, "destination");
	cr_assert_eq(file_write(src, 0, "SO", 2, NULL, &b.e), 0);
	cr_assert_eq(file_write(dst, 0, "xx", 2, NULL, &b.e), 0);
	file_put(dst);
	file_put(src);
	cr_assert_eq(box_find(&b, "/b", &s), VERR_NONE);
	src = file_open(b.v, &s.loc, s.attr.fileid, false, &b.e);
	expect_text(src, "SOurce");
	file_put(src);
}

/* -- names */

Test(rename, names_are_checked_at_both_ends)
{
	setup(NULL, 0);
	box_file(&b, b.root, "f", "x");
	cr_expect_eq(box_rename(&b, b.root, "f", b.root, ".."), VERR_INVAL);
	cr_expect_eq(box_rename(&b, b.root, "f", b.root, "a/b"), VERR_INVAL);
	cr_expect_eq(box_rename(&b, b.root, "f", b.root, ""), VERR_INVAL);
	cr_expect_eq(box_rename(&b, b.root, "f", b.root, BOX_LONG BOX_N50
	    BOX_N50), VERR_NAMETOOLONG);
	cr_expect_eq(box_rename(&b, b.root, ".", b.root, "g"), VERR_NOENT);
	cr_expect(box_has(&b, "/f"));
}

/* -- what cannot be shown is not replaced */

/* A directory whose content is missing: it is not shown. */
static void
spoil(const char *name)
{
	struct dir *d = box_mkdir(&b, b.root, name);
	char *cmd = box_text("rm -r '%s'", box_disk(&b, dir_path(d)));

	cr_assert_eq(system(cmd), 0);
	dir_put(d);
	free(cmd);
}

Test(rename, what_stands_in_the_way_unseen_is_not_lost)
{
	static const enum kind all[] = { A_FILE, A_LINK, EMPTY_DIR };
	char name[300], *want;

	setup(NULL, 0);
	spoil("way");
	spoil(BOX_LONG);
	box_reopen(&b);
	cr_expect_not(box_has(&b, "/way"));
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 2; k++) {
			(void)snprintf(name, sizeof(name), "%d%s", i,
			    lengths[k][0]);
			make_both("/", name, all[i], "kept");
			cr_expect_eq(box_rename(&b, b.root, name, b.root,
			    "way"), VERR_EXIST, "%s", b.e.text);
			cr_expect_eq(box_rename(&b, b.root, name, b.root,
			    BOX_LONG), VERR_EXIST, "%s", b.e.text);
		}
	/* all are where they were */
	want = plain_tree("/");
	box_expect_tree(&b, b.root, want);
	free(want);
}

Test(rename, what_a_crashed_rename_left_is_in_nobodys_way)
{
	static const enum kind all[] = { A_FILE, A_LINK, EMPTY_DIR };
	char *husk, *cmd;

	setup(NULL, 0);
	for (int i = 0; i < 6; i++) {
		box_file(&b, b.root, BOX_LONG, "");
		husk = strdup(box_disk_of(&b, "/" BOX_LONG));
		cr_assert_eq(unlink(husk), 0);
		*strrchr(husk, '/') = '\0';
		cr_expect_not(box_has(&b, "/" BOX_LONG));
		if (i < 3) {
			make_both("/", "f", all[i], "kept");
			rename_both("/", "f", "/", BOX_LONG, "over a husk");
		} else
			make_both("/", BOX_LONG, all[i - 3], "kept");
		box_reopen(&b);
		expect_same("/", "over a husk");
		cmd = box_text("rm -r '%s' '%s'", husk, plain);
		cr_assert_eq(system(cmd), 0);
		cr_assert_eq(mkdir(plain, 0755), 0);
		free(cmd);
		free(husk);
		box_reopen(&b);
	}
}

/* The entry of what has this name, without its leaf: a crash's husk. */
static char *
make_husk(const char *name, enum kind k)
{
	struct dir *d;
	char *path = box_text("/%s", name), *husk = malloc(VLOC_MAX), *leaf;

	make_both("/", name, k, "x");
	if (k == EMPTY_DIR) {
		d = box_dir(&b, path);
		cr_assert(dir_link_of(d, husk));
		dir_put(d);
		leaf = box_text("%s/dir.c9r", box_disk(&b, husk));
	} else {
		leaf = strdup(box_disk_of(&b, path));
		(void)snprintf(husk, VLOC_MAX, "%s", leaf + strlen(b.path) +
		    1);
		*strrchr(husk, '/') = '\0';
	}
	cr_assert_eq(unlink(leaf), 0);
	free(leaf);
	leaf = box_text("%s%s", plain, path);
	cr_assert_eq(remove(leaf), 0);
	free(leaf);
	free(path);
	box_reopen(&b);
	return husk;
}

Test(rename, a_husk_of_a_short_name_is_in_nobodys_way)
{
	static const enum kind all[] = { A_FILE, A_LINK, EMPTY_DIR };
	char *cmd;

	setup(NULL, 0);
	for (int i = 0; i < 6; i++) {
		free(make_husk("husk", i & 1 ? A_LINK : EMPTY_DIR));
		cr_expect_not(box_has(&b, "/husk"));
		if (i < 3) {
			make_both("/", "f", all[i], "kept");
			rename_both("/", "f", "/", "husk", "over a husk");
		} else
			make_both("/", "husk", all[i - 3], "kept");
		box_reopen(&b);
		expect_same("/", "over a husk");
		if (all[i % 3] == EMPTY_DIR)
			cr_expect_eq(box_rmdir(&b, b.root, "husk"), VERR_NONE);
		else
			cr_expect_eq(box_unlink(&b, b.root, "husk"),
			    VERR_NONE);
		cmd = box_text("rm -r '%s'/*", plain);
		cr_assert_eq(system(cmd), 0);
		free(cmd);
	}
}

/* All of a directory's entries are husks: rmdir takes them away with it. */
Test(rename, husks_do_not_keep_their_directory)
{
	static const enum kind kind[] = { A_LINK, EMPTY_DIR };
	char *husk, *to, *keep;
	struct dir *d;

	setup(NULL, 0);
	d = box_mkdir(&b, b.root, "d");
	keep = strdup(dir_path(d));
	dir_put(d);
	for (int i = 0; i < 4; i++) {
		husk = make_husk(i & 1 ? BOX_LONG : "s", kind[i / 2]);
		to = box_text("%s/%s", box_disk(&b, keep),
		    strrchr(husk, '/') + 1);
		cr_assert_eq(rename(box_disk(&b, husk), to), 0);
		if (i == 3) {		/* one that holds something is none */
			char *in = box_text("%s/foreign", to);

			cr_assert_eq(mkdir(in, 0755), 0);
			box_reopen(&b);
			cr_expect_eq(box_rmdir(&b, b.root, "d"),
			    VERR_NOTEMPTY);
			cr_expect_eq(access(in, F_OK), 0);
			cr_assert_eq(rmdir(in), 0);
			free(in);
		}
		box_reopen(&b);
		if (i & 1) {
			cr_expect_eq(box_rmdir(&b, b.root, "d"), VERR_NONE,
			    "%s", b.e.text);
			cr_expect_eq(access(to, F_OK), -1);
			d = box_mkdir(&b, b.root, "d");
			free(keep);
			keep = strdup(dir_path(d));
			dir_put(d);
		}
		free(husk);
		free(to);
	}
	free(keep);
}

static int
count_exchange(void *ctx, enum host_op op, const char *path)
{
	unsigned *n = ctx;

	(void)path;
	*n += op == HOST_EXCHANGE;
	return 0;
}

/* A client that knows the directory must see that a name means another. */
Test(rename, a_replacement_inside_its_folder_changes_the_directorys_time)
{
	static const struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
	unsigned exchanged = 0;
	struct dir *from, *to;
	struct stat st;
	char name[30];

	setup(NULL, 0);
	from = box_mkdir(&b, b.root, "from");
	to = box_mkdir(&b, b.root, "to");
	for (int i = 0; i < 8; i++) {
		enum kind k = (enum kind)(A_FILE + i % 3), over = k;
		const char *target = i & 1 ? BOX_LONG : "t";

		if (i >= 6) {
			k = A_FILE;
			over = A_LINK;
		}
		(void)snprintf(name, sizeof(name), "%d", i);
		if (k == EMPTY_DIR)
			dir_put(box_mkdir(&b, from, name));
		else if (k == A_LINK)
			box_symlink(&b, from, name, "new");
		else
			box_file(&b, from, name, "new");
		if (over == EMPTY_DIR)
			dir_put(box_mkdir(&b, to, target));
		else if (over == A_LINK)
			box_symlink(&b, to, target, "old");
		else
			box_file(&b, to, target, "old");
		cr_assert_eq(utimensat(AT_FDCWD, box_disk(&b, dir_path(to)),
		    old, 0), 0);
		host_set_hook(count_exchange, &exchanged);
		cr_expect_eq(box_rename(&b, from, name, to, target),
		    VERR_NONE, "%d: %s", i, b.e.text);
		host_set_hook(NULL, NULL);
		cr_assert_eq(stat(box_disk(&b, dir_path(to)), &st), 0);
		cr_expect_gt(st.st_mtime, 1000, "%d", i);
		if (over == EMPTY_DIR)
			cr_expect_eq(box_rmdir(&b, to, target), VERR_NONE);
		else
			cr_expect_eq(box_unlink(&b, to, target), VERR_NONE);
	}
	cr_expect_eq(exchanged, 2);
	dir_put(from);
	dir_put(to);
}

/* A shortened entry that lost its name.c9s is found, though not listed. */
Test(rename, what_replaces_an_entry_without_its_long_name_is_listed)
{
	char *path;

	setup(NULL, 0);
	make_both("/", BOX_LONG, A_FILE, "old");
	path = strdup(box_disk_of(&b, "/" BOX_LONG));
	(void)strcpy(strrchr(path, '/'), "/name.c9s");
	cr_assert_eq(unlink(path), 0);
	free(path);
	box_reopen(&b);
	make_both("/", "f", A_FILE, "new");
	rename_both("/", "f", "/", BOX_LONG, "it has a name again");
	box_reopen(&b);
	expect_same("/", "it has a name again");
}

/* -- conflict copies and other odd entries are moved as they are */

Test(rename, a_name_becomes_regular_on_the_way)
{
	struct dir *d;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	(void)snprintf(plain, sizeof(plain), "%s/plain", b.dir);
	d = box_dir(&b, "/conflicts");
	cr_expect_eq(box_rename(&b, d, "report (2).txt", d, "report.txt"),
	    VERR_NONE, "%s", b.e.text);
	cr_expect_eq(box_rename(&b, d, "lonely.txt", d, BOX_LONG), VERR_NONE);
	cr_expect_eq(box_rename(&b, d, "dir-other (1)", d, "dir-other"),
	    VERR_NONE, "%s", b.e.text);
	cr_expect_eq(box_rename(&b, d, "prefixed.txt", d, "noext"),
	    VERR_NONE);
	cr_expect_not(box_has(&b, "/conflicts/report (2).txt"));
	cr_expect(box_has(&b, "/conflicts/report (Created by Alice).txt"));
	cr_expect(box_has(&b, "/conflicts/" BOX_LONG));
	cr_expect_not(box_has(&b, "/conflicts/lonely.txt"));
	cr_expect_not(box_has(&b, "/conflicts/dir-other (1)"));
	cr_expect(box_has(&b, "/conflicts/dir-other"));
	cr_expect_not(box_has(&b, "/conflicts/prefixed.txt"));
	dir_put(d);
}
