#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/bufpool.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/keys.h"
#include "vault/vault.h"
#include "vault/vault_int.h"

void
iolist_free(struct iolist *l)
{
	unsigned i;

	for (i = 0; i < l->n; i++)
		bufpool_put(l->piece[i].buf);
	l->n = 0;
	l->total = 0;
}

/* One buffer for each chunk from first on, and what is to be read into it. */
static int
take_buffers(struct iolist *out, struct iovec *iov, unsigned n,
    uint64_t disk_len, size_t chunk_disk, struct verr *e)
{
	size_t part;

	for (out->n = 0; out->n < n; out->n++) {
		part = disk_len < chunk_disk ? (size_t)disk_len : chunk_disk;
		disk_len -= part;
		if ((out->piece[out->n].buf = bufpool_get()) == NULL)
			return verr_fail(e, VERR_NOMEM,
			    "out of memory for file data");
		iov[out->n].iov_base = out->piece[out->n].buf;
		iov[out->n].iov_len = part;
		out->piece[out->n].len = part;	/* on disk, for now */
	}
	return 0;
}

/* Open all chunks in place; pieces then are the clear bytes asked for. */
static int
open_chunks(struct file *f, uint64_t first, size_t skip, size_t count,
    struct iolist *out, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	struct iopiece *p;
	struct kctx *k;
	size_t clear;
	unsigned i;
	int r = 0;

	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	for (i = 0; i < out->n; i++) {
		p = &out->piece[i];
		if (p->len < c->overhead ||
		    !c->open(k, &f->fk, first + i, p->buf, p->len)) {
			r = verr_fail(e, VERR_AUTH, "chunk %llu of %s is not "
			    "authentic", (unsigned long long)(first + i),
			    f->path);
			break;
		}
		clear = p->len - c->overhead;
		p->data = p->buf + c->nonce_len + skip;
		p->len = clear > skip ? clear - skip : 0;
		if (p->len > count)
			p->len = count;
		count -= p->len;
		out->total += p->len;
		skip = 0;
	}
	keys_drop(f->v->keys, k);
	return r;
}

/*
 * A trailing chunk without data (vault-format 3.4) says that the file ends
 * here: whoever is told so gets it authenticated.
 */
static int
check_tail(struct file *f, uint64_t index, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	uint8_t disk[CIPHER_OVERHEAD_MAX];
	struct kctx *k;
	ssize_t got;
	bool ok;

	got = host_read(f->fd, disk, c->overhead, size_chunk_off(c, index));
	if (got == -1)
		return verr_sys(e, "cannot read the end of %s", f->path);
	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	ok = (size_t)got == c->overhead &&
	    c->open(k, &f->fk, index, disk, (size_t)got);
	keys_drop(f->v->keys, k);
	if (!ok)
		return verr_fail(e, VERR_AUTH, "the empty chunk %llu at the "
		    "end of %s is not authentic", (unsigned long long)index,
		    f->path);
	return 0;
}

static int
read_locked(struct file *f, uint64_t off, size_t count, struct iolist *out,
    bool *eof, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	struct iovec iov[IOLIST_MAX];
	uint64_t clear_size, first, last, disk_off, disk_len;
	enum size_class class;
	ssize_t got;

	clear_size = size_clear(c, f->st.size, &class);
	if (class == SIZE_DAMAGED)
		return verr_fail(e, VERR_DAMAGED, "%s has %llu bytes, which no "
		    "whole number of chunks has", f->path,
		    (unsigned long long)f->st.size);
	*eof = off >= clear_size || count >= clear_size - off;
	if (*eof && class == SIZE_EMPTY_TAIL &&
	    check_tail(f, clear_size / CIPHER_CHUNK, e) == -1)
		return -1;
	if (off >= clear_size || count == 0)
		return 0;
	if (count > clear_size - off)
		count = (size_t)(clear_size - off);

	first = off / CIPHER_CHUNK;
	last = (off + count - 1) / CIPHER_CHUNK;
	disk_off = size_chunk_off(c, first);
	disk_len = size_chunk_off(c, last + 1) - disk_off;
	if (disk_len > f->st.size - disk_off)
		disk_len = f->st.size - disk_off;
	if (take_buffers(out, iov, (unsigned)(last - first + 1), disk_len,
	    CIPHER_CHUNK + c->overhead, e) == -1)
		return -1;
	got = host_readv(f->fd, iov, (int)out->n, disk_off);
	if (got == -1)
		return verr_sys(e, "cannot read %s at %llu", f->path,
		    (unsigned long long)disk_off);
	if ((uint64_t)got != disk_len)
		return verr_fail(e, VERR_IO, "%s became shorter while it was "
		    "read", f->path);
	return open_chunks(f, first, off % CIPHER_CHUNK, count, out, e);
}

int
file_read(struct file *f, uint64_t off, size_t count, struct iolist *out,
    bool *eof, struct verr *e)
{
	int r;

	out->n = 0;
	out->total = 0;
	*eof = false;
	if (count > FILE_READ_MAX)
		count = FILE_READ_MAX;
	if (file_take(f, false, false, e) == -1)
		return -1;
	r = read_locked(f, off, count, out, eof, e);
	file_drop(f);
	return r;
}
