/*
 * Finding objects by what a file handle knows of them.  The first stop is
 * always the directory that the handle names; only what was moved while
 * nobody kept account is searched for through the vault.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/vault_int.h"

/* Is it this object?  A generation of 0 matches all. */
static bool
is_object(const struct entry *ent, uint64_t fileid, uint32_t gen)
{
	return ent->dir == NULL && ent->attr.fileid == fileid &&
	    (gen == 0 || ent->attr.gen == 0 || ent->attr.gen == gen);
}

static bool
name_could_be(const char *s, size_t len)
{
	return len >= NAME_DISK_MIN && len <= 255 &&
	    (memcmp(s + len - 4, ".c9r", 4) == 0 ||
	    memcmp(s + len - 4, ".c9s", 4) == 0);
}

/* Nobody may take "could not look" for "not there". */
static int
pass_on(struct verr *e, const struct verr *why)
{
	if (e != NULL)
		*e = *why;
	return -1;
}

/*
 * One pass over the folder.  A plain file is recognised by the inode number
 * in its entry; symlinks and shortened files lie one folder deeper, and only
 * those are looked into.
 */
int
dir_find(struct dir *d, struct arena *a, uint64_t fileid, uint32_t gen,
    struct entry *ent, struct verr *e)
{
	struct host_dirent de;
	struct host_dir *hd;
	struct verr why;
	size_t len;
	int r;

	if ((hd = host_opendir(d->v->root, d->path)) == NULL)
		return errno == ENOENT ? verr_code(e, VERR_NOENT) :
		    verr_sys(e, "cannot open folder %s", d->path);
	while ((r = host_readdir(hd, &de)) == 1) {
		len = strlen(de.name);
		if (!name_could_be(de.name, len) ||
		    (de.type == HOST_DT_FILE && de.ino != fileid) ||
		    de.type == HOST_DT_OTHER)
			continue;
		if (dir_probe(d, de.name, len, ent, &why) == -1) {
			if (dir_probe_tells(why.code))
				continue;
			host_closedir(hd);
			return pass_on(e, &why);
		}
		if (is_object(ent, fileid, gen))
			break;
		dir_put(ent->dir);
		ent->dir = NULL;
	}
	if (r == -1)
		verr_sys(e, "cannot read folder %s", d->path);
	host_closedir(hd);
	if (r == 0)
		return verr_code(e, VERR_NOENT);
	ent->name = arena_strndup(a, "", 0);
	ent->name_len = 0;
	ent->cookie = 0;
	return r == 1 ? 0 : -1;
}

/* -- walks through the whole vault, from the root, without recursion */

struct walk {
	struct dir	**stack;	/* references; in heap by doubling */
	size_t		  n, cap;
};

static bool
walk_push(struct walk *w, struct dir *d)
{
	struct dir **p;
	size_t cap;

	if (w->n == w->cap) {
		cap = w->cap * 2 + 64;
		if ((p = realloc(w->stack, cap * sizeof(*p))) == NULL)
			return false;
		w->stack = p;
		w->cap = cap;
	}
	w->stack[w->n++] = d;
	return true;
}

static void
walk_end(struct walk *w)
{
	while (w->n > 0)
		dir_put(w->stack[--w->n]);
	free(w->stack);
}

/*
 * Push the sub-directories of d.  Cycles end because a directory has one link
 * only (dir_probe.c).
 */
static int
walk_children(struct walk *w, struct dir *d, struct verr *e)
{
	struct host_dirent de;
	struct host_dir *hd;
	struct entry ent;
	struct verr why;
	size_t len;
	int r;

	if ((hd = host_opendir(d->v->root, d->path)) == NULL) {
		if (dir_probe_tells(verr_of_errno(errno)))
			return 0;	/* not searchable: not found there */
		return verr_sys(e, "cannot open folder %s", d->path);
	}
	while ((r = host_readdir(hd, &de)) == 1) {
		len = strlen(de.name);
		if (!name_could_be(de.name, len) ||
		    de.type == HOST_DT_FILE || de.type == HOST_DT_OTHER)
			continue;
		if (dir_probe(d, de.name, len, &ent, &why) == -1) {
			if (dir_probe_tells(why.code))
				continue;
			r = pass_on(e, &why);
			goto out;
		}
		if (ent.dir != NULL && !walk_push(w, ent.dir)) {
			dir_put(ent.dir);
			r = verr_fail(e, VERR_NOMEM,
			    "out of memory for a search");
			goto out;
		}
	}
	if (r == -1)
		verr_sys(e, "cannot read folder %s", d->path);
out:
	host_closedir(hd);
	return r;
}

/*
 * Call stop for each directory until it returns 1; that one, or NULL (also if
 * stop returns -1, with *e filled).
 */
static struct dir *
walk_until(struct vault *v, int (*stop)(struct dir *, void *, struct verr *),
    void *ctx, struct verr *e)
{
	struct walk w = { NULL, 0, 0 };
	struct dir *d, *found = NULL;
	int r = 0;

	if (!walk_push(&w, dir_ref(v->root_dir))) {
		verr_fail(e, VERR_NOMEM, "out of memory for a search");
		return NULL;
	}
	while (w.n > 0 && r == 0) {
		d = w.stack[--w.n];
		if ((r = stop(d, ctx, e)) == 1)
			found = dir_ref(d);
		else if (r == 0)
			r = walk_children(&w, d, e);
		dir_put(d);
	}
	if (r == 0)
		verr_code(e, VERR_NOENT);
	walk_end(&w);
	return found;
}

struct object {
	struct arena	*a;
	uint64_t	 fileid;
	uint32_t	 gen;
	struct entry	*ent;
};

static int
holds_object(struct dir *d, void *ctx, struct verr *e)
{
	struct object *o = ctx;
	struct verr why;

	if (dir_find(d, o->a, o->fileid, o->gen, o->ent, &why) == 0)
		return 1;
	return dir_probe_tells(why.code) ? 0 : pass_on(e, &why);
}

int
dir_find_anywhere(struct vault *v, struct arena *a, uint64_t fileid,
    uint32_t gen, struct entry *ent, struct dir **parent, struct verr *e)
{
	struct object o = { a, fileid, gen, ent };

	*parent = walk_until(v, holds_object, &o, e);
	return *parent == NULL ? -1 : 0;
}

static int
is_linked(struct dir *d, void *ctx, struct verr *e)
{
	(void)e;
	return d == ctx;
}

struct dir *
dir_parent(struct dir *d, bool may_search, struct verr *e)
{
	struct vault *v = d->v;
	struct dir *p, *found;

	if (d == v->root_dir)
		return dir_ref(d);
	lock_take(&v->dirs_lock);
	if ((p = d->parent) != NULL)
		p->refs++;		/* d keeps it: it is not idle */
	lock_drop(&v->dirs_lock);
	if (p != NULL)
		return p;
	if (!may_search) {
		verr_code(e, VERR_BUSY);
		return NULL;
	}
	/* Coming to d by its link makes its parent known. */
	if ((found = walk_until(v, is_linked, d, e)) == NULL)
		return NULL;
	dir_put(found);
	return dir_parent(d, false, e);
}

static int
has_hash(struct dir *d, void *ctx, struct verr *e)
{
	(void)e;
	return memcmp(d->hash, ctx, 16) == 0;
}

struct dir *
dir_by_hash(struct vault *v, const uint8_t hash[16], bool may_search,
    struct verr *e)
{
	struct dir *d = NULL;
	struct lru_node *n;

	lock_take(&v->dirs_lock);
	TAILQ_FOREACH(n, &v->dirs.ages, age)
		if (memcmp(LRU_OBJECT(n, struct dir, node)->hash, hash,
		    16) == 0) {
			d = LRU_OBJECT(n, struct dir, node);
			if (d->refs++ == 0)
				v->dirs_idle--;
			break;
		}
	lock_drop(&v->dirs_lock);
	if (d != NULL)
		return d;
	if (!may_search) {
		verr_code(e, VERR_BUSY);
		return NULL;
	}
	return walk_until(v, has_hash, (void *)(uintptr_t)hash, e);
}
