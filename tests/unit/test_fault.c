/*
 * Namespace changes of which one system call fails, each in its turn; and
 * those that end there, as if the power had failed.
 *
 * After one failure: the error is told, nothing is open that was not, the
 * tree is as before or as it should have become, nothing is left that is in
 * anybody's way, and the same change goes through when it is tried again.
 * After the power failed: each object is there under its old or its new name
 * with what was in it; what was being replaced may be gone.
 */
#include "config.h"

#include <errno.h>

#include "tests/unit/box.h"
#include "vault/keys.h"
#include "vault/masterkey.h"
#include "vault/token.h"
#include "vault/vault_int.h"

static struct box b;
static uint8_t raw[KEYS_RAW_LEN];

static void
setup(void)
{
	struct masterkey mk;
	bool mac_ok;
	size_t len;
	char *text;

	box_make(&b, NULL, 0);
	text = kat_read(box_disk(&b, MASTERKEY_FILE), &len);
	cr_assert_eq(masterkey_parse(&mk, text, len, &b.e), 0);
	cr_assert_eq(masterkey_unlock(&mk, b.pass, strlen(b.pass), raw,
	    &mac_ok, &b.e), 0);
	free(text);
}

static void
teardown(void)
{
	box_end(&b);
}

TestSuite(fault, .init = setup, .fini = teardown);

/* -- what is tried */

enum verb { CREATE, MKDIR, SYMLINK, LINK, UNLINK, RMDIR, RENAME };
enum kind { NONE, A_FILE, A_LINK, A_DIR };

#define S	"short"
#define S2	"another"
#define L	"l" BOX_LONG
#define L2	"m" BOX_LONG

struct op {
	enum verb	 verb;
	enum kind	 kind;		/* what name is before */
	const char	*name;
	enum kind	 over;		/* what to is before */
	const char	*to;
	bool		 across;	/* to is in the directory "sub" */
};

static const struct op ops[] = {
	{ CREATE, NONE, S, NONE, NULL, false },
	{ CREATE, NONE, L, NONE, NULL, false },
	{ MKDIR, NONE, S, NONE, NULL, false },
	{ MKDIR, NONE, L, NONE, NULL, false },
	{ SYMLINK, NONE, S, NONE, NULL, false },
	{ SYMLINK, NONE, L, NONE, NULL, false },
	{ LINK, A_FILE, S, NONE, L, false },
	{ LINK, A_LINK, L, NONE, S, false },
	{ UNLINK, A_FILE, S, NONE, NULL, false },
	{ UNLINK, A_FILE, L, NONE, NULL, false },
	{ UNLINK, A_LINK, S, NONE, NULL, false },
	{ UNLINK, A_LINK, L, NONE, NULL, false },
	{ RMDIR, A_DIR, S, NONE, NULL, false },
	{ RMDIR, A_DIR, L, NONE, NULL, false },
	{ RENAME, A_FILE, S, NONE, S2, false },
	{ RENAME, A_FILE, S, NONE, L, true },
	{ RENAME, A_FILE, L, NONE, S, true },
	{ RENAME, A_FILE, L, NONE, L2, false },
	{ RENAME, A_LINK, S, NONE, L, false },
	{ RENAME, A_LINK, L, NONE, S, false },
	{ RENAME, A_LINK, L, NONE, L2, true },
	{ RENAME, A_DIR, S, NONE, S2, true },
	{ RENAME, A_DIR, S, NONE, L, false },
	{ RENAME, A_DIR, L, NONE, S, false },
	{ RENAME, A_DIR, L, NONE, L2, true },
	{ RENAME, A_FILE, S, A_FILE, S2, false },
	{ RENAME, A_FILE, S, A_FILE, L, false },
	{ RENAME, A_FILE, L, A_FILE, S, true },
	{ RENAME, A_FILE, L, A_FILE, L2, false },
	{ RENAME, A_FILE, S, A_LINK, S2, false },
	{ RENAME, A_FILE, L, A_LINK, L2, false },
	{ RENAME, A_LINK, S, A_FILE, S2, false },
	{ RENAME, A_LINK, L, A_FILE, L2, true },
	{ RENAME, A_DIR, S, A_DIR, S2, false },
	{ RENAME, A_DIR, L, A_DIR, L2, true },
};
#define N_OPS	(sizeof(ops) / sizeof(ops[0]))

static const char *
op_name(const struct op *o)
{
	static const char *const verbs[] = {
		"create", "mkdir", "symlink", "link", "unlink", "rmdir",
		"rename",
	};
	static const char *const of[] = { "-", "file", "link", "dir" };
	static char out[100];

	(void)snprintf(out, sizeof(out), "%s %s %.1s, over %s %.1s%s",
	    verbs[o->verb], of[o->kind], o->name, of[o->over],
	    o->to == NULL ? "-" : o->to, o->across ? ", across" : "");
	return out;
}

static void
make(struct dir *d, const char *name, enum kind k, bool empty)
{
	struct dir *sub;

	if (k == A_FILE)
		box_file(&b, d, name, empty ? "victim" : "contents");
	else if (k == A_LINK)
		box_symlink(&b, d, name, empty ? "victim" : "target");
	else if (k == A_DIR) {
		sub = box_mkdir(&b, d, name);
		if (!empty)
			box_file(&b, sub, "in", "side");
		dir_put(sub);
	}
}

struct scene {
	struct dir	*top, *sub;
	char		 id[40];
};

static void
scene_set(struct scene *s, const struct op *o)
{
	static unsigned n;
	char name[20];
	size_t len;

	arena_reset(b.a);
	(void)snprintf(name, sizeof(name), "%u", n++);
	s->top = box_mkdir(&b, b.root, name);
	(void)snprintf(s->id, sizeof(s->id), "%s", dir_id(s->top, &len));
	s->sub = o->across ? box_mkdir(&b, s->top, "sub") : dir_ref(s->top);
	box_file(&b, s->top, "bystander", "untouched");
	make(s->top, o->name, o->kind, o->verb == RMDIR);
	if (o->to != NULL)
		make(s->sub, o->to, o->over, true);
}

static void
scene_end(struct scene *s)
{
	dir_put(s->sub);
	dir_put(s->top);
}

static enum verr_code
run(struct scene *s, const struct op *o)
{
	size_t len = strlen(o->name);
	struct entry ent;

	switch (o->verb) {
	case CREATE:
		return BOX_CODE(&b, dir_create(s->top, b.a, o->name, len,
		    NULL, NULL, NULL, &b.e));
	case MKDIR:
		return BOX_CODE(&b, dir_mkdir(s->top, b.a, o->name, len, NULL,
		    NULL, NULL, &b.e));
	case SYMLINK:
		return BOX_CODE(&b, dir_symlink(s->top, b.a, o->name, len,
		    "to", 2, NULL, NULL, NULL, &b.e));
	case LINK:
		if (dir_lookup(s->top, b.a, o->name, len, &ent, &b.e) == -1)
			return b.e.code;
		return BOX_CODE(&b, dir_link(s->sub, b.a, o->to,
		    strlen(o->to), &ent.loc, ent.attr.fileid, NULL, NULL,
		    &b.e));
	case UNLINK:
		return box_unlink(&b, s->top, o->name);
	case RMDIR:
		return box_rmdir(&b, s->top, o->name);
	default:
		return box_rename(&b, s->top, o->name, s->sub, o->to);
	}
}

/* -- what is seen afterwards, also by one who knows nothing yet */

/* The vault once more, without the work of a password. */
static void
open_again(struct box *other)
{
	*other = b;
	other->v = vault_assemble(host_root(b.path), keys_new(raw, NULL),
	    vault_cipher(b.v), 8, TOKEN_THRESHOLD, NULL, &other->e);
	cr_assert_not_null(other->v);
	other->v->root_dir = dir_by_id(other->v, "", 0, &other->e);
	cr_assert_not_null(other->v->root_dir);
}

static char *
fresh_tree(const struct scene *s, uint64_t *hidden)
{
	struct box other;
	struct dir *d;
	char *tree;

	open_again(&other);
	d = dir_by_id(other.v, s->id, strlen(s->id), &other.e);
	cr_assert_not_null(d);
	tree = box_tree(&other, d);
	dir_put(d);
	*hidden = vault_hidden(other.v);
	vault_close(other.v);
	return tree;
}

/* All lines but the one of the object that was to be replaced. */
static char *
without(const char *tree, const struct op *o)
{
	char *start = box_text("/%s%s ", o->across ? "sub/" : "", o->to);
	char *out = strdup(tree), *at = strstr(out, start), *end;

	cr_assert_not_null(at);
	end = strchr(at, '\n') + 1;
	memmove(at, end, strlen(end) + 1);
	free(start);
	return out;
}

struct trees {
	char	*before, *after, *between;	/* between: or NULL */
};

static void
learn(const struct op *o, struct trees *t)
{
	struct scene s;

	scene_set(&s, o);
	t->before = box_tree(&b, s.top);
	cr_assert_eq(run(&s, o), VERR_NONE, "%s: %s", op_name(o), b.e.text);
	t->after = box_tree(&b, s.top);
	t->between = o->over == NONE ? NULL : without(t->before, o);
	cr_assert_str_neq(t->before, t->after);
	scene_end(&s);
}

static void
forget(struct trees *t)
{
	free(t->before);
	free(t->after);
	free(t->between);
}

/* -- one failure */

/* What is left is none of anybody's business: all can be taken away. */
static bool
take_away(void *ctx, const struct entry *ent)
{
	struct dir *d = ctx;
	char name[300];

	(void)snprintf(name, sizeof(name), "%.*s", (int)ent->name_len,
	    ent->name);
	if (ent->dir == NULL)
		cr_expect_eq(box_unlink(&b, d, name), VERR_NONE);
	else {
		cr_assert_eq(dir_list(ent->dir, b.a, 0, true, take_away,
		    ent->dir, &b.e), 0);
		cr_expect_eq(box_rmdir(&b, d, name), VERR_NONE, "%s: %s", name,
		    b.e.text);
	}
	return true;
}

/* False: the change made fewer than k calls. */
static bool
fail_one(const struct op *o, const struct trees *t, unsigned k, int err)
{
	struct box_fault f = { .at = k, .err = err };
	enum verr_code c;
	struct scene s;
	uint64_t hidden;
	char *now, *fresh;
	int fds;

	scene_set(&s, o);
	fds = box_fds();
	host_set_hook(box_hook, &f);
	c = run(&s, o);
	host_set_hook(NULL, NULL);
	cr_expect_leq(box_fds(), fds, "%s, call %u: left open", op_name(o), k);
	if (c != VERR_NONE)
		cr_expect_eq(c, verr_of_errno(err), "%s, call %u: code %d: %s",
		    op_name(o), k, c, b.e.text);
	now = box_tree(&b, s.top);
	fresh = fresh_tree(&s, &hidden);
	cr_expect_str_eq(now, fresh);
	cr_expect_eq(hidden, 0, "%s, call %u: a leftover", op_name(o), k);
	if (c == VERR_NONE)
		cr_expect_str_eq(now, t->after, "%s, call %u: is\n%s",
		    op_name(o), k, now);
	else if (strcmp(now, t->before) == 0) {
		cr_expect_eq(run(&s, o), VERR_NONE, "%s again, call %u: %s",
		    op_name(o), k, b.e.text);
		free(now);
		now = box_tree(&b, s.top);
		cr_expect_str_eq(now, t->after);
	} else
		cr_expect_str_eq(now, t->after, "%s, call %u: is\n%s",
		    op_name(o), k, now);
	cr_assert_eq(dir_list(s.top, b.a, 0, true, take_away, s.top, &b.e), 0);
	fresh = (free(fresh), fresh_tree(&s, &hidden));
	cr_expect_str_eq(fresh, "");
	free(now);
	free(fresh);
	scene_end(&s);
	return f.calls >= k;
}

static void
fail_each(int err)
{
	struct trees t;
	unsigned k;

	for (size_t i = 0; i < N_OPS; i++) {
		learn(&ops[i], &t);
		for (k = 1; fail_one(&ops[i], &t, k, err); k++)
			cr_assert_lt(k, 200);
		cr_expect_gt(k, 5, "%s", op_name(&ops[i]));
		forget(&t);
	}
}

Test(fault, a_change_that_fails_for_lack_of_space_does_no_harm)
{
	fail_each(ENOSPC);
}

Test(fault, a_change_that_fails_by_an_io_error_does_no_harm)
{
	fail_each(EIO);
}

Test(fault, a_change_that_fails_for_lack_of_descriptors_does_no_harm)
{
	fail_each(EMFILE);
}

/* -- the end of the world */

static bool
crash_at(const struct op *o, const struct trees *t, unsigned k)
{
	struct box_fault f = { .at = k, .all = true, .err = EIO };
	struct scene s;
	uint64_t hidden;
	struct box live = b;
	char *fresh;

	scene_set(&s, o);
	host_set_hook(box_hook, &f);
	(void)run(&s, o);
	host_set_hook(NULL, NULL);
	fresh = fresh_tree(&s, &hidden);
	cr_expect(strcmp(fresh, t->before) == 0 ||
	    strcmp(fresh, t->after) == 0 ||
	    (t->between != NULL && strcmp(fresh, t->between) == 0),
	    "%s, power cut at call %u: is\n%s", op_name(o), k, fresh);
	if (strcmp(fresh, t->before) == 0) {
		/* whoever comes after it can do the same */
		open_again(&b);
		s.top = (dir_put(s.top), dir_by_id(b.v, s.id, 36, &b.e));
		dir_put(s.sub);
		s.sub = dir_ref(s.top);
		if (o->across) {
			struct entry ent;

			dir_put(s.sub);
			cr_assert_eq(dir_lookup(s.top, b.a, "sub", 3, &ent,
			    &b.e), 0);
			s.sub = ent.dir;
		}
		cr_expect_eq(run(&s, o), VERR_NONE, "%s again, after a power "
		    "cut at call %u: %s", op_name(o), k, b.e.text);
		scene_end(&s);
		vault_close(b.v);
		b = live;
	} else
		scene_end(&s);
	free(fresh);
	return f.calls >= k;
}

Test(fault, a_change_that_ends_in_the_middle_loses_nothing)
{
	struct trees t;
	unsigned k;

	for (size_t i = 0; i < N_OPS; i++) {
		learn(&ops[i], &t);
		for (k = 1; crash_at(&ops[i], &t, k); k++)
			cr_assert_lt(k, 200);
		forget(&t);
	}
}

/* -- contents */

Test(fault, a_write_or_cut_that_fails_leaves_a_file_that_can_be_read)
{
	static const uint64_t offs[] = { 3, 32768, 70000, 200000 };
	static const int errs[] = { ENOSPC, EIO };
	static uint8_t data[100000];
	struct box_fault f = { .at = 0 };
	struct file_change ch;
	enum verr_code c;
	struct entry ent;
	struct file *x;
	uint8_t *now;
	bool more;
	char name[40];
	size_t len;

	for (unsigned i = 0; i < 4 * 2 * 2; i++)
		for (f.at = 1, more = true; more; f.at++) {
			uint64_t off = offs[i & 3];

			arena_reset(b.a);
			(void)snprintf(name, sizeof(name), "/%u-%u", i, f.at);
			box_write(&b, b.root, name + 1, data, sizeof(data));
			cr_assert_eq(box_find(&b, name, &ent), VERR_NONE);
			x = file_open(b.v, &ent.loc, ent.attr.fileid, true,
			    &b.e);
			cr_assert_not_null(x);
			f.calls = 0;
			f.err = errs[i >> 2 & 1];
			host_set_hook(box_hook, &f);
			if (i & 8)
				c = BOX_CODE(&b, file_truncate(x, off, &ch,
				    &b.e));
			else
				c = BOX_CODE(&b, file_write(x, off, data,
				    40000, &ch, &b.e));
			host_set_hook(NULL, NULL);
			more = f.calls >= f.at;
			if (more)
				cr_expect_eq(c, verr_of_errno(f.err),
				    "%u, call %u: %s", i, f.at, b.e.text);
			cr_assert_eq(box_find(&b, name, &ent), VERR_NONE);
			now = box_read(&b, &ent, &len);
			cr_expect_not_null(now, "%u, call %u: %s", i, f.at,
			    b.e.text);
			free(now);
			/* and once more it goes well */
			cr_expect_eq(file_truncate(x, off, NULL, &b.e), 0,
			    "%s", b.e.text);
			file_put(x);
			cr_expect_eq(box_unlink(&b, b.root, name + 1),
			    VERR_NONE);
		}
	cr_expect_eq(bufpool_in_use(), 0);
}
