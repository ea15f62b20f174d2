/*
 * What is in a directory's folder: read it, decrypt the names, keep the result
 * for as long as the folder looks the same.
 *
 * Two results are kept apart.  The listing has all names; any change drops it.
 * The odd names are those that a lookup cannot compute (conflict copies, names
 * shortened without need, ...); nothing that we do ourselves makes one, so they
 * survive our own changes, and a lookup that misses needs no scan.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/verr.h"
#include "vault/base64.h"
#include "vault/dir_build.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

/*
 * A folder changed less than this before it was read may change again within
 * the same tick of the file system's clock (ext4: 4 ms): not to be kept.  A
 * storage whose clock is more than a second ahead is not held to that.
 */
#define RACY_NS		INT64_C(20000000)
#define AHEAD_NS	INT64_C(1000000000)

void
dir_listing_put(struct vault *v, struct listing *l)
{
	if (l == NULL || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	atomic_fetch_sub(&v->list_bytes, l->bytes);
	free(l);
}

static bool
stamp_is(const struct stamp *s, const struct host_stat *st)
{
	return s->valid && s->ino == st->ino &&
	    s->mtime.tv_sec == st->mtime.tv_sec &&
	    s->mtime.tv_nsec == st->mtime.tv_nsec &&
	    s->ctime.tv_sec == st->ctime.tv_sec &&
	    s->ctime.tv_nsec == st->ctime.tv_nsec;
}

static void
stamp_set(struct stamp *s, const struct host_stat *st)
{
	s->valid = true;
	s->ino = st->ino;
	s->mtime = st->mtime;
	s->ctime = st->ctime;
}

static bool
is_racy(const struct host_stat *st)
{
	struct timespec now;
	int64_t age;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	age = (now.tv_sec - st->ctime.tv_sec) * INT64_C(1000000000) +
	    now.tv_nsec - st->ctime.tv_nsec;
	return age < RACY_NS && age > -AHEAD_NS;
}

/* One entry of the folder: its clear name into b, if it has one. */
static int
add_entry(struct build *b, struct dir *d, struct kctx *c,
    const struct host_dirent *de)
{
	size_t len = strlen(de->name);

	if (len < NAME_DISK_MIN || len > 255)
		return 0;		/* vault-format 4.5, 1 */
	if (strcmp(de->name + len - 4, ".c9r") == 0)
		return build_plain(b, d, c, de->name, len, de->ino);
	if (strcmp(de->name + len - 4, ".c9s") == 0)
		return build_long(b, d, c, de->name, len, de->ino);
	return 0;
}

static int
read_folder(struct build *b, struct dir *d, struct verr *e)
{
	struct host_dirent de;
	struct host_dir *hd;
	struct kctx *c;
	int r;

	if ((hd = host_opendir(d->v->root, d->path)) == NULL) {
		if (errno == ENOENT)
			return verr_code(e, VERR_STALE);
		return verr_sys(e, "cannot open folder %s", d->path);
	}
	if ((c = keys_take(d->v->keys)) == NULL) {
		host_closedir(hd);
		return verr_fail(e, VERR_NOMEM, "out of memory for a listing");
	}
	while ((r = host_readdir(hd, &de)) == 1)
		if (add_entry(b, d, c, &de) == -1) {
			verr_sys(e, "cannot read %s/%s", d->path, de.name);
			r = -2;
			break;
		}
	if (r == -1)
		verr_sys(e, "cannot read folder %s", d->path);
	keys_drop(d->v->keys, c);
	host_closedir(hd);
	return r == 0 ? 0 : -1;
}

/* Drop listings that were not used for longest until the bound holds. */
static void
shrink_cache(struct vault *v)
{
	struct listing *l;
	struct lru_node *n;
	struct dir *d;

	lock_take(&v->dirs_lock);
	TAILQ_FOREACH(n, &v->dirs.ages, age) {
		if (atomic_load(&v->list_bytes) <= v->cache_bytes)
			break;
		d = LRU_OBJECT(n, struct dir, node);
		lock_take(&d->list_lock);
		l = d->listing;
		d->listing = NULL;
		lock_drop(&d->list_lock);
		dir_listing_put(v, l);
	}
	lock_drop(&v->dirs_lock);
}

/* Keep what was read, if the folder still looks as it did before. */
static void
keep(struct dir *d, const struct host_stat *before, struct listing *all,
    struct listing *odd)
{
	struct listing *old_all, *old_odd;
	struct host_stat after;

	if (is_racy(before) ||
	    host_stat(d->v->root, d->path, &after) == -1)
		return;
	lock_take(&d->list_lock);
	old_all = d->listing;
	old_odd = d->odd;
	atomic_fetch_add(&all->refs, 1);
	atomic_fetch_add(&odd->refs, 1);
	d->listing = all;
	d->odd = odd;
	stamp_set(&d->list_stamp, before);
	stamp_set(&d->odd_stamp, before);
	if (!stamp_is(&d->list_stamp, &after))
		d->list_stamp.valid = d->odd_stamp.valid = false;
	lock_drop(&d->list_lock);
	dir_listing_put(d->v, old_all);
	dir_listing_put(d->v, old_odd);
	if (atomic_load(&d->v->list_bytes) > d->v->cache_bytes)
		shrink_cache(d->v);
}

/* Read the folder; *all and *odd are references. */
static int
scan(struct dir *d, const struct host_stat *before, struct listing **all,
    struct listing **odd, struct verr *e)
{
	struct build b;
	int r = -1;

	build_init(&b);
	if (read_folder(&b, d, e) == -1)
		goto out;
	if (build_resolve(&b, d) == -1 ||
	    (*all = build_listing(&b, d->v, false)) == NULL) {
		verr_fail(e, VERR_NOMEM, "out of memory for a listing");
		goto out;
	}
	if ((*odd = build_listing(&b, d->v, true)) == NULL) {
		dir_listing_put(d->v, *all);
		verr_fail(e, VERR_NOMEM, "out of memory for a listing");
		goto out;
	}
	if (b.hidden > 0) {
		atomic_fetch_add(&d->v->hidden, b.hidden);
		log_debug("%s: %zu entries cannot be shown", d->path,
		    b.hidden);
	}
	keep(d, before, *all, *odd);
	r = 0;
out:
	build_fini(&b);
	return r;
}

/* A reference to the cached one if the folder still looks the same. */
static struct listing *
cached(struct dir *d, const struct host_stat *st, bool odd)
{
	struct listing *l = NULL;

	lock_take(&d->list_lock);
	if (odd && d->odd != NULL && stamp_is(&d->odd_stamp, st))
		l = d->odd;
	else if (!odd && d->listing != NULL && stamp_is(&d->list_stamp, st))
		l = d->listing;
	if (l != NULL)
		atomic_fetch_add(&l->refs, 1);
	lock_drop(&d->list_lock);
	return l;
}

static struct listing *
get(struct dir *d, bool odd, struct verr *e)
{
	struct listing *all, *odds, *l;
	struct host_stat st;

	if (host_stat(d->v->root, d->path, &st) == -1) {
		if (errno == ENOENT)
			verr_code(e, VERR_STALE);
		else
			verr_sys(e, "cannot stat %s", d->path);
		return NULL;
	}
	if ((l = cached(d, &st, odd)) != NULL)
		return l;
	if (scan(d, &st, &all, &odds, e) == -1)
		return NULL;
	dir_listing_put(d->v, odd ? all : odds);
	return odd ? odds : all;
}

struct listing *
dir_listing(struct dir *d, struct verr *e)
{
	return get(d, false, e);
}

struct listing *
dir_odd_names(struct dir *d, struct verr *e)
{
	return get(d, true, e);
}

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
	stamp_set(&d->odd_stamp, st);
	lock_drop(&d->list_lock);
	dir_listing_put(d->v, old);
}

void
dir_listing_changed(struct dir *d, const struct host_stat *before,
    const struct host_stat *after)
{
	struct listing *l;

	lock_take(&d->list_lock);
	l = d->listing;
	d->listing = NULL;
	if (before != NULL && after != NULL && d->odd != NULL &&
	    stamp_is(&d->odd_stamp, before))
		stamp_set(&d->odd_stamp, after);
	lock_drop(&d->list_lock);
	dir_listing_put(d->v, l);
}

void
dir_listing_forget(struct dir *d)
{
	struct listing *l, *odd;

	lock_take(&d->list_lock);
	l = d->listing;
	odd = d->odd;
	d->listing = d->odd = NULL;
	lock_drop(&d->list_lock);
	dir_listing_put(d->v, l);
	dir_listing_put(d->v, odd);
}
