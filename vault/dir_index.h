/*
 * dir_index.h - where things are in the whole vault, as compact as can be.
 *
 * A table of directories: the id, and which one is above; about 62 bytes each.
 * And one of files and symlinks: inode to directory, 8 bytes a slot, two slots
 * or less for each.  A file's place is a hint: 32 bits of a hash of its inode
 * are kept, and it may have moved.  Both are bounded; what did not fit is known
 * to be missing, and at most half is of directories that are gone.  Not locked:
 * its owner is (dir_search.c, dir_told.c).
 */
#ifndef VAULT_DIR_INDEX_H
#define VAULT_DIR_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_DIRS_MAX	(1u << 20)	/* 62 MiB */
#define INDEX_SLOTS_MAX	(1u << 22)	/* 32 MiB: 3 million files */
#define INDEX_NONE	UINT32_MAX

struct index;

struct index *index_new(void);		/* NULL: no memory */
void index_free(struct index *x);	/* NULL is ignored */

/*
 * The number of the directory with this hash, after it was added if it was
 * not there.  parent becomes what is above it, unless it is INDEX_NONE.
 * INDEX_NONE: no memory, or full.
 */
uint32_t index_add_dir(struct index *x, const uint8_t hash[20],
    const char *id, size_t len, uint32_t parent);
/* By the first 8 bytes of its hash; INDEX_NONE. */
uint32_t index_find_dir(const struct index *x, const uint8_t *hash);
/* What was removed; numbers may be others afterwards. */
void index_forget_dir(struct index *x, const uint8_t *hash);
uint32_t index_dirs(const struct index *x);	/* numbers are below this */
uint32_t index_parent(const struct index *x, uint32_t dir);
/* NUL-terminated; until the next index_add_dir(). */
const char *index_id(const struct index *x, uint32_t dir, size_t *len);

/* A file is there too; false: no memory, or full. */
bool index_add_file(struct index *x, uint64_t ino, uint32_t dir);
/* Directories where it may be: at most max of them into dirs. */
size_t index_find_file(const struct index *x, uint64_t ino, uint32_t *dirs,
    size_t max);

#endif /* VAULT_DIR_INDEX_H */
