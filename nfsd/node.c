#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/lru.h"
#include "base/tune.h"
#include "nfsd/export.h"
#include "nfsd/node.h"
#include "nfsd/ranks.h"

struct node {
	struct lru_node		 link;
	const struct export	*x;
	uint64_t		 fileid;
	uint32_t		 gen;
	struct handle_dir	 hd;
	enum vtype		 type;
	struct dir		*parent;	/* a reference */
	uint16_t		 entry_len;	/* struct vloc's */
	uint16_t		 cap;		/* bytes of path[] */
	char			 path[];
};

struct node_table {
	struct lock	 lock;
	struct lru	 lru;		/* guarded by lock */
	size_t		 max;
};

struct key {
	const struct export	*x;
	uint64_t		 fileid;
};

static bool
same(const struct lru_node *n, const void *key)
{
	const struct node *node = LRU_OBJECT(n, const struct node, link);
	const struct key *k = key;

	return node->fileid == k->fileid && node->x == k->x;
}

static uint64_t
hash_of(const struct key *k)
{
	uint64_t h = (k->fileid ^ (uint64_t)k->x->id << 32) *
	    UINT64_C(0x9e3779b97f4a7c15);

	return h ^ h >> 29;
}

static bool
any(const struct lru_node *n)
{
	(void)n;
	return true;
}

struct node_table *
node_table_new(size_t max_nodes)
{
	struct node_table *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	if (!lru_init(&t->lru, max_nodes)) {
		free(t);
		return NULL;
	}
	t->max = max_nodes;
	lock_init(&t->lock, LOCK_NODES);
	return t;
}

static void
node_free(struct node *n)
{
	if (n == NULL)
		return;
	dir_put(n->parent);
	free(n);
}

void
node_clear(struct node_table *t)
{
	struct lru_node *n;

	do {
		lock_take(&t->lock);
		if ((n = lru_victim(&t->lru, any)) != NULL)
			lru_remove(&t->lru, n);
		lock_drop(&t->lock);
		node_free(n == NULL ? NULL : LRU_OBJECT(n, struct node, link));
	} while (n != NULL);
}

void
node_table_free(struct node_table *t)
{
	if (t == NULL)
		return;
	node_clear(t);
	lru_fini(&t->lru);
	lock_fini(&t->lock);
	free(t);
}

/* Ages matter when there is not much room left. */
static struct node *
find(struct node_table *t, const struct key *k)
{
	struct lru_node *n = (t->lru.count < t->max / 2 ? lru_peek :
	    lru_find)(&t->lru, hash_of(k), same, k);

	return n == NULL ? NULL : LRU_OBJECT(n, struct node, link);
}

/* Bring a node that is there up to date; false: its path is too short. */
static bool
update(struct node *n, struct dir *parent, const struct vloc *loc,
    size_t len, struct dir **old)
{
	if (len + 1 > n->cap)
		return false;
	if (n->parent != parent) {
		*old = n->parent;
		n->parent = dir_ref(parent);
	}
	n->type = loc->type;
	n->entry_len = loc->entry_len;
	memcpy(n->path, loc->path, len + 1);
	return true;
}

static struct node *
make(const struct key *k, struct dir *parent, const struct vloc *loc,
    const struct vattr *a, size_t len, const struct handle_dir *hd)
{
	size_t cap = (len + 1 + 31) / 32 * 32;
	struct node *n;

	if ((n = malloc(sizeof(*n) + cap)) == NULL)
		return NULL;
	n->x = k->x;
	n->fileid = k->fileid;
	n->gen = a->gen;
	n->hd = *hd;
	n->type = loc->type;
	n->parent = dir_ref(parent);
	n->entry_len = loc->entry_len;
	n->cap = (uint16_t)cap;
	memcpy(n->path, loc->path, len + 1);
	return n;
}

void
node_learn(struct node_table *t, const struct export *x, struct dir *parent,
    const struct vloc *loc, const struct vattr *a, struct handle_dir *hd)
{
	struct node *n, *gone = NULL, *victim = NULL;
	struct key k = { x, a->fileid };
	struct dir *old = NULL;
	struct lru_node *ln;
	size_t len = strlen(loc->path);

	if (tune_off(TUNE_NODE_CACHE))
		return;
	lock_take(&t->lock);
	n = find(t, &k);
	if (n != NULL && n->gen == a->gen) {
		*hd = n->hd;
		if (update(n, parent, loc, len, &old))
			goto out;
	}
	if (n != NULL) {
		lru_remove(&t->lru, &n->link);
		gone = n;
	}
	/* A cache may go without: memory gone is not an error here. */
	if ((n = make(&k, parent, loc, a, len, hd)) != NULL)
		lru_insert(&t->lru, &n->link, hash_of(&k));
	if (t->lru.count > t->max &&
	    (ln = lru_victim(&t->lru, any)) != NULL) {
		lru_remove(&t->lru, ln);
		victim = LRU_OBJECT(ln, struct node, link);
	}
out:
	lock_drop(&t->lock);
	dir_put(old);
	node_free(gone);
	node_free(victim);
}

bool
node_find(struct node_table *t, const struct export *x, uint64_t fileid,
    uint32_t gen, struct vloc *loc, struct dir **parent)
{
	struct key k = { x, fileid };
	struct node *n;
	bool found;

	lock_take(&t->lock);
	n = find(t, &k);
	if ((found = n != NULL && n->gen == gen)) {
		loc->type = n->type;
		loc->entry_len = n->entry_len;
		strcpy(loc->path, n->path);
		*parent = dir_ref(n->parent);
	}
	lock_drop(&t->lock);
	return found;
}

void
node_forget(struct node_table *t, const struct export *x, uint64_t fileid,
    uint32_t gen)
{
	struct key k = { x, fileid };
	struct node *n;

	lock_take(&t->lock);
	if ((n = find(t, &k)) != NULL && n->gen != gen)
		n = NULL;
	if (n != NULL)
		lru_remove(&t->lru, &n->link);
	lock_drop(&t->lock);
	node_free(n);
}

size_t
node_count(struct node_table *t)
{
	size_t n;

	lock_take(&t->lock);
	n = t->lru.count;
	lock_drop(&t->lock);
	return n;
}
