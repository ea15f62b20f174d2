#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "vault/dir_index.h"

#define SLOTS_FIRST	256u
#define DEAD_MIN	1024u

struct known_dir {
	uint64_t	key;		/* of its hash */
	uint32_t	parent;
	uint16_t	len;
	bool		dead;		/* forgotten */
	size_t		id;		/* offset in text, ascending */
};

struct place {
	uint32_t	print;		/* of the inode */
	uint32_t	dir;		/* INDEX_NONE: free */
};

/*
 * Invariants: of both kinds of slots at least a quarter is free; half of the
 * directories are alive, unless there are few.
 */
struct index {
	struct known_dir *dirs;
	uint32_t	  n, cap;
	uint32_t	  ndead;
	uint32_t	 *slot;		/* numbers by key; INDEX_NONE: free */
	size_t		  slots;	/* a power of two */
	char		 *text;
	size_t		  text_len, text_cap;
	struct place	 *place;
	size_t		  places;	/* a power of two */
	size_t		  nfiles;
};

static uint64_t
key_of(const uint8_t *hash)
{
	uint64_t k;

	memcpy(&k, hash, sizeof(k));
	return k;
}

/* Inodes come in rows: every bit counts. */
static uint64_t
mix(uint64_t h)
{
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

static uint32_t *
slot_of(const struct index *x, uint64_t key)
{
	size_t i = (size_t)mix(key);

	for (;; i++) {
		i &= x->slots - 1;
		if (x->slot[i] == INDEX_NONE ||
		    x->dirs[x->slot[i]].key == key)
			return &x->slot[i];
	}
}

static void
fill_slots(struct index *x)
{
	uint32_t i;

	memset(x->slot, 0xff, x->slots * sizeof(*x->slot));
	for (i = 0; i < x->n; i++)
		*slot_of(x, x->dirs[i].key) = i;
}

static bool
more_slots(struct index *x, size_t slots)
{
	uint32_t *p;

	if ((p = malloc(slots * sizeof(*p))) == NULL)
		return false;
	free(x->slot);
	x->slot = p;
	x->slots = slots;
	fill_slots(x);
	return true;
}

static struct place *
new_places(size_t n)
{
	struct place *p = malloc(n * sizeof(*p));

	if (p != NULL)
		memset(p, 0xff, n * sizeof(*p));
	return p;
}

struct index *
index_new(void)
{
	struct index *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->places = SLOTS_FIRST;
	x->place = new_places(SLOTS_FIRST);
	if (x->place != NULL && more_slots(x, SLOTS_FIRST))
		return x;
	index_free(x);
	return NULL;
}

void
index_free(struct index *x)
{
	if (x == NULL)
		return;
	free(x->dirs);
	free(x->slot);
	secret_drop(x->text, x->text_len);
	free(x->place);
	free(x);
}

static bool
room_for_dir(struct index *x, size_t len)
{
	struct known_dir *d;
	uint32_t cap = x->cap + x->cap / 2 + 64;
	size_t text_cap = x->text_cap + x->text_cap / 2 + len + 1024;
	char *t;

	if (x->n == INDEX_DIRS_MAX)
		return false;
	if (x->n == x->cap) {
		if ((d = realloc(x->dirs, cap * sizeof(*d))) == NULL)
			return false;
		x->dirs = d;
		x->cap = cap;
	}
	if (x->text_len + len + 1 > x->text_cap) {
		t = secret_move(x->text, x->text_len, text_cap);
		if (t == NULL)
			return false;
		x->text = t;
		x->text_cap = text_cap;
	}
	return x->n < x->slots / 4 * 3 || more_slots(x, x->slots * 2);
}

uint32_t
index_add_dir(struct index *x, const uint8_t hash[20], const char *id,
    size_t len, uint32_t parent)
{
	uint32_t i = *slot_of(x, key_of(hash));
	struct known_dir *d;

	if (i == INDEX_NONE) {
		if (!room_for_dir(x, len))
			return INDEX_NONE;
		d = &x->dirs[x->n];
		d->key = key_of(hash);
		d->parent = INDEX_NONE;
		d->len = (uint16_t)len;
		d->dead = false;
		d->id = x->text_len;
		memcpy(x->text + x->text_len, id, len);
		x->text[x->text_len + len] = '\0';
		x->text_len += len + 1;
		*slot_of(x, d->key) = i = x->n++;
	} else if (x->dirs[i].dead) {
		x->dirs[i].dead = false;
		x->dirs[i].parent = INDEX_NONE;
		x->ndead--;
	}
	if (parent != INDEX_NONE)
		x->dirs[i].parent = parent;
	return i;
}

uint32_t
index_find_dir(const struct index *x, const uint8_t *hash)
{
	uint32_t i = *slot_of(x, key_of(hash));

	return i == INDEX_NONE || x->dirs[i].dead ? INDEX_NONE : i;
}

uint32_t
index_dirs(const struct index *x)
{
	return x->n;
}

uint32_t
index_parent(const struct index *x, uint32_t dir)
{
	uint32_t up = x->dirs[dir].parent;

	return up == INDEX_NONE || x->dirs[up].dead ? INDEX_NONE : up;
}

const char *
index_id(const struct index *x, uint32_t dir, size_t *len)
{
	*len = x->dirs[dir].len;
	return x->text + x->dirs[dir].id;
}

/* -- files */

/* The print alone tells it, so a larger table is filled from the slots. */
static size_t
first_place(uint32_t print, size_t places)
{
	return print & (places - 1);
}

static void
put(struct place *p, size_t places, struct place what)
{
	size_t i = first_place(what.print, places);

	while (p[i].dir != INDEX_NONE)
		i = (i + 1) & (places - 1);
	p[i] = what;
}

static bool
more_places(struct index *x)
{
	struct place *p;
	size_t i;

	if (x->places == INDEX_SLOTS_MAX ||
	    (p = new_places(x->places * 2)) == NULL)
		return false;
	for (i = 0; i < x->places; i++)
		if (x->place[i].dir != INDEX_NONE)
			put(p, x->places * 2, x->place[i]);
	free(x->place);
	x->place = p;
	x->places *= 2;
	return true;
}

bool
index_add_file(struct index *x, uint64_t ino, uint32_t dir)
{
	if (x->nfiles >= x->places / 4 * 3 && !more_places(x))
		return false;
	put(x->place, x->places, (struct place){ (uint32_t)mix(ino), dir });
	x->nfiles++;
	return true;
}

size_t
index_find_file(const struct index *x, uint64_t ino, uint32_t *dirs,
    size_t max)
{
	uint32_t print = (uint32_t)mix(ino);
	size_t n = 0, i = first_place(print, x->places);

	for (; x->place[i].dir != INDEX_NONE && n < max;
	    i = (i + 1) & (x->places - 1))
		if (x->place[i].print == print &&
		    !x->dirs[x->place[i].dir].dead)
			dirs[n++] = x->place[i].dir;
	return n;
}

/* -- what is gone */

/* now[i]: the new number of directory i, or INDEX_NONE. */
static void
renumber(const struct index *x, uint32_t *now)
{
	uint32_t i, n = 0;

	for (i = 0; i < x->n; i++)
		now[i] = x->dirs[i].dead ? INDEX_NONE : n++;
}

/* Ids only ever move towards the front. */
static void
close_up_dirs(struct index *x, const uint32_t *now)
{
	struct known_dir *d;
	size_t len, end = 0;
	uint32_t i, up;

	for (i = 0; i < x->n; i++) {
		if (now[i] == INDEX_NONE)
			continue;
		d = &x->dirs[now[i]];
		*d = x->dirs[i];
		len = d->len + 1u;
		memmove(x->text + end, x->text + d->id, len);
		d->id = end;
		end += len;
		if ((up = d->parent) != INDEX_NONE)
			d->parent = now[up];
	}
	secret_zero(x->text + end, x->text_len - end);
	x->text_len = end;
	x->n -= x->ndead;
	x->ndead = 0;
	fill_slots(x);
}

static void
close_up_places(struct index *x, struct place *p, const uint32_t *now)
{
	struct place what;
	size_t i;

	x->nfiles = 0;
	for (i = 0; i < x->places; i++) {
		what = x->place[i];
		if (what.dir == INDEX_NONE ||
		    (what.dir = now[what.dir]) == INDEX_NONE)
			continue;
		put(p, x->places, what);
		x->nfiles++;
	}
	free(x->place);
	x->place = p;
}

/* Without memory it is done another time. */
static void
close_up(struct index *x)
{
	uint32_t *now = malloc(x->n * sizeof(*now));
	struct place *p = new_places(x->places);

	if (now != NULL && p != NULL) {
		renumber(x, now);
		close_up_dirs(x, now);
		close_up_places(x, p, now);
	} else
		free(p);
	free(now);
}

void
index_forget_dir(struct index *x, const uint8_t *hash)
{
	uint32_t i = index_find_dir(x, hash);

	if (i == INDEX_NONE)
		return;
	x->dirs[i].dead = true;
	if (++x->ndead >= DEAD_MIN && x->ndead > x->n / 2)
		close_up(x);
}
