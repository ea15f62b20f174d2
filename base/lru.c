#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/lru.h"

#define BUCKETS_MIN	16u
#define BUCKETS_MAX	((size_t)1 << 24)

bool
lru_init(struct lru *l, size_t expected)
{
	size_t n = BUCKETS_MIN;

	while (n < expected && n < BUCKETS_MAX)
		n *= 2;
	if ((l->buckets = calloc(n, sizeof(*l->buckets))) == NULL)
		return false;
	l->mask = n - 1;
	l->count = 0;
	TAILQ_INIT(&l->ages);
	return true;
}

void
lru_fini(struct lru *l)
{
	free(l->buckets);
	l->buckets = NULL;
	l->count = 0;
	TAILQ_INIT(&l->ages);
}

static struct lru_node **
bucket(const struct lru *l, uint64_t hash)
{
	return &l->buckets[(size_t)hash & l->mask];
}

struct lru_node *
lru_peek(struct lru *l, uint64_t hash,
    bool (*same)(const struct lru_node *, const void *key), const void *key)
{
	struct lru_node *n;

	for (n = *bucket(l, hash); n != NULL; n = n->next)
		if (n->hash == hash && same(n, key))
			break;
	return n;
}

struct lru_node *
lru_find(struct lru *l, uint64_t hash,
    bool (*same)(const struct lru_node *, const void *key), const void *key)
{
	struct lru_node *n = lru_peek(l, hash, same, key);

	if (n != NULL && !n->held) {
		TAILQ_REMOVE(&l->ages, n, age);
		TAILQ_INSERT_TAIL(&l->ages, n, age);
	}
	return n;
}

void
lru_insert(struct lru *l, struct lru_node *n, uint64_t hash)
{
	struct lru_node **head = bucket(l, hash);

	n->hash = hash;
	n->next = *head;
	*head = n;
	n->held = false;
	TAILQ_INSERT_TAIL(&l->ages, n, age);
	l->count++;
}

void
lru_remove(struct lru *l, struct lru_node *n)
{
	struct lru_node **link = bucket(l, n->hash);

	while (*link != n) {
		assert(*link != NULL);
		link = &(*link)->next;
	}
	*link = n->next;
	n->next = NULL;
	if (!n->held)
		TAILQ_REMOVE(&l->ages, n, age);
	l->count--;
}

void
lru_hold(struct lru *l, struct lru_node *n)
{
	if (n->held)
		return;
	TAILQ_REMOVE(&l->ages, n, age);
	n->held = true;
}

void
lru_release(struct lru *l, struct lru_node *n)
{
	if (!n->held)
		return;
	n->held = false;
	TAILQ_INSERT_TAIL(&l->ages, n, age);
}

struct lru_node *
lru_search(const struct lru *l,
    bool (*is)(const struct lru_node *, const void *key), const void *key)
{
	struct lru_node *n;
	size_t i;

	for (i = 0; i <= l->mask; i++)
		for (n = l->buckets[i]; n != NULL; n = n->next)
			if (is(n, key))
				return n;
	return NULL;
}

struct lru_node *
lru_victim(struct lru *l, bool (*may_go)(const struct lru_node *))
{
	struct lru_node *n;

	TAILQ_FOREACH(n, &l->ages, age)
		if (may_go(n))
			return n;
	return NULL;
}

/*
 * MurmurHash64A (Austin Appleby, public domain) with seed 0, reading words in
 * the machine's byte order: the values never leave the process.
 */
uint64_t
lru_hash(const void *data, size_t len)
{
	const uint64_t m = 0xc6a4a7935bd1e995u;
	const unsigned char *p = data;
	uint64_t h = len * m, k;

	for (; len >= sizeof(k); p += sizeof(k), len -= sizeof(k)) {
		memcpy(&k, p, sizeof(k));
		k *= m;
		k ^= k >> 47;
		h = (h ^ k * m) * m;
	}
	if (len > 0) {
		for (k = 0; len > 0; len--)
			k = k << 8 | p[len - 1];
		h = (h ^ k) * m;
	}
	h ^= h >> 47;
	h *= m;
	return h ^ h >> 47;
}

#ifndef NDEBUG
static bool
in_bucket(const struct lru *l, const struct lru_node *n)
{
	const struct lru_node *other;

	for (other = *bucket(l, n->hash); other != NULL; other = other->next)
		if (other == n)
			return true;
	return false;
}
#endif

void
lru_selfcheck(const struct lru *l)
{
#ifndef NDEBUG
	const struct lru_node *n;
	size_t i, hashed = 0, held = 0, older = 0, younger = 0;

	assert(l->buckets != NULL && (l->mask & (l->mask + 1)) == 0);
	for (i = 0; i <= l->mask; i++)
		for (n = l->buckets[i]; n != NULL; n = n->next) {
			assert(((size_t)n->hash & l->mask) == i);
			assert(++hashed <= l->count);	/* ends a cycle */
			held += n->held;
		}
	assert(hashed == l->count);
	TAILQ_FOREACH(n, &l->ages, age) {
		assert(++older <= l->count);
		assert(in_bucket(l, n) && !n->held);
	}
	assert(older + held == l->count);
	TAILQ_FOREACH_REVERSE(n, &l->ages, lru_list, age)
		assert(++younger <= l->count);
	assert(younger + held == l->count);
#else
	(void)l;
#endif
}
