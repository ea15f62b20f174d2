/*
 * Taking entries away.
 *
 * A name goes by one system call, always: a plain file by unlink, everything
 * that is a folder on disk by a rename to a temporary name, whose contents are
 * deleted afterwards.  Nothing that has not been looked at is deleted with it.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/vault_int.h"

/* Path of the entry itself, of which loc.path may be a part inside. */
static void
entry_of(const struct vloc *loc, char out[VLOC_MAX])
{
	memcpy(out, loc->path, loc->entry_len);
	out[loc->entry_len] = '\0';
}

/* Hide the folder entry under a temporary name; then delete what is in it. */
static int
remove_folder(struct dir *d, const char *entry, struct verr *e)
{
	char tmp[VLOC_MAX];

	if (!dir_tmp_path(d, tmp))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	if (host_rename_new(d->v->root, entry, tmp) == -1)
		return verr_sys(e, "cannot rename %s", entry);
	dir_remove_tree(d->v, tmp, true);
	return 0;
}

int
dir_remove_name(struct dir *d, const struct vloc *loc, struct verr *e)
{
	char entry[VLOC_MAX];

	entry_of(loc, entry);
	if (strcmp(entry, loc->path) != 0)
		return remove_folder(d, entry, e);
	if (host_unlink(d->v->root, entry) == -1)
		return verr_sys(e, "cannot remove %s", entry);
	return 0;
}

static int
unlink_entry(struct dir *d, const struct entry *ent, struct dir_change *ch,
    struct verr *e)
{
	if (dir_remove_name(d, &ent->loc, e) == -1)
		return -1;
	vault_sync_note(d->v, d->path);
	dir_change_lose(d->v, ch, ent);
	return 0;
}

bool
dir_goes_quickly(const struct entry *ent)
{
	return ent->dir == NULL && ent->loc.path[ent->loc.entry_len] == '\0' &&
	    (ent->attr.nlink > 1 || ent->attr.size <= VAULT_QUICK_SIZE);
}

int
dir_unlink(struct dir *d, struct arena *a, const char *name, size_t len,
    struct dir_change *ch, struct verr *e)
{
	bool quick = dir_is_quick(ch);
	struct change c;
	struct entry ent;
	int r = -1;

	dir_change_none(ch);
	if (dir_change_take(&d->change, quick, e) == -1)
		return -1;
	if (dir_change_begin(&c, d, ch, e) == 0 &&
	    dir_look(d, a, name, len, quick, &ent, e) == 0) {
		if (ent.dir != NULL) {
			dir_put(ent.dir);
			r = verr_code(e, VERR_ISDIR);
		} else if (quick && !dir_goes_quickly(&ent))
			r = verr_code(e, VERR_BUSY);
		else {
			dir_change_meet(ch, ent.attr.fileid);
			r = unlink_entry(d, &ent, ch, e);
		}
	}
	dir_change_end(&c);
	lock_drop(&d->change);
	return dir_change_done(d, r, NULL, e);
}

/* -- directories */

/* Files that systems strew about and nobody misses; and our own leftovers. */
static bool
is_junk(const char *name)
{
	static const char *const junk[] = {
		VAULT_DIRID_FILE, ".DS_Store", "desktop.ini", "Thumbs.db",
	};
	size_t i, len = strlen(name);

	for (i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
		if (strcmp(name, junk[i]) == 0)
			return true;
	return strncmp(name, VAULT_TMP_PREFIX, strlen(VAULT_TMP_PREFIX)) == 0 &&
	    len > strlen(VAULT_TMP_SUFFIX) &&
	    strcmp(name + len - strlen(VAULT_TMP_SUFFIX),
	    VAULT_TMP_SUFFIX) == 0;
}

/*
 * May this entry of d go with d?  1: junk, or the husk of an entry; 0: it is
 * something; -1: errno.
 */
static int
is_nothing(struct dir *d, const struct host_dirent *de, const char *path)
{
	size_t len = strlen(de->name);

	if (is_junk(de->name))
		return 1;
	if (de->type == HOST_DT_FILE || len < NAME_DISK_MIN ||
	    (memcmp(de->name + len - 4, ".c9r", 4) != 0 &&
	    memcmp(de->name + len - 4, ".c9s", 4) != 0))
		return 0;
	return dir_is_husk(d->v, path);
}

static int
sweep_away(struct dir *d, const char *name, const char *path, struct verr *e)
{
	struct host_stat st;

	if (!is_junk(name))
		dir_remove_husk(d, path);
	else if (host_stat(d->v->root, path, &st) == 0 && S_ISDIR(st.mode))
		dir_remove_tree(d->v, path, true);
	else if (host_unlink(d->v->root, path) == -1 && errno != ENOENT)
		return verr_sys(e, "cannot remove %s", path);
	return 0;
}

/* 0: nothing but junk is in it; junk is deleted only if asked. */
static int
check_empty(struct dir *d, bool sweep, struct verr *e)
{
	char path[VLOC_MAX + 256];
	struct host_dirent de;
	struct host_dir *hd;
	int r, may = 1;

	if ((hd = host_opendir(d->v->root, d->path)) == NULL)
		return errno == ENOENT ? 0 :
		    verr_sys(e, "cannot open folder %s", d->path);
	while ((r = host_readdir(hd, &de)) == 1) {
		(void)snprintf(path, sizeof(path), "%s/%s", d->path, de.name);
		if ((may = is_nothing(d, &de, path)) != 1)
			break;
		if (sweep && sweep_away(d, de.name, path, e) == -1) {
			host_closedir(hd);
			return -1;
		}
	}
	if (r == -1)
		verr_sys(e, "cannot read %s", d->path);
	else if (may == -1)
		r = verr_sys(e, "cannot look into %s", path);
	else if (may == 0)
		r = verr_fail(e, VERR_NOTEMPTY, "%s is not empty", d->path);
	host_closedir(hd);
	return r;
}

/*
 * What the mode of a directory forbids its owner does not keep it from being
 * removed: that is for the directory above to say.  But here the folder must
 * be looked into, and its own files taken out.
 */
static bool
lend_mode(struct dir *d, mode_t *was)
{
	struct host_stat st;

	if (host_stat(d->v->root, d->path, &st) == -1 ||
	    (st.mode & 0700) == 0700 || st.uid != geteuid())
		return false;
	*was = st.mode & 07777;
	return host_chmod(d->v->root, d->path, *was | 0700) == 0;
}

int
dir_remove_look(struct dir *child, struct removal *rm, struct verr *e)
{
	rm->tmp[0] = '\0';
	rm->lent = lend_mode(child, &rm->was);
	if (check_empty(child, false, e) == 0)
		return 0;
	if (rm->lent)
		(void)host_chmod(child->v->root, child->path, rm->was);
	return -1;
}

/* The link goes first, so that a crash leaves an orphan, not a dead link. */
int
dir_remove_link(struct dir *d, const char *entry, struct removal *rm,
    struct verr *e)
{
	if (!dir_tmp_path(d, rm->tmp))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	if (host_rename_new(d->v->root, entry, rm->tmp) == -1) {
		rm->tmp[0] = '\0';
		return verr_sys(e, "cannot rename %s", entry);
	}
	return 0;
}

void
dir_remove_undo(struct dir *d, struct dir *child, const char *entry,
    const struct removal *rm)
{
	if (rm->lent)
		(void)host_chmod(d->v->root, child->path, rm->was);
	if (rm->tmp[0] != '\0')
		(void)host_rename_new(d->v->root, rm->tmp, entry);
}

int
dir_remove_rest(struct dir *d, struct dir *child, const struct removal *rm,
    struct verr *e)
{
	struct vault *v = d->v;

	if (check_empty(child, true, e) == -1) {
		file_write_dirid(v, child);
		return -1;
	}
	if (host_rmdir(v->root, child->path) == -1 && errno != ENOENT) {
		verr_sys(e, "cannot remove folder %s", child->path);
		file_write_dirid(v, child);
		return -1;
	}
	if (rm->tmp[0] != '\0')
		dir_remove_tree(v, rm->tmp, true);
	dir_set_gone(child);
	vault_sync_note(v, d->path);
	return 0;
}

/*
 * Nothing is deleted but a name: if there is more in it after all, the folder
 * cannot be removed.  It goes from where it is: a temporary name for it could
 * be durable before what has just left it is durable elsewhere.
 */
void
dir_remove_husk(struct dir *d, const char *entry)
{
	char name[VLOC_MAX], tmp[VLOC_MAX];

	if (dir_is_husk(d->v, entry) == 0)
		return;
	dir_leaf_path(entry, "name.c9s", name);
	(void)host_unlink(d->v->root, name);
	/* If that fails, it is in nobody's way under another name. */
	if (host_rmdir(d->v->root, entry) == -1 && dir_tmp_path(d, tmp))
		(void)host_rename_new(d->v->root, entry, tmp);
}

static int
remove_empty(struct dir *d, struct dir *child, const char *entry,
    struct verr *e)
{
	struct removal rm;

	if (dir_remove_look(child, &rm, e) == -1)
		return -1;
	if (dir_remove_link(d, entry, &rm, e) == 0 &&
	    dir_remove_rest(d, child, &rm, e) == 0)
		return 0;
	dir_remove_undo(d, child, entry, &rm);
	return -1;
}

/* The child may have been renamed while no lock was held: look again. */
static int
rmdir_locked(struct dir *d, struct arena *a, const char *name, size_t len,
    struct dir *child, struct dir_change *ch, struct verr *e)
{
	char entry[VLOC_MAX];
	struct change c;
	struct entry ent;
	int r = -1;

	if (dir_change_begin(&c, d, ch, e) == 0 &&
	    dir_lookup(d, a, name, len, &ent, e) == 0) {
		if (ent.dir != child || !dir_link_path(child, d, entry))
			r = verr_code(e, VERR_NOENT);
		else
			r = remove_empty(d, child, entry, e);
		dir_put(ent.dir);
	}
	dir_change_end(&c);
	return r;
}

int
dir_rmdir(struct dir *d, struct arena *a, const char *name, size_t len,
    struct dir_change *ch, struct verr *e)
{
	struct lock *set[2];
	struct entry ent;
	int r;

	dir_change_none(ch);
	if (dir_lookup(d, a, name, len, &ent, e) == -1)
		return -1;
	if (ent.dir == NULL)
		return verr_code(e, VERR_NOTDIR);
	set[0] = &d->change;
	set[1] = &ent.dir->change;
	lock_take_set(set, 2);
	r = rmdir_locked(d, a, name, len, ent.dir, ch, e);
	lock_drop_set(set, 2);
	dir_put(ent.dir);
	return dir_change_done(d, r, NULL, e);
}
