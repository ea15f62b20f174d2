/*
 * proc_read.c - READ (RFC 1813 3.3.6).
 *
 * Chunks are decrypted into pool buffers, and these are what is sent: the reply
 * refers to them, and they go back when its last byte is out.  On the loop
 * only what is in memory is read (file_read_attr()); to open a file is a look
 * at the storage, as a LOOKUP is.
 */
#include "config.h"

#include "base/arena.h"
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

/*
 * Programs are read to be run, and the owner of an open descriptor goes on
 * reading whatever the mode has become (as Linux's server has it).
 */
static bool
may_read(const struct cred *c, const struct vattr *a)
{
	return cred_owns(c, a) || cred_may(c, a, CRED_READ) ||
	    cred_may(c, a, CRED_EXEC);
}

static enum nfsstat3
give(struct request *rq, const struct iolist *l)
{
	struct nfs3_read_res *res = rq->res;
	struct iovec *iov;
	unsigned i;

	iov = arena_alloc(rq->arena, (l->n + 1) * sizeof(*iov));
	if (iov == NULL)
		return NFS3ERR_JUKEBOX;
	for (i = 0; i < l->n; i++) {
		iov[i].iov_base = (void *)(uintptr_t)l->piece[i].data;
		iov[i].iov_len = l->piece[i].len;
	}
	res->data = iov;
	res->ndata = l->n;
	res->count = (uint32_t)l->total;
	return NFS3_OK;
}

/* It was not open; NULL: a worker has to look for it, or says why not. */
static struct file *
open_here(struct request *rq, const struct export *x)
{
	const struct nfs3_read_args *args = rq->args;
	struct file *f = NULL;
	struct verr e;
	struct obj o;

	if (!file_reads_now(x->vault) ||
	    obj_get(rq, &args->file, &o) != NFS3_OK)
		return NULL;
	if (o.attr.type == VTYPE_FILE && may_read(&rq->cred, &o.attr))
		f = file_open(o.x->vault, &o.loc, o.attr.fileid, false, &e);
	obj_put(&o);
	return f;
}

/*
 * A file that is open already needs no look at its name: the handle says which
 * it is, and the open descriptor has its attributes.  PROC_HANDOVER: it is not
 * open, or not that file any more, or (wait false) it would have to be waited
 * for.
 */
static enum nfsstat3
read_open(struct request *rq, bool wait)
{
	const struct nfs3_read_args *args = rq->args;
	struct nfs3_read_res *res = rq->res;
	const struct export *x;
	enum nfsstat3 status;
	struct handle h;
	struct vattr a;
	struct file *f;
	struct verr e;
	int r;

	status = handle_decode(rq->srv->exports, &args->file, &h, &x);
	if (status != NFS3_OK)
		return status;
	if (h.type != VTYPE_FILE)
		return PROC_HANDOVER;
	f = file_open_now(x->vault, h.fileid);
	if (f == NULL && (!rq->on_loop || (f = open_here(rq, x)) == NULL))
		return PROC_HANDOVER;
	r = file_read_attr(f, args->offset, args->count, wait, &rq->data,
	    &res->eof, &a, &e);
	file_put(f);
	if (r == -1)
		return PROC_HANDOVER;
	export_owner(x, &a);
	if (a.gen != h.gen || a.nlink == 0 || !may_read(&rq->cred, &a)) {
		iolist_free(&rq->data);
		return PROC_HANDOVER;
	}
	fattr_set(&res->attr, x, &a);
	return give(rq, &rq->data);
}

static enum nfsstat3
read_file(struct request *rq, struct obj *o)
{
	const struct nfs3_read_args *args = rq->args;
	struct nfs3_read_res *res = rq->res;
	enum nfsstat3 status = NFS3_OK;
	struct vattr a;
	struct file *f;
	struct verr e;

	if (o->attr.type != VTYPE_FILE)
		return obj_is_dir(o) ? NFS3ERR_ISDIR : NFS3ERR_INVAL;
	if (!may_read(&rq->cred, &o->attr))
		return NFS3ERR_ACCES;
	f = file_open(o->x->vault, &o->loc, o->attr.fileid, false, &e);
	if (f == NULL)
		return status_of(&e);
	if (file_read_attr(f, args->offset, args->count, true, &rq->data,
	    &res->eof, &a, &e) == -1) {
		status = status_of(&e);
		if (file_attr(f, &a, NULL) == 0)
			fattr_set(&res->attr, o->x, &a);
	} else {
		fattr_set(&res->attr, o->x, &a);
		status = give(rq, &rq->data);
	}
	file_put(f);
	return status;
}

enum nfsstat3
proc_read(struct request *rq)
{
	const struct nfs3_read_args *args = rq->args;
	struct nfs3_read_res *res = rq->res;
	enum nfsstat3 status;
	struct obj o;

	if (rq->on_loop && (args->count > PROC_READ_INLINE ||
	    (args->count > PROC_READ_SMALL && !rq->alone)))
		return PROC_HANDOVER;
	status = read_open(rq, !rq->on_loop);
	if (status != PROC_HANDOVER || rq->on_loop)
		return status;
	if ((status = obj_get(rq, &args->file, &o)) != NFS3_OK)
		return status;
	do {
		obj_attr(&o, &res->attr);
		status = read_file(rq, &o);
	} while (obj_moved(rq, &args->file, &o, &status));
	obj_put(&o);
	return status;
}
