/*
 * Pages of READDIR and READDIRPLUS: read back by libtirpc, and never larger
 * than the client allowed.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/wire.h"
#include "xdr/xout.h"

#define FIXED	108	/* status, attributes, verifier, end, eof */

static uint8_t buf[65536];

static struct nfs3_dirent
entry(uint64_t cookie, const char *name)
{
	struct nfs3_dirent d;

	memset(&d, 0, sizeof(d));
	d.fileid = cookie + 1000;
	d.cookie = cookie;
	d.name.s = name;
	d.name.len = (uint32_t)strlen(name);
	return d;
}

/* The same with all that READDIRPLUS may carry. */
static struct nfs3_dirent
entry_plus(uint64_t cookie, const char *name, uint32_t fh_len)
{
	struct nfs3_dirent d = entry(cookie, name);

	d.attr.present = true;
	d.attr.a.type = NF3REG;
	d.attr.a.fileid = d.fileid;
	d.attr.a.size = 77;
	d.have_fh = true;
	d.fh.len = fh_len;
	memset(d.fh.data, (int)cookie, fh_len);
	return d;
}

/* The whole result with attributes, as bytes; its length. */
static size_t
encode(const struct nfs3_dirlist *l, bool eof, uint8_t *flat, size_t cap)
{
	static uint8_t head[XOUT_HEAD_MAX];
	struct nfs3_readdir_res res = { .list = *l, .eof = eof };
	struct nfs3_readdirplus_res plus = { .list = *l, .eof = eof };
	struct xout o;

	res.dir_attr.present = plus.dir_attr.present = true;
	xout_init(&o, head, sizeof(head));
	cr_assert(l->plus ? nfs3_res_readdirplus(&o, NFS3_OK, &plus) :
	    nfs3_res_readdir(&o, NFS3_OK, &res));
	return xout_copy(&o, flat, cap);
}

/* Let libtirpc decode; res is freed by the caller. */
static void
decode(const struct nfs3_dirlist *l, bool eof, xdrproc_t dec, void *res)
{
	static uint8_t flat[sizeof(buf) + 1024];
	size_t len = encode(l, eof, flat, sizeof(flat));
	XDR x;

	cr_assert_gt(len, 0);
	xdrmem_create(&x, (char *)flat, (u_int)len, XDR_DECODE);
	cr_assert(dec(&x, res));
	cr_expect_eq(XDR_GETPOS(&x), len);
	XDR_DESTROY(&x);
}

Test(nfs3_dir, libtirpc_reads_the_entries_of_readdir_in_order)
{
	static const char *const names[] = { ".", "..", "abc", "a name", "x" };
	struct nfs3_dirlist l;
	struct nfs3_dirent d;
	READDIR3res w;
	const entry3 *e;
	unsigned i;

	nfs3_dirlist_init(&l, buf, sizeof(buf), 0, 4096, false);
	for (i = 0; i < 5; i++) {
		d = entry(i + 1, names[i]);
		cr_assert(nfs3_dirlist_add(&l, &d));
	}
	memset(&w, 0, sizeof(w));
	decode(&l, true, (xdrproc_t)xdr_READDIR3res, &w);
	cr_expect(w.READDIR3res_u.resok.reply.eof);
	e = w.READDIR3res_u.resok.reply.entries;
	for (i = 0; i < 5; i++, e = e->nextentry) {
		cr_assert_not_null(e);
		cr_expect_str_eq(e->name, names[i]);
		cr_expect_eq(e->cookie, i + 1);
		cr_expect_eq(e->fileid, i + 1001);
	}
	cr_expect_null(e);
	xdr_free((xdrproc_t)xdr_READDIR3res, &w);
}

Test(nfs3_dir, libtirpc_reads_attributes_and_handles_of_readdirplus)
{
	struct nfs3_dirlist l;
	struct nfs3_dirent d[3];
	READDIRPLUS3res w;
	const entryplus3 *e;
	unsigned i;

	d[0] = entry_plus(1, "with both", 61);
	d[1] = entry(2, "with neither");
	d[2] = entry_plus(3, "without attributes", 64);
	d[2].attr.present = false;
	nfs3_dirlist_init(&l, buf, sizeof(buf), 0, 4096, true);
	for (i = 0; i < 3; i++)
		cr_assert(nfs3_dirlist_add(&l, &d[i]));

	memset(&w, 0, sizeof(w));
	decode(&l, false, (xdrproc_t)xdr_READDIRPLUS3res, &w);
	cr_expect_not(w.READDIRPLUS3res_u.resok.reply.eof);
	e = w.READDIRPLUS3res_u.resok.reply.entries;
	for (i = 0; i < 3; i++, e = e->nextentry) {
		cr_assert_not_null(e);
		cr_expect(wire_same_str(e->name, &d[i].name));
		cr_expect_eq(e->cookie, d[i].cookie);
		cr_expect_eq((bool)e->name_attributes.attributes_follow,
		    d[i].attr.present);
		cr_expect_eq((bool)e->name_handle.handle_follows,
		    d[i].have_fh);
		if (d[i].have_fh)
			cr_expect(wire_same_fh(
			    &e->name_handle.post_op_fh3_u.handle, &d[i].fh));
	}
	cr_expect_eq(w.READDIRPLUS3res_u.resok.reply.entries->name_attributes
	    .post_op_attr_u.attributes.size, 77);
	xdr_free((xdrproc_t)xdr_READDIRPLUS3res, &w);
}

/* Entries until the page is full. */
static unsigned
fill_page(struct nfs3_dirlist *l, unsigned most)
{
	struct nfs3_dirent d;
	unsigned i;

	for (i = 0; i < most; i++) {
		d = l->plus ?
		    entry_plus(i + 1, wire_bytes(1 + i % 255), i % 65) :
		    entry(i + 1, wire_bytes(1 + i % 255));
		if (!nfs3_dirlist_add(l, &d))
			break;
	}
	return i;
}

/* RFC 1813 3.3.16: count bounds all of READDIR3resok, as sent. */
Test(nfs3_dir, a_page_is_never_larger_than_the_client_allows)
{
	static uint8_t flat[sizeof(buf) + 1024];
	struct nfs3_dirlist l;
	uint32_t max;
	unsigned plus, n;
	size_t len;

	for (plus = 0; plus < 2; plus++)
		for (max = 0; max < 6000; max += 13) {
			nfs3_dirlist_init(&l, buf, sizeof(buf), 0, max, plus);
			n = fill_page(&l, 1000);
			cr_assert_lt(n, 1000);
			cr_expect_eq(n, l.n);
			if (n == 0)
				continue;
			len = encode(&l, false, flat, sizeof(flat));
			cr_expect_leq(len, max, "%zu of %u", len, max);
		}
}

Test(nfs3_dir, a_page_is_filled_to_the_last_byte_that_is_allowed)
{
	static uint8_t flat[4096];
	struct nfs3_dirlist l;
	struct nfs3_dirent d = entry(1, "abcd");	/* 28 bytes as sent */

	nfs3_dirlist_init(&l, buf, sizeof(buf), 0, FIXED + 56, false);
	cr_expect(nfs3_dirlist_add(&l, &d));
	cr_expect(nfs3_dirlist_add(&l, &d));
	cr_expect_not(nfs3_dirlist_add(&l, &d));
	cr_expect_eq(l.n, 2);
	cr_expect_eq(encode(&l, true, flat, sizeof(flat)), FIXED + 56);

	nfs3_dirlist_init(&l, buf, sizeof(buf), 0, FIXED + 55, false);
	cr_expect(nfs3_dirlist_add(&l, &d));
	cr_expect_not(nfs3_dirlist_add(&l, &d));
}

Test(nfs3_dir, a_count_smaller_than_the_fixed_part_lets_nothing_in)
{
	struct nfs3_dirlist l;
	struct nfs3_dirent d = entry(1, "");
	uint32_t max;

	for (max = 0; max < FIXED + 24; max++) {
		nfs3_dirlist_init(&l, buf, sizeof(buf), 0, max, false);
		cr_expect_not(nfs3_dirlist_add(&l, &d), "%u", max);
		cr_expect_eq(l.n, 0);
	}
	nfs3_dirlist_init(&l, buf, sizeof(buf), 0, max, false);
	cr_expect(nfs3_dirlist_add(&l, &d));
}

Test(nfs3_dir, the_buffer_is_a_limit_too)
{
	struct nfs3_dirlist l;
	size_t cap;
	uint8_t *small;

	for (cap = 0; cap < 600; cap += 7) {
		small = malloc(cap > 0 ? cap : 1);	/* ASan sees overruns */
		nfs3_dirlist_init(&l, small, cap, 0, UINT32_MAX, true);
		cr_expect_lt(fill_page(&l, 100), 100);
		cr_expect_leq(l.used, cap);
		free(small);
	}
}

Test(nfs3_dir, dircount_counts_fileids_names_and_cookies_only)
{
	struct nfs3_dirlist l;
	struct nfs3_dirent d = entry_plus(1, "abcde", 64);
	unsigned i;

	/* 8 + 4 + 8 (name, padded) + 8 each */
	nfs3_dirlist_init(&l, buf, sizeof(buf), 3 * 28, 32768, true);
	for (i = 0; i < 3; i++)
		cr_expect(nfs3_dirlist_add(&l, &d));
	cr_expect_not(nfs3_dirlist_add(&l, &d));
	nfs3_dirlist_init(&l, buf, sizeof(buf), 3 * 28 - 1, 32768, true);
	for (i = 0; i < 2; i++)
		cr_expect(nfs3_dirlist_add(&l, &d));
	cr_expect_not(nfs3_dirlist_add(&l, &d));
}

Test(nfs3_dir, the_first_entry_passes_any_dircount_and_none_follows)
{
	struct nfs3_dirlist l;
	struct nfs3_dirent d = entry_plus(1, "abcde", 64);

	nfs3_dirlist_init(&l, buf, sizeof(buf), 1, 32768, true);
	cr_expect(nfs3_dirlist_add(&l, &d));
	cr_expect_not(nfs3_dirlist_add(&l, &d));
}

Test(nfs3_dir, a_refused_entry_leaves_the_page_as_it_was)
{
	static uint8_t flat[2][4096];
	struct nfs3_dirlist l;
	struct nfs3_dirent d = entry(1, "abc"), big;
	size_t len;

	big = entry(2, wire_bytes(255));
	nfs3_dirlist_init(&l, buf, sizeof(buf), 0, 250, false);
	cr_assert(nfs3_dirlist_add(&l, &d));
	len = encode(&l, true, flat[0], sizeof(flat[0]));
	cr_expect_not(nfs3_dirlist_add(&l, &big));
	cr_expect_eq(encode(&l, true, flat[1], sizeof(flat[1])), len);
	cr_expect_eq(memcmp(flat[0], flat[1], len), 0);
	cr_expect(nfs3_dirlist_add(&l, &d), "a smaller one may still fit");
}

/* nfs-facts 1.3: about 399 entries with short names in 64 KiB. */
Test(nfs3_dir, sixty_four_kibibytes_hold_hundreds_of_entries)
{
	struct nfs3_dirlist l;
	struct nfs3_dirent d = entry_plus(1, "file-0123", 32);
	unsigned n = 0;

	nfs3_dirlist_init(&l, buf, sizeof(buf), 65536, 65536, true);
	while (nfs3_dirlist_add(&l, &d))
		n++;
	cr_expect_geq(n, 380);
	cr_expect_leq(n, 430);
}
