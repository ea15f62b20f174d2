/*
 * file.h - what is in a file of the vault: read, write, truncate, sync.
 *
 * A struct file is an open ciphertext file: descriptor, header, keys.  They are
 * counted references into a bounded table of the vault, keyed by inode, so that
 * all who use one file share one lock and one header.  An entry of the table
 * is believed only while size, mtime and ctime of the inode are those that our
 * own last change left: what others changed underneath is read anew.
 *
 * Offsets and lengths are clear bytes.  When file_write() returns, the bytes
 * are what everybody reads, in memory or encrypted in the system's page cache
 * (vault_write_back() allows the first); after file_sync() they are on stable
 * storage, with the names that lead to them.
 *
 * Threads: any; readers of one file run side by side, a writer runs alone.
 * Errors: VERR_AUTH (a chunk or the header is not authentic: the text says
 * which and where), VERR_DAMAGED (too short for a header), VERR_IO,
 * VERR_NOSPC, VERR_FBIG, VERR_ROFS, VERR_STALE.
 */
#ifndef VAULT_FILE_H
#define VAULT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "vault/attr.h"

struct arena;
struct file;
struct vault;
struct verr;
struct vloc;

/* Clear bytes in chunk buffers, by reference; bufs go back to base/bufpool. */
#define IOLIST_MAX	34	/* 1 MiB at any offset touches 33 chunks */
#define FILE_READ_MAX	(1024u * 1024)	/* bytes in one file_read() */

struct iolist {
	unsigned	 n;
	size_t		 total;		/* bytes in all pieces */
	struct iopiece {
		uint8_t		*buf;	/* whole buffer, owned */
		const uint8_t	*data;	/* the clear bytes in it */
		size_t		 len;
	} piece[IOLIST_MAX];
};

/* The ciphertext file as it is on disk. */
struct file_seen {
	uint64_t	size;		/* bytes */
	uint32_t	nlink;
	struct timespec	mtime, ctime;
};

void iolist_free(struct iolist *l);	/* buffers back, n = 0 */

/*
 * The open file at loc, which must still be the inode fileid (VERR_STALE
 * otherwise).  A file without any header (0 bytes on disk) opens as an empty
 * file and gets its header with the first write.  Who owns the file may open
 * it whatever its mode says: permission is the caller's affair (a descriptor
 * that a client holds goes on working after chmod 0).
 */
struct file *file_open(struct vault *v, const struct vloc *loc,
    uint64_t fileid, bool write, struct verr *e);
/* The same if it is open already; NULL: it is not. */
struct file *file_open_now(struct vault *v, uint64_t fileid);
void file_put(struct file *f);		/* NULL is ignored */

/*
 * Up to count (clamped to FILE_READ_MAX) bytes from off into out, which the
 * caller frees by iolist_free() also after failure.  *eof: these were the last.
 * Reading at or past the end gives nothing and eof.  A trailing chunk without
 * data is authenticated before eof is said.
 */
int file_read(struct file *f, uint64_t off, size_t count, struct iolist *out,
    bool *eof, struct verr *e);

/*
 * The same, and the attributes that belong to what was read.  wait false:
 * without waiting for the disk or for others; VERR_BUSY if that is not
 * possible.  out is empty after a failure.
 */
int file_read_attr(struct file *f, uint64_t off, size_t count, bool wait,
    struct iolist *out, bool *eof, struct vattr *a, struct verr *e);

/*
 * Can reading without waiting for the disk succeed?  So it seems until it was
 * tried: Linux's tmpfs and overlays cannot, nor can other systems.
 */
bool file_reads_now(const struct vault *v);

/* Attributes of the file before and after a change, under one lock. */
struct file_change {
	bool		have_before, have_after;
	struct vattr	before, after;
};

/*
 * All of len bytes, or an error, after which the file is no longer than it
 * was; a gap before off is filled with zeros.  ch may be NULL; it is filled as
 * far as it came, also on failure.
 */
int file_write(struct file *f, uint64_t off, const void *data, size_t len,
    struct file_change *ch, struct verr *e);

/*
 * The same, of an open file, into memory and without waiting for the disk or
 * for others: VERR_BUSY if that is not possible, and nothing has been done.
 * seen is of a moment ago, by file_see().
 */
int file_write_now(struct file *f, const struct file_seen *seen, uint64_t off,
    const void *data, size_t len, struct file_change *ch, struct verr *e);

/* Cut, or extend with zeros. */
int file_truncate(struct file *f, uint64_t size, struct file_change *ch,
    struct verr *e);
/* To 0 bytes, like file_write_now(): VERR_BUSY for a large one, too. */
int file_empty_now(struct file *f, struct verr *e);

/*
 * Contents and names on stable storage.  What could not be written is lost, and
 * said here once; vault_write_back()'s lost is called then.
 */
int file_sync(struct file *f, struct verr *e);
/*
 * The same, and how the file looked before, and looks from now on: its ctime is
 * the disk's again, as it will be when it is opened anew.  A client that is
 * told both takes the change for its own.  ch is filled as far as it came.
 */
int file_sync_attr(struct file *f, struct file_change *ch, struct verr *e);

/* The object's attributes by fstat of the open file; and what that said. */
int file_attr(struct file *f, struct vattr *a, struct verr *e);
int file_see(struct file *f, struct vattr *a, struct file_seen *seen,
    struct verr *e);

/* Target of the symlink at loc, in the arena, NUL-terminated. */
int symlink_read(struct vault *v, struct arena *a, const struct vloc *loc,
    const char **target, size_t *len, struct verr *e);

/*
 * Attributes of the object at loc, by one stat.  fileid: what the caller
 * expects there (VERR_STALE if it is another), or 0.
 */
int loc_attr(struct vault *v, const struct vloc *loc, uint64_t fileid,
    struct vattr *a, struct verr *e);

/*
 * Change attributes of the object at loc; size by file_truncate().  Order:
 * size, owner, mode, times.  a, if not NULL: attributes afterwards.
 */
int loc_set(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const struct vset *set, struct vattr *a, struct verr *e);

/*
 * The same with some system calls and without waiting for others: VERR_BUSY if
 * that is not possible, and nothing has been done.  Sizes: only 0, of a small
 * file that is open.  A write that comes while times are set is written out
 * first, as in loc_set().
 */
int loc_set_now(struct vault *v, const struct vloc *loc, uint64_t fileid,
    const struct vset *set, struct vattr *a, struct verr *e);

#endif /* VAULT_FILE_H */
