/*
 * proc_readdir.c - READDIR, READDIRPLUS (RFC 1813 3.3.16, 3.3.17).
 *
 * One space of cookies for both: 1 is behind ".", 2 behind "..", and the rest
 * are the vault's (vault/dir.h), which stay valid while the directory changes
 * and across a restart; so the cookie verifier is always 0 and never checked.
 *
 * A page that the loop makes is not longer than others can wait for it, even
 * if the client would take more.
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

enum { COOKIE_DOT = 1, COOKIE_DOTDOT = 2 };

struct page {
	struct request		*rq;
	struct obj		*dir;
	struct nfs3_dirlist	*list;
	bool			 plus;
	bool			 full;
};

static bool
add(struct page *p, struct nfs3_dirent *d)
{
	if (nfs3_dirlist_add(p->list, d))
		return true;
	p->full = true;
	return false;
}

static bool
add_dir(struct page *p, const char *name, uint32_t len, uint64_t cookie,
    struct dir *dir, const struct vattr *a)
{
	struct nfs3_dirent d = {
		.fileid = a->fileid,
		.name = { name, len },
		.cookie = cookie,
	};

	if (p->plus) {
		fattr_set(&d.attr, p->dir->x, a);
		d.have_fh = obj_dir_fh(p->dir->x, dir, &d.fh);
	}
	return add(p, &d);
}

static bool
add_entry(void *ctx, const struct entry *ent)
{
	struct page *p = ctx;
	struct nfs3_dirent d = {
		.fileid = ent->attr.fileid,
		.name = { ent->name, (uint32_t)ent->name_len },
		.cookie = ent->cookie,
	};

	if (p->plus) {
		fattr_set(&d.attr, p->dir->x, &ent->attr);
		d.have_fh = obj_entry_fh(p->rq, p->dir->x, p->dir->dir, ent,
		    &d.fh);
	}
	return add(p, &d);
}

/* ".." of the root is the root. */
static enum nfsstat3
add_dotdot(struct page *p)
{
	struct vattr a;
	struct dir *up;
	struct verr e;

	up = dir_parent(p->dir->dir, !p->rq->on_loop, &e);
	if (up == NULL) {
		if (e.code == VERR_BUSY)
			return p->rq->on_loop ? PROC_HANDOVER : status_of(&e);
		/* Not linked from anywhere: it is its own, for want of one. */
		up = dir_ref(p->dir->dir);
	}
	if (dir_attr(up, &a, &e) == -1) {
		dir_put(up);
		return status_of(&e);
	}
	(void)add_dir(p, "..", 2, COOKIE_DOTDOT, up, &a);
	dir_put(up);
	return NFS3_OK;
}

static enum nfsstat3
fill(struct page *p, uint64_t cookie, bool *eof)
{
	struct obj *dir = p->dir;
	enum nfsstat3 status;
	uint32_t after;
	struct verr e;

	if (!cred_may(&p->rq->cred, &dir->attr, CRED_READ))
		return NFS3ERR_ACCES;
	if (cookie < COOKIE_DOT && !add_dir(p, ".", 1, COOKIE_DOT, dir->dir,
	    &dir->attr))
		goto out;
	if (cookie < COOKIE_DOTDOT) {
		if ((status = add_dotdot(p)) != NFS3_OK)
			return status;
		if (p->full)
			goto out;
	}
	after = cookie > UINT32_MAX ? UINT32_MAX : (uint32_t)cookie;
	if ((p->rq->on_loop ? dir_list_quick : dir_list)(dir->dir,
	    p->rq->arena, after, p->plus, add_entry, p, &e) == -1)
		return e.code == VERR_BUSY && p->rq->on_loop ? PROC_HANDOVER :
		    status_of(&e);
out:
	if (p->full && p->list->n == 0)
		return NFS3ERR_TOOSMALL;
	*eof = !p->full;
	return NFS3_OK;
}

static bool
new_list(struct request *rq, struct nfs3_dirlist *l, uint32_t dircount,
    uint32_t maxcount, bool plus)
{
	size_t most = rq->on_loop ? PROC_DIR_INLINE : PROC_DIR_MAX;
	size_t cap = maxcount < most ? maxcount : most;
	void *buf;

	if ((buf = arena_alloc(rq->arena, cap + 8)) == NULL)
		return false;
	nfs3_dirlist_init(l, buf, cap, dircount, (uint32_t)cap, plus);
	return true;
}

enum nfsstat3
proc_readdir(struct request *rq)
{
	const struct nfs3_readdir_args *args = rq->args;
	struct nfs3_readdir_res *res = rq->res;
	enum nfsstat3 status;
	struct obj dir;
	struct page p = { .rq = rq, .dir = &dir, .list = &res->list };

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->dir_attr);
	if (status == NFS3_OK)
		status = new_list(rq, p.list, 0, args->count, false) ?
		    fill(&p, args->cookie, &res->eof) : NFS3ERR_JUKEBOX;
	obj_put(&dir);
	return status;
}

enum nfsstat3
proc_readdirplus(struct request *rq)
{
	const struct nfs3_readdirplus_args *args = rq->args;
	struct nfs3_readdirplus_res *res = rq->res;
	enum nfsstat3 status;
	struct obj dir;
	struct page p = { .rq = rq, .dir = &dir, .list = &res->list,
	    .plus = true };

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->dir_attr);
	if (status == NFS3_OK)
		status = new_list(rq, p.list, args->dircount, args->maxcount,
		    true) ? fill(&p, args->cookie, &res->eof) :
		    NFS3ERR_JUKEBOX;
	obj_put(&dir);
	return status;
}
