#include "config.h"

#include <errno.h>

#include "tests/unit/box.h"
#include "vault/cipher.h"

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(attr, .fini = teardown);

Test(attr, attributes_are_those_of_the_ciphertext_object_in_clear_sizes)
{
	struct host_stat st = {
		.mode = S_IFREG | 04751, .nlink = 3, .uid = 7, .gid = 8,
		.size = 68 + 32796 + 28 + 5, .used = 40960, .ino = 99,
		.atime = { 1, 2 }, .mtime = { 3, 4 }, .ctime = { 5, 6 },
		.btime = { 7, 8 },
	};
	struct vattr a, twin;

	attr_from_stat(&a, VTYPE_FILE, &cipher_gcm, &st);
	cr_expect_eq(a.type, VTYPE_FILE);
	cr_expect_eq(a.mode, 04751);
	cr_expect_eq(a.nlink, 3);
	cr_expect(a.uid == 7 && a.gid == 8);
	cr_expect_eq(a.size, 32768 + 5);
	cr_expect_eq(a.used, 40960);
	cr_expect_eq(a.fileid, 99);
	cr_expect(a.atime.tv_nsec == 2 && a.mtime.tv_nsec == 4 &&
	    a.ctime.tv_nsec == 6);
	cr_expect_not(a.damaged);
	attr_from_stat(&a, VTYPE_SYMLINK, &cipher_gcm, &st);
	cr_expect_eq(a.mode, 0777, "links have no mode");
	cr_expect_eq(a.size, 32768 + 5);
	attr_from_stat(&a, VTYPE_DIR, &cipher_gcm, &st);
	cr_expect_eq(a.size, st.size, "a folder's size is no ciphertext");
	cr_expect_not(a.damaged);
	st.size = 68 + 27;
	attr_from_stat(&a, VTYPE_FILE, &cipher_gcm, &st);
	cr_expect_eq(a.size, 0);
	cr_expect_not(a.damaged, "the remainder counts for nothing");
	st.size = 67;
	attr_from_stat(&a, VTYPE_FILE, &cipher_gcm, &st);
	cr_expect_eq(a.size, 0);
	cr_expect(a.damaged);
	/* the generation tells two lives of one inode number apart */
	attr_from_stat(&twin, VTYPE_FILE, &cipher_gcm, &st);
	cr_expect_neq(a.gen, 0);
	cr_expect_eq(a.gen, twin.gen);
	st.btime.tv_nsec++;
	attr_from_stat(&twin, VTYPE_FILE, &cipher_gcm, &st);
	cr_expect_neq(a.gen, twin.gen);
	st.btime = (struct timespec){ 0, 0 };
	attr_from_stat(&twin, VTYPE_FILE, &cipher_gcm, &st);
	cr_expect_eq(twin.gen, 0, "unknown");
}

static void
three(struct entry ent[3])
{
	static const char *const paths[] = { "/f", "/d", "/" BOX_LONG };

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "f", "text");
	dir_put(box_mkdir(&b, b.root, "d"));
	box_symlink(&b, b.root, BOX_LONG, "f");
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(box_find(&b, paths[i], &ent[i]), VERR_NONE);
		dir_put(ent[i].dir);
	}
}

Test(attr, a_place_that_holds_another_object_is_stale)
{
	struct entry ent[3];
	struct vattr a;

	three(ent);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(loc_attr(b.v, &ent[i].loc, ent[i].attr.fileid,
		    &a, &b.e), 0);
		cr_expect_eq(a.fileid, ent[i].attr.fileid);
		cr_expect_eq(a.type, ent[i].attr.type);
		cr_expect_eq(loc_attr(b.v, &ent[i].loc, 0, &a, &b.e), 0);
		cr_expect_eq(BOX_CODE(&b, loc_attr(b.v, &ent[i].loc,
		    ent[i].attr.fileid + 1, &a, &b.e)), VERR_STALE);
		ent[i].loc.type = i == 1 ? VTYPE_FILE : VTYPE_DIR;
		cr_expect_eq(BOX_CODE(&b, loc_attr(b.v, &ent[i].loc, 0, &a,
		    &b.e)), VERR_STALE);
		ent[i].loc.path[3]++;
		cr_expect_eq(BOX_CODE(&b, loc_attr(b.v, &ent[i].loc, 0, &a,
		    &b.e)), VERR_STALE);
	}
}

static struct vattr
set(const struct entry *ent, const struct vset *s)
{
	struct vattr a;

	cr_assert_eq(loc_set(b.v, &ent->loc, ent->attr.fileid, s, &a, &b.e),
	    0, "%s", b.e.text);
	return a;
}

Test(attr, mode_and_times_are_set_where_the_attributes_come_from)
{
	struct vset s = {
		.mask = VSET_MODE | VSET_ATIME | VSET_MTIME, .mode = 01640,
		.atime = { 1000000000, 1 }, .mtime = { 1000000001, 2 },
	};
	struct entry ent[3], now;
	struct stat sb;
	struct vattr a;

	three(ent);
	for (int i = 0; i < 3; i++) {
		a = set(&ent[i], &s);
		cr_expect_eq(a.mode, i == 2 ? 0777 : 01640);
		cr_expect_eq(a.atime.tv_sec, 1000000000);
		cr_expect_eq(a.mtime.tv_nsec, 2);
	}
	cr_assert_eq(stat(box_disk(&b, ent[2].loc.path), &sb), 0);
	cr_expect_eq(sb.st_mode & 07777, 0644, "nobody sees a link's");
	box_reopen(&b);
	cr_assert_eq(box_find(&b, "/d", &now), VERR_NONE);
	dir_put(now.dir);
	cr_expect_eq(now.attr.mode, 01640);
	cr_expect_eq(now.attr.mtime.tv_sec, 1000000001);
	/* one time alone; the clock's time */
	s.mask = VSET_ATIME;
	s.atime.tv_sec = 5;
	a = set(&ent[0], &s);
	cr_expect_eq(a.atime.tv_sec, 5);
	cr_expect_eq(a.mtime.tv_sec, 1000000001);
	s.mask = VSET_MTIME;
	s.mtime = (struct timespec){ 0, UTIME_NOW };
	a = set(&ent[0], &s);
	cr_expect_gt(a.mtime.tv_sec, 1500000000);
	cr_expect_eq(a.atime.tv_sec, 5);
}

Test(attr, a_size_is_set_before_all_else_and_only_of_files)
{
	struct vset s = {
		.mask = VSET_SIZE | VSET_MODE | VSET_MTIME, .mode = 0444,
		.size = 70000, .mtime = { 1000000000, 0 },
	};
	struct entry ent[3];
	struct vattr a;

	three(ent);
	a = set(&ent[0], &s);
	cr_expect_eq(a.size, 70000);
	cr_expect_eq(a.mode, 0444);
	cr_expect_eq(a.mtime.tv_sec, 1000000000, "not that of the change");
	s.mask = VSET_SIZE;
	s.size = 2;
	a = set(&ent[0], &s);
	cr_expect_eq(a.size, 2);
	cr_expect_eq(BOX_CODE(&b, loc_set(b.v, &ent[1].loc, 0, &s, NULL,
	    &b.e)), VERR_ISDIR);
	cr_expect_eq(BOX_CODE(&b, loc_set(b.v, &ent[2].loc, 0, &s, NULL,
	    &b.e)), VERR_INVAL);
	cr_expect_eq(BOX_CODE(&b, loc_set(b.v, &ent[0].loc,
	    ent[0].attr.fileid + 1, &s, NULL, &b.e)), VERR_STALE);
}

Test(attr, owners_are_set_where_the_system_allows)
{
	struct vset s = { .mask = VSET_UID, .uid = geteuid() };
	struct entry ent[3];
	struct vattr a;

	three(ent);
	for (int i = 0; i < 3; i++) {
		a = set(&ent[i], &s);
		cr_expect_eq(a.uid, geteuid());
		cr_expect_eq(a.gid, ent[i].attr.gid, "only what was asked");
	}
	if (geteuid() != 0)
		cr_skip_test("only root can give files away");
	s.mask = VSET_UID | VSET_GID;
	s.uid = 1234;
	s.gid = 4321;
	for (int i = 0; i < 3; i++) {
		a = set(&ent[i], &s);
		cr_expect(a.uid == 1234 && a.gid == 4321);
	}
}

Test(attr, an_open_file_knows_its_attributes)
{
	struct entry ent[3];
	struct vattr a;
	struct file *f;

	three(ent);
	f = file_open(b.v, &ent[0].loc, ent[0].attr.fileid, true, &b.e);
	cr_assert_eq(file_write(f, 100, "x", 1, NULL, &b.e), 0);
	cr_assert_eq(file_attr(f, &a, &b.e), 0);
	cr_expect_eq(a.size, 101);
	cr_expect_eq(a.fileid, ent[0].attr.fileid);
	cr_expect_eq(a.gen, ent[0].attr.gen);
	file_put(f);
}
