/*
 * power_state.c - from a log to what a disk may hold.
 */
#include "config.h"

#include <ftw.h>

#include "tests/power/power.h"
#include "vault/cipher.h"
#include "vault/journal_int.h"

/* One state in the making. */
struct making {
	const struct power_log	 *l;
	const struct power_crash *c;
	uint32_t		  seed;
	struct power_set	**names;	/* of each folder */
	unsigned		 *n_names;
	unsigned		 *synced;	/* events before it */
	struct host_stat	 *made;		/* what an object became */
	bool			 *done;
	char			 *path_of;	/* of the first name */
};

#define PATH_ROOM	1024u

uint32_t
power_draw(uint32_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return (uint32_t)((uint64_t)*seed * n >> 32);
}

/* -- contents */

struct image {
	uint8_t	*data;
	size_t	 size, room;
};

static void
grow(struct image *im, size_t room)
{
	if (room <= im->room)
		return;
	im->data = realloc(im->data, room + 1024 * 1024);
	cr_assert_not_null(im->data);
	memset(im->data + im->room, 0, room + 1024 * 1024 - im->room);
	im->room = room + 1024 * 1024;
}

/* The whole event. */
static void
apply(struct image *im, const struct power_event *ev)
{
	if (ev->kind == POWER_CUT) {
		grow(im, ev->off);
		if (ev->off < im->size)
			memset(im->data + ev->off, 0, im->size - ev->off);
		im->size = ev->off;
		return;
	}
	grow(im, ev->off + ev->len);
	memcpy(im->data + ev->off, ev->data, ev->len);
	if (ev->off + ev->len > im->size)
		im->size = ev->off + ev->len;
}

/* A page as it is after the first k of these events, and every cut of them. */
static void
page_after(uint8_t *page, size_t at, const struct power_event *const *u,
    unsigned n, unsigned k)
{
	size_t from, to;
	unsigned i;

	for (i = 0; i < n; i++) {
		from = u[i]->off > at ? u[i]->off : at;
		to = u[i]->kind == POWER_CUT ? at + POWER_PAGE :
		    u[i]->off + u[i]->len;
		if (to > at + POWER_PAGE)
			to = at + POWER_PAGE;
		if (from >= to)
			continue;
		if (u[i]->kind == POWER_CUT)
			memset(page + (from - at), 0, to - from);
		else if (i < k)
			memcpy(page + (from - at), u[i]->data +
			    (from - u[i]->off), to - from);
	}
}

static bool
is_touched(size_t at, const struct power_event *const *u, unsigned n,
    bool *stored)
{
	bool is = false;
	unsigned i;

	*stored = false;
	for (i = 0; i < n; i++)
		if (u[i]->off < at + POWER_PAGE &&
		    (u[i]->kind == POWER_CUT || u[i]->off + u[i]->len > at)) {
			is = true;
			*stored |= u[i]->kind == POWER_STORE;
		}
	return is;
}

/* In each head of the journal, a word or a run is of the other state. */
static void
tear_words(struct making *m, uint8_t *page, const uint8_t *other)
{
	const uint32_t words = JOURNAL_HEAD / POWER_WORD;
	size_t at, from, len;
	bool one;

	for (at = 0; at < POWER_PAGE; at += JOURNAL_HEAD) {
		one = power_draw(&m->seed, 2) == 0;
		from = power_draw(&m->seed, one ? 6 : words) * POWER_WORD;
		len = one ? POWER_WORD : power_draw(&m->seed, words) *
		    POWER_WORD;
		if (len > JOURNAL_HEAD - from)
			len = JOURNAL_HEAD - from;
		memcpy(page + at + from, other + at + from, len);
	}
}

/* Of n events: none, all, or some of the first. */
static unsigned
some_of(struct making *m, unsigned n)
{
	unsigned r = power_draw(&m->seed, 3);

	return r == 0 ? 0 : r == 1 ? n : power_draw(&m->seed, n + 1);
}

static void
mix_page(struct making *m, uint8_t *page, size_t at,
    const struct power_event *const *u, unsigned n)
{
	uint8_t other[POWER_PAGE];
	size_t i;
	bool stored;

	if (!is_touched(at, u, n, &stored))
		return;
	memcpy(other, page, sizeof(other));
	page_after(page, at, u, n, some_of(m, n));
	if (!stored && power_draw(&m->seed, 4) != 0)
		return;
	page_after(other, at, u, n, some_of(m, n));
	if (stored)
		tear_words(m, page, other);
	for (i = 0; i < POWER_PAGE && !stored; i += POWER_SECTOR)
		if (power_draw(&m->seed, 2) == 0)
			memcpy(page + i, other + i, POWER_SECTOR);
}

/* The length: one that it had, or between that and what was durable. */
static size_t
mix_size(struct making *m, size_t size, const struct power_event *const *u,
    unsigned n)
{
	unsigned i, k = power_draw(&m->seed, n + 1);
	size_t low = size;

	for (i = 0; i < n; i++) {
		if (u[i]->kind == POWER_CUT)
			low = size = u[i]->off;
		else if (i < k && u[i]->off + u[i]->len > size)
			size = u[i]->off + u[i]->len;
	}
	if (size > low && power_draw(&m->seed, 3) == 0)
		size = low + power_draw(&m->seed, (uint32_t)(size - low + 1));
	if (size > low && power_draw(&m->seed, 3) == 0)
		size = size / POWER_PAGE * POWER_PAGE > low ?
		    size / POWER_PAGE * POWER_PAGE : low;
	return size;
}

static void
mix(struct making *m, struct image *im, const struct power_event *const *u,
    unsigned n)
{
	unsigned i, cuts = 0, keep;
	size_t at, end = 0;

	for (i = 0; i < n; i++)
		cuts += u[i]->kind == POWER_CUT;
	keep = power_draw(&m->seed, cuts + 1);
	for (i = 0; i < n; i++)
		if (u[i]->kind == POWER_CUT && keep-- == 0)
			break;
	n = i;		/* the cut that did not come, and all behind it */
	for (i = 0; i < n; i++)
		if (u[i]->kind != POWER_CUT && u[i]->off + u[i]->len > end)
			end = u[i]->off + u[i]->len;
	if (im->size > end)
		end = im->size;
	grow(im, end + POWER_PAGE);
	im->size = mix_size(m, im->size, u, n);
	grow(im, im->size + POWER_PAGE);
	for (at = 0; at < end; at += POWER_PAGE)
		mix_page(m, im->data + at, at, u, n);
}

static void
contents(struct making *m, int obj, struct image *im)
{
	const struct power_obj *o = &m->l->obj[obj];
	const struct power_event **u;
	unsigned i, n = 0, how = power_draw(&m->seed, 4);

	memset(im, 0, sizeof(*im));
	grow(im, o->size + POWER_PAGE);
	if (o->size > 0)
		memcpy(im->data, o->base, o->size);
	im->size = o->size;
	u = malloc((m->c->at + 1) * sizeof(*u));
	for (i = 0; i < m->c->at; i++) {
		if (m->l->ev[i].obj != obj || m->l->ev[i].kind > POWER_CUT)
			continue;
		if (i < m->synced[obj])
			apply(im, &m->l->ev[i]);
		else
			u[n++] = &m->l->ev[i];
	}
	if (m->c->how == POWER_ALL || (m->c->how >= POWER_MIXED && how == 1))
		for (i = 0; i < n; i++)
			apply(im, u[i]);
	else if (m->c->how >= POWER_MIXED && how > 1)
		mix(m, im, u, n);
	free(u);
}

/* -- names */

static bool
share_folder(const struct power_event *a, const struct power_event *b)
{
	unsigned i, k;

	for (i = 0; i < a->sets; i++)
		for (k = 0; k < b->sets; k++)
			if (a->set[i].dir == b->set[k].dir ||
			    a->set[i].gone == b->set[k].dir ||
			    a->set[i].dir == b->set[k].gone)
				return true;
	return false;
}

static bool
is_durable(const struct making *m, unsigned i)
{
	const struct power_event *ev = &m->l->ev[i];
	unsigned k;

	for (k = 0; k < ev->sets; k++)
		if (i < m->synced[ev->set[k].dir])
			return true;
	return false;
}

/* In order: some of the first; only in each folder: any that may be. */
static void
choose(struct making *m, bool *keep)
{
	const struct power_event *ev = m->l->ev;
	unsigned i, k, n = 0;

	for (i = 0; i < m->c->at; i++)
		if (ev[i].kind == POWER_NAMES && (keep[i] = is_durable(m, i)))
			n = i + 1;
	if (m->c->how == POWER_ALL)
		n = m->c->at;
	else if (m->c->how == POWER_MIXED)
		n += power_draw(&m->seed, m->c->at - n + 1);
	if (m->c->how != POWER_HARSH) {
		for (i = 0; i < m->c->at; i++)
			keep[i] = ev[i].kind == POWER_NAMES && i < n;
		return;
	}
	for (i = m->c->at; i-- > 0;)	/* what those that are there need */
		for (k = i + 1; ev[i].kind == POWER_NAMES && !keep[i] &&
		    k < m->c->at; k++)
			keep[i] = keep[k] && share_folder(&ev[i], &ev[k]);
	for (i = 0; i < m->c->at; i++) {
		if (ev[i].kind != POWER_NAMES || keep[i])
			continue;
		keep[i] = power_draw(&m->seed, 3) != 0;
		for (k = 0; k < i && keep[i]; k++)
			if (ev[k].kind == POWER_NAMES && !keep[k] &&
			    share_folder(&ev[k], &ev[i]))
				keep[i] = false;
	}
}

static void
put_name(struct making *m, const struct power_set *s)
{
	struct power_set *list = m->names[s->dir];
	unsigned i;

	for (i = 0; i < m->n_names[s->dir]; i++)
		if (strcmp(list[i].name, s->name) == 0)
			break;
	if (i == m->n_names[s->dir]) {
		list = realloc(list, (i + 1) * sizeof(*list));
		cr_assert_not_null(list);
		m->names[s->dir] = list;
		m->n_names[s->dir]++;
	}
	list[i] = *s;
}

static void
all_names(struct making *m)
{
	bool *keep = calloc(m->c->at + 1, sizeof(*keep));
	const struct power_obj *o;
	unsigned i, k, last = 0;
	int d;

	for (d = 0; d < m->l->objs; d++) {
		o = &m->l->obj[d];
		for (k = 0; k < o->n_first; k++)
			put_name(m, &o->first[k]);
	}
	choose(m, keep);
	for (i = 0; i < m->c->at; i++)
		last = keep[i] ? i : last;
	for (i = 0; i < last && m->c->how != POWER_HARSH; i++)
		if (m->l->ev[i].kind == POWER_ORDER &&
		    i > m->synced[m->l->ev[i].obj])
			m->synced[m->l->ev[i].obj] = i;
	for (i = 0; i < m->c->at; i++)
		for (k = 0; keep[i] && k < m->l->ev[i].sets; k++)
			put_name(m, &m->l->ev[i].set[k]);
	free(keep);
}

/* -- to the disk */

static char *
place_of(struct making *m, int obj)
{
	return m->path_of + (size_t)obj * PATH_ROOM;
}

static void
make_file(struct making *m, int obj, const char *path)
{
	struct image im;
	int fd;

	if (m->done[obj]) {
		cr_assert_eq(link(place_of(m, obj), path), 0);
		return;
	}
	contents(m, obj, &im);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	cr_assert_neq(fd, -1, "%s: %s", path, strerror(errno));
	cr_assert_eq(pwrite(fd, im.data, im.size, 0), (ssize_t)im.size);
	cr_assert_eq(host_fstat(fd, &m->made[obj]), 0);
	(void)close(fd);
	free(im.data);
	m->done[obj] = true;
	(void)snprintf(place_of(m, obj), PATH_ROOM, "%s", path);
}

static void
make_folder(struct making *m, int dir, const char *path)
{
	const struct power_set *s;
	unsigned i;
	char *inner;

	cr_assert_eq(mkdir(path, 0700), 0, "%s: %s", path, strerror(errno));
	for (i = 0; i < m->n_names[dir]; i++) {
		s = &m->names[dir][i];
		if (s->obj == -1)
			continue;
		inner = box_text("%s/%s", path, s->name);
		if (m->l->obj[s->obj].dir)
			make_folder(m, s->obj, inner);
		else
			make_file(m, s->obj, inner);
		free(inner);
	}
}

static int
take_away(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

/* Of a sync that is event i: is it there, at this cut, with this flaw? */
static bool
is_made(const struct making *m, unsigned i)
{
	const struct power_event *ev = m->l->ev;
	bool journal = ev[i].obj == POWER_JOURNAL;

	switch (m->c->flaw) {
	case POWER_NO_JOURNAL_SYNC:
		return !journal;
	case POWER_JOURNAL_LATE:
		while (journal && ++i < m->c->at && ev[i].kind == POWER_WRITE)
			continue;
		return !journal || i < m->c->at;
	case POWER_NO_FILE_SYNC:
		return journal || m->l->obj[ev[i].obj].dir;
	case POWER_NO_FOLDER_SYNC:
		return !m->l->obj[ev[i].obj].dir;
	default:
		return true;
	}
}

static void
find_synced(struct making *m)
{
	const struct power_event *ev;
	unsigned i;
	int k;

	for (i = 0; i < m->c->at; i++) {
		ev = &m->l->ev[i];
		if (ev->kind == POWER_SYNC && is_made(m, i))
			m->synced[ev->obj] = i;
		for (k = 0; ev->kind == POWER_SYNC_ALL && k < m->l->objs; k++)
			m->synced[k] = i;
	}
}

void
power_build(const struct power_log *l, const struct power_crash *c,
    const char *dir, struct keys *k)
{
	struct making m = { .l = l, .c = c, .seed = c->seed | 1 };
	size_t objs = (size_t)l->objs;
	char *path;
	int i;

	m.names = calloc(objs, sizeof(*m.names));
	m.n_names = calloc(objs, sizeof(*m.n_names));
	m.synced = calloc(objs, sizeof(*m.synced));
	m.made = calloc(objs, sizeof(*m.made));
	m.done = calloc(objs, sizeof(*m.done));
	m.path_of = calloc(objs, PATH_ROOM);
	(void)nftw(dir, take_away, 16, FTW_DEPTH | FTW_PHYS);
	cr_assert_eq(mkdir(dir, 0700), 0);
	find_synced(&m);
	all_names(&m);
	path = box_text("%s/vault", dir);
	make_folder(&m, POWER_ROOT, path);
	free(path);
	path = box_text("%s/state", dir);
	make_folder(&m, POWER_STATE, path);
	free(path);
	if (m.done[POWER_JOURNAL])
		power_heads(l, c, place_of(&m, POWER_JOURNAL), m.made, m.done,
		    k);
	for (i = 0; i < l->objs; i++)
		free(m.names[i]);
	free(m.names);
	free(m.n_names);
	free(m.synced);
	free(m.made);
	free(m.done);
	free(m.path_of);
}
