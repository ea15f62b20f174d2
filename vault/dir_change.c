/*
 * Making files, directories and symlinks.
 *
 * What consists of more than one file is put together under a temporary name
 * in the directory's own folder and gets its name by one rename that replaces
 * nothing.  So nobody ever sees half of it, and what a crash leaves is a
 * temporary that no reader of the format takes for an entry (or, for mkdir, a
 * content folder without link, which Cryptomator's health check knows as an
 * orphan).  A file with a short name is one file, and made in place.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/entropy.h"
#include "base/verr.h"
#include "vault/dir_fresh.h"
#include "vault/file_int.h"

#define TARGET_MAX	4095	/* bytes of a link's target: PATH_MAX - 1 */

/* -- files */

/* By way of a temporary: a long name, or one that is in somebody's way. */
static int
create_node(struct dir *d, struct fresh *f, const struct vset *set,
    struct entry *ent, struct verr *e)
{
	char path[VLOC_MAX];
	struct vault *v = d->v;

	memcpy(path, f->tmp, sizeof(path));
	if (f->dn.is_long) {
		if (dir_fresh_node(v, f, e) == -1)
			return -1;
		dir_leaf_path(f->tmp, "contents.c9r", path);
	}
	if (file_make(v, path, 0644, NULL, 0, HOST_WHENEVER, e) == -1 ||
	    dir_fresh_apply(v, path, set, 0644, e) == -1 ||
	    dir_fresh_publish(d, f, NULL, ent, e) == -1) {
		dir_fresh_unmake(d, f, f->dn.is_long);
		return -1;
	}
	return 0;
}

/*
 * Under its own name at once, if nothing has that: who is stopped before the
 * header is written leaves 0 bytes, which are an empty file as well.
 */
static int
create_plain(struct dir *d, struct fresh *f, const struct vset *set,
    struct entry *ent, struct verr *e)
{
	static const struct vset nothing = { .mask = 0 };
	struct vault *v = d->v;
	struct file *file, *made;
	bool apart;
	mode_t mode;
	int r = 0;

	if (set == NULL)
		set = &nothing;
	mode = set->mask & VSET_MODE ? set->mode & 07777 : 0644;
	dir_entry_path(d, f->dn.entry, f->dn.entry_len, NULL, f->entry);
	if ((made = file = file_create(v, f->entry, mode, e)) == NULL)
		return -1;
	apart = (file->st.mode & 07777) != mode || set->mask & (VSET_UID |
	    VSET_GID | VSET_ATIME | VSET_MTIME);
	if (apart)
		r = dir_fresh_apply(v, f->entry, set, mode, e);
	if (r == -1)
		file_discard(file);
	else if ((file = file_publish(file, apart, ent == NULL ? NULL :
	    &ent->attr, e)) == NULL)
		r = -1;
	if (r == -1) {
		(void)host_unlink(v->root, f->entry);
		return -1;
	}
	vault_sync_note(v, d->path);
	dir_listing_added(d, f->entry);
	if (ent != NULL) {
		ent->name = f->name;
		ent->name_len = f->len;
		ent->cookie = 0;
		ent->dir = NULL;
		ent->loc.type = VTYPE_FILE;
		ent->loc.entry_len = (uint16_t)strlen(f->entry);
		memcpy(ent->loc.path, f->entry, sizeof(f->entry));
		if (file != made)
			r = file_attr(file, &ent->attr, e);
	}
	file_put(file);
	return r;
}

/* 1: it takes more than that; nothing has been done. */
static int
create_directly(struct dir *d, struct fresh *f, struct arena *a,
    const char *name, size_t len, const struct vset *set, bool quick,
    struct entry *ent, struct verr *e)
{
	f->kept = false;
	(void)name_nfc(a, name, len, &f->name, &f->len);
	if (dir_disk_name(d, f->name, f->len, &f->dn, e) == -1)
		return -1;
	if (f->dn.is_long || f->len != len || memcmp(f->name, name, len) != 0 ||
	    dir_look_odd(d, a, name, len, quick, e) == 0)
		return 1;
	if (e->code != VERR_NOENT)
		return -1;
	if (create_plain(d, f, set, ent, e) == 0)
		return 0;
	return e->code == VERR_EXIST ? 1 : -1;
}

static int
create_file(struct dir *d, struct arena *a, const char *name, size_t len,
    const struct vset *set, bool quick, struct entry *ent, struct verr *e)
{
	struct verr mine;
	struct fresh f;
	int r;

	if (e == NULL)
		e = &mine;
	if ((r = create_directly(d, &f, a, name, len, set, quick, ent,
	    e)) != 1)
		return r;
	if (dir_fresh_init(&f, d, a, name, len, quick, ent, e) == -1)
		return -1;
	if (quick)
		return verr_code(e, VERR_BUSY);
	return create_node(d, &f, set, ent, e);
}

int
dir_create(struct dir *d, struct arena *a, const char *name, size_t len,
    const struct vset *set, struct entry *ent, struct dir_change *ch,
    struct verr *e)
{
	bool quick = dir_is_quick(ch);
	struct change c;
	int r = -1;

	dir_change_none(ch);
	if (dir_change_take(&d->change, quick, e) == -1)
		return -1;
	if (dir_change_begin(&c, d, ch, e) == 0)
		r = create_file(d, a, name, len, set, quick, ent, e);
	dir_change_end(&c);
	lock_drop(&d->change);
	return dir_change_done(d, r, ent, e);
}

/* -- directories */

/* Only what we put in: somebody else's file keeps the folder. */
static void
unmake_content(struct dir *child)
{
	char path[VLOC_MAX];

	dir_leaf_path(child->path, VAULT_DIRID_FILE, path);
	(void)host_unlink(child->v->root, path);
	(void)host_rmdir(child->v->root, child->path);
}

/* The content folder of a new directory, with its backup of the id. */
static int
make_content(struct dir *child, const struct vset *set, struct verr *e)
{
	struct vault *v = child->v;
	char upper[8], path[VLOC_MAX];
	struct host_stat st;

	memcpy(upper, child->path, 4);		/* "d/XX" */
	upper[4] = '\0';
	if (host_mkdir(v->root, upper, 0755) == 0)
		vault_sync_note(v, "d");
	else if (errno != EEXIST)
		return verr_sys(e, "cannot make folder %s", upper);
	if (host_mkdir(v->root, child->path, 0755) == -1)
		return verr_sys(e, "cannot make folder %s", child->path);
	vault_sync_note(v, upper);
	dir_leaf_path(child->path, VAULT_DIRID_FILE, path);
	if (file_make(v, path, 0644, child->id, child->id_len,
	    HOST_WHENEVER, e) == -1 ||
	    dir_fresh_apply(v, child->path, set, 0755, e) == -1) {
		unmake_content(child);
		return -1;
	}
	if (host_stat(v->root, child->path, &st) == 0)
		dir_listing_new(child, &st);
	vault_sync_note(v, child->path);
	return 0;
}

static int
make_dir(struct dir *d, struct fresh *f, const struct vset *set,
    struct entry *ent, struct verr *e)
{
	struct vault *v = d->v;
	char id[37], path[VLOC_MAX];
	struct dir *child;

	if (!entropy_uuid(id))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	if ((child = dir_by_id(v, id, 36, e)) == NULL)
		return -1;
	if (make_content(child, set, e) == -1)
		goto err1;
	if (dir_fresh_node(v, f, e) == -1)
		goto err2;
	dir_leaf_path(f->tmp, "dir.c9r", path);
	if (host_write_file(v->root, path, id, 36, 0644,
	    dir_fresh_when()) == -1) {
		verr_sys(e, "cannot write %s", path);
		goto err3;
	}
	if (dir_fresh_publish(d, f, "dir.c9r", ent, e) == -1)
		goto err3;
	dir_put(child);
	return 0;

err3:
	dir_fresh_unmake(d, f, true);
	if (f->kept)
		goto err1;
err2:
	unmake_content(child);
err1:
	dir_put(child);
	return -1;
}

int
dir_mkdir(struct dir *d, struct arena *a, const char *name, size_t len,
    const struct vset *set, struct entry *ent, struct dir_change *ch,
    struct verr *e)
{
	struct change c;
	struct fresh f;
	int r = -1;

	lock_take(&d->change);
	if (dir_change_begin(&c, d, ch, e) == 0 &&
	    dir_fresh_init(&f, d, a, name, len, false, ent, e) == 0)
		r = make_dir(d, &f, set, ent, e);
	dir_change_end(&c);
	lock_drop(&d->change);
	return dir_change_done(d, r, ent, e);
}

/* -- symlinks */

static int
make_link(struct dir *d, struct fresh *f, const char *target,
    size_t target_len, const struct vset *set, struct entry *ent,
    struct verr *e)
{
	struct vault *v = d->v;
	struct vset times;
	char path[VLOC_MAX];

	if (dir_fresh_node(v, f, e) == -1)
		return -1;
	dir_leaf_path(f->tmp, "symlink.c9r", path);
	if (set != NULL) {
		times = *set;			/* links have no mode */
		times.mask &= ~(unsigned)VSET_MODE;
		set = &times;
	}
	if (file_make(v, path, 0644, target, target_len, dir_fresh_when(),
	    e) == -1 ||
	    dir_fresh_apply(v, path, set, 0, e) == -1 ||
	    dir_fresh_publish(d, f, "symlink.c9r", ent, e) == -1) {
		dir_fresh_unmake(d, f, true);
		return -1;
	}
	return 0;
}

int
dir_symlink(struct dir *d, struct arena *a, const char *name, size_t len,
    const char *target, size_t target_len, const struct vset *set,
    struct entry *ent, struct dir_change *ch, struct verr *e)
{
	struct change c;
	struct fresh f;
	int r = -1;

	dir_change_none(ch);
	if (target_len > TARGET_MAX)
		return verr_code(e, VERR_NAMETOOLONG);
	if (target_len == 0)
		return verr_code(e, VERR_NOENT);
	if (memchr(target, '\0', target_len) != NULL)
		return verr_code(e, VERR_INVAL);
	lock_take(&d->change);
	if (dir_change_begin(&c, d, ch, e) == 0 &&
	    dir_fresh_init(&f, d, a, name, len, false, ent, e) == 0)
		r = make_link(d, &f, target, target_len, set, ent, e);
	dir_change_end(&c);
	lock_drop(&d->change);
	return dir_change_done(d, r, ent, e);
}

/* -- hard links */

/*
 * err, from link(2).  EPERM is what storage without links says, and what a
 * directory gets that has taken the object's place.
 */
static int
cannot_link(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const char *path, int err, struct verr *e)
{
	struct host_stat st;

	if (err == ENOENT || err == ENOTDIR || (err == EPERM &&
	    (host_stat(v->root, loc->path, &st) == -1 || st.ino != fileid)))
		return verr_code(e, VERR_STALE);
	if (err == EPERM || err == EOPNOTSUPP || err == ENOSYS)
		return verr_fail(e, VERR_UNSUPPORTED, "the vault's storage "
		    "has no hard links");
	errno = err;
	return verr_sys(e, "cannot link %s to %s", loc->path, path);
}

/*
 * The storage's own link(2) on the ciphertext object.  It stays one file for
 * all who use this storage; a copy that a cloud client makes is two.
 */
static int
link_object(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const char *path, struct verr *e)
{
	struct host_stat st;

	if (host_link(v->root, loc->path, path) == -1)
		return cannot_link(v, loc, fileid, path, errno, e);
	/* Only names can be linked: is it still the one that was meant? */
	if (host_stat(v->root, path, &st) == -1)
		return verr_sys(e, "cannot stat %s", path);
	return st.ino == fileid ? 0 : verr_code(e, VERR_STALE);
}

static int
make_hard_link(struct dir *d, struct fresh *f, const struct vloc *loc,
    uint64_t fileid, struct entry *ent, struct verr *e)
{
	char path[VLOC_MAX];
	struct vault *v = d->v;
	bool folder = f->dn.is_long || loc->type == VTYPE_SYMLINK;

	memcpy(path, f->tmp, sizeof(path));
	if (folder) {
		if (dir_fresh_node(v, f, e) == -1)
			return -1;
		dir_leaf_path(f->tmp, loc->type == VTYPE_SYMLINK ?
		    "symlink.c9r" : "contents.c9r", path);
	}
	if (link_object(v, loc, fileid, path, e) == -1 ||
	    dir_fresh_publish(d, f, loc->type == VTYPE_SYMLINK ?
	    "symlink.c9r" : NULL, ent, e) == -1) {
		dir_fresh_unmake(d, f, folder);
		return -1;
	}
	return 0;
}

int
dir_link(struct dir *d, struct arena *a, const char *name, size_t len,
    const struct vloc *loc, uint64_t fileid, struct entry *ent,
    struct dir_change *ch, struct verr *e)
{
	struct change c;
	struct fresh f;
	struct vattr attr;
	int r = -1;

	dir_change_none(ch);
	if (loc->type == VTYPE_DIR)
		return verr_code(e, VERR_ISDIR);
	if (loc_attr(d->v, loc, fileid, &attr, e) == -1)
		return -1;
	atomic_fetch_add(&d->v->links, 1);	/* file_forget() */
	lock_take(&d->change);
	if (dir_change_begin(&c, d, ch, e) == 0 &&
	    dir_fresh_init(&f, d, a, name, len, false, ent, e) == 0)
		r = make_hard_link(d, &f, loc, fileid, ent, e);
	if (r == 0)
		dir_search_moved(d->v, fileid, d);
	else
		atomic_fetch_sub(&d->v->links, 1);
	dir_change_end(&c);
	lock_drop(&d->change);
	return dir_change_done(d, r, ent, e);
}
