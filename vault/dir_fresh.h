/*
 * dir_fresh.h - what making an entry of any kind takes: its names, attributes,
 * and the step that gives it its place.  For dir_change.c alone.
 */
#ifndef VAULT_DIR_FRESH_H
#define VAULT_DIR_FRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "vault/vault_int.h"

/* A place for a new entry: its name is free. */
struct fresh {
	struct diskname	dn;
	const char	*name;			/* NFC, in the arena */
	size_t		 len;
	char		 tmp[VLOC_MAX];		/* temporary name */
	char		 entry[VLOC_MAX];	/* final name */
	bool		 kept;			/* it has that, come what may */
};

/*
 * VERR_EXIST: something has the name, and is in *ent; quick: VERR_BUSY where it
 * would have to be searched for.
 */
int dir_fresh_init(struct fresh *f, struct dir *d, struct arena *a,
    const char *name, size_t len, bool quick, struct entry *ent,
    struct verr *e);

/*
 * Mode, owner and times of a new object at path.  A mode that was not asked
 * for is mode, whatever the umask made of it; 0: left as it is.
 */
int dir_fresh_apply(struct vault *v, const char *path,
    const struct vset *set, mode_t mode, struct verr *e);

/*
 * The small file that makes an object what it is (dir.c9r, symlink.c9r) or says
 * its name (name.c9s) goes to the disk before that name, so that a power cut
 * leaves no name with an empty one behind it.
 */
enum host_when dir_fresh_when(void);

/* The folder that a directory, a symlink or a long name is on disk. */
int dir_fresh_node(struct vault *v, struct fresh *f, struct verr *e);

/*
 * Give it its name, and tell what is there now.  leaf: the file in its folder
 * that is to be synced with it, or NULL.
 */
int dir_fresh_publish(struct dir *d, struct fresh *f, const char *leaf,
    struct entry *ent, struct verr *e);

/* It failed: what was made so far goes. */
void dir_fresh_unmake(struct dir *d, const struct fresh *f, bool folder);

#endif /* VAULT_DIR_FRESH_H */
