/*
 * Several users (--multi-user): objects belong to who made them, and each
 * identity has the rights that POSIX gives it.  Needs root.
 */
#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/proto/check.h"

#define ALICE	1001u
#define BOB	1002u
#define TEAM	2000u
#define OTHERS	2001u

static struct fh top;		/* mode 01777, root's */

/* The identity of the calls that follow. */
static void
as(uint32_t uid, uint32_t gid)
{
	client_auth_sys(f.c, uid, gid, 0, NULL);
}

static void
as_member(uint32_t uid, uint32_t gid, uint32_t group)
{
	uint32_t groups[1] = { group };

	client_auth_sys(f.c, uid, gid, 1, groups);
}

static bool
is_root(void)
{
	if (geteuid() == 0)
		return true;
	cr_skip("needs root");
	return false;
}

static void
setup(void)
{
	struct fix_options o = { .multi_user = true };
	sattr3 s = call_mode(01777);

	if (geteuid() != 0)
		return;
	fix_start(&f, &o);
	top = check_dir(&f.root, "top");
	OK(call_setattr(f.c, &top, &s, NULL, NULL));
}

static void
teardown(void)
{
	if (geteuid() == 0)
		fix_stop(&f);
}

TestSuite(users, .init = setup, .fini = teardown);

static fattr3
attr(const struct fh *fh)
{
	fattr3 a;

	OK(call_getattr(f.c, fh, &a));
	return a;
}

static void
set_mode(const struct fh *fh, uint32_t mode)
{
	sattr3 s = call_mode(mode);

	OK(call_setattr(f.c, fh, &s, NULL, NULL));
}

/* sattr3 with an owner or a group, and nothing else. */
static sattr3
owner(uint32_t uid)
{
	sattr3 s = call_mode(0);

	s.mode.set_it = FALSE;
	s.uid.set_it = TRUE;
	s.uid.set_uid3_u.uid = uid;
	return s;
}

static sattr3
group(uint32_t gid)
{
	sattr3 s = call_mode(0);

	s.mode.set_it = FALSE;
	s.gid.set_it = TRUE;
	s.gid.set_gid3_u.gid = gid;
	return s;
}

static struct fh
alices(const char *name, uint32_t mode)
{
	struct fh fh;

	as(ALICE, ALICE);
	fh = check_file(&top, name);
	set_mode(&fh, mode);
	return fh;
}

Test(users, what_is_made_belongs_to_who_made_it)
{
	struct fh fh;
	struct reply r;

	if (!is_root())
		return;
	as(ALICE, TEAM);
	fh = check_file(&top, "file");
	cr_expect_eq(attr(&fh).uid, ALICE);
	cr_expect_eq(attr(&fh).gid, TEAM);
	fh = check_dir(&top, "dir");
	cr_expect_eq(attr(&fh).uid, ALICE);
	OK(call_symlink(f.c, &top, "link", "target", &r));
	cr_expect_eq(check_attr(&r.attr)->uid, ALICE);
	fix_restart(&f);
	as(ALICE, TEAM);
	cr_expect_eq(attr(&fh).uid, ALICE, "it is so on the disk");
	cr_expect_eq(attr(&fh).gid, TEAM);
}

Test(users, a_set_group_id_directory_hands_its_group_on)
{
	struct fh dir, fh;

	if (!is_root())
		return;
	as_member(ALICE, ALICE, TEAM);
	dir = check_dir(&top, "dir");
	OK(call_setattr(f.c, &dir, &(sattr3){ .gid = group(TEAM).gid }, NULL,
	    NULL));
	set_mode(&dir, 02775);
	cr_expect_eq(attr(&dir).mode, 02775);
	fh = check_file(&dir, "file");
	cr_expect_eq(attr(&fh).gid, TEAM);
	cr_expect_eq(attr(&fh).mode, 0644);
	fh = check_dir(&dir, "sub");
	cr_expect_eq(attr(&fh).gid, TEAM);
	cr_expect_eq(attr(&fh).mode, 02755);
}

Test(users, nobody_reads_or_writes_what_its_mode_denies)
{
	struct read_reply rr;
	struct fh fh;
	char buf[8];

	if (!is_root())
		return;
	fh = alices("file", 0640);
	OK(call_write(f.c, &fh, 0, "secret", 6, FILE_SYNC, NULL));
	as(BOB, BOB);
	IS(ACCES, call_read(f.c, &fh, 0, 6, buf, &rr));
	IS(ACCES, call_write(f.c, &fh, 0, "x", 1, FILE_SYNC, NULL));
	IS(ACCES, call_setattr(f.c, &fh, &(sattr3){ .size =
	    call_size(0).size }, NULL, NULL));
	as_member(BOB, BOB, ALICE);
	OK(call_read(f.c, &fh, 0, 6, buf, &rr));
	cr_expect_eq(rr.count, 6);
	IS(ACCES, call_write(f.c, &fh, 0, "x", 1, FILE_SYNC, NULL));
	as(0, 0);
	OK(call_write(f.c, &fh, 0, "x", 1, FILE_SYNC, NULL));
	cr_expect_eq(attr(&fh).uid, ALICE);
}

Test(users, a_directory_is_searched_and_listed_by_its_mode)
{
	struct fh dir;
	struct reply r;

	if (!is_root())
		return;
	as(ALICE, ALICE);
	dir = check_dir(&top, "dir");
	(void)check_file(&dir, "file");
	set_mode(&dir, 0700);
	as(BOB, BOB);
	IS(ACCES, call_lookup(f.c, &dir, "file", &r));
	IS(ACCES, call_create(f.c, &dir, "mine", GUARDED,
	    &(sattr3){ .mode = call_mode(0644).mode }, &r));
	IS(ACCES, call_remove(f.c, &dir, "file", &r));
	as(ALICE, ALICE);
	set_mode(&dir, 0711);
	as(BOB, BOB);
	OK(call_lookup(f.c, &dir, "file", &r));
	IS(ACCES, call_remove(f.c, &dir, "file", &r));
}

Test(users, access_tells_each_class_its_own)
{
	static const struct { uint32_t uid, gid, want; } who[] = {
		{ ALICE, OTHERS, ACCESS3_READ | ACCESS3_MODIFY |
		    ACCESS3_EXTEND },
		{ BOB, ALICE, ACCESS3_READ },
		{ BOB, OTHERS, ACCESS3_EXECUTE },
		{ 0, 0, ACCESS3_READ | ACCESS3_MODIFY | ACCESS3_EXTEND |
		    ACCESS3_EXECUTE },
	};
	uint32_t granted;
	struct fh fh;
	size_t i;

	if (!is_root())
		return;
	fh = alices("file", 0641);
	for (i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		as(who[i].uid, who[i].gid);
		OK(call_access(f.c, &fh, 0x3f, &granted, NULL));
		cr_expect_eq(granted, who[i].want, "%zu: %x", i, granted);
	}
}

Test(users, only_root_gives_files_away)
{
	struct fh fh;
	sattr3 s;

	if (!is_root())
		return;
	fh = alices("file", 0644);
	s = owner(BOB);
	IS(PERM, call_setattr(f.c, &fh, &s, NULL, NULL));
	s = owner(ALICE);
	OK(call_setattr(f.c, &fh, &s, NULL, NULL));	/* as it is */
	as(0, 0);
	s = owner(BOB);
	OK(call_setattr(f.c, &fh, &s, NULL, NULL));
	cr_expect_eq(attr(&fh).uid, BOB);
}

Test(users, an_owner_chooses_among_its_groups)
{
	struct fh fh = { 0 };
	sattr3 s;

	if (!is_root())
		return;
	fh = alices("file", 0644);
	s = group(TEAM);
	IS(PERM, call_setattr(f.c, &fh, &s, NULL, NULL));
	as_member(ALICE, ALICE, TEAM);
	OK(call_setattr(f.c, &fh, &s, NULL, NULL));
	cr_expect_eq(attr(&fh).gid, TEAM);
	as_member(BOB, BOB, TEAM);
	IS(PERM, call_setattr(f.c, &fh, &s, NULL, NULL));	/* as it is */
	s = group(BOB);
	IS(PERM, call_setattr(f.c, &fh, &s, NULL, NULL));
}

Test(users, set_id_bits_go_with_new_contents_or_owners)
{
	struct fh fh;
	sattr3 s;

	if (!is_root())
		return;
	fh = alices("file", 06777);
	as(BOB, BOB);
	OK(call_write(f.c, &fh, 0, "x", 1, FILE_SYNC, NULL));
	cr_expect_eq(attr(&fh).mode, 0777, "after a write");
	as(ALICE, ALICE);
	set_mode(&fh, 06777);
	as(BOB, BOB);
	s = call_size(0);
	OK(call_setattr(f.c, &fh, &s, NULL, NULL));
	cr_expect_eq(attr(&fh).mode, 0777, "after a cut");
	as_member(ALICE, ALICE, TEAM);
	set_mode(&fh, 06777);
	s = group(TEAM);
	OK(call_setattr(f.c, &fh, &s, NULL, NULL));
	cr_expect_eq(attr(&fh).mode, 0777, "after a chgrp");
	as(ALICE, ALICE);
	set_mode(&fh, 02755);
	cr_expect_eq(attr(&fh).mode, 0755, "by who is not of the group");
	as(0, 0);
	set_mode(&fh, 06755);
	OK(call_write(f.c, &fh, 0, "x", 1, FILE_SYNC, NULL));
	cr_expect_eq(attr(&fh).mode, 06755, "root may");
}

Test(users, the_sticky_bit_keeps_entries_for_their_owners)
{
	struct reply r;

	if (!is_root())
		return;
	(void)alices("file", 0666);
	as(BOB, BOB);
	IS(PERM, call_remove(f.c, &top, "file", &r));
	IS(PERM, call_rename(f.c, &top, "file", &top, "mine", &r));
	(void)check_file(&top, "bobs");
	IS(PERM, call_rename(f.c, &top, "bobs", &top, "file", &r));
	as(ALICE, ALICE);
	OK(call_remove(f.c, &top, "file", &r));
}

Test(users, who_moves_a_directory_must_be_able_to_write_to_it)
{
	struct fh dir, a, b;
	struct reply r;

	if (!is_root())
		return;
	as(ALICE, ALICE);
	a = check_dir(&top, "a");
	b = check_dir(&top, "b");
	set_mode(&a, 0777);
	set_mode(&b, 0777);
	dir = check_dir(&a, "dir");
	set_mode(&dir, 0755);
	as(BOB, BOB);
	IS(ACCES, call_rename(f.c, &a, "dir", &b, "dir", &r));
	OK(call_rename(f.c, &a, "dir", &a, "new", &r));
	as(ALICE, ALICE);
	OK(call_rename(f.c, &a, "new", &b, "dir", &r));
}

Test(users, modes_and_given_times_are_the_owners_to_set)
{
	struct fh fh;
	sattr3 s;

	if (!is_root())
		return;
	fh = alices("file", 0666);
	as(BOB, BOB);
	s = call_mode(0777);
	IS(PERM, call_setattr(f.c, &fh, &s, NULL, NULL));
	s = call_mode(0);
	s.mode.set_it = FALSE;
	s.mtime.set_it = SET_TO_SERVER_TIME;
	OK(call_setattr(f.c, &fh, &s, NULL, NULL));	/* can write */
	s.mtime.set_it = SET_TO_CLIENT_TIME;
	s.mtime.set_mtime_u.mtime.seconds = 1;
	IS(PERM, call_setattr(f.c, &fh, &s, NULL, NULL));
	as(ALICE, ALICE);
	OK(call_setattr(f.c, &fh, &s, NULL, NULL));
	cr_expect_eq(attr(&fh).mtime.seconds, 1);
}
