/*
 * lru.h - a bounded table of objects, found by key, forgotten by age.
 *
 * Intrusive: an object embeds a struct lru_node and is its own memory.  The
 * table has a fixed number of buckets (set from the bound when it is made) and
 * allocates nothing afterwards.  Not locked: its owner is.
 *
 * The table never frees.  lru_victim() proposes the object unused for longest
 * that the owner's test allows; the owner removes and frees it.  What is in use
 * is held: it can be found, but is no victim, and a search for one does not
 * come by it, however much is held.
 */
#ifndef BASE_LRU_H
#define BASE_LRU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct lru_node {
	TAILQ_ENTRY(lru_node)	 age;
	struct lru_node		*next;		/* same bucket */
	uint64_t		 hash;
	bool			 held;		/* not in ages */
};

TAILQ_HEAD(lru_list, lru_node);

struct lru {
	struct lru_node	**buckets;
	size_t		  mask;		/* number of buckets - 1 */
	size_t		  count;
	struct lru_list	  ages;		/* oldest first; none that is held */
};

/* The object that holds node n as its member. */
#define LRU_OBJECT(n, type, member) \
	((type *)(void *)((char *)(n) - offsetof(type, member)))

/* Buckets for about expected objects.  false: no memory. */
bool lru_init(struct lru *l, size_t expected);
void lru_fini(struct lru *l);		/* the objects are the owner's */

/*
 * The object with this hash for which same(node, key) holds; it becomes the
 * youngest.  NULL if there is none.
 */
struct lru_node *lru_find(struct lru *l, uint64_t hash,
    bool (*same)(const struct lru_node *, const void *key), const void *key);

/*
 * The same, and it keeps its age: what its neighbours in age lie in, often far
 * away, is not touched.
 */
struct lru_node *lru_peek(struct lru *l, uint64_t hash,
    bool (*same)(const struct lru_node *, const void *key), const void *key);

/* Add as the youngest.  The caller has made sure that the key is not there. */
void lru_insert(struct lru *l, struct lru_node *n, uint64_t hash);
void lru_remove(struct lru *l, struct lru_node *n);

/* In use from now on; and not any more: it becomes the youngest. */
void lru_hold(struct lru *l, struct lru_node *n);
void lru_release(struct lru *l, struct lru_node *n);

/* Any object for which is(node, key) holds, or NULL: a look at all of them. */
struct lru_node *lru_search(const struct lru *l,
    bool (*is)(const struct lru_node *, const void *key), const void *key);

/* The oldest object for which may_go holds, or NULL.  It stays in the table. */
struct lru_node *lru_victim(struct lru *l,
    bool (*may_go)(const struct lru_node *));

/* A good 64-bit hash of bytes (not keyed: for tables, not against foes). */
uint64_t lru_hash(const void *data, size_t len);

/* Asserts every invariant; for tests. */
void lru_selfcheck(const struct lru *l);

#endif /* BASE_LRU_H */
