/*
 * file_int.h - inside of struct file, and small files: for vault/ alone.
 */
#ifndef VAULT_FILE_INT_H
#define VAULT_FILE_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "base/lru.h"
#include "vault/cipher.h"
#include "vault/dir.h"
#include "vault/file.h"
#include "vault/host.h"
#include "vault/size.h"

struct kctx;

struct file {
	struct lru_node		 node;		/* guarded by v->files_lock */
	unsigned		 refs;		/* guarded by v->files_lock */
	bool			 forgotten;	/* likewise: not in the table */

	/* constant */
	struct vault		*v;
	uint64_t		 fileid;	/* inode */
	int			 fd;
	bool			 writable;
	char			 path[VLOC_MAX];/* where it was, for messages */

	struct rwlock		 rw;		/* guards the rest */
	bool			 have_header;
	struct filekey		 fk;
	struct host_stat	 st;		/* as we know it; else header
						   and size are read anew */
};

/* -- file.c */
void file_table_free(struct vault *v);

/* The inode is gone: close it as soon as nobody uses it. */
void file_forget(struct vault *v, uint64_t fileid);

/*
 * Take f->rw, to read or to write, with f->st and the header up to date.
 * -1: nothing is taken.  A header that is not authentic is an error except
 * with any_header; then f->have_header tells.
 */
int file_take(struct file *f, bool write, bool any_header, struct verr *e);
void file_drop(struct file *f);

/* Around a change of ours: f->st into *ch (or NULL); anew afterwards. */
void file_before(struct file *f, struct file_change *ch);
int file_after(struct file *f, struct file_change *ch, struct verr *e);

/* -- file_small.c: files of one chunk, written at once */
/*
 * A new file at path with this content (at most one chunk), header and all.
 */
int file_make(struct vault *v, const char *path, mode_t mode,
    const void *data, size_t len, struct verr *e);

/* dirid.c9r of d: best effort, as vault-format 5.4 wants it. */
void file_write_dirid(struct vault *v, struct dir *d);

#endif /* VAULT_FILE_INT_H */
