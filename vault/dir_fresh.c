/*
 * dir_fresh.c - what making an entry of any kind takes.
 */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/tune.h"
#include "base/verr.h"
#include "vault/dir_fresh.h"

int
dir_fresh_apply(struct vault *v, const char *path, const struct vset *set,
    mode_t mode, struct verr *e)
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

int
dir_fresh_init(struct fresh *f, struct dir *d, struct arena *a,
    const char *name, size_t len, bool quick, struct entry *ent,
    struct verr *e)
{
	struct entry there;
	struct verr mine;

	if (e == NULL)
		e = &mine;
	f->kept = false;
	(void)name_nfc(a, name, len, &f->name, &f->len);
	if (dir_disk_name(d, f->name, f->len, &f->dn, e) == -1)
		return -1;
	if (dir_look(d, a, name, len, quick, &there, e) == 0) {
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

enum host_when
dir_fresh_when(void)
{
	return tune_off(TUNE_JOURNAL) ? HOST_WHENEVER : HOST_BEFORE_NAMES;
}

/* The folder that a directory, a symlink or a long name is on disk. */
int
dir_fresh_node(struct vault *v, struct fresh *f, struct verr *e)
{
	char path[VLOC_MAX];

	if (host_mkdir(v->root, f->tmp, 0755) == -1)
		return verr_sys(e, "cannot make folder %s", f->tmp);
	if (!f->dn.is_long)
		return 0;
	dir_leaf_path(f->tmp, "name.c9s", path);
	if (host_write_file(v->root, path, f->dn.full, f->dn.full_len, 0644,
	    dir_fresh_when()) == -1) {
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
int
dir_fresh_publish(struct dir *d, struct fresh *f, const char *leaf,
    struct entry *ent, struct verr *e)
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

void
dir_fresh_unmake(struct dir *d, const struct fresh *f, bool folder)
{
	if (!f->kept)
		dir_remove_tree(d->v, f->tmp, folder);
}
