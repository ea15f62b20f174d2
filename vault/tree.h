/*
 * tree.h - clear paths, for the commands that work without serving.
 *
 * A path is split at '/', empty parts and "." are skipped, ".." goes up and
 * stops at the root.  Symlinks are not followed.
 */
#ifndef VAULT_TREE_H
#define VAULT_TREE_H

#include <stddef.h>

#include "vault/dir.h"

/*
 * The object at path.  ent->name is its last part ("" for the root); ent->dir
 * is a reference if it is a directory.  VERR_NOENT, VERR_NOTDIR with a text
 * that names the position in the path, not the name.
 */
int tree_lookup(struct vault *v, struct arena *a, const char *path,
    struct entry *ent, struct verr *e);

/*
 * The directory that holds the last part of path, as a reference, and that
 * part (in the arena).  VERR_INVAL if path is the root.
 */
struct dir *tree_parent(struct vault *v, struct arena *a, const char *path,
    const char **name, size_t *len, struct verr *e);

#endif /* VAULT_TREE_H */
