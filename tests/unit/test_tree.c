#include "config.h"

#include "tests/unit/box.h"

static struct box b;

static void
setup(void)
{
	struct dir *d, *e;

	box_make(&b, NULL, 0);
	d = box_mkdir(&b, b.root, "a");
	e = box_mkdir(&b, d, "b");
	box_file(&b, e, "file", "text");
	box_symlink(&b, d, "link", "b");
	dir_put(e);
	dir_put(d);
}

static void
teardown(void)
{
	box_end(&b);
}

TestSuite(tree, .init = setup, .fini = teardown);

Test(tree, a_path_leads_to_an_object)
{
	static const struct {
		const char	*path;
		enum verr_code	 code;
		enum vtype	 type;
		const char	*name;
	} paths[] = {
		{ "", VERR_NONE, VTYPE_DIR, "" },
		{ "/", VERR_NONE, VTYPE_DIR, "" },
		{ ".", VERR_NONE, VTYPE_DIR, "" },
		{ "..", VERR_NONE, VTYPE_DIR, "" },
		{ "/../../..", VERR_NONE, VTYPE_DIR, "" },
		{ "a", VERR_NONE, VTYPE_DIR, "a" },
		{ "///a///", VERR_NONE, VTYPE_DIR, "a" },
		{ "/a/b/file", VERR_NONE, VTYPE_FILE, "file" },
		{ "a/./b/../b/file", VERR_NONE, VTYPE_FILE, "file" },
		{ "/a/b/..", VERR_NONE, VTYPE_DIR, "" },
		{ "/a/link", VERR_NONE, VTYPE_SYMLINK, "link" },
		{ "/a/link/file", VERR_NOTDIR, 0, "" },
		{ "/a/b/file/x", VERR_NOTDIR, 0, "" },
		{ "/a/b/file/..", VERR_NOTDIR, 0, "" },
		{ "/none", VERR_NOENT, 0, "" },
		{ "/none/x", VERR_NOENT, 0, "" },
		{ "/a/b/none", VERR_NOENT, 0, "" },
		{ "/a/...", VERR_NOENT, 0, "" },
		{ "/a/b /file", VERR_NOENT, 0, "" },
	};
	struct entry ent;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		cr_assert_eq(box_find(&b, paths[i].path, &ent), paths[i].code,
		    "%s", paths[i].path);
		if (paths[i].code != VERR_NONE) {
			/* which part it was, but not what it is called */
			cr_expect_not_null(strstr(b.e.text, "part"));
			cr_expect_null(strstr(b.e.text, "none"));
			continue;
		}
		cr_expect_eq(ent.attr.type, paths[i].type);
		cr_expect_eq(ent.loc.type, paths[i].type);
		cr_expect_str_eq(ent.name, paths[i].name);
		cr_expect_eq(ent.dir != NULL, paths[i].type == VTYPE_DIR);
		dir_put(ent.dir);
	}
}

Test(tree, the_parent_of_a_path_is_where_its_last_part_would_be)
{
	static const struct {
		const char	*path, *name;
	} good[] = {
		{ "x", "x" }, { "/x/", "x" }, { "//./x/.", "x" },
		{ "/a/..//x", "x" },
	};
	static const struct {
		const char	*path;
		enum verr_code	 code;
	} bad[] = {
		{ "", VERR_INVAL }, { "/", VERR_INVAL }, { "..", VERR_INVAL },
		{ "/a/..", VERR_INVAL }, { "/none/x", VERR_NOENT },
		{ "/a/link/x", VERR_NOTDIR }, { "/a/b/file/x", VERR_NOTDIR },
	};
	const char *name;
	struct dir *d;
	size_t len;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		d = tree_parent(b.v, b.a, good[i].path, &name, &len, &b.e);
		cr_expect_eq(d, b.root, "%s", good[i].path);
		cr_expect_str_eq(name, good[i].name);
		cr_expect_eq(len, strlen(name));
		dir_put(d);
	}
	d = tree_parent(b.v, b.a, "a/b/new", &name, &len, &b.e);
	cr_assert_not_null(d);
	box_file(&b, d, name, "x");
	cr_expect(box_has(&b, "/a/b/new"));
	dir_put(d);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		b.e.code = VERR_NONE;
		cr_expect_null(tree_parent(b.v, b.a, bad[i].path, &name, &len,
		    &b.e), "%s", bad[i].path);
		cr_expect_eq(b.e.code, bad[i].code, "%s", bad[i].path);
	}
}

Test(tree, an_arena_that_is_full_is_an_error_and_no_crash)
{
	struct entry ent;
	const char *name;
	struct arena *a = arena_new(ARENA_BLOCK);
	struct dir *d;
	size_t len;

	cr_assert_not_null(a);
	while (arena_alloc(a, 16) != NULL)
		;
	cr_expect_eq(tree_lookup(b.v, a, "/a/b/file", &ent, &b.e), -1);
	cr_expect_eq(b.e.code, VERR_NOMEM);
	d = tree_parent(b.v, a, "/a/b/new", &name, &len, &b.e);
	cr_expect_null(d);
	cr_expect_eq(b.e.code, VERR_NOMEM);
	arena_free(a);
}
