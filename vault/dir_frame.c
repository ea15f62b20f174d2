/*
 * What every change of names has around it: how the directory was and is, what
 * is to be synced, and how things that we made ourselves go away again.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/vault_int.h"

void
dir_leaf_path(const char *folder, const char *leaf, char out[VLOC_MAX])
{
	(void)snprintf(out, VLOC_MAX, "%.*s/%s", VLOC_MAX - 16, folder, leaf);
}

bool
dir_is_quick(const struct dir_change *ch)
{
	return ch != NULL && ch->quick;
}

void
dir_change_meet(const struct dir_change *ch, uint64_t fileid)
{
	if (ch != NULL && ch->meet != NULL)
		ch->meet(ch->ctx, fileid);
}

void
dir_change_lose(struct vault *v, struct dir_change *ch,
    const struct entry *ent)
{
	if (ent->attr.nlink > 1)
		return;
	file_forget(v, ent->attr.fileid);
	if (ch != NULL) {
		ch->lost = ent->attr.fileid;
		ch->lost_gen = ent->attr.gen;
	}
}

int
dir_change_take(struct lock *l, bool quick, struct verr *e)
{
	if (!quick)
		lock_take(l);
	else if (!lock_try(l))
		return verr_code(e, VERR_BUSY);
	return 0;
}

static struct stamp
stamp_of(const struct vattr *a)
{
	return (struct stamp){ true, a->fileid, a->mtime, a->ctime };
}

/* How d looks now, or as the caller has just seen it. */
static int
look(struct dir *d, const struct dir_change *ch, struct vattr *a,
    struct verr *e)
{
	if (!dir_is_quick(ch) || ch->seen == NULL || ch->seen_as_of == 0 ||
	    ch->seen_as_of != dir_changes(d))
		return dir_attr_again(d, a, e);
	*a = *ch->seen;
	return 0;
}

int
dir_change_begin(struct change *c, struct dir *d, struct dir_change *ch,
    struct verr *e)
{
	struct vattr before;

	LOCK_ASSERT_HELD(&d->change);
	c->d = d;
	c->ch = ch;
	c->have_before = false;
	dir_change_none(ch);
	if (d->gone)
		return verr_code(e, VERR_STALE);
	if (d->v->sync_each && dir_is_quick(ch))
		return verr_code(e, VERR_BUSY);
	if (look(d, ch, &before, e) == -1)
		return -1;
	c->have_before = true;
	c->before = stamp_of(&before);
	dir_listing_begin(d, &c->before);
	if (ch != NULL) {
		ch->have_before = true;
		ch->before = before;
	}
	if (d->v->read_only)
		return verr_code(e, VERR_ROFS);
	return 0;
}

void
dir_change_end(struct change *c)
{
	struct dir *d = c->d;
	struct vattr after;
	struct stamp stamp;
	bool have;

	have = dir_attr_again(d, &after, NULL) == 0;
	if (have) {
		stamp = stamp_of(&after);
		if (c->ch != NULL) {
			c->ch->have_after = true;
			c->ch->after = after;
		}
	}
	dir_listing_changed(d, c->have_before ? &c->before : NULL,
	    have ? &stamp : NULL);
}

void
dir_change_blame(struct dir *d, struct verr *e)
{
	struct vattr a;
	struct verr why;

	if (e != NULL && e->code == VERR_NOENT && dir_attr(d, &a, &why) == -1)
		*e = why;
}

int
dir_change_done(struct dir *d, int r, struct entry *ent, struct verr *e)
{
	struct vault *v = d->v;

	if (r == -1) {
		dir_change_blame(d, e);
		return -1;
	}
	if (!v->sync_each || vault_sync_names(v, e) == 0)
		return r;
	if (ent != NULL) {
		dir_put(ent->dir);
		ent->dir = NULL;
	}
	return -1;
}

void
dir_change_none(struct dir_change *ch)
{
	if (ch != NULL) {
		ch->have_before = ch->have_after = false;
		ch->lost = 0;
	}
}

void
dir_sync_node(struct vault *v, const char *entry, const char *leaf,
    bool is_long)
{
	char path[VLOC_MAX];

	vault_sync_note(v, entry);
	if (leaf != NULL) {
		dir_leaf_path(entry, leaf, path);
		vault_sync_note(v, path);
	}
	if (is_long) {
		dir_leaf_path(entry, "name.c9s", path);
		vault_sync_note(v, path);
	}
}

/*
 * Take away what we made ourselves: a file, or a folder of files.  Its name
 * goes last: who finds it half done finds a husk, and nothing without a name.
 */
void
dir_remove_tree(struct vault *v, const char *path, bool is_dir)
{
	char inner[VLOC_MAX + 256];
	struct host_dirent de;
	struct host_dir *hd;
	bool named = false;

	if (!is_dir) {
		(void)host_unlink(v->root, path);
		return;
	}
	if ((hd = host_opendir(v->root, path)) != NULL) {
		while (host_readdir(hd, &de) == 1) {
			(void)snprintf(inner, sizeof(inner), "%s/%s", path,
			    de.name);
			if (strcmp(de.name, "name.c9s") == 0)
				named = true;
			else
				(void)host_unlink(v->root, inner);
		}
		host_closedir(hd);
	}
	if (named) {
		(void)snprintf(inner, sizeof(inner), "%s/name.c9s", path);
		(void)host_unlink(v->root, inner);
	}
	(void)host_rmdir(v->root, path);
}

int
dir_is_husk(struct vault *v, const char *entry)
{
	struct host_dirent de;
	struct host_dir *hd;
	int r;

	if ((hd = host_opendir(v->root, entry)) == NULL)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ?
		    0 : -1;
	while ((r = host_readdir(hd, &de)) == 1 &&
	    strcmp(de.name, "name.c9s") == 0)
		;
	host_closedir(hd);
	return r == -1 ? -1 : r == 0;
}

int
dir_take_name(struct dir *d, const char *from, const char *entry)
{
	int husk;

	if (host_rename_new(d->v->root, from, entry) == 0) {
		dir_listing_added(d, entry);
		return 0;
	}
	if (errno != EEXIST)
		return -1;
	if ((husk = dir_is_husk(d->v, entry)) == 0)
		errno = EEXIST;
	if (husk != 1)
		return -1;
	dir_remove_husk(d, entry);
	if (host_rename_new(d->v->root, from, entry) == -1)
		return -1;
	dir_listing_added(d, entry);
	return 0;
}

void
dir_touch(struct dir *d)
{
	static const struct timespec now[2] = {
		{ 0, UTIME_OMIT }, { 0, UTIME_NOW }
	};

	(void)host_utimes(d->v->root, d->path, now);
}
