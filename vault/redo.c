/*
 * redo.c - a write that the end of the process cuts in two is finished later.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/uio.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bufpool.h"
#include "base/lockfile.h"
#include "base/log.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/keys.h"
#include "vault/redo.h"
#include "vault/vault.h"
#include "vault/vault_int.h"

#define SLOTS		256u	/* as many as serve has workers at most */
#define CHUNKS		33u	/* of one write: 1 MiB, not aligned */
#define HEAD_LEN	4096u
#define DATA_LEN	(CHUNKS * (CIPHER_CHUNK + 64u))
#define SLOT_LEN	((HEAD_LEN + DATA_LEN + 4095u) & ~4095u)
#define MAP_LEN		((size_t)SLOTS * SLOT_LEN)
#define FORM		0x76720001u	/* changes with struct head */

/* In the machine's own order.  Valid while form is FORM. */
struct head {
	_Atomic uint32_t form;
	uint32_t	 n;		/* chunks of the write */
	uint32_t	 there;		/* those whose data follows */
	uint64_t	 fileid;
	uint32_t	 gen;
	uint32_t	 lens[CHUNKS];	/* bytes of those */
	uint64_t	 disk_off;	/* of the first */
	uint64_t	 disk_size;	/* of the file afterwards, or 0 */
	char		 path[VLOC_MAX];
};

_Static_assert(sizeof(struct head) <= HEAD_LEN, "has a page");

struct redo {
	int			 fd;
	uint8_t			*map;
	_Atomic bool		 busy[SLOTS];
	_Atomic bool		 room[SLOTS];	/* has its disk space */
	_Atomic bool		 warned;
};

static struct head *
head_of(const struct redo *r, uint32_t slot)
{
	return (struct head *)(r->map + (size_t)slot * SLOT_LEN);
}

static uint8_t *
data_of(const struct redo *r, uint32_t slot)
{
	return r->map + (size_t)slot * SLOT_LEN + HEAD_LEN;
}

/* -- before and after a write */

/* A store into a hole on a full disk would be SIGBUS: reserve it. */
static bool
reserve(struct redo *r, uint32_t slot)
{
	static const uint8_t zeros[65536];
	off_t off = (off_t)slot * (off_t)SLOT_LEN, end = off + (off_t)SLOT_LEN;
	ssize_t n = 0;

	if (atomic_load(&r->room[slot]))
		return true;
	for (; off < end; off += n) {
		n = pwrite(r->fd, zeros, end - off < (off_t)sizeof(zeros) ?
		    (size_t)(end - off) : sizeof(zeros), off);
		if (n <= 0)
			break;
	}
	if (off < end) {
		if (!atomic_exchange(&r->warned, true))
			log_warn("no room in the state directory: a server "
			    "that is killed may leave torn chunks");
		return false;
	}
	atomic_store(&r->room[slot], true);
	return true;
}

static uint32_t
take(struct redo *r)
{
	uint32_t i;
	bool free;

	for (i = 0; i < SLOTS; i++) {
		free = false;
		if (atomic_compare_exchange_strong(&r->busy[i], &free, true)) {
			if (reserve(r, i))
				return i;
			atomic_store(&r->busy[i], false);
			return REDO_NONE;
		}
	}
	return REDO_NONE;
}

uint32_t
redo_begin(struct redo *r, const struct file *f, const struct iovec *iov,
    unsigned n, unsigned there, uint64_t disk_off, uint64_t disk_size)
{
	struct vattr a;
	struct head *h;
	uint8_t *data;
	uint32_t slot;
	unsigned i;

	if (r == NULL || n > CHUNKS || (slot = take(r)) == REDO_NONE)
		return REDO_NONE;
	h = head_of(r, slot);
	data = data_of(r, slot);
	attr_from_stat(&a, VTYPE_FILE, f->v->cipher, &f->st);
	h->n = n;
	h->there = there;
	h->fileid = f->fileid;
	h->gen = a.gen;
	h->disk_off = disk_off;
	h->disk_size = disk_size;
	strcpy(h->path, f->path);
	for (i = 0; i < there; i++) {
		h->lens[i] = (uint32_t)iov[i].iov_len;
		memcpy(data, iov[i].iov_base, iov[i].iov_len);
		data += iov[i].iov_len;
	}
	atomic_store_explicit(&h->form, FORM, memory_order_release);
	return slot;
}

void
redo_end(struct redo *r, uint32_t slot)
{
	if (r == NULL || slot == REDO_NONE)
		return;
	atomic_store_explicit(&head_of(r, slot)->form, 0,
	    memory_order_release);
	atomic_store(&r->busy[slot], false);
}

/* -- the next server */

/* What one write left, in a file that is held to write. */
struct repair {
	struct file	*f;
	struct kctx	*k;
	uint8_t		*buf;		/* one chunk */
	bool		 changed;
};

/* The chunk at disk_off as it is: authentic?  len: what the file has of it. */
static bool
is_good(struct repair *rp, uint64_t disk_off, size_t *len)
{
	const struct cipher *c = rp->f->v->cipher;
	uint64_t index = (disk_off - c->header_len) /
	    (CIPHER_CHUNK + c->overhead);
	ssize_t n = host_read(rp->f->fd, rp->buf, CIPHER_CHUNK + c->overhead,
	    disk_off);

	*len = n > 0 ? (size_t)n : 0;
	return *len >= c->overhead &&
	    c->open(rp->k, &rp->f->fk, index, rp->buf, *len);
}

/* The slot's own copy, before it is believed. */
static bool
is_ours(struct repair *rp, uint64_t disk_off, const uint8_t *data, size_t len)
{
	const struct cipher *c = rp->f->v->cipher;
	uint64_t index = (disk_off - c->header_len) /
	    (CIPHER_CHUNK + c->overhead);

	if (len < c->overhead || len > CIPHER_CHUNK + c->overhead)
		return false;
	memcpy(rp->buf, data, len);
	return c->open(rp->k, &rp->f->fk, index, rp->buf, len);
}

/* A file that goes on has been written to since: what is there stays. */
static bool
file_ends_by(struct repair *rp, uint64_t disk_off)
{
	struct host_stat st;

	return host_fstat(rp->f->fd, &st) == 0 && st.size <= disk_off;
}

/* Chunks that were to be replaced. */
static void
mend_chunks(struct repair *rp, const struct head *h, const uint8_t *data)
{
	uint64_t off = h->disk_off;
	size_t len, room = DATA_LEN;
	uint32_t i;

	for (i = 0; i < h->there && h->lens[i] <= room; i++) {
		if (!is_good(rp, off, &len) &&
		    is_ours(rp, off, data, h->lens[i]) &&
		    host_write(rp->f->fd, data, h->lens[i], off) == 0) {
			rp->changed = true;
			if (h->disk_size != 0 && file_ends_by(rp, off +
			    rp->f->v->cipher->overhead + CIPHER_CHUNK))
				(void)host_truncate(rp->f->fd, h->disk_size);
		}
		off += rp->f->v->cipher->overhead + CIPHER_CHUNK;
		data += h->lens[i];
		room -= h->lens[i];
	}
}

/* What was to be appended: as far as it is authentic. */
static void
mend_end(struct repair *rp, const struct head *h)
{
	const struct cipher *c = rp->f->v->cipher;
	uint64_t step = CIPHER_CHUNK + c->overhead;
	uint64_t off = h->disk_off + h->there * step;
	size_t len;

	if (h->n == h->there || !file_ends_by(rp, h->disk_off + h->n * step))
		return;
	while (is_good(rp, off, &len) && len == step)
		off += step;
	if (len == 0 || is_good(rp, off, &len))
		return;
	if (host_truncate(rp->f->fd, off) == 0)
		rp->changed = true;
}

static bool
is_sane(const struct head *h, const struct cipher *c)
{
	return atomic_load(&h->form) == FORM && h->n <= CHUNKS &&
	    h->there <= h->n &&
	    memchr(h->path, '\0', sizeof(h->path)) != NULL &&
	    h->disk_off >= c->header_len && h->disk_off < INT64_MAX / 2 &&
	    (h->disk_off - c->header_len) % (CIPHER_CHUNK + c->overhead) == 0;
}

/* The file of a slot: where it was, or anywhere. */
static struct file *
find(struct vault *v, const struct head *h)
{
	struct vloc loc = { .type = VTYPE_FILE };
	struct dir *parent = NULL;
	struct arena *arena;
	struct entry ent;
	struct file *f;
	struct verr e;

	strcpy(loc.path, h->path);
	f = file_open(v, &loc, h->fileid, true, &e);
	if (f != NULL || e.code != VERR_STALE ||
	    (arena = arena_new(1024 * 1024)) == NULL)
		return f;
	if (dir_find_anywhere(v, arena, h->fileid, h->gen, &ent, &parent,
	    &e) == 0) {
		f = file_open(v, &ent.loc, h->fileid, true, &e);
		dir_put(parent);
	}
	arena_free(arena);
	return f;
}

/* True if something had to be put right. */
static bool
mend(struct vault *v, const struct head *h, const uint8_t *data)
{
	struct repair rp = { .changed = false };

	if (!is_sane(h, v->cipher) || (rp.f = find(v, h)) == NULL)
		return false;
	if (file_take(rp.f, true, true, NULL) == 0) {
		rp.k = keys_take(v->keys);
		rp.buf = bufpool_get();
		if (rp.f->have_header && rp.k != NULL && rp.buf != NULL) {
			mend_chunks(&rp, h, data);
			mend_end(&rp, h);
		}
		bufpool_put(rp.buf);
		if (rp.k != NULL)
			keys_drop(v->keys, rp.k);
		rp.f->have_header = false;	/* to be looked at anew */
		file_drop(rp.f);
	}
	file_put(rp.f);
	return rp.changed;
}

static unsigned
replay(struct redo *r, struct vault *v, off_t size)
{
	unsigned n = 0;
	uint32_t i;

	for (i = 0; i < SLOTS && (off_t)(i + 1) * (off_t)SLOT_LEN <= size;
	    i++) {
		atomic_store(&r->room[i], true);
		if (mend(v, head_of(r, i), data_of(r, i)))
			n++;
		redo_end(r, i);
	}
	return n;
}

struct redo *
redo_open(struct vault *v, const char *path, bool make, unsigned *mended,
    struct verr *e)
{
	struct redo *r;
	off_t size;

	if ((r = calloc(1, sizeof(*r))) == NULL) {
		verr_fail(e, VERR_NOMEM, "no memory to protect writes");
		return NULL;
	}
	if ((r->fd = lockfile_open(path, make, &size, e)) == -1) {
		free(r);
		return NULL;
	}
	r->map = mmap(NULL, MAP_LEN, PROT_READ | PROT_WRITE, MAP_SHARED,
	    r->fd, 0);
	if (r->map == MAP_FAILED) {
		verr_sys(e, "cannot map %s", path);
		(void)close(r->fd);
		free(r);
		return NULL;
	}
	*mended = replay(r, v, size);
	return r;
}

void
redo_close(struct redo *r)
{
	if (r == NULL)
		return;
	(void)munmap(r->map, MAP_LEN);
	(void)close(r->fd);
	free(r);
}
