/*
 * LOOKUP, READLINK: RFC 1813 3.3.3, 3.3.5.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/proto/check.h"

#define NFC	"caf\xc3\xa9"		/* e with acute, one character */
#define NFD	"cafe\xcc\x81"		/* e, combining acute */

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

TestSuite(lookup, .init = setup, .fini = teardown);
TestSuite(readlink, .init = setup, .fini = teardown);

Test(lookup, gives_the_handle_and_attributes_that_create_gave)
{
	struct fh dir = check_dir(&f.root, "dir");
	struct fh file = check_file(&dir, "file");
	struct reply r;
	fattr3 a;

	OK(call_lookup(f.c, &dir, "file", &r));
	cr_expect(call_same_fh(&r.fh, &file));
	OK(call_getattr(f.c, &file, &a));
	cr_expect_eq(memcmp(check_attr(&r.attr), &a, sizeof(a)), 0);
	OK(call_getattr(f.c, &dir, &a));
	cr_expect_eq(check_attr(&r.dir_attr)->fileid, a.fileid);
	OK(call_lookup(f.c, &f.root, "dir", &r));
	cr_expect(call_same_fh(&r.fh, &dir));
	cr_expect_eq(check_attr(&r.attr)->fileid, a.fileid);
}

Test(lookup, dot_is_the_directory_and_dotdot_what_holds_it)
{
	struct fh a = check_dir(&f.root, "a"), b = check_dir(&a, "b");
	struct reply r;

	OK(call_lookup(f.c, &b, ".", &r));
	cr_expect(call_same_fh(&r.fh, &b));
	OK(call_lookup(f.c, &b, "..", &r));
	cr_expect(call_same_fh(&r.fh, &a));
	OK(call_lookup(f.c, &a, "..", &r));
	cr_expect(call_same_fh(&r.fh, &f.root));
	OK(call_lookup(f.c, &f.root, "..", &r));
	cr_expect(call_same_fh(&r.fh, &f.root), "not above the export");
	OK(call_lookup(f.c, &f.root, ".", &r));
	cr_expect(call_same_fh(&r.fh, &f.root));
}

/* The parent of a handle from before a restart is not known any more. */
Test(lookup, dotdot_works_after_a_restart_and_after_a_move)
{
	struct fh a = check_dir(&f.root, "a"), b = check_dir(&a, "b");
	struct fh d = check_dir(&f.root, "d");
	struct reply r;

	fix_restart(&f);
	OK(call_lookup(f.c, &b, "..", &r));
	cr_expect(call_same_fh(&r.fh, &a));
	OK(call_rename(f.c, &a, "b", &d, "bb", NULL));
	OK(call_lookup(f.c, &b, "..", &r));
	cr_expect(call_same_fh(&r.fh, &d));
	fix_restart(&f);
	OK(call_lookup(f.c, &b, "..", &r));
	cr_expect(call_same_fh(&r.fh, &d));
}

Test(lookup, of_what_is_not_there_is_noent_with_attributes_of_the_directory)
{
	struct fh dir = check_dir(&f.root, "dir");
	struct reply r;
	fattr3 a;

	IS(NOENT, call_lookup(f.c, &dir, "nothing", &r));
	OK(call_getattr(f.c, &dir, &a));
	cr_expect_eq(memcmp(check_attr(&r.dir_attr), &a, sizeof(a)), 0);
	IS(NOENT, call_lookup(f.c, &dir, "", &r));
	IS(NOENT, call_lookup(f.c, &dir, "a/b", &r));
	IS(NOENT, call_lookup(f.c, &dir, "...", &r));
	IS(NOENT, call_lookup(f.c, &f.root, "DIR", &r));
}

Test(lookup, in_a_file_or_link_is_notdir_with_attributes)
{
	struct fh file = check_file(&f.root, "file");
	struct reply r;

	IS(NOTDIR, call_lookup(f.c, &file, "x", &r));
	cr_expect_eq(check_attr(&r.dir_attr)->type, WIRE_NF3REG);
	IS(NOTDIR, call_lookup(f.c, &file, "..", &r));
	OK(call_symlink(f.c, &f.root, "link", ".", &r));
	IS(NOTDIR, call_lookup(f.c, &r.fh, "file", NULL));
}

/* From 1 to 255 bytes, across the threshold where names are shortened. */
Test(lookup, names_of_every_length_up_to_255_are_kept)
{
	char name[256];
	struct fh fh;
	struct reply r;
	struct list l;
	int len;

	memset(name, 'n', sizeof(name));
	for (len = 1; len <= 255; len += len > 140 && len < 150 ? 1 : 6) {
		name[len] = '\0';
		fh = check_file(&f.root, name);
		OK(call_lookup(f.c, &f.root, name, &r));
		cr_assert(call_same_fh(&r.fh, &fh), "%d bytes", len);
		name[len] = 'n';
	}
	name[255] = '\0';
	OK(call_create(f.c, &f.root, name, UNCHECKED, NULL, NULL));
	OK(list_all(f.c, &f.root, 65536, 65536, &l));
	cr_expect_not_null(list_find(&l, name));
	list_free(&l);
}

Test(lookup, names_over_255_bytes_are_too_long)
{
	char name[1001];
	struct reply r;

	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	IS(NAMETOOLONG, call_lookup(f.c, &f.root, name, &r));
	(void)check_attr(&r.dir_attr);
	IS(NAMETOOLONG, call_create(f.c, &f.root, name, GUARDED, NULL, &r));
	(void)check_after(&r.wcc);
	IS(NAMETOOLONG, call_mkdir(f.c, &f.root, name, NULL, &r));
	IS(NAMETOOLONG, call_symlink(f.c, &f.root, name, "x", &r));
	IS(NAMETOOLONG, call_mknod(f.c, &f.root, name, WIRE_NF3FIFO, &r));
	IS(NAMETOOLONG, call_remove(f.c, &f.root, name, &r));
	IS(NAMETOOLONG, call_rmdir(f.c, &f.root, name, &r));
	IS(NAMETOOLONG, call_rename(f.c, &f.root, "x", &f.root, name, &r));
	IS(NAMETOOLONG, call_rename(f.c, &f.root, name, &f.root, "x", &r));
	name[256] = 'n';
	name[1000] = '\0';
	IS(NAMETOOLONG, call_lookup(f.c, &f.root, name, &r));
}

/* 85 characters of 3 bytes are 255; bytes count, not characters. */
Test(lookup, the_limit_is_in_bytes)
{
	char name[260] = "";
	int i;

	for (i = 0; i < 85; i++)
		memcpy(name + 3 * i, "\xe2\x82\xac", 4);	/* the euro */
	OK(call_create(f.c, &f.root, name, GUARDED, NULL, NULL));
	OK(call_lookup(f.c, &f.root, name, NULL));
	memcpy(name + 255, "x", 2);
	IS(NAMETOOLONG, call_lookup(f.c, &f.root, name, NULL));
}

Test(lookup, a_name_is_found_in_both_normal_forms_and_listed_in_nfc)
{
	struct fh fh = check_file(&f.root, NFD);
	struct reply r;
	struct list l;

	OK(call_lookup(f.c, &f.root, NFC, &r));
	cr_expect(call_same_fh(&r.fh, &fh));
	OK(call_lookup(f.c, &f.root, NFD, &r));
	cr_expect(call_same_fh(&r.fh, &fh));
	IS(EXIST, call_create(f.c, &f.root, NFC, GUARDED, NULL, NULL));
	OK(list_all(f.c, &f.root, 0, 65536, &l));
	cr_expect_eq(l.n, 3);
	cr_expect_not_null(list_find(&l, NFC));
	list_free(&l);
	OK(call_remove(f.c, &f.root, NFD, NULL));
	IS(NOENT, call_lookup(f.c, &f.root, NFC, NULL));
}

Test(lookup, bytes_that_are_no_utf8_do_no_harm)
{
	static const char *const names[] = {
		"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
	};
	struct reply r;
	size_t i;
	int st;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		st = call_create(f.c, &f.root, names[i], GUARDED, NULL, &r);
		if (st != WIRE_NFS3_OK) {
			cr_expect_eq(st, WIRE_NFS3ERR_INVAL);
			continue;
		}
		OK(call_lookup(f.c, &f.root, names[i], NULL));
		OK(call_remove(f.c, &f.root, names[i], NULL));
	}
}

/* A name as XDR has it may hold what a C string cannot. */
Test(lookup, a_nul_in_a_name_does_not_end_it)
{
	LOOKUP3args args;
	LOOKUP3res res;
	uint8_t *rec;
	size_t len, at;

	(void)check_file(&f.root, "a");
	args.what.dir = call_fh(&f.root);
	args.what.name = (char *)(uintptr_t)"a@b";
	rec = client_encode(f.c, NFS_PROGRAM, NFS_V3, NFSPROC3_LOOKUP,
	    (xdrproc_t)xdr_LOOKUP3args, &args, &len, &at);
	cr_assert_not_null(rec);
	cr_assert_eq(rec[len - 3], '@');
	rec[len - 3] = '\0';
	cr_assert(client_send_record(f.c, rec, len));
	free(rec);
	memset(&res, 0, sizeof(res));
	rec = client_recv_record(f.c, &len);
	cr_assert_not_null(rec);
	cr_assert_eq(client_decode(f.c, rec, len, NULL,
	    (xdrproc_t)xdr_LOOKUP3res, &res), RPC_SUCCESS);
	free(rec);
	cr_expect_neq(res.status, WIRE_NFS3_OK);
	client_nfs_free(LOOKUP, &res);
}

/* -- READLINK */

Test(readlink, gives_back_the_target_byte_for_byte)
{
	static const char *const targets[] = {
		"x", "../up", "/absolute/path", "with space and \xc3\xa9",
		NFD, ".", "dangling//slashes/", "\xff\xfe",
	};
	char name[16], got[8192];
	struct reply r;
	post_op_attr a;
	size_t i;

	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		(void)snprintf(name, sizeof(name), "l%zu", i);
		OK(call_symlink(f.c, &f.root, name, targets[i], &r));
		OK(call_readlink(f.c, &r.fh, got, &a));
		cr_expect_str_eq(got, targets[i]);
		cr_expect_eq(check_attr(&a)->type, WIRE_NF3LNK);
		cr_expect_eq(check_attr(&a)->size, strlen(targets[i]));
	}
}

Test(readlink, of_what_is_no_link_is_inval_with_attributes)
{
	struct fh file = check_file(&f.root, "file");
	char got[8192];
	post_op_attr a;

	IS(INVAL, call_readlink(f.c, &file, got, &a));
	cr_expect_eq(check_attr(&a)->type, WIRE_NF3REG);
	IS(INVAL, call_readlink(f.c, &f.root, got, &a));
	cr_expect_eq(check_attr(&a)->type, WIRE_NF3DIR);
}
