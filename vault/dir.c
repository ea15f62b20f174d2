#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "base/verr.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

struct id_key {
	const char	*id;
	size_t		 len;
};

static bool
same_id(const struct lru_node *n, const void *key)
{
	const struct dir *d = LRU_OBJECT(n, const struct dir, node);
	const struct id_key *k = key;

	return d->id_len == k->len && memcmp(d->id, k->id, k->len) == 0;
}

/* Those with references are held. */
static bool
is_idle(const struct lru_node *n)
{
	(void)n;
	return true;
}

void
dir_ref_locked(struct dir *d)
{
	LOCK_ASSERT_HELD(&d->v->dirs_lock);
	if (d->refs++ > 0)
		return;
	d->v->dirs_idle--;
	lru_hold(&d->v->dirs, &d->node);
}

/* The 20 bytes that 32 base32 characters of a path stand for. */
static void
hash_of_path(const char *path, uint8_t hash[20])
{
	char text[NAME_HASH_LEN];
	uint64_t bits;
	int i, k, c;

	memcpy(text, path + 2, 2);
	memcpy(text + 2, path + 5, 30);
	for (i = 0; i < 4; i++) {
		for (bits = 0, k = 0; k < 8; k++) {
			c = text[8 * i + k];
			bits = bits << 5 | (uint64_t)(c >= 'A' ? c - 'A' :
			    c - '2' + 26);
		}
		for (k = 0; k < 5; k++)
			hash[5 * i + k] = (uint8_t)(bits >> (32 - 8 * k));
	}
}

static struct dir *
dir_new(struct vault *v, const char *id, size_t len, struct verr *e)
{
	struct kctx *c;
	struct dir *d;
	bool ok;

	if ((d = calloc(1, sizeof(*d) + len + 1)) == NULL ||
	    (c = keys_take(v->keys)) == NULL) {
		free(d);
		verr_fail(e, VERR_NOMEM, "out of memory for a directory");
		return NULL;
	}
	ok = name_dirpath(c, id, len, d->path);
	keys_drop(v->keys, c);
	if (!ok) {
		free(d);
		verr_fail(e, VERR_NOMEM, "cannot hash a directory id");
		return NULL;
	}
	d->v = v;
	d->refs = 1;
	d->id_len = len;
	memcpy(d->id, id, len);
	hash_of_path(d->path, d->hash);
	lock_init(&d->change, LOCK_DIR_CHANGE);
	lock_init(&d->list_lock, LOCK_DIR_LIST);
	return d;
}

/* Free d; its reference to the parent is the caller's then, to be put. */
static struct dir *
dir_free(struct dir *d)
{
	struct dir *parent = d->parent;

	dir_listing_fini(d);
	lock_fini(&d->change);
	lock_fini(&d->list_lock);
	free(d->link);
	secret_drop(d, sizeof(*d) + d->id_len);
	return parent;
}

/* Take idle ones out until the bound holds; the caller frees what it gets. */
static struct dir *
evict_one(struct vault *v)
{
	struct lru_node *n;

	LOCK_ASSERT_HELD(&v->dirs_lock);
	if (v->dirs_idle <= VAULT_DIRS_IDLE ||
	    (n = lru_victim(&v->dirs, is_idle)) == NULL)
		return NULL;
	lru_remove(&v->dirs, n);
	v->dirs_idle--;
	return LRU_OBJECT(n, struct dir, node);
}

struct dir *
dir_by_id(struct vault *v, const char *id, size_t len, struct verr *e)
{
	struct id_key key = { id, len };
	uint64_t hash = lru_hash(id, len);
	struct dir *d, *made;
	struct lru_node *n;

	if (len > NAME_DIRID_MAX) {
		verr_fail(e, VERR_DAMAGED, "a directory id of %zu bytes", len);
		return NULL;
	}
	lock_take(&v->dirs_lock);
	if ((n = lru_find(&v->dirs, hash, same_id, &key)) != NULL)
		goto found;
	lock_drop(&v->dirs_lock);

	if ((made = dir_new(v, id, len, e)) == NULL)
		return NULL;
	lock_take(&v->dirs_lock);
	if ((n = lru_find(&v->dirs, hash, same_id, &key)) == NULL) {
		lru_insert(&v->dirs, &made->node, hash);
		lru_hold(&v->dirs, &made->node);
		lock_drop(&v->dirs_lock);
		return made;
	}
	/* Somebody else was faster. */
	d = LRU_OBJECT(n, struct dir, node);
	dir_ref_locked(d);
	lock_drop(&v->dirs_lock);
	(void)dir_free(made);
	return d;
found:
	d = LRU_OBJECT(n, struct dir, node);
	dir_ref_locked(d);
	lock_drop(&v->dirs_lock);
	return d;
}

struct dir *
dir_root(struct vault *v, struct verr *e)
{
	(void)e;
	return dir_ref(v->root_dir);
}

struct dir *
dir_ref(struct dir *d)
{
	lock_take(&d->v->dirs_lock);
	dir_ref_locked(d);
	lock_drop(&d->v->dirs_lock);
	return d;
}

/* Nobody refers to d any more: out with it, or with another one, or NULL. */
static struct dir *
release(struct dir *d)
{
	struct vault *v = d->v;

	LOCK_ASSERT_HELD(&v->dirs_lock);
	if (d->gone) {
		lru_remove(&v->dirs, &d->node);
		return d;
	}
	v->dirs_idle++;
	lru_release(&v->dirs, &d->node);
	return evict_one(v);
}

/* Every victim may be the last that kept its parent: a loop, however deep. */
void
dir_put(struct dir *d)
{
	struct dir *victim;
	struct vault *v;

	while (d != NULL) {
		v = d->v;
		lock_take(&v->dirs_lock);
		victim = --d->refs == 0 ? release(d) : NULL;
		lock_drop(&v->dirs_lock);
		d = victim == NULL ? NULL : dir_free(victim);
	}
}

const char *
dir_id(const struct dir *d, size_t *len)
{
	*len = d->id_len;
	return d->id;
}

const uint8_t *
dir_hash(const struct dir *d)
{
	return d->hash;
}

const char *
dir_path(const struct dir *d)
{
	return d->path;
}

void
dir_set_parent(struct dir *d, struct dir *parent, const char *link)
{
	struct vault *v = d->v;
	const struct dir *up;
	struct dir *old = NULL;
	char *copy, *old_link = NULL;

	/* Nearly always what is known already. */
	lock_take(&v->dirs_lock);
	if (d->parent == parent && d->link != NULL &&
	    strcmp(d->link, link) == 0) {
		lock_drop(&v->dirs_lock);
		return;
	}
	lock_drop(&v->dirs_lock);

	if ((copy = strdup(link)) == NULL)
		return;		/* not known: it will be searched for */
	lock_take(&v->dirs_lock);
	if (link[0] == '\0' && d->parent != NULL) {
		lock_drop(&v->dirs_lock);
		free(copy);
		return;
	}
	/* Whoever was asked looked before; parents must never form a ring. */
	for (up = parent; up != NULL && up != d; up = up->parent)
		;
	if (up == d) {
		lock_drop(&v->dirs_lock);
		free(copy);
		return;
	}
	old = d->parent;
	old_link = d->link;
	dir_ref_locked(parent);
	d->parent = parent;
	d->link = copy;
	lock_drop(&v->dirs_lock);
	free(old_link);
	if (link[0] != '\0')
		dir_search_parent(d, parent);
	dir_put(old);
}

void
dir_set_gone(struct dir *d)
{
	LOCK_ASSERT_HELD(&d->change);
	lock_take(&d->v->dirs_lock);
	d->gone = true;
	lock_drop(&d->v->dirs_lock);
	dir_listing_fini(d);
	dir_search_gone(d);
}

/* By what is known of parents; unknown ones end the walk. */
bool
dir_is_below(struct dir *d, const struct dir *ancestor)
{
	struct vault *v = d->v;
	const struct dir *up;
	bool found = false;

	lock_take(&v->dirs_lock);
	for (up = d; up != NULL && !found; up = up->parent)
		found = up == ancestor;
	lock_drop(&v->dirs_lock);
	return found;
}

bool
dir_link_path(struct dir *d, const struct dir *parent, char out[VLOC_MAX])
{
	struct vault *v = d->v;
	bool is;

	lock_take(&v->dirs_lock);
	is = d->parent == parent && d->link != NULL && d->link[0] != '\0';
	if (is)
		dir_entry_path(parent, d->link, strlen(d->link), NULL, out);
	lock_drop(&v->dirs_lock);
	return is;
}

int
dir_attr(struct dir *d, struct vattr *a, struct verr *e)
{
	struct host_stat st;

	if (host_stat(d->v->root, d->path, &st) == -1) {
		if (verr_of_errno(errno) == VERR_NOENT)
			return verr_code(e, VERR_STALE);
		return verr_sys(e, "cannot stat %s", d->path);
	}
	if (!S_ISDIR(st.mode))
		return verr_fail(e, VERR_STALE, "%s is no folder", d->path);
	attr_from_stat(a, VTYPE_DIR, d->v->cipher, &st);
	return 0;
}

void
dir_table_free(struct vault *v)
{
	struct lru_node *n;
	struct dir *d;

	dir_put(v->root_dir);
	v->root_dir = NULL;
	/* Children keep their parents: the idle ones go first, in rounds. */
	for (;;) {
		lock_take(&v->dirs_lock);
		if ((n = lru_victim(&v->dirs, is_idle)) != NULL) {
			lru_remove(&v->dirs, n);
			v->dirs_idle--;
		}
		lock_drop(&v->dirs_lock);
		if (n == NULL)
			break;
		d = LRU_OBJECT(n, struct dir, node);
		dir_put(dir_free(d));
	}
	lru_fini(&v->dirs);
}
