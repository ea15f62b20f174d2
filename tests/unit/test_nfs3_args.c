/*
 * Arguments encoded by libtirpc and rpcgen's functions must come out of our
 * decoders as they went in, and every shortened or lengthened record must
 * be refused.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/wire.h"

#define ROUNDS	60

static void
make_fh(nfs_fh3 *fh)
{
	fh->data.data_len = wire_below(NFS3_FHSIZE + 1);
	fh->data.data_val = wire_bytes(fh->data.data_len);
}

static void
make_dirop(diropargs3 *d)
{
	make_fh(&d->dir);
	d->name = wire_bytes(wire_below(300));
}

static void
make_time(nfstime3 *t)
{
	t->seconds = wire_u32();
	t->nseconds = wire_u32();
}

static void
make_sattr(sattr3 *a)
{
	a->mode.set_it = wire_bool();
	a->mode.set_mode3_u.mode = wire_u32();
	a->uid.set_it = wire_bool();
	a->uid.set_uid3_u.uid = wire_u32();
	a->gid.set_it = wire_bool();
	a->gid.set_gid3_u.gid = wire_u32();
	a->size.set_it = wire_bool();
	a->size.set_size3_u.size = wire_u64();
	a->atime.set_it = wire_below(3);
	make_time(&a->atime.set_atime_u.atime);
	a->mtime.set_it = wire_below(3);
	make_time(&a->mtime.set_mtime_u.mtime);
}

static bool
same_dirop(const diropargs3 *w, const struct nfs3_fh *dir,
    const struct slice *name)
{
	return wire_same_fh(&w->dir, dir) && wire_same_str(w->name, name);
}

static bool
same_sattr(const sattr3 *w, const struct nfs3_sattr *a)
{
	static const nfstime3 none;
	bool at = w->atime.set_it == SET_TO_CLIENT_TIME;
	bool mt = w->mtime.set_it == SET_TO_CLIENT_TIME;

	return (bool)w->mode.set_it == a->set_mode &&
	    (w->mode.set_it ? w->mode.set_mode3_u.mode : 0) == a->mode &&
	    (bool)w->uid.set_it == a->set_uid &&
	    (w->uid.set_it ? w->uid.set_uid3_u.uid : 0) == a->uid &&
	    (bool)w->gid.set_it == a->set_gid &&
	    (w->gid.set_it ? w->gid.set_gid3_u.gid : 0) == a->gid &&
	    (bool)w->size.set_it == a->set_size &&
	    (w->size.set_it ? w->size.set_size3_u.size : 0) == a->size &&
	    (int)w->atime.set_it == (int)a->atime_how &&
	    wire_same_time(at ? &w->atime.set_atime_u.atime : &none,
		&a->atime) &&
	    (int)w->mtime.set_it == (int)a->mtime_how &&
	    wire_same_time(mt ? &w->mtime.set_mtime_u.mtime : &none,
		&a->mtime);
}

/* make_X fills a X3args, same_X holds it against what we decoded. */
#define MAKE(x, X, w)							\
static void make_in_##x(X##3args *w);					\
static void								\
make_##x(void *p)							\
{									\
	make_in_##x(p);							\
}									\
static void								\
make_in_##x(X##3args *w)

#define SAME(x, X, w, a)						\
static bool same_in_##x(const X##3args *w,				\
    const struct nfs3_##x##_args *a);					\
static bool								\
same_##x(const void *p, const void *q)					\
{									\
	return same_in_##x(p, q);					\
}									\
static bool								\
same_in_##x(const X##3args *w, const struct nfs3_##x##_args *a)

/* Calls that have a handle and nothing else. */
#define HANDLE_ONLY(x, X, member)					\
MAKE(x, X, w) { make_fh(&w->member); }					\
SAME(x, X, w, a) { return wire_same_fh(&w->member, &a->obj); }

HANDLE_ONLY(getattr, GETATTR, object)
HANDLE_ONLY(readlink, READLINK, symlink)
HANDLE_ONLY(fsstat, FSSTAT, fsroot)
HANDLE_ONLY(fsinfo, FSINFO, fsroot)
HANDLE_ONLY(pathconf, PATHCONF, object)

/* Calls that have a handle and a name. */
#define DIROP_ONLY(x, X, member)					\
MAKE(x, X, w) { make_dirop(&w->member); }				\
SAME(x, X, w, a) { return same_dirop(&w->member, &a->dir, &a->name); }

DIROP_ONLY(lookup, LOOKUP, what)
DIROP_ONLY(remove, REMOVE, object)
DIROP_ONLY(rmdir, RMDIR, object)

MAKE(setattr, SETATTR, w)
{
	make_fh(&w->object);
	make_sattr(&w->new_attributes);
	w->guard.check = wire_bool();
	make_time(&w->guard.sattrguard3_u.obj_ctime);
}

SAME(setattr, SETATTR, w, a)
{
	return wire_same_fh(&w->object, &a->obj) &&
	    same_sattr(&w->new_attributes, &a->attr) &&
	    (bool)w->guard.check == a->guard &&
	    (!a->guard || wire_same_time(&w->guard.sattrguard3_u.obj_ctime,
		&a->guard_ctime));
}

MAKE(access, ACCESS, w)
{
	make_fh(&w->object);
	w->access = wire_u32();
}

SAME(access, ACCESS, w, a)
{
	return wire_same_fh(&w->object, &a->obj) && w->access == a->access;
}

MAKE(read, READ, w)
{
	make_fh(&w->file);
	w->offset = wire_u64();
	w->count = wire_u32();
}

SAME(read, READ, w, a)
{
	return wire_same_fh(&w->file, &a->file) && w->offset == a->offset &&
	    w->count == a->count;
}

MAKE(write, WRITE, w)
{
	make_fh(&w->file);
	w->offset = wire_u64();
	w->count = wire_u32();
	w->stable = wire_below(3);
	w->data.data_len = wire_below(300);
	w->data.data_val = wire_bytes(w->data.data_len);
}

SAME(write, WRITE, w, a)
{
	return wire_same_fh(&w->file, &a->file) && w->offset == a->offset &&
	    w->count == a->count && (int)w->stable == (int)a->stable &&
	    w->data.data_len == a->data.len &&
	    memcmp(w->data.data_val, a->data.s, a->data.len) == 0;
}

MAKE(create, CREATE, w)
{
	make_dirop(&w->where);
	w->how.mode = wire_below(3);
	if (w->how.mode == EXCLUSIVE)
		memcpy(w->how.createhow3_u.verf, wire_bytes(8), 8);
	else
		make_sattr(&w->how.createhow3_u.obj_attributes);
}

SAME(create, CREATE, w, a)
{
	static const sattr3 no_attr;
	static const createverf3 no_verf;
	bool excl = w->how.mode == EXCLUSIVE;

	return same_dirop(&w->where, &a->dir, &a->name) &&
	    (int)w->how.mode == (int)a->how &&
	    same_sattr(excl ? &no_attr : &w->how.createhow3_u.obj_attributes,
		&a->attr) &&
	    memcmp(excl ? w->how.createhow3_u.verf : no_verf, a->verf, 8) == 0;
}

MAKE(mkdir, MKDIR, w)
{
	make_dirop(&w->where);
	make_sattr(&w->attributes);
}

SAME(mkdir, MKDIR, w, a)
{
	return same_dirop(&w->where, &a->dir, &a->name) &&
	    same_sattr(&w->attributes, &a->attr);
}

MAKE(symlink, SYMLINK, w)
{
	make_dirop(&w->where);
	make_sattr(&w->symlink.symlink_attributes);
	w->symlink.symlink_data = wire_bytes(wire_below(600));
}

SAME(symlink, SYMLINK, w, a)
{
	return same_dirop(&w->where, &a->dir, &a->name) &&
	    same_sattr(&w->symlink.symlink_attributes, &a->attr) &&
	    wire_same_str(w->symlink.symlink_data, &a->target);
}

MAKE(mknod, MKNOD, w)
{
	devicedata3 *dev = &w->what.mknoddata3_u.device;

	make_dirop(&w->where);
	w->what.type = 1 + wire_below(7);
	if (w->what.type == WIRE_NF3CHR || w->what.type == WIRE_NF3BLK) {
		make_sattr(&dev->dev_attributes);
		dev->spec.specdata1 = wire_u32();
		dev->spec.specdata2 = wire_u32();
	} else {
		make_sattr(&w->what.mknoddata3_u.pipe_attributes);
	}
}

SAME(mknod, MKNOD, w, a)
{
	static const sattr3 no_attr;
	const devicedata3 *dev = &w->what.mknoddata3_u.device;
	const sattr3 *attr = &no_attr;
	uint32_t major_nr = 0, minor_nr = 0;

	if (w->what.type == WIRE_NF3CHR || w->what.type == WIRE_NF3BLK) {
		attr = &dev->dev_attributes;
		major_nr = dev->spec.specdata1;
		minor_nr = dev->spec.specdata2;
	} else if (w->what.type >= WIRE_NF3SOCK) {
		attr = &w->what.mknoddata3_u.pipe_attributes;
	}
	return same_dirop(&w->where, &a->dir, &a->name) &&
	    (int)w->what.type == (int)a->type && same_sattr(attr, &a->attr) &&
	    major_nr == a->rdev_major && minor_nr == a->rdev_minor;
}

MAKE(rename, RENAME, w)
{
	make_dirop(&w->from);
	make_dirop(&w->to);
}

SAME(rename, RENAME, w, a)
{
	return same_dirop(&w->from, &a->from_dir, &a->from_name) &&
	    same_dirop(&w->to, &a->to_dir, &a->to_name);
}

MAKE(link, LINK, w)
{
	make_fh(&w->file);
	make_dirop(&w->link);
}

SAME(link, LINK, w, a)
{
	return wire_same_fh(&w->file, &a->file) &&
	    same_dirop(&w->link, &a->dir, &a->name);
}

MAKE(readdir, READDIR, w)
{
	make_fh(&w->dir);
	w->cookie = wire_u64();
	memcpy(w->cookieverf, wire_bytes(8), 8);
	w->count = wire_u32();
}

SAME(readdir, READDIR, w, a)
{
	return wire_same_fh(&w->dir, &a->dir) && w->cookie == a->cookie &&
	    memcmp(w->cookieverf, a->verf, 8) == 0 && w->count == a->count;
}

MAKE(readdirplus, READDIRPLUS, w)
{
	make_fh(&w->dir);
	w->cookie = wire_u64();
	memcpy(w->cookieverf, wire_bytes(8), 8);
	w->dircount = wire_u32();
	w->maxcount = wire_u32();
}

SAME(readdirplus, READDIRPLUS, w, a)
{
	return wire_same_fh(&w->dir, &a->dir) && w->cookie == a->cookie &&
	    memcmp(w->cookieverf, a->verf, 8) == 0 &&
	    w->dircount == a->dircount && w->maxcount == a->maxcount;
}

MAKE(commit, COMMIT, w)
{
	make_fh(&w->file);
	w->offset = wire_u64();
	w->count = wire_u32();
}

SAME(commit, COMMIT, w, a)
{
	return wire_same_fh(&w->file, &a->file) && w->offset == a->offset &&
	    w->count == a->count;
}

#define ROW(x, X) { #x, (xdrproc_t)xdr_##X##3args, nfs3_args_##x,	\
	make_##x, same_##x }

static const struct row {
	const char	*name;
	xdrproc_t	 encode;	/* libtirpc's */
	bool		(*decode)(struct xin *, void *);
	void		(*make)(void *);
	bool		(*same)(const void *, const void *);
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

/* Largest structs of both kinds; aligned for any of them. */
static union { uint64_t align; uint8_t bytes[1024]; } wire, ours;

/* The record of fresh arguments, in an allocation of its length. */
static uint8_t *
encode(const struct row *r, size_t *len)
{
	static uint8_t buf[4 * WIRE_BYTES_MAX];
	uint8_t *rec;
	XDR x;

	memset(&wire, 0, sizeof(wire));
	r->make(&wire);
	xdrmem_create(&x, (char *)buf, sizeof(buf), XDR_ENCODE);
	cr_assert(r->encode(&x, &wire), "%s", r->name);
	*len = XDR_GETPOS(&x);
	XDR_DESTROY(&x);
	rec = malloc(*len);
	cr_assert_not_null(rec);
	return memcpy(rec, buf, *len);
}

static bool
decode(const struct row *r, const uint8_t *rec, size_t len)
{
	struct xin in;

	memset(&ours, 0xa5, sizeof(ours));	/* nothing may rely on zeroes */
	xin_init(&in, rec, len);
	return r->decode(&in, &ours);
}

Test(nfs3_args, what_libtirpc_encodes_comes_out_the_same)
{
	size_t i, len;
	uint8_t *rec;
	unsigned n;

	cr_assert_eq(NROWS, 21);
	for (i = 0; i < NROWS; i++)
		for (n = 0; n < ROUNDS; n++) {
			rec = encode(&rows[i], &len);
			cr_assert(decode(&rows[i], rec, len), "%s",
			    rows[i].name);
			cr_expect(rows[i].same(&wire, &ours), "%s, round %u",
			    rows[i].name, n);
			free(rec);
		}
}

Test(nfs3_args, a_record_cut_anywhere_is_refused)
{
	size_t i, len, cut;
	uint8_t *rec, *part;
	unsigned n;

	for (i = 0; i < NROWS; i++)
		for (n = 0; n < 4; n++) {
			rec = encode(&rows[i], &len);
			for (cut = 0; cut < len; cut++) {
				/* so short that ASan sees what is beyond */
				part = malloc(cut > 0 ? cut : 1);
				memcpy(part, rec, cut);
				cr_expect_not(decode(&rows[i], part, cut),
				    "%s: %zu of %zu", rows[i].name, cut, len);
				free(part);
			}
			free(rec);
		}
}

Test(nfs3_args, bytes_left_over_are_refused)
{
	size_t i, len;
	uint8_t *rec;

	for (i = 0; i < NROWS; i++) {
		rec = encode(&rows[i], &len);
		rec = realloc(rec, len + 4);
		memset(rec + len, 0, 4);
		cr_expect_not(decode(&rows[i], rec, len + 4), "%s",
		    rows[i].name);
		cr_expect(decode(&rows[i], rec, len), "%s", rows[i].name);
		free(rec);
	}
}

Test(nfs3_args, null_takes_whatever_comes)
{
	struct xin in;

	xin_init(&in, "abc", 3);
	cr_expect(nfs3_args_null(&in, NULL));
}
