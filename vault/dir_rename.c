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
 *   N -> N       name.c9s is put right inside first, then rename the folder
 *
 * What is replaced and is no plain file is set aside under a temporary name
 * first and deleted afterwards; if the move fails it is put back.
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

static int
write_long_name(struct move *m, const char *folder, struct verr *e)
{
	char path[VLOC_MAX];

	(void)snprintf(path, sizeof(path), "%.*s/name.c9s", VLOC_MAX - 16,
	    folder);
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

	(void)snprintf(path, sizeof(path), "%.*s/name.c9s", VLOC_MAX - 16,
	    folder);
	(void)host_unlink(m->v->root, path);
}

/* Put what is to be replaced out of the way, unless rename(2) replaces it. */
static int
set_aside(struct move *m, struct verr *e)
{
	m->aside[0] = '\0';
	if (!m->have_dst)
		return 0;
	if (m->dst.dir != NULL)
		return dir_remove_empty(m->to, m->dst.dir, m->dst_entry, e);
	/* A file over a file that has the very entry that we shall use. */
	if (m->src.loc.type == VTYPE_FILE && m->dst.loc.type == VTYPE_FILE &&
	    strcmp(m->dst_entry, m->new_entry) == 0)
		return 0;
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
	if (m->aside[0] != '\0')
		(void)host_rename_new(m->v->root, m->aside, m->dst_entry);
}

/* A file, short or long, to a name that is short or long. */
static int
move_file(struct move *m, struct verr *e)
{
	char target[VLOC_MAX];
	bool src_long = strcmp(m->src_entry, m->src.loc.path) != 0;
	bool made = false;

	memcpy(target, m->new_entry, sizeof(target));
	if (m->dn.is_long) {
		if (host_mkdir(m->v->root, m->new_entry, 0755) == 0)
			made = true;
		else if (errno != EEXIST)
			return verr_sys(e, "cannot make folder %s",
			    m->new_entry);
		/* What stands there without contents is somebody's leftover. */
		if ((made || !m->have_dst) &&
		    write_long_name(m, m->new_entry, e) == -1)
			goto err;
		(void)snprintf(target, sizeof(target), "%.*s/contents.c9r",
		    VLOC_MAX - 16, m->new_entry);
	}
	if (host_rename(m->v->root, m->src.loc.path, target) == -1) {
		verr_sys(e, "cannot rename to %s", target);
		goto err;
	}
	if (src_long)
		dir_remove_tree(m->v, m->src_entry, true);
	return 0;
err:
	if (made)
		dir_remove_tree(m->v, m->new_entry, true);
	return -1;
}

/* A directory or symlink: the folder moves as it is. */
static int
move_node(struct move *m, struct verr *e)
{
	bool src_long = m->src_entry[strlen(m->src_entry) - 1] == 's';

	if (m->dn.is_long && write_long_name(m, m->src_entry, e) == -1)
		return -1;
	if (host_rename_new(m->v->root, m->src_entry, m->new_entry) == -1)
		return verr_sys(e, "cannot rename to %s", m->new_entry);
	if (src_long && !m->dn.is_long)
		drop_long_name(m, m->new_entry);
	return 0;
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
	if (m->aside[0] != '\0')
		dir_remove_tree(m->v, m->aside,
		    strcmp(m->dst_entry, m->dst.loc.path) != 0);
	if (m->have_dst && m->dst.dir == NULL && m->dst.attr.nlink <= 1)
		file_forget(m->v, m->dst.attr.fileid);
	if (m->src.dir != NULL) {
		link = m->new_entry + NAME_DIRPATH_LEN + 1;
		dir_set_parent(m->src.dir, m->to, link);
	}
	vault_sync_note(m->v, m->from->path);
	vault_sync_note(m->v, m->to->path);
	if (m->dn.is_long)
		vault_sync_note(m->v, m->new_entry);
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
	int r = -1;

	if (ent != NULL)
		ent->dir = NULL;
	lock_take(&from->v->rename_lock);
	if (from != to && learn_ancestors(to, e) == -1)
		goto out;
	if (dir_lookup(to, a, new_name, new_len, &victim, NULL) == -1)
		victim.dir = NULL;
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
