/*
 * Results that we encode must be read by libtirpc and rpcgen's functions to
 * the last byte and with the same values, on success and on failure.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/wire_res.h"
#include "xdr/xout.h"

#define ROUNDS	60

/*
 * FILL makes the results of a procedure, OK holds them against what libtirpc
 * read from a success, FAIL against what it read from a failure.
 */
#define FILL(x, r)							\
static void fill_in_##x(struct nfs3_##x##_res *r);			\
static void								\
fill_##x(void *p)							\
{									\
	fill_in_##x(p);							\
}									\
static void								\
fill_in_##x(struct nfs3_##x##_res *r)

#define OK(x, X, w, r)							\
static bool ok_in_##x(const X##3resok *w,				\
    const struct nfs3_##x##_res *r);					\
static bool								\
ok_##x(const void *p, const void *q)					\
{									\
	return ok_in_##x(&((const X##3res *)p)->X##3res_u .resok, q);	\
}									\
static bool								\
ok_in_##x(const X##3resok *w, const struct nfs3_##x##_res *r)

#define FAIL(x, X, w, r)						\
static bool fail_in_##x(const X##3resfail *w,				\
    const struct nfs3_##x##_res *r);					\
static bool								\
fail_##x(const void *p, const void *q)					\
{									\
	return fail_in_##x(&((const X##3res *)p)->X##3res_u .resfail,	\
	    q);								\
}									\
static bool								\
fail_in_##x(const X##3resfail *w, const struct nfs3_##x##_res *r)

FILL(getattr, r) { wire_fill_fattr(&r->attr); }

OK(getattr, GETATTR, w, r)
{
	return wire_same_fattr(&w->obj_attributes, &r->attr);
}

static bool
fail_getattr(const void *w, const void *r)
{
	(void)w;
	(void)r;
	return true;	/* a failed GETATTR carries nothing */
}

FILL(setattr, r) { wire_fill_wcc(&r->wcc); }
OK(setattr, SETATTR, w, r) { return wire_same_wcc(&w->obj_wcc, &r->wcc); }
FAIL(setattr, SETATTR, w, r) { return wire_same_wcc(&w->obj_wcc, &r->wcc); }

FILL(lookup, r)
{
	wire_fill_fh(&r->obj);
	wire_fill_attr(&r->obj_attr);
	wire_fill_attr(&r->dir_attr);
}

OK(lookup, LOOKUP, w, r)
{
	return wire_same_fh(&w->object, &r->obj) &&
	    wire_same_attr(&w->obj_attributes, &r->obj_attr) &&
	    wire_same_attr(&w->dir_attributes, &r->dir_attr);
}

FAIL(lookup, LOOKUP, w, r)
{
	return wire_same_attr(&w->dir_attributes, &r->dir_attr);
}

FILL(access, r)
{
	wire_fill_attr(&r->attr);
	r->access = wire_u32();
}

OK(access, ACCESS, w, r)
{
	return wire_same_attr(&w->obj_attributes, &r->attr) &&
	    w->access == r->access;
}

FAIL(access, ACCESS, w, r)
{
	return wire_same_attr(&w->obj_attributes, &r->attr);
}

FILL(readlink, r)
{
	wire_fill_attr(&r->attr);
	r->target.len = wire_below(NFS3_PATH_MAX + 1);
	r->target.s = wire_bytes(r->target.len);
}

OK(readlink, READLINK, w, r)
{
	return wire_same_attr(&w->symlink_attributes, &r->attr) &&
	    wire_same_str(w->data, &r->target);
}

FAIL(readlink, READLINK, w, r)
{
	return wire_same_attr(&w->symlink_attributes, &r->attr);
}

FILL(read, r)
{
	static struct iovec data[34];
	unsigned i;

	wire_fill_attr(&r->attr);
	r->eof = wire_bool();
	r->data = data;
	r->ndata = wire_below(8);
	for (i = 0; i < r->ndata; i++) {
		data[i].iov_len = wire_below(50);
		data[i].iov_base = wire_bytes((uint32_t)data[i].iov_len);
		r->count += (uint32_t)data[i].iov_len;
	}
}

OK(read, READ, w, r)
{
	const char *p = w->data.data_val;
	unsigned i;

	for (i = 0; i < r->ndata; p += r->data[i].iov_len, i++)
		if (memcmp(p, r->data[i].iov_base, r->data[i].iov_len) != 0)
			return false;
	return wire_same_attr(&w->file_attributes, &r->attr) &&
	    w->count == r->count && (bool)w->eof == r->eof &&
	    w->data.data_len == r->count;
}

FAIL(read, READ, w, r)
{
	return wire_same_attr(&w->file_attributes, &r->attr);
}

FILL(write, r)
{
	wire_fill_wcc(&r->wcc);
	r->count = wire_u32();
	r->committed = wire_below(3);
	memcpy(r->verf, wire_bytes(8), 8);
}

OK(write, WRITE, w, r)
{
	return wire_same_wcc(&w->file_wcc, &r->wcc) && w->count == r->count &&
	    (int)w->committed == (int)r->committed &&
	    memcmp(w->verf, r->verf, 8) == 0;
}

FAIL(write, WRITE, w, r) { return wire_same_wcc(&w->file_wcc, &r->wcc); }

#define MADE(x, X)							\
FILL(x, r) { wire_fill_made(&r->made); }				\
OK(x, X, w, r)								\
{									\
	return wire_same_made(&w->obj, &w->obj_attributes, &w->dir_wcc,	\
	    &r->made);							\
}									\
FAIL(x, X, w, r) { return wire_same_wcc(&w->dir_wcc, &r->made.dir_wcc); }

MADE(create, CREATE)
MADE(mkdir, MKDIR)
MADE(symlink, SYMLINK)
MADE(mknod, MKNOD)

#define REMOVED(x, X)							\
FILL(x, r) { wire_fill_wcc(&r->dir_wcc); }				\
OK(x, X, w, r) { return wire_same_wcc(&w->dir_wcc, &r->dir_wcc); }	\
FAIL(x, X, w, r) { return wire_same_wcc(&w->dir_wcc, &r->dir_wcc); }

REMOVED(remove, REMOVE)
REMOVED(rmdir, RMDIR)

FILL(rename, r)
{
	wire_fill_wcc(&r->from_wcc);
	wire_fill_wcc(&r->to_wcc);
}

OK(rename, RENAME, w, r)
{
	return wire_same_wcc(&w->fromdir_wcc, &r->from_wcc) &&
	    wire_same_wcc(&w->todir_wcc, &r->to_wcc);
}

FAIL(rename, RENAME, w, r)
{
	return wire_same_wcc(&w->fromdir_wcc, &r->from_wcc) &&
	    wire_same_wcc(&w->todir_wcc, &r->to_wcc);
}

FILL(link, r)
{
	wire_fill_attr(&r->attr);
	wire_fill_wcc(&r->dir_wcc);
}

OK(link, LINK, w, r)
{
	return wire_same_attr(&w->file_attributes, &r->attr) &&
	    wire_same_wcc(&w->linkdir_wcc, &r->dir_wcc);
}

FAIL(link, LINK, w, r)
{
	return wire_same_attr(&w->file_attributes, &r->attr) &&
	    wire_same_wcc(&w->linkdir_wcc, &r->dir_wcc);
}

/* Entries are test_nfs3_dir's; here the list is empty. */
#define LISTED(x, X)							\
FILL(x, r)								\
{									\
	wire_fill_attr(&r->dir_attr);					\
	memcpy(r->verf, wire_bytes(8), 8);				\
	r->eof = wire_bool();						\
}									\
OK(x, X, w, r)								\
{									\
	return wire_same_attr(&w->dir_attributes, &r->dir_attr) &&	\
	    memcmp(w->cookieverf, r->verf, 8) == 0 &&			\
	    w->reply.entries == NULL && (bool)w->reply.eof == r->eof;	\
}									\
FAIL(x, X, w, r) { return wire_same_attr(&w->dir_attributes, &r->dir_attr); }

LISTED(readdir, READDIR)
LISTED(readdirplus, READDIRPLUS)

FILL(fsstat, r)
{
	wire_fill_attr(&r->attr);
	r->tbytes = wire_u64();
	r->fbytes = wire_u64();
	r->abytes = wire_u64();
	r->tfiles = wire_u64();
	r->ffiles = wire_u64();
	r->afiles = wire_u64();
	r->invarsec = wire_u32();
}

OK(fsstat, FSSTAT, w, r)
{
	return wire_same_attr(&w->obj_attributes, &r->attr) &&
	    w->tbytes == r->tbytes && w->fbytes == r->fbytes &&
	    w->abytes == r->abytes && w->tfiles == r->tfiles &&
	    w->ffiles == r->ffiles && w->afiles == r->afiles &&
	    w->invarsec == r->invarsec;
}

FAIL(fsstat, FSSTAT, w, r)
{
	return wire_same_attr(&w->obj_attributes, &r->attr);
}

FILL(fsinfo, r)
{
	wire_fill_attr(&r->attr);
	r->rtmax = wire_u32();
	r->rtpref = wire_u32();
	r->rtmult = wire_u32();
	r->wtmax = wire_u32();
	r->wtpref = wire_u32();
	r->wtmult = wire_u32();
	r->dtpref = wire_u32();
	r->maxfilesize = wire_u64();
	wire_fill_time(&r->time_delta);
	r->properties = wire_u32();
}

OK(fsinfo, FSINFO, w, r)
{
	return wire_same_attr(&w->obj_attributes, &r->attr) &&
	    w->rtmax == r->rtmax && w->rtpref == r->rtpref &&
	    w->rtmult == r->rtmult && w->wtmax == r->wtmax &&
	    w->wtpref == r->wtpref && w->wtmult == r->wtmult &&
	    w->dtpref == r->dtpref && w->maxfilesize == r->maxfilesize &&
	    wire_same_time(&w->time_delta, &r->time_delta) &&
	    w->properties == r->properties;
}

FAIL(fsinfo, FSINFO, w, r)
{
	return wire_same_attr(&w->obj_attributes, &r->attr);
}

FILL(pathconf, r)
{
	wire_fill_attr(&r->attr);
	r->linkmax = wire_u32();
	r->name_max = wire_u32();
	r->no_trunc = wire_bool();
	r->chown_restricted = wire_bool();
	r->case_insensitive = wire_bool();
	r->case_preserving = wire_bool();
}

OK(pathconf, PATHCONF, w, r)
{
	return wire_same_attr(&w->obj_attributes, &r->attr) &&
	    w->linkmax == r->linkmax && w->name_max == r->name_max &&
	    (bool)w->no_trunc == r->no_trunc &&
	    (bool)w->chown_restricted == r->chown_restricted &&
	    (bool)w->case_insensitive == r->case_insensitive &&
	    (bool)w->case_preserving == r->case_preserving;
}

FAIL(pathconf, PATHCONF, w, r)
{
	return wire_same_attr(&w->obj_attributes, &r->attr);
}

FILL(commit, r)
{
	wire_fill_wcc(&r->wcc);
	memcpy(r->verf, wire_bytes(8), 8);
}

OK(commit, COMMIT, w, r)
{
	return wire_same_wcc(&w->file_wcc, &r->wcc) &&
	    memcmp(w->verf, r->verf, 8) == 0;
}

FAIL(commit, COMMIT, w, r) { return wire_same_wcc(&w->file_wcc, &r->wcc); }

#define ROW(x, X) { #x, (xdrproc_t)xdr_##X##3res, nfs3_res_##x, fill_##x, \
	ok_##x, fail_##x }

static const struct row {
	const char	*name;
	xdrproc_t	 decode;	/* libtirpc's; its status comes first */
	bool		(*encode)(struct xout *, enum nfsstat3, const void *);
	void		(*fill)(void *);
	bool		(*ok)(const void *, const void *);
	bool		(*fail)(const void *, const void *);
} rows[] = {
	ROW(getattr, GETATTR), ROW(setattr, SETATTR), ROW(lookup, LOOKUP),
	ROW(access, ACCESS), ROW(readlink, READLINK), ROW(read, READ),
	ROW(write, WRITE), ROW(create, CREATE), ROW(mkdir, MKDIR),
	ROW(symlink, SYMLINK), ROW(mknod, MKNOD), ROW(remove, REMOVE),
	ROW(rmdir, RMDIR), ROW(rename, RENAME), ROW(link, LINK),
	ROW(readdir, READDIR), ROW(readdirplus, READDIRPLUS),
	ROW(fsstat, FSSTAT), ROW(fsinfo, FSINFO), ROW(pathconf, PATHCONF),
	ROW(commit, COMMIT),
};
#define NROWS	(sizeof(rows) / sizeof(rows[0]))

static union { uint64_t align; uint8_t bytes[1024]; } wire, ours;
static uint8_t head[XOUT_HEAD_MAX];

/* Encode ours with status st, and let libtirpc read it. */
static void
round_trip(const struct row *r, enum nfsstat3 st)
{
	static char flat[4 * WIRE_BYTES_MAX];
	struct xout o;
	size_t len;
	XDR x;

	memset(&ours, 0, sizeof(ours));
	r->fill(&ours);
	xout_init(&o, head, sizeof(head));
	cr_assert(r->encode(&o, st, &ours), "%s", r->name);
	len = xout_copy(&o, flat, sizeof(flat));
	cr_assert_gt(len, 0, "%s", r->name);

	memset(&wire, 0, sizeof(wire));
	xdrmem_create(&x, flat, (u_int)len, XDR_DECODE);
	cr_assert(r->decode(&x, &wire), "%s", r->name);
	cr_expect_eq(XDR_GETPOS(&x), len, "%s: bytes left over", r->name);
	XDR_DESTROY(&x);
	cr_expect_eq(*(int *)&wire, (int)st, "%s", r->name);
	cr_expect(st == NFS3_OK ? r->ok(&wire, &ours) : r->fail(&wire, &ours),
	    "%s with status %d", r->name, st);
	xdr_free(r->decode, &wire);
}

Test(nfs3_res, libtirpc_reads_every_success_as_it_was_meant)
{
	size_t i;
	unsigned n;

	cr_assert_eq(NROWS, 21);
	for (i = 0; i < NROWS; i++)
		for (n = 0; n < ROUNDS; n++)
			round_trip(&rows[i], NFS3_OK);
}

Test(nfs3_res, libtirpc_reads_every_failure_as_it_was_meant)
{
	size_t i;
	unsigned n;

	for (i = 0; i < NROWS; i++)
		for (n = 0; n < ROUNDS; n++)
			round_trip(&rows[i], n & 1 ? NFS3ERR_STALE :
			    NFS3ERR_JUKEBOX);
}

Test(nfs3_res, zeroed_results_are_a_valid_failure)
{
	struct xout o;
	size_t i;

	memset(&ours, 0, sizeof(ours));
	for (i = 0; i < NROWS; i++) {
		xout_init(&o, head, sizeof(head));
		cr_expect(rows[i].encode(&o, NFS3ERR_IO, &ours), "%s",
		    rows[i].name);
		cr_expect_leq(o.total, 20, "%s", rows[i].name);
	}
}

/* What the comment at XOUT_HEAD_MAX promises, RPC header included. */
Test(nfs3_res, the_small_parts_of_every_reply_fit_half_the_head)
{
	struct xout o;
	size_t i;
	unsigned n;

	for (i = 0; i < NROWS; i++)
		for (n = 0; n < ROUNDS; n++) {
			memset(&ours, 0, sizeof(ours));
			rows[i].fill(&ours);
			xout_init(&o, head, XOUT_HEAD_MAX / 2);
			cr_expect(rows[i].encode(&o, NFS3_OK, &ours), "%s",
			    rows[i].name);
			cr_expect_leq(o.head_used + 28, XOUT_HEAD_MAX / 2);
		}
}

Test(nfs3_res, a_head_too_small_is_reported_at_every_size)
{
	uint8_t *small;
	struct xout o;
	size_t i, full, cap;

	for (i = 0; i < NROWS; i++) {
		memset(&ours, 0, sizeof(ours));
		rows[i].fill(&ours);
		xout_init(&o, head, sizeof(head));
		cr_assert(rows[i].encode(&o, NFS3_OK, &ours));
		full = o.head_used;
		for (cap = 0; cap < full; cap++) {
			small = malloc(cap > 0 ? cap : 1);
			xout_init(&o, small, cap);
			cr_expect_not(rows[i].encode(&o, NFS3_OK, &ours),
			    "%s in %zu of %zu", rows[i].name, cap, full);
			free(small);
		}
	}
}

Test(nfs3_res, a_read_whose_data_is_not_count_bytes_is_refused)
{
	struct iovec data = { .iov_base = head, .iov_len = 4 };
	struct nfs3_read_res res = { .count = 5, .data = &data, .ndata = 1 };
	struct xout o;

	xout_init(&o, head, sizeof(head));
	cr_expect_not(nfs3_res_read(&o, NFS3_OK, &res));
	res.count = 4;
	xout_init(&o, head, sizeof(head));
	cr_expect(nfs3_res_read(&o, NFS3_OK, &res));
}

Test(nfs3_res, null_writes_nothing)
{
	struct xout o;

	xout_init(&o, head, sizeof(head));
	cr_expect(nfs3_res_null(&o, NFS3_OK, NULL));
	cr_expect_eq(o.total, 0);
}
