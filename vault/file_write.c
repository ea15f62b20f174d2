/*
 * Writing: chunks are authenticated as a whole, so a change inside one means
 * to read, open, change and seal it again; whole chunks, and those that start
 * at or reach the end of the file, are sealed straight from the caller's
 * bytes.  What can stay in memory for a while does (file_dirty.c).
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/bufpool.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/keys.h"
#include "vault/journal.h"
#include "vault/vault_int.h"

#define BATCH		32u	/* chunks in one pwritev: 1 MiB */

/* Larger growth by zeros is held against the free space first. */
#define GROW_UNCHECKED	(UINT64_C(64) * 1024 * 1024)

static const uint8_t zeros[CIPHER_CHUNK];

/*
 * The clear size on disk, for those who are about to change it.  A remainder
 * that is no chunk is what a growing file has when the power fails: it goes.
 */
static int
writable_size(struct file *f, uint64_t *clear_size, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	enum size_class class;
	uint64_t end;

	if (!f->writable)
		return verr_code(e, VERR_ROFS);
	*clear_size = size_clear(c, f->st.size, &class);
	if (class != SIZE_CUT_TAIL)
		return 0;
	end = size_chunk_off(c, *clear_size / CIPHER_CHUNK);
	if (host_truncate(f->fd, end) == -1)
		return verr_sys(e, "cannot truncate %s", f->path);
	f->st.size = end;
	f->touched = true;
	f->changes++;
	return 0;
}

/*
 * What chunk index becomes when the len bytes at data are put in at skip; old
 * is how many clear bytes it has so far.  A gap between old and skip does not
 * occur.
 */
static int
rewrite(struct file *f, struct kctx *k, struct piece *p, size_t old,
    size_t skip, const uint8_t *data, size_t len, struct verr *e)
{
	const struct cipher *c = f->v->cipher;

	p->len = skip + len > old ? skip + len : old;
	p->clear = data;
	p->own = NULL;
	if (skip == 0 && len == p->len)
		return 0;
	if ((p->own = bufpool_get()) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for file data");
	if (file_fetch(f, k, p->index, old, p->own, e) == -1)
		return -1;
	memcpy(p->own + c->nonce_len + skip, data, len);
	p->clear = p->own + c->nonce_len;
	return 0;
}

/* One batch; *data, *off and *len are moved on.  data NULL: zeros. */
static int
write_batch(struct file *f, struct kctx *k, uint64_t *clear_size,
    const uint8_t **data, uint64_t *off, uint64_t *len, struct verr *e)
{
	struct piece p[BATCH];
	unsigned n = 0, done;
	size_t skip, part;
	int r = 0;

	while (r == 0 && n < BATCH && *len > 0) {
		p[n].index = *off / CIPHER_CHUNK;
		skip = *off % CIPHER_CHUNK;
		part = CIPHER_CHUNK - skip;
		if (part > *len)
			part = (size_t)*len;
		r = rewrite(f, k, &p[n], file_chunk_has(*clear_size,
		    p[n].index), skip, *data == NULL ? zeros : *data, part, e);
		n++;
		if (*data != NULL)
			*data += part;
		*off += part;
		*len -= part;
	}
	if (r == 0)
		r = file_store(f, k, clear_size, p, n, &done, e);
	while (n > 0)
		bufpool_put(p[--n].own);
	return r;
}

int
file_put_through(struct file *f, uint64_t *clear_size, const uint8_t *data,
    uint64_t off, uint64_t len, struct verr *e)
{
	struct kctx *k;
	int r = 0;

	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	while (r == 0 && len > 0)
		r = write_batch(f, k, clear_size, &data, &off, &len, e);
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
	uint8_t nonce[CIPHER_NONCE_MAX];
	struct journal_entry entry = { .disk_off = disk_off, .data = disk,
	    .len = keep + c->overhead, .old = nonce };
	uint32_t slot;
	int r = -1;

	memcpy(nonce, clear, c->nonce_len);
	if (!c->seal(k, &f->fk, index, clear + c->nonce_len, keep, disk))
		return verr_fail(e, VERR_NOMEM, "cannot encrypt a chunk");
	if (host_truncate(f->fd, disk_off + old + c->overhead) == -1)
		return verr_sys(e, "cannot truncate %s", f->path);
	entry.slot = slot = journal_take(f->v->journal, f);
	if (slot != JOURNAL_NONE &&
	    (journal_replace(f->v->journal, f, &entry, 1, e) == -1 ||
	    journal_sync(f->v->journal, e) == -1))
		goto out;
	if (host_write(f->fd, disk, keep + c->overhead, disk_off) == 0)
		r = host_truncate(f->fd, disk_off + keep + c->overhead);
	if (r == -1) {
		verr_sys(e, "cannot truncate %s", f->path);
		if (c->seal(k, &f->fk, index, clear + c->nonce_len, old,
		    clear))
			(void)host_write(f->fd, clear, old + c->overhead,
			    disk_off);
	}
out:
	journal_done(f->v->journal, slot);
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
	old = file_chunk_has(clear_size, index);
	if (buf == NULL || disk == NULL ||
	    (k = keys_take(f->v->keys)) == NULL)
		verr_fail(e, VERR_NOMEM, "out of memory for file data");
	else if (file_fetch(f, k, index, old, buf, e) == 0)
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
int
file_grow(struct file *f, uint64_t *clear_size, uint64_t size, struct verr *e)
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
	return file_put_through(f, clear_size, NULL, *clear_size,
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
	f->changes++;
	return file_put_header(f, e);
}

/* -- the whole */

/* To the disk, at once. */
static int
write_through(struct file *f, uint64_t off, const void *data, size_t len,
    struct verr *e)
{
	uint64_t clear_size, was;
	int r = -1;

	if (file_flush(f, e) == -1 || writable_size(f, &clear_size, e) == -1)
		return -1;
	was = clear_size;
	if (file_grow(f, &clear_size, off, e) == 0)
		r = file_put_through(f, &clear_size, data, off, len, e);
	if (r == -1)
		shrink_back(f, clear_size, was);
	file_new_epoch(f);
	return r;
}

/* Of what is sealed already, file_store() uses what still can be. */
static int
write_sealed(struct file *f, uint64_t off, const void *data, size_t len,
    struct sealed *s, struct file_change *ch, struct verr *e)
{
	uint64_t clear_size;
	int r = -1;

	if (file_take(f, true, false, e) == -1)
		return -1;
	file_before(f, ch);
	f->sealed = s;
	if (writable_size(f, &clear_size, e) == 0 &&
	    file_put_header(f, e) == 0) {
		if (vault_keeps_writes(f->v))
			r = file_put_back(f, off, data, len, e);
		else
			r = write_through(f, off, data, len, e);
	}
	f->sealed = NULL;
	if (file_after(f, ch, r == -1 ? NULL : e) == -1)
		r = -1;
	file_ahead_learn(f);
	file_drop(f);
	return r;
}

int
file_write(struct file *f, uint64_t off, const void *data, size_t len,
    struct file_change *ch, struct verr *e)
{
	struct sealed s;
	int r;

	if (ch != NULL)
		ch->have_before = ch->have_after = false;
	if (len == 0)
		return 0;
	if (off > SIZE_CLEAR_MAX || len > SIZE_CLEAR_MAX - off)
		return verr_code(e, VERR_FBIG);
	file_ahead_seal(f, off, data, len, &s);
	r = write_sealed(f, off, data, len, &s, ch, e);
	file_ahead_free(f, &s);
	vault_make_room(f->v);
	return r;
}

/* The bytes from size on go, or zeros come; what is dirty is written first. */
static int
truncate_to(struct file *f, uint64_t size, struct verr *e)
{
	uint64_t clear_size, was;
	int r;

	if (size == 0) {
		file_lose(f);
		return cut_all(f, e);
	}
	if (writable_size(f, &clear_size, e) == -1 ||
	    file_flush(f, e) == -1 || file_put_header(f, e) == -1 ||
	    writable_size(f, &clear_size, e) == -1)
		return -1;
	was = clear_size;
	if (size < clear_size)
		r = cut(f, clear_size, size, e);
	else if ((r = file_grow(f, &clear_size, size, e)) == -1)
		shrink_back(f, clear_size, was);
	return r;
}

/* The file is taken, and dropped here. */
static int
truncate_taken(struct file *f, uint64_t size, struct file_change *ch,
    struct verr *e)
{
	int r;

	file_before(f, ch);
	f->touched = true;
	f->cut = true;
	r = truncate_to(f, size, e);
	f->changes++;
	file_new_epoch(f);
	if (file_after(f, ch, r == -1 ? NULL : e) == -1)
		r = -1;
	file_drop(f);
	return r;
}

int
file_truncate(struct file *f, uint64_t size, struct file_change *ch,
    struct verr *e)
{
	if (ch != NULL)
		ch->have_before = ch->have_after = false;
	if (size > SIZE_CLEAR_MAX)
		return verr_code(e, VERR_FBIG);
	if (file_take(f, true, size == 0, e) == -1)
		return -1;
	return truncate_taken(f, size, ch, e);
}

int
file_empty_now(struct file *f, struct verr *e)
{
	enum size_class class;

	if (file_try(f, true, e) == -1)
		return -1;
	if (!f->writable || file_end(f, &class) > VAULT_QUICK_SIZE) {
		file_drop(f);
		return verr_code(e, VERR_BUSY);
	}
	return truncate_taken(f, 0, NULL, e);
}
