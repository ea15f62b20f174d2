/*
 * rename(2) on names that are encrypted with their directory.
 *
 * An object is moved by one rename(2) of its ciphertext.  Which one depends on
 * what is at both ends (S short file, L shortened file, N a folder that is a
 * directory or symlink):
 *
 *   S -> S       rename the file over the file
 *   S, L -> L    the folder HASH.c9s with name.c9s stands ready, then
 *                rename to its contents.c9r
 *   L -> S       rename contents.c9r over the file
 *   N -> N       rename the folder; a long name is put in first, or taken
 *                out afterwards (a .c9r folder's name.c9s counts for nothing)
 *   N -> N, both names long: as L -> L with dir.c9r or symlink.c9r, because
 *                name.c9s must never say another name than the folder's
 *
 * What is replaced and is no plain file is set aside under a temporary name
 * first and deleted afterwards; if the move fails it is put back.  What stands
 * in the way and cannot be shown is never replaced.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/vault_int.h"

struct move {
	struct vault	*v;
	struct dir	*from, *to;
	struct entry	 src, dst;		/* dst: only if have_dst */
	bool		 have_dst;
	char		 src_entry[VLOC_MAX];	/* as it is called now */
	char		 dst_entry[VLOC_MAX];	/* what is replaced */
	char		 aside[VLOC_MAX];	/* where that was put, or "" */
	struct removal	 rm;			/* the same for a directory */
	const char	*name;			/* new name, NFC */
	size_t		 len;
	struct diskname	 dn;			/* the same on disk */
	char		 new_entry[VLOC_MAX];
};

static void
entry_path(struct dir *d, const struct entry *ent, char out[VLOC_MAX])
{
	if (ent->dir != NULL) {
		if (!dir_link_path(ent->dir, d, out))
			out[0] = '\0';
		return;
	}
	memcpy(out, ent->loc.path, ent->loc.entry_len);
	out[ent->loc.entry_len] = '\0';
}

/* Errors of rename(2) that follow from the types alone. */
static int
check_types(struct move *m, struct verr *e)
{
	if (m->src.dir != NULL && (m->src.dir == m->to ||
	    dir_is_below(m->to, m->src.dir)))
		return verr_code(e, VERR_INVAL);
	if (!m->have_dst)
		return 0;
	if (m->src.dir != NULL && m->dst.dir == NULL)
		return verr_code(e, VERR_NOTDIR);
	if (m->src.dir == NULL && m->dst.dir != NULL)
		return verr_code(e, VERR_ISDIR);
	return 0;
}

/* Two names of one object: rename(2) does nothing, successfully. */
static bool
is_same(const struct move *m)
{
	if (!m->have_dst)
		return false;
	if (m->src.dir != NULL)
		return m->src.dir == m->dst.dir;
	return m->dst.dir == NULL &&
	    m->src.attr.fileid == m->dst.attr.fileid;
}

static const char *
node_leaf(const struct move *m)
{
	return m->src.dir != NULL ? "dir.c9r" : "symlink.c9r";
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

static int
write_long_name(struct move *m, const char *folder, struct verr *e)
{
	char path[VLOC_MAX];

	dir_leaf_path(folder, "name.c9s", path);
	(void)host_unlink(m->v->root, path);
	if (host_write_file(m->v->root, path, m->dn.full, m->dn.full_len,
	    0644, false) == -1)
		return verr_sys(e, "cannot write %s", path);
	return 0;
}

static void
drop_long_name(struct move *m, const char *folder)
{
	char path[VLOC_MAX];

	dir_leaf_path(folder, "name.c9s", path);
	(void)host_unlink(m->v->root, path);
}

/* A file over a file that has the very entry that we shall use. */
static bool
replaces(const struct move *m)
{
	return m->have_dst && m->src.loc.type == VTYPE_FILE &&
	    m->dst.loc.type == VTYPE_FILE &&
	    strcmp(m->dst_entry, m->new_entry) == 0;
}

/* Put what is to be replaced out of the way, unless rename(2) replaces it. */
static int
set_aside(struct move *m, struct verr *e)
{
	m->aside[0] = '\0';
	if (!m->have_dst || replaces(m))
		return 0;
	if (m->dst.dir != NULL)
		return dir_remove_link(m->to, m->dst.dir, m->dst_entry, &m->rm,
		    e);
	if (!dir_tmp_path(m->to, m->aside))
		return verr_fail(e, VERR_NOMEM, "no random bytes");
	if (host_rename_new(m->v->root, m->dst_entry, m->aside) == -1) {
		m->aside[0] = '\0';
		return verr_sys(e, "cannot rename %s", m->dst_entry);
	}
	return 0;
}

static void
put_back(struct move *m)
{
	if (m->have_dst && m->dst.dir != NULL)
		dir_remove_undo(m->to, m->dst.dir, m->dst_entry, &m->rm);
	else if (m->aside[0] != '\0')
		(void)host_rename_new(m->v->root, m->aside, m->dst_entry);
}

/* 1: the folder for the new long name is made; 0: it was there; -1. */
static int
make_folder(struct move *m, struct verr *e)
{
	if (host_mkdir(m->v->root, m->new_entry, 0755) == 0) {
		if (write_long_name(m, m->new_entry, e) == 0)
			return 1;
		dir_remove_tree(m->v, m->new_entry, true);
		return -1;
	}
	if (errno != EEXIST)
		return in_the_way(m, e);
	if (replaces(m))
		return 0;
	if (!dir_is_husk(m->v, m->new_entry)) {
		errno = EEXIST;
		return in_the_way(m, e);
	}
	return write_long_name(m, m->new_entry, e) == 0 ? 1 : -1;
}

/* The leaf that makes the object what it is, into the folder HASH.c9s. */
static int
move_leaf(struct move *m, const char *from, const char *leaf, struct verr *e)
{
	char target[VLOC_MAX];
	int made;

	if ((made = make_folder(m, e)) == -1)
		return -1;
	dir_leaf_path(m->new_entry, leaf, target);
	if (host_rename(m->v->root, from, target) == 0)
		return 0;
	verr_sys(e, "cannot rename to %s", target);
	if (made)
		dir_remove_tree(m->v, m->new_entry, true);
	return -1;
}

/* A file, short or long, to a name that is short or long. */
static int
move_file(struct move *m, struct verr *e)
{
	const char *from = m->src.loc.path;
	int r;

	if (m->dn.is_long) {
		if (move_leaf(m, from, "contents.c9r", e) == -1)
			return -1;
	} else {
		r = replaces(m) ?
		    host_rename(m->v->root, from, m->new_entry) :
		    host_rename_new(m->v->root, from, m->new_entry);
		if (r == -1)
			return in_the_way(m, e);
	}
	if (strcmp(m->src_entry, from) != 0)
		dir_remove_husk(m->from, m->src_entry);
	return 0;
}

/* A directory or symlink: a folder with one leaf. */
static int
move_node(struct move *m, struct verr *e)
{
	bool src_long = m->src_entry[strlen(m->src_entry) - 1] == 's';
	char from[VLOC_MAX];

	if (src_long && m->dn.is_long) {
		dir_leaf_path(m->src_entry, node_leaf(m), from);
		if (move_leaf(m, from, node_leaf(m), e) == -1)
			return -1;
		dir_remove_husk(m->from, m->src_entry);
		return 0;
	}
	if (m->dn.is_long && write_long_name(m, m->src_entry, e) == -1)
		return -1;
	if (dir_take_name(m->to, m->src_entry, m->new_entry,
	    m->dn.is_long) == -1) {
		in_the_way(m, e);
		if (m->dn.is_long)
			drop_long_name(m, m->src_entry);
		return -1;
	}
	if (src_long)
		drop_long_name(m, m->new_entry);
	return 0;
}

/* What was replaced, if anything was. */
static void
drop_victim(struct move *m)
{
	if (!m->have_dst)
		return;
	if (m->dst.dir != NULL) {
		/* A file that came in right now stays, in an orphan. */
		(void)dir_remove_rest(m->to, m->dst.dir, &m->rm, NULL);
		return;
	}
	if (m->aside[0] != '\0')
		dir_remove_tree(m->v, m->aside,
		    strcmp(m->dst_entry, m->dst.loc.path) != 0);
	if (m->dst.attr.nlink <= 1)
		file_forget(m->v, m->dst.attr.fileid);
}

static int
do_move(struct move *m, struct verr *e)
{
	const char *link;
	int r;

	if (set_aside(m, e) == -1)
		return -1;
	r = m->src.loc.type == VTYPE_FILE ? move_file(m, e) : move_node(m, e);
	if (r == -1) {
		put_back(m);
		return -1;
	}
	drop_victim(m);
	if (m->src.dir != NULL) {
		link = m->new_entry + NAME_DIRPATH_LEN + 1;
		dir_set_parent(m->src.dir, m->to, link);
	}
	vault_sync_note(m->v, m->from->path);
	vault_sync_note(m->v, m->to->path);
	if (m->src.loc.type != VTYPE_FILE || m->dn.is_long)
		dir_sync_node(m->v, m->new_entry,
		    m->src.loc.type == VTYPE_FILE ? NULL : node_leaf(m),
		    m->dn.is_long);
	return 0;
}

/* Look both names up; *m has references in src and dst afterwards. */
static int
look(struct move *m, struct arena *a, const char *name, size_t len,
    const char *new_name, size_t new_len, struct verr *e)
{
	struct verr mine;

	if (e == NULL)
		e = &mine;
	m->src.dir = m->dst.dir = NULL;
	m->have_dst = false;
	if (dir_lookup(m->from, a, name, len, &m->src, e) == -1)
		return -1;
	if (dir_lookup(m->to, a, new_name, new_len, &m->dst, e) == 0)
		m->have_dst = true;
	else if (e->code != VERR_NOENT)
		return -1;
	(void)name_nfc(a, new_name, new_len, &m->name, &m->len);
	if (dir_disk_name(m->to, m->name, m->len, &m->dn, e) == -1)
		return -1;
	dir_entry_path(m->to, m->dn.entry, m->dn.entry_len, NULL,
	    m->new_entry);
	entry_path(m->from, &m->src, m->src_entry);
	if (m->have_dst)
		entry_path(m->to, &m->dst, m->dst_entry);
	if (m->src_entry[0] == '\0' ||
	    (m->have_dst && m->dst_entry[0] == '\0'))
		return verr_code(e, VERR_NOENT);
	return 0;
}

static void
look_end(struct move *m)
{
	dir_put(m->src.dir);
	dir_put(m->dst.dir);
	m->src.dir = m->dst.dir = NULL;
}

/* With the locks of from, to and a replaced directory held. */
static int
rename_locked(struct move *m, struct dir *victim, struct arena *a,
    const char *name, size_t len, const char *new_name, size_t new_len,
    struct entry *ent, struct verr *e)
{
	int r = -1;

	if (look(m, a, name, len, new_name, new_len, e) == -1)
		goto out;
	if (is_same(m)) {
		r = 0;
		goto probe;
	}
	if (m->have_dst && m->dst.dir != NULL && m->dst.dir != victim) {
		/* Another one has come there since we looked. */
		verr_code(e, VERR_NOTEMPTY);
		goto out;
	}
	if (check_types(m, e) == -1 || do_move(m, e) == -1)
		goto out;
	r = 0;
probe:
	if (ent != NULL) {
		if (dir_lookup(m->to, a, m->name, m->len, ent, e) == -1)
			r = -1;
	}
out:
	look_end(m);
	return r;
}

/*
 * Directories that move need to know what is above them; a parent that is not
 * known (a handle from before a restart) is searched for first.
 */
static int
learn_ancestors(struct dir *d, struct verr *e)
{
	struct dir *p, *up = dir_ref(d);
	int depth;

	for (depth = 0; up != d->v->root_dir && depth < 4096; depth++) {
		p = dir_parent(up, true, e);
		dir_put(up);
		if (p == NULL)
			return -1;
		up = p;
	}
	dir_put(up);
	return 0;
}

int
dir_rename(struct dir *from, struct dir *to, struct arena *a,
    const char *name, size_t len, const char *new_name, size_t new_len,
    struct entry *ent, struct dir_change *ch_from, struct dir_change *ch_to,
    struct verr *e)
{
	struct move m = { .v = from->v, .from = from, .to = to };
	struct change cf, ct;
	struct entry victim = { .dir = NULL };
	struct lock *set[3];
	struct verr mine;
	int r = -1;

	if (e == NULL)
		e = &mine;
	if (ent != NULL)
		ent->dir = NULL;
	dir_change_none(ch_from);
	dir_change_none(ch_to);
	lock_take(&from->v->rename_lock);
	if (from != to && learn_ancestors(to, e) == -1)
		goto out;
	if (dir_lookup(to, a, new_name, new_len, &victim, e) == -1) {
		if (e->code != VERR_NOENT)
			goto out;
		victim.dir = NULL;
	}
	set[0] = &from->change;
	set[1] = &to->change;
	set[2] = victim.dir == NULL ? NULL : &victim.dir->change;
	lock_take_set(set, 3);
	if (dir_change_begin(&cf, from, ch_from, e) == 0) {
		if (dir_change_begin(&ct, to, ch_to, e) == 0)
			r = rename_locked(&m, victim.dir, a, name, len,
			    new_name, new_len, ent, e);
		dir_change_end(&ct);
	}
	dir_change_end(&cf);
	lock_drop_set(set, 3);
	dir_put(victim.dir);
out:
	lock_drop(&from->v->rename_lock);
	return r;
}
