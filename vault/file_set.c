#include "config.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/vault_int.h"

int
loc_attr(struct vault *v, const struct vloc *loc, uint64_t fileid,
    struct vattr *a, struct verr *e)
{
	struct host_stat st;
	uint64_t mark;

	do {
		mark = file_mark(v);
		if (host_stat(v->root, loc->path, &st) == -1) {
			if (errno == ENOENT || errno == ENOTDIR)
				return verr_code(e, VERR_STALE);
			return verr_sys(e, "cannot stat %s", loc->path);
		}
		if ((fileid != 0 && st.ino != fileid) ||
		    (loc->type == VTYPE_DIR) != !!S_ISDIR(st.mode))
			return verr_code(e, VERR_STALE);
		attr_from_stat(a, loc->type, v->cipher, &st);
	} while (loc->type == VTYPE_FILE && !file_fix(v, mark, a));
	return 0;
}

static int
set_size(struct vault *v, const struct vloc *loc, uint64_t fileid,
    uint64_t size, bool now, struct verr *e)
{
	struct file *f;
	int r;

	if (loc->type == VTYPE_DIR)
		return verr_code(e, VERR_ISDIR);
	if (loc->type != VTYPE_FILE)
		return verr_code(e, VERR_INVAL);
	f = now ? file_open_now(v, fileid) : file_open(v, loc, fileid, true, e);
	if (f == NULL)
		return now ? verr_code(e, VERR_BUSY) : -1;
	r = now ? file_empty_now(f, e) : file_truncate(f, size, NULL, e);
	file_put(f);
	return r;
}

/* It was there a moment ago. */
static int
cannot(const char *what, const struct vloc *loc, struct verr *e)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return verr_code(e, VERR_STALE);
	return verr_sys(e, "cannot set the %s of %s", what, loc->path);
}

/*
 * Before its times are set: writing it later would set them again.  A file that
 * is clean is not touched: reading its header could change its atime.
 */
static int
write_out(struct vault *v, uint64_t fileid, struct verr *e)
{
	struct file *f;
	bool dirty;
	int r = 0;

	if (v->wb.dirty_max == 0 || (f = file_open_now(v, fileid)) == NULL)
		return 0;
	lock_take(&v->files_lock);
	dirty = f->is_dirty;
	lock_drop(&v->files_lock);
	if (dirty && (r = file_take(f, true, true, e)) == 0) {
		r = file_flush(f, e);
		file_drop(f);
	}
	file_put(f);
	return r;
}

static bool
sets_at_once(struct vault *v, uint64_t fileid, const struct vset *set)
{
	bool dirty = false;
	struct file *f;

	if (v->sync_each || (set->mask & VSET_SIZE && set->size != 0))
		return false;
	/* What is dirty goes with the size. */
	if (!(set->mask & (VSET_ATIME | VSET_MTIME)) || set->mask & VSET_SIZE)
		return true;
	lock_take(&v->files_lock);
	if ((f = file_look(v, fileid)) != NULL)
		dirty = f->is_dirty;
	lock_drop(&v->files_lock);
	return !dirty;
}

static int
set_times(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const struct vset *set, struct verr *e)
{
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };

	if (loc->type == VTYPE_FILE && write_out(v, fileid, e) == -1)
		return -1;

	if (set->mask & VSET_ATIME)
		ts[0] = set->atime;
	if (set->mask & VSET_MTIME)
		ts[1] = set->mtime;
	if (host_utimes(v->root, loc->path, ts) == -1)
		return cannot("times", loc, e);
	return 0;
}

/* What was set is to be durable when it is answered. */
static int
make_durable(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const struct vset *set, struct verr *e)
{
	struct file *f;
	int r;

	if (set->mask & VSET_SIZE) {
		if ((f = file_open(v, loc, fileid, true, e)) == NULL)
			return -1;
		r = file_sync(f, e);
		file_put(f);
		return r;
	}
	if (host_sync_path(v->root, loc->path) == 0)
		return 0;
	/* EACCES: it may be changed, but not opened. */
	if (errno == EACCES && host_sync_all(v->root) == 0)
		return 0;
	return verr_sys(e, "cannot sync %s", loc->path);
}

/* What has no size: owner, mode and times. */
static int
set_others(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const struct vset *set, struct verr *e)
{
	if (set->mask & (VSET_UID | VSET_GID) && host_chown(v->root, loc->path,
	    set->mask & VSET_UID ? set->uid : (uid_t)-1,
	    set->mask & VSET_GID ? set->gid : (gid_t)-1) == -1)
		return cannot("owner", loc, e);
	/* A link's own mode cannot be set, and no system asks for it. */
	if (set->mask & VSET_MODE && loc->type != VTYPE_SYMLINK &&
	    host_chmod(v->root, loc->path, set->mode & 07777) == -1)
		return cannot("mode", loc, e);
	if (set->mask & (VSET_ATIME | VSET_MTIME))
		return set_times(v, loc, fileid, set, e);
	return 0;
}

static int
set_all(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const struct vset *set, bool now, struct vattr *a, struct verr *e)
{
	struct vattr mine;
	int r;

	if (a == NULL)
		a = &mine;
	if (v->read_only)
		return verr_code(e, VERR_ROFS);
	if (loc_attr(v, loc, fileid, a, e) == -1)
		return -1;
	if (set->mask & VSET_SIZE &&
	    set_size(v, loc, a->fileid, set->size, now, e) == -1)
		return -1;
	r = set_others(v, loc, a->fileid, set, e);
	if (loc->type == VTYPE_DIR)
		dir_attr_stale(v, loc->path);
	if (r == -1)
		return -1;
	if (v->sync_each && make_durable(v, loc, a->fileid, set, e) == -1)
		return -1;
	return loc_attr(v, loc, fileid, a, e);
}

int
loc_set(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const struct vset *set, struct vattr *a, struct verr *e)
{
	return set_all(v, loc, fileid, set, false, a, e);
}

int
loc_set_now(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const struct vset *set, struct vattr *a, struct verr *e)
{
	if (!sets_at_once(v, fileid, set))
		return verr_code(e, VERR_BUSY);
	return set_all(v, loc, fileid, set, true, a, e);
}
