/*
 * What was read of a directory's folder, kept for as long as it is true.
 *
 * Two results are kept apart.  All names; and the odd ones, which a lookup
 * cannot compute (conflict copies, names shortened without need, ...), so that
 * a lookup that misses needs no scan.  Both are believed while the folder's
 * inode, mtime and ctime stay.
 *
 * Our own changes make no odd names, so these outlive them.  All names of a
 * small folder are read again after each change.  Of a large one they are
 * carried over: each entry that comes is added, what goes is noticed by who
 * looks for it.  Somebody else's change between our two looks at the folder
 * would go unseen: such a list is unsure, and when no change has been made for
 * a second it is read once more.  So a folder of any size is read in whole at
 * most once for each pause between our changes, and for each change of others.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/tune.h"
#include "base/verr.h"
#include "vault/dir_build.h"
#include "vault/dir_names.h"
#include "vault/vault_int.h"

/*
 * A folder changed less than this before it was read may change again within
 * the same tick of the file system's clock (ext4: 4 ms): not to be kept.  A
 * storage whose clock is more than a second ahead is not held to that.
 */
#define RACY_NS		INT64_C(20000000)
#define AHEAD_NS	INT64_C(1000000000)
#define QUIET_NS	INT64_C(1000000000)

#define LARGE		256u	/* entries; carried over if there are more */
#define QUICK_MAX	1024u	/* entries that are read on the event loop */

static struct stamp
stamp_of(const struct host_stat *st)
{
	return (struct stamp){ true, st->ino, st->mtime, st->ctime };
}

static bool
same_stamp(const struct stamp *s, const struct stamp *t)
{
	return s->valid && t->valid && s->ino == t->ino &&
	    s->mtime.tv_sec == t->mtime.tv_sec &&
	    s->mtime.tv_nsec == t->mtime.tv_nsec &&
	    s->ctime.tv_sec == t->ctime.tv_sec &&
	    s->ctime.tv_nsec == t->ctime.tv_nsec;
}

static bool
stamp_is(const struct stamp *s, const struct host_stat *st)
{
	struct stamp t = stamp_of(st);

	return same_stamp(s, &t);
}

/* How long ago the folder was changed, in ns. */
static int64_t
age_of(const struct host_stat *st)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - st->ctime.tv_sec) * INT64_C(1000000000) +
	    now.tv_nsec - st->ctime.tv_nsec;
}

static bool
is_racy(const struct host_stat *st)
{
	int64_t age = age_of(st);

	return age < RACY_NS && age > -AHEAD_NS;
}

static bool
is_quiet(const struct host_stat *st)
{
	int64_t age = age_of(st);

	return age > QUIET_NS || age < -AHEAD_NS;
}

/* -- the cache's bound */

static void
drop(struct dir *d)
{
	LOCK_ASSERT_HELD(&d->list_lock);
	names_put(d->v, d->names);
	d->names = NULL;
}

/*
 * Drop listings that were not used for longest until the bound holds; but the
 * youngest stays, or each page of it would read the folder again.
 */
static void
shrink_cache(struct vault *v)
{
	struct dir *d;

	LOCK_ASSERT_HELD(&v->dirs_lock);
	while (atomic_load(&v->list_bytes) > v->cache_bytes &&
	    (d = TAILQ_FIRST(&v->kept)) != NULL &&
	    d != TAILQ_LAST(&v->kept, dir_list)) {
		TAILQ_REMOVE(&v->kept, d, kept);
		d->is_kept = false;
		lock_take(&d->list_lock);
		drop(d);
		if (d->odd != NULL && d->odd->n > 0) {
			dir_listing_put(v, d->odd);
			d->odd = NULL;
		}
		lock_drop(&d->list_lock);
	}
}

/* It is in use: it goes last. */
static void
use(struct dir *d)
{
	LOCK_ASSERT_HELD(&d->v->dirs_lock);
	if (d->is_kept)
		TAILQ_REMOVE(&d->v->kept, d, kept);
	TAILQ_INSERT_TAIL(&d->v->kept, d, kept);
	d->is_kept = true;
}

/* -- reading */

/* What a reader gets; references. */
struct got {
	struct names	*names;
	struct listing	*odd;
};

/*
 * Was nothing changed by us since seen changes had been begun?  Who makes a
 * change knows what it has done.
 */
static bool
is_settled(struct dir *d, uint64_t seen, bool *mine)
{
	LOCK_ASSERT_HELD(&d->list_lock);
	*mine = d->under_way > 0 && pthread_equal(d->changer, pthread_self());
	return *mine || (d->under_way == 0 && d->changes == seen);
}

/* Keep what was read, if the folder still looks as it did before. */
static void
keep(struct dir *d, const struct host_stat *before, bool racy, uint64_t seen,
    const struct got *g)
{
	bool large = names_count(g->names) > LARGE;
	struct vault *v = d->v;
	struct listing *old = NULL;
	struct stamp stamp;
	struct host_stat after;
	bool mine;

	if (tune_off(TUNE_LISTING_CACHE))
		return;
	stamp = stamp_of(before);
	if (host_stat(v->root, d->path, &after) == -1 ||
	    !stamp_is(&stamp, &after))
		return;
	lock_take(&v->dirs_lock);
	lock_take(&d->list_lock);
	if (!d->gone && is_settled(d, seen, &mine) && (!racy ||
	    (large && stamp_is(&d->own, before)))) {
		drop(d);
		d->names = names_ref(g->names);
		old = d->odd;
		atomic_fetch_add(&g->odd->refs, 1);
		d->odd = g->odd;
		d->all.as_of = d->few.as_of = stamp;
		d->all.unsure = d->few.unsure = racy;
		d->all.changing = mine && large;
		d->few.changing = mine;
		d->verifying = false;
		use(d);
	}
	lock_drop(&d->list_lock);
	shrink_cache(v);
	lock_drop(&v->dirs_lock);
	dir_listing_put(v, old);
}

static int
read_anew(struct dir *d, const struct host_stat *st, bool quick,
    struct got *g, struct verr *e)
{
	bool racy = is_racy(st), large;
	struct listing *all;
	uint64_t seen;
	int r;

	lock_take(&d->list_lock);
	seen = d->changes;
	large = d->names != NULL && names_count(d->names) > QUICK_MAX;
	if (!(quick && large))
		d->verifying = true;
	lock_drop(&d->list_lock);
	if (quick && large)
		return verr_code(e, VERR_BUSY);

	r = dir_scan(d, quick ? QUICK_MAX : 0, &all, &g->odd, e);
	if (r == 0 && (g->names = names_new(d->v, all)) == NULL) {
		dir_listing_put(d->v, g->odd);
		r = verr_fail(e, VERR_NOMEM, "out of memory for a listing");
	}
	if (r == 0)
		keep(d, st, racy, seen, g);
	lock_take(&d->list_lock);
	d->verifying = false;
	lock_drop(&d->list_lock);
	return r;
}

static bool
is_true(const struct dir *d, const struct listed_as *l,
    const struct host_stat *st)
{
	return l->changing || (stamp_is(&l->as_of, st) &&
	    (!l->unsure || d->verifying || !is_quiet(st)));
}

/* Those that are wanted, from what is kept. */
static bool
cached(struct dir *d, const struct host_stat *st, bool odd, struct got *g)
{
	lock_take(&d->v->dirs_lock);
	lock_take(&d->list_lock);
	g->names = NULL;
	g->odd = NULL;
	if (odd && d->odd != NULL && is_true(d, &d->few, st)) {
		atomic_fetch_add(&d->odd->refs, 1);
		g->odd = d->odd;
	} else if (!odd && d->names != NULL && is_true(d, &d->all, st)) {
		g->names = names_ref(d->names);
		use(d);
	}
	lock_drop(&d->list_lock);
	lock_drop(&d->v->dirs_lock);
	return g->names != NULL || g->odd != NULL;
}

/* While a change of ours is under way the folder is as we make it. */
static bool
carried(struct dir *d, struct got *g)
{
	g->names = NULL;
	g->odd = NULL;
	lock_take(&d->list_lock);
	if (d->few.changing && d->odd != NULL) {
		atomic_fetch_add(&d->odd->refs, 1);
		g->odd = d->odd;
	}
	lock_drop(&d->list_lock);
	return g->odd != NULL;
}

static int
get(struct dir *d, bool odd, bool quick, struct got *g, struct verr *e)
{
	struct host_stat st;

	if (odd && carried(d, g))
		return 0;
	if (host_stat(d->v->root, d->path, &st) == -1) {
		if (errno != ENOENT)
			return verr_sys(e, "cannot stat %s", d->path);
		dir_listing_fini(d);
		return verr_code(e, VERR_STALE);
	}
	return cached(d, &st, odd, g) ? 0 : read_anew(d, &st, quick, g, e);
}

struct names *
dir_names(struct dir *d, bool quick, struct verr *e)
{
	struct got g;

	if (get(d, false, quick, &g, e) == -1)
		return NULL;
	dir_listing_put(d->v, g.odd);
	return g.names;
}

struct listing *
dir_odd_names(struct dir *d, bool quick, struct verr *e)
{
	struct got g;

	if (get(d, true, quick, &g, e) == -1)
		return NULL;
	names_put(d->v, g.names);
	return g.odd;
}

size_t
dir_names_page(struct dir *d, const struct names *n, uint32_t after,
    struct listed *out, size_t max, char *buf, size_t cap, uint64_t *seen)
{
	size_t got;

	lock_take(&d->list_lock);
	*seen = d->under_way > 0 ? UINT64_MAX : d->changes;
	got = names_copy(n, after, out, max, buf, cap);
	lock_drop(&d->list_lock);
	return got;
}

/* A change of ours may have brought it back since: then it stays. */
void
dir_names_gone(struct dir *d, struct names *n, const struct listed *l,
    uint64_t seen)
{
	lock_take(&d->list_lock);
	if (d->changes == seen)
		names_remove(d->v, n, l->cookie, l->entry);
	if (n == d->names && names_is_waste(n))
		drop(d);
	lock_drop(&d->list_lock);
}

/* -- our own changes */

void
dir_listing_new(struct dir *d, const struct host_stat *st)
{
	struct listing *none, *old;
	struct build b;

	build_init(&b);
	none = build_listing(&b, d->v, true);
	build_fini(&b);
	if (none == NULL)
		return;			/* it will be scanned for */
	lock_take(&d->list_lock);
	old = d->odd;
	d->odd = none;
	d->few.as_of = stamp_of(st);
	d->few.unsure = false;
	lock_drop(&d->list_lock);
	dir_listing_put(d->v, old);
}

uint64_t
dir_changes(struct dir *d)
{
	uint64_t n;

	lock_take(&d->list_lock);
	n = d->under_way == 0 ? d->changes + 1 : 0;
	lock_drop(&d->list_lock);
	return n;
}

void
dir_listing_begin(struct dir *d, const struct stamp *before)
{
	lock_take(&d->list_lock);
	d->changes++;
	d->under_way++;
	d->changer = pthread_self();
	d->all.changing = d->names != NULL && names_count(d->names) > LARGE &&
	    same_stamp(&d->all.as_of, before);
	d->few.changing = d->odd != NULL &&
	    same_stamp(&d->few.as_of, before);
	lock_drop(&d->list_lock);
}

void
dir_listing_added(struct dir *d, const char *path)
{
	const char *entry = path + NAME_DIRPATH_LEN + 1;
	char name[NAME_CLEAR_MAX + 1];
	size_t len;
	bool told;

	lock_take(&d->list_lock);
	told = d->names != NULL && d->all.changing;
	lock_drop(&d->list_lock);
	if (!told)
		return;
	told = dir_scan_name(d, entry, name, &len);
	lock_take(&d->list_lock);
	if (d->names != NULL && !(told && names_add(d->v, d->names, entry,
	    strlen(entry), name, len)))
		drop(d);
	lock_drop(&d->list_lock);
}

static void
carry(struct listed_as *l, const struct stamp *after, bool unsure)
{
	if (same_stamp(&l->as_of, after))
		return;
	l->as_of = *after;
	l->unsure |= unsure;
}

void
dir_listing_changed(struct dir *d, const struct stamp *before,
    const struct stamp *after)
{
	lock_take(&d->list_lock);
	if (before != NULL && after != NULL && d->all.changing)
		carry(&d->all, after, true);
	else
		drop(d);
	if (before != NULL && after != NULL && d->few.changing)
		carry(&d->few, after, false);
	d->own.valid = false;
	if (after != NULL)
		d->own = *after;
	if (before != NULL && --d->under_way == 0)
		d->all.changing = d->few.changing = false;
	lock_drop(&d->list_lock);
}

void
dir_listing_forget(struct dir *d)
{
	struct listing *odd;

	lock_take(&d->list_lock);
	drop(d);
	odd = d->odd;
	d->odd = NULL;
	lock_drop(&d->list_lock);
	dir_listing_put(d->v, odd);
}

void
dir_listing_fini(struct dir *d)
{
	lock_take(&d->v->dirs_lock);
	if (d->is_kept)
		TAILQ_REMOVE(&d->v->kept, d, kept);
	d->is_kept = false;
	lock_drop(&d->v->dirs_lock);
	dir_listing_forget(d);
}
