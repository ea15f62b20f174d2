#include "config.h"

#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/tree.h"
#include "vault/vault_int.h"

/* The next part of the path, or false at its end; "." is skipped. */
static bool
next_part(const char **path, const char **part, size_t *len)
{
	do {
		while (**path == '/')
			(*path)++;
		*part = *path;
		while (**path != '\0' && **path != '/')
			(*path)++;
		*len = (size_t)(*path - *part);
	} while (*len == 1 && **part == '.');
	return *len > 0;
}

static bool
is_dotdot(const char *part, size_t len)
{
	return len == 2 && part[0] == '.' && part[1] == '.';
}

static int
root_entry(struct vault *v, struct arena *a, struct dir *d, struct entry *ent,
    struct verr *e)
{
	(void)v;
	memset(ent, 0, sizeof(*ent));
	if (dir_attr(d, &ent->attr, e) == -1) {
		dir_put(d);
		return -1;
	}
	ent->name = arena_strndup(a, "", 0);
	ent->loc.type = VTYPE_DIR;
	strcpy(ent->loc.path, d->path);
	ent->dir = d;
	return 0;
}

/*
 * Walk to the end.  One reference, d, is held at each step; an entry that is
 * no directory ends the walk.
 */
int
tree_lookup(struct vault *v, struct arena *a, const char *path,
    struct entry *ent, struct verr *e)
{
	struct dir *d, *up;
	const char *part;
	size_t len;
	int depth = 0;

	d = dir_root(v, e);
	if (root_entry(v, a, d, ent, e) == -1)
		return -1;
	while (next_part(&path, &part, &len)) {
		depth++;
		if (ent->dir == NULL)
			return verr_fail(e, VERR_NOTDIR, "part %d of the path "
			    "is no directory", depth - 1);
		d = ent->dir;
		if (is_dotdot(part, len)) {
			up = dir_parent(d, true, e);
			dir_put(d);
			if (up == NULL || root_entry(v, a, up, ent, e) == -1)
				return -1;
			continue;
		}
		if (dir_lookup(d, a, part, len, ent, e) == -1) {
			dir_put(d);
			if (e != NULL && e->code == VERR_NOENT)
				verr_fail(e, VERR_NOENT, "part %d of the path "
				    "is not there", depth);
			return -1;
		}
		dir_put(d);
	}
	return 0;
}

struct dir *
tree_parent(struct vault *v, struct arena *a, const char *path,
    const char **name, size_t *len, struct verr *e)
{
	const char *p = path, *part, *last = NULL;
	struct entry ent;
	size_t n;
	char *head;

	*len = 0;
	while (next_part(&p, &part, &n)) {
		last = part;
		*len = n;
	}
	if (last == NULL || is_dotdot(last, *len)) {
		verr_fail(e, VERR_INVAL, "the path has no last part");
		return NULL;
	}
	head = arena_strndup(a, path, (size_t)(last - path));
	*name = arena_strndup(a, last, *len);
	if (head == NULL || *name == NULL) {
		verr_fail(e, VERR_NOMEM, "out of memory for a path");
		return NULL;
	}
	if (tree_lookup(v, a, head, &ent, e) == -1)
		return NULL;
	if (ent.dir == NULL)
		verr_fail(e, VERR_NOTDIR, "the path leads through something "
		    "that is no directory");
	return ent.dir;
}
