/*
 * Finding objects by what a file handle knows of them.  The first stop is
 * always the directory that the handle names; only what was moved while
 * nobody kept account is searched for through the vault.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/dir_index.h"
#include "vault/vault_int.h"

static bool
is_hashed(const struct lru_node *n, const void *hash)
{
	return memcmp(LRU_OBJECT(n, const struct dir, node)->hash, hash,
	    16) == 0;
}

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

/*
 * -- searches through the whole vault
 *
 * One at a time, and everything that it sees goes into an index (dir_index.h):
 * the next question is answered from that.  What is not in the index, and what
 * is no more where the index has it, is taken for gone as long as ten times
 * what the search took, so that searches never take more than a tenth of one
 * worker's time, whoever asks for whatever.  A search of less than KEEP_NS or
 * KEEP_DIRS leaves nothing: the next is as cheap.  Our own moves are told to
 * the index.
 */

#define KEEP_NS		INT64_C(50000000)
#define KEEP_DIRS	32
#define KEEP_TIMES	10
#define WAIT_NS		100000000L

static int64_t
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void
copy_id(char *out, const struct index *x, uint32_t dir, size_t *len)
{
	const char *id = index_id(x, dir, len);

	memcpy(out, id, *len + 1);
}

/* What is looked for: a file, or else all is only put into the index. */
struct object {
	struct arena	*a;
	uint64_t	 fileid;
	uint32_t	 gen;
	struct entry	*ent;
	struct dir	*parent;	/* set when it is found: a reference */
};

struct walk {
	struct vault	*v;
	struct index	*x;
	struct object	*o;		/* or NULL */
	bool		 full;		/* some files are not in the index */
};

static int
visit_entry(struct walk *w, struct dir *d, uint32_t number,
    const struct host_dirent *de, struct verr *e)
{
	bool wanted = w->o != NULL && w->o->parent == NULL;
	struct entry ent;
	struct verr why;

	if (de->type == HOST_DT_FILE && !(wanted && de->ino ==
	    w->o->fileid)) {
		w->full |= !index_add_file(w->x, de->ino, number);
		return 0;
	}
	if (dir_probe(d, de->name, strlen(de->name), &ent, &why) == -1)
		return dir_probe_tells(why.code) ? 0 : pass_on(e, &why);
	if (ent.dir != NULL) {
		if (index_add_dir(w->x, ent.dir->hash, ent.dir->id,
		    ent.dir->id_len, number) == INDEX_NONE) {
			dir_put(ent.dir);
			return verr_fail(e, VERR_NOMEM,
			    "no room for a search");
		}
		dir_put(ent.dir);
		return 0;
	}
	w->full |= !index_add_file(w->x, ent.attr.fileid, number);
	if (wanted && is_object(&ent, w->o->fileid, w->o->gen)) {
		*w->o->ent = ent;
		w->o->parent = dir_ref(d);
	}
	return 0;
}

static int
visit(struct walk *w, struct dir *d, uint32_t number, struct verr *e)
{
	struct host_dirent de;
	struct host_dir *hd;
	int r;

	if ((hd = host_opendir(d->v->root, d->path)) == NULL) {
		if (dir_probe_tells(verr_of_errno(errno)))
			return 0;	/* not searchable: not found there */
		return verr_sys(e, "cannot open folder %s", d->path);
	}
	while ((r = host_readdir(hd, &de)) == 1)
		if (name_could_be(de.name, strlen(de.name)) &&
		    de.type != HOST_DT_OTHER &&
		    visit_entry(w, d, number, &de, e) == -1) {
			host_closedir(hd);
			return -1;
		}
	if (r == -1)
		verr_sys(e, "cannot read folder %s", d->path);
	host_closedir(hd);
	return r;
}

/* From the root on; the index is the list of what is still to be visited. */
static int
walk(struct walk *w, struct verr *e)
{
	struct dir *d = w->v->root_dir;
	char id[NAME_DIRID_MAX + 1];
	uint32_t i;
	size_t len;
	int r = 0;

	if (index_add_dir(w->x, d->hash, d->id, d->id_len, 0) == INDEX_NONE)
		return verr_fail(e, VERR_NOMEM, "no room for a search");
	for (i = 0; i < index_dirs(w->x) && r == 0; i++) {
		copy_id(id, w->x, i, &len);
		if ((d = dir_by_id(w->v, id, len, e)) == NULL)
			return -1;
		r = visit(w, d, i, e);
		dir_put(d);
	}
	return r;
}

/* Is what the index does not know not there?  search_lock is held. */
static bool
is_fresh(const struct vault *v)
{
	LOCK_ASSERT_HELD(&v->search_lock);
	return now_ns() < v->search_until;
}

/* A short one is waited for, or its asker would be put off for seconds. */
static void
wait_for_other(struct vault *v)
{
	struct timespec until;

	LOCK_ASSERT_HELD(&v->search_lock);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_NS;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	while (v->searching && pthread_cond_timedwait(&v->search_end,
	    &v->search_lock.mtx, &until) == 0)
		;
}

/* -1 and VERR_BUSY: another one is at it, or was not long ago. */
static int
search(struct vault *v, struct object *o, struct verr *e)
{
	struct walk w = { .v = v, .o = o };
	struct index *old = NULL;
	int64_t start, end;
	bool busy;
	int r;

	lock_take(&v->search_lock);
	wait_for_other(v);
	if (!(busy = v->searching || is_fresh(v)))
		v->searching = true;
	lock_drop(&v->search_lock);
	if (busy)
		return verr_fail(e, VERR_BUSY, "the vault is being searched "
		    "for something else");
	start = now_ns();
	if ((w.x = index_new()) == NULL)
		r = verr_fail(e, VERR_NOMEM, "out of memory for a search");
	else
		r = walk(&w, e);
	end = now_ns();

	lock_take(&v->search_lock);
	if (r == 0 && end - start >= KEEP_NS &&
	    index_dirs(w.x) >= KEEP_DIRS) {
		old = v->index;
		v->index = w.x;
		v->index_whole = !w.full;
		v->search_until = end + KEEP_TIMES * (end - start);
		w.x = NULL;
	}
	v->searching = false;
	(void)pthread_cond_signal(&v->search_end);
	lock_drop(&v->search_lock);
	index_free(w.x);
	index_free(old);
	return r;
}

/* -- files */

#define HINTS	4

struct hints {
	char	id[HINTS][NAME_DIRID_MAX + 1];
	size_t	len[HINTS], n;
	bool	whole;			/* it is nowhere else */
};

static void
get_hints(struct vault *v, uint64_t fileid, struct hints *h)
{
	uint32_t dirs[HINTS];
	size_t i;

	h->n = 0;
	lock_take(&v->search_lock);
	h->whole = v->index_whole && is_fresh(v);
	if (v->index != NULL)
		h->n = index_find_file(v->index, fileid, dirs, HINTS);
	for (i = 0; i < h->n; i++)
		copy_id(h->id[i], v->index, dirs[i], &h->len[i]);
	lock_drop(&v->search_lock);
}

int
dir_find_anywhere(struct vault *v, struct arena *a, uint64_t fileid,
    uint32_t gen, struct entry *ent, struct dir **parent, struct verr *e)
{
	struct object o = { a, fileid, gen, ent, NULL };
	struct hints h;
	struct verr why;
	struct dir *d;
	size_t i;

	*parent = NULL;
	get_hints(v, fileid, &h);
	for (i = h.n; i-- > 0;) {		/* the latest move first */
		if ((d = dir_by_id(v, h.id[i], h.len[i], e)) == NULL)
			return -1;
		if (dir_find(d, a, fileid, gen, ent, &why) == 0) {
			*parent = d;
			return 0;
		}
		dir_put(d);
		if (!dir_probe_tells(why.code))
			return pass_on(e, &why);
	}
	if (h.whole)
		return verr_code(e, VERR_NOENT);
	if (search(v, &o, e) == -1) {
		dir_put(o.parent);
		return -1;
	}
	if ((*parent = o.parent) == NULL)
		return verr_code(e, VERR_NOENT);
	ent->name = arena_strndup(a, "", 0);
	ent->name_len = 0;
	ent->cookie = 0;
	return 0;
}

/* -- directories */

/* What the index has above d, or NULL. */
static struct dir *
indexed_parent(struct dir *d, bool *fresh)
{
	char id[NAME_DIRID_MAX + 1];
	struct vault *v = d->v;
	uint32_t i, up = INDEX_NONE;
	size_t len = 0;

	lock_take(&v->search_lock);
	*fresh = is_fresh(v);
	if (v->index != NULL &&
	    (i = index_find_dir(v->index, d->hash)) != INDEX_NONE &&
	    (up = index_parent(v->index, i)) != INDEX_NONE)
		copy_id(id, v->index, up, &len);
	lock_drop(&v->search_lock);
	return up == INDEX_NONE ? NULL : dir_by_id(v, id, len, NULL);
}

struct dir *
dir_parent(struct dir *d, bool may_search, struct verr *e)
{
	struct vault *v = d->v;
	struct dir *p;
	bool fresh;

	if (d == v->root_dir)
		return dir_ref(d);
	lock_take(&v->dirs_lock);
	if ((p = d->parent) != NULL)
		p->refs++;		/* d keeps it: it is not idle */
	lock_drop(&v->dirs_lock);
	if (p != NULL)
		return p;
	if ((p = indexed_parent(d, &fresh)) != NULL) {
		dir_set_parent(d, p, "");
		return p;
	}
	if (!may_search) {
		verr_code(e, VERR_BUSY);
		return NULL;
	}
	if (fresh) {
		verr_code(e, VERR_NOENT);
		return NULL;
	}
	/* Coming to d by its link makes its parent known. */
	if (search(v, NULL, e) == -1)
		return NULL;
	if ((p = dir_parent(d, false, e)) == NULL)
		verr_code(e, VERR_NOENT);
	return p;
}

/* By the first 16 bytes of its hash, as far as it is known. */
static struct dir *
known_by_hash(struct vault *v, const uint8_t hash[16], bool *fresh)
{
	char id[NAME_DIRID_MAX + 1];
	struct dir *d = NULL;
	struct lru_node *n;
	uint32_t i = INDEX_NONE;
	size_t len = 0;

	lock_take(&v->dirs_lock);
	if ((n = lru_search(&v->dirs, is_hashed, hash)) != NULL) {
		d = LRU_OBJECT(n, struct dir, node);
		dir_ref_locked(d);
	}
	lock_drop(&v->dirs_lock);
	if (d != NULL)
		return d;
	lock_take(&v->search_lock);
	*fresh = is_fresh(v);
	if (v->index != NULL &&
	    (i = index_find_dir(v->index, hash)) != INDEX_NONE)
		copy_id(id, v->index, i, &len);
	lock_drop(&v->search_lock);
	if (i == INDEX_NONE || (d = dir_by_id(v, id, len, NULL)) == NULL)
		return NULL;
	if (memcmp(d->hash, hash, 16) == 0)
		return d;
	dir_put(d);
	return NULL;
}

struct dir *
dir_by_hash(struct vault *v, const uint8_t hash[16], bool may_search,
    struct verr *e)
{
	bool fresh = false;
	struct dir *d;

	if ((d = known_by_hash(v, hash, &fresh)) != NULL)
		return d;
	if (!may_search) {
		verr_code(e, VERR_BUSY);
		return NULL;
	}
	if (!fresh && search(v, NULL, e) == -1)
		return NULL;
	if ((d = known_by_hash(v, hash, &fresh)) == NULL)
		verr_code(e, VERR_NOENT);
	return d;
}
