/*
 * chunks.c - clear chunks in memory: what was read in part, what is written.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bufpool.h"
#include "base/secret.h"
#include "vault/chunks.h"
#include "vault/cipher.h"

#define CAP_MIN		4096u

struct key {
	uint64_t epoch, index;
};

static uint64_t
hash_of(uint64_t epoch, uint64_t index)
{
	uint64_t x = epoch * UINT64_C(0x9e3779b97f4a7c15) ^
	    index * UINT64_C(0xc2b2ae3d27d4eb4f);

	return x ^ x >> 29;
}

static bool
same_chunk(const struct lru_node *n, const void *key)
{
	const struct chunk *c = LRU_OBJECT(n, const struct chunk, node);
	const struct key *k = key;

	return c->epoch == k->epoch && c->index == k->index;
}

static bool
is_clean(const struct lru_node *n)
{
	return !LRU_OBJECT(n, const struct chunk, node)->dirty;
}

/* Full chunks are the pool's, as they come and go all the time. */
static uint8_t *
buf_get(size_t cap)
{
	return cap == CIPHER_CHUNK ? bufpool_get() : malloc(cap);
}

static void
buf_put(uint8_t *buf, size_t cap)
{
	if (cap == CIPHER_CHUNK)
		bufpool_put(buf);
	else
		secret_drop(buf, cap);
}

/* Before the clear bytes of a full chunk there is room for its nonce. */
static uint8_t *
data_in(uint8_t *buf, size_t cap)
{
	return cap == CIPHER_CHUNK ? buf + CIPHER_NONCE_MAX : buf;
}

static uint32_t
cap_for(size_t len)
{
	uint32_t cap = CAP_MIN;

	while (cap < len)
		cap *= 2;
	return cap;
}

bool
chunks_init(struct chunks *cs, size_t max_bytes)
{
	memset(cs, 0, sizeof(*cs));
	cs->max_bytes = max_bytes;
	TAILQ_INIT(&cs->unused);
	lock_init(&cs->lock, LOCK_CHUNKS);
	/* half of the smallest would fill it: chains stay short */
	return lru_init(&cs->lru, max_bytes / CAP_MIN / 2 + 16);
}

/* The lock is held: out of the table, its buffer back. */
static void
discard(struct chunks *cs, struct chunk *c)
{
	lru_remove(&cs->lru, &c->node);
	cs->bytes -= c->cap;
	if (c->dirty)
		cs->dirty -= c->cap;
	buf_put(c->buf, c->cap);
	TAILQ_INSERT_HEAD(&cs->unused, c, link);
}

void
chunks_fini(struct chunks *cs)
{
	struct lru_node *n;
	struct chunk *c;

	while ((n = lru_victim(&cs->lru, is_clean)) != NULL)
		discard(cs, LRU_OBJECT(n, struct chunk, node));
	assert(cs->lru.count == 0);
	while ((c = TAILQ_FIRST(&cs->unused)) != NULL) {
		TAILQ_REMOVE(&cs->unused, c, link);
		free(c);
	}
	lru_fini(&cs->lru);
	lock_fini(&cs->lock);
}

uint64_t
chunks_epoch(struct chunks *cs)
{
	uint64_t epoch;

	lock_take(&cs->lock);
	epoch = ++cs->epochs;
	lock_drop(&cs->lock);
	return epoch;
}

/* The lock is held. */
static struct chunk *
find(struct chunks *cs, uint64_t epoch, uint64_t index)
{
	const struct key key = { epoch, index };
	struct lru_node *n = lru_find(&cs->lru, hash_of(epoch, index),
	    same_chunk, &key);

	return n == NULL ? NULL : LRU_OBJECT(n, struct chunk, node);
}

/* Clean chunks go until there is room for len more bytes, if they suffice. */
static bool
make_room(struct chunks *cs, size_t len)
{
	struct lru_node *n;

	while (cs->bytes + len > cs->max_bytes) {
		if ((n = lru_victim(&cs->lru, is_clean)) == NULL)
			return false;
		discard(cs, LRU_OBJECT(n, struct chunk, node));
	}
	return true;
}

/*
 * A new chunk in the table, in buf if that is not NULL; the lock is held.
 */
static struct chunk *
insert(struct chunks *cs, uint64_t epoch, uint64_t index, uint32_t cap,
    uint8_t *buf)
{
	struct chunk *c;

	if ((c = TAILQ_FIRST(&cs->unused)) != NULL)
		TAILQ_REMOVE(&cs->unused, c, link);
	else if ((c = malloc(sizeof(*c))) == NULL)
		return NULL;
	if (buf == NULL && (buf = buf_get(cap)) == NULL) {
		TAILQ_INSERT_HEAD(&cs->unused, c, link);
		return NULL;
	}
	c->epoch = epoch;
	c->index = index;
	c->buf = buf;
	c->data = data_in(buf, cap);
	c->cap = cap;
	c->len = 0;
	c->dirty = c->listed = false;
	cs->bytes += cap;
	lru_insert(&cs->lru, &c->node, hash_of(epoch, index));
	return c;
}

bool
chunks_copy(struct chunks *cs, uint64_t epoch, uint64_t index, size_t skip,
    size_t len, uint8_t *out, size_t *got)
{
	struct chunk *c;

	lock_take(&cs->lock);
	if ((c = find(cs, epoch, index)) != NULL) {
		*got = c->len <= skip ? 0 : c->len - skip;
		if (*got > len)
			*got = len;
		memcpy(out, c->data + skip, *got);
		cs->hits++;
	} else
		cs->misses++;
	lock_drop(&cs->lock);
	return c != NULL;
}

bool
chunks_has(struct chunks *cs, uint64_t epoch, uint64_t index)
{
	bool has;

	lock_take(&cs->lock);
	has = find(cs, epoch, index) != NULL;
	lock_drop(&cs->lock);
	return has;
}

bool
chunks_keep(struct chunks *cs, uint64_t epoch, uint64_t index, uint8_t *buf,
    uint8_t *data, size_t len)
{
	uint32_t cap = cap_for(len);
	bool adopt = cap == CIPHER_CHUNK;
	struct chunk *c = NULL;

	if (cs->max_bytes == 0)
		return false;
	lock_take(&cs->lock);
	if (find(cs, epoch, index) == NULL && make_room(cs, cap))
		c = insert(cs, epoch, index, cap, adopt ? buf : NULL);
	if (c != NULL) {
		if (adopt)
			c->data = data;
		else
			memcpy(c->data, data, len);
		c->len = (uint32_t)len;
	}
	lock_drop(&cs->lock);
	return c != NULL && adopt;
}

static void
set_dirty(struct chunks *cs, struct chunk *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	cs->dirty += c->cap;
	lru_hold(&cs->lru, &c->node);
}

struct chunk *
chunks_take(struct chunks *cs, uint64_t epoch, uint64_t index)
{
	struct chunk *c;

	lock_take(&cs->lock);
	if ((c = find(cs, epoch, index)) != NULL)
		set_dirty(cs, c);
	lock_drop(&cs->lock);
	return c;
}

struct chunk *
chunks_add(struct chunks *cs, uint64_t epoch, uint64_t index, size_t len)
{
	uint32_t cap = cap_for(len);
	struct chunk *c;

	lock_take(&cs->lock);
	(void)make_room(cs, cap);
	if ((c = insert(cs, epoch, index, cap, NULL)) != NULL)
		set_dirty(cs, c);
	lock_drop(&cs->lock);
	return c;
}

bool
chunks_grow(struct chunks *cs, struct chunk *c, size_t len)
{
	uint32_t cap = cap_for(len), more = cap - c->cap;
	uint8_t *buf;

	if (cap <= c->cap)
		return true;
	lock_take(&cs->lock);
	(void)make_room(cs, more);
	if ((buf = buf_get(cap)) != NULL) {
		memcpy(data_in(buf, cap), c->data, c->len);
		buf_put(c->buf, c->cap);
		c->buf = buf;
		c->data = data_in(buf, cap);
		c->cap = cap;
		cs->bytes += more;
		cs->dirty += more;
	}
	lock_drop(&cs->lock);
	return buf != NULL;
}

void
chunks_move(struct chunks *cs, struct chunk *c, uint64_t epoch)
{
	lock_take(&cs->lock);
	lru_remove(&cs->lru, &c->node);
	c->epoch = epoch;
	lru_insert(&cs->lru, &c->node, hash_of(epoch, c->index));
	lru_hold(&cs->lru, &c->node);
	lock_drop(&cs->lock);
}

void
chunks_clean(struct chunks *cs, struct chunk *c, uint64_t epoch)
{
	lock_take(&cs->lock);
	if (c->epoch != epoch || cs->bytes > cs->max_bytes)
		discard(cs, c);
	else {
		c->dirty = false;
		cs->dirty -= c->cap;
		lru_release(&cs->lru, &c->node);
	}
	lock_drop(&cs->lock);
}

void
chunks_drop(struct chunks *cs, struct chunk *c)
{
	lock_take(&cs->lock);
	discard(cs, c);
	lock_drop(&cs->lock);
}

size_t
chunks_dirty(const struct chunks *cs)
{
	return atomic_load_explicit(&cs->dirty, memory_order_relaxed);
}

bool
chunks_any(const struct chunks *cs)
{
	return atomic_load_explicit(&cs->bytes, memory_order_relaxed) > 0;
}
