/*
 * file_dirty.c - writes that stay in memory for a while.
 *
 * A write into a part of a chunk costs a whole chunk: so such chunks are kept
 * clear and dirty (chunks.h), until a client asks for the disk (COMMIT), they
 * are too many, or five seconds have passed.  Fresh whole chunks at the end of
 * a file have nothing to gain and go through (file_write.c).
 *
 * The file on disk never has a hole: what is dirty beyond its end is written
 * by rising index, and where something is missing before it, zeros are.  That
 * is rare, but a client sends several writes at once, and two workers may take
 * them in the other order.
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/bufpool.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

#define GAP_MAX	(UINT64_C(16) * 1024 * 1024)	/* bytes that may yet come */

/*
 * Not before any stamp that the file system gave so far.  Its own clock may
 * be some milliseconds behind: file_state.c lets no time go back.
 */
static struct timespec
now_stamp(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts;
}

/*
 * Another ctime than any before, since it is by the ctime that clients see that
 * there was a change.  If possible it is not after the one that the file system
 * will give when this is written.
 */
static struct timespec
ctime_stamp(const struct file *f)
{
	struct timespec ts, last = f->st.ctime;

	host_stamp(&ts);
	if ((f->face.on || f->face.told) &&
	    file_time_before(&last, &f->face.ctime))
		last = f->face.ctime;
	if (file_time_before(&last, &ts))
		return ts;
	if (++last.tv_nsec == 1000000000) {
		last.tv_sec++;
		last.tv_nsec = 0;
	}
	return last;
}

static struct chunk *
last_dirty(const struct file *f)
{
	return TAILQ_LAST(&f->dirty, chunk_list);
}

uint64_t
file_end(const struct file *f, enum size_class *class)
{
	uint64_t end = size_clear(f->v->cipher, f->st.size, class);
	const struct chunk *c = last_dirty(f);

	if (c != NULL && c->index * CIPHER_CHUNK + c->len > end) {
		*class = SIZE_GOOD;
		return c->index * CIPHER_CHUNK + c->len;
	}
	return end;
}

void
file_new_epoch(struct file *f)
{
	struct chunk *c;

	f->epoch = chunks_epoch(&f->v->chunks);
	TAILQ_FOREACH(c, &f->dirty, link)
		chunks_move(&f->v->chunks, c, f->epoch);
}

/* -- the list of dirty files, and how they look */

/* Something of f is dirty: from now on it looks like this. */
static void
show_dirty(struct file *f)
{
	struct vault *v = f->v;
	enum size_class class;
	bool first;

	lock_take(&v->files_lock);
	f->face.ctime = ctime_stamp(f);
	f->face.mtime = now_stamp();
	f->face.clear_size = file_end(f, &class);
	f->face.on = true;
	f->face.told = false;
	first = TAILQ_EMPTY(&v->dirty_files);
	if (!f->is_dirty) {
		f->is_dirty = true;
		f->refs++;	/* the caller has one */
		f->dirty_ms = vault_now_ms();
		TAILQ_INSERT_TAIL(&v->dirty_files, f, dirty_link);
		v->ndirty_files++;
	}
	lock_drop(&v->files_lock);
	if (first && v->wb.dirty != NULL)
		v->wb.dirty(v->wb.ctx);
}

/* Nothing is any more; written: what is on disk looks like f->st. */
static void
show_clean(struct file *f, bool written)
{
	struct vault *v = f->v;

	lock_take(&v->files_lock);
	f->face.on = false;
	f->face.told = written;
	f->face.real = f->st.ctime;
	v->flushes++;
	if (f->is_dirty) {
		f->is_dirty = false;
		TAILQ_REMOVE(&v->dirty_files, f, dirty_link);
		v->ndirty_files--;
		f->refs--;	/* the caller has one */
	}
	lock_drop(&v->files_lock);
}

/* -- taking writes in */

static void
list(struct file *f, struct chunk *c)
{
	struct chunk *at;

	if (c->listed)
		return;
	c->listed = true;
	f->ndirty++;
	TAILQ_FOREACH_REVERSE(at, &f->dirty, chunk_list, link)
		if (at->index < c->index) {
			TAILQ_INSERT_AFTER(&f->dirty, at, c, link);
			return;
		}
	TAILQ_INSERT_HEAD(&f->dirty, c, link);
}

static void
unlist(struct file *f, struct chunk *c)
{
	TAILQ_REMOVE(&f->dirty, c, link);
	c->listed = false;
	f->ndirty--;
}

/* What is on disk of chunk index, has clear bytes, into c. */
static int
load(struct file *f, struct chunk *c, size_t has, struct verr *e)
{
	const struct cipher *ci = f->v->cipher;
	uint8_t *buf = NULL, *to = c->data - ci->nonce_len;
	struct kctx *k;
	int r;

	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	if (c->cap < CIPHER_CHUNK && (to = buf = bufpool_get()) == NULL)
		r = verr_fail(e, VERR_NOMEM, "out of memory for file data");
	else
		r = file_fetch(f, k, c->index, has, to, e);
	if (r == 0 && buf != NULL)
		memcpy(c->data, buf + ci->nonce_len, has);
	bufpool_put(buf);
	keys_drop(f->v->keys, k);
	c->len = (uint32_t)has;
	return r;
}

/* len bytes into one chunk, of which skip bytes are before them. */
static int
put_in(struct file *f, uint64_t disk_end, uint64_t index, size_t skip,
    const uint8_t *data, size_t len, struct verr *e)
{
	struct chunks *cs = &f->v->chunks;
	size_t has = file_chunk_has(disk_end, index);
	struct chunk *c = chunks_take(cs, f->epoch, index);

	if (c == NULL) {
		c = chunks_add(cs, f->epoch, index,
		    has > skip + len ? has : skip + len);
		if (c == NULL)
			return verr_fail(e, VERR_NOMEM,
			    "out of memory for file data");
		if (has > 0 && (skip > 0 || len < has) &&
		    load(f, c, has, e) == -1) {
			chunks_drop(cs, c);
			return -1;
		}
	}
	list(f, c);
	if (!chunks_grow(cs, c, skip + len))
		return verr_fail(e, VERR_NOMEM, "out of memory for file data");
	if (c->len < skip)
		memset(c->data + c->len, 0, skip - c->len);
	memcpy(c->data + skip, data, len);
	if (c->len < skip + len)
		c->len = (uint32_t)(skip + len);
	return 0;
}

/* Do dirty chunks fill the file from disk_end, a chunk's end, up to end? */
static bool
is_filled(const struct file *f, uint64_t disk_end, uint64_t end)
{
	const struct chunk *c = TAILQ_FIRST(&f->dirty);

	if (c == NULL || c->index != disk_end / CIPHER_CHUNK)
		return disk_end == end;
	return f->ndirty == (end - disk_end) / CIPHER_CHUNK;
}

/*
 * Whole chunks from off on that go to the end of what is on disk, or to the end
 * of dirty ones that do: straight from data.  *took 0: they are to be kept like
 * others.
 */
static int
put_fresh(struct file *f, uint64_t off, const uint8_t *data, size_t len,
    size_t *took, struct verr *e)
{
	const struct chunk *first = TAILQ_FIRST(&f->dirty);
	uint64_t end;
	enum size_class class;

	*took = 0;
	end = size_clear(f->v->cipher, f->st.size, &class);
	if (off % CIPHER_CHUNK != 0 || end % CIPHER_CHUNK != 0 ||
	    len < CIPHER_CHUNK || class == SIZE_EMPTY_TAIL)
		return 0;
	len -= len % CIPHER_CHUNK;
	if (off == end && first != NULL) {
		/* Some of what comes behind is here already. */
		if (first->index < (off + len) / CIPHER_CHUNK)
			return 0;
	} else if (off != end) {
		if (off != file_end(f, &class) || !is_filled(f, end, off))
			return 0;
		if (file_flush(f, e) == -1)
			return -1;
		end = off;
	}
	if (file_put_through(f, &end, data, off, len, e) == -1)
		return -1;
	f->st.size = size_disk(f->v->cipher, end);
	*took = len;
	return 0;
}

static int
put_all(struct file *f, uint64_t off, const uint8_t *data, size_t len,
    struct verr *e)
{
	enum size_class class;
	size_t skip, part;

	while (len > 0) {
		if (put_fresh(f, off, data, len, &part, e) == -1)
			return -1;
		skip = off % CIPHER_CHUNK;
		if (part == 0) {
			part = CIPHER_CHUNK - skip < len ?
			    CIPHER_CHUNK - skip : len;
			if (put_in(f, size_clear(f->v->cipher, f->st.size,
			    &class), off / CIPHER_CHUNK, skip, data, part,
			    e) == -1)
				return -1;
		}
		off += part;
		data += part;
		len -= part;
	}
	return 0;
}

int
file_put_back(struct file *f, uint64_t off, const uint8_t *data, size_t len,
    struct verr *e)
{
	enum size_class class;
	uint64_t end = file_end(f, &class), was;
	int r = 0;

	if (off > end + GAP_MAX) {
		if (file_flush(f, e) == -1)
			return -1;
		was = end = size_clear(f->v->cipher, f->st.size, &class);
		if (file_grow(f, &end, off, e) == -1)
			return -1;
		f->st.size = size_disk(f->v->cipher, end);
		if (end != was)
			file_new_epoch(f);
	}
	r = put_all(f, off, data, len, e);
	if (f->ndirty > 0) {
		show_dirty(f);
		vault_tell_crowded(f->v);
	}
	/* Over half of what all may have: its writer waits for it. */
	if (r == 0 && (size_t)f->ndirty * CIPHER_CHUNK >
	    f->v->wb.dirty_max / 2)
		(void)file_flush(f, NULL);
	return r;
}

/* -- writing them out */

void
file_lose(struct file *f)
{
	struct chunk *c;

	if (f->ndirty == 0)
		return;
	while ((c = TAILQ_FIRST(&f->dirty)) != NULL) {
		unlist(f, c);
		chunks_drop(&f->v->chunks, c);
	}
	show_clean(f, false);
}

/*
 * The first dirty chunks, without a gap: written ones are clean afterwards.
 */
static int
flush_some(struct file *f, struct kctx *k, uint64_t *end, struct verr *e)
{
	struct piece p[PIECES_MAX];
	uint64_t reached = *end;
	struct chunk *c;
	unsigned n = 0, done;
	int r;

	TAILQ_FOREACH(c, &f->dirty, link) {
		if (n == PIECES_MAX || c->index * CIPHER_CHUNK > reached)
			break;
		p[n].index = c->index;
		p[n].clear = c->data;
		p[n].len = c->len;
		p[n++].own = NULL;
		if (c->index * CIPHER_CHUNK + c->len > reached)
			reached = c->index * CIPHER_CHUNK + c->len;
	}
	r = file_store(f, k, end, p, n, &done, e);
	while (done-- > 0) {
		c = TAILQ_FIRST(&f->dirty);
		unlist(f, c);
		chunks_clean(&f->v->chunks, c, f->epoch);
	}
	return r;
}

/* What is missing before the first dirty chunk is zeros. */
static int
fill_gap(struct file *f, uint64_t *end, struct verr *e)
{
	const struct chunk *c = TAILQ_FIRST(&f->dirty);

	if (c->index * CIPHER_CHUNK <= *end)
		return 0;
	if (file_grow(f, end, c->index * CIPHER_CHUNK, e) == -1)
		return -1;
	file_new_epoch(f);	/* the last chunk on disk is longer now */
	return 0;
}

/* The file's time of change is that of the write, not of now. */
static int
stamp(struct file *f, struct verr *e)
{
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, 0 } };
	int r = 0;

	lock_take(&f->v->files_lock);
	ts[1] = f->face.mtime;
	lock_drop(&f->v->files_lock);
	(void)host_futimes(f->fd, ts);
	if (host_fstat(f->fd, &f->st) == -1) {
		f->have_header = false;
		r = verr_sys(e, "cannot stat %s", f->path);
	}
	f->touched = r == -1;
	return r;
}

int
file_flush(struct file *f, struct verr *e)
{
	enum size_class class;
	struct kctx *k;
	uint64_t end;
	int r = 0;

	if (f->ndirty == 0)
		return 0;
	if (!f->have_header && f->st.size > 0)
		return verr_fail(e, VERR_AUTH, "the header of %s is not "
		    "authentic", f->path);
	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	end = size_clear(f->v->cipher, f->st.size, &class);
	r = file_put_header(f, e);
	while (r == 0 && f->ndirty > 0) {
		r = fill_gap(f, &end, e);
		if (r == 0)
			r = flush_some(f, k, &end, e);
	}
	keys_drop(f->v->keys, k);
	if (stamp(f, r == 0 ? e : NULL) == -1)
		r = -1;
	if (f->ndirty == 0)
		show_clean(f, r == 0);
	return r;
}
