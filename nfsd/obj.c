#include "config.h"

#include <string.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/attrs.h"
#include "nfsd/export.h"
#include "nfsd/fattr.h"
#include "nfsd/handle.h"
#include "nfsd/loop.h"
#include "nfsd/node.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "nfsd/server_int.h"
#include "nfsd/status.h"
#include "nfsd/storage.h"

/* The directory that a handle names, as its own or its parent's. */
static enum nfsstat3
get_dir(struct request *rq, const struct export *x,
    const struct handle_dir *hd, struct dir **d)
{
	char id[37];
	struct verr e;
	size_t len;

	if (hd->form == HANDLE_HASH)
		*d = dir_by_hash(x->vault, hd->id, !rq->on_loop, &e);
	else {
		len = handle_dir_id(hd, id);
		*d = dir_by_id(x->vault, id, len, &e);
	}
	if (*d != NULL)
		return NFS3_OK;
	if (e.code == VERR_BUSY && rq->on_loop)
		return PROC_HANDOVER;	/* dir.h: it would be searched for */
	return e.code == VERR_NOENT ? NFS3ERR_STALE : status_of(&e);
}

static enum nfsstat3
resolve_dir(struct request *rq, const struct handle *h, struct obj *o)
{
	enum nfsstat3 status;
	struct verr e;

	if ((status = get_dir(rq, o->x, &h->dir, &o->dir)) != NFS3_OK)
		return status;
	o->as_of = dir_changes(o->dir);
	if ((rq->proc->alters ? dir_attr_left : dir_attr)(o->dir, &o->attr,
	    &e) == -1) {
		obj_put(o);
		return status_of(&e);
	}
	o->loc.type = VTYPE_DIR;
	o->loc.entry_len = 0;
	strcpy(o->loc.path, dir_path(o->dir));
	return NFS3_OK;
}

/* Where it was seen last; false: it is not there any more. */
static bool
resolve_known(struct request *rq, const struct handle *h, struct obj *o,
    struct verr *e)
{
	struct vault *v = o->x->vault;

	e->code = VERR_STALE;
	if (!node_find(rq->srv->nodes, o->x, h->fileid, h->gen, &o->loc,
	    &o->dir))
		return false;
	if (loc_attr(v, &o->loc, h->fileid, &o->attr, e) == 0 &&
	    o->attr.gen == h->gen)
		return true;
	obj_put(o);
	return false;
}

/* Look for it: where the handle says, then everywhere. */
static enum nfsstat3
search(struct request *rq, const struct handle *h, struct obj *o)
{
	struct handle_dir hd = h->dir;
	enum nfsstat3 status;
	struct entry ent;
	struct verr e = { .code = VERR_NOENT };
	int r = -1;

	status = get_dir(rq, o->x, &h->dir, &o->dir);
	if (status == NFS3_OK) {
		r = dir_find(o->dir, rq->arena, h->fileid, h->gen, &ent, &e);
		if (r == -1)
			obj_put(o);
	} else if (status != NFS3ERR_STALE)
		return status;
	if (r == -1 && e.code == VERR_NOENT)
		r = dir_find_anywhere(o->x->vault, rq->arena, h->fileid,
		    h->gen, &ent, &o->dir, &e);
	if (r == -1)
		return e.code == VERR_NOENT ? NFS3ERR_STALE : status_of(&e);
	o->loc = ent.loc;
	o->attr = ent.attr;
	node_learn(rq->srv->nodes, o->x, o->dir, &o->loc, &o->attr, &hd);
	return NFS3_OK;
}

/*
 * Gone, or is all of the vault away for the moment (a network, a sync client)?
 * Clients forget what is stale for good, and of the root it ends the mount.
 */
static enum nfsstat3
gone(struct request *rq, const struct export *x, const struct handle *h)
{
	struct vattr a;
	struct verr e;
	struct dir *root = dir_root(x->vault, &e);
	bool away = dir_attr(root, &a, &e) == -1;

	dir_put(root);
	if (!away) {
		node_forget(rq->srv->nodes, x, h->fileid, h->gen);
		return NFS3ERR_STALE;
	}
	log_warn("/%s: the folder of its root is away", x->name);
	return NFS3ERR_IO;
}

/* The storage is no place for the loop now; perhaps it is not needed. */
static enum nfsstat3
from_memory(struct request *rq, const struct nfs3_fh *fh, struct obj *o)
{
	if (!rq->proc->attrs_only ||
	    storage_state(o->x->storage) != STORAGE_SLOW)
		return PROC_HANDOVER;
	switch (attrs_find(rq->srv->attrs, fh, &o->attr, loop_clock_us())) {
	case ATTRS_NONE:
		return PROC_HANDOVER;
	case ATTRS_OLD:
		rq->refresh = true;
		break;
	case ATTRS_GOOD:
		break;
	}
	return NFS3_OK;
}

static void
remember(struct request *rq, const struct export *x, const struct nfs3_fh *fh,
    const struct vattr *a)
{
	if (!rq->on_loop && storage_state(x->storage) != STORAGE_QUICK)
		attrs_learn(rq->srv->attrs, fh, a, rq->seq, loop_clock_us());
}

/* By stat and, if need be, search. */
static enum nfsstat3
from_storage(struct request *rq, const struct handle *h, struct obj *o)
{
	struct verr e;

	if (h->type == VTYPE_DIR)
		return resolve_dir(rq, h, o);
	if (resolve_known(rq, h, o, &e))
		return NFS3_OK;
	if (e.code != VERR_STALE)
		return status_of(&e);
	return rq->on_loop ? PROC_HANDOVER : search(rq, h, o);
}

enum nfsstat3
obj_get(struct request *rq, const struct nfs3_fh *fh, struct obj *o)
{
	enum nfsstat3 status;
	struct handle h;

	o->dir = NULL;
	o->as_of = 0;
	status = handle_decode(rq->srv->exports, fh, &h, &o->x);
	if (status != NFS3_OK)
		return status;
	rq->export = o->x;
	if (rq->on_loop && storage_state(o->x->storage) != STORAGE_QUICK)
		status = from_memory(rq, fh, o);
	else if ((status = from_storage(rq, &h, o)) == NFS3_OK)
		remember(rq, o->x, fh, &o->attr);
	if (status == NFS3_OK)
		export_owner(o->x, &o->attr);
	return status == NFS3ERR_STALE ? gone(rq, o->x, &h) : status;
}

enum nfsstat3
obj_get_dir(struct request *rq, const struct nfs3_fh *fh, struct obj *o)
{
	enum nfsstat3 status = obj_get(rq, fh, o);

	if (status == NFS3_OK && !obj_is_dir(o))
		return NFS3ERR_NOTDIR;
	return status;
}

int
obj_lookup(struct request *rq, const struct obj *dir,
    const struct slice *name, struct entry *ent, struct verr *e)
{
	return (rq->on_loop ? dir_lookup_quick : dir_lookup)(dir->dir,
	    rq->arena, name->s, name->len, ent, e);
}

bool
obj_moved(struct request *rq, const struct nfs3_fh *fh, struct obj *o,
    enum nfsstat3 *status)
{
	struct vloc was = o->loc;

	if (*status != NFS3ERR_STALE)
		return false;
	obj_put(o);
	if ((*status = obj_get(rq, fh, o)) != NFS3_OK)
		return false;
	if (strcmp(o->loc.path, was.path) != 0)
		return true;
	*status = NFS3ERR_STALE;
	return false;
}

void
obj_saw(const struct obj *dir, struct dir_change *ch)
{
	ch->seen = &dir->attr;
	ch->seen_as_of = dir->as_of;
}

void
obj_lost(struct request *rq, const struct export *x,
    const struct dir_change *ch)
{
	if (ch->lost != 0)
		node_forget(rq->srv->nodes, x, ch->lost, ch->lost_gen);
}

void
obj_put(struct obj *o)
{
	dir_put(o->dir);
	o->dir = NULL;
}

void
obj_attr(const struct obj *o, struct nfs3_attr *out)
{
	fattr_set(out, o->x, &o->attr);
}

bool
obj_dir_fh(const struct export *x, const struct dir *d, struct nfs3_fh *fh)
{
	struct handle h = { .type = VTYPE_DIR };

	handle_dir_of(d, &h.dir);
	return handle_encode(x, &h, fh);
}

bool
obj_entry_fh(struct request *rq, const struct export *x, struct dir *dir,
    const struct entry *ent, struct nfs3_fh *fh)
{
	struct handle h;

	if (ent->dir != NULL)
		return obj_dir_fh(x, ent->dir, fh);
	h.type = ent->attr.type;
	h.fileid = ent->attr.fileid;
	h.gen = ent->attr.gen;
	handle_dir_of(dir, &h.dir);
	node_learn(rq->srv->nodes, x, dir, &ent->loc, &ent->attr, &h.dir);
	if (!handle_encode(x, &h, fh))
		return false;
	/* What was changed is seen anew when it is asked for. */
	if (rq->proc->keep)
		attrs_forget(rq->srv->attrs, fh);
	else
		remember(rq, x, fh, &ent->attr);
	return true;
}
