/*
 * file_store.c - chunks to the disk.
 *
 * All are sealed first, into buffers or where they lie.  Those that replace
 * others go to the journal (journal.h), which is synced once for all of them,
 * and only then to their place; what is appended is only noted.  Neighbours
 * leave with one system call.
 */
#include "config.h"

#include <string.h>

#include "base/bufpool.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

/* Somebody else gave it one since we looked. */
static int
adopt_header(struct file *f, const struct host_stat *st, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	uint8_t disk[CIPHER_HEADER_MAX];
	struct kctx *k;
	ssize_t n;

	if ((n = host_read(f->fd, disk, c->header_len, 0)) == -1)
		return verr_sys(e, "cannot read the header of %s", f->path);
	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a header");
	f->have_header = (size_t)n == c->header_len &&
	    c->header_read(k, disk, &f->fk);
	keys_drop(f->v->keys, k);
	if (!f->have_header)
		return verr_fail(e, VERR_AUTH, "the header of %s is not "
		    "authentic", f->path);
	f->st = *st;
	f->touched = true;
	return 0;
}

int
file_make_header(struct file *f, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	uint8_t disk[CIPHER_HEADER_MAX];
	struct kctx *k;
	bool ok;

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
	f->have_header = f->touched = true;
	f->st.size = c->header_len;
	f->changes++;
	return 0;
}

int
file_put_header(struct file *f, struct verr *e)
{
	struct rwlock *l = &f->v->header_lock;
	struct host_stat st;
	int r;

	if (f->have_header)
		return 0;
	rwlock_take_write(l);
	if (host_fstat(f->fd, &st) == -1)
		r = verr_sys(e, "cannot stat %s", f->path);
	else if (st.size > 0 && f->st.size == 0)
		r = adopt_header(f, &st, e);
	else
		r = file_make_header(f, e);
	rwlock_drop(l);
	return r;
}

size_t
file_chunk_has(uint64_t clear_size, uint64_t index)
{
	uint64_t start = index * CIPHER_CHUNK;

	if (clear_size <= start)
		return 0;
	return clear_size - start < CIPHER_CHUNK ?
	    (size_t)(clear_size - start) : CIPHER_CHUNK;
}

int
file_fetch(struct file *f, struct kctx *k, uint64_t index, size_t old,
    uint8_t *buf, struct verr *e)
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

static int
seal(struct file *f, struct kctx *k, struct piece *p,
    struct verr *e)
{
	const struct cipher *c = f->v->cipher;

	if ((p->disk = file_ahead_take(f, p)) != NULL) {
		p->pooled = true;
		return 0;
	}
	if ((p->disk = p->own) == NULL) {
		if ((p->disk = bufpool_get()) == NULL)
			return verr_fail(e, VERR_NOMEM,
			    "out of memory for file data");
		p->pooled = true;
	}
	if (!c->seal(k, &f->fk, p->index, p->clear, p->len, p->disk))
		return verr_fail(e, VERR_NOMEM, "cannot encrypt a chunk");
	return 0;
}

/* All of them; *there are the ones that replace others. */
static int
seal_all(struct file *f, struct kctx *k, uint64_t clear_size,
    struct piece *p, unsigned n, unsigned *there, struct verr *e)
{
	unsigned i;
	int r = 0;

	*there = 0;
	for (i = 0; r == 0 && i < n; i++) {
		p[i].disk_len = p[i].len + f->v->cipher->overhead;
		r = seal(f, k, &p[i], e);
		if (file_chunk_has(clear_size, p[i].index) > 0) {
			p[i].slot = journal_take(f->v->journal, f);
			*there = i + 1;
		}
		if (p[i].slot == JOURNAL_NONE ||
		    !journal_is_durable(f->v->journal))
			f->changes++;
	}
	return r;
}

/* What replaces others goes to the journal, and that to the disk. */
static int
protect(struct file *f, const struct piece *p, unsigned there, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	struct journal *j = f->v->journal;
	struct journal_entry list[PIECES_MAX];
	uint8_t old[PIECES_MAX][CIPHER_NONCE_MAX];
	unsigned i, n = 0;

	for (i = 0; i < there; i++) {
		if (p[i].slot == JOURNAL_NONE)
			continue;
		list[n] = (struct journal_entry){ .slot = p[i].slot,
		    .disk_off = size_chunk_off(c, p[i].index),
		    .data = p[i].disk, .len = p[i].disk_len, .old = old[n] };
		memset(old[n], 0, sizeof(old[n]));
		if (journal_is_durable(j) && host_read(f->fd, old[n],
		    c->nonce_len, list[n].disk_off) == -1)
			return verr_sys(e, "cannot read %s", f->path);
		n++;
	}
	if (n == 0)
		return 0;
	return journal_replace(j, f, list, n, e) == -1 ? -1 :
	    journal_sync(j, e);
}

/*
 * A write that was to make the file longer stopped half way (the disk is
 * full): take away what came of it.  The chunk that was the last one is
 * sealed anew as far as it went, from what was to become of it; chunks before
 * it had their room, so the disk being full cannot have stopped those.
 */
static void
undo_growth(struct file *f, struct kctx *k, uint64_t clear_size,
    struct piece *p, unsigned n)
{
	const struct cipher *c = f->v->cipher;
	uint64_t index = clear_size / CIPHER_CHUNK;
	size_t old = file_chunk_has(clear_size, index);
	uint8_t *buf;
	unsigned i;

	for (i = 0; old > 0 && i < n; i++) {
		if (p[i].index != index || (buf = bufpool_get()) == NULL)
			continue;
		memcpy(buf, p[i].disk, p[i].disk_len);
		if (c->open(k, &f->fk, index, buf, p[i].disk_len) &&
		    c->seal(k, &f->fk, index, buf + c->nonce_len, old, buf))
			(void)host_write(f->fd, buf, old + c->overhead,
			    size_chunk_off(c, index));
		bufpool_put(buf);
	}
	(void)host_truncate(f->fd, size_disk(c, clear_size));
}

/* Neighbours p[0] to p[n - 1]. */
static int
write_run(struct file *f, struct kctx *k, uint64_t *clear_size,
    struct piece *p, unsigned n, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	uint64_t disk_off = size_chunk_off(c, p[0].index);
	uint64_t end = p[n - 1].index * CIPHER_CHUNK + p[n - 1].len;
	struct iovec iov[PIECES_MAX];
	unsigned i;

	for (i = 0; i < n; i++) {
		iov[i].iov_base = p[i].disk;
		iov[i].iov_len = p[i].disk_len;
	}
	if (host_writev(f->fd, iov, (int)n, disk_off) == -1) {
		verr_sys(e, "cannot write %s", f->path);
		if (end > *clear_size)
			undo_growth(f, k, *clear_size, p, n);
		return -1;
	}
	if (end > *clear_size)
		*clear_size = end;
	return 0;
}

/* What is appended behind p[there - 1] is noted, for who is killed in it. */
static uint32_t
note_append(struct file *f, const struct piece *p, unsigned there, unsigned n)
{
	uint32_t slot;

	if (there == n ||
	    (slot = journal_take(f->v->journal, f)) == JOURNAL_NONE)
		return JOURNAL_NONE;
	journal_append(f->v->journal, slot, f,
	    size_chunk_off(f->v->cipher, p[there].index), n - there);
	return slot;
}

int
file_store(struct file *f, struct kctx *k, uint64_t *clear_size,
    struct piece *p, unsigned n, unsigned *done, struct verr *e)
{
	uint32_t note = JOURNAL_NONE;
	unsigned i, m, there;
	int r;

	*done = 0;
	f->touched = true;
	for (i = 0; i < n; i++) {
		p[i].slot = JOURNAL_NONE;
		p[i].disk = NULL;
		p[i].pooled = false;
	}
	r = seal_all(f, k, *clear_size, p, n, &there, e);
	if (r == 0)
		note = note_append(f, p, there, n);
	if (r == 0)
		r = protect(f, p, there, e);
	if (r == 0 && there < n)
		r = journal_settle(f->v->journal, e);
	for (i = 0; r == 0 && i < n; i += m) {
		for (m = 1; i + m < n && p[i + m].index ==
		    p[i].index + m; m++)
			continue;
		r = write_run(f, k, clear_size, p + i, m, e);
		if (r == 0)
			*done = i + m;
	}
	journal_done(f->v->journal, note);
	for (i = 0; i < n; i++) {
		journal_done(f->v->journal, p[i].slot);
		if (p[i].pooled)
			bufpool_put(p[i].disk);
	}
	return r;
}
