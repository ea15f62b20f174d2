#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/wire.h"
#include "xdr/mount3.h"
#include "xdr/xout.h"

static uint8_t head[XOUT_HEAD_MAX];

static struct slice
text(const char *s)
{
	return (struct slice){ .s = s, .len = (uint32_t)strlen(s) };
}

/* Let libtirpc read what we wrote, to its last byte. */
static void
decode(const struct xout *o, xdrproc_t dec, void *res)
{
	static char flat[8192];
	size_t len = xout_copy(o, flat, sizeof(flat));
	XDR x;

	cr_assert_gt(len, 0);
	xdrmem_create(&x, flat, (u_int)len, XDR_DECODE);
	cr_assert(dec(&x, res));
	cr_expect_eq(XDR_GETPOS(&x), len);
	XDR_DESTROY(&x);
}

Test(mount3, a_path_encoded_by_libtirpc_comes_out_the_same)
{
	char rec[2048];
	struct mount3_mnt_args mnt;
	struct mount3_umnt_args umnt;
	struct xin in;
	uint32_t len;
	char *path;
	XDR x;

	for (len = 0; len <= MOUNT3_PATH_MAX; len += 8 + len / 8) {
		path = wire_bytes(len);
		xdrmem_create(&x, rec, sizeof(rec), XDR_ENCODE);
		cr_assert(xdr_dirpath(&x, &path));
		xin_init(&in, rec, XDR_GETPOS(&x));
		cr_assert(mount3_args_mnt(&in, &mnt));
		cr_expect(wire_same_str(path, &mnt.path));
		xin_init(&in, rec, XDR_GETPOS(&x));
		cr_assert(mount3_args_umnt(&in, &umnt));
		cr_expect(wire_same_str(path, &umnt.path));
		xin_init(&in, rec, XDR_GETPOS(&x) + 4);
		cr_expect_not(mount3_args_mnt(&in, &mnt), "bytes left over");
		XDR_DESTROY(&x);
	}
}

Test(mount3, a_path_over_1024_bytes_or_cut_short_is_refused)
{
	static uint8_t rec[1100] = { 0, 0, 4, 1 };	/* 1025 */
	struct mount3_mnt_args args;
	struct xin in;
	uint8_t *part;
	size_t cut;

	xin_init(&in, rec, 4 + 1028);
	cr_expect_not(mount3_args_mnt(&in, &args));
	rec[3] = 0;
	xin_init(&in, rec, 4 + 1024);
	cr_expect(mount3_args_mnt(&in, &args));
	for (cut = 0; cut < 4 + 1024; cut += 3) {
		part = malloc(cut > 0 ? cut : 1);
		memcpy(part, rec, cut);
		xin_init(&in, part, cut);
		cr_expect_not(mount3_args_mnt(&in, &args));
		xin_init(&in, part, cut);
		cr_expect_not(mount3_args_umnt(&in, &args));
		free(part);
	}
}

Test(mount3, libtirpc_reads_handle_and_flavors)
{
	struct mount3_mnt_res res = {
		.fh = { .len = 53 }, .flavors = { 1, 0 }, .nflavors = 2,
	};
	mountres3_ok *ok;
	mountres3 w;
	struct xout o;

	memcpy(res.fh.data, wire_bytes(53), 53);
	xout_init(&o, head, sizeof(head));
	cr_assert(mount3_res_mnt(&o, (enum nfsstat3)MNT3_OK, &res));
	memset(&w, 0, sizeof(w));
	decode(&o, (xdrproc_t)xdr_mountres3, &w);
	cr_assert_eq(w.fhs_status, WIRE_MNT3_OK);
	ok = &w.mountres3_u.mountinfo;
	cr_expect_eq(ok->fhandle.fhandle3_len, 53);
	cr_expect_eq(memcmp(ok->fhandle.fhandle3_val, res.fh.data, 53), 0);
	cr_assert_eq(ok->auth_flavors.auth_flavors_len, 2);
	cr_expect_eq(ok->auth_flavors.auth_flavors_val[0], 1);
	cr_expect_eq(ok->auth_flavors.auth_flavors_val[1], 0);
	xdr_free((xdrproc_t)xdr_mountres3, &w);
}

Test(mount3, a_failed_mnt_is_its_status_alone)
{
	struct mount3_mnt_res res = { .fh = { .len = 53 }, .nflavors = 2 };
	mountres3 w;
	struct xout o;

	xout_init(&o, head, sizeof(head));
	cr_assert(mount3_res_mnt(&o, (enum nfsstat3)MNT3ERR_ACCES, &res));
	cr_expect_eq(o.total, 4);
	memset(&w, 0, sizeof(w));
	decode(&o, (xdrproc_t)xdr_mountres3, &w);
	cr_expect_eq(w.fhs_status, WIRE_MNT3ERR_ACCES);
}

Test(mount3, more_flavors_than_there_is_room_for_are_refused)
{
	struct mount3_mnt_res res = { .nflavors = MOUNT3_FLAVORS_MAX + 1 };
	struct xout o;

	xout_init(&o, head, sizeof(head));
	cr_expect_not(mount3_res_mnt(&o, (enum nfsstat3)MNT3_OK, &res));
}

Test(mount3, libtirpc_reads_mounts_and_exports)
{
	uint8_t buf[1024];
	struct mount3_dump_res dump;
	struct mount3_export_res export;
	struct slice groups[2] = { text("127.0.0.1"), text("::1") };
	mountlist m = NULL;
	exportlist e = NULL;
	struct xout o;

	mount3_list_init(&dump.list, buf, sizeof(buf));
	cr_assert(mount3_list_add_mount(&dump.list, text("host"), text("/a")));
	cr_assert(mount3_list_add_mount(&dump.list, text("h2"), text("/bcd")));
	xout_init(&o, head, sizeof(head));
	cr_assert(mount3_res_dump(&o, NFS3_OK, &dump));
	decode(&o, (xdrproc_t)xdr_mountlist, &m);
	cr_assert_not_null(m);
	cr_expect_str_eq(m->ml_hostname, "host");
	cr_expect_str_eq(m->ml_directory, "/a");
	cr_expect_str_eq(m->ml_next->ml_directory, "/bcd");
	cr_expect_null(m->ml_next->ml_next);
	xdr_free((xdrproc_t)xdr_mountlist, &m);

	mount3_list_init(&export.list, buf, sizeof(buf));
	cr_assert(mount3_list_add_export(&export.list, text("/all"), NULL, 0));
	cr_assert(mount3_list_add_export(&export.list, text("/two"), groups,
	    2));
	xout_init(&o, head, sizeof(head));
	cr_assert(mount3_res_export(&o, NFS3_OK, &export));
	decode(&o, (xdrproc_t)xdr_exportlist, &e);
	cr_assert_not_null(e);
	cr_expect_str_eq(e->ex_dir, "/all");
	cr_expect_null(e->ex_groups);
	cr_expect_str_eq(e->ex_next->ex_dir, "/two");
	cr_expect_str_eq(e->ex_next->ex_groups->gr_next->gr_name, "::1");
	cr_expect_null(e->ex_next->ex_next);
	xdr_free((xdrproc_t)xdr_exportlist, &e);
}

Test(mount3, an_empty_list_is_one_false)
{
	struct mount3_dump_res res = { .list = { NULL, 0, 0 } };
	struct xout o;

	xout_init(&o, head, sizeof(head));
	cr_assert(mount3_res_dump(&o, NFS3_OK, &res));
	cr_expect_eq(o.total, 4);
	cr_expect_eq(memcmp(head, "\0\0\0\0", 4), 0);
}

Test(mount3, a_full_list_refuses_and_keeps_what_it_has)
{
	struct mount3_list l;
	uint8_t *buf;
	size_t cap;

	for (cap = 0; cap < 64; cap++) {
		buf = malloc(cap > 0 ? cap : 1);	/* ASan sees overruns */
		mount3_list_init(&l, buf, cap);
		/* 4, 4 + 4, 4 and 4, 4 + 4, 4 + 4 bytes */
		cr_expect_eq(mount3_list_add_export(&l, text("/a"), NULL, 0),
		    cap >= 16);
		cr_expect_eq(l.used, cap >= 16 ? 16 : 0);
		cr_expect_eq(mount3_list_add_mount(&l, text("h"), text("/a")),
		    cap >= 36);
		free(buf);
	}
}

Test(mount3, calls_and_results_without_content_are_empty)
{
	struct xin in;
	struct xout o;

	xin_init(&in, "", 0);
	cr_expect(mount3_args_null(&in, NULL));
	xout_init(&o, head, sizeof(head));
	cr_expect(mount3_res_null(&o, NFS3_OK, NULL));
	cr_expect_eq(o.total, 0);
}

#define SAME(n)	cr_expect_eq((int)n, (int)WIRE_##n, #n)

Test(mount3, numbers_are_those_of_the_protocol_text)
{
	SAME(MNT3_OK); SAME(MNT3ERR_PERM); SAME(MNT3ERR_NOENT);
	SAME(MNT3ERR_IO); SAME(MNT3ERR_ACCES); SAME(MNT3ERR_NOTDIR);
	SAME(MNT3ERR_INVAL); SAME(MNT3ERR_NAMETOOLONG);
	SAME(MNT3ERR_NOTSUPP); SAME(MNT3ERR_SERVERFAULT);
	cr_expect_eq(MOUNT3_PROGRAM, MOUNT_PROGRAM);
	cr_expect_eq(MOUNT3_VERSION, MOUNT_V3);
	cr_expect_eq(MOUNT3_PATH_MAX, MNTPATHLEN);
	cr_expect_eq(MOUNT3_NAME_MAX, MNTNAMLEN);
	cr_expect_eq(MOUNT3_PROC_EXPORT, MOUNTPROC3_EXPORT);
	cr_expect_eq(NFS3_FHSIZE, FHSIZE3);
}
