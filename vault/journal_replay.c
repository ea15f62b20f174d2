/*
 * journal_replay.c - what a server that ended left in its journal.
 *
 * All slots of one file are gone through together, and those of one chunk
 * from the oldest to the newest.  Only the newest is ever put in place: the
 * others tell which versions of the chunk are known to be older.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bufpool.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal_int.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

/* One file that is held to write, and what is done to it. */
struct replay {
	struct journal	*j;
	struct file	*f;
	struct kctx	*k;
	uint8_t		*buf;		/* one chunk */
	unsigned	 mended;
};

/* What slots are sorted by. */
struct place {
	uint64_t	fileid, disk_off, seq;
	uint32_t	gen, kind, slot;
};

static uint64_t
step(const struct replay *rp)
{
	return CIPHER_CHUNK + rp->f->v->cipher->overhead;
}

static uint64_t
index_of(const struct replay *rp, uint64_t disk_off)
{
	return (disk_off - rp->f->v->cipher->header_len) / step(rp);
}

/*
 * The chunk at disk_off as it is, into buf.  Its bytes, 0: the file ends
 * before, -1: it cannot be read.  *good: authentic; its nonce is then in buf.
 */
static ssize_t
look(struct replay *rp, uint64_t disk_off, bool *good, struct verr *e)
{
	const struct cipher *c = rp->f->v->cipher;
	ssize_t n = host_read(rp->f->fd, rp->buf, step(rp), disk_off);

	if (n == -1)
		return verr_sys(e, "cannot read %s", rp->f->path);
	*good = (size_t)n >= c->overhead && c->open(rp->k, &rp->f->fk,
	    index_of(rp, disk_off), rp->buf, (size_t)n);
	return n;
}

/* The slot's own copy into buf, before it is believed. */
static bool
fetch(struct replay *rp, const struct jhead *h, uint32_t slot)
{
	if (h->len < rp->f->v->cipher->overhead || h->len > step(rp))
		return false;
	return host_read(rp->j->fd, rp->buf, h->len, journal_at(slot)) ==
	    (ssize_t)h->len && memcmp(rp->buf, h->new,
	    rp->f->v->cipher->nonce_len) == 0;
}

static bool
is_whole(struct replay *rp, uint32_t slot)
{
	const struct jhead *h = journal_head(rp->j, slot);

	return fetch(rp, h, slot) && rp->f->v->cipher->open(rp->k, &rp->f->fk,
	    index_of(rp, h->disk_off), rp->buf, h->len);
}

/* Does the file end in or before the chunk at disk_off? */
static bool
ends_by(const struct replay *rp, uint64_t disk_off)
{
	struct host_stat st;

	return host_fstat(rp->f->fd, &st) == 0 && st.size <= disk_off;
}

static int
put_in_place(struct replay *rp, uint32_t slot, struct verr *e)
{
	const struct jhead *h = journal_head(rp->j, slot);

	if (!fetch(rp, h, slot))
		return verr_fail(e, VERR_IO, "cannot read the journal");
	if (host_write(rp->f->fd, rp->buf, h->len, h->disk_off) == -1)
		return verr_sys(e, "cannot write %s", rp->f->path);
	/* A part of a chunk ends its file: what is behind it had been cut. */
	if (h->len < step(rp) && host_truncate(rp->f->fd,
	    h->disk_off + h->len) == -1)
		return verr_sys(e, "cannot truncate %s", rp->f->path);
	rp->mended++;
	return 0;
}

/* A version that the slots s[0] to s[n - 1] knew, but not the newest? */
static bool
is_older(struct replay *rp, const struct place *s, unsigned n,
    const uint8_t *is)
{
	size_t len = rp->f->v->cipher->nonce_len;
	unsigned i;

	if (memcmp(journal_head(rp->j, s[n - 1].slot)->new, is, len) == 0)
		return false;
	for (i = 0; i < n; i++)
		if (memcmp(journal_head(rp->j, s[i].slot)->old, is, len) == 0 ||
		    memcmp(journal_head(rp->j, s[i].slot)->new, is, len) == 0)
			return true;
	return false;
}

/* All slots of one chunk, oldest first. */
static int
replay_chunk(struct replay *rp, const struct place *s, unsigned n,
    struct verr *e)
{
	uint8_t is[CIPHER_NONCE_MAX];
	uint64_t off = s[0].disk_off;
	bool good;
	ssize_t len;

	while (n > 0 && !is_whole(rp, s[n - 1].slot))
		n--;		/* never synced, so never put in place */
	if (n == 0)
		return 0;
	if ((len = look(rp, off, &good, e)) <= 0)
		return (int)len;
	memcpy(is, rp->buf, sizeof(is));
	if (good && !is_older(rp, s, n, is))
		return 0;
	return put_in_place(rp, s[n - 1].slot, e);
}

/* What was to be appended: as far as it is authentic. */
static int
replay_append(struct replay *rp, const struct jhead *h, struct verr *e)
{
	const struct cipher *c = rp->f->v->cipher;
	uint64_t off = h->disk_off;
	bool good;
	ssize_t len;

	/* A file that goes on has been written to since. */
	if (!ends_by(rp, off + h->len * step(rp)))
		return 0;
	while ((len = look(rp, off, &good, e)) > 0 && good &&
	    (uint64_t)len == step(rp))
		off += step(rp);
	if (len <= 0 || (good && (size_t)len > c->overhead))
		return len == -1 ? -1 : 0;
	if (host_truncate(rp->f->fd, off) == -1)
		return verr_sys(e, "cannot truncate %s", rp->f->path);
	rp->mended++;
	return 0;
}

/* -- from slots to files */

static bool
is_sane(const struct journal *j, uint32_t slot)
{
	const struct jhead *h = journal_head(j, slot);
	const struct cipher *c = j->v->cipher;
	const void *checked;
	uint8_t tag[16];
	size_t n;

	if (atomic_load(&h->form) != JOURNAL_FORM)
		return false;
	checked = journal_checked(h, &n);
	return keys_tag(j->v->keys, checked, n, tag) &&
	    secret_equal(tag, h->check, sizeof(tag)) &&
	    memchr(h->path, '\0', sizeof(h->path)) != NULL &&
	    (h->kind == JKIND_REPLACE || h->kind == JKIND_APPEND) &&
	    h->disk_off >= c->header_len && h->disk_off < INT64_MAX / 2 &&
	    (h->disk_off - c->header_len) % (CIPHER_CHUNK + c->overhead) == 0;
}

static int
order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By file, then what was replaced by place and age, then what was appended. */
static int
by_place(const void *va, const void *vb)
{
	const struct place *a = va, *b = vb;
	int r;

	if ((r = order(a->fileid, b->fileid)) != 0 ||
	    (r = order(a->gen, b->gen)) != 0 ||
	    (r = order(a->kind, b->kind)) != 0 ||
	    (r = order(a->disk_off, b->disk_off)) != 0)
		return r;
	return order(a->seq, b->seq);
}

/* The slots that count, sorted: *count of them, from malloc. */
static struct place *
sort_slots(struct journal *j, unsigned *count)
{
	struct place *p = malloc(JOURNAL_SLOTS * sizeof(*p));
	const struct jhead *h;
	uint32_t i;

	*count = 0;
	for (i = 0; p != NULL && i < JOURNAL_SLOTS; i++) {
		if (!is_sane(j, i))
			continue;
		h = journal_head(j, i);
		p[(*count)++] = (struct place){ h->fileid, h->disk_off,
		    h->seq, h->gen, h->kind, i };
	}
	if (*count > 1)
		qsort(p, *count, sizeof(*p), by_place);
	return p;
}

/* The file of a slot: where it was, or anywhere.  NULL, VERR_NONE: nowhere. */
static struct file *
find(struct vault *v, const struct jhead *h, struct verr *e)
{
	struct vloc loc = { .type = VTYPE_FILE };
	struct dir *parent = NULL;
	struct arena *arena;
	struct entry ent;
	struct vattr a;
	struct file *f;

	strcpy(loc.path, h->path);
	if (loc_attr(v, &loc, h->fileid, &a, e) == 0 && a.gen == h->gen)
		return file_open(v, &loc, h->fileid, true, e);
	if (e->code != VERR_STALE && e->code != VERR_NONE)
		return NULL;
	if ((arena = arena_new(1024 * 1024)) == NULL) {
		verr_fail(e, VERR_NOMEM, "out of memory for the journal");
		return NULL;
	}
	f = NULL;
	if (dir_find_anywhere(v, arena, h->fileid, h->gen, &ent, &parent,
	    e) == 0) {
		f = file_open(v, &ent.loc, h->fileid, true, e);
		dir_put(parent);
	} else if (e->code == VERR_NOENT)
		e->code = VERR_NONE;
	arena_free(arena);
	return f;
}

/* Slots s[0] to s[n - 1] are of one file, which is held. */
static int
replay_held(struct replay *rp, const struct place *s, unsigned n,
    struct verr *e)
{
	unsigned i, k;
	int r = 0;

	for (i = 0; r == 0 && i < n; i = k) {
		k = i + 1;
		if (s[i].kind == JKIND_APPEND) {
			r = replay_append(rp, journal_head(rp->j, s[i].slot),
			    e);
			continue;
		}
		while (k < n && s[k].kind == s[i].kind &&
		    s[k].disk_off == s[i].disk_off)
			k++;
		r = replay_chunk(rp, s + i, k - i, e);
	}
	if (r == 0 && host_sync(rp->f->fd) == -1)
		r = verr_sys(e, "cannot sync %s", rp->f->path);
	return r;
}

static int
replay_file(struct journal *j, const struct place *s, unsigned n,
    unsigned *mended, struct verr *e)
{
	struct replay rp = { .j = j };
	int r = -1;

	e->code = VERR_NONE;
	if ((rp.f = find(j->v, journal_head(j, s[0].slot), e)) == NULL)
		return e->code == VERR_NONE || e->code == VERR_STALE ? 0 : -1;
	if (file_take(rp.f, true, true, e) == 0) {
		rp.k = keys_take(j->v->keys);
		rp.buf = bufpool_get();
		if (!rp.f->have_header)
			r = 0;		/* another file by now */
		else if (rp.k == NULL || rp.buf == NULL)
			verr_fail(e, VERR_NOMEM, "out of memory for the "
			    "journal");
		else
			r = replay_held(&rp, s, n, e);
		bufpool_put(rp.buf);
		if (rp.k != NULL)
			keys_drop(j->v->keys, rp.k);
		rp.f->have_header = false;	/* to be looked at anew */
		file_drop(rp.f);
	}
	file_put(rp.f);
	*mended += rp.mended;
	return r;
}

int
journal_replay(struct journal *j, unsigned *mended, struct verr *e)
{
	struct verr mine;
	struct place *p;
	unsigned count, i, k;
	int r = 0;

	if (e == NULL)
		e = &mine;
	if ((p = sort_slots(j, &count)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for the "
		    "journal");
	for (i = 0; r == 0 && i < count; i = k) {
		for (k = i + 1; k < count && p[k].fileid == p[i].fileid &&
		    p[k].gen == p[i].gen; k++)
			continue;
		r = replay_file(j, p + i, k - i, mended, e);
	}
	free(p);
	return r;
}
