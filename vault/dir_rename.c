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

/* One rename(2) of a plain file to a short name will do. */
static bool
goes_quickly(const struct move *m)
{
	return m->src.dir == NULL && !m->dn.is_long &&
	    m->src.loc.path[m->src.loc.entry_len] == '\0' &&
	    (!m->have_dst || dir_goes_quickly(&m->dst));
}

static int
look_dst(struct move *m, struct arena *a, const char *name, size_t len,
    struct verr *e)
{
	m->unseen = false;
	if (dir_look(m->to, a, name, len, m->quick, &m->dst, e) == -1)
		return e->code == VERR_NOENT ? 0 : -1;
	m->have_dst = true;
	entry_path(m->to, &m->dst, m->dst_entry);
	return m->dst_entry[0] == '\0' ? verr_code(e, VERR_NOENT) : 0;
}

/*
 * Look both names up; *m has references in src and dst afterwards.  A new name
 * that nothing but its own entry could have is left to rename(2).
 */
static int
look(struct move *m, struct arena *a, const char *name, size_t len,
    const char *new_name, size_t new_len, struct verr *e)
{
	m->src.dir = m->dst.dir = NULL;
	m->have_dst = false;
	if (dir_look(m->from, a, name, len, m->quick, &m->src, e) == -1)
		return -1;
	(void)name_nfc(a, new_name, new_len, &m->name, &m->len);
	if (dir_disk_name(m->to, m->name, m->len, &m->dn, e) == -1)
		return -1;
	dir_entry_path(m->to, m->dn.entry, m->dn.entry_len, NULL,
	    m->new_entry);
	entry_path(m->from, &m->src, m->src_entry);
	if (m->src_entry[0] == '\0')
		return verr_code(e, VERR_NOENT);
	m->unseen = goes_quickly(m) && m->len == new_len &&
	    memcmp(m->name, new_name, new_len) == 0 &&
	    dir_look_odd(m->to, a, new_name, new_len, m->quick, e) == -1 &&
	    e->code == VERR_NOENT;
	return m->unseen ? 0 : look_dst(m, a, new_name, new_len, e);
}

static void
look_end(struct move *m)
{
	dir_put(m->src.dir);
	dir_put(m->dst.dir);
	m->src.dir = m->dst.dir = NULL;
}

/* The file under its new name; its ctime may be another by now. */
static void
tell_file(const struct move *m, struct entry *ent)
{
	*ent = m->src;
	ent->name = m->name;
	ent->name_len = m->len;
	memcpy(ent->loc.path, m->new_entry, sizeof(m->new_entry));
	ent->loc.entry_len = (uint16_t)strlen(m->new_entry);
}

/* 1: there is something, or it is not known that there is nothing. */
static int
move_unseen(struct move *m, struct arena *a, const char *new_name,
    size_t new_len, struct entry *ent, struct verr *e)
{
	int r;

	if (!m->unseen)
		return 1;
	dir_change_meet(m->ch, m->src.attr.fileid);
	if ((r = dir_move(m, e)) == 1)
		return look_dst(m, a, new_name, new_len, e) == -1 ? -1 : 1;
	if (r == 0 && ent != NULL)
		tell_file(m, ent);
	return r;
}

/* With the locks of from, to and a replaced directory held. */
static int
rename_locked(struct move *m, struct dir *victim, struct arena *a,
    const char *name, size_t len, const char *new_name, size_t new_len,
    struct entry *ent, struct verr *e)
{
	int r = -1;

	if (look(m, a, name, len, new_name, new_len, e) == -1 ||
	    (r = move_unseen(m, a, new_name, new_len, ent, e)) != 1)
		goto out;
	r = -1;
	if (is_same(m)) {
		r = 0;
		goto probe;
	}
	if (m->quick && !goes_quickly(m)) {
		verr_code(e, VERR_BUSY);
		goto out;
	}
	if (m->have_dst && m->dst.dir != NULL && m->dst.dir != victim) {
		/* Another one has come there since we looked. */
		verr_code(e, VERR_NOTEMPTY);
		goto out;
	}
	if (check_types(m, e) == -1)
		goto out;
	dir_change_meet(m->ch, m->src.attr.fileid);
	if (dir_move(m, e) == -1)
		goto out;
	r = 0;
probe:
	if (ent != NULL) {
		if (dir_look(m->to, a, m->name, m->len, m->quick, ent,
		    e) == -1)
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

/* The directory that is to be replaced, or NULL: its change lock is needed. */
static int
find_victim(struct dir *to, struct arena *a, const char *name, size_t len,
    struct entry *victim, struct verr *e)
{
	victim->dir = NULL;
	if (dir_lookup(to, a, name, len, victim, e) == 0)
		return 0;
	victim->dir = NULL;
	return e->code == VERR_NOENT ? 0 : -1;
}

/*
 * Both ends in d: one look at it before and one after serve both.  A directory
 * is never replaced here.
 */
static int
rename_within(struct move *m, struct arena *a, const char *name, size_t len,
    const char *new_name, size_t new_len, struct entry *ent,
    struct dir_change *ch, struct verr *e)
{
	struct change c;
	int r = -1;

	if (dir_change_take(&m->from->change, m->quick, e) == -1)
		return -1;
	if (dir_change_begin(&c, m->from, ch, e) == 0)
		r = rename_locked(m, NULL, a, name, len, new_name, new_len,
		    ent, e);
	dir_change_end(&c);
	lock_drop(&m->from->change);
	return r;
}

static int
rename_between(struct move *m, struct dir *victim, struct arena *a,
    const char *name, size_t len, const char *new_name, size_t new_len,
    struct entry *ent, struct dir_change *ch_from, struct dir_change *ch_to,
    struct verr *e)
{
	struct lock *set[3];
	struct change cf, ct;
	int r = -1;

	set[0] = &m->from->change;
	set[1] = &m->to->change;
	set[2] = victim == NULL ? NULL : &victim->change;
	lock_take_set(set, 3);
	if (dir_change_begin(&cf, m->from, ch_from, e) == 0) {
		if (dir_change_begin(&ct, m->to, ch_to, e) == 0)
			r = rename_locked(m, victim, a, name, len, new_name,
			    new_len, ent, e);
		dir_change_end(&ct);
	}
	dir_change_end(&cf);
	lock_drop_set(set, 3);
	return r;
}

int
dir_rename(struct dir *from, struct dir *to, struct arena *a,
    const char *name, size_t len, const char *new_name, size_t new_len,
    struct entry *ent, struct dir_change *ch_from, struct dir_change *ch_to,
    struct verr *e)
{
	struct move m = { .v = from->v, .from = from, .to = to,
	    .quick = dir_is_quick(ch_from), .ch = ch_from };
	struct entry victim = { .dir = NULL };
	struct verr mine;
	int r = -1;

	if (e == NULL)
		e = &mine;
	if (ent != NULL)
		ent->dir = NULL;
	dir_change_none(ch_from);
	dir_change_none(ch_to);
	if (m.quick && from != to)
		return verr_code(e, VERR_BUSY);
	if (dir_change_take(&from->v->rename_lock, m.quick, e) == -1)
		return -1;
	/* On the loop no directory is replaced: rename_locked() sees to it. */
	if (!m.quick && ((from != to && learn_ancestors(to, e) == -1) ||
	    find_victim(to, a, new_name, new_len, &victim, e) == -1))
		goto out;
	if (from == to && victim.dir == NULL)
		r = rename_within(&m, a, name, len, new_name, new_len, ent,
		    ch_from, e);
	else
		r = rename_between(&m, victim.dir, a, name, len, new_name,
		    new_len, ent, ch_from, ch_to, e);
	dir_put(victim.dir);
out:
	lock_drop(&from->v->rename_lock);
	if (from == to && ch_to != NULL && ch_from != NULL &&
	    !ch_to->have_before)
		*ch_to = *ch_from;
	if (r == -1)
		dir_change_blame(to, e);
	return dir_change_done(from, r, ent, e);
}
