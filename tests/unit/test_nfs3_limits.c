/*
 * Arguments at and beyond the limits of RFC 1813 and of ours, and the numbers
 * in nfs3.h against those in nfs3.x.
 */
#include "config.h"

#include <criterion/criterion.h>

#include "tests/unit/wire.h"

/* A record under construction; four bytes at a time. */
static uint8_t rec[3 * WIRE_BYTES_MAX];
static size_t rec_len;

static void
put(uint32_t v)
{
	rec[rec_len++] = (uint8_t)(v >> 24);
	rec[rec_len++] = (uint8_t)(v >> 16);
	rec[rec_len++] = (uint8_t)(v >> 8);
	rec[rec_len++] = (uint8_t)v;
}

static void
put_zeros(size_t n)
{
	memset(rec + rec_len, 0, n);
	rec_len += n;
}

/* An opaque of len zeros. */
static void
put_opaque(uint32_t len)
{
	put(len);
	put_zeros((len + 3) & ~3u);
}

/* A handle and a name, as most calls begin. */
static void
start_dirop(void)
{
	rec_len = 0;
	put_opaque(32);
	put_opaque(1);
}

static bool
decodes(bool (*decode)(struct xin *, void *))
{
	static union { uint64_t align; uint8_t bytes[1024]; } args;
	struct xin in;

	xin_init(&in, rec, rec_len);
	return decode(&in, &args);
}

Test(nfs3_limits, a_handle_has_at_most_64_bytes)
{
	rec_len = 0;
	put_opaque(64);
	cr_expect(decodes(nfs3_args_getattr));
	rec_len = 0;
	put_opaque(65);
	cr_expect_not(decodes(nfs3_args_getattr));
	rec_len = 0;
	put_opaque(0);
	cr_expect(decodes(nfs3_args_getattr), "the procedure says BADHANDLE");
}

Test(nfs3_limits, a_name_too_long_to_store_is_let_through_up_to_1024)
{
	rec_len = 0;
	put_opaque(32);
	put_opaque(1024);
	cr_expect(decodes(nfs3_args_lookup));
	rec_len = 0;
	put_opaque(32);
	put_opaque(1025);
	cr_expect_not(decodes(nfs3_args_lookup));
}

Test(nfs3_limits, a_link_target_is_let_through_up_to_8192)
{
	start_dirop();
	put_zeros(24);
	put_opaque(8192);
	cr_expect(decodes(nfs3_args_symlink));
	start_dirop();
	put_zeros(24);
	put_opaque(8193);
	cr_expect_not(decodes(nfs3_args_symlink));
}

Test(nfs3_limits, flags_of_sattr3_are_booleans)
{
	unsigned flag;

	for (flag = 0; flag < 4; flag++) {
		start_dirop();
		put_zeros(4 * flag);
		put(2);
		put_zeros(40);
		cr_expect_not(decodes(nfs3_args_mkdir), "flag %u", flag);
	}
	start_dirop();
	put_zeros(24);
	cr_expect(decodes(nfs3_args_mkdir));
}

Test(nfs3_limits, time_how_has_three_members)
{
	start_dirop();
	put_zeros(16);
	put(2);			/* the client's time */
	put_zeros(8);
	put(1);			/* the server's */
	cr_expect(decodes(nfs3_args_mkdir));
	start_dirop();
	put_zeros(16);
	put(3);
	put_zeros(12);
	cr_expect_not(decodes(nfs3_args_mkdir));
}

Test(nfs3_limits, stable_how_has_three_members)
{
	uint32_t how;

	for (how = 0; how < 5; how++) {
		rec_len = 0;
		put_opaque(32);
		put_zeros(12);
		put(how);
		put_opaque(0);
		cr_expect_eq(decodes(nfs3_args_write), how <= 2, "%u", how);
	}
}

Test(nfs3_limits, createmode3_has_three_members)
{
	start_dirop();
	put(3);
	put_zeros(8);
	cr_expect_not(decodes(nfs3_args_create));
	start_dirop();
	put(3);
	put_zeros(24);
	cr_expect_not(decodes(nfs3_args_create));
}

Test(nfs3_limits, ftype3_has_the_members_1_to_7)
{
	static const size_t follows[] = { 0, 0, 0, 32, 32, 0, 24, 24, 0 };
	uint32_t type;

	for (type = 0; type <= 8; type++) {
		start_dirop();
		put(type);
		put_zeros(follows[type]);
		cr_expect_eq(decodes(nfs3_args_mknod), type >= 1 && type <= 7,
		    "%u", type);
	}
}

Test(nfs3_limits, a_guard_is_a_boolean)
{
	rec_len = 0;
	put_opaque(32);
	put_zeros(24);
	put(2);
	put_zeros(8);
	cr_expect_not(decodes(nfs3_args_setattr));
}

/* A WRITE that says one length and brings another is the procedure's. */
Test(nfs3_limits, count_and_data_of_a_write_may_differ)
{
	rec_len = 0;
	put_opaque(32);
	put_zeros(8);
	put(7);
	put(0);
	put_opaque(5);
	cr_expect(decodes(nfs3_args_write));
}

#define SAME(n)		cr_expect_eq((int)n, (int)WIRE_##n, #n)
#define SAME_ERR(e)	SAME(NFS3ERR_##e)

Test(nfs3_limits, numbers_are_those_of_the_protocol_text)
{
	SAME(NFS3_OK);
	SAME_ERR(PERM); SAME_ERR(NOENT); SAME_ERR(IO); SAME_ERR(NXIO);
	SAME_ERR(ACCES); SAME_ERR(EXIST); SAME_ERR(XDEV); SAME_ERR(NODEV);
	SAME_ERR(NOTDIR); SAME_ERR(ISDIR); SAME_ERR(INVAL); SAME_ERR(FBIG);
	SAME_ERR(NOSPC); SAME_ERR(ROFS); SAME_ERR(MLINK);
	SAME_ERR(NAMETOOLONG); SAME_ERR(NOTEMPTY); SAME_ERR(DQUOT);
	SAME_ERR(STALE); SAME_ERR(REMOTE); SAME_ERR(BADHANDLE);
	SAME_ERR(NOT_SYNC); SAME_ERR(BAD_COOKIE); SAME_ERR(NOTSUPP);
	SAME_ERR(TOOSMALL); SAME_ERR(SERVERFAULT); SAME_ERR(BADTYPE);
	SAME_ERR(JUKEBOX);
	SAME(NF3REG); SAME(NF3DIR); SAME(NF3BLK); SAME(NF3CHR);
	SAME(NF3LNK); SAME(NF3SOCK); SAME(NF3FIFO);
	cr_expect_eq(NFS3_PROGRAM, NFS_PROGRAM);
	cr_expect_eq(NFS3_VERSION, NFS_V3);
	cr_expect_eq(NFS3_PROC_LOOKUP, NFSPROC3_LOOKUP);
	cr_expect_eq(NFS3_PROC_READDIRPLUS, NFSPROC3_READDIRPLUS);
	cr_expect_eq(NFS3_PROC_COMMIT, NFSPROC3_COMMIT);
	cr_expect_eq(NFS3_ACCESS_EXECUTE, ACCESS3_EXECUTE);
	cr_expect_eq(NFS3_FSF_CANSETTIME, FSF3_CANSETTIME);
}
