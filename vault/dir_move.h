/*
 * dir_move.h - what dir_rename.c found at both ends, for dir_move.c, which does
 * the renames on disk.  For these two files alone.
 */
#ifndef VAULT_DIR_MOVE_H
#define VAULT_DIR_MOVE_H

#include <stdbool.h>
#include <stddef.h>

#include "vault/vault_int.h"

struct move {
	struct vault	*v;
	struct dir	*from, *to;
	bool		 quick;			/* nothing that takes long */
	struct dir_change *ch;			/* of from, or NULL */
	struct entry	 src, dst;		/* dst: only if have_dst */
	bool		 have_dst;
	bool		 unseen;		/* nobody looked for dst */
	char		 src_entry[VLOC_MAX];	/* as it is called now */
	char		 dst_entry[VLOC_MAX];	/* what is replaced */
	const char	*name;			/* new name, NFC */
	size_t		 len;
	struct diskname	 dn;			/* the same on disk */
	char		 new_entry[VLOC_MAX];
};

/*
 * Move src to its new name and take away dst.  Types fit (rename(2) would
 * allow it), both are not the same object, and the locks of from, to and a
 * directory that is replaced are held.  -1: nothing has changed.  1: neither;
 * something unseen has the new name (m->unseen: a file is to get a short name).
 */
int dir_move(struct move *m, struct verr *e);

#endif /* VAULT_DIR_MOVE_H */
