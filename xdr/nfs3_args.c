/*
 * nfs3_args.c - the arguments of each NFSv3 call, from the wire.
 *
 * A decoder returns false for anything RFC 1813 does not allow; the caller
 * answers GARBAGE_ARGS.  What the RFC allows but a vault cannot hold (a name
 * with a slash) is let through: that is NFS3ERR_*, and not ours to say.
 */
#include "config.h"

#include <string.h>

#include "xdr/nfs3.h"

static bool
fh(struct xin *in, struct nfs3_fh *fh)
{
	struct slice s;

	if (!xin_slice(in, NFS3_FHSIZE, &s))
		return false;
	fh->len = s.len;
	memcpy(fh->data, s.s, s.len);
	return true;
}

static bool
name(struct xin *in, struct slice *s)
{
	return xin_slice(in, NFS3_NAME_DECODE_MAX, s);
}

/* diropargs3 */
static bool
dirop(struct xin *in, struct nfs3_fh *dir, struct slice *s)
{
	return fh(in, dir) && name(in, s);
}

static bool
when(struct xin *in, struct nfs3_time *t)
{
	return xin_u32(in, &t->sec) && xin_u32(in, &t->nsec);
}

/* A union with a bool in front: set_mode3, set_uid3, set_gid3. */
static bool
opt_u32(struct xin *in, bool *set, uint32_t *v)
{
	return xin_bool(in, set) && (!*set || xin_u32(in, v));
}

/* set_atime and set_mtime. */
static bool
opt_time(struct xin *in, enum nfs3_time_how *how, struct nfs3_time *t)
{
	uint32_t v;

	if (!xin_enum(in, NFS3_SET_TO_CLIENT_TIME, &v))
		return false;
	*how = v;
	return *how != NFS3_SET_TO_CLIENT_TIME || when(in, t);
}

static bool
sattr(struct xin *in, struct nfs3_sattr *a)
{
	memset(a, 0, sizeof(*a));
	return opt_u32(in, &a->set_mode, &a->mode) &&
	    opt_u32(in, &a->set_uid, &a->uid) &&
	    opt_u32(in, &a->set_gid, &a->gid) &&
	    xin_bool(in, &a->set_size) &&
	    (!a->set_size || xin_u64(in, &a->size)) &&
	    opt_time(in, &a->atime_how, &a->atime) &&
	    opt_time(in, &a->mtime_how, &a->mtime);
}

bool
nfs3_args_null(struct xin *in, void *argsp)
{
	(void)in;
	(void)argsp;
	return true;
}

bool
nfs3_args_getattr(struct xin *in, void *argsp)
{
	struct nfs3_getattr_args *args = argsp;

	return fh(in, &args->obj) && xin_done(in);
}

bool
nfs3_args_setattr(struct xin *in, void *argsp)
{
	struct nfs3_setattr_args *args = argsp;

	memset(&args->guard_ctime, 0, sizeof(args->guard_ctime));
	return fh(in, &args->obj) &&
	    sattr(in, &args->attr) &&
	    xin_bool(in, &args->guard) &&
	    (!args->guard || when(in, &args->guard_ctime)) &&
	    xin_done(in);
}

bool
nfs3_args_lookup(struct xin *in, void *argsp)
{
	struct nfs3_lookup_args *args = argsp;

	return dirop(in, &args->dir, &args->name) && xin_done(in);
}

bool
nfs3_args_access(struct xin *in, void *argsp)
{
	struct nfs3_access_args *args = argsp;

	return fh(in, &args->obj) &&
	    xin_u32(in, &args->access) &&
	    xin_done(in);
}

bool
nfs3_args_readlink(struct xin *in, void *argsp)
{
	struct nfs3_readlink_args *args = argsp;

	return fh(in, &args->obj) && xin_done(in);
}

bool
nfs3_args_read(struct xin *in, void *argsp)
{
	struct nfs3_read_args *args = argsp;

	return fh(in, &args->file) &&
	    xin_u64(in, &args->offset) &&
	    xin_u32(in, &args->count) &&
	    xin_done(in);
}

bool
nfs3_args_write(struct xin *in, void *argsp)
{
	struct nfs3_write_args *args = argsp;
	uint32_t stable;

	/* The record bounds the data; count against its length is INVAL. */
	if (!fh(in, &args->file) ||
	    !xin_u64(in, &args->offset) ||
	    !xin_u32(in, &args->count) ||
	    !xin_enum(in, NFS3_FILE_SYNC, &stable) ||
	    !xin_slice(in, UINT32_MAX, &args->data))
		return false;
	args->stable = stable;
	return xin_done(in);
}

bool
nfs3_args_create(struct xin *in, void *argsp)
{
	struct nfs3_create_args *args = argsp;
	uint32_t how;

	memset(&args->attr, 0, sizeof(args->attr));
	memset(args->verf, 0, sizeof(args->verf));
	if (!dirop(in, &args->dir, &args->name) ||
	    !xin_enum(in, NFS3_EXCLUSIVE, &how))
		return false;
	args->how = how;
	if (args->how == NFS3_EXCLUSIVE) {
		if (!xin_fixed(in, args->verf, sizeof(args->verf)))
			return false;
	} else if (!sattr(in, &args->attr)) {
		return false;
	}
	return xin_done(in);
}

bool
nfs3_args_mkdir(struct xin *in, void *argsp)
{
	struct nfs3_mkdir_args *args = argsp;

	return dirop(in, &args->dir, &args->name) &&
	    sattr(in, &args->attr) &&
	    xin_done(in);
}

bool
nfs3_args_symlink(struct xin *in, void *argsp)
{
	struct nfs3_symlink_args *args = argsp;

	return dirop(in, &args->dir, &args->name) &&
	    sattr(in, &args->attr) &&
	    xin_slice(in, NFS3_PATH_DECODE_MAX, &args->target) &&
	    xin_done(in);
}

/* mknoddata3, RFC 1813 section 3.3.11: what follows depends on the type. */
static bool
mknod_data(struct xin *in, struct nfs3_mknod_args *args)
{
	switch (args->type) {
	case NF3CHR:
	case NF3BLK:
		return sattr(in, &args->attr) &&
		    xin_u32(in, &args->rdev_major) &&
		    xin_u32(in, &args->rdev_minor);
	case NF3SOCK:
	case NF3FIFO:
		return sattr(in, &args->attr);
	default:
		return true;
	}
}

bool
nfs3_args_mknod(struct xin *in, void *argsp)
{
	struct nfs3_mknod_args *args = argsp;
	uint32_t type;

	memset(&args->attr, 0, sizeof(args->attr));
	args->rdev_major = args->rdev_minor = 0;
	if (!dirop(in, &args->dir, &args->name) ||
	    !xin_enum(in, NF3FIFO, &type) || type < NF3REG)
		return false;
	args->type = type;
	return mknod_data(in, args) && xin_done(in);
}

bool
nfs3_args_remove(struct xin *in, void *argsp)
{
	struct nfs3_remove_args *args = argsp;

	return dirop(in, &args->dir, &args->name) && xin_done(in);
}

bool
nfs3_args_rmdir(struct xin *in, void *argsp)
{
	struct nfs3_rmdir_args *args = argsp;

	return dirop(in, &args->dir, &args->name) && xin_done(in);
}

bool
nfs3_args_rename(struct xin *in, void *argsp)
{
	struct nfs3_rename_args *args = argsp;

	return dirop(in, &args->from_dir, &args->from_name) &&
	    dirop(in, &args->to_dir, &args->to_name) &&
	    xin_done(in);
}

bool
nfs3_args_link(struct xin *in, void *argsp)
{
	struct nfs3_link_args *args = argsp;

	return fh(in, &args->file) &&
	    dirop(in, &args->dir, &args->name) &&
	    xin_done(in);
}

bool
nfs3_args_readdir(struct xin *in, void *argsp)
{
	struct nfs3_readdir_args *args = argsp;

	return fh(in, &args->dir) &&
	    xin_u64(in, &args->cookie) &&
	    xin_fixed(in, args->verf, sizeof(args->verf)) &&
	    xin_u32(in, &args->count) &&
	    xin_done(in);
}

bool
nfs3_args_readdirplus(struct xin *in, void *argsp)
{
	struct nfs3_readdirplus_args *args = argsp;

	return fh(in, &args->dir) &&
	    xin_u64(in, &args->cookie) &&
	    xin_fixed(in, args->verf, sizeof(args->verf)) &&
	    xin_u32(in, &args->dircount) &&
	    xin_u32(in, &args->maxcount) &&
	    xin_done(in);
}

bool
nfs3_args_fsstat(struct xin *in, void *argsp)
{
	struct nfs3_fsstat_args *args = argsp;

	return fh(in, &args->obj) && xin_done(in);
}

bool
nfs3_args_fsinfo(struct xin *in, void *argsp)
{
	struct nfs3_fsinfo_args *args = argsp;

	return fh(in, &args->obj) && xin_done(in);
}

bool
nfs3_args_pathconf(struct xin *in, void *argsp)
{
	struct nfs3_pathconf_args *args = argsp;

	return fh(in, &args->obj) && xin_done(in);
}

bool
nfs3_args_commit(struct xin *in, void *argsp)
{
	struct nfs3_commit_args *args = argsp;

	return fh(in, &args->file) &&
	    xin_u64(in, &args->offset) &&
	    xin_u32(in, &args->count) &&
	    xin_done(in);
}
