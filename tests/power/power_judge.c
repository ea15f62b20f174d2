/*
 * power_judge.c - the next server opens what the disk holds.
 */
#include "config.h"

#include "tests/power/power.h"
#include "vault/cipher.h"
#include "vault/token.h"
#include "vault/vault_int.h"

#define C		((size_t)CIPHER_CHUNK)
#define PLACES_MAX	24u	/* of one object since the last COMMIT */

/* Where an object may be, and whether it must be somewhere. */
struct fate {
	unsigned	 places;
	int		 dir[PLACES_MAX];
	const char	*name[PLACES_MAX];
	bool		 there;		/* at the last COMMIT */
	bool		 gone;		/* perhaps, since */
	bool		 found;
};

struct judging {
	const struct power_model *m;
	const struct power_crash *c;
	struct power_verdict	 *v;
	struct vault		 *vault;
	struct arena		 *a;
	struct fate		 *fate;
	unsigned		  started;	/* steps that had */
	bool			  lost, unclean;
};

static void
say_lost(struct judging *j, const char *what, const char *name,
    const char *more)
{
	if (!j->lost && j->v->lost == 0)
		(void)snprintf(j->v->first, sizeof(j->v->first),
		    "event %u of %u, manner %d, seed %u: %s %.40s %.300s",
		    j->c->at, j->m->log.n, j->c->how, j->c->seed, what, name,
		    more);
	j->lost = true;
}

/* -- where things may be */

static void
may_be(struct fate *f, int dir, const char *name)
{
	unsigned i;

	if (dir == -1) {
		f->gone = true;
		return;
	}
	for (i = 0; i < f->places; i++)
		if (f->dir[i] == dir && strcmp(f->name[i], name) == 0)
			return;
	cr_assert_lt(f->places, PLACES_MAX);
	f->dir[f->places] = dir;
	f->name[f->places++] = name;
}

static bool
is_done(const struct judging *j, unsigned step)
{
	return j->m->step[step].end <= j->c->at;
}

static void
foretell(struct judging *j)
{
	const struct power_step *s = j->m->step;
	int nodes = j->m->nodes, k, *dir = malloc((size_t)nodes * sizeof(*dir));
	const char **name = calloc((size_t)nodes, sizeof(*name));
	unsigned i, last = 0;

	for (k = 0; k < nodes; k++)
		dir[k] = -1;
	while (j->started < j->m->n && s[j->started].begin < j->c->at)
		j->started++;
	for (i = 0; i < j->started; i++)
		if (s[i].verb == POWER_COMMIT && is_done(j, i))
			last = i;
	for (i = 0; i < j->started; i++) {
		k = s[i].node;
		if (i == last)
			for (k = 1; k < nodes; k++) {
				j->fate[k].there = dir[k] != -1;
				if (dir[k] != -1)
					may_be(&j->fate[k], dir[k], name[k]);
			}
		k = s[i].node;
		if (s[i].verb == POWER_MAKE || s[i].verb == POWER_MOVE) {
			dir[k] = s[i].dir;
			name[k] = s[i].name;
		} else if (s[i].verb == POWER_DROP)
			dir[k] = -1;
		else
			continue;
		if (s[i].over != -1) {
			dir[s[i].over] = -1;
			j->fate[s[i].over].gone |= i >= last;
		}
		if (i >= last)
			may_be(&j->fate[k], dir[k], name[k]);
	}
	free(dir);
	free(name);
}

/* -- contents */

struct found {
	uint8_t	*data;
	size_t	 size;
	bool	 bad[64];	/* chunks that cannot be read */
	char	 why[256];
};

static void
read_all(struct judging *j, const struct entry *ent, struct found *f)
{
	struct verr e = { .code = VERR_NONE };
	struct file *file;
	struct iolist io;
	size_t at, i, to;
	bool eof;

	memset(f, 0, sizeof(*f));
	f->size = ent->attr.size;
	cr_assert_lt(f->size, sizeof(f->bad) * C);
	f->data = calloc(1, f->size + 1);
	file = file_open(j->vault, &ent->loc, ent->attr.fileid, false, &e);
	for (at = 0; at < f->size || (at == 0 && file != NULL); at += C) {
		if (file == NULL || file_read(file, at, C, &io, &eof,
		    &e) == -1) {
			f->bad[at / C] = true;
			(void)snprintf(f->why, sizeof(f->why), "%s", e.text);
			continue;
		}
		to = at;
		for (i = 0; i < io.n && to + io.piece[i].len <= f->size; i++) {
			memcpy(f->data + to, io.piece[i].data,
			    io.piece[i].len);
			to += io.piece[i].len;
		}
		iolist_free(&io);
	}
	file_put(file);
}

/* What is known of a file's bytes at the last COMMIT that was answered. */
struct known {
	uint8_t		*data;
	size_t		 size;		/* that was committed */
	size_t		 least, most;	/* since then */
	size_t		 cut;		/* zeros may be from here on */
	unsigned	 since;		/* step */
};

static void
put_known(struct known *k, const struct power_step *s)
{
	size_t end = s->verb == POWER_TRIM ? s->off : s->off + s->len;

	if (s->verb == POWER_TRIM || end > k->size) {
		k->data = realloc(k->data, end + 1);
		cr_assert_not_null(k->data);
		if (end > k->size)
			memset(k->data + k->size, 0, end - k->size);
		k->size = end;
	}
	if (s->verb == POWER_PUT)
		memcpy(k->data + s->off, s->data, s->len);
}

static void
know(const struct judging *j, int node, struct known *k)
{
	const struct power_step *s = j->m->step;
	size_t size, end;
	unsigned i;

	memset(k, 0, sizeof(*k));
	for (i = 0; i < j->started; i++)
		if (s[i].node == node && s[i].verb == POWER_COMMIT &&
		    is_done(j, i))
			k->since = i;
	for (i = 0; i < k->since; i++)
		if (s[i].node == node &&
		    (s[i].verb == POWER_PUT || s[i].verb == POWER_TRIM))
			put_known(k, &s[i]);
	size = k->least = k->most = k->cut = k->size;
	for (; i < j->started; i++) {
		if (s[i].node != node)
			continue;
		end = s[i].off + s[i].len;
		if (s[i].verb == POWER_TRIM)
			size = s[i].off;
		else if (s[i].verb == POWER_PUT && end > size)
			size = end;
		if (size < k->least)
			k->least = k->cut = size;
		if (size > k->most)
			k->most = size;
	}
}

static bool
may_hold(const struct judging *j, int node, const struct known *k, size_t at,
    uint8_t is)
{
	const struct power_step *s = j->m->step;
	unsigned i;

	if ((at < k->size && k->data[at] == is) || (at >= k->cut && is == 0))
		return true;
	for (i = k->since; i < j->started; i++)
		if (s[i].node == node && s[i].verb == POWER_PUT &&
		    at >= s[i].off && at < s[i].off + s[i].len &&
		    s[i].data[at - s[i].off] == is)
			return true;
	return false;
}

/* Why this cannot be what the node holds, or NULL; *dirty: it is damaged. */
static const char *
compare(const struct judging *j, int node, const struct found *f, bool *dirty)
{
	static char why[300];
	const char *what = NULL;
	struct known k;
	size_t i;

	know(j, node, &k);
	if (f->size < k.least || f->size > k.most)
		what = "has a wrong length";
	for (i = 0; i < f->size && what == NULL; i++) {
		if (f->bad[i / C]) {
			if (i < k.least)
				what = "cannot be read";
			*dirty = true;
			i |= C - 1;
		} else if (!may_hold(j, node, &k, i, f->data[i]))
			what = "has a wrong byte";
	}
	*dirty |= f->bad[0];
	free(k.data);
	if (what == NULL)
		return NULL;
	(void)snprintf(why, sizeof(why), "%s at %zu: %zu bytes, committed "
	    "%zu, then %zu to %zu; %.150s", what, i, f->size, k.size, k.least,
	    k.most, f->why);
	return why;
}

/* -- all that is there */

static const char *
fits(struct judging *j, int node, const struct entry *ent,
    const struct found *f, bool *dirty)
{
	const struct power_node *n = &j->m->node[node];
	const char *target;
	size_t len;

	if (n->type != ent->attr.type)
		return "is of another type";
	if (n->type == VTYPE_FILE)
		return compare(j, node, f, dirty);
	if (n->type == VTYPE_DIR)
		return NULL;
	if (symlink_read(j->vault, j->a, &ent->loc, &target, &len,
	    NULL) == 0 && len > 0)	/* 0: a header, and no more */
		return strcmp(target, n->target) == 0 ? NULL :
		    "leads elsewhere";
	*dirty = true;
	return j->fate[node].there ? "cannot be read" : NULL;
}

struct listing_of {
	struct judging	*j;
	int		 dir;
	unsigned	 n;
	struct dir	*sub[64];
	int		 node[64];
};

static bool
see(void *ctx, const struct entry *ent)
{
	struct listing_of *l = ctx;
	struct judging *j = l->j;
	const char *why = "was never there";
	struct found f = { .data = NULL };
	struct fate *fate;
	bool dirty, fine = false;
	unsigned i;
	int k;

	if (ent->attr.type == VTYPE_FILE)
		read_all(j, ent, &f);
	for (k = 1; k < j->m->nodes && !fine; k++) {
		fate = &j->fate[k];
		for (i = 0; i < fate->places && !fine; i++) {
			if (fate->dir[i] != l->dir ||
			    strcmp(fate->name[i], ent->name) != 0)
				continue;
			dirty = false;
			why = fits(j, k, ent, &f, &dirty);
			if ((fine = why == NULL)) {
				fate->found = true;
				j->unclean |= dirty;
				if (ent->dir != NULL) {
					l->sub[l->n] = dir_ref(ent->dir);
					l->node[l->n++] = k;
				}
			}
		}
	}
	if (!fine)
		say_lost(j, "wrong:", ent->name, why);
	free(f.data);
	return l->n < 64;
}

static void
walk(struct judging *j, struct dir *d, int node)
{
	struct listing_of l = { .j = j, .dir = node };
	struct verr e;
	unsigned i;

	if (dir_list(d, j->a, 0, true, see, &l, &e) == -1)
		say_lost(j, "cannot be listed:", j->m->node[node].name,
		    e.text);
	for (i = 0; i < l.n; i++) {
		walk(j, l.sub[i], l.node[i]);
		dir_put(l.sub[i]);
	}
}

static void
on_finding(void *ctx, const struct check_finding *f)
{
	struct judging *j = ctx;

	/* A file without a header is an empty file. */
	if (f->severity < CHECK_WARN || f->repairable ||
	    f->kind == CHECK_ZERO_BYTES)
		return;
	j->v->kinds[f->kind]++;
	j->unclean = true;
}

static void
look(struct judging *j, const char *dir)
{
	struct check_options o = { .contents = true, .offline = true };
	struct check_summary sum;
	struct verr e;
	unsigned mended;
	char *state = box_text("%s/state", dir);
	int k;

	if (vault_journal(j->vault, state, &mended, &e) == -1)
		say_lost(j, "no journal:", "", e.text);
	else if (vault_check(j->vault, &o, on_finding, j, &sum, &e) == -1)
		say_lost(j, "no check:", "", e.text);
	else
		walk(j, j->vault->root_dir, 0);
	for (k = 1; k < j->m->nodes && !j->lost; k++)
		if (j->fate[k].there && !j->fate[k].gone && !j->fate[k].found)
			say_lost(j, "not there:", j->m->node[k].name,
			    j->fate[k].name[0]);
	free(state);
}

void
power_judge(const struct power_model *m, const struct power_crash *c,
    const char *dir, struct power_verdict *v)
{
	struct judging j = { .m = m, .c = c, .v = v };
	char *path = box_text("%s/vault", dir);
	struct verr e;

	j.a = arena_new(16 * 1024 * 1024);
	j.fate = calloc((size_t)m->nodes, sizeof(*j.fate));
	foretell(&j);
	j.vault = vault_assemble(host_root(path), keys_new(keys_raw(
	    m->b.v->keys), NULL), vault_cipher(m->b.v), 8, TOKEN_THRESHOLD,
	    NULL, &e);
	cr_assert_not_null(j.vault);
	j.vault->root_dir = dir_by_id(j.vault, "", 0, &e);
	if (j.vault->root_dir == NULL)
		say_lost(&j, "no root:", "", e.text);
	else
		look(&j, dir);
	vault_close(j.vault);
	arena_free(j.a);
	free(j.fate);
	free(path);
	v->states++;
	v->lost += j.lost;
	v->unclean += j.unclean;
}
