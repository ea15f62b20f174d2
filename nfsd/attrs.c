#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/lru.h"
#include "nfsd/attrs.h"
#include "nfsd/ranks.h"

struct seen {
	struct lru_node	 link;
	struct nfs3_fh	 fh;
	struct vattr	 attr;
	uint64_t	 since_us;
	bool		 asked;		/* a new look is under way */
};

struct attrs {
	struct lock	 lock;		/* guards the rest */
	struct lru	 lru;
	size_t		 max;
	uint64_t	 seq;		/* changes until now */
	unsigned	 nasked;
};

struct attrs *
attrs_new(size_t max)
{
	struct attrs *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	if (!lru_init(&t->lru, max)) {
		free(t);
		return NULL;
	}
	t->max = max;
	lock_init(&t->lock, LOCK_ATTRS);
	return t;
}

static bool
any(const struct lru_node *n)
{
	(void)n;
	return true;
}

static void
drop(struct attrs *t, struct lru_node *n)
{
	lru_remove(&t->lru, n);
	free(LRU_OBJECT(n, struct seen, link));
}

static void
drop_all(struct attrs *t)
{
	struct lru_node *n;

	while ((n = lru_victim(&t->lru, any)) != NULL)
		drop(t, n);
}

void
attrs_free(struct attrs *t)
{
	if (t == NULL)
		return;
	drop_all(t);
	lru_fini(&t->lru);
	lock_fini(&t->lock);
	free(t);
}

static bool
same(const struct lru_node *n, const void *key)
{
	const struct seen *s = LRU_OBJECT(n, const struct seen, link);
	const struct nfs3_fh *fh = key;

	return s->fh.len == fh->len && memcmp(s->fh.data, fh->data,
	    fh->len) == 0;
}

static struct seen *
find(struct attrs *t, const struct nfs3_fh *fh, uint64_t hash)
{
	struct lru_node *n = lru_find(&t->lru, hash, same, fh);

	return n == NULL ? NULL : LRU_OBJECT(n, struct seen, link);
}

static uint64_t
hash_of(const struct nfs3_fh *fh)
{
	return lru_hash(fh->data, fh->len);
}

uint64_t
attrs_seq(struct attrs *t)
{
	uint64_t seq;

	lock_take(&t->lock);
	seq = t->seq;
	lock_drop(&t->lock);
	return seq;
}

void
attrs_learn(struct attrs *t, const struct nfs3_fh *fh, const struct vattr *a,
    uint64_t seq, uint64_t now_us)
{
	uint64_t hash = hash_of(fh);
	struct seen *s = NULL;

	lock_take(&t->lock);
	/* Without memory it is not kept. */
	if (t->seq == seq && (s = find(t, fh, hash)) == NULL &&
	    (s = malloc(sizeof(*s))) != NULL) {
		s->fh = *fh;
		lru_insert(&t->lru, &s->link, hash);
		if (t->lru.count > t->max)
			drop(t, lru_victim(&t->lru, any));
	}
	if (s != NULL) {
		s->attr = *a;
		s->since_us = now_us;
		s->asked = false;
	}
	lock_drop(&t->lock);
}

enum attrs_age
attrs_find(struct attrs *t, const struct nfs3_fh *fh, struct vattr *a,
    uint64_t now_us)
{
	enum attrs_age age = ATTRS_NONE;
	uint64_t hash = hash_of(fh);
	struct seen *s;

	lock_take(&t->lock);
	/* Seen after the caller looked at the clock: it is new. */
	if ((s = find(t, fh, hash)) != NULL &&
	    (s->since_us > now_us || now_us - s->since_us < ATTRS_MAX_US)) {
		*a = s->attr;
		age = ATTRS_GOOD;
		if (s->since_us + ATTRS_OLD_US < now_us && !s->asked &&
		    t->nasked < ATTRS_ASKED) {
			age = ATTRS_OLD;
			s->asked = true;
			t->nasked++;
		}
	}
	lock_drop(&t->lock);
	return age;
}

void
attrs_asked(struct attrs *t)
{
	lock_take(&t->lock);
	t->nasked--;
	lock_drop(&t->lock);
}

void
attrs_forget(struct attrs *t, const struct nfs3_fh *fh)
{
	uint64_t hash = fh == NULL ? 0 : hash_of(fh);
	struct seen *s;

	lock_take(&t->lock);
	t->seq++;
	if (fh == NULL)
		drop_all(t);
	else if ((s = find(t, fh, hash)) != NULL)
		drop(t, &s->link);
	lock_drop(&t->lock);
}
