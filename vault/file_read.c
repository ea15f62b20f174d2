#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/bufpool.h"
#include "base/tune.h"
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

/* What is read: a part of one chunk for each piece of out. */
struct reading {
	struct file	*f;
	struct kctx	*k;
	uint64_t	 first;		/* chunk of the first piece */
	uint64_t	 disk_clear;	/* clear bytes on disk */
	bool		 now;		/* not if that would block */
	struct iolist	*out;
};

/* Bytes from skip to skip + len of the chunk in piece i, from memory. */
static bool
from_memory(struct reading *rd, unsigned i, size_t skip, size_t len)
{
	struct iopiece *p = &rd->out->piece[i];
	size_t got;

	if (!chunks_copy(&rd->f->v->chunks, rd->f->epoch, rd->first + i, skip,
	    len, p->buf, &got))
		return false;
	memset(p->buf + got, 0, len - got);	/* more is to come, or a gap */
	p->data = p->buf;
	p->len = len;
	return true;
}

/* Neither here nor on disk: a gap in front of what is dirty. */
static bool
from_nowhere(struct reading *rd, unsigned i, size_t len)
{
	struct iopiece *p = &rd->out->piece[i];

	if (file_chunk_has(rd->disk_clear, rd->first + i) > 0)
		return false;
	memset(p->buf, 0, len);
	p->data = p->buf;
	p->len = len;
	return true;
}

static int
blocked(const struct reading *rd, struct verr *e)
{
	if (rd->now && (errno == EAGAIN || errno == EOPNOTSUPP))
		return verr_code(e, VERR_BUSY);
	return verr_sys(e, "cannot read %s", rd->f->path);
}

/* Pieces i to n - 1, which are neighbours on disk, as they are there. */
static int
from_disk(struct reading *rd, unsigned i, unsigned n, struct verr *e)
{
	const struct cipher *c = rd->f->v->cipher;
	struct iovec iov[IOLIST_MAX];
	uint64_t disk_off = size_chunk_off(c, rd->first + i);
	size_t want = 0;
	ssize_t got;
	unsigned k;

	for (k = i; k < n; k++) {
		iov[k - i].iov_base = rd->out->piece[k].buf;
		iov[k - i].iov_len = file_chunk_has(rd->disk_clear,
		    rd->first + k) + c->overhead;
		want += iov[k - i].iov_len;
	}
	if (rd->now)
		got = file_readv_now(rd->f, iov, (int)(n - i), disk_off);
	else
		got = host_readv(rd->f->fd, iov, (int)(n - i), disk_off);
	if (got == -1)
		return blocked(rd, e);
	if ((size_t)got != want)
		return rd->now ? verr_code(e, VERR_BUSY) :
		    verr_fail(e, VERR_IO, "%s became shorter while it was "
		    "read", rd->f->path);
	return 0;
}

/*
 * Open piece i in place; of its clear bytes, len from skip on are wanted.  If
 * there are others, they will be wanted soon.
 */
static int
open_piece(struct reading *rd, unsigned i, size_t skip, size_t len,
    struct verr *e)
{
	const struct cipher *c = rd->f->v->cipher;
	struct iopiece *p = &rd->out->piece[i];
	uint64_t index = rd->first + i;
	size_t has = file_chunk_has(rd->disk_clear, index);
	uint8_t *clear = p->buf + c->nonce_len, *copy;

	if (!c->open(rd->k, &rd->f->fk, index, p->buf, has + c->overhead))
		return verr_fail(e, VERR_AUTH, "chunk %llu of %s is not "
		    "authentic", (unsigned long long)index, rd->f->path);
	p->data = clear + skip;
	p->len = len;
	if (skip + len > has)
		memset(clear + (has > skip ? has : skip), 0,
		    skip + len - (has > skip ? has : skip));
	if (len >= has || tune_off(TUNE_CHUNK_CACHE))
		return 0;
	if (len > CIPHER_CHUNK / 2 || (copy = bufpool_get()) == NULL)
		return 0;
	memcpy(copy, p->data, len);
	if (!chunks_keep(&rd->f->v->chunks, rd->f->epoch, index, p->buf,
	    clear, has))
		bufpool_put(p->buf);
	p->buf = copy;
	p->data = copy;
	return 0;
}

/* count bytes from skip on of the first chunk, and on through the others. */
static int
read_pieces(struct reading *rd, size_t skip, size_t count, struct verr *e)
{
	struct iolist *out = rd->out;
	bool look = chunks_any(&rd->f->v->chunks);
	size_t len[IOLIST_MAX], start[IOLIST_MAX];
	bool have[IOLIST_MAX];
	unsigned i, n;
	int r = 0;

	for (i = 0; i < out->n; i++) {
		start[i] = i == 0 ? skip : 0;
		len[i] = CIPHER_CHUNK - start[i] < count ?
		    CIPHER_CHUNK - start[i] : count;
		count -= len[i];
		have[i] = (look && from_memory(rd, i, start[i], len[i])) ||
		    from_nowhere(rd, i, len[i]);
	}
	for (i = 0; r == 0 && i < out->n; i = n) {
		for (n = i; n < out->n && !have[n]; n++)
			continue;
		if (n > i)
			r = from_disk(rd, i, n, e);
		while (n < out->n && have[n])
			n++;
	}
	for (i = 0; r == 0 && i < out->n; i++) {
		if (!have[i])
			r = open_piece(rd, i, start[i], len[i], e);
		out->total += len[i];
	}
	return r;
}

static int
take_buffers(struct iolist *out, unsigned n, struct verr *e)
{
	for (out->n = 0; out->n < n; out->n++)
		if ((out->piece[out->n].buf = bufpool_get()) == NULL)
			return verr_fail(e, VERR_NOMEM,
			    "out of memory for file data");
	return 0;
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
read_locked(struct file *f, uint64_t off, size_t count, bool now,
    struct iolist *out, bool *eof, struct verr *e)
{
	struct reading rd = { .f = f, .now = now, .out = out };
	const struct cipher *c = f->v->cipher;
	enum size_class class, virtual;
	uint64_t end;
	int r;

	/* A remainder that is no chunk was never a committed byte's. */
	rd.disk_clear = size_clear(c, f->st.size, &class);
	end = file_end(f, &virtual);
	*eof = off >= end || count >= end - off;
	if (*eof && virtual == SIZE_EMPTY_TAIL) {
		if (now)
			return verr_code(e, VERR_BUSY);
		if (check_tail(f, end / CIPHER_CHUNK, e) == -1)
			return -1;
	}
	if (off >= end || count == 0)
		return 0;
	if (count > end - off)
		count = (size_t)(end - off);

	rd.first = off / CIPHER_CHUNK;
	if (take_buffers(out, (unsigned)((off + count - 1) / CIPHER_CHUNK -
	    rd.first + 1), e) == -1)
		return -1;
	if ((rd.k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	r = read_pieces(&rd, off % CIPHER_CHUNK, count, e);
	keys_drop(f->v->keys, rd.k);
	return r;
}

int
file_read_attr(struct file *f, uint64_t off, size_t count, bool wait,
    struct iolist *out, bool *eof, struct vattr *a, struct verr *e)
{
	int r;

	out->n = 0;
	out->total = 0;
	*eof = false;
	if (count > FILE_READ_MAX)
		count = FILE_READ_MAX;
	if ((wait ? file_take(f, false, false, e) :
	    file_try(f, false, e)) == -1)
		return -1;
	r = read_locked(f, off, count, !wait, out, eof, e);
	if (a != NULL)
		file_attr_held(f, a);
	file_drop(f);
	if (r == -1) {
		iolist_free(out);
		out->total = 0;
	}
	return r;
}

int
file_read(struct file *f, uint64_t off, size_t count, struct iolist *out,
    bool *eof, struct verr *e)
{
	return file_read_attr(f, off, count, true, out, eof, NULL, e);
}
