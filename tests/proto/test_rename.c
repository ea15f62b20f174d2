/*
 * RENAME, LINK: RFC 1813 3.3.14, 3.3.15.
 */
#include "config.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "tests/proto/check.h"
#include "vault/host.h"

static struct fh a, b;		/* two directories */

static void
setup(void)
{
	fix_start(&f, NULL);
	a = check_dir(&f.root, "a");
	b = check_dir(&f.root, "b");
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(rename, .init = setup, .fini = teardown);
TestSuite(link, .init = setup, .fini = teardown);

static struct fh
file_with(const struct fh *dir, const char *name, const char *text)
{
	struct fh fh = check_file(dir, name);

	OK(call_write(f.c, &fh, 0, text, (uint32_t)strlen(text), UNSTABLE,
	    NULL));
	return fh;
}

static void
expect_text(const struct fh *fh, const char *text)
{
	struct read_reply r;
	char buf[64];

	OK(call_read(f.c, fh, 0, sizeof(buf), buf, &r));
	cr_assert_eq(r.count, strlen(text));
	cr_expect_eq(memcmp(buf, text, r.count), 0);
}

static void
expect_at(const struct fh *dir, const char *name, const struct fh *fh)
{
	struct reply r;

	OK(call_lookup(f.c, dir, name, &r));
	cr_expect(call_same_fh(&r.fh, fh), "%s has another handle", name);
}

Test(rename, a_file_gets_another_name_and_keeps_its_handle)
{
	struct fh fh = file_with(&a, "old", "text");
	struct reply r;
	fattr3 before, after;

	OK(call_getattr(f.c, &fh, &before));
	usleep(20000);
	OK(call_rename(f.c, &a, "old", &a, "new", &r));
	cr_assert(r.wcc.before.attributes_follow);
	cr_assert(r.wcc2.before.attributes_follow);
	cr_expect(!check_same_time(&check_after(&r.wcc)->mtime,
	    &r.wcc.before.pre_op_attr_u.attributes.mtime));
	IS(NOENT, call_lookup(f.c, &a, "old", NULL));
	expect_at(&a, "new", &fh);
	expect_text(&fh, "text");
	OK(call_getattr(f.c, &fh, &after));
	cr_expect_eq(after.fileid, before.fileid);
	cr_expect(check_same_time(&after.mtime, &before.mtime));
}

Test(rename, across_directories_the_handle_goes_on_working)
{
	struct fh fh = file_with(&a, "old", "text");
	struct reply r;

	OK(call_rename(f.c, &a, "old", &b, "new", &r));
	(void)check_after(&r.wcc);
	cr_expect_neq(check_after(&r.wcc)->fileid,
	    check_after(&r.wcc2)->fileid);
	IS(NOENT, call_lookup(f.c, &a, "old", NULL));
	expect_at(&b, "new", &fh);
	expect_text(&fh, "text");
	OK(call_write(f.c, &fh, 4, "ure", 3, FILE_SYNC, NULL));
	expect_text(&fh, "texture");
}

Test(rename, handles_from_before_a_move_work_after_a_restart)
{
	struct fh fh = file_with(&a, "old", "text"), ln, d, in;
	char target[8192];
	struct reply r;
	fattr3 at;

	OK(call_symlink(f.c, &a, "link", "target", &r));
	ln = r.fh;
	d = check_dir(&a, "dir");
	in = file_with(&d, "in", "inside");
	OK(call_rename(f.c, &a, "old", &b, "new", NULL));
	OK(call_rename(f.c, &a, "link", &b, "link2", NULL));
	OK(call_rename(f.c, &a, "dir", &b, "dir2", NULL));
	fix_restart(&f);
	expect_text(&fh, "text");
	OK(call_readlink(f.c, &ln, target, NULL));
	cr_expect_str_eq(target, "target");
	OK(call_getattr(f.c, &d, &at));
	expect_text(&in, "inside");
	expect_at(&b, "dir2", &d);
	expect_at(&d, "in", &in);
}

/* Nobody tells a server that was not running what has been moved. */
Test(rename, a_move_made_by_another_server_is_found)
{
	struct fh fh = file_with(&a, "old", "text");
	struct fh other = file_with(&a, "other", "more");
	struct fix g = f;

	/* A second server on the same folder, not knowing of the first. */
	memset(g.clients, 0, sizeof(g.clients));
	g.running = false;
	fix_make(&g);
	fix_run(&g);
	OK(call_rename(g.c, &g.root, "a", &g.root, "aa", NULL));
	OK(call_rename(g.c, &a, "old", &b, "new", NULL));
	OK(call_rename(g.c, &a, "other", &a, "another", NULL));
	fix_down(&g);
	expect_text(&fh, "text");
	expect_text(&other, "more");
	IS(NOENT, call_lookup(f.c, &a, "old", NULL));
}

Test(rename, long_and_short_names_change_into_each_other)
{
	struct fh fh = file_with(&a, "short", "text"), d, ln;
	char l1[256], l2[256], target[8192];
	struct reply r;

	memset(l1, '1', 255), l1[255] = '\0';
	memset(l2, '2', 255), l2[255] = '\0';
	OK(call_symlink(f.c, &a, "link", "target", &r));
	ln = r.fh;
	d = check_dir(&a, "dir");

	OK(call_rename(f.c, &a, "short", &b, l1, NULL));
	expect_at(&b, l1, &fh);
	OK(call_rename(f.c, &b, l1, &b, l2, NULL));
	expect_at(&b, l2, &fh);
	IS(NOENT, call_lookup(f.c, &b, l1, NULL));
	OK(call_rename(f.c, &b, l2, &a, "again", NULL));
	expect_at(&a, "again", &fh);
	expect_text(&fh, "text");

	OK(call_rename(f.c, &a, "link", &b, l1, NULL));
	expect_at(&b, l1, &ln);
	OK(call_readlink(f.c, &ln, target, NULL));
	OK(call_rename(f.c, &b, l1, &a, "link", NULL));
	expect_at(&a, "link", &ln);
	OK(call_rename(f.c, &a, "dir", &b, l1, NULL));
	expect_at(&b, l1, &d);
	OK(call_rename(f.c, &b, l1, &b, l2, NULL));
	OK(call_rename(f.c, &b, l2, &b, "dir", NULL));
	expect_at(&b, "dir", &d);
	IS(NOENT, call_lookup(f.c, &b, l2, NULL));
}

Test(rename, a_file_replaces_a_file_or_link)
{
	struct fh x = file_with(&a, "x", "new"), y = file_with(&b, "y", "old");
	struct reply r;
	fattr3 at;

	OK(call_rename(f.c, &a, "x", &b, "y", NULL));
	expect_at(&b, "y", &x);
	expect_text(&x, "new");
	IS(STALE, call_getattr(f.c, &y, &at));
	OK(call_symlink(f.c, &a, "link", "target", &r));
	OK(call_rename(f.c, &b, "y", &a, "link", NULL));
	expect_at(&a, "link", &x);
	IS(STALE, call_getattr(f.c, &r.fh, &at));
	OK(call_symlink(f.c, &a, "l2", "target", &r));
	OK(call_rename(f.c, &a, "l2", &a, "link", NULL));
	expect_at(&a, "link", &r.fh);
	IS(STALE, call_getattr(f.c, &x, &at));
}

Test(rename, a_directory_replaces_an_empty_one_only)
{
	struct fh x = check_dir(&a, "x"), y = check_dir(&b, "y");
	struct reply r;
	fattr3 at;

	(void)file_with(&x, "in", "text");
	(void)file_with(&y, "in", "other");
	IS(NOTEMPTY, call_rename(f.c, &a, "x", &b, "y", &r));
	(void)check_after(&r.wcc);
	(void)check_after(&r.wcc2);
	OK(call_remove(f.c, &y, "in", NULL));
	OK(call_rename(f.c, &a, "x", &b, "y", NULL));
	expect_at(&b, "y", &x);
	OK(call_lookup(f.c, &x, "in", NULL));
	IS(STALE, call_getattr(f.c, &y, &at));
}

Test(rename, kinds_that_do_not_fit_are_refused_and_nothing_moves)
{
	struct fh d = check_dir(&a, "d"), x = file_with(&a, "x", "text");
	struct reply r;

	IS(ISDIR, call_rename(f.c, &a, "x", &a, "d", &r));
	(void)check_after(&r.wcc2);
	IS(NOTDIR, call_rename(f.c, &a, "d", &a, "x", &r));
	expect_at(&a, "x", &x);
	expect_at(&a, "d", &d);
}

Test(rename, a_name_to_itself_changes_nothing)
{
	struct fh x = file_with(&a, "caf\xc3\xa9", "text");
	fattr3 before, after;

	OK(call_getattr(f.c, &a, &before));
	usleep(20000);
	OK(call_rename(f.c, &a, "caf\xc3\xa9", &a, "caf\xc3\xa9", NULL));
	OK(call_rename(f.c, &a, "caf\xc3\xa9", &a, "cafe\xcc\x81", NULL));
	OK(call_rename(f.c, &f.root, "a", &f.root, "a", NULL));
	OK(call_getattr(f.c, &a, &after));
	cr_expect(check_same_time(&before.mtime, &after.mtime));
	expect_at(&a, "caf\xc3\xa9", &x);
	expect_text(&x, "text");
}

Test(rename, only_the_case_of_a_name_can_change)
{
	struct fh x = file_with(&a, "name", "text");

	OK(call_rename(f.c, &a, "name", &a, "NAME", NULL));
	expect_at(&a, "NAME", &x);
	IS(NOENT, call_lookup(f.c, &a, "name", NULL));
}

Test(rename, a_directory_does_not_go_into_itself)
{
	struct fh s = check_dir(&a, "s"), t = check_dir(&s, "t");
	struct reply r;

	IS(INVAL, call_rename(f.c, &f.root, "a", &a, "x", &r));
	(void)check_after(&r.wcc);
	(void)check_after(&r.wcc2);
	IS(INVAL, call_rename(f.c, &f.root, "a", &t, "x", NULL));
	IS(INVAL, call_rename(f.c, &a, "s", &t, "x", NULL));
	fix_restart(&f);		/* nobody knows who is above t */
	IS(INVAL, call_rename(f.c, &f.root, "a", &t, "x", NULL));
	OK(call_rename(f.c, &s, "t", &f.root, "t", NULL));
	OK(call_rename(f.c, &f.root, "a", &t, "a", NULL));
	expect_at(&t, "a", &a);
	IS(INVAL, call_rename(f.c, &f.root, "t", &s, "t", NULL));
}

Test(rename, onto_what_holds_it_is_notempty)
{
	(void)check_dir(&a, "sub");
	IS(NOTEMPTY, call_rename(f.c, &a, "sub", &f.root, "a", NULL));
	(void)file_with(&a, "file", "x");
	IS(ISDIR, call_rename(f.c, &a, "file", &f.root, "a", NULL));
}

Test(rename, what_is_not_there_is_noent_with_attributes_of_both)
{
	struct reply r;

	IS(NOENT, call_rename(f.c, &a, "x", &b, "y", &r));
	(void)check_after(&r.wcc);
	(void)check_after(&r.wcc2);
}

Test(rename, dots_are_refused)
{
	static const char *const dots[] = { ".", ".." };
	int i;

	(void)file_with(&a, "x", "text");
	for (i = 0; i < 2; i++) {
		IS(INVAL, call_rename(f.c, &a, dots[i], &b, "y", NULL));
		IS(INVAL, call_rename(f.c, &a, "x", &b, dots[i], NULL));
	}
	IS(INVAL, call_rename(f.c, &a, "x", &b, "", NULL));
	IS(INVAL, call_rename(f.c, &a, "x", &b, "y/z", NULL));
	OK(call_lookup(f.c, &a, "x", NULL));
}

/* The editors' way to save: write a new one, rename it over the old one. */
Test(rename, saving_over_and_over_leaves_one_file)
{
	struct fh fh;
	struct list l;
	int i;

	for (i = 0; i < 50; i++) {
		fh = file_with(&a, "file.tmp", "text");
		OK(call_rename(f.c, &a, "file.tmp", &a, "file", NULL));
		expect_at(&a, "file", &fh);
	}
	OK(list_all(f.c, &a, 0, 4096, &l));
	cr_expect_eq(l.n, 3);
	list_free(&l);
}

/* -- LINK */

Test(link, is_one_file_under_two_names)
{
	struct fh x = file_with(&a, "x", "text");
	struct reply r;
	fattr3 at;

	OK(call_link(f.c, &x, &b, "y", &r));
	cr_expect_eq(check_attr(&r.attr)->nlink, 2);
	cr_assert(r.wcc.before.attributes_follow);
	(void)check_after(&r.wcc);
	OK(call_lookup(f.c, &b, "y", &r));
	cr_expect_eq(check_attr(&r.attr)->nlink, 2);
	OK(call_getattr(f.c, &x, &at));
	cr_expect_eq(check_attr(&r.attr)->fileid, at.fileid);
	expect_text(&r.fh, "text");
	OK(call_write(f.c, &r.fh, 4, "ure", 3, UNSTABLE, NULL));
	expect_text(&x, "texture");
}

Test(link, what_is_left_goes_on_when_one_name_goes)
{
	struct fh x = file_with(&a, "x", "text");
	struct reply r;
	fattr3 at;

	OK(call_link(f.c, &x, &b, "y", &r));
	OK(call_remove(f.c, &b, "y", NULL));
	expect_text(&x, "text");
	OK(call_link(f.c, &x, &b, "y", &r));
	OK(call_remove(f.c, &a, "x", NULL));
	expect_text(&x, "text");
	OK(call_getattr(f.c, &x, &at));
	cr_expect_eq(at.nlink, 1);
	fix_restart(&f);
	expect_text(&x, "text");
	OK(call_remove(f.c, &b, "y", NULL));
	IS(STALE, call_getattr(f.c, &x, &at));
}

Test(link, two_names_of_one_file_are_renamed_to_each_other_in_vain)
{
	struct fh x = file_with(&a, "x", "text");

	OK(call_link(f.c, &x, &b, "y", NULL));
	OK(call_rename(f.c, &a, "x", &b, "y", NULL));
	OK(call_lookup(f.c, &a, "x", NULL));	/* rename(2) does nothing */
	OK(call_lookup(f.c, &b, "y", NULL));
	expect_text(&x, "text");
}

Test(link, long_names_and_symlinks_can_be_linked)
{
	struct fh x = file_with(&a, "x", "text");
	char name[256], target[8192];
	struct reply r;

	memset(name, 'l', 255), name[255] = '\0';
	OK(call_link(f.c, &x, &b, name, NULL));
	OK(call_lookup(f.c, &b, name, &r));
	expect_text(&r.fh, "text");
	OK(call_link(f.c, &r.fh, &b, "short", NULL));
	OK(call_remove(f.c, &b, name, NULL));
	OK(call_remove(f.c, &a, "x", NULL));
	expect_text(&x, "text");
	OK(call_symlink(f.c, &a, "s", "target", &r));
	OK(call_link(f.c, &r.fh, &b, "t", NULL));
	OK(call_lookup(f.c, &b, "t", &r));
	cr_expect_eq(check_attr(&r.attr)->type, WIRE_NF3LNK);
	OK(call_readlink(f.c, &r.fh, target, NULL));
	cr_expect_str_eq(target, "target");
}

Test(link, what_cannot_be_is_refused_with_attributes)
{
	struct fh x = file_with(&a, "x", "text"), y = file_with(&a, "y", "");
	char name[257];
	struct reply r;

	memset(name, 'l', 256), name[256] = '\0';
	IS(EXIST, call_link(f.c, &x, &a, "y", &r));
	(void)check_attr(&r.attr);
	(void)check_after(&r.wcc);
	IS(EXIST, call_link(f.c, &x, &f.root, "a", &r));
	IS(EXIST, call_link(f.c, &x, &a, "..", &r));
	IS(INVAL, call_link(f.c, &x, &a, "p/q", &r));
	IS(NAMETOOLONG, call_link(f.c, &x, &a, name, &r));
	(void)check_after(&r.wcc);
	IS(NOTDIR, call_link(f.c, &x, &y, "z", &r));
	cr_expect_neq(call_link(f.c, &b, &a, "z", &r), WIRE_NFS3_OK);
	(void)check_after(&r.wcc);
	IS(NOENT, call_lookup(f.c, &a, "z", &r));
	OK(call_remove(f.c, &a, "x", NULL));
	IS(STALE, call_link(f.c, &x, &a, "z", &r));
}

/* While the name of x is linked, another file comes to have that name. */
static atomic_bool meddle;

static int
hook(void *ctx, enum host_op op, const char *path)
{
	(void)ctx, (void)path;
	if (op == HOST_LINK && atomic_exchange(&meddle, false))
		OK(call_rename(f.clients[1], &a, "other", &a, "x", NULL));
	return 0;
}

static void
setup_hook(void)
{
	host_set_hook(hook, NULL);
	setup();
}

TestSuite(link_race, .init = setup_hook, .fini = teardown);

Test(link_race, the_file_that_was_meant_is_linked_or_none)
{
	struct fh x = file_with(&a, "x", "text");

	(void)file_with(&a, "other", "secret");
	atomic_store(&meddle, true);
	IS(STALE, call_link(f.c, &x, &b, "y", NULL));
	cr_assert(!atomic_load(&meddle));
	IS(NOENT, call_lookup(f.c, &b, "y", NULL));
	OK(call_rmdir(f.c, &f.root, "b", NULL));
}
