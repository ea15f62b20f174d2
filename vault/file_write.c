/*
 * Writing: chunks are authenticated as a whole, so a change inside one means
 * to read, open, change and seal it again; whole chunks, and those that start
 * at or reach the end of the file, are sealed straight from the caller's
 * bytes.  All chunks of one call go out with one system call for each batch.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/bufpool.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/keys.h"
#include "vault/redo.h"
#include "vault/vault_int.h"

#define BATCH		32u	/* chunks in one pwritev: 1 MiB */

/* Larger growth by zeros is held against the free space first. */
#define GROW_UNCHECKED	(UINT64_C(64) * 1024 * 1024)

static const uint8_t zeros[CIPHER_CHUNK];

/* The clear size, for those who are about to change it. */
static int
writable_size(struct file *f, uint64_t *clear_size, struct verr *e)
{
	enum size_class class;

	if (!f->writable)
		return verr_code(e, VERR_ROFS);
	*clear_size = size_clear(f->v->cipher, f->st.size, &class);
	if (class == SIZE_DAMAGED)
		return verr_fail(e, VERR_DAMAGED, "%s has %llu bytes, which no "
		    "whole number of chunks has; only truncating it to 0 "
		    "can mend it", f->path, (unsigned long long)f->st.size);
	return 0;
}

/* A header for a file that has none (or, after truncation, a bad one). */
static int
put_header(struct file *f, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	uint8_t disk[CIPHER_HEADER_MAX];
	struct kctx *k;
	bool ok;

	if (f->have_header)
		return 0;
	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a header");
	ok = c->header_make(k, &f->fk, disk);
	keys_drop(f->v->keys, k);
	if (!ok)
		return verr_fail(e, VERR_NOMEM, "cannot make a header");
	if (host_write(f->fd, disk, c->header_len, 0) == -1) {
		verr_sys(e, "cannot write the header of %s", f->path);
		(void)host_truncate(f->fd, 0);	/* half of it is damage */
		return -1;
	}
	f->have_header = true;
	f->st.size = c->header_len;
	return 0;
}

/* Read and open chunk index, of which old clear bytes are there. */
static int
fetch(struct file *f, struct kctx *k, uint64_t index, size_t old, uint8_t *buf,
    struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	uint64_t disk_off = size_chunk_off(c, index);
	ssize_t got;

	got = host_read(f->fd, buf, old + c->overhead, disk_off);
	if (got == -1)
		return verr_sys(e, "cannot read %s at %llu", f->path,
		    (unsigned long long)disk_off);
	if ((size_t)got != old + c->overhead ||
	    !c->open(k, &f->fk, index, buf, (size_t)got))
		return verr_fail(e, VERR_AUTH, "chunk %llu of %s is not "
		    "authentic, so it cannot be changed",
		    (unsigned long long)index, f->path);
	return 0;
}

/*
 * Seal into buf what chunk index becomes when the len bytes at data are put in
 * at skip; old is how many clear bytes it has so far.  A gap between old and
 * skip does not occur.  Returns the length on disk, 0 on failure.
 */
static size_t
rewrite(struct file *f, struct kctx *k, uint64_t index, size_t old,
    size_t skip, const uint8_t *data, size_t len, uint8_t *buf,
    struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	size_t total = skip + len > old ? skip + len : old;
	const uint8_t *clear = data;

	if (skip > 0 || len < total) {
		if (fetch(f, k, index, old, buf, e) == -1)
			return 0;
		memcpy(buf + c->nonce_len + skip, data, len);
		clear = buf + c->nonce_len;
	}
	if (!c->seal(k, &f->fk, index, clear, total, buf)) {
		verr_fail(e, VERR_NOMEM, "cannot encrypt a chunk");
		return 0;
	}
	return total + c->overhead;
}

/* How many clear bytes chunk index has in a file of this size. */
static size_t
chunk_has(uint64_t clear_size, uint64_t index)
{
	uint64_t start = index * CIPHER_CHUNK;

	if (clear_size <= start)
		return 0;
	return clear_size - start < CIPHER_CHUNK ?
	    (size_t)(clear_size - start) : CIPHER_CHUNK;
}

/*
 * A write that was to make the file longer stopped half way (the disk is
 * full): take away what came of it.  The chunk that was the last one is
 * sealed anew as far as it went, from what was to become of it; chunks before
 * it had their room, so the disk being full cannot have stopped those.
 */
static void
undo_growth(struct file *f, struct kctx *k, uint64_t clear_size,
    uint64_t first, uint8_t *bufs[], const size_t lens[], unsigned n)
{
	const struct cipher *c = f->v->cipher;
	uint64_t index = clear_size / CIPHER_CHUNK;
	size_t old = chunk_has(clear_size, index);
	uint8_t *buf;

	if (old > 0 && index >= first && index - first < n) {
		buf = bufs[index - first];
		if (c->open(k, &f->fk, index, buf, lens[index - first]) &&
		    c->seal(k, &f->fk, index, buf + c->nonce_len, old, buf))
			(void)host_write(f->fd, buf, old + c->overhead,
			    size_chunk_off(c, index));
	}
	(void)host_truncate(f->fd, size_disk(c, clear_size));
}

/* One batch; *data, *off and *len are moved on.  data NULL: zeros. */
static int
write_batch(struct file *f, struct kctx *k, uint64_t clear_size,
    const uint8_t **data, uint64_t *off, uint64_t *len, struct verr *e)
{
	uint8_t *bufs[BATCH];
	struct iovec iov[BATCH];
	size_t lens[BATCH];
	uint64_t first = *off / CIPHER_CHUNK, index;
	size_t skip, part, disk_len;
	unsigned n = 0, there = 0;
	uint32_t slot;
	int r = -1;

	while (n < BATCH && *len > 0) {
		index = *off / CIPHER_CHUNK;
		skip = *off % CIPHER_CHUNK;
		part = CIPHER_CHUNK - skip;
		if (part > *len)
			part = (size_t)*len;
		if ((bufs[n] = bufpool_get()) == NULL) {
			verr_fail(e, VERR_NOMEM, "out of memory for file data");
			goto out;
		}
		n++;
		if (chunk_has(clear_size, index) > 0)
			there = n;
		disk_len = rewrite(f, k, index, chunk_has(clear_size, index),
		    skip, *data == NULL ? zeros : *data, part, bufs[n - 1], e);
		if (disk_len == 0)
			goto out;
		iov[n - 1].iov_base = bufs[n - 1];
		iov[n - 1].iov_len = lens[n - 1] = disk_len;
		if (*data != NULL)
			*data += part;
		*off += part;
		*len -= part;
	}
	slot = redo_begin(f->v->redo, f, iov, n, there,
	    size_chunk_off(f->v->cipher, first), 0);
	r = host_writev(f->fd, iov, (int)n,
	    size_chunk_off(f->v->cipher, first));
	if (r == -1) {
		verr_sys(e, "cannot write %s", f->path);
		if (*off > clear_size)
			undo_growth(f, k, clear_size, first, bufs, lens, n);
	}
	redo_end(f->v->redo, slot);
out:
	while (n > 0)
		bufpool_put(bufs[--n]);
	return r;
}

/* off is at most *clear_size, which becomes what has been reached. */
static int
write_range(struct file *f, uint64_t *clear_size, const uint8_t *data,
    uint64_t off, uint64_t len, struct verr *e)
{
	struct kctx *k;
	int r = 0;

	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	while (r == 0 && len > 0) {
		r = write_batch(f, k, *clear_size, &data, &off, &len, e);
		if (r == 0 && off > *clear_size)
			*clear_size = off;
	}
	keys_drop(f->v->keys, k);
	return r;
}

/* -- cutting */

/*
 * Chunk index, of which old clear bytes are there, keeps the first keep of
 * them; clear holds it, opened, and disk is room for what it becomes.  The
 * chunk and the file's end cannot change in one step: if the second one
 * fails, the chunk is put back as it was.
 */
static int
shorten_chunk(struct file *f, struct kctx *k, uint64_t index, size_t old,
    size_t keep, uint8_t *clear, uint8_t *disk, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	uint64_t disk_off = size_chunk_off(c, index);
	struct iovec iov = { disk, keep + c->overhead };
	uint32_t slot;
	int r = -1;

	if (!c->seal(k, &f->fk, index, clear + c->nonce_len, keep, disk))
		return verr_fail(e, VERR_NOMEM, "cannot encrypt a chunk");
	if (host_truncate(f->fd, disk_off + old + c->overhead) == -1)
		return verr_sys(e, "cannot truncate %s", f->path);
	slot = redo_begin(f->v->redo, f, &iov, 1, 1, disk_off,
	    disk_off + keep + c->overhead);
	if (host_write(f->fd, disk, keep + c->overhead, disk_off) == 0)
		r = host_truncate(f->fd, disk_off + keep + c->overhead);
	if (r == -1) {
		verr_sys(e, "cannot truncate %s", f->path);
		if (c->seal(k, &f->fk, index, clear + c->nonce_len, old,
		    clear))
			(void)host_write(f->fd, clear, old + c->overhead,
			    disk_off);
	}
	redo_end(f->v->redo, slot);
	return r;
}

/*
 * Cut inside a chunk: first all chunks behind it go, then the chunk gets its
 * new, shorter form, then the rest of the old one goes.
 */
static int
cut(struct file *f, uint64_t clear_size, uint64_t size, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	uint64_t index = size / CIPHER_CHUNK;
	size_t keep = size % CIPHER_CHUNK, old;
	struct kctx *k = NULL;
	uint8_t *buf, *disk;
	int r = -1;

	if (keep == 0) {
		if (host_truncate(f->fd, size_chunk_off(c, index)) == -1)
			return verr_sys(e, "cannot truncate %s", f->path);
		return 0;
	}
	buf = bufpool_get();
	disk = bufpool_get();
	old = chunk_has(clear_size, index);
	if (buf == NULL || disk == NULL ||
	    (k = keys_take(f->v->keys)) == NULL)
		verr_fail(e, VERR_NOMEM, "out of memory for file data");
	else if (fetch(f, k, index, old, buf, e) == 0)
		r = shorten_chunk(f, k, index, old, keep, buf, disk, e);
	if (k != NULL)
		keys_drop(f->v->keys, k);
	bufpool_put(disk);
	bufpool_put(buf);
	return r;
}

/* -- growing */

/* Growing failed: room that was taken for nothing is given back. */
static void
shrink_back(struct file *f, uint64_t clear_size, uint64_t was)
{
	if (clear_size > was)
		(void)cut(f, clear_size, was, NULL);
}

/* The format has no holes: everything up to size becomes encrypted zeros. */
static int
grow(struct file *f, uint64_t *clear_size, uint64_t size, struct verr *e)
{
	struct host_space s;
	uint64_t more;

	if (size <= *clear_size)
		return 0;
	more = size_disk(f->v->cipher, size) - f->st.size;
	if (more > GROW_UNCHECKED && host_space(f->v->root, &s) == 0) {
		if (more > s.total)
			return verr_code(e, VERR_FBIG);
		if (more > s.avail)
			return verr_code(e, VERR_NOSPC);
	}
	return write_range(f, clear_size, NULL, *clear_size,
	    size - *clear_size, e);
}

/* To nothing: the one change that a damaged file allows, and that mends it. */
static int
cut_all(struct file *f, struct verr *e)
{
	if (!f->writable)
		return verr_code(e, VERR_ROFS);
	if (host_truncate(f->fd, f->have_header ?
	    f->v->cipher->header_len : 0) == -1)
		return verr_sys(e, "cannot truncate %s", f->path);
	return put_header(f, e);
}

/* -- the whole */

int
file_write(struct file *f, uint64_t off, const void *data, size_t len,
    struct file_change *ch, struct verr *e)
{
	uint64_t clear_size, was;
	int r = -1;

	if (ch != NULL)
		ch->have_before = ch->have_after = false;
	if (len == 0)
		return 0;
	if (off > SIZE_CLEAR_MAX || len > SIZE_CLEAR_MAX - off)
		return verr_code(e, VERR_FBIG);
	if (file_take(f, true, false, e) == -1)
		return -1;
	file_before(f, ch);
	if (writable_size(f, &clear_size, e) == 0 && put_header(f, e) == 0) {
		was = clear_size;
		if (grow(f, &clear_size, off, e) == 0)
			r = write_range(f, &clear_size, data, off, len, e);
		if (r == -1)
			shrink_back(f, clear_size, was);
	}
	if (file_after(f, ch, r == -1 ? NULL : e) == -1)
		r = -1;
	file_drop(f);
	return r;
}

int
file_truncate(struct file *f, uint64_t size, struct file_change *ch,
    struct verr *e)
{
	uint64_t clear_size, was;
	int r;

	if (ch != NULL)
		ch->have_before = ch->have_after = false;
	if (size > SIZE_CLEAR_MAX)
		return verr_code(e, VERR_FBIG);
	if (file_take(f, true, size == 0, e) == -1)
		return -1;
	file_before(f, ch);
	if (size == 0)
		r = cut_all(f, e);
	else if ((r = writable_size(f, &clear_size, e)) == 0 &&
	    (r = put_header(f, e)) == 0) {
		was = clear_size;
		if (size < clear_size)
			r = cut(f, clear_size, size, e);
		else if ((r = grow(f, &clear_size, size, e)) == -1)
			shrink_back(f, clear_size, was);
	}
	if (file_after(f, ch, r == -1 ? NULL : e) == -1)
		r = -1;
	file_drop(f);
	return r;
}
