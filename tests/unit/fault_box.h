/*
 * fault_box.h - every change of names, to be made to fail at each of its
 * system calls, or to end there.
 *
 * One struct op for each verb, kind and length of both names, within one
 * directory and across two; those that rename(2) refuses, too.  Three ways:
 * as the storage is; on one that cannot exchange two names; and on one without
 * hard links.
 *
 * With VAULTNFS_LONG set every call is tried; without, every n-th, and each
 * operation begins with another one.
 */
#ifndef TESTS_UNIT_FAULT_BOX_H
#define TESTS_UNIT_FAULT_BOX_H

#include "tests/unit/check_box.h"
#include "vault/masterkey.h"
#include "vault/token.h"

enum verb { CREATE, MKDIR, SYMLINK, LINK, UNLINK, RMDIR, RENAME };
enum kind { NONE, A_FILE, A_LINK, A_DIR, FULL_DIR };
enum way { ORDINARY, NO_EXCHANGE, NO_LINKS, WAYS };

struct op {
	enum verb	 verb;
	enum kind	 kind;		/* what name is before */
	const char	*name;
	enum kind	 over;		/* what to is before */
	const char	*to;
	bool		 across;	/* to is in the directory "sub" */
	enum verr_code	 want;
};

#define FAULT_OPS	200
#define FAULT_S		"short"
#define FAULT_S2	"another"
#define FAULT_L		"l" BOX_LONG
#define FAULT_L2	"m" BOX_LONG

static struct box b;
static uint8_t raw[KEYS_RAW_LEN];
static struct op ops[FAULT_OPS];
static size_t n_ops;

static inline void
fault_add(struct op o)
{
	cr_assert_lt(n_ops, FAULT_OPS);
	ops[n_ops++] = o;
}

/* What rename(2) says. */
static inline enum verr_code
fault_renames(enum kind src, enum kind dst)
{
	bool src_dir = src >= A_DIR, dst_dir = dst >= A_DIR;

	if (dst == NONE || (src_dir == dst_dir && dst != FULL_DIR))
		return VERR_NONE;
	if (src_dir)
		return dst_dir ? VERR_NOTEMPTY : VERR_NOTDIR;
	return VERR_ISDIR;
}

static inline void
fault_add_two(enum verb verb, enum kind kind, enum kind over,
    enum verr_code want)
{
	for (unsigned i = 0; i < 8; i++)
		fault_add((struct op){ verb, kind, i & 1 ? FAULT_L : FAULT_S,
		    over, i & 2 ? FAULT_L2 : FAULT_S2, i & 4, want });
}

static inline void
fault_ops(void)
{
	static const struct op one[] = {
		{ .verb = CREATE }, { .verb = MKDIR }, { .verb = SYMLINK },
		{ .verb = UNLINK, .kind = A_FILE },
		{ .verb = UNLINK, .kind = A_LINK },
		{ .verb = UNLINK, .kind = A_DIR, .want = VERR_ISDIR },
		{ .verb = RMDIR, .kind = A_DIR },
		{ .verb = RMDIR, .kind = FULL_DIR, .want = VERR_NOTEMPTY },
		{ .verb = RMDIR, .kind = A_LINK, .want = VERR_NOTDIR },
	};
	enum kind k, over;
	struct op o;

	n_ops = 0;
	for (size_t i = 0; i < 2 * sizeof(one) / sizeof(one[0]); i++) {
		o = one[i / 2];
		o.name = i & 1 ? FAULT_L : FAULT_S;
		fault_add(o);
	}
	fault_add_two(LINK, A_FILE, NONE, VERR_NONE);
	fault_add_two(LINK, A_LINK, NONE, VERR_NONE);
	fault_add_two(LINK, A_FILE, A_LINK, VERR_EXIST);
	for (k = A_FILE; k <= A_DIR; k++)
		for (over = NONE; over <= FULL_DIR; over++)
			fault_add_two(RENAME, k == A_DIR ? FULL_DIR : k, over,
			    fault_renames(k, over));
}

static inline const char *
op_name(const struct op *o, enum way way)
{
	static const char *const verbs[] = {
		"create", "mkdir", "symlink", "link", "unlink", "rmdir",
		"rename",
	};
	static const char *const of[] = {
		"-", "file", "link", "dir", "full dir",
	};
	static const char *const ways[] = {
		"", ", without exchange", ", without links",
	};
	static char out[120];

	(void)snprintf(out, sizeof(out), "%s %s %.1s, over %s %.1s%s%s",
	    verbs[o->verb], of[o->kind], o->name, of[o->over],
	    o->to == NULL ? "-" : o->to, o->across ? ", across" : "",
	    ways[way]);
	return out;
}

/* A file over a symlink or the reverse: no rename(2) does that in one. */
static inline bool
op_is_mixed(const struct op *o)
{
	return o->verb == RENAME && o->want == VERR_NONE && o->over != NONE &&
	    o->over < A_DIR && o->kind != o->over;
}

/* Ways that differ for this one. */
static inline enum way
op_ways(const struct op *o)
{
	return op_is_mixed(o) ? WAYS : NO_EXCHANGE;
}

/* -- the box, and the scene of one try in it */

static inline void
fault_setup(void)
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
	fault_ops();
}

/* As after a restart, without the work of a password. */
static inline void
fault_reopen(void)
{
	struct vault *v;

	v = vault_assemble(host_root(b.path), keys_new(raw, NULL),
	    vault_cipher(b.v), 8, TOKEN_THRESHOLD, NULL, &b.e);
	cr_assert_not_null(v);
	v->root_dir = dir_by_id(v, "", 0, &b.e);
	cr_assert_not_null(v->root_dir);
	box_close(&b);
	arena_reset(b.a);
	b.v = v;
	b.root = dir_root(v, &b.e);
}

struct scene {
	struct dir	*top, *sub;
	char		 id[40];
};

static inline void
scene_make(struct dir *d, const char *name, enum kind k, const char *text)
{
	struct dir *sub;

	if (k == A_FILE)
		box_file(&b, d, name, text);
	else if (k == A_LINK)
		box_symlink(&b, d, name, text);
	else if (k != NONE) {
		sub = box_mkdir(&b, d, name);
		if (k == FULL_DIR)
			box_file(&b, sub, "in", text);
		dir_put(sub);
	}
}

static inline void
scene_set(struct scene *s, const struct op *o)
{
	size_t len;

	s->top = box_mkdir(&b, b.root, "scene");
	(void)snprintf(s->id, sizeof(s->id), "%s", dir_id(s->top, &len));
	s->sub = o->across ? box_mkdir(&b, s->top, "sub") : dir_ref(s->top);
	box_file(&b, s->top, "bystander", "untouched");
	scene_make(s->top, o->name, o->kind, "contents");
	if (o->to != NULL)
		scene_make(s->sub, o->to, o->over, "victim");
}

/* The same scene by one who knows nothing yet. */
static inline void
scene_reopen(struct scene *s, const struct op *o)
{
	struct entry ent;

	dir_put(s->sub);
	dir_put(s->top);
	fault_reopen();
	cr_assert_eq(dir_lookup(b.root, b.a, "scene", 5, &ent, &b.e), 0);
	s->top = ent.dir;
	s->sub = dir_ref(s->top);
	if (!o->across)
		return;
	dir_put(s->sub);
	cr_assert_eq(dir_lookup(s->top, b.a, "sub", 3, &ent, &b.e), 0);
	s->sub = ent.dir;
}

static inline bool
scene_take_away(void *ctx, const struct entry *ent)
{
	struct dir *d = ctx;
	char name[300];

	(void)snprintf(name, sizeof(name), "%.*s", (int)ent->name_len,
	    ent->name);
	if (ent->dir == NULL)
		cr_expect_eq(box_unlink(&b, d, name), VERR_NONE, "%s",
		    b.e.text);
	else {
		cr_assert_eq(dir_list(ent->dir, b.a, 0, true, scene_take_away,
		    ent->dir, &b.e), 0);
		cr_expect_eq(box_rmdir(&b, d, name), VERR_NONE, "%s: %s", name,
		    b.e.text);
	}
	return true;
}

/* Folders d/XX stay when nothing is in them; a check reads them all. */
static inline void
scene_sweep(void)
{
	char *path = box_text("%s/d", b.path);
	struct dirent *ent;
	DIR *d = opendir(path);

	cr_assert_not_null(d);
	while ((ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.')
			(void)unlinkat(dirfd(d), ent->d_name, AT_REMOVEDIR);
	(void)closedir(d);
	free(path);
}

/* What is left is in nobody's way: all can be taken away. */
static inline void
scene_end(struct scene *s)
{
	char *tree;

	dir_put(s->sub);
	dir_put(s->top);
	cr_assert_eq(dir_list(b.root, b.a, 0, true, scene_take_away, b.root,
	    &b.e), 0);
	tree = box_tree(&b, b.root);
	cr_expect_str_eq(tree, "");
	free(tree);
	scene_sweep();
	arena_reset(b.a);
}

static inline enum verr_code
scene_run(struct scene *s, const struct op *o)
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

/* -- the hook */

struct cut {
	struct box_fault f;
	enum way	 way;
	enum host_op	 failed;	/* the first call that was made to */
};

static inline int
fault_hook(void *ctx, enum host_op op, const char *path)
{
	struct cut *c = ctx;
	int err = box_hook(&c->f, op, path);

	if (err != 0 && c->f.calls == c->f.at)
		c->failed = op;
	if (err == 0 && c->way == NO_EXCHANGE && op == HOST_EXCHANGE)
		err = EINVAL;
	if (err == 0 && c->way == NO_LINKS && op == HOST_LINK)
		err = EPERM;
	return err;
}

static inline enum verr_code
scene_run_cut(struct scene *s, const struct op *o, struct cut *c)
{
	enum verr_code code;

	host_set_hook(fault_hook, c);
	code = scene_run(s, o);
	host_set_hook(NULL, NULL);
	return code;
}

/* -- how the tree looks before and after */

struct trees {
	char	*before, *after;
	char	*both;		/* the object has its old and its new name */
	char	*neither;	/* what is replaced is gone, no more yet */
	unsigned calls;
};

/* The line of a name in it ("sub/NAME" if in_sub), with its newline. */
static inline char *
tree_line(const char *tree, const char *name, bool in_sub, size_t *len)
{
	char *start = box_text("/%s%s ", in_sub ? "sub/" : "", name), *at;

	for (at = strstr(tree, start); at != NULL && at != tree &&
	    at[-1] != '\n'; at = strstr(at + 1, start))
		;
	free(start);
	*len = at == NULL ? 0 : (size_t)(strchr(at, '\n') + 1 - at);
	return at;
}

static inline bool
tree_has(const char *tree, const char *name, bool in_sub)
{
	size_t len;

	return tree_line(tree, name, in_sub, &len) != NULL;
}

static inline char *
tree_without(const char *tree, const char *name, bool in_sub)
{
	char *out = strdup(tree), *at;
	size_t len;

	at = tree_line(out, name, in_sub, &len);
	cr_assert_not_null(at);
	memmove(at, at + len, strlen(at + len) + 1);
	return out;
}

/* The tree and one line of another one, in order. */
static inline char *
tree_with(const char *tree, const char *other, const char *name)
{
	char *all, *line, *save;
	struct box_lines l = { .n = 0 };
	size_t len;
	char *at = tree_line(other, name, false, &len);

	cr_assert_not_null(at);
	all = box_text("%s%.*s", tree, (int)len, at);
	for (line = strtok_r(all, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save))
		box_add(&l, strdup(line));
	free(all);
	return box_join(&l);
}

static inline void
trees_learn(struct trees *t, const struct op *o, enum way way)
{
	struct cut c = { .way = way };
	struct scene s;
	enum verr_code code;

	memset(t, 0, sizeof(*t));
	scene_set(&s, o);
	t->before = box_tree(&b, s.top);
	code = scene_run_cut(&s, o, &c);
	cr_assert_eq(code, o->want, "%s: %d: %s", op_name(o, way), code,
	    b.e.text);
	t->calls = c.f.calls;
	t->after = box_tree(&b, s.top);
	cr_assert_eq(strcmp(t->before, t->after) == 0, o->want != VERR_NONE,
	    "%s", op_name(o, way));
	if (op_is_mixed(o)) {
		t->both = tree_with(t->after, t->before, o->name);
		t->neither = tree_without(t->before, o->to, o->across);
	}
	scene_end(&s);
}

static inline void
trees_forget(struct trees *t)
{
	free(t->before);
	free(t->after);
	free(t->both);
	free(t->neither);
}

/* -- how many are tried */

static inline bool
fault_all(void)
{
	return getenv("VAULTNFS_LONG") != NULL;
}

/* The first call, and how far it is to the next one. */
static inline unsigned
fault_step(size_t i, unsigned stride, unsigned *step)
{
	*step = fault_all() ? 1 : stride;
	return fault_all() ? 1 : 1 + (unsigned)i % stride;
}

#endif /* TESTS_UNIT_FAULT_BOX_H */
