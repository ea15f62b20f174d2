/*
 * proc_rename.c - RENAME, LINK (RFC 1813 3.3.14, 3.3.15).
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "base/verr.h"
#include "nfsd/again.h"
#include "nfsd/cred.h"
#include "nfsd/export.h"
#include "nfsd/fattr.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "nfsd/server_int.h"
#include "nfsd/status.h"

static bool
is_dots(const struct slice *n)
{
	return (n->len == 1 && n->s[0] == '.') ||
	    (n->len == 2 && n->s[0] == '.' && n->s[1] == '.');
}

/* A directory that gets another one above it is written to: its "..". */
static enum nfsstat3
may_move(struct request *rq, const struct obj *from, const struct slice *name)
{
	enum nfsstat3 status = NFS3_OK;
	struct entry ent;
	struct verr e;

	if (obj_lookup(rq, from, name, &ent, &e) == -1)
		return status_here(rq, &e);
	export_owner(from->x, &ent.attr);
	if (ent.dir != NULL && !cred_may(&rq->cred, &ent.attr, CRED_WRITE))
		status = NFS3ERR_ACCES;
	dir_put(ent.dir);
	return status;
}

/* One end of the move: write, and the sticky bit if an entry is there. */
static enum nfsstat3
may_touch(struct request *rq, const struct obj *dir,
    const struct slice *name, bool must_be_there)
{
	struct entry ent;
	struct verr e;
	bool may;

	if (!cred_may(&rq->cred, &dir->attr, CRED_WRITE | CRED_EXEC))
		return NFS3ERR_ACCES;
	if (!(dir->attr.mode & S_ISVTX))
		return NFS3_OK;
	if (obj_lookup(rq, dir, name, &ent, &e) == -1) {
		if (e.code == VERR_NOENT && !must_be_there)
			return NFS3_OK;
		return status_here(rq, &e);
	}
	export_owner(dir->x, &ent.attr);
	may = cred_may_delete(&rq->cred, &dir->attr, &ent.attr);
	dir_put(ent.dir);
	return may ? NFS3_OK : NFS3ERR_PERM;
}

static enum nfsstat3
rename_entry(struct request *rq, struct obj *from, struct obj *to,
    struct dir_change *ch_from, struct dir_change *ch_to)
{
	const struct nfs3_rename_args *args = rq->args;
	const struct slice *n = &args->from_name, *m = &args->to_name;
	enum nfsstat3 status;
	struct nfs3_fh fh;
	struct entry ent;
	struct verr e;

	if (from->x != to->x)
		return NFS3ERR_XDEV;
	if (is_dots(n) || is_dots(m))
		return NFS3ERR_INVAL;
	if (n->len > NFS3_NAME_MAX || m->len > NFS3_NAME_MAX)
		return NFS3ERR_NAMETOOLONG;
	if (again_gone(rq, from, n) && again_moved(rq, to, m))
		return NFS3_OK;
	if ((status = may_touch(rq, from, n, true)) != NFS3_OK ||
	    (status = may_touch(rq, to, m, false)) != NFS3_OK)
		return status;
	if (from->attr.fileid != to->attr.fileid && rq->cred.uid != 0 &&
	    (status = may_move(rq, from, n)) != NFS3_OK)
		return status;
	if (dir_rename(from->dir, to->dir, rq->arena, n->s, n->len, m->s,
	    m->len, &ent, ch_from, ch_to, &e) == -1)
		return status_here(rq, &e);
	/* Where it is now: handles that clients hold lead there at once. */
	(void)obj_entry_fh(rq, to->x, to->dir, &ent, &fh);
	dir_put(ent.dir);
	return NFS3_OK;
}

/* Most renames stay in their directory. */
static enum nfsstat3
get_target(struct request *rq, const struct obj *from, struct obj *to)
{
	const struct nfs3_rename_args *args = rq->args;

	if (args->from_dir.len != args->to_dir.len ||
	    memcmp(args->from_dir.data, args->to_dir.data,
	    args->to_dir.len) != 0)
		return obj_get_dir(rq, &args->to_dir, to);
	*to = *from;
	(void)dir_ref(to->dir);
	return NFS3_OK;
}

enum nfsstat3
proc_rename(struct request *rq)
{
	const struct nfs3_rename_args *args = rq->args;
	struct nfs3_rename_res *res = rq->res;
	struct dir_change ch_from = { .quick = rq->on_loop,
	    .meet = again_meet, .ctx = rq };
	struct dir_change ch_to = { .quick = rq->on_loop };
	struct obj from, to = { .dir = NULL };
	enum nfsstat3 status;

	status = obj_get_dir(rq, &args->from_dir, &from);
	if (from.dir != NULL)
		obj_attr(&from, &res->from_wcc.after);
	obj_saw(&from, &ch_from);
	if (status == NFS3_OK)
		status = get_target(rq, &from, &to);
	if (to.dir != NULL)
		obj_attr(&to, &res->to_wcc.after);
	if (status == NFS3_OK)
		status = rename_entry(rq, &from, &to, &ch_from, &ch_to);
	obj_lost(rq, to.x, &ch_from);
	fattr_dir_change(&res->from_wcc, from.x, &ch_from);
	fattr_dir_change(&res->to_wcc, to.x, &ch_to);
	obj_put(&from);
	obj_put(&to);
	return status;
}

/* -- LINK: a hard link of the ciphertext, where the storage can */

static enum nfsstat3
link_entry(struct request *rq, struct obj *o, struct obj *dir,
    struct dir_change *ch)
{
	const struct nfs3_link_args *args = rq->args;
	const struct slice *n = &args->name;
	struct nfs3_fh fh;
	struct entry ent = { .dir = NULL };
	struct verr e;

	if (rq->srv->opt.no_links)
		return NFS3ERR_NOTSUPP;
	if (o->x != dir->x)
		return NFS3ERR_XDEV;
	if (is_dots(n))
		return NFS3ERR_EXIST;
	if (n->len > NFS3_NAME_MAX)
		return NFS3ERR_NAMETOOLONG;
	if (!cred_may(&rq->cred, &dir->attr, CRED_WRITE | CRED_EXEC))
		return NFS3ERR_ACCES;
	if (dir_link(dir->dir, rq->arena, n->s, n->len, &o->loc,
	    o->attr.fileid, &ent, ch, &e) == -1) {
		dir_put(ent.dir);	/* what has the name already */
		if (e.code == VERR_EXIST && again_made(rq, dir, n,
		    o->attr.type, &ent) && ent.attr.fileid == o->attr.fileid)
			return NFS3_OK;
		return status_of(&e);
	}
	/* The last name that was seen is where it is looked for first. */
	(void)obj_entry_fh(rq, dir->x, dir->dir, &ent, &fh);
	return NFS3_OK;
}

enum nfsstat3
proc_link(struct request *rq)
{
	const struct nfs3_link_args *args = rq->args;
	struct nfs3_link_res *res = rq->res;
	struct dir_change ch = { .have_before = false };
	struct obj o, dir = { .dir = NULL };
	enum nfsstat3 status;
	struct vattr a;

	status = obj_get(rq, &args->file, &o);
	if (status == NFS3_OK) {
		obj_attr(&o, &res->attr);
		status = obj_get_dir(rq, &args->dir, &dir);
	}
	if (dir.dir != NULL)
		obj_attr(&dir, &res->dir_wcc.after);
	if (status == NFS3_OK)
		do
			status = link_entry(rq, &o, &dir, &ch);
		while (obj_moved(rq, &args->file, &o, &status));
	if (status == NFS3_OK && loc_attr(o.x->vault, &o.loc, o.attr.fileid,
	    &a, NULL) == 0)
		fattr_set(&res->attr, o.x, &a);
	fattr_dir_change(&res->dir_wcc, dir.x, &ch);
	obj_put(&o);
	obj_put(&dir);
	return status;
}
