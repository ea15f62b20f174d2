/*
 * dirmap.h - clear paths of many directories, from their folders on disk.
 *
 * A folder's id tells nothing of the directory above it, so the way up is known
 * only to who has come down.  A dirmap walks down from the root, a directory
 * at a time and only until what is asked for has been met, and remembers what
 * it saw: any number of questions take one walk in all.
 *
 * For commands: it grows with the vault, about 150 bytes a directory, and does
 * not notice what is changed after it went by.  One user at a time.
 */
#ifndef VAULT_DIRMAP_H
#define VAULT_DIRMAP_H

#include <stddef.h>

struct arena;
struct dir;
struct dirmap;
struct vault;
struct verr;

/* max: bytes that names and ids may take.  NULL: no memory. */
struct dirmap *dirmap_new(struct vault *v, size_t max);
void dirmap_free(struct dirmap *m);	/* NULL is ignored */

/*
 * The directory with the content folder "d/XX/Y{30}": its clear path ("/a/b")
 * in the arena, and a reference.  VERR_NOENT: no link leads there; VERR_NOMEM.
 * Directories that cannot be listed are passed over.
 */
int dirmap_find(struct dirmap *m, struct arena *a, const char *folder,
    const char **path, struct dir **d, struct verr *e);

#endif /* VAULT_DIRMAP_H */
