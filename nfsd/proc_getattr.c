/*
 * proc_getattr.c - GETATTR, SETATTR, ACCESS (RFC 1813 3.3.1, 3.3.2, 3.3.4).
 */
#include "config.h"

#include <sys/stat.h>

#include "base/verr.h"
#include "nfsd/again.h"
#include "nfsd/cred.h"
#include "nfsd/export.h"
#include "nfsd/fattr.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "nfsd/status.h"
#include "vault/vault.h"

enum nfsstat3
proc_getattr(struct request *rq)
{
	const struct nfs3_getattr_args *args = rq->args;
	struct nfs3_getattr_res *res = rq->res;
	struct nfs3_attr a;
	struct obj o;
	enum nfsstat3 status;

	if ((status = obj_get(rq, &args->obj, &o)) != NFS3_OK)
		return status;
	obj_attr(&o, &a);
	res->attr = a.a;
	obj_put(&o);
	return NFS3_OK;
}

/*
 * The mode that the change leaves: set-user-id and set-group-id do not survive
 * a new owner, new contents, or a chmod by who is not of the group.
 */
static void
settle_mode(struct request *rq, const struct obj *o, struct vset *set)
{
	const struct vattr *a = &o->attr;
	uint32_t gid = set->mask & VSET_GID ? set->gid : a->gid;
	uint32_t mode = a->mode;

	if (set->mask & VSET_MODE)
		set->mode = cred_mode_given(&rq->cred, gid, set->mode);
	else if (set->mask & (VSET_SIZE | VSET_UID | VSET_GID))
		mode = cred_mode_written(&rq->cred, a);
	if (mode != a->mode) {
		set->mask |= VSET_MODE;
		set->mode = mode;
	}
}

/*
 * Who may change what (POSIX chmod, chown, utimes, truncate).  An owner that is
 * set to what it is already is no change.
 */
static enum nfsstat3
may_set(struct request *rq, const struct obj *o, struct vset *set,
    bool times_given)
{
	const struct vattr *a = &o->attr;

	if (set->mask & (VSET_UID | VSET_GID) && !cred_owns(&rq->cred, a))
		return NFS3ERR_PERM;
	if (set->mask & VSET_UID && set->uid == a->uid)
		set->mask &= ~(unsigned)VSET_UID;
	if (set->mask & VSET_GID && set->gid == a->gid)
		set->mask &= ~(unsigned)VSET_GID;
	/* One owner of everything: it can be given to nobody else. */
	if (set->mask & (VSET_UID | VSET_GID) && !o->x->multi_user)
		return NFS3ERR_PERM;
	if (set->mask & VSET_UID && rq->cred.uid != 0)
		return NFS3ERR_PERM;
	if (set->mask & VSET_GID && !cred_may_give(&rq->cred, set->gid))
		return NFS3ERR_PERM;
	if (set->mask & VSET_MODE && !cred_owns(&rq->cred, a))
		return NFS3ERR_PERM;
	if (set->mask & VSET_SIZE && !cred_owns(&rq->cred, a) &&
	    !cred_may(&rq->cred, a, CRED_WRITE))
		return NFS3ERR_ACCES;
	if (set->mask & (VSET_ATIME | VSET_MTIME) &&
	    !cred_owns(&rq->cred, a)) {
		if (times_given)
			return NFS3ERR_PERM;
		if (!cred_may(&rq->cred, a, CRED_WRITE))
			return NFS3ERR_ACCES;
	}
	return NFS3_OK;
}

static enum nfsstat3
setattr(struct request *rq, struct obj *o, struct vattr *after)
{
	const struct nfs3_setattr_args *args = rq->args;
	struct nfs3_time ctime;
	enum nfsstat3 status;
	struct vset set;
	struct verr e;

	if ((status = fattr_to_set(&args->attr, &set)) != NFS3_OK)
		return status;
	ctime = fattr_time(&o->attr.ctime);
	if (args->guard && (ctime.sec != args->guard_ctime.sec ||
	    ctime.nsec != args->guard_ctime.nsec) &&
	    !again_changed(rq, &o->attr))
		return NFS3ERR_NOT_SYNC;
	status = may_set(rq, o, &set,
	    args->attr.atime_how == NFS3_SET_TO_CLIENT_TIME ||
	    args->attr.mtime_how == NFS3_SET_TO_CLIENT_TIME);
	if (status != NFS3_OK)
		return status;
	settle_mode(rq, o, &set);
	if (vault_read_only(o->x->vault))
		return NFS3ERR_ROFS;
	if (set.mask == 0) {
		*after = o->attr;
		return NFS3_OK;
	}
	if ((rq->on_loop ? loc_set_now : loc_set)(o->x->vault, &o->loc,
	    o->attr.fileid, &set, after, &e) == -1)
		return status_here(rq, &e);
	return NFS3_OK;
}

enum nfsstat3
proc_setattr(struct request *rq)
{
	const struct nfs3_setattr_args *args = rq->args;
	struct nfs3_setattr_res *res = rq->res;
	struct vattr after;
	struct obj o;
	enum nfsstat3 status;

	if ((status = obj_get(rq, &args->obj, &o)) != NFS3_OK)
		return status;
	do {
		fattr_before(&res->wcc, &o.attr);
		status = setattr(rq, &o, &after);
	} while (obj_moved(rq, &args->obj, &o, &status));
	if (status == NFS3_OK ||
	    loc_attr(o.x->vault, &o.loc, o.attr.fileid, &after, NULL) == 0)
		fattr_set(&res->wcc.after, o.x, &after);
	obj_put(&o);
	return status;
}

/* One bit of ACCESS for each kind of object, and what it takes. */
static uint32_t
granted(const struct cred *c, const struct vattr *a)
{
	uint32_t bits = 0;
	bool r = cred_may(c, a, CRED_READ);
	bool w = cred_may(c, a, CRED_WRITE);
	bool x = cred_may(c, a, CRED_EXEC);

	if (r)
		bits |= NFS3_ACCESS_READ;
	if (a->type == VTYPE_DIR) {
		if (x)
			bits |= NFS3_ACCESS_LOOKUP;
		if (w && x)
			bits |= NFS3_ACCESS_MODIFY | NFS3_ACCESS_EXTEND |
			    NFS3_ACCESS_DELETE;
	} else {
		if (w)
			bits |= NFS3_ACCESS_MODIFY | NFS3_ACCESS_EXTEND;
		if (x)
			bits |= NFS3_ACCESS_EXECUTE;
	}
	return bits;
}

enum nfsstat3
proc_access(struct request *rq)
{
	const struct nfs3_access_args *args = rq->args;
	struct nfs3_access_res *res = rq->res;
	struct obj o;
	enum nfsstat3 status;

	if ((status = obj_get(rq, &args->obj, &o)) != NFS3_OK)
		return status;
	obj_attr(&o, &res->attr);
	/*
	 * A damaged file may have a clear size of 0, and no client sends a
	 * READ for that: the only place to say that it cannot be read.
	 */
	if (o.attr.damaged) {
		obj_put(&o);
		return NFS3ERR_IO;
	}
	res->access = granted(&rq->cred, &o.attr) & args->access;
	if (vault_read_only(o.x->vault))
		res->access &= ~(uint32_t)(NFS3_ACCESS_MODIFY |
		    NFS3_ACCESS_EXTEND | NFS3_ACCESS_DELETE);
	obj_put(&o);
	return NFS3_OK;
}
