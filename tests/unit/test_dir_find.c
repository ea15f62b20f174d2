/*
 * Finding objects by what a handle keeps of them, in a vault of which nothing
 * is known yet; tree.h's paths.
 */
#include "config.h"

#include <errno.h>

#include "tests/unit/box.h"

static struct box b;

static void
setup(void)
{
	struct dir *d, *e;

	box_make(&b, NULL, 0);
	d = box_mkdir(&b, b.root, "one");
	box_file(&b, d, "short", "short text");
	box_file(&b, d, BOX_LONG, "long text");
	box_symlink(&b, d, "link", "target");
	box_symlink(&b, d, "l" BOX_LONG, "target");
	e = box_mkdir(&b, d, BOX_LONG "d");
	box_file(&b, e, "deep", "deep text");
	dir_put(e);
	dir_put(d);
	dir_put(box_mkdir(&b, b.root, "two"));
	for (int i = 0; i < 5; i++) {
		char name[20];

		(void)snprintf(name, sizeof(name), "other-%d", i);
		d = box_mkdir(&b, b.root, name);
		box_file(&b, d, "x", "x");
		dir_put(d);
	}
}

static void
teardown(void)
{
	box_end(&b);
}

TestSuite(find, .init = setup, .fini = teardown);

static const char *const files[] = {
	"/one/short", "/one/" BOX_LONG, "/one/link", "/one/l" BOX_LONG,
	"/one/" BOX_LONG "d/deep",
};
#define N_FILES	(sizeof(files) / sizeof(files[0]))

static struct dir *
parent_of(const char *path, const char **name)
{
	struct dir *d;
	size_t len;

	d = tree_parent(b.v, b.a, path, name, &len, &b.e);
	cr_assert_not_null(d, "%s: %s", path, b.e.text);
	return d;
}

Test(find, an_object_is_found_in_its_directory_by_its_inode)
{
	struct entry was, is;
	const char *name;
	struct dir *d;

	for (size_t i = 0; i < N_FILES; i++) {
		cr_assert_eq(box_find(&b, files[i], &was), VERR_NONE);
		d = parent_of(files[i], &name);
		cr_assert_eq(dir_find(d, b.a, was.attr.fileid, was.attr.gen,
		    &is, &b.e), 0, "%s", files[i]);
		cr_expect_str_eq(is.loc.path, was.loc.path);
		cr_expect_eq(is.loc.type, was.loc.type);
		cr_expect_eq(is.loc.entry_len, was.loc.entry_len);
		cr_expect_eq(is.attr.size, was.attr.size);
		/* an inode that is used again is another one */
		if (was.attr.gen != 0)
			cr_expect_eq(BOX_CODE(&b, dir_find(d, b.a,
			    was.attr.fileid, was.attr.gen ^ 2, &is, &b.e)),
			    VERR_NOENT);
		cr_expect_eq(dir_find(d, b.a, was.attr.fileid, 0, &is, &b.e),
		    0);
		cr_expect_eq(BOX_CODE(&b, dir_find(b.root, b.a,
		    was.attr.fileid, 0, &is, &b.e)), VERR_NOENT);
		dir_put(d);
	}
}

Test(find, a_directory_is_not_found_as_a_file)
{
	struct entry was, is;

	cr_assert_eq(box_find(&b, "/one", &was), VERR_NONE);
	cr_expect_eq(BOX_CODE(&b, dir_find(b.root, b.a, was.attr.fileid, 0,
	    &is, &b.e)), VERR_NOENT);
	dir_put(was.dir);
}

Test(find, an_object_is_found_anywhere_after_a_restart)
{
	struct entry was[N_FILES], is;
	struct dir *two, *d, *parent;
	char now[300];
	const char *name;

	two = box_dir(&b, "/two");
	for (size_t i = 0; i < N_FILES; i++) {
		cr_assert_eq(box_find(&b, files[i], &was[i]), VERR_NONE);
		d = parent_of(files[i], &name);
		(void)snprintf(now, sizeof(now), "%zu-%.250s", i, name);
		cr_assert_eq(box_rename(&b, d, name, two, now), VERR_NONE,
		    "%s", b.e.text);
		dir_put(d);
	}
	dir_put(two);
	for (size_t i = 0; i < N_FILES; i++) {
		box_reopen(&b);
		cr_assert_eq(dir_find_anywhere(b.v, b.a, was[i].attr.fileid,
		    was[i].attr.gen, &is, &parent, &b.e), 0, "%s", files[i]);
		cr_expect_eq(is.attr.size, was[i].attr.size);
		two = box_dir(&b, "/two");
		cr_expect_eq(parent, two);
		dir_put(two);
		dir_put(parent);
	}
	box_reopen(&b);
	cr_expect_eq(BOX_CODE(&b, dir_find_anywhere(b.v, b.a, 1, 0, &is,
	    &parent, &b.e)), VERR_NOENT);
	cr_expect_null(parent);
}

Test(find, a_search_that_was_disturbed_does_not_say_there_is_nothing)
{
	static const int errs[] = { EMFILE, EIO };
	struct box_fault f = { .at = 0 };
	struct dir *parent, *deep;
	struct entry was, is;
	enum verr_code c;
	uint8_t hash[16];
	bool more;

	cr_assert_eq(box_find(&b, files[N_FILES - 1], &was), VERR_NONE);
	deep = box_dir(&b, "/one/" BOX_LONG "d");
	memcpy(hash, dir_hash(deep), 16);
	dir_put(deep);
	for (size_t i = 0; i < 2; i++)
		for (f.at = 1, more = true; more; f.at++) {
			box_reopen(&b);
			f.calls = 0;
			f.err = errs[i];
			host_set_hook(box_hook, &f);
			c = BOX_CODE(&b, dir_find_anywhere(b.v, b.a,
			    was.attr.fileid, was.attr.gen, &is, &parent,
			    &b.e));
			host_set_hook(NULL, NULL);
			cr_expect(c == VERR_NONE || c == verr_of_errno(f.err),
			    "call %u: code %d", f.at, c);
			if (c == VERR_NONE)
				dir_put(parent);
			more = f.calls >= f.at;
		}
	cr_expect_gt(f.at, 30);
	for (f.at = 1, more = true; more; f.at++) {
		box_reopen(&b);
		f.calls = 0;
		host_set_hook(box_hook, &f);
		b.e.code = VERR_NONE;
		deep = dir_by_hash(b.v, hash, true, &b.e);
		host_set_hook(NULL, NULL);
		cr_expect(deep != NULL || b.e.code == VERR_IO,
		    "call %u: code %d", f.at, b.e.code);
		dir_put(deep);
		more = f.calls >= f.at;
	}
}

Test(find, a_directory_knows_its_parent_after_a_restart)
{
	char id[3][40];
	struct dir *d, *up;
	size_t len;

	d = box_dir(&b, "/one/" BOX_LONG "d");
	(void)strcpy(id[0], dir_id(d, &len));
	dir_put(d);
	d = box_dir(&b, "/one");
	(void)strcpy(id[1], dir_id(d, &len));
	dir_put(d);
	box_reopen(&b);
	d = dir_by_id(b.v, id[0], 36, &b.e);
	cr_assert_not_null(d);
	cr_expect_null(dir_parent(d, false, &b.e));
	cr_expect_eq(b.e.code, VERR_BUSY);
	up = dir_parent(d, true, &b.e);
	cr_assert_not_null(up, "%s", b.e.text);
	cr_expect_str_eq(dir_id(up, &len), id[1]);
	dir_put(up);
	up = dir_parent(d, false, &b.e);
	cr_assert_not_null(up, "it is known now");
	dir_put(d);
	d = dir_parent(up, false, &b.e);
	cr_expect_eq(d, b.root);
	dir_put(up);
	up = dir_parent(d, false, &b.e);
	cr_expect_eq(up, b.root, "the root is its own");
	dir_put(up);
	dir_put(d);
	/* nobody links to it */
	d = dir_by_id(b.v, "00000000-0000-4000-8000-000000000000", 36, &b.e);
	cr_expect_null(dir_parent(d, true, &b.e));
	cr_expect_eq(b.e.code, VERR_NOENT);
	dir_put(d);
}

Test(find, a_directory_is_found_by_its_hash)
{
	uint8_t hash[20], none[16] = { 0 };
	struct dir *d, *e;

	d = box_dir(&b, "/one/" BOX_LONG "d");
	memcpy(hash, dir_hash(d), 20);
	e = dir_by_hash(b.v, hash, false, &b.e);
	cr_expect_eq(e, d);
	dir_put(e);
	dir_put(d);
	box_reopen(&b);
	cr_expect_null(dir_by_hash(b.v, hash, false, &b.e));
	cr_expect_eq(b.e.code, VERR_BUSY);
	d = dir_by_hash(b.v, hash, true, &b.e);
	cr_assert_not_null(d);
	cr_expect_arr_eq(dir_hash(d), hash, 20);
	dir_put(d);
	cr_expect_null(dir_by_hash(b.v, none, true, &b.e));
	cr_expect_eq(b.e.code, VERR_NOENT);
	d = dir_by_hash(b.v, dir_hash(b.root), false, &b.e);
	cr_expect_eq(d, b.root);
	dir_put(d);
}

Test(find, one_directory_is_one_object_however_it_was_reached)
{
	struct dir *d, *e;
	const char *id;
	size_t len;

	d = box_dir(&b, "/one");
	id = dir_id(d, &len);
	e = dir_by_id(b.v, id, len, &b.e);
	cr_expect_eq(d, e);
	dir_put(e);
	e = box_dir(&b, "/two/../one/./");
	cr_expect_eq(d, e);
	dir_put(e);
	dir_put(d);
}

/* Push everything that nobody holds out of the table of directories. */
static void
forget_dirs(void)
{
	char id[40];
	int i, len;

	for (i = 0; i < 5000; i++) {
		len = snprintf(id, sizeof(id), "no-directory-of-any-vault-%d",
		    i);
		dir_put(dir_by_id(b.v, id, (size_t)len, &b.e));
	}
}

Test(find, the_parent_of_a_directory_that_was_seen_needs_no_search)
{
	char id[40], path[VLOC_MAX];
	struct dir *d, *up, *one;
	size_t len;

	d = box_dir(&b, "/one/" BOX_LONG "d");
	(void)strcpy(id, dir_id(d, &len));
	dir_put(d);
	forget_dirs();
	d = dir_by_id(b.v, id, len, &b.e);
	cr_assert_not_null(d);
	up = dir_parent(d, false, &b.e);
	one = box_dir(&b, "/one");
	cr_expect_eq(up, one);
	cr_expect_not(dir_link_of(d, path), "its link was not seen");
	dir_put(up);
	up = box_dir(&b, "/one/" BOX_LONG "d");
	cr_expect_eq(up, d);
	cr_expect(dir_link_of(d, path), "now it was");
	dir_put(up);
	dir_put(one);
	dir_put(d);
}

Test(find, a_directory_is_not_moved_beneath_itself_when_it_was_forgotten)
{
	struct dir *d, *root;
	char id[40];
	size_t len;

	d = box_dir(&b, "/one/" BOX_LONG "d");
	(void)strcpy(id, dir_id(d, &len));
	dir_put(d);
	forget_dirs();
	d = dir_by_id(b.v, id, len, &b.e);
	root = dir_root(b.v, &b.e);
	cr_expect_eq(box_rename(&b, root, "one", d, "in-itself"), VERR_INVAL);
	dir_put(root);
	dir_put(d);
}
