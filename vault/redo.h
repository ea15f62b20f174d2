/*
 * redo.h - a write that the end of the process cuts in two is finished later.
 *
 * A chunk is authenticated as a whole, so one that was half overwritten when
 * the process was killed is lost, with what it held before.  Therefore the new
 * ciphertext of chunks that are there already goes into a file outside of the
 * vault first, with what it takes to find them.  The next server looks at
 * each write that was under way: a chunk that does not authenticate gets its
 * new contents from there, and what was to be appended and does not
 * authenticate is cut off.  A chunk that authenticates is never touched, so an
 * old or damaged file of this kind can do no harm.
 *
 * This is for the process that dies: nothing is synced.  When the power fails,
 * the file may hold less than the vault, and what is torn then stays torn.
 *
 * One slot for each write under way, in a mapped file whose room is reserved
 * before it is used.  Threads: any; a slot belongs to who began it.
 */
#ifndef VAULT_REDO_H
#define VAULT_REDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct iovec;
struct redo;
struct vault;
struct verr;

#define REDO_NONE	UINT32_MAX

/*
 * The file at path, and what it holds put right in v.  If there is none: made,
 * or VERR_NOENT.
 * VERR_BUSY: a living server has it.  *mended counts writes that were.
 */
struct redo *redo_open(struct vault *v, const char *path, bool make,
    unsigned *mended, struct verr *e);
void redo_close(struct redo *r);		/* NULL is ignored */

/*
 * The n chunks in iov are about to be written at disk_off of f; the first
 * there of them replace chunks that exist.  disk_size is the size of the file
 * afterwards if that is less than before, else 0.  Returns the slot, REDO_NONE
 * if there is no room: the write goes on unprotected.  r may be NULL.
 */
uint32_t redo_begin(struct redo *r, const struct file *f,
    const struct iovec *iov, unsigned n, unsigned there, uint64_t disk_off,
    uint64_t disk_size);

/* It has been written, or was taken back. */
void redo_end(struct redo *r, uint32_t slot);

#endif /* VAULT_REDO_H */
