/*
 * file_now.c - a write that can be taken into memory without waiting for
 * anything.
 */
#include "config.h"

#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/vault_int.h"

/* Is all that is needed of chunk index here, for len bytes at skip? */
static bool
has_chunk(struct file *f, uint64_t disk_end, uint64_t index, size_t skip,
    size_t len)
{
	size_t has = file_chunk_has(disk_end, index);

	return has == 0 || (skip == 0 && len >= has) ||
	    chunks_has(&f->v->chunks, f->epoch, index);
}

/*
 * One or two chunks, in part, that nothing is to be read for; and not so much
 * that something had to be written first.
 */
static bool
fits(struct file *f, uint64_t off, size_t len)
{
	enum size_class class;
	uint64_t disk_end, end = file_end(f, &class);
	uint64_t index = off / CIPHER_CHUNK;
	size_t skip = off % CIPHER_CHUNK, part;

	disk_end = size_clear(f->v->cipher, f->st.size, &class);
	if (class == SIZE_DAMAGED || class == SIZE_CUT_TAIL || off > end ||
	    len >= CIPHER_CHUNK || (size_t)(f->ndirty + 2) * CIPHER_CHUNK >
	    f->v->wb.dirty_max / 2)
		return false;
	part = CIPHER_CHUNK - skip < len ? CIPHER_CHUNK - skip : len;
	return has_chunk(f, disk_end, index, skip, part) && (part == len ||
	    has_chunk(f, disk_end, index + 1, 0, len - part));
}

int
file_write_now(struct file *f, const struct file_seen *seen, uint64_t off,
    const void *data, size_t len, struct file_change *ch, struct verr *e)
{
	int r = -1;

	ch->have_before = ch->have_after = false;
	if (len == 0 || seen->nlink == 0 || off > SIZE_CLEAR_MAX ||
	    !f->writable || !vault_keeps_writes(f->v) ||
	    !rwlock_try_write(&f->rw))
		return verr_code(e, VERR_BUSY);
	if (!file_is_as_seen(f, seen) || !fits(f, off, len)) {
		file_drop(f);
		return verr_code(e, VERR_BUSY);
	}
	file_before(f, ch);
	r = file_put_back(f, off, data, len, e);
	if (file_after(f, ch, r == -1 ? NULL : e) == -1)
		r = -1;
	file_drop(f);
	return r;
}
