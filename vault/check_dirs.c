/* The directories of a vault as a check knows them: a set by their hashes. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "vault/check_int.h"

#define TABLE_FIRST	1024	/* a power of two */

bool
check_dirs_init(struct check *c)
{
	c->n = 0;
	c->room = TABLE_FIRST;
	c->table = calloc(c->room, sizeof(*c->table));
	c->a = arena_new((size_t)1 << 34);
	c->left = c->unlinked = NULL;
	check_queue_init(&c->todo);
	return c->table != NULL && c->a != NULL;
}

void
check_dirs_fini(struct check *c)
{
	free(c->table);
	if (c->a != NULL)
		arena_free(c->a);
	c->table = NULL;
	c->a = NULL;
}

/* SHA-1 of what nobody can predict without the keys: its bytes are a hash. */
static size_t
slot_of(struct check_dir *const *table, size_t room, const uint8_t *hash)
{
	uint64_t h;
	size_t i;

	memcpy(&h, hash, sizeof(h));
	for (i = (size_t)h & (room - 1); table[i] != NULL &&
	    memcmp(table[i]->hash, hash, CHECK_HASH_LEN) != 0;
	    i = (i + 1) & (room - 1))
		;
	return i;
}

struct check_dir *
check_dir_find(const struct check *c, const uint8_t *hash)
{
	return c->table[slot_of(c->table, c->room, hash)];
}

static bool
grow(struct check *c)
{
	struct check_dir **bigger;
	size_t i, room = c->room * 2;

	if ((bigger = calloc(room, sizeof(*bigger))) == NULL)
		return false;
	for (i = 0; i < c->room; i++)
		if (c->table[i] != NULL)
			bigger[slot_of(bigger, room, c->table[i]->hash)] =
			    c->table[i];
	free(c->table);
	c->table = bigger;
	c->room = room;
	return true;
}

struct check_dir *
check_dir_add(struct check *c, const uint8_t *hash)
{
	struct check_dir *d;

	if ((c->n + 1 > c->room / 4 * 3 && !grow(c)) ||
	    (d = arena_zalloc(c->a, sizeof(*d))) == NULL) {
		check_stop(c, VERR_NOMEM, "out of memory for a check");
		return NULL;
	}
	memcpy(d->hash, hash, CHECK_HASH_LEN);
	c->table[slot_of(c->table, c->room, hash)] = d;
	c->n++;
	return d;
}

bool
check_dir_set_id(struct check *c, struct check_dir *d, const char *id,
    size_t len)
{
	if (d->id != NULL)
		return true;
	if ((d->id = arena_strndup(c->a, id, len)) == NULL)
		return check_stop(c, VERR_NOMEM, "out of memory for a check");
	d->id_len = (uint16_t)len;
	return true;
}

bool
check_dir_set_link(struct check *c, struct check_dir *d,
    const struct check_item *it)
{
	d->parent = it->at->cd;
	d->link = arena_strndup(c->a, it->entry, it->len);
	if (it->have_clear) {
		d->clear = arena_strndup(c->a, (const char *)it->clear,
		    it->clear_len);
		d->clear_len = (uint16_t)it->clear_len;
	}
	if (d->link == NULL || (it->have_clear && d->clear == NULL))
		return check_stop(c, VERR_NOMEM, "out of memory for a check");
	return true;
}

bool
check_dir_is_above(const struct check_dir *a, const struct check_dir *d)
{
	while (d != NULL && d != a)
		d = d->parent;
	return d != NULL;
}

void
check_dir_left(struct check *c, struct check_dir *d)
{
	if (d->left)
		return;
	d->left = true;
	d->next_left = c->left;
	c->left = d;
}

struct check_dir *
check_dir_made(struct check *c, const char *id, size_t len)
{
	uint8_t hash[CHECK_HASH_LEN];
	struct check_dir *d;

	if (!check_hash_of(c, id, len, hash))
		return NULL;
	if ((d = check_dir_find(c, hash)) == NULL) {
		if ((d = check_dir_add(c, hash)) == NULL)
			return NULL;
		d->made = true;
	}
	d->reached = true;
	return check_dir_set_id(c, d, id, len) ? d : NULL;
}

/* Base32 (RFC 4648) of exactly 20 bytes. */
static bool
decode(const char *text, uint8_t hash[CHECK_HASH_LEN])
{
	unsigned bits = 0, v = 0;
	size_t i, n = 0;
	char x;

	for (i = 0; i < NAME_HASH_LEN; i++) {
		x = text[i];
		if (x >= 'A' && x <= 'Z')
			v = v << 5 | (unsigned)(x - 'A');
		else if (x >= '2' && x <= '7')
			v = v << 5 | (unsigned)(x - '2' + 26);
		else
			return false;
		if ((bits += 5) >= 8) {
			bits -= 8;
			hash[n++] = (uint8_t)(v >> bits);
		}
	}
	return true;
}

bool
check_hash_parse(const char *xx, const char *rest,
    uint8_t hash[CHECK_HASH_LEN])
{
	char text[NAME_HASH_LEN];

	if (strlen(xx) != 2 || strlen(rest) != NAME_HASH_LEN - 2)
		return false;
	memcpy(text, xx, 2);
	memcpy(text + 2, rest, NAME_HASH_LEN - 2);
	return decode(text, hash);
}

bool
check_hash_of(struct check *c, const char *id, size_t len,
    uint8_t hash[CHECK_HASH_LEN])
{
	char path[NAME_DIRPATH_LEN + 1];

	if (!name_dirpath(c->k, id, len, path))
		return check_stop(c, VERR_NOMEM, "cannot hash an id");
	memmove(path + 4, path + 5, NAME_HASH_LEN - 2);
	return decode(path + 2, hash);
}

void
check_folder(const uint8_t hash[CHECK_HASH_LEN],
    char out[NAME_DIRPATH_LEN + 1])
{
	char text[NAME_HASH_LEN + 1];

	base32_encode(hash, CHECK_HASH_LEN, text);
	memcpy(out, "d/", 2);
	memcpy(out + 2, text, 2);
	out[4] = '/';
	memcpy(out + 5, text + 2, NAME_HASH_LEN - 2 + 1);
}

void
check_queue_init(struct check_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

void
check_queue_add(struct check_queue *q, struct check_dir *d)
{
	d->next = NULL;
	*q->last = d;
	q->last = &d->next;
}

struct check_dir *
check_queue_take(struct check_queue *q)
{
	struct check_dir *d = q->first;

	if (d != NULL && (q->first = d->next) == NULL)
		q->last = &q->first;
	return d;
}

/* Put "/" and s in front of *p; false: no room. */
static bool
prepend(const struct check *c, char **p, const void *s, size_t len)
{
	if ((size_t)(*p - c->path_buf) < len + 1)
		return false;
	*p -= len;
	memcpy(*p, s, len);
	*--*p = '/';
	return true;
}

const char *
check_clear(struct check *c, const struct check_dir *d, const void *name,
    size_t len, size_t *out_len)
{
	char *end = c->path_buf + sizeof(c->path_buf) - 1, *p = end;

	*end = '\0';
	if (name != NULL && !prepend(c, &p, name, len))
		return NULL;
	for (; d != c->root; d = d->parent)
		if (d->parent == NULL || d->clear == NULL ||
		    !prepend(c, &p, d->clear, d->clear_len))
			return NULL;
	if (p == end)
		*--p = '/';
	*out_len = (size_t)(end - p);
	return p;
}
