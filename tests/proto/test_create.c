/*
 * CREATE, MKDIR, SYMLINK, MKNOD: RFC 1813 3.3.8 to 3.3.11.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "tests/proto/check.h"

static void
setup(void)
{
	fix_start(&f, NULL);
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(create, .init = setup, .fini = teardown);
TestSuite(mkdir, .init = setup, .fini = teardown);
TestSuite(symlink, .init = setup, .fini = teardown);
TestSuite(mknod, .init = setup, .fini = teardown);

static void
expect_content(const struct fh *fh, const char *want)
{
	struct read_reply r;
	char buf[256];

	OK(call_read(f.c, fh, 0, sizeof(buf), buf, &r));
	cr_assert_eq(r.count, strlen(want));
	cr_expect_eq(memcmp(buf, want, r.count), 0);
	cr_expect(r.eof);
}

Test(create, unchecked_makes_a_file_with_the_mode_that_was_sent)
{
	sattr3 s = call_mode(0640);
	struct reply r, l;

	OK(call_create(f.c, &f.root, "file", UNCHECKED, &s, &r));
	cr_assert(r.have_fh);
	cr_expect_eq(check_attr(&r.attr)->mode, 0640);
	cr_expect_eq(check_attr(&r.attr)->size, 0);
	cr_assert(r.wcc.before.attributes_follow);
	(void)check_after(&r.wcc);
	OK(call_lookup(f.c, &f.root, "file", &l));
	cr_expect(call_same_fh(&l.fh, &r.fh));
}

Test(create, unchecked_of_a_file_that_is_there_does_not_truncate_it)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = call_mode(0600);
	struct reply r;

	OK(call_write(f.c, &file, 0, "content", 7, UNSTABLE, NULL));
	OK(call_create(f.c, &f.root, "file", UNCHECKED, &s, &r));
	cr_expect(call_same_fh(&r.fh, &file));
	cr_expect_eq(check_attr(&r.attr)->size, 7);
	cr_expect_eq(check_attr(&r.attr)->mode, 0644, "as it was");
	expect_content(&file, "content");
	OK(call_create(f.c, &f.root, "file", UNCHECKED, NULL, &r));
	expect_content(&file, "content");
}

Test(create, unchecked_applies_a_size_that_was_sent)
{
	struct fh file = check_file(&f.root, "file");
	sattr3 s = call_size(3);
	struct reply r;

	OK(call_write(f.c, &file, 0, "content", 7, UNSTABLE, NULL));
	OK(call_create(f.c, &f.root, "file", UNCHECKED, &s, &r));
	cr_expect_eq(check_attr(&r.attr)->size, 3);
	expect_content(&file, "con");
	s = call_size(0);
	OK(call_create(f.c, &f.root, "file", UNCHECKED, &s, &r));
	expect_content(&file, "");
}

Test(create, a_new_file_gets_its_size_mode_and_times)
{
	struct read_reply rr;
	sattr3 s = call_mode(0400);
	char buf[6] = "xxxxx";
	struct reply r;

	s.size = call_size(5).size;
	s.mtime.set_it = SET_TO_CLIENT_TIME;
	s.mtime.set_mtime_u.mtime = (nfstime3){ 1000, 5 };
	s.atime.set_it = SET_TO_CLIENT_TIME;
	s.atime.set_atime_u.atime = (nfstime3){ 2000, 6 };
	OK(call_create(f.c, &f.root, "file", GUARDED, &s, &r));
	cr_expect_eq(check_attr(&r.attr)->size, 5);
	cr_expect_eq(check_attr(&r.attr)->mode, 0400);
	cr_expect_eq(check_attr(&r.attr)->mtime.seconds, 1000);
	cr_expect_eq(check_attr(&r.attr)->mtime.nseconds, 5);
	cr_expect_eq(check_attr(&r.attr)->atime.seconds, 2000);
	OK(call_read(f.c, &r.fh, 0, 6, buf, &rr));
	cr_expect_eq(rr.count, 5);
	cr_expect_eq(memcmp(buf, "\0\0\0\0\0", 5), 0);
}

Test(create, guarded_refuses_whatever_is_there)
{
	struct fh file = check_file(&f.root, "file");
	struct reply r;
	sattr3 s = call_size(0);

	OK(call_write(f.c, &file, 0, "content", 7, UNSTABLE, NULL));
	IS(EXIST, call_create(f.c, &f.root, "file", GUARDED, &s, &r));
	(void)check_after(&r.wcc);
	expect_content(&file, "content");
	(void)check_dir(&f.root, "dir");
	OK(call_symlink(f.c, &f.root, "link", "x", NULL));
	IS(EXIST, call_create(f.c, &f.root, "dir", GUARDED, NULL, NULL));
	IS(EXIST, call_create(f.c, &f.root, "link", GUARDED, NULL, NULL));
}

Test(create, unchecked_takes_no_directory_or_link_for_a_file)
{
	(void)check_dir(&f.root, "dir");
	OK(call_symlink(f.c, &f.root, "link", "x", NULL));
	IS(EXIST, call_create(f.c, &f.root, "dir", UNCHECKED, NULL, NULL));
	IS(EXIST, call_create(f.c, &f.root, "link", UNCHECKED, NULL, NULL));
}

Test(create, exclusive_is_the_same_file_for_the_same_verifier)
{
	struct reply r, again;

	OK(call_exclusive(f.c, &f.root, "file", "verifier", &r));
	cr_assert(r.have_fh);
	OK(call_exclusive(f.c, &f.root, "file", "verifier", &again));
	cr_expect(call_same_fh(&r.fh, &again.fh));
	IS(EXIST, call_exclusive(f.c, &f.root, "file", "Verifier", &again));
	(void)check_after(&again.wcc);
	IS(EXIST, call_exclusive(f.c, &f.root, "file", "verifieR", &again));
	IS(EXIST, call_create(f.c, &f.root, "file", GUARDED, NULL, NULL));
}

Test(create, exclusive_survives_a_restart_of_the_server)
{
	struct reply r, again;

	OK(call_exclusive(f.c, &f.root, "file", "\1\2\3\4\5\6\7\10", &r));
	fix_restart(&f);
	OK(call_exclusive(f.c, &f.root, "file", "\1\2\3\4\5\6\7\10", &again));
	cr_expect(call_same_fh(&r.fh, &again.fh));
	IS(EXIST, call_exclusive(f.c, &f.root, "file", "\1\2\3\4\5\6\7\11",
	    &again));
}

/* Each of the 64 bits tells two clients apart. */
Test(create, exclusive_stores_all_of_the_verifier)
{
	char v[8], w[8];
	int bit;

	memcpy(v, "\x91\x22\xb3\x44\xd5\x66\xf7\x08", 8);
	OK(call_exclusive(f.c, &f.root, "file", v, NULL));
	for (bit = 0; bit < 64; bit++) {
		memcpy(w, v, 8);
		w[bit / 8] ^= (char)(1 << bit % 8);
		IS(EXIST, call_exclusive(f.c, &f.root, "file", w, NULL));
	}
	OK(call_exclusive(f.c, &f.root, "file", v, NULL));
}

Test(create, exclusive_refuses_an_older_file)
{
	struct fh file = check_file(&f.root, "file");

	OK(call_write(f.c, &file, 0, "content", 7, UNSTABLE, NULL));
	IS(EXIST, call_exclusive(f.c, &f.root, "file", "verifier", NULL));
	IS(EXIST, call_exclusive(f.c, &f.root, "file", "\0\0\0\0\0\0\0\0",
	    NULL));
	expect_content(&file, "content");
	(void)check_dir(&f.root, "dir");
	IS(EXIST, call_exclusive(f.c, &f.root, "dir", "verifier", NULL));
}

/* What Linux sends after O_EXCL: nothing of the verifier stays to be seen. */
Test(create, after_exclusive_the_client_sets_mode_and_times)
{
	struct reply r;
	sattr3 s = call_mode(0640);
	fattr3 a;

	OK(call_exclusive(f.c, &f.root, "file", "verifier", &r));
	s.atime.set_it = s.mtime.set_it = SET_TO_SERVER_TIME;
	OK(call_setattr(f.c, &r.fh, &s, NULL, NULL));
	OK(call_getattr(f.c, &r.fh, &a));
	cr_expect_eq(a.mode, 0640);
	cr_expect_geq(a.mtime.seconds, a.ctime.seconds - 2);
	IS(EXIST, call_exclusive(f.c, &f.root, "file", "verifier", NULL));
}

Test(create, a_bad_time_makes_no_file)
{
	sattr3 s = call_mode(0600);

	s.mtime.set_it = SET_TO_CLIENT_TIME;
	s.mtime.set_mtime_u.mtime = (nfstime3){ 1, 1000000000 };
	IS(INVAL, call_create(f.c, &f.root, "file", GUARDED, &s, NULL));
	IS(INVAL, call_mkdir(f.c, &f.root, "file", &s, NULL));
	IS(NOENT, call_lookup(f.c, &f.root, "file", NULL));
}

Test(create, an_impossible_size_makes_no_file)
{
	sattr3 s = call_size(UINT64_MAX);

	IS(FBIG, call_create(f.c, &f.root, "file", GUARDED, &s, NULL));
	IS(NOENT, call_lookup(f.c, &f.root, "file", NULL));
}

Test(create, names_that_cannot_be_are_refused)
{
	static const char *const dots[] = { ".", ".." };
	static const char *const bad[] = { "", "a/b", "/" };
	struct reply r;
	size_t i;

	for (i = 0; i < 2; i++) {
		IS(EXIST, call_create(f.c, &f.root, dots[i], UNCHECKED, NULL,
		    &r));
		IS(EXIST, call_mkdir(f.c, &f.root, dots[i], NULL, &r));
		IS(EXIST, call_symlink(f.c, &f.root, dots[i], "x", &r));
		(void)check_after(&r.wcc);
	}
	for (i = 0; i < 3; i++) {
		IS(INVAL, call_create(f.c, &f.root, bad[i], UNCHECKED, NULL,
		    &r));
		IS(INVAL, call_mkdir(f.c, &f.root, bad[i], NULL, &r));
		IS(INVAL, call_symlink(f.c, &f.root, bad[i], "x", &r));
		(void)check_after(&r.wcc);
	}
}

Test(create, in_a_file_is_notdir)
{
	struct fh file = check_file(&f.root, "file");
	struct reply r;

	IS(NOTDIR, call_create(f.c, &file, "x", UNCHECKED, NULL, &r));
	cr_expect_eq(check_after(&r.wcc)->type, WIRE_NF3REG);
	IS(NOTDIR, call_mkdir(f.c, &file, "x", NULL, &r));
	IS(NOTDIR, call_symlink(f.c, &file, "x", "y", &r));
	IS(NOTDIR, call_mknod(f.c, &file, "x", WIRE_NF3FIFO, &r));
	IS(NOTDIR, call_remove(f.c, &file, "x", &r));
	IS(NOTDIR, call_rmdir(f.c, &file, "x", &r));
	IS(NOTDIR, call_rename(f.c, &file, "x", &f.root, "y", &r));
	IS(NOTDIR, call_rename(f.c, &f.root, "x", &file, "y", &r));
}

Test(create, somebody_elses_file_cannot_be_made)
{
	sattr3 s = call_mode(0600);

	s.uid.set_it = TRUE;
	s.uid.set_uid3_u.uid = geteuid() + 1;
	IS(PERM, call_create(f.c, &f.root, "file", GUARDED, &s, NULL));
	IS(NOENT, call_lookup(f.c, &f.root, "file", NULL));
	s.uid.set_uid3_u.uid = geteuid();
	OK(call_create(f.c, &f.root, "file", GUARDED, &s, NULL));
}

/* -- MKDIR */

Test(mkdir, makes_an_empty_directory)
{
	sattr3 s = call_mode(02750);
	struct reply r;
	struct list l;

	OK(call_mkdir(f.c, &f.root, "dir", &s, &r));
	cr_expect_eq(check_attr(&r.attr)->type, WIRE_NF3DIR);
	cr_expect_eq(check_attr(&r.attr)->mode, 02750);
	cr_assert(r.wcc.before.attributes_follow);
	(void)check_after(&r.wcc);
	OK(list_all(f.c, &r.fh, 0, 4096, &l));
	cr_expect_eq(l.n, 2, ". and ..");
	list_free(&l);
	IS(EXIST, call_mkdir(f.c, &f.root, "dir", &s, &r));
	(void)check_after(&r.wcc);
	(void)check_file(&f.root, "file");
	IS(EXIST, call_mkdir(f.c, &f.root, "file", &s, &r));
}

Test(mkdir, times_that_were_sent_are_kept)
{
	sattr3 s = call_mode(0700);
	struct reply r;

	s.mtime.set_it = SET_TO_CLIENT_TIME;
	s.mtime.set_mtime_u.mtime = (nfstime3){ 1000, 0 };
	OK(call_mkdir(f.c, &f.root, "dir", &s, &r));
	cr_expect_eq(check_attr(&r.attr)->mtime.seconds, 1000);
}

Test(mkdir, goes_deep)
{
	struct fh d = f.root;
	struct reply r;
	int i;

	for (i = 0; i < 60; i++)
		d = check_dir(&d, "a directory with quite a long name");
	(void)check_file(&d, "leaf");
	for (i = 0; i < 60; i++) {
		OK(call_lookup(f.c, &d, "..", &r));
		d = r.fh;
	}
	cr_expect(call_same_fh(&d, &f.root));
}

/* -- SYMLINK */

Test(symlink, targets_up_to_4095_bytes_are_taken)
{
	static char target[4200], got[8192];
	struct reply r;

	memset(target, 't', sizeof(target));
	target[4095] = '\0';
	OK(call_symlink(f.c, &f.root, "long", target, &r));
	OK(call_readlink(f.c, &r.fh, got, NULL));
	cr_expect_str_eq(got, target);
	target[4095] = 't';
	target[4096] = '\0';
	IS(NAMETOOLONG, call_symlink(f.c, &f.root, "longer", target, &r));
	(void)check_after(&r.wcc);
	IS(NOENT, call_lookup(f.c, &f.root, "longer", NULL));
}

Test(symlink, an_empty_target_is_refused)
{
	IS(NOENT, call_symlink(f.c, &f.root, "link", "", NULL));
	IS(NOENT, call_lookup(f.c, &f.root, "link", NULL));
}

Test(symlink, replaces_nothing)
{
	struct reply r;

	(void)check_file(&f.root, "file");
	IS(EXIST, call_symlink(f.c, &f.root, "file", "x", &r));
	OK(call_symlink(f.c, &f.root, "link", "x", &r));
	IS(EXIST, call_symlink(f.c, &f.root, "link", "y", &r));
	cr_expect_eq(check_after(&r.wcc)->type, WIRE_NF3DIR);
}

Test(symlink, a_long_name_can_be_one)
{
	char name[256], got[8192];
	struct reply r;

	memset(name, 'l', 255);
	name[255] = '\0';
	OK(call_symlink(f.c, &f.root, name, "target", &r));
	OK(call_readlink(f.c, &r.fh, got, NULL));
	cr_expect_str_eq(got, "target");
	OK(call_remove(f.c, &f.root, name, NULL));
	IS(NOENT, call_lookup(f.c, &f.root, name, NULL));
}

/* -- MKNOD */

Test(mknod, what_a_vault_cannot_hold_is_not_supported)
{
	static const int types[] = {
		WIRE_NF3BLK, WIRE_NF3CHR, WIRE_NF3SOCK, WIRE_NF3FIFO,
	};
	struct reply r;
	size_t i;

	for (i = 0; i < 4; i++) {
		IS(NOTSUPP, call_mknod(f.c, &f.root, "node", types[i], &r));
		(void)check_after(&r.wcc);
	}
}

Test(mknod, what_has_a_procedure_of_its_own_is_a_bad_type)
{
	struct reply r;

	IS(BADTYPE, call_mknod(f.c, &f.root, "node", WIRE_NF3REG, &r));
	IS(BADTYPE, call_mknod(f.c, &f.root, "node", WIRE_NF3DIR, &r));
	IS(BADTYPE, call_mknod(f.c, &f.root, "node", WIRE_NF3LNK, &r));
	(void)check_after(&r.wcc);
	IS(NOENT, call_lookup(f.c, &f.root, "node", NULL));
}
