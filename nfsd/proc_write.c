/*
 * proc_write.c - WRITE, COMMIT (RFC 1813 3.3.7, 3.3.21).
 *
 * UNSTABLE data is in memory when the reply leaves, clear and bounded or
 * encrypted in the system's page cache.  DATA_SYNC, FILE_SYNC and COMMIT reply
 * when it and the names that lead to it are on stable storage.
 * The verifier is the server's (server.h): new with every start, and again
 * after a sync has failed, since what was unstable may then be lost.
 */
#include "config.h"

#include <string.h>

#include "base/verr.h"
#include "nfsd/cred.h"
#include "nfsd/export.h"
#include "nfsd/fattr.h"
#include "nfsd/handle.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "nfsd/server_int.h"
#include "nfsd/status.h"
#include "nfsd/verifier.h"
#include "vault/vault.h"

static enum nfsstat3
may_write(struct request *rq, const struct obj *o)
{
	if (o->attr.type != VTYPE_FILE)
		return obj_is_dir(o) ? NFS3ERR_ISDIR : NFS3ERR_INVAL;
	if (!cred_owns(&rq->cred, &o->attr) &&
	    !cred_may(&rq->cred, &o->attr, CRED_WRITE))
		return NFS3ERR_ACCES;
	return NFS3_OK;
}

static enum nfsstat3
sync_file(struct request *rq, struct file *f, struct file_change *ch)
{
	struct verr e;

	if (file_sync_attr(f, ch, &e) == 0)
		return NFS3_OK;
	verifier_change(rq->srv);
	return status_of(&e);
}

/* Who writes to a program takes the rights of its owner from it. */
static void
clear_set_id(struct request *rq, struct obj *o)
{
	struct vset set = { .mask = VSET_MODE };

	set.mode = cred_mode_written(&rq->cred, &o->attr);
	if (set.mode != o->attr.mode)
		(void)loc_set(o->x->vault, &o->loc, o->attr.fileid, &set,
		    &o->attr, NULL);
}

/* Has nobody changed the file between two looks at it? */
static bool
looks_the_same(const struct vattr *a, const struct vattr *b)
{
	return a->size == b->size &&
	    memcmp(&a->mtime, &b->mtime, sizeof(a->mtime)) == 0 &&
	    memcmp(&a->ctime, &b->ctime, sizeof(a->ctime)) == 0;
}

static enum nfsstat3
write_file(struct request *rq, struct obj *o)
{
	const struct nfs3_write_args *args = rq->args;
	struct nfs3_write_res *res = rq->res;
	enum nfsstat3 status = NFS3_OK;
	struct file_change ch, synced = { .have_before = false };
	struct file *f;
	struct verr e;

	clear_set_id(rq, o);
	/* Before the data is written: a change in between must be seen. */
	verifier_get(rq->srv, res->verf);
	f = file_open(o->x->vault, &o->loc, o->attr.fileid, true, &e);
	if (f == NULL)
		return status_of(&e);
	if (file_write(f, args->offset, args->data.s, args->data.len, &ch,
	    &e) == -1)
		status = status_of(&e);
	else if (args->stable != NFS3_UNSTABLE)
		status = sync_file(rq, f, &synced);
	/* Another's change in between is not to be taken for this one. */
	if (!ch.have_before)
		ch = synced;
	else if (synced.have_after && ch.have_after &&
	    looks_the_same(&ch.after, &synced.before))
		ch.after = synced.after;
	fattr_file_change(&res->wcc, o->x, &ch);
	file_put(f);
	res->count = args->data.len;
	res->committed = args->stable == NFS3_UNSTABLE ? NFS3_UNSTABLE :
	    NFS3_FILE_SYNC;
	return status;
}

/*
 * On the loop: part of a chunk or two of a file that is open already, into
 * memory (file_write_now()).  PROC_HANDOVER: it takes more.
 */
static enum nfsstat3
write_here(struct request *rq)
{
	const struct nfs3_write_args *args = rq->args;
	struct nfs3_write_res *res = rq->res;
	const struct export *x;
	enum nfsstat3 status;
	struct file_change ch;
	struct file_seen seen;
	struct handle h;
	struct vattr a;
	struct file *f;
	struct verr e;

	if (args->stable != NFS3_UNSTABLE || args->count != args->data.len)
		return PROC_HANDOVER;
	status = handle_decode(rq->srv->exports, &args->file, &h, &x);
	if (status != NFS3_OK)
		return status;
	if (h.type != VTYPE_FILE || vault_read_only(x->vault) ||
	    (f = file_open_now(x->vault, h.fileid)) == NULL)
		return PROC_HANDOVER;
	status = PROC_HANDOVER;
	if (file_see(f, &a, &seen, NULL) == -1 || a.gen != h.gen ||
	    a.nlink == 0)
		goto out;
	export_owner(x, &a);
	if ((!cred_owns(&rq->cred, &a) && !cred_may(&rq->cred, &a,
	    CRED_WRITE)) || cred_mode_written(&rq->cred, &a) != a.mode)
		goto out;
	verifier_get(rq->srv, res->verf);
	if (file_write_now(f, &seen, args->offset, args->data.s,
	    args->data.len, &ch, &e) == 0)
		status = NFS3_OK;
	else
		status = status_here(rq, &e);
	fattr_file_change(&res->wcc, x, &ch);
	res->count = args->data.len;
	res->committed = NFS3_UNSTABLE;
out:
	file_put(f);
	return status;
}

enum nfsstat3
proc_write(struct request *rq)
{
	const struct nfs3_write_args *args = rq->args;
	struct nfs3_write_res *res = rq->res;
	enum nfsstat3 status;
	struct obj o;

	if (rq->on_loop)
		return write_here(rq);
	if ((status = obj_get(rq, &args->file, &o)) != NFS3_OK)
		return status;
	do {
		if (args->count != args->data.len)
			status = NFS3ERR_INVAL;
		else if ((status = may_write(rq, &o)) == NFS3_OK)
			status = write_file(rq, &o);
	} while (obj_moved(rq, &args->file, &o, &status));
	/* Nothing written, or it went wrong early: as it was found. */
	if (!res->wcc.after.present && status != NFS3ERR_STALE)
		obj_attr(&o, &res->wcc.after);
	obj_put(&o);
	return status;
}

static enum nfsstat3
commit_file(struct request *rq, struct obj *o)
{
	struct nfs3_commit_res *res = rq->res;
	enum nfsstat3 status;
	struct file_change ch;
	struct file *f;
	struct verr e;

	if ((status = may_write(rq, o)) != NFS3_OK ||
	    vault_read_only(o->x->vault))
		return status;
	f = file_open(o->x->vault, &o->loc, o->attr.fileid, false, &e);
	if (f == NULL)
		return status_of(&e);
	status = sync_file(rq, f, &ch);
	fattr_file_change(&res->wcc, o->x, &ch);
	file_put(f);
	return status;
}

enum nfsstat3
proc_commit(struct request *rq)
{
	const struct nfs3_commit_args *args = rq->args;
	struct nfs3_commit_res *res = rq->res;
	enum nfsstat3 status;
	struct vattr a;
	struct obj o;

	if ((status = obj_get(rq, &args->file, &o)) != NFS3_OK)
		return status;
	verifier_get(rq->srv, res->verf);
	do
		status = commit_file(rq, &o);
	while (obj_moved(rq, &args->file, &o, &status));
	if (!res->wcc.after.present &&
	    loc_attr(o.x->vault, &o.loc, o.attr.fileid, &a, NULL) == 0)
		fattr_set(&res->wcc.after, o.x, &a);
	obj_put(&o);
	return status;
}
