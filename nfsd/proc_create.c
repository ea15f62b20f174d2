/*
 * proc_create.c - CREATE, MKDIR, SYMLINK, MKNOD (RFC 1813 3.3.8 to 3.3.11).
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
#include "nfsd/status.h"
#include "vault/vault.h"

static bool
is_dots(const struct slice *n)
{
	return (n->len == 1 && n->s[0] == '.') ||
	    (n->len == 2 && n->s[0] == '.' && n->s[1] == '.');
}

/* May a new entry of this name be made there at all? */
static enum nfsstat3
may_make(struct request *rq, const struct obj *dir, const struct slice *name)
{
	if (is_dots(name))
		return NFS3ERR_EXIST;
	if (name->len > NFS3_NAME_MAX)
		return NFS3ERR_NAMETOOLONG;
	if (!cred_may(&rq->cred, &dir->attr, CRED_WRITE | CRED_EXEC))
		return NFS3ERR_ACCES;
	return NFS3_OK;
}

/*
 * Owner and group of a new object: its maker's, but the group of a directory
 * with the set-group-id bit, which a new directory takes on as well.
 */
static enum nfsstat3
new_owner(struct request *rq, const struct obj *dir, bool is_dir,
    struct vset *set)
{
	const struct cred *c = &rq->cred;
	bool inherit = (dir->attr.mode & S_ISGID) != 0;

	if (set->mask & VSET_UID && set->uid != c->uid && c->uid != 0)
		return NFS3ERR_PERM;
	if (set->mask & VSET_GID && !cred_may_give(c, set->gid))
		return NFS3ERR_PERM;
	if (!(set->mask & VSET_UID))
		set->uid = c->uid;
	if (!(set->mask & VSET_GID))
		set->gid = inherit ? dir->attr.gid : c->gid;
	set->mask |= VSET_UID | VSET_GID;
	if (is_dir && inherit)
		set->mode |= S_ISGID;
	else
		set->mode = cred_mode_given(c, set->gid, set->mode);
	return NFS3_OK;
}

/* Attributes of a new object, if they may be given to it. */
static enum nfsstat3
new_set(struct request *rq, const struct obj *dir, const struct nfs3_sattr *s,
    uint32_t mode, bool is_dir, struct vset *set)
{
	enum nfsstat3 status = fattr_to_set(s, set);

	if (status != NFS3_OK)
		return status;
	if (!(set->mask & VSET_MODE)) {
		set->mask |= VSET_MODE;
		set->mode = mode;
	}
	if (dir->x->multi_user)
		return new_owner(rq, dir, is_dir, set);
	/* Everything appears as one owner's: nobody else can be given it. */
	if ((set->mask & VSET_UID && set->uid != dir->x->uid) ||
	    (set->mask & VSET_GID && set->gid != dir->x->gid))
		return NFS3ERR_PERM;
	set->mask &= ~(unsigned)(VSET_UID | VSET_GID);
	return NFS3_OK;
}

static enum nfsstat3
tell(struct request *rq, struct obj *dir, struct entry *ent,
    struct nfs3_made *made)
{
	made->have_fh = obj_entry_fh(rq, dir->x, dir->dir, ent, &made->obj);
	fattr_set(&made->obj_attr, dir->x, &ent->attr);
	dir_put(ent->dir);
	ent->dir = NULL;
	return NFS3_OK;
}

/* -- CREATE */

/*
 * EXCLUSIVE keeps its verifier in the times of the file, where it outlives the
 * server (as Linux's server does); the client sets real times next.  Seconds
 * have 31 bits, as every file system can store; the 32nd is in the fraction,
 * in tenths of a second, and on storage that keeps none it does not count.
 */
#define TENTH_NS	100000000L

static struct timespec
verf_time(uint32_t v)
{
	return (struct timespec){ v & 0x7fffffff,
	    v >> 31 == 0 ? TENTH_NS : 2 * TENTH_NS };
}

static void
verf_times(const uint8_t verf[NFS3_VERFSIZE], struct vset *set)
{
	uint32_t v[2];

	memcpy(v, verf, sizeof(v));
	set->mask |= VSET_ATIME | VSET_MTIME;
	set->atime = verf_time(v[0]);
	set->mtime = verf_time(v[1]);
}

static bool
is_time(const struct timespec *stored, const struct timespec *verf)
{
	return stored->tv_sec == verf->tv_sec &&
	    (stored->tv_nsec == verf->tv_nsec || stored->tv_nsec == 0);
}

static bool
is_resend(const struct vset *set, const struct entry *ent)
{
	return ent->attr.type == VTYPE_FILE && ent->attr.size == 0 &&
	    is_time(&ent->attr.atime, &set->atime) &&
	    is_time(&ent->attr.mtime, &set->mtime);
}

/* UNCHECKED and there already: only a size that was sent is applied. */
static enum nfsstat3
reuse(struct request *rq, struct obj *dir, struct entry *ent,
    const struct vset *set)
{
	struct vset size = { .mask = VSET_SIZE, .size = set->size };
	struct vattr a = ent->attr;
	struct verr e;

	if (ent->attr.type != VTYPE_FILE)
		return NFS3ERR_EXIST;
	if (!(set->mask & VSET_SIZE))
		return NFS3_OK;
	if (rq->on_loop)
		return PROC_HANDOVER;	/* cutting may take long */
	export_owner(dir->x, &a);
	if (!cred_owns(&rq->cred, &a) && !cred_may(&rq->cred, &a, CRED_WRITE))
		return NFS3ERR_ACCES;
	if (loc_set(dir->x->vault, &ent->loc, ent->attr.fileid, &size,
	    &ent->attr, &e) == -1)
		return status_of(&e);
	return NFS3_OK;
}

/*
 * A new file is empty: a size that was sent grows it, and then the times are
 * set once more.  If that cannot be, there is no new file.
 */
static enum nfsstat3
set_new_size(struct request *rq, struct obj *dir, struct entry *ent,
    const struct vset *set, struct dir_change *ch)
{
	struct dir_change undo = { .have_after = false };
	struct vset rest = *set;
	struct verr e;

	rest.mask &= VSET_SIZE | VSET_ATIME | VSET_MTIME;
	if (set->size == 0 || loc_set(dir->x->vault, &ent->loc,
	    ent->attr.fileid, &rest, &ent->attr, &e) == 0)
		return NFS3_OK;
	if (dir_unlink(dir->dir, rq->arena, ent->name, ent->name_len, &undo,
	    NULL) == 0 && undo.have_after)
		ch->after = undo.after;
	return status_of(&e);
}

static enum nfsstat3
create(struct request *rq, struct obj *dir, struct dir_change *ch)
{
	const struct nfs3_create_args *args = rq->args;
	struct nfs3_create_res *res = rq->res;
	enum nfsstat3 status;
	struct entry ent = { .dir = NULL };
	struct vset set;
	struct verr e;

	if ((status = may_make(rq, dir, &args->name)) != NFS3_OK ||
	    (status = new_set(rq, dir, &args->attr, 0644, false,
	    &set)) != NFS3_OK)
		return status;
	if (args->how == NFS3_EXCLUSIVE) {
		verf_times(args->verf, &set);
		set.mode = 0600;	/* the client sets the mode next */
	}
	if (rq->on_loop && set.mask & VSET_SIZE && set.size > 0)
		return PROC_HANDOVER;
	if (dir_create(dir->dir, rq->arena, args->name.s, args->name.len,
	    &set, &ent, ch, &e) == 0)
		status = set.mask & VSET_SIZE ?
		    set_new_size(rq, dir, &ent, &set, ch) : NFS3_OK;
	else if (e.code != VERR_EXIST || ent.name == NULL)
		return status_here(rq, &e);
	else if (args->how == NFS3_UNCHECKED)
		status = reuse(rq, dir, &ent, &set);
	else if (args->how == NFS3_EXCLUSIVE && is_resend(&set, &ent))
		status = NFS3_OK;
	else if (ent.attr.type == VTYPE_FILE && again_changed(rq, &ent.attr))
		status = NFS3_OK;
	else
		status = NFS3ERR_EXIST;
	if (status == NFS3_OK)
		return tell(rq, dir, &ent, &res->made);
	dir_put(ent.dir);
	return status;
}

enum nfsstat3
proc_create(struct request *rq)
{
	const struct nfs3_create_args *args = rq->args;
	struct nfs3_create_res *res = rq->res;
	struct dir_change ch = { .quick = rq->on_loop };
	enum nfsstat3 status;
	struct obj dir;

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->made.dir_wcc.after);
	obj_saw(&dir, &ch);
	if (status == NFS3_OK)
		status = create(rq, &dir, &ch);
	fattr_dir_change(&res->made.dir_wcc, dir.x, &ch);
	obj_put(&dir);
	return status;
}

/* -- MKDIR */

static enum nfsstat3
make_dir(struct request *rq, struct obj *dir, struct dir_change *ch)
{
	const struct nfs3_mkdir_args *args = rq->args;
	struct nfs3_mkdir_res *res = rq->res;
	enum nfsstat3 status;
	struct entry ent = { .dir = NULL };
	struct vset set;
	struct verr e;

	if ((status = may_make(rq, dir, &args->name)) != NFS3_OK ||
	    (status = new_set(rq, dir, &args->attr, 0755, true,
	    &set)) != NFS3_OK)
		return status;
	if (dir_mkdir(dir->dir, rq->arena, args->name.s, args->name.len,
	    &set, &ent, ch, &e) == 0)
		return tell(rq, dir, &ent, &res->made);
	dir_put(ent.dir);
	if (e.code == VERR_EXIST && again_made(rq, dir, &args->name,
	    VTYPE_DIR, &ent))
		return tell(rq, dir, &ent, &res->made);
	return status_of(&e);
}

enum nfsstat3
proc_mkdir(struct request *rq)
{
	const struct nfs3_mkdir_args *args = rq->args;
	struct nfs3_mkdir_res *res = rq->res;
	struct dir_change ch = { .have_before = false };
	enum nfsstat3 status;
	struct obj dir;

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->made.dir_wcc.after);
	if (status == NFS3_OK)
		status = make_dir(rq, &dir, &ch);
	fattr_dir_change(&res->made.dir_wcc, dir.x, &ch);
	obj_put(&dir);
	return status;
}

/* -- SYMLINK */

static enum nfsstat3
make_link(struct request *rq, struct obj *dir, struct dir_change *ch)
{
	const struct nfs3_symlink_args *args = rq->args;
	struct nfs3_symlink_res *res = rq->res;
	enum nfsstat3 status;
	struct entry ent = { .dir = NULL };
	struct vset set;
	struct verr e;

	if ((status = may_make(rq, dir, &args->name)) != NFS3_OK ||
	    (status = new_set(rq, dir, &args->attr, 0777, false,
	    &set)) != NFS3_OK)
		return status;
	set.mask &= ~(unsigned)VSET_SIZE;
	if (dir_symlink(dir->dir, rq->arena, args->name.s, args->name.len,
	    args->target.s, args->target.len, &set, &ent, ch, &e) == 0)
		return tell(rq, dir, &ent, &res->made);
	dir_put(ent.dir);
	if (e.code == VERR_EXIST && again_made(rq, dir, &args->name,
	    VTYPE_SYMLINK, &ent))
		return tell(rq, dir, &ent, &res->made);
	return status_of(&e);
}

enum nfsstat3
proc_symlink(struct request *rq)
{
	const struct nfs3_symlink_args *args = rq->args;
	struct nfs3_symlink_res *res = rq->res;
	struct dir_change ch = { .have_before = false };
	enum nfsstat3 status;
	struct obj dir;

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->made.dir_wcc.after);
	if (status == NFS3_OK)
		status = make_link(rq, &dir, &ch);
	fattr_dir_change(&res->made.dir_wcc, dir.x, &ch);
	obj_put(&dir);
	return status;
}

/* -- MKNOD: the format has no devices, fifos or sockets */

enum nfsstat3
proc_mknod(struct request *rq)
{
	const struct nfs3_mknod_args *args = rq->args;
	struct nfs3_mknod_res *res = rq->res;
	enum nfsstat3 status;
	struct obj dir;

	status = obj_get_dir(rq, &args->dir, &dir);
	if (dir.dir != NULL)
		obj_attr(&dir, &res->made.dir_wcc.after);
	if (status == NFS3_OK)
		status = may_make(rq, &dir, &args->name);
	if (status == NFS3_OK)
		status = args->type == NF3REG || args->type == NF3DIR ||
		    args->type == NF3LNK ? NFS3ERR_BADTYPE : NFS3ERR_NOTSUPP;
	obj_put(&dir);
	return status;
}
