#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "vault/dir_build.h"
#include "vault/dir_names.h"
#include "vault/vault_int.h"

#define BLOCK		128u	/* entries; half as many when it was split */
#define WASTE_MIN	4096u

struct block {
	unsigned		 n;		/* never 0 */
	const struct listed	*e[BLOCK];
};

/*
 * Invariants: cookies ascend from block to block and within each; an entry is
 * in the memory of base or from malloc.
 */
struct names {
	_Atomic unsigned	 refs;
	struct listing		*base;		/* a reference */
	struct block		**blocks;
	size_t			 nblocks, cap;
	size_t			 n;
	size_t			 lost;		/* entries of base, removed */
	size_t			 bytes;		/* without base */
};

static void
grow(struct vault *v, struct names *n, size_t bytes)
{
	n->bytes += bytes;
	atomic_fetch_add(&v->list_bytes, bytes);
}

static bool
of_base(const struct names *n, const struct listed *e)
{
	return e >= n->base->entries && e < n->base->entries + n->base->n;
}

static void
drop_entry(struct vault *v, struct names *n, const struct listed *e)
{
	size_t bytes = sizeof(*e) + e->name_len + e->entry_len + 2u;

	if (of_base(n, e)) {
		n->lost++;
		return;
	}
	n->bytes -= bytes;
	atomic_fetch_sub(&v->list_bytes, bytes);
	secret_drop((void *)(uintptr_t)e, bytes);
}

/* A block in front of blocks[at]. */
static struct block *
insert_block(struct vault *v, struct names *n, size_t at)
{
	struct block **p, *b;
	size_t cap = n->cap * 2 + 16;

	if (n->nblocks == n->cap) {
		if ((p = realloc(n->blocks, cap * sizeof(*p))) == NULL)
			return NULL;
		grow(v, n, (cap - n->cap) * sizeof(*p));
		n->blocks = p;
		n->cap = cap;
	}
	if ((b = malloc(sizeof(*b))) == NULL)
		return NULL;
	grow(v, n, sizeof(*b));
	memmove(n->blocks + at + 1, n->blocks + at,
	    (n->nblocks - at) * sizeof(*n->blocks));
	n->blocks[at] = b;
	n->nblocks++;
	b->n = 0;
	return b;
}

struct names *
names_new(struct vault *v, struct listing *all)
{
	struct names *n;
	struct block *b = NULL;
	size_t i;

	if ((n = calloc(1, sizeof(*n))) == NULL) {
		dir_listing_put(v, all);
		return NULL;
	}
	atomic_init(&n->refs, 1);
	n->base = all;
	grow(v, n, sizeof(*n));
	for (i = 0; i < all->n; i++) {
		if ((b == NULL || b->n == BLOCK / 2) &&
		    (b = insert_block(v, n, n->nblocks)) == NULL) {
			names_put(v, n);
			return NULL;
		}
		b->e[b->n++] = &all->entries[i];
		n->n++;
	}
	return n;
}

struct names *
names_ref(struct names *n)
{
	atomic_fetch_add(&n->refs, 1);
	return n;
}

void
names_put(struct vault *v, struct names *n)
{
	size_t i, k;

	if (n == NULL || atomic_fetch_sub(&n->refs, 1) != 1)
		return;
	for (i = 0; i < n->nblocks; i++) {
		for (k = 0; k < n->blocks[i]->n; k++)
			drop_entry(v, n, n->blocks[i]->e[k]);
		free(n->blocks[i]);
	}
	free(n->blocks);
	dir_listing_put(v, n->base);
	atomic_fetch_sub(&v->list_bytes, n->bytes);
	free(n);
}

size_t
names_count(const struct names *n)
{
	return n->n;
}

bool
names_is_waste(const struct names *n)
{
	return n->lost > WASTE_MIN && n->lost > n->n;
}

/*
 * The place of the first entry whose cookie is at least c: *bi is its block,
 * the result its index.  Behind the last entry that is an index past the end
 * of the last block.
 */
static size_t
place(const struct names *n, uint32_t c, size_t *bi)
{
	size_t lo = 0, hi = n->nblocks, mid;
	const struct block *b;

	while (hi - lo > 1) {
		mid = lo + (hi - lo) / 2;
		if (n->blocks[mid]->e[0]->cookie <= c)
			lo = mid;
		else
			hi = mid;
	}
	*bi = lo;
	if (n->nblocks == 0)
		return 0;
	b = n->blocks[lo];
	for (lo = 0, hi = b->n; lo < hi;) {
		mid = lo + (hi - lo) / 2;
		if (b->e[mid]->cookie < c)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct listed *
new_entry(uint32_t cookie, const char *entry, size_t entry_len,
    const char *name, size_t name_len)
{
	struct listed *e = malloc(sizeof(*e) + entry_len + name_len + 2);
	char *p = (char *)(e + 1);

	if (e == NULL)
		return NULL;
	e->cookie = cookie;
	e->ino = 0;
	e->name_len = (uint16_t)name_len;
	e->entry_len = (uint16_t)entry_len;
	e->name = memcpy(p, name, name_len);
	p[name_len] = '\0';
	p += name_len + 1;
	e->entry = memcpy(p, entry, entry_len);
	p[entry_len] = '\0';
	return e;
}

/* Room for one more at blocks[*bi]->e[*i]; a full block is split. */
static bool
make_room(struct vault *v, struct names *n, size_t *bi, size_t *i)
{
	struct block *b, *right;

	if (n->nblocks == 0)
		return insert_block(v, n, 0) != NULL;
	if (n->blocks[*bi]->n < BLOCK)
		return true;
	if ((right = insert_block(v, n, *bi + 1)) == NULL)
		return false;
	b = n->blocks[*bi];
	b->n = right->n = BLOCK / 2;
	memcpy(right->e, b->e + BLOCK / 2, sizeof(right->e) / 2);
	if (*i > BLOCK / 2) {
		(*bi)++;
		*i -= BLOCK / 2;
	}
	return true;
}

bool
names_add(struct vault *v, struct names *n, const char *entry,
    size_t entry_len, const char *name, size_t name_len)
{
	uint32_t cookie = build_cookie(entry, entry_len);
	const struct listed *old;
	struct listed *e;
	struct block *b;
	size_t bi, i;

	i = place(n, cookie, &bi);
	if (n->nblocks > 0 && i < n->blocks[bi]->n) {
		old = n->blocks[bi]->e[i];
		if (old->cookie == cookie)
			return old->entry_len == entry_len &&
			    memcmp(old->entry, entry, entry_len) == 0;
	}
	if ((e = new_entry(cookie, entry, entry_len, name, name_len)) == NULL)
		return false;
	if (!make_room(v, n, &bi, &i)) {
		free(e);
		return false;
	}
	b = n->blocks[bi];
	memmove(b->e + i + 1, b->e + i, (b->n - i) * sizeof(b->e[0]));
	b->e[i] = e;
	b->n++;
	n->n++;
	grow(v, n, sizeof(*e) + entry_len + name_len + 2);
	return true;
}

void
names_remove(struct vault *v, struct names *n, uint32_t cookie,
    const char *entry)
{
	const struct listed *e;
	struct block *b;
	size_t bi, i;

	i = place(n, cookie, &bi);
	if (n->nblocks == 0 || i == (b = n->blocks[bi])->n)
		return;
	e = b->e[i];
	if (e->cookie != cookie || strcmp(e->entry, entry) != 0)
		return;
	drop_entry(v, n, e);
	n->n--;
	b->n--;
	memmove(b->e + i, b->e + i + 1, (b->n - i) * sizeof(b->e[0]));
	if (b->n > 0)
		return;
	free(b);
	n->bytes -= sizeof(*b);
	atomic_fetch_sub(&v->list_bytes, sizeof(*b));
	n->nblocks--;
	memmove(n->blocks + bi, n->blocks + bi + 1,
	    (n->nblocks - bi) * sizeof(*n->blocks));
}

size_t
names_copy(const struct names *n, uint32_t after, struct listed *out,
    size_t max, char *buf, size_t cap)
{
	const struct listed *e;
	size_t bi, i, len, got = 0;

	if (after == UINT32_MAX)
		return 0;
	for (i = place(n, after + 1, &bi); bi < n->nblocks; bi++, i = 0)
		for (; i < n->blocks[bi]->n; i++) {
			e = n->blocks[bi]->e[i];
			len = (size_t)e->name_len + e->entry_len + 2;
			if (got == max || len > cap)
				return got;
			out[got] = *e;
			out[got].name = memcpy(buf, e->name,
			    e->name_len + 1u);
			out[got++].entry = memcpy(buf + e->name_len + 1,
			    e->entry, e->entry_len + 1u);
			buf += len;
			cap -= len;
		}
	return got;
}
