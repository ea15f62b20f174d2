/*
 * REMOVE, RMDIR: RFC 1813 3.3.12, 3.3.13.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/proto/check.h"

static void
setup(void)
{
	struct fix_options o = { .as_user = true };

	fix_start(&f, &o);
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(remove, .init = setup, .fini = teardown);
TestSuite(rmdir, .init = setup, .fini = teardown);

static void
long_name(char name[256], char c)
{
	memset(name, c, 255);
	name[255] = '\0';
}

Test(remove, takes_files_and_links_away)
{
	struct fh file = check_file(&f.root, "file");
	struct reply r, l;
	fattr3 a;

	OK(call_symlink(f.c, &f.root, "link", "file", &l));
	usleep(20000);
	OK(call_remove(f.c, &f.root, "file", &r));
	cr_assert(r.wcc.before.attributes_follow);
	cr_expect(!check_same_time(&check_after(&r.wcc)->mtime,
	    &r.wcc.before.pre_op_attr_u.attributes.mtime));
	IS(NOENT, call_lookup(f.c, &f.root, "file", NULL));
	IS(STALE, call_getattr(f.c, &file, &a));
	OK(call_remove(f.c, &f.root, "link", NULL));
	IS(STALE, call_getattr(f.c, &l.fh, &a));
	IS(NOENT, call_remove(f.c, &f.root, "link", &r));
	(void)check_after(&r.wcc);
}

Test(remove, of_a_directory_is_isdir_and_leaves_it)
{
	struct reply r;

	(void)check_dir(&f.root, "dir");
	IS(ISDIR, call_remove(f.c, &f.root, "dir", &r));
	(void)check_after(&r.wcc);
	OK(call_lookup(f.c, &f.root, "dir", NULL));
	cr_expect_neq(call_remove(f.c, &f.root, ".", &r), WIRE_NFS3_OK);
	cr_expect_neq(call_remove(f.c, &f.root, "..", &r), WIRE_NFS3_OK);
	(void)check_after(&r.wcc);
}

Test(remove, long_names_go_like_others)
{
	char name[256];
	struct fh fh;
	fattr3 a;

	long_name(name, 'x');
	fh = check_file(&f.root, name);
	OK(call_write(f.c, &fh, 0, "x", 1, UNSTABLE, NULL));
	OK(call_remove(f.c, &f.root, name, NULL));
	IS(NOENT, call_lookup(f.c, &f.root, name, NULL));
	IS(STALE, call_getattr(f.c, &fh, &a));
	fh = check_dir(&f.root, name);
	IS(ISDIR, call_remove(f.c, &f.root, name, NULL));
	OK(call_rmdir(f.c, &f.root, name, NULL));
	IS(STALE, call_getattr(f.c, &fh, &a));
}

Test(remove, a_file_that_was_open_is_stale_at_once)
{
	struct fh fh = check_file(&f.root, "file");
	char buf[4];
	sattr3 s = call_size(0);

	OK(call_write(f.c, &fh, 0, "abc", 3, UNSTABLE, NULL));
	OK(call_read(f.c, &fh, 0, 3, buf, NULL));
	OK(call_remove(f.c, &f.root, "file", NULL));
	IS(STALE, call_read(f.c, &fh, 0, 3, buf, NULL));
	IS(STALE, call_write(f.c, &fh, 0, "x", 1, UNSTABLE, NULL));
	IS(STALE, call_commit(f.c, &fh, NULL));
	IS(STALE, call_setattr(f.c, &fh, &s, NULL, NULL));
	/* The same name again is another object, even if of the same inode. */
	(void)check_file(&f.root, "file");
	IS(STALE, call_read(f.c, &fh, 0, 3, buf, NULL));
}

/* Linux's way with open files: rename away, use, remove at last close. */
Test(remove, silly_names_are_names_like_others)
{
	struct fh fh = check_file(&f.root, "file");
	char buf[4];

	OK(call_write(f.c, &fh, 0, "abc", 3, UNSTABLE, NULL));
	OK(call_rename(f.c, &f.root, "file", &f.root,
	    ".nfs0123456789abcdef01234567", NULL));
	OK(call_read(f.c, &fh, 0, 3, buf, NULL));
	OK(call_write(f.c, &fh, 3, "def", 3, UNSTABLE, NULL));
	OK(call_remove(f.c, &f.root, ".nfs0123456789abcdef01234567", NULL));
}

Test(remove, in_a_sticky_directory_the_owner_may)
{
	struct fh dir = check_dir(&f.root, "dir");
	sattr3 s = call_mode(01777);

	OK(call_setattr(f.c, &dir, &s, NULL, NULL));
	(void)check_file(&dir, "file");
	(void)check_dir(&dir, "sub");
	OK(call_remove(f.c, &dir, "file", NULL));
	OK(call_rmdir(f.c, &dir, "sub", NULL));
	IS(NOENT, call_remove(f.c, &dir, "file", NULL));
}

/* -- RMDIR */

Test(rmdir, takes_an_empty_directory_away)
{
	struct fh dir = check_dir(&f.root, "dir");
	struct list l = { .n = 0 };
	struct reply r;
	fattr3 a;

	OK(call_rmdir(f.c, &f.root, "dir", &r));
	cr_assert(r.wcc.before.attributes_follow);
	(void)check_after(&r.wcc);
	IS(NOENT, call_lookup(f.c, &f.root, "dir", NULL));
	IS(STALE, call_getattr(f.c, &dir, &a));
	IS(STALE, call_lookup(f.c, &dir, "x", NULL));
	IS(STALE, call_lookup(f.c, &dir, "..", NULL));
	IS(STALE, call_create(f.c, &dir, "x", UNCHECKED, NULL, NULL));
	IS(STALE, list_page(f.c, &dir, 0, 0, 4096, &l));
	IS(STALE, list_page(f.c, &dir, 0, 4096, 4096, &l));
	IS(NOENT, call_rmdir(f.c, &f.root, "dir", &r));
	(void)check_after(&r.wcc);
}

Test(rmdir, of_one_that_holds_anything_is_notempty)
{
	struct fh dir = check_dir(&f.root, "dir");
	struct reply r;
	fattr3 a;

	(void)check_file(&dir, "file");
	IS(NOTEMPTY, call_rmdir(f.c, &f.root, "dir", &r));
	(void)check_after(&r.wcc);
	OK(call_lookup(f.c, &dir, "file", NULL));
	OK(call_remove(f.c, &dir, "file", NULL));
	(void)check_dir(&dir, "sub");
	IS(NOTEMPTY, call_rmdir(f.c, &f.root, "dir", NULL));
	OK(call_rmdir(f.c, &dir, "sub", NULL));
	OK(call_symlink(f.c, &dir, "link", "x", NULL));
	IS(NOTEMPTY, call_rmdir(f.c, &f.root, "dir", NULL));
	OK(call_remove(f.c, &dir, "link", NULL));
	OK(call_getattr(f.c, &dir, &a));
	OK(call_rmdir(f.c, &f.root, "dir", NULL));
}

Test(rmdir, of_a_file_or_link_is_notdir_and_leaves_it)
{
	struct reply r;

	(void)check_file(&f.root, "file");
	OK(call_symlink(f.c, &f.root, "link", ".", NULL));
	IS(NOTDIR, call_rmdir(f.c, &f.root, "file", &r));
	(void)check_after(&r.wcc);
	IS(NOTDIR, call_rmdir(f.c, &f.root, "link", NULL));
	OK(call_lookup(f.c, &f.root, "file", NULL));
	OK(call_lookup(f.c, &f.root, "link", NULL));
}

Test(rmdir, dots_are_refused_as_the_rfc_says)
{
	struct fh dir = check_dir(&f.root, "dir");
	struct reply r;

	IS(INVAL, call_rmdir(f.c, &dir, ".", &r));
	(void)check_after(&r.wcc);
	IS(EXIST, call_rmdir(f.c, &dir, "..", &r));
	(void)check_after(&r.wcc);
	OK(call_lookup(f.c, &f.root, "dir", NULL));
}

/* POSIX asks for permission on what holds it, not on itself. */
Test(rmdir, an_empty_directory_goes_whatever_its_mode)
{
	static const uint32_t modes[] = { 0, 0555, 0400, 0200, 0100, 0300 };
	sattr3 s;
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		s = call_mode(modes[i]);
		OK(call_mkdir(f.c, &f.root, "dir", &s, NULL));
		OK(call_rmdir(f.c, &f.root, "dir", NULL));
	}
	s = call_mode(0);
	OK(call_mkdir(f.c, &f.root, "a", NULL, NULL));
	OK(call_mkdir(f.c, &f.root, "b", &s, NULL));
	OK(call_rename(f.c, &f.root, "a", &f.root, "b", NULL));
}

Test(rmdir, a_full_directory_without_any_permission_stays_as_it_is)
{
	struct fh dir = check_dir(&f.root, "dir");
	sattr3 s = call_mode(0);
	fattr3 a;

	(void)check_file(&dir, "file");
	OK(call_setattr(f.c, &dir, &s, NULL, NULL));
	IS(NOTEMPTY, call_rmdir(f.c, &f.root, "dir", NULL));
	OK(call_getattr(f.c, &dir, &a));
	cr_expect_eq(a.mode, 0);
}

/* rm -r as clients do it: list, remove, list again from the last cookie. */
Test(rmdir, a_tree_is_emptied_while_it_is_listed)
{
	struct fh dir = check_dir(&f.root, "dir");
	struct list l = { .n = 0 };
	uint64_t cookie = 0;
	char name[32];
	size_t i, seen = 0;

	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "entry %zu", i);
		(void)check_file(&dir, name);
	}
	do {
		OK(list_page(f.c, &dir, cookie, 0, 1024, &l));
		for (i = 0; i < l.n; i++) {
			cookie = l.v[i].cookie;
			if (l.v[i].name[0] == '.')
				continue;
			OK(call_remove(f.c, &dir, l.v[i].name, NULL));
			seen++;
		}
		l.n = 0;
	} while (!l.eof);
	list_free(&l);
	cr_expect_eq(seen, 300);
	OK(call_rmdir(f.c, &f.root, "dir", NULL));
}
