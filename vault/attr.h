/*
 * attr.h - what an object of the vault looks like from outside.
 *
 * Attributes always come from a stat of the ciphertext object, never from a
 * cache: of the file itself, of symlink.c9r for a symlink, of the content
 * folder d/XX/YYY for a directory (vault-format 7.6).  Sizes of files and
 * links are clear sizes by arithmetic; nothing is opened.
 */
#ifndef VAULT_ATTR_H
#define VAULT_ATTR_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct host_stat;
struct cipher;

enum vtype { VTYPE_FILE = 1, VTYPE_DIR, VTYPE_SYMLINK };

struct vattr {
	enum vtype	 type;
	uint32_t	 mode;		/* permission bits, 07777 */
	uint32_t	 nlink;
	uint32_t	 uid, gid;	/* of the ciphertext object */
	uint64_t	 size;		/* clear bytes */
	uint64_t	 used;		/* bytes on disk */
	uint64_t	 fileid;	/* inode of that object, never 0 */
	uint32_t	 gen;		/* from its birth; 0 if unknown */
	bool		 damaged;	/* too short for a header */
	struct timespec	 atime, mtime, ctime;
};

/* What to change; a bit set in mask says which members count. */
enum {
	VSET_MODE  = 1 << 0,
	VSET_UID   = 1 << 1,
	VSET_GID   = 1 << 2,
	VSET_SIZE  = 1 << 3,
	VSET_ATIME = 1 << 4,	/* atime; tv_nsec may be UTIME_NOW */
	VSET_MTIME = 1 << 5,
};

struct vset {
	unsigned	 mask;
	uint32_t	 mode;
	uint32_t	 uid, gid;
	uint64_t	 size;		/* clear bytes; files only */
	struct timespec	 atime, mtime;
};

/* Attributes of an object of this type from its stat. */
void attr_from_stat(struct vattr *a, enum vtype type,
    const struct cipher *cipher, const struct host_stat *st);

#endif /* VAULT_ATTR_H */
