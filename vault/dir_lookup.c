#include "config.h"

#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/dir_names.h"
#include "vault/vault_int.h"

/* Try the name on disk that these clear bytes have. */
static int
try_name(struct dir *d, const char *name, size_t len, struct entry *ent,
    struct verr *e)
{
	struct diskname dn;

	if (dir_disk_name(d, name, len, &dn, e) == -1)
		return -1;
	return dir_probe(d, dn.entry, dn.entry_len, ent, e);
}

/* NFC of a listed name against what was asked for (in NFC). */
static bool
names_match(struct arena *a, const struct listed *l, const char *name,
    size_t len)
{
	const char *nfc;
	size_t nfc_len;

	if (l->name_len == len && memcmp(l->name, name, len) == 0)
		return true;
	(void)name_nfc(a, l->name, l->name_len, &nfc, &nfc_len);
	return nfc_len == len && memcmp(nfc, name, len) == 0;
}

/*
 * Among the names that cannot be computed: these very bytes, or else, unless
 * nfc is NULL, what has that form.
 */
static int
try_odd(struct dir *d, struct arena *a, const char *name, size_t len,
    const char *nfc, size_t nfc_len, bool quick, struct entry *ent,
    struct verr *e)
{
	const struct listed *l, *hit = NULL;
	struct listing *odd;
	size_t i;
	int r;

	if ((odd = dir_odd_names(d, quick, e)) == NULL) {
		/* May be searched but not read: only what computes is seen. */
		return e->code == VERR_ACCESS ? verr_code(e, VERR_NOENT) : -1;
	}
	for (i = 0; i < odd->n && hit == NULL; i++) {
		l = &odd->entries[i];
		if (l->name_len == len && memcmp(l->name, name, len) == 0)
			hit = l;
	}
	for (i = 0; nfc != NULL && i < odd->n && hit == NULL; i++)
		if (names_match(a, &odd->entries[i], nfc, nfc_len))
			hit = &odd->entries[i];
	if (hit == NULL)
		r = verr_code(e, VERR_NOENT);
	else {
		r = dir_probe(d, hit->entry, hit->entry_len, ent, e);
		if (r == 0) {
			ent->name = arena_strndup(a, hit->name, hit->name_len);
			ent->name_len = hit->name_len;
		}
	}
	dir_listing_put(d->v, odd);
	return r;
}

/*
 * Something is there that cannot be shown.  It is hidden from listings, so it
 * is hidden here; whoever wants to create the name finds out that it is taken.
 */
static int
broken(struct dir *d, struct verr *e)
{
	if (e->code == VERR_DAMAGED) {
		atomic_fetch_add(&d->v->hidden, 1);
		e->code = VERR_NOENT;
	}
	return -1;
}

static int
lookup(struct dir *d, struct arena *a, const char *name, size_t len,
    bool quick, struct entry *ent, struct verr *e)
{
	const char *nfc;
	struct verr mine;
	size_t nfc_len;

	if (e == NULL)
		e = &mine;
	e->code = VERR_NONE;
	ent->cookie = 0;
	ent->dir = NULL;
	ent->name = arena_strndup(a, name, len);
	ent->name_len = len;
	if (ent->name == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a name");

	if (len > NAME_CLEAR_MAX)
		return verr_code(e, VERR_NAMETOOLONG);
	if (!name_is_servable(name, len))
		return verr_code(e, VERR_NOENT);
	if (try_name(d, name, len, ent, e) == 0)
		return 0;
	if (e->code != VERR_NOENT)
		return broken(d, e);
	(void)name_nfc(a, name, len, &nfc, &nfc_len);
	if (nfc != name && nfc_len <= NAME_CLEAR_MAX) {
		/* A copy may stand in for what had these very bytes. */
		if (try_odd(d, a, name, len, NULL, 0, quick, ent, e) == 0)
			return 0;
		if (e->code != VERR_NOENT)
			return broken(d, e);
		if (try_name(d, nfc, nfc_len, ent, e) == 0) {
			ent->name = nfc;
			ent->name_len = nfc_len;
			return 0;
		}
		if (e->code != VERR_NOENT)
			return broken(d, e);
	}
	if (try_odd(d, a, name, len, nfc, nfc_len, quick, ent, e) == 0)
		return 0;
	return broken(d, e);
}

int
dir_look(struct dir *d, struct arena *a, const char *name, size_t len,
    bool quick, struct entry *ent, struct verr *e)
{
	return lookup(d, a, name, len, quick, ent, e);
}

int
dir_look_odd(struct dir *d, struct arena *a, const char *nfc, size_t len,
    bool quick, struct verr *e)
{
	struct entry ent;

	if (try_odd(d, a, nfc, len, nfc, len, quick, &ent, e) == -1)
		return -1;
	dir_put(ent.dir);
	return 0;
}

int
dir_lookup(struct dir *d, struct arena *a, const char *name, size_t len,
    struct entry *ent, struct verr *e)
{
	return lookup(d, a, name, len, false, ent, e);
}

int
dir_lookup_quick(struct dir *d, struct arena *a, const char *name, size_t len,
    struct entry *ent, struct verr *e)
{
	return lookup(d, a, name, len, true, ent, e);
}

/* Entries of a listing that are looked at between two looks at the list. */
#define PAGE_ENTRIES	32
#define PAGE_TEXT	(16 * 1024)

struct page {
	struct listed	 e[PAGE_ENTRIES];
	char		 text[PAGE_TEXT];
	size_t		 n;
	uint64_t	 seen;
};

/* 1: go on; 0: fn has enough; -1. */
static int
list_page(struct dir *d, struct names *names, const struct page *p,
    dir_list_fn *fn, void *ctx, struct verr *e)
{
	const struct listed *l;
	struct entry ent;
	struct verr why;
	bool more = true;
	size_t i;

	for (i = 0; i < p->n && more; i++) {
		l = &p->e[i];
		if (dir_probe(d, l->entry, l->entry_len, &ent, &why) == -1) {
			if (!dir_probe_tells(why.code)) {
				if (e != NULL)
					*e = why;
				return -1;
			}
			if (why.code == VERR_NOENT)
				dir_names_gone(d, names, l, p->seen);
			else
				atomic_fetch_add(&d->v->hidden, 1);
			continue;
		}
		ent.name = l->name;
		ent.name_len = l->name_len;
		ent.cookie = l->cookie;
		more = fn(ctx, &ent);
		dir_put(ent.dir);
	}
	return more;
}

static int
list(struct dir *d, uint32_t after, bool quick, dir_list_fn *fn, void *ctx,
    struct verr *e)
{
	struct names *names;
	struct page p;
	int r = 1;

	if ((names = dir_names(d, quick, e)) == NULL)
		return -1;
	while (r == 1) {
		p.n = dir_names_page(d, names, after, p.e, PAGE_ENTRIES,
		    p.text, sizeof(p.text), &p.seen);
		if (p.n == 0)
			break;
		after = p.e[p.n - 1].cookie;
		r = list_page(d, names, &p, fn, ctx, e);
	}
	names_put(d->v, names);
	return r == -1 ? -1 : 0;
}

int
dir_list(struct dir *d, struct arena *a, uint32_t after, bool want_attr,
    dir_list_fn *fn, void *ctx, struct verr *e)
{
	(void)a, (void)want_attr;
	return list(d, after, false, fn, ctx, e);
}

int
dir_list_quick(struct dir *d, struct arena *a, uint32_t after, bool want_attr,
    dir_list_fn *fn, void *ctx, struct verr *e)
{
	(void)a, (void)want_attr;
	return list(d, after, true, fn, ctx, e);
}
