/*
 * rename(2): both ends are looked up, locked and judged here; dir_move.c does
 * what is to be done on disk.
 */
#include "config.h"

#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/dir_move.h"

static void
entry_path(struct dir *d, const struct entry *ent, char out[VLOC_MAX])
{
	if (ent->dir != NULL) {
		if (!dir_link_path(ent->dir, d, out))
			out[0] = '\0';
		return;
	}
	memcpy(out, ent->loc.path, ent->loc.entry_len);
	out[ent->loc.entry_len] = '\0';
}

/* Errors of rename(2) that follow from the types alone. */
static int
check_types(struct move *m, struct verr *e)
{
	if (m->src.dir != NULL && (m->src.dir == m->to ||
	    dir_is_below(m->to, m->src.dir)))
		return verr_code(e, VERR_INVAL);
	if (!m->have_dst)
		return 0;
	if (m->src.dir != NULL && m->dst.dir == NULL)
		return verr_code(e, VERR_NOTDIR);
	if (m->src.dir == NULL && m->dst.dir != NULL)
		return verr_code(e, VERR_ISDIR);
	return 0;
}

/* Two names of one object: rename(2) does nothing, successfully. */
static bool
is_same(const struct move *m)
{
	if (!m->have_dst)
		return false;
	if (m->src.dir != NULL)
		return m->src.dir == m->dst.dir;
	return m->dst.dir == NULL &&
	    m->src.attr.fileid == m->dst.attr.fileid;
}

/* Look both names up; *m has references in src and dst afterwards. */
static int
look(struct move *m, struct arena *a, const char *name, size_t len,
    const char *new_name, size_t new_len, struct verr *e)
{
	struct verr mine;

	if (e == NULL)
		e = &mine;
	m->src.dir = m->dst.dir = NULL;
	m->have_dst = false;
	if (dir_lookup(m->from, a, name, len, &m->src, e) == -1)
		return -1;
	if (dir_lookup(m->to, a, new_name, new_len, &m->dst, e) == 0)
		m->have_dst = true;
	else if (e->code != VERR_NOENT)
		return -1;
	(void)name_nfc(a, new_name, new_len, &m->name, &m->len);
	if (dir_disk_name(m->to, m->name, m->len, &m->dn, e) == -1)
		return -1;
	dir_entry_path(m->to, m->dn.entry, m->dn.entry_len, NULL,
	    m->new_entry);
	entry_path(m->from, &m->src, m->src_entry);
	if (m->have_dst)
		entry_path(m->to, &m->dst, m->dst_entry);
	if (m->src_entry[0] == '\0' ||
	    (m->have_dst && m->dst_entry[0] == '\0'))
		return verr_code(e, VERR_NOENT);
	return 0;
}

static void
look_end(struct move *m)
{
	dir_put(m->src.dir);
	dir_put(m->dst.dir);
	m->src.dir = m->dst.dir = NULL;
}

/* With the locks of from, to and a replaced directory held. */
static int
rename_locked(struct move *m, struct dir *victim, struct arena *a,
    const char *name, size_t len, const char *new_name, size_t new_len,
    struct entry *ent, struct verr *e)
{
	int r = -1;

	if (look(m, a, name, len, new_name, new_len, e) == -1)
		goto out;
	if (is_same(m)) {
		r = 0;
		goto probe;
	}
	if (m->have_dst && m->dst.dir != NULL && m->dst.dir != victim) {
		/* Another one has come there since we looked. */
		verr_code(e, VERR_NOTEMPTY);
		goto out;
	}
	if (check_types(m, e) == -1 || dir_move(m, e) == -1)
		goto out;
	r = 0;
probe:
	if (ent != NULL) {
		if (dir_lookup(m->to, a, m->name, m->len, ent, e) == -1)
			r = -1;
	}
out:
	look_end(m);
	return r;
}

/*
 * Directories that move need to know what is above them; a parent that is not
 * known (a handle from before a restart) is searched for first.
 */
static int
learn_ancestors(struct dir *d, struct verr *e)
{
	struct dir *p, *up = dir_ref(d);
	int depth;

	for (depth = 0; up != d->v->root_dir && depth < 4096; depth++) {
		p = dir_parent(up, true, e);
		dir_put(up);
		if (p == NULL)
			return -1;
		up = p;
	}
	dir_put(up);
	return 0;
}

int
dir_rename(struct dir *from, struct dir *to, struct arena *a,
    const char *name, size_t len, const char *new_name, size_t new_len,
    struct entry *ent, struct dir_change *ch_from, struct dir_change *ch_to,
    struct verr *e)
{
	struct move m = { .v = from->v, .from = from, .to = to };
	struct change cf, ct;
	struct entry victim = { .dir = NULL };
	struct lock *set[3];
	struct verr mine;
	int r = -1;

	if (e == NULL)
		e = &mine;
	if (ent != NULL)
		ent->dir = NULL;
	dir_change_none(ch_from);
	dir_change_none(ch_to);
	lock_take(&from->v->rename_lock);
	if (from != to && learn_ancestors(to, e) == -1)
		goto out;
	if (dir_lookup(to, a, new_name, new_len, &victim, e) == -1) {
		if (e->code != VERR_NOENT)
			goto out;
		victim.dir = NULL;
	}
	set[0] = &from->change;
	set[1] = &to->change;
	set[2] = victim.dir == NULL ? NULL : &victim.dir->change;
	lock_take_set(set, 3);
	if (dir_change_begin(&cf, from, ch_from, e) == 0) {
		if (dir_change_begin(&ct, to, ch_to, e) == 0)
			r = rename_locked(&m, victim.dir, a, name, len,
			    new_name, new_len, ent, e);
		dir_change_end(&ct);
	}
	dir_change_end(&cf);
	lock_drop_set(set, 3);
	dir_put(victim.dir);
out:
	lock_drop(&from->v->rename_lock);
	return r;
}
