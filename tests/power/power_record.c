/*
 * power_record.c - what happens to the vault's folder and to its journal.
 */
#include "config.h"

#include <sys/mman.h>

#include "tests/power/power.h"
#include "vault/cipher.h"
#include "vault/journal_int.h"
#include "vault/vault_int.h"

static struct power_log	*log_of;	/* what is recorded into */
static struct box	*box_of;
static char		 state_dir[4096];
static const uint8_t	*heads;		/* the journal's, mapped */
static uint8_t		 seen[JOURNAL_MAP];	/* as they were last */
static bool		 ready;		/* the journal is known */

static struct power_event *
add_event(struct power_log *l, enum power_kind kind, int obj)
{
	struct power_event *ev;

	l->ev = realloc(l->ev, (l->n + 1) * sizeof(*l->ev));
	cr_assert_not_null(l->ev);
	ev = &l->ev[l->n++];
	memset(ev, 0, sizeof(*ev));
	ev->kind = kind;
	ev->obj = obj;
	return ev;
}

static void
add_bytes(struct power_event *ev, const void *data, size_t len, uint64_t off)
{
	ev->off = off;
	ev->len = len;
	ev->data = malloc(len + 1);
	cr_assert_not_null(ev->data);
	memcpy(ev->data, data, len);
}

static int
add_obj(struct power_log *l, bool dir, uint64_t ino, uint32_t gen)
{
	struct power_obj *o;

	l->obj = realloc(l->obj, (size_t)(l->objs + 1) * sizeof(*l->obj));
	cr_assert_not_null(l->obj);
	o = &l->obj[l->objs];
	memset(o, 0, sizeof(*o));
	o->dir = dir;
	o->ino = ino;
	o->gen = gen;
	return l->objs++;
}

/* -- names as they are now */

static void
set_in(struct power_set **list, unsigned *n, const struct power_set *s)
{
	unsigned i;

	for (i = 0; i < *n; i++)
		if (strcmp((*list)[i].name, s->name) == 0)
			break;
	if (i == *n) {
		*list = realloc(*list, (*n + 1) * sizeof(**list));
		cr_assert_not_null(*list);
		(*n)++;
	}
	(*list)[i] = *s;
}

static int
look_in(const struct power_obj *o, const char *name, size_t len)
{
	unsigned i;

	for (i = 0; i < o->n_live; i++)
		if (strlen(o->live[i].name) == len &&
		    memcmp(o->live[i].name, name, len) == 0)
			return o->live[i].obj;
	return -1;
}

/* The object at path, or -1; its folder and the last part of its name. */
static int
resolve(struct power_log *l, const char *path, struct power_set *at)
{
	int obj = POWER_ROOT;
	const char *s = path, *end;

	for (;; s = end + 1) {
		end = strchr(s, '/');
		if (end == NULL)
			break;
		if ((size_t)(end - s) == 1 && *s == '.')
			continue;
		obj = look_in(&l->obj[obj], s, (size_t)(end - s));
		cr_assert_neq(obj, -1, "%s", path);
	}
	if (strcmp(s, ".") == 0)
		return obj;
	at->dir = obj;
	(void)snprintf(at->name, sizeof(at->name), "%s", s);
	at->obj = look_in(&l->obj[obj], s, strlen(s));
	at->gone = -1;
	return at->obj;
}

static void
add_names(struct power_log *l, const struct power_set *s, unsigned n)
{
	struct power_event *ev = add_event(l, POWER_NAMES, -1);
	unsigned i;

	for (i = 0; i < n; i++) {
		ev->set[i] = s[i];
		set_in(&l->obj[s[i].dir].live, &l->obj[s[i].dir].n_live,
		    &s[i]);
	}
	ev->sets = n;
}

/* -- what is there when it begins */

static void
load(struct power_obj *o, int fd)
{
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	o->size = (size_t)st.st_size;
	o->base = malloc(o->size + 1);
	cr_assert_not_null(o->base);
	cr_assert_eq(pread(fd, o->base, o->size, 0), (ssize_t)o->size);
}

static uint32_t
gen_of(const struct host_stat *st)
{
	struct vattr a;

	attr_from_stat(&a, VTYPE_FILE, &cipher_gcm, st);
	return a.gen;
}

static void
scan(struct power_log *l, int self, const char *path)
{
	struct host_dir *d = host_opendir(box_of->v->root, path);
	struct power_set s = { .dir = self };
	struct host_dirent de;
	struct host_stat st;
	char *inner;
	int fd;

	cr_assert_not_null(d, "%s", path);
	while (host_readdir(d, &de) == 1) {
		(void)snprintf(s.name, sizeof(s.name), "%s", de.name);
		inner = box_text("%s/%s", path, s.name);
		cr_assert_eq(host_stat(box_of->v->root, inner, &st), 0);
		s.obj = add_obj(l, S_ISDIR(st.mode), st.ino, gen_of(&st));
		set_in(&l->obj[self].live, &l->obj[self].n_live, &s);
		if (S_ISDIR(st.mode))
			scan(l, s.obj, inner);
		else {
			fd = openat(box_of->v->root, inner, O_RDONLY);
			load(&l->obj[s.obj], fd);
			(void)close(fd);
		}
		free(inner);
	}
	host_closedir(d);
}

/* -- the recorder */

static int
by_fd(struct power_log *l, int fd)
{
	struct host_stat st;
	int i;

	cr_assert_eq(host_fstat(fd, &st), 0);
	for (i = l->objs; i-- > 0;)
		if (!l->obj[i].dir && l->obj[i].ino == st.ino &&
		    l->obj[i].gen == gen_of(&st))
			return i;
	return -1;
}

/* Stores into mapped pages are seen when something else happens. */
static void
catch_stores(struct power_log *l)
{
	size_t at;

	for (at = 0; ready && at < JOURNAL_MAP; at += POWER_PAGE) {
		if (memcmp(seen + at, heads + at, POWER_PAGE) == 0)
			continue;
		memcpy(seen + at, heads + at, POWER_PAGE);
		add_bytes(add_event(l, POWER_STORE, POWER_JOURNAL), seen + at,
		    POWER_PAGE, at);
	}
}

static void
on_name(struct power_log *l, const struct host_event *ev)
{
	struct power_set s[2];
	struct host_stat st;
	unsigned n = 1;

	memset(s, 0, sizeof(s));
	(void)resolve(l, ev->path, &s[0]);
	switch (ev->op) {
	case HOST_OPEN:
	case HOST_MKDIR:
		if (s[0].obj != -1)
			return;		/* it was there */
		cr_assert_eq(host_stat(box_of->v->root, ev->path, &st), 0);
		s[0].obj = add_obj(l, ev->op == HOST_MKDIR, st.ino,
		    gen_of(&st));
		break;
	case HOST_RMDIR:
		s[0].gone = s[0].obj;
		/* FALLTHROUGH */
	case HOST_UNLINK:
		s[0].obj = -1;
		break;
	default:
		(void)resolve(l, ev->to, &s[1]);
		n = s[1].obj;
		s[1].obj = s[0].obj;
		s[0].obj = ev->op == HOST_EXCHANGE ? (int)n : -1;
		n = 2;
		if (ev->op == HOST_LINK)
			s[0] = s[--n];
	}
	add_names(l, s, n);
}

static void
on_sync(struct power_log *l, const struct host_event *ev)
{
	struct power_set s;
	int obj;

	if (ev->path == NULL && ev->fd == -1) {
		(void)add_event(l, POWER_SYNC_ALL, -1);
		return;
	}
	if (ev->path == NULL)
		obj = by_fd(l, ev->fd);
	else if (strcmp(ev->path, state_dir) == 0)
		obj = POWER_STATE;
	else
		obj = resolve(l, ev->path, &s);
	/* Before it is known, the journal is the only file that is synced. */
	if (obj == -1 && !ready)
		obj = POWER_JOURNAL;
	if (obj != -1)
		(void)add_event(l, ev->op == HOST_SYNC ? POWER_SYNC :
		    POWER_ORDER, obj);
}

static void
on_event(void *ctx, const struct host_event *ev)
{
	struct power_log *l = ctx;
	int obj;

	catch_stores(l);
	if (ev->op == HOST_SYNC || ev->op == HOST_ORDER)
		on_sync(l, ev);
	else if (ev->op == HOST_WRITE || ev->op == HOST_TRUNCATE) {
		if ((obj = by_fd(l, ev->fd)) == -1)
			obj = POWER_JOURNAL;
		if (ev->op == HOST_WRITE)
			add_bytes(add_event(l, POWER_WRITE, obj), ev->data,
			    ev->len, ev->off);
		else
			add_event(l, POWER_CUT, obj)->off = ev->off;
	} else
		on_name(l, ev);
}

/* -- the whole */

static void
map_journal(struct power_log *l, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct host_stat st;

	cr_assert(fd != -1 && host_fstat(fd, &st) == 0);
	l->obj[POWER_JOURNAL].ino = st.ino;
	l->obj[POWER_JOURNAL].gen = gen_of(&st);
	heads = mmap(NULL, JOURNAL_MAP, PROT_READ, MAP_SHARED, fd, 0);
	cr_assert_neq((void *)(uintptr_t)heads, MAP_FAILED);
	memcpy(seen, heads, JOURNAL_MAP);
	(void)close(fd);
	ready = true;
}

/*
 * The state directory was empty: the journal's name and its heads, zeros, are
 * the first that happens, before whatever was recorded of its opening.
 */
void
power_record(struct power_log *l, struct box *b, const char *state)
{
	static const uint8_t zeros[JOURNAL_MAP];
	struct power_set s = { .dir = POWER_STATE, .obj = POWER_JOURNAL,
	    .gone = -1 };
	struct power_obj *o;
	unsigned mended;
	char *path;

	memset(l, 0, sizeof(*l));
	log_of = l;
	box_of = b;
	ready = false;
	(void)snprintf(state_dir, sizeof(state_dir), "%s", state);
	(void)add_obj(l, true, 0, 0);
	(void)add_obj(l, true, 0, 0);
	(void)add_obj(l, false, 0, 0);
	scan(l, POWER_ROOT, ".");
	for (o = l->obj; o < l->obj + l->objs; o++) {
		o->n_first = o->n_live;
		o->first = malloc((o->n_live + 1) * sizeof(*o->first));
		if (o->n_live > 0)
			memcpy(o->first, o->live, o->n_live *
			    sizeof(*o->live));
	}
	(void)snprintf(s.name, sizeof(s.name), "journal-%08lx-0",
	    (unsigned long)vault_id(b->v));
	add_names(l, &s, 1);
	add_bytes(add_event(l, POWER_WRITE, POWER_JOURNAL), zeros,
	    sizeof(zeros), 0);
	host_set_recorder(on_event, l);
	cr_assert_eq(vault_journal(b->v, state, &mended, &b->e), 0, "%s",
	    b->e.text);
	path = box_text("%s/%s", state, s.name);
	map_journal(l, path);
	free(path);
	/* What a server before may have left; from here on it is its own. */
	cr_assert_eq(vault_sync_names(b->v, &b->e), 0, "%s", b->e.text);
}

void
power_record_end(struct power_log *l)
{
	catch_stores(l);
	host_set_recorder(NULL, NULL);
	(void)munmap((void *)(uintptr_t)heads, JOURNAL_MAP);
	ready = false;
	log_of = NULL;
}

void
power_log_free(struct power_log *l)
{
	unsigned i;
	int k;

	for (i = 0; i < l->n; i++)
		free(l->ev[i].data);
	for (k = 0; k < l->objs; k++) {
		free(l->obj[k].base);
		free(l->obj[k].live);
		free(l->obj[k].first);
	}
	free(l->ev);
	free(l->obj);
	memset(l, 0, sizeof(*l));
}
