/*
 * proc_lookup.c - LOOKUP, READLINK (RFC 1813 3.3.3, 3.3.5).
 *
 * On the loop: a name is encrypted and the disk is asked for it.  If it is not
 * there, the names that cannot be computed (vault/dir.h) must be known; where
 * a large folder has to be read for them, a worker does it.
 */
#include "config.h"

#include <string.h>

#include "base/verr.h"
#include "nfsd/cred.h"
#include "nfsd/export.h"
#include "nfsd/fattr.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "nfsd/status.h"

/* "." and "..", which no directory of a vault holds. */
static enum nfsstat3
lookup_dots(struct request *rq, struct obj *dir, bool up)
{
	struct nfs3_lookup_res *res = rq->res;
	struct vattr a;
	struct dir *d;
	struct verr e;
	bool ok;

	d = up ? dir_parent(dir->dir, !rq->on_loop, &e) : dir_ref(dir->dir);
	if (d == NULL && e.code == VERR_BUSY && rq->on_loop)
		return PROC_HANDOVER;
	if (d == NULL)
		return e.code == VERR_NOENT ? NFS3ERR_STALE : status_of(&e);
	if (dir_attr(d, &a, &e) == -1) {
		dir_put(d);
		return status_of(&e);
	}
	ok = obj_dir_fh(dir->x, d, &res->obj);
	fattr_set(&res->obj_attr, dir->x, &a);
	dir_put(d);
	return ok ? NFS3_OK : NFS3ERR_SERVERFAULT;
}

static enum nfsstat3
lookup(struct request *rq, struct obj *dir)
{
	const struct nfs3_lookup_args *args = rq->args;
	struct nfs3_lookup_res *res = rq->res;
	const struct slice *n = &args->name;
	struct entry ent;
	struct verr e;
	bool ok;

	if (!cred_may(&rq->cred, &dir->attr, CRED_EXEC))
		return NFS3ERR_ACCES;
	if (n->len == 1 && n->s[0] == '.')
		return lookup_dots(rq, dir, false);
	if (n->len == 2 && n->s[0] == '.' && n->s[1] == '.')
		return lookup_dots(rq, dir, true);
	if (obj_lookup(rq, dir, n, &ent, &e) == -1)
		return status_here(rq, &e);
	ok = obj_entry_fh(rq, dir->x, dir->dir, &ent, &res->obj);
	fattr_set(&res->obj_attr, dir->x, &ent.attr);
	dir_put(ent.dir);
	return ok ? NFS3_OK : NFS3ERR_SERVERFAULT;
}

enum nfsstat3
proc_lookup(struct request *rq)
{
	const struct nfs3_lookup_args *args = rq->args;
	struct nfs3_lookup_res *res = rq->res;
	enum nfsstat3 status;
	struct obj dir;

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->dir_attr);
	if (status == NFS3_OK)
		status = lookup(rq, &dir);
	obj_put(&dir);
	return status;
}

static enum nfsstat3
read_target(struct request *rq, const struct obj *o)
{
	struct nfs3_readlink_res *res = rq->res;
	const char *target;
	struct verr e;
	size_t len;

	obj_attr(o, &res->attr);
	if (o->attr.type != VTYPE_SYMLINK)
		return NFS3ERR_INVAL;
	if (symlink_read(o->x->vault, rq->arena, &o->loc, &target, &len,
	    &e) == -1)
		return status_of(&e);
	/* Authentic, but nothing that a kernel takes for a path. */
	if (len >= NFS3_PATH_MAX || memchr(target, '\0', len) != NULL)
		return NFS3ERR_IO;
	res->target.s = target;
	res->target.len = (uint32_t)len;
	return NFS3_OK;
}

enum nfsstat3
proc_readlink(struct request *rq)
{
	const struct nfs3_readlink_args *args = rq->args;
	enum nfsstat3 status;
	struct obj o;

	if ((status = obj_get(rq, &args->obj, &o)) != NFS3_OK)
		return status;
	do
		status = read_target(rq, &o);
	while (obj_moved(rq, &args->obj, &o, &status));
	obj_put(&o);
	return status;
}
