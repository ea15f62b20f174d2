/*
 * rename(2) on the ciphertext.
 *
 * An object is a plain file X.c9r, or a folder (X.c9r or HASH.c9s) with one
 * leaf that makes it what it is: contents.c9r, symlink.c9r or dir.c9r.  Which
 * call moves it depends on both ends:
 *
 *   the name is free
 *     file to a short name      rename(2) of the file or leaf
 *     folder to a short name    rename(2) of the folder; a long name is taken
 *                               out afterwards: it counts for nothing there
 *     short folder to a long    the name is put in first; then as above
 *     all else to a long name   HASH.c9s with name.c9s stands ready, then
 *                               rename(2) of the leaf into it, because name.c9s
 *                               must never say another name than its folder's
 *   something of the same kind is there
 *     rename(2) of the leaf (or plain file) over the other's leaf
 *   a symlink is to replace a file, or a file a symlink
 *     a second link to the object, in the form that the new name needs, is
 *     exchanged with what is there; then the old name goes, then the victim
 *
 * So whoever looks, and whoever comes after a crash, finds the old or the new
 * object under the new name, never none.  A plain exchange of both names would
 * not do: for a moment the victim had the old name, and a client that says it
 * all again after a crash would replace the new object by it.
 *
 * Only where the storage knows no exchange or no hard links, and in the last
 * case, the victim is renamed to a temporary first.  A name that is not the
 * regular one (dir_scan.c: odd names) is in nobody's way; its object goes
 * when the new one has its place.  What cannot be shown is never replaced.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/tune.h"
#include "base/verr.h"
#include "vault/dir_move.h"

static const char *
leaf_name(const struct move *m)
{
	switch (m->src.loc.type) {
	case VTYPE_DIR:
		return "dir.c9r";
	case VTYPE_SYMLINK:
		return "symlink.c9r";
	default:
		return "contents.c9r";
	}
}

/* The file that is moved: X.c9r itself, or the leaf in its folder. */
static void
source_leaf(const struct move *m, char out[VLOC_MAX])
{
	if (m->src.dir != NULL)
		dir_leaf_path(m->src_entry, "dir.c9r", out);
	else
		memcpy(out, m->src.loc.path, VLOC_MAX);
}

static void
target_leaf(const struct move *m, char out[VLOC_MAX])
{
	if (m->dn.is_long || m->src.loc.type != VTYPE_FILE)
		dir_leaf_path(m->new_entry, leaf_name(m), out);
	else
		memcpy(out, m->new_entry, VLOC_MAX);
}

static bool
source_is_folder(const struct move *m)
{
	return m->src.dir != NULL ||
	    strcmp(m->src_entry, m->src.loc.path) != 0;
}

static bool
source_is_long(const struct move *m)
{
	return m->src_entry[strlen(m->src_entry) - 1] == 's';
}

/* The victim has the very entry that the new name needs. */
static bool
is_in_place(const struct move *m)
{
	return m->have_dst && strcmp(m->dst_entry, m->new_entry) == 0;
}

/* From errno: the step failed, maybe because something is there. */
static int
in_the_way(const struct move *m, struct verr *e)
{
	if (errno == EEXIST || errno == ENOTEMPTY)
		return verr_fail(e, VERR_EXIST, "%s is there already, but "
		    "cannot be shown", m->new_entry);
	return verr_sys(e, "cannot rename to %s", m->new_entry);
}

/* -- long names */

/*
 * What had a name that was durable must not lose it in a power failure because
 * the few bytes of the new one did not reach the disk: synced.
 */
static int
write_name(const struct move *m, const char *path, struct verr *e)
{
	if (host_write_file(m->v->root, path, m->dn.full, m->dn.full_len,
	    0644, HOST_DURABLE) == -1)
		return verr_sys(e, "cannot write %s", path);
	return 0;
}

/* name.c9s in a folder that is somebody's: whole from the first moment. */
static int
put_name(const struct move *m, const char *folder, struct verr *e)
{
	char tmp[VLOC_MAX], path[VLOC_MAX];

	if (!dir_tmp_path(m->to, tmp))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	if (write_name(m, tmp, e) == -1)
		return -1;
	dir_leaf_path(folder, "name.c9s", path);
	if (host_rename(m->v->root, tmp, path) == 0)
		return 0;
	verr_sys(e, "cannot rename to %s", path);
	(void)host_unlink(m->v->root, tmp);
	return -1;
}

static void
drop_name(const struct move *m, const char *folder)
{
	char path[VLOC_MAX];

	dir_leaf_path(folder, "name.c9s", path);
	(void)host_unlink(m->v->root, path);
}

/* A temporary folder, with the new name in it if that is long. */
static int
make_folder(const struct move *m, const char *tmp, struct verr *e)
{
	char path[VLOC_MAX];

	if (host_mkdir(m->v->root, tmp, 0755) == -1)
		return verr_sys(e, "cannot make folder %s", tmp);
	if (!m->dn.is_long)
		return 0;
	dir_leaf_path(tmp, "name.c9s", path);
	if (write_name(m, path, e) == 0)
		return 0;
	(void)host_rmdir(m->v->root, tmp);
	return -1;
}

/*
 * The new name is on the disk before an object goes into it, or what else it
 * was found by goes: file systems write folders in the order of changes, but
 * not all of them promise it.
 */
static int
settle_in(const struct move *m, const char *folder, struct verr *e)
{
	if (tune_off(TUNE_JOURNAL) ||
	    host_sync_path(m->v->root, folder) == 0)
		return 0;
	return verr_sys(e, "cannot sync %s", folder);
}

static int
settle(const struct move *m, struct verr *e)
{
	return settle_in(m, m->to->path, e);
}

/* -- to a name that is free */

/* Into a folder HASH.c9s of its own, which is made for it. */
static int
place_leaf(const struct move *m, struct verr *e)
{
	char tmp[VLOC_MAX], from[VLOC_MAX], target[VLOC_MAX];

	if (!dir_tmp_path(m->to, tmp))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	if (make_folder(m, tmp, e) == -1)
		return -1;
	if (dir_take_name(m->to, tmp, m->new_entry) == -1) {
		in_the_way(m, e);
		dir_remove_husk(m->to, tmp);
		return -1;
	}
	source_leaf(m, from);
	target_leaf(m, target);
	if (settle(m, e) == 0) {
		if (host_rename(m->v->root, from, target) == 0)
			return 0;
		verr_sys(e, "cannot rename to %s", target);
	}
	dir_remove_husk(m->to, m->new_entry);
	return -1;
}

/* A directory or symlink with its folder. */
static int
place_node(const struct move *m, struct verr *e)
{
	if (m->dn.is_long && put_name(m, m->src_entry, e) == -1)
		return -1;
	if (dir_take_name(m->to, m->src_entry, m->new_entry) == -1) {
		in_the_way(m, e);
		if (m->dn.is_long)
			drop_name(m, m->src_entry);
		return -1;
	}
	if (source_is_long(m)) {
		(void)settle(m, NULL);
		drop_name(m, m->new_entry);
	}
	return 0;
}

/* Most names that are to be had are free: the system call is the question. */
static int
place_unseen(const struct move *m, struct verr *e)
{
	if (host_rename_new(m->v->root, m->src.loc.path, m->new_entry) == -1)
		return errno == EEXIST ? 1 : in_the_way(m, e);
	dir_listing_added(m->to, m->new_entry);
	return 0;
}

static int
place(const struct move *m, struct verr *e)
{
	bool node = m->src.loc.type != VTYPE_FILE;

	if (m->unseen)
		return place_unseen(m, e);
	if (node && !(source_is_long(m) && m->dn.is_long))
		return place_node(m, e);
	if (m->dn.is_long) {
		if (place_leaf(m, e) == -1)
			return -1;
	} else if (dir_take_name(m->to, m->src.loc.path, m->new_entry) == -1)
		return in_the_way(m, e);
	if (source_is_folder(m))
		dir_remove_husk(m->from, m->src_entry);
	return 0;
}

/* -- over something of the same kind */

static int
replace(const struct move *m, struct verr *e)
{
	char from[VLOC_MAX], target[VLOC_MAX], name[VLOC_MAX];
	struct host_stat st;

	/* One that has lost its name is found by it all the same. */
	dir_leaf_path(m->new_entry, "name.c9s", name);
	if (m->dn.is_long && host_stat(m->v->root, name, &st) == -1 &&
	    errno == ENOENT && put_name(m, m->new_entry, e) == -1)
		return -1;
	source_leaf(m, from);
	target_leaf(m, target);
	if (strcmp(target, m->new_entry) != 0 && settle(m, e) == -1)
		return -1;
	if (host_rename(m->v->root, from, target) == -1)
		return verr_sys(e, "cannot rename to %s", target);
	if (strcmp(target, m->new_entry) != 0)
		dir_touch(m->to);
	if (source_is_folder(m))
		dir_remove_husk(m->from, m->src_entry);
	return 0;
}

/* -- a file over a symlink, or the reverse */

/* The storage cannot do this at all; it did not fail to do it. */
static bool
is_unsupported(int err)
{
	return err == EINVAL || err == ENOSYS || err == ENOTSUP ||
	    err == EOPNOTSUPP;
}

static void
drop_tmp(const struct move *m, const char *tmp, bool folder)
{
	dir_remove_tree(m->v, tmp, folder);
}

/* Another link to the object, as the new name wants it.  1: no links here. */
static int
make_twin(const struct move *m, const char *tmp, bool folder, struct verr *e)
{
	char from[VLOC_MAX], path[VLOC_MAX];
	int err;

	memcpy(path, tmp, sizeof(path));
	if (folder) {
		if (make_folder(m, tmp, e) == -1)
			return -1;
		dir_leaf_path(tmp, leaf_name(m), path);
	}
	source_leaf(m, from);
	if (host_link(m->v->root, from, path) == 0) {
		if (!folder || settle_in(m, tmp, e) == 0)
			return 0;
		drop_tmp(m, tmp, true);
		return -1;
	}
	err = errno;
	verr_sys(e, "cannot link %s to %s", from, path);
	if (folder)
		drop_tmp(m, tmp, true);
	/* EPERM: of Linux where there are none, or may be none (of others) */
	return err == EPERM || err == EMLINK || is_unsupported(err) ? 1 : -1;
}

/* 1: the storage cannot do it; nothing has changed. */
static int
exchange(const struct move *m, struct verr *e)
{
	bool folder = m->dn.is_long || m->src.loc.type != VTYPE_FILE;
	bool was_folder = strcmp(m->dst_entry, m->dst.loc.path) != 0;
	char tmp[VLOC_MAX];
	int r;

	if (!dir_tmp_path(m->to, tmp))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	if ((r = make_twin(m, tmp, folder, e)) != 0)
		return r;
	if (host_exchange(m->v->root, tmp, m->new_entry) == -1) {
		r = is_unsupported(errno) ? 1 : -1;
		verr_sys(e, "cannot exchange %s", m->new_entry);
		drop_tmp(m, tmp, folder);
		return r;
	}
	if (settle(m, e) == -1 ||
	    dir_remove_name(m->from, &m->src.loc, e) == -1) {
		(void)host_exchange(m->v->root, tmp, m->new_entry);
		drop_tmp(m, tmp, folder);
		return -1;
	}
	drop_tmp(m, tmp, was_folder);
	return 0;
}

/* The last resort: for a moment nothing has the name. */
static int
set_aside(const struct move *m, struct verr *e)
{
	char tmp[VLOC_MAX];

	if (!dir_tmp_path(m->to, tmp))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	if (host_rename_new(m->v->root, m->dst_entry, tmp) == -1)
		return verr_sys(e, "cannot rename %s", m->dst_entry);
	if (place(m, e) == -1) {
		(void)host_rename_new(m->v->root, tmp, m->dst_entry);
		return -1;
	}
	drop_tmp(m, tmp, strcmp(m->dst_entry, m->dst.loc.path) != 0);
	return 0;
}

/* -- all together */

static int
move_over_other(const struct move *m, struct verr *e)
{
	int r;

	if (!is_in_place(m)) {
		if (place(m, e) == -1)
			return -1;
		/* If it stays, it is shown under the name of a copy. */
		if (dir_remove_name(m->to, &m->dst.loc, NULL) == -1)
			dir_listing_forget(m->to);
	} else if (m->src.loc.type == m->dst.loc.type) {
		if (replace(m, e) == -1)
			return -1;
	} else {
		if ((r = exchange(m, e)) == 1)
			r = set_aside(m, e);
		if (r == -1)
			return -1;
	}
	vault_sync_note(m->v, m->to->path);
	dir_change_lose(m->v, m->ch, &m->dst);
	return 0;
}

static int
move_over_dir(const struct move *m, struct verr *e)
{
	struct dir *victim = m->dst.dir;
	struct removal rm;
	int r;

	if (dir_remove_look(victim, &rm, e) == -1)
		return -1;
	r = is_in_place(m) ? replace(m, e) : place(m, e);
	if (r == -1) {
		dir_remove_undo(m->to, victim, m->dst_entry, &rm);
		return -1;
	}
	if (!is_in_place(m) && dir_remove_link(m->to, m->dst_entry, &rm,
	    NULL) == -1) {
		dir_remove_undo(m->to, victim, m->dst_entry, &rm);
		dir_listing_forget(m->to);
		return 0;
	}
	/* A file that came in right now stays, in an orphan. */
	(void)dir_remove_rest(m->to, victim, &rm, NULL);
	return 0;
}

int
dir_move(struct move *m, struct verr *e)
{
	bool node = m->src.loc.type != VTYPE_FILE;
	int r;

	if (!m->have_dst)
		r = place(m, e);
	else if (m->dst.dir != NULL)
		r = move_over_dir(m, e);
	else
		r = move_over_other(m, e);
	if (r != 0)
		return r;
	if (m->src.dir != NULL)
		dir_set_parent(m->src.dir, m->to,
		    m->new_entry + NAME_DIRPATH_LEN + 1);
	if (m->src.dir == NULL && m->from != m->to)
		dir_search_moved(m->v, m->src.attr.fileid, m->to);
	vault_sync_note(m->v, m->from->path);
	vault_sync_note(m->v, m->to->path);
	if (node || m->dn.is_long)
		dir_sync_node(m->v, m->new_entry, node ? leaf_name(m) : NULL,
		    m->dn.is_long);
	return 0;
}
