/*
 * Names and nodes that no writer of ours makes: the edge vault, held against
 * what Cryptomator's own code listed of it, and cases made by hand.
 */
#include "config.h"

#include <errno.h>

#include "tests/unit/box.h"
#include "tests/unit/box_oracle.h"

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(odd, .fini = teardown);

static void
edge(void)
{
	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
}

/* -- conflict copies */

/* Lines of cryptofs' listing below a path, as box_tree() has them; once. */
static char *
cryptofs_lines(const char *below)
{
	struct box_lines l = { .n = 0 };
	char *file = box_text("%s/cryptofs-listing.tsv", b.dir), *text, *line;
	char *save = NULL, *path, *f[4], *s;
	size_t len = strlen(below), n;

	text = kat_read(file, &n);
	free(file);
	for (line = strtok_r(text, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save)) {
		path = strrchr(line, '\t') + 1;
		if (strncmp(path, below, len) != 0 || path[len] != '/')
			continue;
		path[-1] = '\0';
		for (n = 0, s = line; n < 3 && s != NULL; n++) {
			f[n] = s;
			if ((s = strchr(s, '\t')) != NULL)
				*s++ = '\0';
		}
		if (n == 3)
			s = box_text("%s %s %s %s", path + len, f[0], f[1],
			    f[2]);
		else
			s = box_text("%s %s", path + len, f[0]);
		/* after a merge it lists a directory twice (vault-format 0) */
		for (n = 0; n < l.n && strcmp(l.line[n], s) != 0; n++)
			;
		if (n < l.n)
			free(s);
		else
			box_add(&l, s);
	}
	free(text);
	return box_join(&l);
}

Test(odd, conflict_copies_have_the_names_that_cryptomator_gives_them)
{
	struct dir *d;
	char *want;

	edge();
	d = box_dir(&b, "/conflicts");
	want = cryptofs_lines("/conflicts");
	cr_assert_gt(strlen(want), 500);
	box_expect_tree(&b, d, want);
	free(want);
	dir_put(d);
}

Test(odd, conflict_copies_are_found_by_their_names_and_the_disk_is_left_alone)
{
	static const char *const paths[] = {
		"/conflicts/report.txt", "/conflicts/report (2).txt",
		"/conflicts/report (Created by Alice).txt",
		"/conflicts/lonely.txt", "/conflicts/prefixed.txt",
		"/conflicts/noext_conflict-20240101",
		"/conflicts/.dotfile (1)", "/conflicts/dir-other (1)",
	};
	struct entry ent;
	struct vattr a;

	edge();
	cr_assert_eq(box_find(&b, "/conflicts", &ent), VERR_NONE);
	dir_put(ent.dir);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		cr_expect(box_has(&b, paths[i]), "%s", paths[i]);
	cr_expect_not(box_has(&b, "/conflicts/report (1).txt"));
	cr_expect_not(box_has(&b, "/conflicts/report"));
	cr_assert_eq(loc_attr(b.v, &ent.loc, 0, &a, &b.e), 0);
	cr_expect_eq(a.mtime.tv_sec, ent.attr.mtime.tv_sec);
	cr_expect_eq(a.mtime.tv_nsec, ent.attr.mtime.tv_nsec);
}

/* The entry on disk (in the folder of the directory at dir) of a path. */
static char *
entry_of(const char *path)
{
	struct entry ent;
	char *p;

	cr_assert_eq(box_find(&b, path, &ent), VERR_NONE, "%s", path);
	dir_put(ent.dir);
	cr_assert_null(ent.dir);
	p = strdup(box_disk(&b, ent.loc.path));
	p[strlen(b.path) + 1 + ent.loc.entry_len] = '\0';
	return p;
}

/* Copy something on disk under a name as a sync client would choose it. */
static void
copy_as(const char *entry, const char *suffix)
{
	char *cmd = box_text("cp -a '%s' '%.*s%s%s'", entry,
	    (int)strlen(entry) - 4, entry, suffix,
	    entry + strlen(entry) - 4);

	cr_assert_eq(system(cmd), 0);
	free(cmd);
}

Test(odd, a_copied_link_to_one_directory_is_left_out)
{
	struct dir *d, *x;
	uint64_t hidden;
	struct entry ent;

	edge();
	d = box_dir(&b, "/conflicts");
	hidden = vault_hidden(b.v);
	for (int i = 0; i < 3; i++) {
		cr_expect_not(box_has(&b, "/conflicts/dir-same (1)"));
		cr_assert_eq(box_find(&b, "/conflicts/dir-same", &ent),
		    VERR_NONE);
		cr_expect_eq(box_rename(&b, d, "dir-same", d, "x"),
		    VERR_NONE, "%s", b.e.text);
		/* now the copy stands in for it, but it is the same one */
		cr_expect(box_has(&b, "/conflicts/x"));
		cr_expect_not(box_has(&b, "/conflicts/dir-same"));
		cr_expect_eq(box_rename(&b, d, "x", d, "dir-same"),
		    VERR_NONE, "%s", b.e.text);
		dir_put(ent.dir);
		x = box_dir(&b, "/conflicts/dir-same");
		cr_expect_eq(x, ent.dir);
		dir_put(x);
	}
	(void)hidden;
	dir_put(d);
}

/* What cryptofs 2.9.0 renamed each copy to. */
Test(odd, names_of_copies_are_cut_as_cryptomator_cuts_them)
{
	static const struct {
		int		 threshold;
		const char	*name, *mark, *shown;
	} cases[] = {
		{ 36, "/\\_[8`b", "_conflict-1", "/\\_[8_con" },
		{ 36, "/a.jpg", " (Created by Alice)", "/ (.jpg" },
		{ 36, "/abcdef", " (1)", "/abcd (1)" },
		{ 40, "/photo.jpeg", " (1)", "/ph (1.jpeg" },
		{ 44, "/abcdefgh.jpeg", " (2)", "/abcde (2).jpeg" },
		{ 44, "/\u65e5\u672c\u8a9e\u4e2d", "_conflict-1",
		    "/\u65e5\u672c\u8a9e\u4e2d_confli" },
		{ 44, "/\U0001f600\U0001f44d\U0001f5c2" "ab",
		    " (Created by Alice)",
		    "/\U0001f600\U0001f44d\U0001f5c2" "a (Creat" },
		{ 220, "/" BOX_N50 BOX_N50
		    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.txt",
		    " (Created by Alice)", "/" BOX_N50 BOX_N50
		    "nnnnnnnnnnnnnnnnnnnnnnn (Created by Alice).txt" },
	};
	char *one;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		box_make(&b, NULL, cases[i].threshold);
		box_file(&b, b.root, cases[i].name + 1, "text");
		one = entry_of(cases[i].name);
		copy_as(one, cases[i].mark);
		cr_expect(box_has(&b, cases[i].shown), "%s", cases[i].shown);
		free(one);
		box_end(&b);
	}
	memset(&b, 0, sizeof(b));
}

Test(odd, a_copy_stands_in_when_the_original_is_gone)
{
	char *one;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "f.txt", "text");
	one = entry_of("/f.txt");
	copy_as(one, " (conflicted copy)");
	cr_expect(box_has(&b, "/f (conflicted copy).txt"));
	cr_assert_eq(unlink(one), 0);
	cr_expect_not(box_has(&b, "/f (conflicted copy).txt"));
	cr_expect(box_has(&b, "/f.txt"));
	/* and it is changed under its own entry */
	cr_expect_eq(box_rename(&b, b.root, "f.txt", b.root, "g.txt"),
	    VERR_NONE, "%s", b.e.text);
	box_reopen(&b);
	cr_expect_not(box_has(&b, "/f.txt"));
	cr_expect(box_has(&b, "/g.txt"));
	free(one);
	oracle_agrees(&b);
}

Test(odd, copies_of_all_kinds_are_shown_once_each)
{
	char *f, *l, *long_f, *long_l, *tree, name[200];
	struct dir *d;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "f", "file");
	box_symlink(&b, b.root, "l", "target");
	box_file(&b, b.root, BOX_LONG, "long");
	box_symlink(&b, b.root, "l" BOX_LONG, "target");
	d = box_mkdir(&b, b.root, "d");
	box_file(&b, d, "in", "side");
	dir_put(d);
	tree = box_tree(&b, b.root);
	f = entry_of("/f");
	l = entry_of("/l");
	long_f = entry_of("/" BOX_LONG);
	long_l = entry_of("/l" BOX_LONG);
	/* copies of links are the same links: left out */
	copy_as(l, " (1)");
	copy_as(l, "-x");
	copy_as(long_l, " (1)");
	box_expect_tree(&b, b.root, tree);
	box_reopen(&b);
	box_expect_tree(&b, b.root, tree);
	/* copies of files never are */
	copy_as(f, " (1)");
	copy_as(f, " (2)");
	copy_as(long_f, " (1)");
	cr_expect(box_has(&b, "/f (1)"));
	cr_expect(box_has(&b, "/f (2)"));
	/* as long as a short name may be: it would be given one */
	(void)snprintf(name, sizeof(name), "/%.142s (1)", BOX_LONG);
	cr_expect(box_has(&b, name));
	/* each goes by itself */
	cr_expect_eq(box_unlink(&b, b.root, "f (1)"), VERR_NONE);
	cr_expect_eq(box_unlink(&b, b.root, name + 1), VERR_NONE);
	cr_expect_eq(box_unlink(&b, b.root, "f (2)"), VERR_NONE);
	box_expect_tree(&b, b.root, tree);
	free(tree);
	free(f);
	free(l);
	free(long_f);
	free(long_l);
}

Test(odd, the_copy_of_a_directorys_link_never_takes_its_place)
{
	char name[20], *cmd;
	struct entry none;
	struct dir *parent = NULL;

	box_make(&b, NULL, 0);
	for (int i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		dir_put(box_mkdir(&b, b.root, name));
	}
	cmd = box_text("cd '%s/%s' && for i in *=.c9r; do "
	    "cp -a $i \"${i%%.c9r} (1).c9r\"; done", b.path, dir_path(b.root));
	cr_assert_eq(system(cmd), 0);
	free(cmd);
	box_reopen(&b);
	/* a search through the vault sees the copies too, some of them first */
	cr_expect_eq(BOX_CODE(&b, dir_find_anywhere(b.v, b.a, 1, 0, &none,
	    &parent, &b.e)), VERR_NOENT);
	for (int i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "/%d", i);
		cr_expect(box_has(&b, name), "%s", name);
		(void)snprintf(name, sizeof(name), "/%d (1)", i);
		cr_expect_not(box_has(&b, name), "%s", name);
	}
}

/* -- directories that are not fit to be served */

static bool
find_line(const char *tree, const char *line)
{
	char *want = box_text("\n%s\n", line);
	bool found = strstr(tree, want) != NULL;

	free(want);
	return found;
}

Test(odd, every_directory_is_shown_once_and_no_tree_is_endless)
{
	static const char *const shown[] = {
		"/dirs/good dir", "/dirs/no-dirid-backup dir",
		"/dirs/wrong-dirid-backup dir", "/dirs/id-uppercase-uuid dir",
		"/dirs/corrupt-dirid-backup dir", "/dirs/id-5-chars dir",
		"/dirs/id-100-chars dir", "/dirs/id-1000-chars dir",
		"/dirs/with-foreign-files dir",
	};
	static const char *const hidden[] = {
		"/dirs/no-type-file", "/dirs/empty-dir-file",
		"/dirs/missing-content", "/dirs/id-1001-chars",
		"/dirs/id-of-parent", "/dirs/dir-and-symlink",
		"/dirs/extra-file-in-node",
	};
	char *tree;

	edge();
	for (int i = 0; i < 2; i++) {
		tree = box_tree(&b, b.root);
		for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
			cr_expect(find_line(tree, shown[k]), "%s", shown[k]);
		for (size_t k = 0; k < sizeof(hidden) / sizeof(hidden[0]);
		    k++) {
			cr_expect_null(strstr(tree, hidden[k]), "%s",
			    hidden[k]);
			cr_expect_not(box_has(&b, hidden[k]));
		}
		cr_expect(find_line(tree, "/dirs/same-id-a dir") !=
		    find_line(tree, "/dirs/same-id-b dir"));
		cr_expect(box_has(&b, "/dirs/same-id-a") !=
		    box_has(&b, "/dirs/same-id-b"));
		cr_expect_gt(vault_hidden(b.v), 0);
		free(tree);
	}
}

Test(odd, a_link_back_to_an_ancestor_is_refused_whoever_is_known_first)
{
	char id[40], *disk, *cmd;
	struct dir *a, *c, *d;
	struct entry ent;
	size_t len;

	box_make(&b, NULL, 0);
	a = box_mkdir(&b, b.root, "a");
	c = box_mkdir(&b, a, "c");
	d = box_mkdir(&b, c, "back");
	dir_put(box_mkdir(&b, d, "self"));
	(void)snprintf(id, sizeof(id), "%s", dir_id(a, &len));
	cmd = box_text("cd '%s' && for i in %s/*.c9r/dir.c9r; do printf %%s "
	    "'%s' >$i; done; for i in %s/*.c9r/dir.c9r; do printf %%s '%s' "
	    ">$i; done", b.path, dir_path(c), id, dir_path(d),
	    dir_id(d, &len));
	cr_assert_eq(system(cmd), 0);
	free(cmd);
	disk = strdup(dir_id(c, &len));
	(void)snprintf(id, sizeof(id), "%s", dir_id(d, &len));
	dir_put(a);
	dir_put(c);
	dir_put(d);
	box_reopen(&b);
	d = dir_by_id(b.v, id, strlen(id), &b.e);
	cr_assert_not_null(d);
	cr_expect_eq(BOX_CODE(&b, dir_lookup(d, b.a, "self", 4, &ent, &b.e)),
	    VERR_NOENT, "it is its own child");
	dir_put(d);
	/* as after a restart: by a handle, nothing above it is known */
	c = dir_by_id(b.v, disk, strlen(disk), &b.e);
	cr_assert_not_null(c);
	if (dir_lookup(c, b.a, "back", 4, &ent, &b.e) == 0)
		dir_put(ent.dir);
	cr_expect(box_has(&b, "/a"), "the true link was lost");
	cr_expect(box_has(&b, "/a/c"));
	cr_expect_not(box_has(&b, "/a/c/back"));
	dir_put(c);
	free(disk);
}

/* -- names */

Test(odd, names_that_are_stored_oddly_are_listed_and_found)
{
	static const struct {
		char	c;
		int	len;
	} longs[] = {
		{ 'A', 147 }, { 'B', 255 }, { 'F', 170 }, { 'G', 170 },
		{ 'J', 170 }, { 'L', 170 }, { 'u', 160 }, { 'x', 146 },
	};
	char name[300], *tree;

	edge();
	tree = box_tree(&b, b.root);
	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
		(void)strcpy(name, "/names/");
		memset(name + 7, longs[i].c, (size_t)longs[i].len);
		name[7 + longs[i].len] = '\0';
		cr_expect_not_null(strstr(tree, name), "%c", longs[i].c);
		cr_expect(box_has(&b, name), "%c", longs[i].c);
	}
	cr_expect_not_null(strstr(tree, "/names/needlessly-shortened file 4"));
	cr_expect(box_has(&b, "/names/needlessly-shortened"));
	cr_expect(box_has(&b, "/names/\xff\xfe not utf8"));
	/* stored decomposed: shown as it is, found in both forms */
	cr_expect_not_null(strstr(tree, "/names/e\xcc\x81-NFD.txt file"));
	cr_expect(box_has(&b, "/names/e\xcc\x81-NFD.txt"));
	cr_expect(box_has(&b, "/names/\xc3\xa9-NFD.txt"));
	cr_expect(box_has(&b, "/names/\xea\xb0\x80-jamo"));
	free(tree);
}

Test(odd, names_that_nobody_may_see_are_hidden_and_counted)
{
	static const char *const never[] = {
		"/names/.", "/names/..", "/names//", "/names/a/b",
		"/names/trailing/", "/names/nul", "/names/ext-lost",
		"/names/padding-lost", "/names/from-other-dir",
		"/names/CCC", "/names/DDD", "/names/EEE", "/names/HHH",
		"/names/III", "/names/KKK", "/names/MMM", "/names/ ",
	};
	uint64_t hidden;
	char *tree;

	edge();
	hidden = vault_hidden(b.v);
	tree = box_tree(&b, b.root);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		cr_expect_null(strstr(tree, never[i]), "%s", never[i]);
	cr_expect_geq(vault_hidden(b.v), hidden + 15);
	cr_expect_not_null(strstr(tree, "/names/inuse.txt file 9"));
	free(tree);
}

Test(odd, what_has_an_odd_name_is_removed_and_renamed_by_it)
{
	struct dir *d;
	char *tree;

	edge();
	d = box_dir(&b, "/names");
	cr_expect_eq(box_unlink(&b, d, "needlessly-shortened"), VERR_NONE);
	cr_expect_eq(box_unlink(&b, d, "\xc3\xa9-NFD.txt"), VERR_NONE);
	cr_expect_eq(box_rename(&b, d, "\xea\xb0\x80-jamo", d, "ga"),
	    VERR_NONE, "%s", b.e.text);
	tree = box_tree(&b, d);
	cr_expect_null(strstr(tree, "needless"));
	cr_expect_null(strstr(tree, "NFD"));
	cr_expect_null(strstr(tree, "jamo"));
	cr_expect(find_line(tree, "/ga file 9 bea1fa08ef8ece019203117d771eb0"
	    "a5e455d9b90e1f7919d3ae7a17802096cf"));
	free(tree);
	dir_put(d);
}

/* -- what the system cannot give right now is not taken for absence */

static int
fail_open_of_names(void *ctx, enum host_op op, const char *path)
{
	const int *err = ctx;

	if (op != HOST_OPEN || path == NULL)
		return 0;
	return strstr(path, "/name.c9s") != NULL ||
	    strstr(path, "/dir.c9r") != NULL ? *err : 0;
}

static bool
count(void *ctx, const struct entry *ent)
{
	(void)ent;
	++*(int *)ctx;
	return true;
}

Test(odd, a_listing_fails_rather_than_lose_entries)
{
	static const int errs[] = { EMFILE, ENFILE, EIO, ENOMEM };
	int n, err;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, BOX_LONG, "text");
	dir_put(box_mkdir(&b, b.root, "d"));
	(void)usleep(30000);
	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		box_reopen(&b);
		err = errs[i];
		host_set_hook(fail_open_of_names, &err);
		n = 0;
		cr_expect_eq(dir_list(b.root, b.a, 0, true, count, &n, &b.e),
		    -1, "%s", strerror(err));
		cr_expect_eq(b.e.code, verr_of_errno(err), "%s", b.e.text);
		host_set_hook(NULL, NULL);
		n = 0;
		cr_expect_eq(dir_list(b.root, b.a, 0, true, count, &n, &b.e),
		    0);
		cr_expect_eq(n, 2, "%s", strerror(err));
	}
}
