#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/dir.h"
#include "vault/dirmap.h"

#define NONE		UINT32_MAX
#define SLOTS_FIRST	1024u

struct seen {
	char		 folder[NAME_DIRPATH_LEN + 1];
	uint16_t	 id_len;
	uint32_t	 parent;	/* its number, or NONE */
	const char	*id, *name;	/* in m->text */
};

/*
 * Invariants: seen[0] is the root; seen[i] for i < next have been listed; each
 * is in exactly one slot, and at most half of the slots are taken.
 */
struct dirmap {
	struct vault	*v;
	struct arena	*text;		/* ids and names */
	struct arena	*scratch;	/* for one listing */
	struct seen	*seen;
	uint32_t	 n, cap, next;
	uint32_t	*slot;		/* numbers by folder; NONE: free */
	size_t		 slots;		/* a power of two */
};

/* The slot where folder is, or where it belongs. */
static uint32_t *
slot_of(const struct dirmap *m, const char *folder)
{
	uint64_t h;
	size_t i;

	/* the folder is a hash already: SHA-1 in base32 */
	memcpy(&h, folder + 5, sizeof(h));
	h *= UINT64_C(0x9e3779b97f4a7c15);
	for (i = (size_t)(h >> 20);; i++)
		if (m->slot[i & (m->slots - 1)] == NONE ||
		    strcmp(m->seen[m->slot[i & (m->slots - 1)]].folder,
		    folder) == 0)
			return &m->slot[i & (m->slots - 1)];
}

static bool
more_slots(struct dirmap *m, size_t slots)
{
	uint32_t *p, i;

	if ((p = malloc(slots * sizeof(*p))) == NULL)
		return false;
	free(m->slot);
	m->slot = p;
	m->slots = slots;
	memset(p, 0xff, slots * sizeof(*p));
	for (i = 0; i < m->n; i++)
		*slot_of(m, m->seen[i].folder) = i;
	return true;
}

/* Room for one more in all tables. */
static bool
make_room(struct dirmap *m)
{
	struct seen *p;
	uint32_t cap = m->cap * 2 + 64;

	if (m->n == m->cap) {
		if (cap <= m->cap ||
		    (p = realloc(m->seen, cap * sizeof(*p))) == NULL)
			return false;
		m->seen = p;
		m->cap = cap;
	}
	return m->n < m->slots / 2 || more_slots(m, m->slots * 2);
}

/* A directory met below parent; one that was met before is left out. */
static bool
add(struct dirmap *m, const struct dir *d, uint32_t parent, const char *name,
    size_t name_len)
{
	struct seen *s;
	const char *id;
	size_t id_len;

	if (*slot_of(m, dir_path(d)) != NONE)
		return true;
	if (!make_room(m))
		return false;
	s = &m->seen[m->n];
	(void)strcpy(s->folder, dir_path(d));
	id = dir_id(d, &id_len);
	s->id_len = (uint16_t)id_len;
	s->id = arena_strndup(m->text, id, id_len);
	s->name = arena_strndup(m->text, name, name_len);
	s->parent = parent;
	if (s->id == NULL || s->name == NULL)
		return false;
	*slot_of(m, s->folder) = m->n++;
	return true;
}

struct dirmap *
dirmap_new(struct vault *v, size_t max)
{
	struct dirmap *m = calloc(1, sizeof(*m));
	struct dir *root;
	bool ok;

	if (m == NULL)
		return NULL;
	m->v = v;
	m->text = arena_new(max);
	m->scratch = arena_new(max);
	ok = m->text != NULL && m->scratch != NULL &&
	    more_slots(m, SLOTS_FIRST) && (root = dir_root(v, NULL)) != NULL;
	if (ok) {
		ok = add(m, root, NONE, "", 0);
		dir_put(root);
	}
	if (ok)
		return m;
	dirmap_free(m);
	return NULL;
}

void
dirmap_free(struct dirmap *m)
{
	if (m == NULL)
		return;
	arena_free(m->text);
	arena_free(m->scratch);
	free(m->seen);
	free(m->slot);
	free(m);
}

struct step {
	struct dirmap	*m;
	bool		 nomem;
};

static bool
meet(void *ctx, const struct entry *ent)
{
	struct step *s = ctx;

	if (ent->dir != NULL)
		s->nomem = !add(s->m, ent->dir, s->m->next, ent->name,
		    ent->name_len);
	return !s->nomem;
}

/* List the next one. */
static int
walk_on(struct dirmap *m, struct verr *e)
{
	const struct seen *next = &m->seen[m->next];
	struct step s = { .m = m };
	struct dir *d;

	if ((d = dir_by_id(m->v, next->id, next->id_len, e)) == NULL)
		return -1;
	(void)dir_list(d, m->scratch, 0, false, meet, &s, NULL);
	dir_put(d);
	arena_reset(m->scratch);
	m->next++;
	return s.nomem ? verr_fail(e, VERR_NOMEM, "out of memory for a map "
	    "of the vault") : 0;
}

/* "/a/b" of number i. */
static const char *
path_of(const struct dirmap *m, struct arena *a, uint32_t i)
{
	size_t len = 0, n;
	uint32_t at;
	char *out;

	for (at = i; at != 0; at = m->seen[at].parent)
		len += 1 + strlen(m->seen[at].name);
	if (len == 0)
		return arena_strndup(a, "/", 1);
	if ((out = arena_alloc(a, len + 1)) == NULL)
		return NULL;
	out[len] = '\0';
	for (at = i; at != 0; at = m->seen[at].parent) {
		n = strlen(m->seen[at].name);
		memcpy(out + (len -= n), m->seen[at].name, n);
		out[--len] = '/';
	}
	return out;
}

int
dirmap_find(struct dirmap *m, struct arena *a, const char *folder,
    const char **path, struct dir **d, struct verr *e)
{
	const struct seen *s;
	uint32_t i;

	if (strlen(folder) != NAME_DIRPATH_LEN)
		return verr_fail(e, VERR_INVAL, "not the path of a folder of "
		    "the vault");
	while ((i = *slot_of(m, folder)) == NONE && m->next < m->n)
		if (walk_on(m, e) == -1)
			return -1;
	if (i == NONE)
		return verr_fail(e, VERR_NOENT, "no directory of the vault "
		    "leads to %s", folder);
	s = &m->seen[i];
	if ((*path = path_of(m, a, i)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a path");
	*d = dir_by_id(m->v, s->id, s->id_len, e);
	return *d == NULL ? -1 : 0;
}
