/*
 * MOUNT version 3, RFC 1813 appendix I.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
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

TestSuite(mount, .init = setup, .fini = teardown);

/* MNT: its status, and the handle if there is one. */
static int
mnt(const char *path, struct fh *fh)
{
	mountres3 res;
	const mountres3_ok *ok = &res.mountres3_u.mountinfo;
	int status;
	u_int i, sys = 0;

	cr_assert_eq(client_mnt(f.c, path, &res), RPC_SUCCESS);
	status = res.fhs_status;
	if (status == WIRE_MNT3_OK) {
		cr_assert_leq(ok->fhandle.fhandle3_len, 64);
		if (fh != NULL) {
			fh->len = ok->fhandle.fhandle3_len;
			memcpy(fh->b, ok->fhandle.fhandle3_val, fh->len);
		}
		for (i = 0; i < ok->auth_flavors.auth_flavors_len; i++)
			sys += ok->auth_flavors.auth_flavors_val[i] == 1;
		cr_expect_eq(sys, 1, "AUTH_SYS is offered, once");
	}
	xdr_free((xdrproc_t)xdr_mountres3, (void *)&res);
	return status;
}

Test(mount, an_export_is_mounted_by_its_name)
{
	struct fh fh;
	fattr3 a;

	cr_assert_eq(mnt("/vault", &fh), WIRE_MNT3_OK);
	OK(call_getattr(f.c, &fh, &a));
	cr_expect_eq(a.type, WIRE_NF3DIR);
}

Test(mount, the_only_export_is_also_the_root_and_slashes_do_not_count)
{
	static const char *const same[] = {
		"/", "//", "/vault/", "//vault", "vault", "/vault/.",
	};
	struct fh fh;
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		cr_assert_eq(mnt(same[i], &fh), WIRE_MNT3_OK, "%s", same[i]);
		cr_expect(call_same_fh(&fh, &f.root), "%s", same[i]);
	}
}

Test(mount, a_directory_below_an_export_is_mounted_by_its_path)
{
	struct fh a = check_dir(&f.root, "a"), b = check_dir(&a, "b"), fh;

	cr_assert_eq(mnt("/vault/a/b", &fh), WIRE_MNT3_OK);
	cr_expect(call_same_fh(&fh, &b));
	cr_assert_eq(mnt("/vault/a//b/", &fh), WIRE_MNT3_OK);
	cr_expect(call_same_fh(&fh, &b));
	cr_assert_eq(mnt("/vault/a/b/../../..", &fh), WIRE_MNT3_OK);
	cr_expect(call_same_fh(&fh, &f.root), "never above the export");
}

Test(mount, names_that_are_not_there_are_noent)
{
	cr_expect_eq(mnt("/other", NULL), WIRE_MNT3ERR_NOENT);
	cr_expect_eq(mnt("/vaul", NULL), WIRE_MNT3ERR_NOENT);
	cr_expect_eq(mnt("/vaultt", NULL), WIRE_MNT3ERR_NOENT);
	cr_expect_eq(mnt("/vault/nothing", NULL), WIRE_MNT3ERR_NOENT);
	cr_expect_eq(mnt("/vault/no/thing", NULL), WIRE_MNT3ERR_NOENT);
}

Test(mount, files_and_links_are_no_directories)
{
	(void)check_file(&f.root, "file");
	OK(call_symlink(f.c, &f.root, "link", "/vault", NULL));
	cr_expect_eq(mnt("/vault/file", NULL), WIRE_MNT3ERR_NOTDIR);
	cr_expect_eq(mnt("/vault/file/x", NULL), WIRE_MNT3ERR_NOTDIR);
	cr_expect_eq(mnt("/vault/link", NULL), WIRE_MNT3ERR_NOTDIR);
}

Test(mount, a_nul_in_a_path_does_not_end_it)
{
	const char *path = "/vault/a#b";
	struct fh fh = check_dir(&f.root, "a");
	mountres3 res;
	uint8_t *rec;
	size_t len, at;

	(void)fh;
	rec = client_encode(f.c, MOUNT_PROGRAM, MOUNT_V3, MOUNTPROC3_MNT,
	    (xdrproc_t)xdr_dirpath, &path, &len, &at);
	cr_assert_not_null(rec);
	*(uint8_t *)memchr(rec + at, '#', len - at) = '\0';
	cr_assert(client_send_record(f.c, rec, len));
	free(rec);
	memset(&res, 0, sizeof(res));
	rec = client_recv_record(f.c, &len);
	cr_assert_not_null(rec);
	cr_assert_eq(client_decode(f.c, rec, len, NULL,
	    (xdrproc_t)xdr_mountres3, &res), RPC_SUCCESS);
	free(rec);
	cr_expect_neq(res.fhs_status, WIRE_MNT3_OK);
	xdr_free((xdrproc_t)xdr_mountres3, (void *)&res);
}

Test(mount, a_name_or_path_that_is_too_long_is_refused)
{
	char path[1025];
	mountres3 res;

	memset(path, 'x', sizeof(path));
	memcpy(path, "/vault/", 7);
	path[500] = '\0';
	cr_expect_eq(mnt(path, NULL), WIRE_MNT3ERR_NAMETOOLONG);
	path[500] = 'x';
	path[1024] = '\0';
	cr_expect_neq(mnt(path, NULL), WIRE_MNT3_OK);
	cr_expect_eq(client_mnt(f.c, "/vault", &res), RPC_SUCCESS);
	xdr_free((xdrproc_t)xdr_mountres3, (void *)&res);
}

Test(mount, a_caller_that_is_not_admitted_gets_no_handle)
{
	mountres3 res;

	client_auth_none(f.c);
	cr_expect_eq(client_mnt(f.c, "/vault", &res), RPC_AUTHERROR);
	client_auth_sys(f.c, 4711, 4711, 0, NULL);
	cr_expect_eq(client_mnt(f.c, "/vault", &res), RPC_AUTHERROR);
	cr_expect_eq(client_error(f.c)->re_why, AUTH_TOOWEAK);
}

static void
expect_exports(struct client *c, const char *const *names, size_t n)
{
	exportlist list = NULL, e;
	size_t i, hits = 0;

	cr_assert_eq(client_call_prog(c, MOUNT_PROGRAM, MOUNT_V3,
	    MOUNTPROC3_EXPORT, (xdrproc_t)client_void, NULL,
	    (xdrproc_t)xdr_exportlist, &list), RPC_SUCCESS);
	for (i = 0, e = list; e != NULL; e = e->ex_next, i++) {
		cr_assert_lt(i, n);
		hits += strcmp(e->ex_dir, names[i]) == 0;
	}
	cr_expect_eq(i, n);
	cr_expect_eq(hits, n);
	xdr_free((xdrproc_t)xdr_exportlist, (void *)&list);
}

Test(mount, export_lists_what_is_exported)
{
	static const char *const names[] = { "/vault" };

	expect_exports(f.c, names, 1);
	client_auth_none(f.c);		/* showmount has no more */
	expect_exports(f.c, names, 1);
}

Test(mount, with_two_exports_each_has_its_name_and_the_root_is_none)
{
	static const char *const names[] = { "/vault", "/zwei" };
	struct fix other;
	struct verr e;
	struct fh fh;
	fattr3 a, b;

	fix_down(&f);
	fix_vault(&other, NULL);
	fix_make(&other);
	fix_make(&f);
	cr_assert_eq(server_export(f.server, other.vault, "zwei", &e), 0);
	cr_expect_eq(server_export(f.server, other.vault, "drei", &e), -1);
	cr_expect_eq(e.code, VERR_EXIST, "the same vault twice");
	fix_run(&f);

	expect_exports(f.c, names, 2);
	cr_expect_eq(mnt("/", NULL), WIRE_MNT3ERR_NOENT);
	cr_assert_eq(mnt("/zwei", &fh), WIRE_MNT3_OK);
	OK(call_getattr(f.c, &fh, &a));
	OK(call_getattr(f.c, &f.root, &b));
	cr_expect_neq(a.fsid, b.fsid);
	IS(XDEV, call_rename(f.c, &f.root, "x", &fh, "x", NULL));
	fix_down(&f);
	fix_stop(&other);
}

Test(mount, dump_is_empty_and_unmounting_is_heard_politely)
{
	mountlist list = NULL;
	const char *path = "/vault";
	fattr3 a;

	cr_assert_eq(client_call_prog(f.c, MOUNT_PROGRAM, MOUNT_V3,
	    MOUNTPROC3_DUMP, (xdrproc_t)client_void, NULL,
	    (xdrproc_t)xdr_mountlist, &list), RPC_SUCCESS);
	cr_expect_null(list);
	cr_expect_eq(client_call_prog(f.c, MOUNT_PROGRAM, MOUNT_V3,
	    MOUNTPROC3_UMNT, (xdrproc_t)xdr_dirpath, &path,
	    (xdrproc_t)client_void, NULL), RPC_SUCCESS);
	cr_expect_eq(client_call_prog(f.c, MOUNT_PROGRAM, MOUNT_V3,
	    MOUNTPROC3_UMNTALL, (xdrproc_t)client_void, NULL,
	    (xdrproc_t)client_void, NULL), RPC_SUCCESS);
	/* Handles are not bound to any mount. */
	OK(call_getattr(f.c, &f.root, &a));
}

Test(mount, version_1_is_answered_with_the_versions_there_are)
{
	const char *path = "/vault";

	/* macOS unmounts so (nfs-facts 1.2). */
	cr_expect_eq(client_call_prog(f.c, MOUNT_PROGRAM, 1, MOUNTPROC3_UMNT,
	    (xdrproc_t)xdr_dirpath, &path, (xdrproc_t)client_void, NULL),
	    RPC_PROGVERSMISMATCH);
	cr_expect_eq(client_error(f.c)->re_vers.low, 3);
	cr_expect_eq(client_error(f.c)->re_vers.high, 3);
	cr_expect_eq(mnt("/vault", NULL), WIRE_MNT3_OK);
}
