/*
 * record.c - bytes of a connection become records (RFC 5531 section 11).
 */
#include "config.h"

#include <sys/uio.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "nfsd/record.h"

#define MARK		4u		/* bytes of a record mark */
#define MARK_LAST	0x80000000u

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

void
record_pool_init(struct record_pool *p, size_t max_record)
{
	p->size = max_record;
	p->n = 0;
}

void
record_pool_fini(struct record_pool *p)
{
	while (p->n > 0)
		free(p->buf[--p->n]);
}

/* What was in it is found by nobody again. */
static void
heap_put(uint8_t *buf, size_t cap)
{
	if (buf != NULL)
		secret_zero(buf, cap);
	free(buf);
}

void
record_pool_wipe(struct record_pool *p)
{
	unsigned i;

	for (i = 0; i < p->n; i++)
		secret_zero(p->buf[i], p->size);
}

uint8_t *
record_pool_get(struct record_pool *p)
{
	return p->n > 0 ? p->buf[--p->n] : malloc(p->size);
}

void
record_pool_put(struct record_pool *p, uint8_t *buf, size_t cap)
{
	if (buf != NULL && cap == p->size && p->n < RECORD_POOL)
		p->buf[p->n++] = buf;
	else
		heap_put(buf, cap);
}

bool
record_init(struct record *r, struct record_pool *pool)
{
	memset(r, 0, sizeof(*r));
	r->pool = pool;
	r->in = malloc(RECORD_IN);
	return r->in != NULL;
}

void
record_fini(struct record *r)
{
	record_pool_put(r->pool, r->buf, r->cap);
	heap_put(r->in, RECORD_IN);
	memset(r, 0, sizeof(*r));
}

int
record_space(struct record *r, struct iovec iov[2])
{
	int n = 0;

	if (r->frag_left > 0 && r->cap > r->len) {
		iov[n].iov_base = r->buf + r->len;
		iov[n++].iov_len = min(r->cap - r->len, r->frag_left);
	}
	assert(r->end < RECORD_IN);
	iov[n].iov_base = r->in + r->end;
	iov[n++].iov_len = RECORD_IN - r->end;
	return n;
}

void
record_got(struct record *r, size_t n)
{
	size_t direct = min(n, min(r->cap - r->len, r->frag_left));

	r->len += direct;
	r->frag_left -= direct;
	r->end += n - direct;
}

/*
 * Room for n more bytes.  There are two sizes only, so that a large buffer can
 * be used again for any record; an input buffer full of bytes is its price.
 */
static bool
grow(struct record *r, size_t n)
{
	struct record_pool *p = r->pool;
	size_t cap = min(RECORD_IN, p->size);
	uint8_t *buf;

	if (n <= r->cap - r->len)
		return true;
	if (r->len + n + MARK >= cap)
		cap = p->size;
	buf = cap == p->size ? record_pool_get(p) : malloc(cap);
	if (buf == NULL)
		return false;
	if (r->len > 0)
		memcpy(buf, r->buf, r->len);
	record_pool_put(p, r->buf, r->cap);
	r->buf = buf;
	r->cap = cap;
	return true;
}

/* Move what has come of the fragment from the input buffer to the record. */
static bool
gather(struct record *r)
{
	size_t n = min(r->end - r->off, r->frag_left);

	if (n == 0)
		return true;
	if (!grow(r, n))
		return false;
	memcpy(r->buf + r->len, r->in + r->off, n);
	r->len += n;
	r->off += n;
	r->frag_left -= n;
	return true;
}

/* Wait for more, with all that is there at the front. */
static enum record_state
more(struct record *r)
{
	if (r->off > 0) {
		memmove(r->in, r->in + r->off, r->end - r->off);
		r->end -= r->off;
		r->off = 0;
	}
	return RECORD_MORE;
}

/*
 * Look at the mark at r->off.  READY: the record lies behind it, all of it.
 * MORE: begun is true if the fragment is now to be gathered.
 */
static enum record_state
mark(struct record *r, size_t *len, bool *begun)
{
	const uint8_t *p = r->in + r->off;
	uint32_t m = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
	bool last = (m & MARK_LAST) != 0;

	*len = m & ~MARK_LAST;
	*begun = false;
	if (*len > r->pool->size - r->len || r->nfrags == RECORD_FRAGS ||
	    (*len == 0 && !last))
		return RECORD_BAD;
	if (r->nfrags == 0 && last) {
		if (r->end - r->off - MARK >= *len)
			return RECORD_READY;
		if (r->end - r->off < RECORD_IN)
			return RECORD_MORE;
	}
	r->off += MARK;
	r->frag_left = *len;
	r->last = last;
	r->nfrags++;
	*begun = true;
	return RECORD_MORE;
}

enum record_state
record_next(struct record *r, const uint8_t **rec, size_t *len)
{
	enum record_state st;
	bool begun;

	if (r->out) {
		/* nobody took it */
		r->out = false;
		r->nfrags = 0;
		r->len = 0;
	}
	for (;;) {
		if (!gather(r))
			return RECORD_NOMEM;
		if (r->frag_left > 0)
			return more(r);
		if (r->nfrags > 0 && r->last) {
			r->out = true;
			*rec = r->buf;
			*len = r->len;
			return RECORD_READY;
		}
		if (r->end - r->off < MARK)
			return more(r);
		if ((st = mark(r, len, &begun)) == RECORD_READY) {
			*rec = r->in + r->off + MARK;
			r->off += MARK + *len;
			return st;
		}
		if (st == RECORD_BAD)
			return st;
		if (!begun)
			return more(r);
	}
}

uint8_t *
record_take(struct record *r, size_t *cap)
{
	uint8_t *buf = r->buf;

	if (!r->out)
		return NULL;
	*cap = r->cap;
	r->buf = NULL;
	r->cap = r->len = 0;
	r->nfrags = 0;
	r->out = false;
	return buf;
}

void
record_wipe(struct record *r)
{
	secret_zero(r->in, r->off);
	secret_zero(r->in + r->end, RECORD_IN - r->end);
}

size_t
record_held(const struct record *r)
{
	return r->buf != NULL && !r->out ? r->cap : 0;
}

bool
record_is_partial(const struct record *r)
{
	return r->end > r->off || r->nfrags > 0;
}
