/*
 * GETATTR, SETATTR, ACCESS: RFC 1813 3.3.1, 3.3.2, 3.3.4.  As a user, since
 * modes mean nothing to root.
 */
#include "config.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/tune.h"
#include "tests/proto/check.h"

#define ALL_BITS	0x3fu

static void
setup(void)
{
	struct fix_options o = { .as_user = true };

	/* our own socket may then speak for root as well */
	cr_assert_eq(tune_set("no-gate", NULL), 0);
	fix_start(&f, &o);
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(getattr, .init = setup, .fini = teardown);
TestSuite(setattr, .init = setup, .fini = teardown);
TestSuite(access, .init = setup, .fini = teardown);

Test(getattr, says_what_was_made)
{
	struct fh file = check_file(&f.root, "file");
	struct fh dir = check_dir(&f.root, "dir");
	struct reply r;
	fattr3 a, root;

	OK(call_getattr(f.c, &f.root, &root));
	cr_expect_eq(root.type, WIRE_NF3DIR);
	cr_expect_neq(root.fileid, 0);
	cr_expect_neq(root.fsid, 0);
	OK(call_getattr(f.c, &file, &a));
	cr_expect_eq(a.type, WIRE_NF3REG);
	cr_expect_eq(a.mode, 0644);
	cr_expect_eq(a.nlink, 1);
	cr_expect_eq(a.uid, geteuid());
	cr_expect_eq(a.gid, getegid());
	cr_expect_eq(a.size, 0);
	cr_expect_eq(a.fsid, root.fsid);
	cr_expect(a.fileid != 0 && a.fileid != root.fileid);
	OK(call_getattr(f.c, &dir, &a));
	cr_expect_eq(a.type, WIRE_NF3DIR);
	cr_expect_eq(a.mode, 0755);
	cr_expect_eq(a.fsid, root.fsid);
	OK(call_symlink(f.c, &f.root, "link", "over/there", &r));
	OK(call_getattr(f.c, &r.fh, &a));
	cr_expect_eq(a.type, WIRE_NF3LNK);
	cr_expect_eq(a.size, strlen("over/there"), "%lu",
	    (unsigned long)a.size);
}

Test(getattr, times_are_those_of_the_change)
{
	struct fh file = check_file(&f.root, "file");
	time_t now = time(NULL);
	fattr3 a, b, dir;

	OK(call_getattr(f.c, &file, &a));
	cr_expect_leq(a.mtime.seconds, now + 1);
	cr_expect_geq(a.mtime.seconds, now - 5);
	cr_expect_lt(a.mtime.nseconds, 1000000000);
	OK(call_getattr(f.c, &f.root, &dir));
	usleep(20000);
	OK(call_write(f.c, &file, 0, "x", 1, UNSTABLE, NULL));
	OK(call_getattr(f.c, &file, &b));
	cr_expect(!check_same_time(&a.mtime, &b.mtime));
	cr_expect(!check_same_time(&a.ctime, &b.ctime));
	usleep(20000);
	(void)check_file(&f.root, "second");
	OK(call_getattr(f.c, &f.root, &b));
	cr_expect(!check_same_time(&dir.mtime, &b.mtime));
}

/* -- SETATTR */

Test(setattr, changes_the_mode_and_nothing_else)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = call_mode(0751);
	fattr3 before, after;
	wcc_data w;

	OK(call_getattr(f.c, &file, &before));
	usleep(20000);
	OK(call_setattr(f.c, &file, &s, NULL, &w));
	OK(call_getattr(f.c, &file, &after));
	cr_expect_eq(after.mode, 0751);
	cr_expect(check_same_time(&before.mtime, &after.mtime));
	cr_expect(!check_same_time(&before.ctime, &after.ctime));
	cr_expect_eq(check_after(&w)->mode, 0751);
	cr_assert(w.before.attributes_follow);
	cr_expect(check_same_time(
	    &w.before.pre_op_attr_u.attributes.ctime, &before.ctime));
	s = call_mode(06755);
	OK(call_setattr(f.c, &file, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->mode, 06755);
}

Test(setattr, of_a_directory_works_too)
{
	struct fh dir = check_dir(&f.root, "dir");
	sattr3 s = call_mode(01700);
	wcc_data w;

	OK(call_setattr(f.c, &dir, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->mode, 01700);
	s = call_size(0);
	IS(ISDIR, call_setattr(f.c, &dir, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->mode, 01700);
}

Test(setattr, the_mode_of_a_symlink_is_always_0777_and_its_size_fixed)
{
	sattr3 s = call_mode(0600);
	struct reply r;
	wcc_data w;

	OK(call_symlink(f.c, &f.root, "link", "target", &r));
	OK(call_setattr(f.c, &r.fh, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->mode, 0777);
	s = call_size(0);
	IS(INVAL, call_setattr(f.c, &r.fh, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->size, 6);
}

Test(setattr, a_guard_holds_to_the_nanosecond)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = call_mode(0600);
	nfstime3 guard;
	wcc_data w;
	fattr3 a;

	OK(call_getattr(f.c, &file, &a));
	guard = a.ctime;
	guard.nseconds ^= 1;
	IS(NOT_SYNC, call_setattr(f.c, &file, &s, &guard, &w));
	cr_expect_eq(check_after(&w)->mode, 0644);
	guard = a.ctime;
	guard.seconds--;
	IS(NOT_SYNC, call_setattr(f.c, &file, &s, &guard, &w));
	OK(call_setattr(f.c, &file, &s, &a.ctime, &w));
	cr_expect_eq(check_after(&w)->mode, 0600);
}

Test(setattr, a_guard_counts_even_if_nothing_is_to_be_set)
{
	struct fh file = check_file(&f.root, "file");
	nfstime3 guard = { 1, 1 };
	sattr3 none;
	fattr3 a;

	memset(&none, 0, sizeof(none));
	IS(NOT_SYNC, call_setattr(f.c, &file, &none, &guard, NULL));
	OK(call_getattr(f.c, &file, &a));
	OK(call_setattr(f.c, &file, &none, &a.ctime, NULL));
}

Test(setattr, size_goes_down_and_up_and_the_rest_is_zeros)
{
	static const uint64_t sizes[] = {
		100000, 70000, 65536, 65535, 32769, 32768, 32767, 1, 0, 5,
		40000, 98304, 3,
	};
	static uint8_t model[100001], got[100001];
	struct fh file = check_file(&f.root, "file");
	uint64_t have = 0;
	struct read_reply r;
	wcc_data w;
	sattr3 s;
	size_t i;

	memset(model, 0, sizeof(model));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		s = call_size(sizes[i]);
		OK(call_setattr(f.c, &file, &s, NULL, &w));
		cr_expect_eq(check_after(&w)->size, sizes[i]);
		if (sizes[i] < have)
			memset(model + sizes[i], 0, have - sizes[i]);
		have = sizes[i];
		OK(call_read(f.c, &file, 0, sizeof(got), got, &r));
		cr_assert_eq(r.count, have);
		cr_expect(r.eof);
		cr_expect_eq(memcmp(got, model, have), 0, "at size %u",
		    (unsigned)have);
		if (have == 0)
			continue;
		/* Something to be cut off next time. */
		memset(model, (int)i + 1, have);
		OK(call_write(f.c, &file, 0, model, (uint32_t)have, UNSTABLE,
		    NULL));
	}
}

Test(setattr, an_impossible_size_is_fbig_and_leaves_the_file_alone)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = call_size(UINT64_MAX);
	wcc_data w;

	OK(call_write(f.c, &file, 0, "abc", 3, UNSTABLE, NULL));
	IS(FBIG, call_setattr(f.c, &file, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->size, 3);
	s = call_size(UINT64_C(1) << 61);
	IS(FBIG, call_setattr(f.c, &file, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->size, 3);
}

static sattr3
both_times(time_how how, uint32_t sec, uint32_t nsec)
{
	sattr3 s;

	memset(&s, 0, sizeof(s));
	s.atime.set_it = how;
	s.mtime.set_it = how;
	s.atime.set_atime_u.atime = (nfstime3){ sec, nsec };
	s.mtime.set_mtime_u.mtime = (nfstime3){ sec + 1, nsec };
	return s;
}

Test(setattr, times_of_all_kinds_of_objects_are_set)
{
	struct fh objs[3];
	nfstime3 at = { 1000000000, 123456789 };
	struct reply r;
	sattr3 s = both_times(SET_TO_CLIENT_TIME, at.seconds, at.nseconds);
	fattr3 a;
	int i;

	objs[0] = check_file(&f.root, "file");
	objs[1] = check_dir(&f.root, "dir");
	OK(call_symlink(f.c, &f.root, "link", "x", &r));
	objs[2] = r.fh;
	for (i = 0; i < 3; i++) {
		OK(call_setattr(f.c, &objs[i], &s, NULL, NULL));
		OK(call_getattr(f.c, &objs[i], &a));
		cr_expect(check_same_time(&a.atime, &at));
		at.seconds++;
		cr_expect(check_same_time(&a.mtime, &at));
		at.seconds--;
	}
}

Test(setattr, one_time_is_set_and_the_other_stays)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = both_times(SET_TO_CLIENT_TIME, 500, 5);
	fattr3 a;

	OK(call_setattr(f.c, &file, &s, NULL, NULL));
	s.atime.set_it = DONT_CHANGE;
	s.mtime.set_it = SET_TO_SERVER_TIME;
	OK(call_setattr(f.c, &file, &s, NULL, NULL));
	OK(call_getattr(f.c, &file, &a));
	cr_expect_eq(a.atime.seconds, 500);
	cr_expect_geq(a.mtime.seconds, time(NULL) - 5);
}

Test(setattr, times_of_today_and_of_2100_are_kept)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = both_times(SET_TO_CLIENT_TIME, 4102444800u, 999999999);
	fattr3 a;

	OK(call_setattr(f.c, &file, &s, NULL, NULL));
	OK(call_getattr(f.c, &file, &a));
	cr_expect_eq(a.atime.seconds, 4102444800u);
	cr_expect_eq(a.mtime.nseconds, 999999999);
}

Test(setattr, a_second_has_less_than_a_thousand_million_nanoseconds)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = both_times(SET_TO_CLIENT_TIME, 500, 1000000000);
	fattr3 before, after;

	OK(call_getattr(f.c, &file, &before));
	IS(INVAL, call_setattr(f.c, &file, &s, NULL, NULL));
	s.atime.set_it = DONT_CHANGE;
	IS(INVAL, call_setattr(f.c, &file, &s, NULL, NULL));
	s = both_times(SET_TO_CLIENT_TIME, 500, UINT32_MAX);
	s.mode = call_mode(0600).mode;
	IS(INVAL, call_setattr(f.c, &file, &s, NULL, NULL));
	OK(call_getattr(f.c, &file, &after));
	cr_expect_eq(memcmp(&before, &after, sizeof(before)), 0);
}

Test(setattr, all_at_once_ends_with_the_times_that_were_asked_for)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = both_times(SET_TO_CLIENT_TIME, 700, 7);
	fattr3 a;

	s.mode = call_mode(0400).mode;
	s.size = call_size(12345).size;
	OK(call_setattr(f.c, &file, &s, NULL, NULL));
	OK(call_getattr(f.c, &file, &a));
	cr_expect_eq(a.mode, 0400);
	cr_expect_eq(a.size, 12345);
	cr_expect_eq(a.atime.seconds, 700);
	cr_expect_eq(a.mtime.seconds, 701);
	/* The owner may change what he made read-only. */
	s = call_size(1);
	OK(call_setattr(f.c, &file, &s, NULL, NULL));
}

Test(setattr, giving_a_file_away_is_refused_but_to_oneself)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = call_mode(0600);
	wcc_data w;

	s.uid.set_it = TRUE;
	s.uid.set_uid3_u.uid = geteuid() + 1;
	IS(PERM, call_setattr(f.c, &file, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->mode, 0644, "all or nothing");
	s.uid.set_uid3_u.uid = geteuid();
	s.gid.set_it = TRUE;
	s.gid.set_gid3_u.gid = getegid() + 1;
	IS(PERM, call_setattr(f.c, &file, &s, NULL, &w));
	s.gid.set_gid3_u.gid = getegid();
	OK(call_setattr(f.c, &file, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->mode, 0600);
}

/* -- ACCESS */

struct expected {
	uint32_t	mode;
	uint32_t	owner, root;	/* bits */
};

static void
expect_access(const struct fh *fh, const struct expected *x, size_t n)
{
	post_op_attr a;
	uint32_t got;
	sattr3 s;
	size_t i;

	for (i = 0; i < n; i++) {
		s = call_mode(x[i].mode);
		OK(call_setattr(f.c, fh, &s, NULL, NULL));
		OK(call_access(f.c, fh, ALL_BITS, &got, &a));
		cr_expect_eq(got, x[i].owner, "%o owner: %x", x[i].mode, got);
		cr_expect_eq(check_attr(&a)->mode, x[i].mode);
		client_auth_sys(f.c, 0, 0, 0, NULL);
		OK(call_access(f.c, fh, ALL_BITS, &got, NULL));
		cr_expect_eq(got, x[i].root, "%o root: %x", x[i].mode, got);
		client_auth_sys(f.c, geteuid(), getegid(), 0, NULL);
	}
}

Test(access, of_files_follows_the_mode)
{
	static const struct expected x[] = {
		{ 0644, ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND,
		    ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND },
		{ 0755, ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND |
		    ACCESS3_EXECUTE, ACCESS3_READ | ACCESS3_MODIFY |
		    ACCESS3_EXTEND | ACCESS3_EXECUTE },
		{ 0444, ACCESS3_READ,
		    ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND },
		{ 0222, ACCESS3_MODIFY | ACCESS3_EXTEND,
		    ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND },
		{ 0111, ACCESS3_EXECUTE, ACCESS3_READ | ACCESS3_MODIFY |
		    ACCESS3_EXTEND | ACCESS3_EXECUTE },
		{ 0000, 0, ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND },
		/* The owner's bits decide, not those of others. */
		{ 0077, 0, ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND |
		    ACCESS3_EXECUTE },
	};
	struct fh file = check_file(&f.root, "file");

	expect_access(&file, x, sizeof(x) / sizeof(x[0]));
}

Test(access, of_directories_follows_the_mode)
{
	static const uint32_t all = ACCESS3_READ | ACCESS3_LOOKUP |
	    ACCESS3_MODIFY | ACCESS3_EXTEND | ACCESS3_DELETE;
	const struct expected x[] = {
		{ 0755, all, all },
		{ 0555, ACCESS3_READ | ACCESS3_LOOKUP, all },
		{ 0444, ACCESS3_READ, all },
		{ 0111, ACCESS3_LOOKUP, all },
		{ 0333, all & ~(uint32_t)ACCESS3_READ, all },
		{ 0222, 0, all },	/* no use without search */
		{ 0000, 0, all },
	};
	struct fh dir = check_dir(&f.root, "dir");

	expect_access(&dir, x, sizeof(x) / sizeof(x[0]));
}

Test(access, grants_nothing_that_was_not_asked_for)
{
	struct fh file = check_file(&f.root, "file");
	uint32_t bit, got;

	for (bit = 1; bit <= 0x80; bit <<= 1) {
		OK(call_access(f.c, &file, bit, &got, NULL));
		cr_expect_eq(got & ~bit, 0);
	}
	OK(call_access(f.c, &file, 0, &got, NULL));
	cr_expect_eq(got, 0);
	OK(call_access(f.c, &file, UINT32_MAX, &got, NULL));
	cr_expect_eq(got & ~ALL_BITS, 0);
}

Test(access, what_it_refuses_is_refused_when_tried)
{
	struct fh dir = check_dir(&f.root, "dir");
	struct list l = { .n = 0 };
	sattr3 s;

	(void)check_file(&dir, "in");
	s = call_mode(0300);			/* neither listed ... */
	OK(call_setattr(f.c, &dir, &s, NULL, NULL));
	IS(ACCES, list_page(f.c, &dir, 0, 0, 4096, &l));
	IS(ACCES, list_page(f.c, &dir, 0, 4096, 4096, &l));
	OK(call_lookup(f.c, &dir, "in", NULL));
	s = call_mode(0600);			/* nor searched ... */
	OK(call_setattr(f.c, &dir, &s, NULL, NULL));
	IS(ACCES, call_lookup(f.c, &dir, "in", NULL));
	IS(ACCES, call_create(f.c, &dir, "new", GUARDED, NULL, NULL));
	s = call_mode(0500);			/* nor changed */
	OK(call_setattr(f.c, &dir, &s, NULL, NULL));
	IS(ACCES, call_create(f.c, &dir, "new", GUARDED, NULL, NULL));
	IS(ACCES, call_mkdir(f.c, &dir, "new", NULL, NULL));
	IS(ACCES, call_symlink(f.c, &dir, "new", "x", NULL));
	IS(ACCES, call_remove(f.c, &dir, "in", NULL));
	IS(ACCES, call_rename(f.c, &dir, "in", &f.root, "out", NULL));
	IS(ACCES, call_rename(f.c, &f.root, "dir", &dir, "x", NULL));
	OK(call_lookup(f.c, &dir, "in", NULL));
}

/* A drop box: what is in it cannot be listed, but names can be used. */
Test(access, a_directory_without_read_permission_works_by_name)
{
	struct fh dir = check_dir(&f.root, "dir");
	sattr3 s = call_mode(0300);

	OK(call_setattr(f.c, &dir, &s, NULL, NULL));
	IS(NOENT, call_lookup(f.c, &dir, "missing", NULL));
	OK(call_create(f.c, &dir, "new", GUARDED, NULL, NULL));
	OK(call_lookup(f.c, &dir, "new", NULL));
	OK(call_rename(f.c, &dir, "new", &dir, "newer", NULL));
	OK(call_remove(f.c, &dir, "newer", NULL));
	OK(call_mkdir(f.c, &dir, "d", NULL, NULL));
	OK(call_rmdir(f.c, &dir, "d", NULL));
}

Test(access, the_owner_of_a_file_goes_on_using_it_whatever_its_mode)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = call_mode(0);
	char buf[4];
	fattr3 a;

	OK(call_setattr(f.c, &file, &s, NULL, NULL));
	OK(call_write(f.c, &file, 0, "abcd", 4, FILE_SYNC, NULL));
	OK(call_read(f.c, &file, 0, 4, buf, NULL));
	cr_expect_eq(memcmp(buf, "abcd", 4), 0);
	fix_restart(&f);		/* nothing is open any more */
	OK(call_read(f.c, &file, 0, 4, buf, NULL));
	OK(call_write(f.c, &file, 0, "wxyz", 4, UNSTABLE, NULL));
	OK(call_getattr(f.c, &file, &a));
	cr_expect_eq(a.mode, 0);
	OK(call_remove(f.c, &f.root, "file", NULL));
}
