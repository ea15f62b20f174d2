/*
 * file_int.h - inside of struct file, and small files: for vault/ alone.
 */
#ifndef VAULT_FILE_INT_H
#define VAULT_FILE_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/lock.h"
#include "base/lru.h"
#include "vault/chunks.h"
#include "vault/cipher.h"
#include "vault/dir.h"
#include "vault/file.h"
#include "vault/host.h"
#include "vault/size.h"

struct kctx;

/*
 * What a file with unwritten chunks looks like from outside, and what its
 * ctime was said to be when these were taken: writing them makes it another,
 * which is of no interest to anybody.
 */
struct file_face {
	bool		on;		/* size and times are these */
	uint64_t	clear_size;
	struct timespec	mtime, ctime;
	bool		told;		/* real means ctime */
	struct timespec	real;
};

/* Is it known what to seal with before the lock is taken?  Never: no more. */
enum ahead { AHEAD_UNKNOWN, AHEAD_KNOWN, AHEAD_NEVER };

struct sealed;

struct file {
	struct lru_node		 node;		/* guarded by v->files_lock */
	unsigned		 refs;		/* guarded by v->files_lock */
	bool			 forgotten;	/* likewise: not in the table */
	struct file_face	 face;		/* likewise */
	bool			 is_dirty;	/* likewise: in dirty_files */
	int64_t			 dirty_ms;	/* likewise: since then */
	TAILQ_ENTRY(file)	 dirty_link;	/* likewise */

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
	uint64_t		 epoch;		/* of its chunks in memory */
	struct chunk_list	 dirty;		/* by index; chunks.h */
	unsigned		 ndirty;
	bool			 touched;	/* st is not the disk's */
	uint64_t		 changes;	/* that only a sync of the file
						   makes durable */
	uint64_t		 synced;	/* of these */

	_Atomic bool		 cut;		/* since the last sync */

	/* file_ahead.c */
	_Atomic enum ahead	 ahead;
	struct filekey		 ahead_key;	/* constant once it is known */
	_Atomic uint64_t	 ahead_end;	/* clear bytes on disk, after
						   the last write */
	struct sealed		*sealed;	/* by the writer that has rw */
	uint64_t		 turns;		/* given; guarded by v's lock */
	uint64_t		 turn;		/* who is next; likewise */
};

/* -- file.c */
void file_table_free(struct vault *v);

/*
 * A new file with a header, open for its maker alone, though others may open it
 * by its name; VERR_EXIST: something is there.  Then, when its attributes are
 * what they should be (changed: by other ways than f), it is everybody's: f, or
 * what another opened meanwhile.  NULL: f is freed.  a, if not NULL: how f
 * looked before anybody could change it.
 */
struct file *file_create(struct vault *v, const char *path, mode_t mode,
    struct verr *e);
struct file *file_publish(struct file *f, bool changed, struct vattr *a,
    struct verr *e);
void file_discard(struct file *f);	/* it is not to be */

/* One more reference, for who has one. */
void file_ref(struct file *f);

/* The open file with this inode, or NULL; v->files_lock is held. */
struct file *file_look(struct vault *v, uint64_t fileid);

/*
 * A name of the inode is gone, its last one as it seemed: if so, close it when
 * nobody uses it any more.
 */
void file_forget(struct vault *v, uint64_t fileid);

/* -- file_state.c */
/* host_readv_now(), but not again where it is not possible. */
ssize_t file_readv_now(struct file *f, const struct iovec *iov, int n,
    uint64_t disk_off);
/*
 * Take f->rw, to read or to write, with f->st and the header up to date.
 * -1: nothing is taken.  A header that is not authentic is an error except
 * with any_header; then f->have_header tells.
 */
int file_take(struct file *f, bool write, bool any_header, struct verr *e);
/* The same at once: VERR_BUSY if that could block. */
int file_try(struct file *f, bool write, struct verr *e);
void file_drop(struct file *f);
/* Is all that we know of it still true?  f->rw is held. */
bool file_is_as_seen(const struct file *f, const struct file_seen *seen);

bool file_time_before(const struct timespec *a, const struct timespec *b);

/* Attributes from f->st; f->rw is held, so they belong together. */
void file_attr_held(struct file *f, struct vattr *a);

/* Around a change of ours: f->st into *ch (or NULL); anew afterwards. */
void file_before(struct file *f, struct file_change *ch);
int file_after(struct file *f, struct file_change *ch, struct verr *e);

/*
 * Attributes from a stat of a file, as they are with what is not written yet.
 * mark is file_mark() before the stat.  false: stat again.
 */
uint64_t file_mark(struct vault *v);
bool file_fix(struct vault *v, uint64_t mark, struct vattr *a);
/* The same, and the stat again, of path, until it is right. */
void file_fix_at(struct vault *v, uint64_t mark, const char *path,
    struct vattr *a);

/* -- file_store.c: chunks to the disk; f->rw is held to write */
/* What becomes of one chunk. */
struct piece {
	uint64_t	 index;
	const uint8_t	*clear;
	size_t		 len;		/* clear bytes */
	uint8_t		*own;		/* pool buffer that holds clear, with
					   room around it, or NULL */
	/* file_store() itself */
	uint8_t		*disk;		/* sealed */
	size_t		 disk_len;
	uint32_t	 slot;		/* of the journal */
	bool		 pooled;	/* disk is a pool buffer of ours */
};
#define PIECES_MAX	128u

/*
 * Seal and write n (up to PIECES_MAX) chunks, by rising index, each whole.
 * *clear_size is what the file on disk holds, before and after; chunks beyond
 * it follow it without a gap.  On failure what grew is taken back, and *done
 * tells how many chunks from the front are in place.
 */
int file_store(struct file *f, struct kctx *k, uint64_t *clear_size,
    struct piece *p, unsigned n, unsigned *done, struct verr *e);

/* -- file_ahead.c: chunks sealed before f->rw is taken */
#define SEALED_MAX	32u		/* 1 MiB, the largest WRITE */

struct sealed {
	const uint8_t	*data;		/* the clear bytes, the caller's */
	uint64_t	 index;		/* of the first chunk */
	unsigned	 n;
	uint8_t		*disk[SEALED_MAX];	/* pool buffers; NULL: taken */
	bool		 has_turn;
	uint64_t	 turn;
};

/* f->rw is held to write: what the next writes may go by. */
void file_ahead_learn(struct file *f);

/*
 * It is not held: seal those of the len bytes at data that are whole chunks, if
 * they look as if they were to be appended (s->n may be 0), and wait for those
 * who began before.  Then, with the lock and f->sealed = s, file_store() finds
 * them.  In any case, without the lock: file_ahead_free().
 */
void file_ahead_seal(struct file *f, uint64_t off, const uint8_t *data,
    size_t len, struct sealed *s);
void file_ahead_free(struct file *f, struct sealed *s);

/* The buffer with p sealed is the caller's now; NULL: there is none. */
uint8_t *file_ahead_take(struct file *f, const struct piece *p);

/* Read and open chunk index, of which old clear bytes are there, into buf:
   they are at buf + nonce_len. */
int file_fetch(struct file *f, struct kctx *k, uint64_t index, size_t old,
    uint8_t *buf, struct verr *e);

/*
 * A header for a file that has none (or, after truncation, a bad one).  A new
 * file has its name before it has a header, so who makes it and who opens it at
 * that moment are two: its maker, who holds v->header_lock to read, makes one
 * without asking; who puts one keeps makers out, and asks whether it is there.
 */
int file_put_header(struct file *f, struct verr *e);
int file_make_header(struct file *f, struct verr *e);

/* How many clear bytes chunk index has in a file of this size. */
size_t file_chunk_has(uint64_t clear_size, uint64_t index);

/* -- file_write.c: f->rw is held to write */
/* Make the file on disk longer, by zeros; up to size. */
int file_grow(struct file *f, uint64_t *clear_size, uint64_t size,
    struct verr *e);
/* Write to the disk at once; off is at most *clear_size.  data NULL: zeros. */
int file_put_through(struct file *f, uint64_t *clear_size,
    const uint8_t *data, uint64_t off, uint64_t len, struct verr *e);

/* -- file_dirty.c: f->rw is held to write */
/* Clear bytes of the file, with what is not written. */
uint64_t file_end(const struct file *f, enum size_class *class);

/* Take a write into memory, as far as that is the better way. */
int file_put_back(struct file *f, uint64_t off, const uint8_t *data,
    size_t len, struct verr *e);

/* Write all of it; on failure the rest stays dirty. */
int file_flush(struct file *f, struct verr *e);

/* What is not written is lost. */
void file_lose(struct file *f);

/* The chunks of f in memory mean nothing any more; dirty ones stay. */
void file_new_epoch(struct file *f);

/* -- file_small.c: files of one chunk, written at once */
/*
 * A new file at path with this content (at most one chunk), header and all;
 * when as host_write_file() has it.
 */
int file_make(struct vault *v, const char *path, mode_t mode,
    const void *data, size_t len, enum host_when when, struct verr *e);

/* dirid.c9r of d: best effort, as vault-format 5.4 wants it. */
void file_write_dirid(struct vault *v, struct dir *d);

#endif /* VAULT_FILE_INT_H */
