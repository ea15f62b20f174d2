/*
 * place.c - places for connections.
 *
 * A table of guests is looked through from its start: it has at most as many
 * entries as there are places, and is used when connections come and go.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/lock.h"
#include "nfsd/gate.h"
#include "nfsd/place.h"
#include "nfsd/ranks.h"

struct guest {
	uint64_t	who;
	unsigned	n;		/* never 0 */
};

struct place_table {
	unsigned	 max;		/* constant */
	struct lock	 lock;
	unsigned	 used;		/* of all */
	unsigned	 by_guests;
	unsigned	 nguests;
	struct guest	*guests;	/* max of them */
};

struct place_table *
place_table_new(unsigned max)
{
	struct place_table *t;

	if ((t = calloc(1, sizeof(*t))) == NULL ||
	    (t->guests = calloc(max + 1, sizeof(*t->guests))) == NULL) {
		free(t);
		return NULL;
	}
	t->max = max;
	lock_init(&t->lock, LOCK_PLACES);
	return t;
}

void
place_table_free(struct place_table *t)
{
	if (t == NULL)
		return;
	lock_fini(&t->lock);
	free(t->guests);
	free(t);
}

static struct guest *
find(struct place_table *t, uint64_t who)
{
	unsigned i;

	for (i = 0; i < t->nguests; i++)
		if (t->guests[i].who == who)
			return &t->guests[i];
	return NULL;
}

static bool
take_as_guest(struct place_table *t, uint64_t who)
{
	unsigned each = t->max / 4 > 0 ? t->max / 4 : 1;
	unsigned kept = t->max / 4 > 0 ? t->max / 4 : 1;
	struct guest *g = find(t, who);

	if (t->by_guests + kept >= t->max || (g != NULL && g->n >= each))
		return false;
	if (g == NULL) {
		g = &t->guests[t->nguests++];
		g->who = who;
		g->n = 0;
	}
	g->n++;
	t->by_guests++;
	return true;
}

bool
place_take(struct place_table *t, const struct gate_peer *p)
{
	bool ok;

	lock_take(&t->lock);
	ok = t->used < t->max && (p->own || take_as_guest(t, p->who));
	t->used += ok;
	lock_drop(&t->lock);
	return ok;
}

void
place_give(struct place_table *t, const struct gate_peer *p)
{
	struct guest *g;

	lock_take(&t->lock);
	t->used--;
	if (!p->own) {
		g = find(t, p->who);
		assert(g != NULL);
		t->by_guests--;
		if (--g->n == 0)
			*g = t->guests[--t->nguests];
	}
	lock_drop(&t->lock);
}
