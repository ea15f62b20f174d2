/*
 * What a reply carries when a call fails: the attributes that RFC 1813 gives
 * the *resfail structs, filled in, and equal to what GETATTR says.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "tests/proto/check.h"

static struct fh dir, file;

static void
setup(void)
{
	fix_start(&f, NULL);
	dir = check_dir(&f.root, "dir");
	file = check_file(&dir, "file");
	(void)check_dir(&dir, "full");
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(errors, .init = setup, .fini = teardown);

static void
expect_dir(const post_op_attr *got, const struct fh *fh)
{
	const fattr3 *x = check_attr(got);
	fattr3 a;

	OK(call_getattr(f.c, fh, &a));
	cr_expect_eq(x->fileid, a.fileid);
	cr_expect_eq(x->type, a.type);
	cr_expect(check_same_time(&x->mtime, &a.mtime));
	cr_expect(check_same_time(&x->ctime, &a.ctime));
}

Test(errors, of_every_procedure_on_names_carry_the_directory)
{
	struct reply r;
	sattr3 bad = call_mode(0600);

	bad.mtime.set_it = SET_TO_CLIENT_TIME;
	bad.mtime.set_mtime_u.mtime.nseconds = UINT32_MAX;
	IS(NOENT, call_lookup(f.c, &dir, "no", &r));
	expect_dir(&r.dir_attr, &dir);
	IS(EXIST, call_create(f.c, &dir, "file", GUARDED, NULL, &r));
	expect_dir(&r.wcc.after, &dir);
	IS(INVAL, call_create(f.c, &dir, "new", GUARDED, &bad, &r));
	expect_dir(&r.wcc.after, &dir);
	IS(EXIST, call_exclusive(f.c, &dir, "file", "verifier", &r));
	expect_dir(&r.wcc.after, &dir);
	IS(EXIST, call_mkdir(f.c, &dir, "full", NULL, &r));
	expect_dir(&r.wcc.after, &dir);
	IS(EXIST, call_symlink(f.c, &dir, "file", "x", &r));
	expect_dir(&r.wcc.after, &dir);
	IS(NOTSUPP, call_mknod(f.c, &dir, "new", WIRE_NF3SOCK, &r));
	expect_dir(&r.wcc.after, &dir);
	IS(NOENT, call_remove(f.c, &dir, "no", &r));
	expect_dir(&r.wcc.after, &dir);
	IS(ISDIR, call_remove(f.c, &dir, "full", &r));
	expect_dir(&r.wcc.after, &dir);
	IS(NOENT, call_rmdir(f.c, &dir, "no", &r));
	expect_dir(&r.wcc.after, &dir);
	IS(NOTDIR, call_rmdir(f.c, &dir, "file", &r));
	expect_dir(&r.wcc.after, &dir);
	IS(NOTEMPTY, call_rmdir(f.c, &f.root, "dir", &r));
	expect_dir(&r.wcc.after, &f.root);
}

Test(errors, of_rename_and_link_carry_both_ends)
{
	struct fh bad = f.root;
	struct reply r;

	bad.b[40] ^= 1;
	IS(NOENT, call_rename(f.c, &dir, "no", &f.root, "x", &r));
	expect_dir(&r.wcc.after, &dir);
	expect_dir(&r.wcc2.after, &f.root);
	IS(ISDIR, call_rename(f.c, &dir, "file", &dir, "full", &r));
	expect_dir(&r.wcc.after, &dir);
	expect_dir(&r.wcc2.after, &dir);
	IS(INVAL, call_rename(f.c, &f.root, "dir", &dir, "x", &r));
	expect_dir(&r.wcc.after, &f.root);
	expect_dir(&r.wcc2.after, &dir);
	IS(NOTDIR, call_rename(f.c, &dir, "x", &file, "y", &r));
	expect_dir(&r.wcc.after, &dir);
	expect_dir(&r.wcc2.after, &file);
	/* One end is no handle: the other still is told. */
	IS(BADHANDLE, call_rename(f.c, &dir, "file", &bad, "y", &r));
	expect_dir(&r.wcc.after, &dir);
	cr_expect(!r.wcc2.after.attributes_follow);
	IS(EXIST, call_link(f.c, &file, &dir, "full", &r));
	expect_dir(&r.attr, &file);
	expect_dir(&r.wcc.after, &dir);
	IS(BADHANDLE, call_link(f.c, &file, &bad, "x", &r));
	expect_dir(&r.attr, &file);
}

Test(errors, on_objects_carry_the_object)
{
	struct read_reply r;
	struct write_reply w;
	struct list l = { .n = 0 };
	char buf[8192];
	post_op_attr a;
	sattr3 s = call_size(UINT64_MAX);
	nfstime3 never = { 1, 1 };
	wcc_data wcc;

	IS(ISDIR, call_read(f.c, &dir, 0, 10, buf, &r));
	expect_dir(&r.attr, &dir);
	IS(ISDIR, call_write(f.c, &dir, 0, "x", 1, UNSTABLE, &w));
	expect_dir(&w.wcc.after, &dir);
	cr_expect_neq(call_commit(f.c, &dir, &w), WIRE_NFS3_OK);
	expect_dir(&w.wcc.after, &dir);
	IS(FBIG, call_write(f.c, &file, UINT64_MAX - 10, "x", 1, UNSTABLE,
	    &w));
	expect_dir(&w.wcc.after, &file);
	IS(INVAL, call_readlink(f.c, &file, buf, &a));
	expect_dir(&a, &file);
	IS(NOT_SYNC, call_setattr(f.c, &file, &s, &never, &wcc));
	expect_dir(&wcc.after, &file);
	IS(FBIG, call_setattr(f.c, &file, &s, NULL, &wcc));
	expect_dir(&wcc.after, &file);
	IS(NOTDIR, list_page(f.c, &file, 0, 0, 4096, &l));
	expect_dir(&l.dir_attr, &file);
	IS(TOOSMALL, list_page(f.c, &dir, 0, 100, 100, &l));
	expect_dir(&l.dir_attr, &dir);
}

/* A failed call has changed nothing, and its wcc says so. */
Test(errors, before_equals_after_when_nothing_was_done)
{
	struct reply r;
	const wcc_attr *w;
	const fattr3 *a;

	usleep(20000);
	IS(EXIST, call_create(f.c, &dir, "file", GUARDED, NULL, &r));
	cr_assert(r.wcc.before.attributes_follow);
	w = &r.wcc.before.pre_op_attr_u.attributes;
	a = check_after(&r.wcc);
	cr_expect_eq(w->size, a->size);
	cr_expect(check_same_time(&w->mtime, &a->mtime));
	cr_expect(check_same_time(&w->ctime, &a->ctime));
}

/* Linux keeps its cache if "before" is what it knows (nfs-facts 1.4). */
Test(errors, before_is_what_getattr_said_last)
{
	struct write_reply w;
	struct reply r;
	fattr3 a;

	OK(call_getattr(f.c, &dir, &a));
	usleep(20000);
	OK(call_create(f.c, &dir, "new", GUARDED, NULL, &r));
	cr_assert(r.wcc.before.attributes_follow);
	cr_expect(check_same_time(
	    &r.wcc.before.pre_op_attr_u.attributes.mtime, &a.mtime));
	cr_expect(check_same_time(
	    &r.wcc.before.pre_op_attr_u.attributes.ctime, &a.ctime));
	OK(call_getattr(f.c, &file, &a));
	OK(call_write(f.c, &file, 0, "abc", 3, UNSTABLE, &w));
	cr_assert(w.wcc.before.attributes_follow);
	cr_expect_eq(w.wcc.before.pre_op_attr_u.attributes.size, a.size);
	cr_expect(check_same_time(
	    &w.wcc.before.pre_op_attr_u.attributes.ctime, &a.ctime));
	cr_expect_eq(check_after(&w.wcc)->size, 3);
	OK(call_getattr(f.c, &file, &a));
	cr_expect(check_same_time(&check_after(&w.wcc)->ctime, &a.ctime));
}

/*
 * The folder of the root is away for a moment (a sync client, a network): a
 * STALE root would be the end of the mount.
 */
Test(errors, a_root_that_is_away_is_not_stale)
{
	char from[200], to[200];
	fattr3 a;

	(void)snprintf(from, sizeof(from), "%s/d", f.dir);
	(void)snprintf(to, sizeof(to), "%s/away", f.dir);
	cr_assert_eq(rename(from, to), 0);
	IS(IO, call_getattr(f.c, &f.root, &a));
	IS(IO, call_lookup(f.c, &f.root, "dir", NULL));
	IS(IO, call_getattr(f.c, &dir, &a));
	IS(IO, call_getattr(f.c, &file, &a));
	cr_assert_eq(rename(to, from), 0);
	OK(call_getattr(f.c, &f.root, &a));
	OK(call_lookup(f.c, &f.root, "dir", NULL));
	OK(call_getattr(f.c, &file, &a));
}
