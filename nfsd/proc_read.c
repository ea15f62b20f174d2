/*
 * proc_read.c - READ (RFC 1813 3.3.6).
 *
 * Chunks are decrypted into pool buffers, and these are what is sent: the reply
 * refers to them, and they go back when its last byte is out.
 */
#include "config.h"

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cred.h"
#include "nfsd/export.h"
#include "nfsd/fattr.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
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
	if (file_read(f, args->offset, args->count, &rq->data, &res->eof,
	    &e) == -1)
		status = status_of(&e);
	else
		status = give(rq, &rq->data);
	if (file_attr(f, &a, NULL) == 0)
		fattr_set(&res->attr, o->x, &a);
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

	if ((status = obj_get(rq, &args->file, &o)) != NFS3_OK)
		return status;
	do {
		obj_attr(&o, &res->attr);
		status = read_file(rq, &o);
	} while (obj_moved(rq, &args->file, &o, &status));
	obj_put(&o);
	return status;
}
