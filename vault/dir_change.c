/*
 * Making files, directories and symlinks.
 *
 * What is made is put together under a temporary name in the directory's own
 * folder and gets its name by one rename that replaces nothing.  So nobody ever
 * sees half of it, and what a crash leaves is a temporary that no reader of
 * the format takes for an entry (or, for mkdir, a content folder without
 * link, which Cryptomator's health check knows as an orphan).
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/entropy.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/vault_int.h"

#define TARGET_MAX	4095	/* bytes of a link's target: PATH_MAX - 1 */

/*
 * Mode, owner and times of a new object at path.  A mode that was not asked
 * for is mode, whatever the umask made of it; 0: left as it is.
 */
static int
apply(struct vault *v, const char *path, const struct vset *set, mode_t mode,
    struct verr *e)
{
	static const struct vset nothing = { .mask = 0 };
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };

	if (set == NULL)
		set = &nothing;
	if (set->mask & VSET_MODE)
		mode = set->mode & 07777;
	if (set->mask & (VSET_UID | VSET_GID) &&
	    host_chown(v->root, path,
	    set->mask & VSET_UID ? set->uid : (uid_t)-1,
	    set->mask & VSET_GID ? set->gid : (gid_t)-1) == -1)
		return verr_sys(e, "cannot change the owner of %s", path);
	if ((mode != 0 || set->mask & VSET_MODE) &&
	    host_chmod(v->root, path, mode) == -1)
		return verr_sys(e, "cannot change the mode of %s", path);
	if (set->mask & VSET_ATIME)
		ts[0] = set->atime;
	if (set->mask & VSET_MTIME)
		ts[1] = set->mtime;
	if (set->mask & (VSET_ATIME | VSET_MTIME) &&
	    host_utimes(v->root, path, ts) == -1)
		return verr_sys(e, "cannot change the times of %s", path);
	return 0;
}

/* A place for a new entry: its name is free. */
struct fresh {
	struct diskname	dn;
	const char	*name;			/* NFC, in the arena */
	size_t		 len;
	char		 tmp[VLOC_MAX];		/* temporary name */
	char		 entry[VLOC_MAX];	/* final name */
	bool		 kept;			/* it has that, come what may */
};

static int
fresh_init(struct fresh *f, struct dir *d, struct arena *a, const char *name,
    size_t len, struct entry *ent, struct verr *e)
{
	struct entry there;
	struct verr mine;

	if (e == NULL)
		e = &mine;
	f->kept = false;
	(void)name_nfc(a, name, len, &f->name, &f->len);
	if (dir_disk_name(d, f->name, f->len, &f->dn, e) == -1)
		return -1;
	if (dir_lookup(d, a, name, len, &there, e) == 0) {
		if (ent != NULL)
			*ent = there;
		else
			dir_put(there.dir);
		return verr_code(e, VERR_EXIST);
	}
	if (e->code != VERR_NOENT)
		return -1;
	if (!dir_tmp_path(d, f->tmp))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	dir_entry_path(d, f->dn.entry, f->dn.entry_len, NULL, f->entry);
	return 0;
}

/* The folder that a directory, a symlink or a long name is on disk. */
static int
make_node(struct vault *v, struct fresh *f, struct verr *e)
{
	char path[VLOC_MAX];

	if (host_mkdir(v->root, f->tmp, 0755) == -1)
		return verr_sys(e, "cannot make folder %s", f->tmp);
	if (!f->dn.is_long)
		return 0;
	dir_leaf_path(f->tmp, "name.c9s", path);
	if (host_write_file(v->root, path, f->dn.full, f->dn.full_len, 0644,
	    false) == -1) {
		verr_sys(e, "cannot write %s", path);
		dir_remove_tree(v, f->tmp, true);
		return -1;
	}
	return 0;
}

/*
 * The name of the new entry is durable with d's folder; what is inside it
 * (leaf, if not NULL, and the long name) is not, unless it is synced too.
 */
static void
note_fresh(struct dir *d, const struct fresh *f, const char *leaf)
{
	vault_sync_note(d->v, d->path);
	if (leaf != NULL || f->dn.is_long)
		dir_sync_node(d->v, f->entry, leaf, f->dn.is_long);
}

/* Give it its name, and tell what is there now. */
static int
publish(struct dir *d, struct fresh *f, const char *leaf, struct entry *ent,
    struct verr *e)
{
	struct entry mine;

	if (dir_take_name(d, f->tmp, f->entry) == -1) {
		if (errno == EEXIST || errno == ENOTEMPTY)
			return verr_fail(e, VERR_EXIST, "%s is there already, "
			    "but cannot be shown", f->entry);
		return verr_sys(e, "cannot rename to %s", f->entry);
	}
	note_fresh(d, f, leaf);
	if (ent == NULL)
		ent = &mine;
	if (dir_probe(d, f->dn.entry, f->dn.entry_len, ent, e) == -1) {
		f->kept = host_rename_new(d->v->root, f->entry, f->tmp) == -1;
		return -1;
	}
	ent->name = f->name;
	ent->name_len = f->len;
	ent->cookie = 0;
	if (ent == &mine)
		dir_put(ent->dir);
	return 0;
}

static void
unmake(struct dir *d, const struct fresh *f, bool folder)
{
	if (!f->kept)
		dir_remove_tree(d->v, f->tmp, folder);
}

static int
create_file(struct dir *d, struct fresh *f, const struct vset *set,
    struct entry *ent, struct verr *e)
{
	char path[VLOC_MAX];
	struct vault *v = d->v;

	memcpy(path, f->tmp, sizeof(path));
	if (f->dn.is_long) {
		if (make_node(v, f, e) == -1)
			return -1;
		dir_leaf_path(f->tmp, "contents.c9r", path);
	}
	if (file_make(v, path, 0644, NULL, 0, e) == -1 ||
	    apply(v, path, set, 0644, e) == -1 ||
	    publish(d, f, NULL, ent, e) == -1) {
		unmake(d, f, f->dn.is_long);
		return -1;
	}
	return 0;
}

int
dir_create(struct dir *d, struct arena *a, const char *name, size_t len,
    const struct vset *set, struct entry *ent, struct dir_change *ch,
    struct verr *e)
{
	struct change c;
	struct fresh f;
	int r = -1;

	lock_take(&d->change);
	if (dir_change_begin(&c, d, ch, e) == 0 &&
	    fresh_init(&f, d, a, name, len, ent, e) == 0)
		r = create_file(d, &f, set, ent, e);
	dir_change_end(&c);
	lock_drop(&d->change);
	return r;
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
	if (file_make(v, path, 0644, child->id, child->id_len, e) == -1 ||
	    apply(v, child->path, set, 0755, e) == -1) {
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
	if (make_node(v, f, e) == -1)
		goto err2;
	dir_leaf_path(f->tmp, "dir.c9r", path);
	if (host_write_file(v->root, path, id, 36, 0644, false) == -1) {
		verr_sys(e, "cannot write %s", path);
		goto err3;
	}
	if (publish(d, f, "dir.c9r", ent, e) == -1)
		goto err3;
	dir_put(child);
	return 0;

err3:
	unmake(d, f, true);
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
	    fresh_init(&f, d, a, name, len, ent, e) == 0)
		r = make_dir(d, &f, set, ent, e);
	dir_change_end(&c);
	lock_drop(&d->change);
	return r;
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

	if (make_node(v, f, e) == -1)
		return -1;
	dir_leaf_path(f->tmp, "symlink.c9r", path);
	if (set != NULL) {
		times = *set;			/* links have no mode */
		times.mask &= ~(unsigned)VSET_MODE;
		set = &times;
	}
	if (file_make(v, path, 0644, target, target_len, e) == -1 ||
	    apply(v, path, set, 0, e) == -1 ||
	    publish(d, f, "symlink.c9r", ent, e) == -1) {
		unmake(d, f, true);
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
	    fresh_init(&f, d, a, name, len, ent, e) == 0)
		r = make_link(d, &f, target, target_len, set, ent, e);
	dir_change_end(&c);
	lock_drop(&d->change);
	return r;
}

/* -- hard links */

/*
 * The storage's own link(2) on the ciphertext object.  It stays one file for
 * all who use this storage; a copy that a cloud client makes is two.
 */
static int
link_object(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const char *path, struct verr *e)
{
	struct host_stat st;

	if (host_link(v->root, loc->path, path) == -1) {
		if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
			return verr_fail(e, VERR_UNSUPPORTED, "the vault's "
			    "storage has no hard links");
		if (errno == ENOENT || errno == ENOTDIR)
			return verr_code(e, VERR_STALE);
		return verr_sys(e, "cannot link %s to %s", loc->path, path);
	}
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
		if (make_node(v, f, e) == -1)
			return -1;
		dir_leaf_path(f->tmp, loc->type == VTYPE_SYMLINK ?
		    "symlink.c9r" : "contents.c9r", path);
	}
	if (link_object(v, loc, fileid, path, e) == -1 ||
	    publish(d, f, loc->type == VTYPE_SYMLINK ? "symlink.c9r" : NULL,
	    ent, e) == -1) {
		unmake(d, f, folder);
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
	lock_take(&d->change);
	if (dir_change_begin(&c, d, ch, e) == 0 &&
	    fresh_init(&f, d, a, name, len, ent, e) == 0)
		r = make_hard_link(d, &f, loc, fileid, ent, e);
	if (r == 0)
		dir_search_moved(d->v, fileid, d);
	dir_change_end(&c);
	lock_drop(&d->change);
	return r;
}
