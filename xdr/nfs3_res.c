/*
 * nfs3_res.c - the results of each NFSv3 call, to the wire.
 *
 * The status first, then what RFC 1813 sends with it: on failure most replies
 * still carry attributes (the *3resfail structs).
 */
#include "config.h"

#include "xdr/nfs3.h"
#include "xdr/xout.h"

void
nfs3_put_fh(struct xout *o, const struct nfs3_fh *fh)
{
	xout_opaque(o, fh->data, fh->len);
}

static void
when(struct xout *o, const struct nfs3_time *t)
{
	xout_u32(o, t->sec);
	xout_u32(o, t->nsec);
}

static uint8_t *
when_at(uint8_t *p, const struct nfs3_time *t)
{
	return xout_at32(xout_at32(p, t->sec), t->nsec);
}

/* fattr3, RFC 1813 section 2.6: in one piece, as most replies have it. */
static void
fattr(struct xout *o, const struct nfs3_fattr *a)
{
	uint8_t *p;

	if ((p = xout_room(o, NFS3_FATTR_WIRE)) == NULL)
		return;
	p = xout_at32(p, a->type);
	p = xout_at32(p, a->mode);
	p = xout_at32(p, a->nlink);
	p = xout_at32(p, a->uid);
	p = xout_at32(p, a->gid);
	p = xout_at64(p, a->size);
	p = xout_at64(p, a->used);
	p = xout_at32(p, a->rdev_major);
	p = xout_at32(p, a->rdev_minor);
	p = xout_at64(p, a->fsid);
	p = xout_at64(p, a->fileid);
	p = when_at(p, &a->atime);
	p = when_at(p, &a->mtime);
	(void)when_at(p, &a->ctime);
}

void
nfs3_put_attr(struct xout *o, const struct nfs3_attr *a)
{
	xout_bool(o, a->present);
	if (a->present)
		fattr(o, &a->a);
}

/* wcc_data */
static void
wcc(struct xout *o, const struct nfs3_wcc *w)
{
	xout_bool(o, w->have_before);
	if (w->have_before) {
		xout_u64(o, w->size);
		when(o, &w->mtime);
		when(o, &w->ctime);
	}
	nfs3_put_attr(o, &w->after);
}

static void
verf(struct xout *o, const uint8_t v[NFS3_VERFSIZE])
{
	xout_fixed(o, v, NFS3_VERFSIZE);
}

bool
nfs3_res_null(struct xout *o, enum nfsstat3 st, const void *resp)
{
	(void)st;
	(void)resp;
	return xout_ok(o);
}

bool
nfs3_res_getattr(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_getattr_res *res = resp;

	xout_u32(o, st);
	if (st == NFS3_OK)
		fattr(o, &res->attr);
	return xout_ok(o);
}

bool
nfs3_res_setattr(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_setattr_res *res = resp;

	xout_u32(o, st);
	wcc(o, &res->wcc);
	return xout_ok(o);
}

bool
nfs3_res_lookup(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_lookup_res *res = resp;

	xout_u32(o, st);
	if (st == NFS3_OK) {
		nfs3_put_fh(o, &res->obj);
		nfs3_put_attr(o, &res->obj_attr);
	}
	nfs3_put_attr(o, &res->dir_attr);
	return xout_ok(o);
}

bool
nfs3_res_access(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_access_res *res = resp;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->attr);
	if (st == NFS3_OK)
		xout_u32(o, res->access);
	return xout_ok(o);
}

bool
nfs3_res_readlink(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_readlink_res *res = resp;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->attr);
	if (st == NFS3_OK) {
		xout_u32(o, res->target.len);
		xout_ref(o, res->target.s, res->target.len);
		xout_pad(o, res->target.len);
	}
	return xout_ok(o);
}

bool
nfs3_res_read(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_read_res *res = resp;
	size_t sum = 0;
	unsigned i;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->attr);
	if (st != NFS3_OK)
		return xout_ok(o);

	/* count, and again as the length of the data. */
	xout_u32(o, res->count);
	xout_bool(o, res->eof);
	xout_u32(o, res->count);
	for (i = 0; i < res->ndata; i++) {
		xout_ref(o, res->data[i].iov_base, res->data[i].iov_len);
		sum += res->data[i].iov_len;
	}
	xout_pad(o, res->count);
	return xout_ok(o) && sum == res->count;
}

bool
nfs3_res_write(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_write_res *res = resp;

	xout_u32(o, st);
	wcc(o, &res->wcc);
	if (st == NFS3_OK) {
		xout_u32(o, res->count);
		xout_u32(o, res->committed);
		verf(o, res->verf);
	}
	return xout_ok(o);
}

/* CREATE, MKDIR, SYMLINK, MKNOD. */
static bool
made(struct xout *o, enum nfsstat3 st, const struct nfs3_made *m)
{
	xout_u32(o, st);
	if (st == NFS3_OK) {
		xout_bool(o, m->have_fh);
		if (m->have_fh)
			nfs3_put_fh(o, &m->obj);
		nfs3_put_attr(o, &m->obj_attr);
	}
	wcc(o, &m->dir_wcc);
	return xout_ok(o);
}

bool
nfs3_res_create(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_create_res *res = resp;

	return made(o, st, &res->made);
}

bool
nfs3_res_mkdir(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_mkdir_res *res = resp;

	return made(o, st, &res->made);
}

bool
nfs3_res_symlink(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_symlink_res *res = resp;

	return made(o, st, &res->made);
}

bool
nfs3_res_mknod(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_mknod_res *res = resp;

	return made(o, st, &res->made);
}

bool
nfs3_res_remove(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_remove_res *res = resp;

	xout_u32(o, st);
	wcc(o, &res->dir_wcc);
	return xout_ok(o);
}

bool
nfs3_res_rmdir(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_rmdir_res *res = resp;

	xout_u32(o, st);
	wcc(o, &res->dir_wcc);
	return xout_ok(o);
}

bool
nfs3_res_rename(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_rename_res *res = resp;

	xout_u32(o, st);
	wcc(o, &res->from_wcc);
	wcc(o, &res->to_wcc);
	return xout_ok(o);
}

bool
nfs3_res_link(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_link_res *res = resp;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->attr);
	wcc(o, &res->dir_wcc);
	return xout_ok(o);
}

/* dirlist3 and dirlistplus3: the entries, no more of them, eof. */
static void
dirlist(struct xout *o, const struct nfs3_dirlist *l, bool eof)
{
	xout_ref(o, l->buf, l->used);
	xout_bool(o, false);
	xout_bool(o, eof);
}

bool
nfs3_res_readdir(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_readdir_res *res = resp;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->dir_attr);
	if (st == NFS3_OK) {
		verf(o, res->verf);
		dirlist(o, &res->list, res->eof);
	}
	return xout_ok(o);
}

bool
nfs3_res_readdirplus(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_readdirplus_res *res = resp;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->dir_attr);
	if (st == NFS3_OK) {
		verf(o, res->verf);
		dirlist(o, &res->list, res->eof);
	}
	return xout_ok(o);
}

bool
nfs3_res_fsstat(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_fsstat_res *res = resp;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->attr);
	if (st == NFS3_OK) {
		xout_u64(o, res->tbytes);
		xout_u64(o, res->fbytes);
		xout_u64(o, res->abytes);
		xout_u64(o, res->tfiles);
		xout_u64(o, res->ffiles);
		xout_u64(o, res->afiles);
		xout_u32(o, res->invarsec);
	}
	return xout_ok(o);
}

bool
nfs3_res_fsinfo(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_fsinfo_res *res = resp;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->attr);
	if (st == NFS3_OK) {
		xout_u32(o, res->rtmax);
		xout_u32(o, res->rtpref);
		xout_u32(o, res->rtmult);
		xout_u32(o, res->wtmax);
		xout_u32(o, res->wtpref);
		xout_u32(o, res->wtmult);
		xout_u32(o, res->dtpref);
		xout_u64(o, res->maxfilesize);
		when(o, &res->time_delta);
		xout_u32(o, res->properties);
	}
	return xout_ok(o);
}

bool
nfs3_res_pathconf(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_pathconf_res *res = resp;

	xout_u32(o, st);
	nfs3_put_attr(o, &res->attr);
	if (st == NFS3_OK) {
		xout_u32(o, res->linkmax);
		xout_u32(o, res->name_max);
		xout_bool(o, res->no_trunc);
		xout_bool(o, res->chown_restricted);
		xout_bool(o, res->case_insensitive);
		xout_bool(o, res->case_preserving);
	}
	return xout_ok(o);
}

bool
nfs3_res_commit(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct nfs3_commit_res *res = resp;

	xout_u32(o, st);
	wcc(o, &res->wcc);
	if (st == NFS3_OK)
		verf(o, res->verf);
	return xout_ok(o);
}
