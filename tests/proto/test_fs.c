/*
 * FSSTAT, FSINFO, PATHCONF: RFC 1813 3.3.18 to 3.3.20.
 */
#include "config.h"

#include <string.h>
#include <sys/statvfs.h>

#include "tests/proto/check.h"

static struct fh objs[3];	/* each must answer on any kind of object */

static void
setup(void)
{
	struct reply r;

	fix_start(&f, NULL);
	objs[0] = f.root;
	objs[1] = check_file(&f.root, "file");
	OK(call_symlink(f.c, &f.root, "link", "x", &r));
	objs[2] = r.fh;
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(fs, .init = setup, .fini = teardown);

Test(fs, fsstat_tells_of_the_storage)
{
	struct statvfs sv;
	FSSTAT3args args;
	FSSTAT3res res;
	const FSSTAT3resok *ok = &res.FSSTAT3res_u.resok;
	uint64_t total;
	int i;

	cr_assert_eq(statvfs(f.dir, &sv), 0);
	total = (uint64_t)sv.f_blocks * sv.f_frsize;
	for (i = 0; i < 3; i++) {
		args.fsroot = call_fh(&objs[i]);
		cr_assert_eq(client_nfs(f.c, FSSTAT, &args, &res),
		    RPC_SUCCESS);
		OK(res.status);
		(void)check_attr(&ok->obj_attributes);
		/* Clear bytes: a little less, for each chunk has its tag. */
		cr_expect_leq(ok->tbytes, total);
		cr_expect_geq(ok->tbytes, total / 100 * 99);
		cr_expect_leq(ok->fbytes, ok->tbytes);
		cr_expect_leq(ok->abytes, ok->fbytes);
		cr_expect_leq(ok->ffiles, ok->tfiles);
		cr_expect_leq(ok->afiles, ok->tfiles);
	}
}

static bool
is_power_of_two(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

Test(fs, fsinfo_promises_what_is_kept)
{
	FSINFO3args args;
	FSINFO3res res;
	const FSINFO3resok *ok = &res.FSINFO3res_u.resok;
	static char data[1u << 20];
	struct write_reply w;
	struct read_reply r;
	int i;

	for (i = 0; i < 3; i++) {
		args.fsroot = call_fh(&objs[i]);
		cr_assert_eq(client_nfs(f.c, FSINFO, &args, &res),
		    RPC_SUCCESS);
		OK(res.status);
		(void)check_attr(&ok->obj_attributes);
		cr_expect_eq(ok->rtmax, 1u << 20);
		cr_expect_eq(ok->wtmax, 1u << 20);
		cr_expect(is_power_of_two(ok->rtpref));
		cr_expect(is_power_of_two(ok->wtpref));
		cr_expect(is_power_of_two(ok->dtpref));
		cr_expect_leq(ok->rtpref, ok->rtmax);
		cr_expect_leq(ok->wtpref, ok->wtmax);
		cr_expect_eq(ok->rtpref % ok->rtmult, 0);
		cr_expect_eq(ok->wtpref % ok->wtmult, 0);
		cr_expect_gt(ok->maxfilesize, UINT64_C(1) << 50);
		cr_expect_leq(ok->maxfilesize, INT64_MAX);
		cr_expect_eq(ok->time_delta.seconds, 0);
		cr_expect_gt(ok->time_delta.nseconds, 0);
		cr_expect(ok->properties & FSF3_SYMLINK);
		cr_expect(ok->properties & FSF3_HOMOGENEOUS);
		cr_expect(ok->properties & FSF3_CANSETTIME);
	}
	memset(data, 'd', sizeof(data));
	OK(call_write(f.c, &objs[1], 0, data, ok->wtmax, UNSTABLE, &w));
	cr_expect_eq(w.count, ok->wtmax);
	OK(call_read(f.c, &objs[1], 0, ok->rtmax, data, &r));
	cr_expect_eq(r.count, ok->rtmax);
}

static uint32_t
properties(void)
{
	FSINFO3args args = { call_fh(&f.root) };
	FSINFO3res res;

	cr_assert_eq(client_nfs(f.c, FSINFO, &args, &res), RPC_SUCCESS);
	OK(res.status);
	return res.FSINFO3res_u.resok.properties;
}

static uint32_t
linkmax(void)
{
	PATHCONF3args args = { call_fh(&f.root) };
	PATHCONF3res res;

	cr_assert_eq(client_nfs(f.c, PATHCONF, &args, &res), RPC_SUCCESS);
	OK(res.status);
	return res.PATHCONF3res_u.resok.linkmax;
}

Test(fs, hard_links_can_be_refused)
{
	struct fix_options o = { .no_links = true };
	struct reply r;

	cr_expect(properties() & FSF3_LINK);
	cr_expect_gt(linkmax(), 1);
	OK(call_link(f.c, &objs[1], &f.root, "second", &r));
	fix_stop(&f);
	fix_start(&f, &o);
	objs[1] = check_file(&f.root, "file");
	cr_expect_not(properties() & FSF3_LINK);
	cr_expect_eq(linkmax(), 1);
	cr_expect_eq(call_link(f.c, &objs[1], &f.root, "second", &r),
	    WIRE_NFS3ERR_NOTSUPP);
	cr_expect_eq(call_lookup(f.c, &f.root, "second", &r),
	    WIRE_NFS3ERR_NOENT);
}

Test(fs, pathconf_says_how_names_are_treated)
{
	PATHCONF3args args;
	PATHCONF3res res;
	const PATHCONF3resok *ok = &res.PATHCONF3res_u.resok;
	struct reply r;
	int i;

	for (i = 0; i < 3; i++) {
		args.object = call_fh(&objs[i]);
		cr_assert_eq(client_nfs(f.c, PATHCONF, &args, &res),
		    RPC_SUCCESS);
		OK(res.status);
		(void)check_attr(&ok->obj_attributes);
		cr_expect_geq(ok->linkmax, 1);
		cr_expect_eq(ok->name_max, 255);
		cr_expect(ok->no_trunc);
		cr_expect(ok->chown_restricted);
		cr_expect(!ok->case_insensitive);
		cr_expect(ok->case_preserving);
	}
	/* And so they are. */
	(void)check_file(&f.root, "Name");
	(void)check_file(&f.root, "nAME");
	OK(call_lookup(f.c, &f.root, "Name", &r));
	IS(NOENT, call_lookup(f.c, &f.root, "name", &r));
}

Test(fs, bad_handles_are_refused_by_all_three)
{
	struct fh bad = f.root;
	FSSTAT3args sa;
	FSINFO3args ia;
	PATHCONF3args pa;
	FSSTAT3res sr;
	FSINFO3res ir;
	PATHCONF3res pr;

	bad.b[10] ^= 1;
	sa.fsroot = ia.fsroot = pa.object = call_fh(&bad);
	cr_assert_eq(client_nfs(f.c, FSSTAT, &sa, &sr), RPC_SUCCESS);
	IS(BADHANDLE, sr.status);
	cr_assert_eq(client_nfs(f.c, FSINFO, &ia, &ir), RPC_SUCCESS);
	IS(BADHANDLE, ir.status);
	cr_assert_eq(client_nfs(f.c, PATHCONF, &pa, &pr), RPC_SUCCESS);
	IS(BADHANDLE, pr.status);
}
