#include "config.h"

#include "xdr/mount3.h"
#include "xdr/xout.h"

bool
mount3_args_null(struct xin *in, void *argsp)
{
	(void)in;
	(void)argsp;
	return true;
}

bool
mount3_args_mnt(struct xin *in, void *argsp)
{
	struct mount3_mnt_args *args = argsp;

	return xin_slice(in, MOUNT3_PATH_MAX, &args->path) && xin_done(in);
}

bool
mount3_args_umnt(struct xin *in, void *argsp)
{
	struct mount3_umnt_args *args = argsp;

	return xin_slice(in, MOUNT3_PATH_MAX, &args->path) && xin_done(in);
}

bool
mount3_res_null(struct xout *o, enum nfsstat3 st, const void *resp)
{
	(void)st;
	(void)resp;
	return xout_ok(o);
}

bool
mount3_res_mnt(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct mount3_mnt_res *res = resp;
	unsigned i;

	xout_u32(o, st);
	if ((enum mountstat3)st != MNT3_OK)
		return xout_ok(o);
	if (res->nflavors > MOUNT3_FLAVORS_MAX)
		return false;
	nfs3_put_fh(o, &res->fh);
	xout_u32(o, res->nflavors);
	for (i = 0; i < res->nflavors; i++)
		xout_u32(o, res->flavors[i]);
	return xout_ok(o);
}

/* A list is a chain of optional entries (RFC 4506 section 4.19). */
static bool
list(struct xout *o, const struct mount3_list *l)
{
	xout_ref(o, l->buf, l->used);
	xout_bool(o, false);
	return xout_ok(o);
}

bool
mount3_res_dump(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct mount3_dump_res *res = resp;

	(void)st;
	return list(o, &res->list);
}

bool
mount3_res_export(struct xout *o, enum nfsstat3 st, const void *resp)
{
	const struct mount3_export_res *res = resp;

	(void)st;
	return list(o, &res->list);
}

void
mount3_list_init(struct mount3_list *l, void *buf, size_t cap)
{
	l->buf = buf;
	l->cap = cap;
	l->used = 0;
}

bool
mount3_list_add_mount(struct mount3_list *l, struct slice host,
    struct slice path)
{
	struct xout o;

	xout_init(&o, l->buf + l->used, l->cap - l->used);
	xout_bool(&o, true);
	xout_opaque(&o, host.s, host.len);
	xout_opaque(&o, path.s, path.len);
	if (!xout_ok(&o))
		return false;
	l->used += o.total;
	return true;
}

bool
mount3_list_add_export(struct mount3_list *l, struct slice path,
    const struct slice *groups, unsigned ngroups)
{
	struct xout o;
	unsigned i;

	xout_init(&o, l->buf + l->used, l->cap - l->used);
	xout_bool(&o, true);
	xout_opaque(&o, path.s, path.len);
	for (i = 0; i < ngroups; i++) {
		xout_bool(&o, true);
		xout_opaque(&o, groups[i].s, groups[i].len);
	}
	xout_bool(&o, false);
	if (!xout_ok(&o))
		return false;
	l->used += o.total;
	return true;
}
