#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/vault_int.h"

/*
 * Does the link that d was last reached by still lead to it?  If it does, and
 * another entry claims the same id, that other one is the copy.
 */
static bool
link_still_there(struct dir *d)
{
	char id[NAME_DIRID_MAX + 1], path[VLOC_MAX], *link = NULL;
	struct vault *v = d->v;
	struct dir *parent;
	ssize_t n;

	lock_take(&v->dirs_lock);
	if ((parent = d->parent) != NULL && (link = strdup(d->link)) != NULL)
		parent->refs++;		/* d keeps it: it is not idle */
	lock_drop(&v->dirs_lock);
	if (link == NULL)
		return false;
	dir_entry_path(parent, link, strlen(link), "dir.c9r", path);
	n = host_read_file(v->root, path, id, NAME_DIRID_MAX);
	free(link);
	dir_put(parent);
	return n == (ssize_t)d->id_len && memcmp(id, d->id, d->id_len) == 0;
}

/* By what is known of parents: does d hang below the root? */
static bool
is_rooted(const struct dir *d)
{
	LOCK_ASSERT_HELD(&d->v->dirs_lock);
	while (d->parent != NULL)
		d = d->parent;
	return d == d->v->root_dir;
}

/* "X (1).c9r" is a copy of X.c9r (vault-format 7.7). */
static bool
is_copy_of(const char *link, const char *entry)
{
	size_t n = strlen(entry) - 4;

	if (strlen(link) <= n + 4)
		return false;
	while (*link != '\0' && strncmp(link, entry, n) != 0)
		link++;
	return *link != '\0';
}

/*
 * vault-format 5.2: one directory has one link.  A second one, or one that
 * names an ancestor (the tree would never end), is not served.  The first that
 * is seen is the one; but a copy's name yields to the one that it was made of,
 * and what was reached by a handle, with nothing known above it, to what leads
 * there from the root.
 */
static bool
link_is_fine(struct dir *parent, const char *entry, struct dir *d)
{
	struct vault *v = d->v;
	bool known, same, yields, loose;

	lock_take(&v->dirs_lock);
	known = d->parent != NULL;
	same = known && d->parent == parent && strcmp(d->link, entry) == 0;
	yields = known && d->parent == parent && is_copy_of(d->link, entry);
	loose = known && !is_rooted(d->parent) && is_rooted(parent);
	lock_drop(&v->dirs_lock);
	if (same)
		return true;
	if (d == v->root_dir || dir_is_below(parent, d))
		return false;
	return !known || yields || loose || !link_still_there(d);
}

static int
probe_dir(struct dir *parent, const char *entry, size_t entry_len,
    const char *id, size_t id_len, struct entry *ent, struct verr *e)
{
	char link[256];
	struct dir *d;

	/* The empty id is the root's (trap 11); the tree would never end. */
	if (id_len == 0)
		return verr_fail(e, VERR_DAMAGED, "%s/%.*s/dir.c9r is empty",
		    parent->path, (int)entry_len, entry);
	if ((d = dir_by_id(parent->v, id, id_len, e)) == NULL)
		return -1;
	if (dir_attr(d, &ent->attr, e) == -1) {
		if (e == NULL || e->code == VERR_STALE)
			verr_fail(e, VERR_DAMAGED, "%s/%.*s leads to %s, which "
			    "is missing", parent->path, (int)entry_len, entry,
			    d->path);
		goto err;
	}
	memcpy(link, entry, entry_len);
	link[entry_len] = '\0';
	if (!link_is_fine(parent, link, d)) {
		verr_fail(e, VERR_DAMAGED, "%s/%s is a second link to %s",
		    parent->path, link, d->path);
		goto err;
	}
	dir_set_parent(d, parent, link);
	ent->dir = d;
	ent->loc.type = VTYPE_DIR;
	ent->loc.entry_len = 0;
	memcpy(ent->loc.path, d->path, sizeof(d->path));
	return 0;
err:
	dir_put(d);
	return -1;
}

/* Is it a regular file at leaf inside the entry? */
static int
probe_leaf(struct dir *d, const char *entry, size_t entry_len,
    const char *leaf, enum vtype type, struct entry *ent)
{
	uint64_t mark = file_mark(d->v);
	struct host_stat st;

	dir_entry_path(d, entry, entry_len, leaf, ent->loc.path);
	if (host_stat(d->v->root, ent->loc.path, &st) == -1)
		return -1;
	if (!S_ISREG(st.mode)) {
		errno = ENOENT;
		return -1;
	}
	ent->loc.type = type;
	ent->loc.entry_len = (uint16_t)(NAME_DIRPATH_LEN + 1 + entry_len);
	attr_from_stat(&ent->attr, type, d->v->cipher, &st);
	if (type == VTYPE_FILE)
		file_fix_at(d->v, mark, ent->loc.path, &ent->attr);
	return 0;
}

/* An entry that is a folder: directory, symlink or file, in this order. */
static int
probe_folder(struct dir *d, const char *entry, size_t entry_len,
    struct entry *ent, struct verr *e)
{
	char id[NAME_DIRID_MAX + 1], path[VLOC_MAX];
	ssize_t n;

	dir_entry_path(d, entry, entry_len, "dir.c9r", path);
	n = host_read_file(d->v->root, path, id, NAME_DIRID_MAX);
	if (n >= 0)
		return probe_dir(d, entry, entry_len, id, (size_t)n, ent, e);
	if (errno == EFBIG)
		return verr_fail(e, VERR_DAMAGED, "%s is longer than %d bytes",
		    path, NAME_DIRID_MAX);
	if (errno != ENOENT && errno != ENOTDIR)
		return verr_sys(e, "cannot read %s", path);
	if (probe_leaf(d, entry, entry_len, "symlink.c9r", VTYPE_SYMLINK,
	    ent) == 0)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return verr_sys(e, "cannot stat %s", ent->loc.path);
	/* contents.c9r counts in shortened entries only (vault-format 4.4). */
	if (entry[entry_len - 1] == 's' &&
	    probe_leaf(d, entry, entry_len, "contents.c9r", VTYPE_FILE,
	    ent) == 0)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return verr_sys(e, "cannot stat %s", ent->loc.path);

	/* Nothing in it; or was the entry itself taken away meanwhile? */
	dir_entry_path(d, entry, entry_len, NULL, path);
	if (host_stat(d->v->root, path, &(struct host_stat){ 0 }) == -1)
		return errno == ENOENT ? verr_code(e, VERR_NOENT) :
		    verr_sys(e, "cannot stat %s", path);
	return verr_fail(e, VERR_DAMAGED, "%s holds none of dir.c9r, "
	    "symlink.c9r, contents.c9r", path);
}

int
dir_probe(struct dir *d, const char *entry, size_t entry_len,
    struct entry *ent, struct verr *e)
{
	uint64_t mark = file_mark(d->v);
	struct host_stat st;

	ent->dir = NULL;
	if (entry_len > 255)
		return verr_code(e, VERR_NAMETOOLONG);
	if (entry[entry_len - 1] == 's')
		return probe_folder(d, entry, entry_len, ent, e);

	dir_entry_path(d, entry, entry_len, NULL, ent->loc.path);
	if (host_stat(d->v->root, ent->loc.path, &st) == -1) {
		if (errno == ENOENT)
			return verr_code(e, VERR_NOENT);
		return verr_sys(e, "cannot stat %s", ent->loc.path);
	}
	if (S_ISDIR(st.mode))
		return probe_folder(d, entry, entry_len, ent, e);
	if (!S_ISREG(st.mode))
		return verr_fail(e, VERR_DAMAGED, "%s is neither a file nor "
		    "a folder", ent->loc.path);
	ent->loc.type = VTYPE_FILE;
	ent->loc.entry_len = (uint16_t)(NAME_DIRPATH_LEN + 1 + entry_len);
	attr_from_stat(&ent->attr, VTYPE_FILE, d->v->cipher, &st);
	file_fix_at(d->v, mark, ent->loc.path, &ent->attr);
	return 0;
}

bool
dir_probe_tells(enum verr_code code)
{
	return code == VERR_NOENT || code == VERR_DAMAGED ||
	    code == VERR_STALE || code == VERR_ACCESS ||
	    code == VERR_PERM || code == VERR_NAMETOOLONG;
}
