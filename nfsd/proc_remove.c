/*
 * proc_remove.c - REMOVE, RMDIR (RFC 1813 3.3.12, 3.3.13).
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

static bool
is_dot(const struct slice *n)
{
	return n->len == 1 && n->s[0] == '.';
}

static bool
is_dotdot(const struct slice *n)
{
	return n->len == 2 && n->s[0] == '.' && n->s[1] == '.';
}

/*
 * Permission to take an entry away: write on the directory and, if that is
 * sticky, to own it or the entry.
 */
static enum nfsstat3
may_remove(struct request *rq, const struct obj *dir,
    const struct slice *name)
{
	struct entry ent;
	struct verr e;
	bool may;

	if (name->len > NFS3_NAME_MAX)
		return NFS3ERR_NAMETOOLONG;
	if (!cred_may(&rq->cred, &dir->attr, CRED_WRITE | CRED_EXEC))
		return NFS3ERR_ACCES;
	if (!(dir->attr.mode & S_ISVTX))
		return NFS3_OK;
	if (obj_lookup(rq, dir, name, &ent, &e) == -1)
		return status_here(rq, &e);
	export_owner(dir->x, &ent.attr);
	may = cred_may_delete(&rq->cred, &dir->attr, &ent.attr);
	dir_put(ent.dir);
	return may ? NFS3_OK : NFS3ERR_PERM;
}

enum nfsstat3
proc_remove(struct request *rq)
{
	const struct nfs3_remove_args *args = rq->args;
	struct nfs3_remove_res *res = rq->res;
	struct dir_change ch = { .quick = rq->on_loop,
	    .meet = again_meet, .ctx = rq };
	enum nfsstat3 status;
	struct obj dir;
	struct verr e;

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->dir_wcc.after);
	obj_saw(&dir, &ch);
	if (status == NFS3_OK && (is_dot(&args->name) ||
	    is_dotdot(&args->name)))
		status = NFS3ERR_ISDIR;
	if (status == NFS3_OK && !again_gone(rq, &dir, &args->name) &&
	    (status = may_remove(rq, &dir, &args->name)) == NFS3_OK &&
	    dir_unlink(dir.dir, rq->arena, args->name.s, args->name.len, &ch,
	    &e) == -1)
		status = status_here(rq, &e);
	obj_lost(rq, dir.x, &ch);
	fattr_dir_change(&res->dir_wcc, dir.x, &ch);
	obj_put(&dir);
	return status;
}

enum nfsstat3
proc_rmdir(struct request *rq)
{
	const struct nfs3_rmdir_args *args = rq->args;
	struct nfs3_rmdir_res *res = rq->res;
	struct dir_change ch = { .have_before = false };
	enum nfsstat3 status;
	struct obj dir;
	struct verr e;

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->dir_wcc.after);
	if (status == NFS3_OK && is_dot(&args->name))
		status = NFS3ERR_INVAL;
	if (status == NFS3_OK && is_dotdot(&args->name))
		status = NFS3ERR_EXIST;		/* RFC 1813 3.3.13 */
	if (status == NFS3_OK && !again_gone(rq, &dir, &args->name) &&
	    (status = may_remove(rq, &dir, &args->name)) == NFS3_OK &&
	    dir_rmdir(dir.dir, rq->arena, args->name.s, args->name.len, &ch,
	    &e) == -1)
		status = status_of(&e);
	fattr_dir_change(&res->dir_wcc, dir.x, &ch);
	obj_put(&dir);
	return status;
}
