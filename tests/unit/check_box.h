/*
 * check_box.h - for the tests of checks: break a box, look, mend, look again.
 *
 * Everything in a test is new, so checks run as if the vault were offline
 * unless said otherwise.
 */
#ifndef TESTS_UNIT_CHECK_BOX_H
#define TESTS_UNIT_CHECK_BOX_H

#include "tests/unit/box.h"
#include "vault/check.h"
#include "vault/cipher.h"
#include "vault/keys.h"
#include "vault/name.h"
#include "vault/vault_int.h"

#define FOUND_MAX	512

struct found {
	enum check_kind		kind;
	enum check_severity	severity;
	bool			repairable, repaired;
	char			path[700], clear[1200], text[1200];
};

struct look {
	struct box		*b;
	struct check_options	 o;
	struct check_summary	 sum;
	size_t			 n;
	struct found		 f[FOUND_MAX];
};

static struct look look;	/* of the last look_at() */

static inline void
look_note(void *ctx, const struct check_finding *f)
{
	struct look *l = ctx;
	struct found *o = &l->f[l->n];

	cr_assert_lt(l->n, FOUND_MAX);
	cr_expect_str_eq(f->name, check_kind_name(f->kind));
	cr_expect_gt(strlen(f->text), 20);
	cr_expect_null(strchr(f->text, '\n'));
	o->kind = f->kind;
	o->severity = f->severity;
	o->repairable = f->repairable;
	o->repaired = f->repaired;
	(void)snprintf(o->path, sizeof(o->path), "%s", f->path);
	(void)snprintf(o->clear, sizeof(o->clear), "%.*s", f->clear == NULL ?
	    0 : (int)f->clear_len, f->clear == NULL ? "" : f->clear);
	(void)snprintf(o->text, sizeof(o->text), "%s", f->text);
	l->n++;
}

static inline int
look_run(struct box *b, struct check_options o)
{
	memset(&look, 0, sizeof(look));
	look.b = b;
	look.o = o;
	b->e.code = VERR_NONE;
	return vault_check(b->v, &o, look_note, &look, &look.sum, &b->e);
}

static inline void
look_at(struct box *b, bool contents, bool repair)
{
	struct check_options o = { .contents = contents, .repair = repair,
	    .offline = true };

	cr_assert_eq(look_run(b, o), 0, "%s", b->e.text);
}

/* All findings as one text, for messages; from malloc. */
static inline char *
look_text(void)
{
	struct box_lines l = { .n = 0 };
	struct found *f;

	for (f = look.f; f < look.f + look.n; f++)
		box_add(&l, box_text("%s %s%s%s clear '%.60s' at %s: %s",
		    check_severity_name(f->severity),
		    check_kind_name(f->kind), f->repairable ? " repairable" :
		    "", f->repaired ? " repaired" : "", f->clear, f->path,
		    f->text));
	return box_join(&l);
}

static inline void
look_expect_nothing(const char *when)
{
	char *text = look_text();

	cr_expect_eq(look.n, 0, "%s:\n%s", when, text);
	free(text);
}

/* Exactly this one thing was found. */
static inline void
look_expect(enum check_kind kind, enum check_severity severity,
    bool repairable, const char *clear)
{
	char *text = look_text();

	cr_expect_eq(look.n, 1, "%zu findings:\n%s", look.n, text);
	if (look.n == 1) {
		cr_expect_eq(look.f[0].kind, kind, "not %s:\n%s",
		    check_kind_name(kind), text);
		cr_expect_eq(look.f[0].severity, severity, "%s", text);
		cr_expect_eq(look.f[0].repairable, repairable, "%s", text);
		cr_expect_str_eq(look.f[0].clear, clear, "%s", text);
		cr_expect_not(look.f[0].repaired);
		cr_expect_eq(look.sum.found[severity], 1);
		cr_expect_eq(look.sum.repairable, repairable);
		cr_expect_eq(look.sum.repaired, 0);
	}
	free(text);
}

/* A repair mends exactly this, and nothing is left to be found. */
static inline void
look_mend(struct box *b, enum check_kind kind)
{
	char *text;

	look_at(b, true, true);
	text = look_text();
	cr_expect_eq(look.n, 1, "%zu findings:\n%s", look.n, text);
	cr_expect_eq(look.f[0].kind, kind, "%s", text);
	cr_expect(look.f[0].repairable && look.f[0].repaired, "%s", text);
	cr_expect_eq(look.sum.repaired, 1);
	cr_expect_eq(look.sum.found[CHECK_INFO] + look.sum.found[CHECK_WARN] +
	    look.sum.found[CHECK_CRITICAL], 0, "%s", text);
	free(text);
	look_at(b, true, false);
	look_expect_nothing("after the repair");
	box_reopen(b);
}

/* -- breaking things; paths are relative to the vault */

static inline void
cut_leaf(char *path)
{
	char *s = strrchr(path, '/');

	cr_assert_not_null(s);
	*s = '\0';
}

/* On disk, relative: the object, or with up the entry it lies in. */
static inline char *
rel_of(struct box *b, const char *clear, int up)
{
	char *s = strdup(box_disk_of(b, clear) + strlen(b->path) + 1);

	cr_assert_not_null(s);
	for (; up > 0; up--)
		cut_leaf(s);
	return s;
}

/* The entry of a directory in its parent's folder: of its link. */
static inline char *
rel_link(struct box *b, const char *clear)
{
	char link[VLOC_MAX];
	struct dir *d = box_dir(b, clear);

	cr_assert(dir_link_of(d, link));
	dir_put(d);
	return strdup(link);
}

static inline void
put_bytes(struct box *b, const char *rel, const void *data, size_t len)
{
	FILE *f = fopen(box_disk(b, rel), "wb");

	cr_assert_not_null(f, "%s: %s", rel, strerror(errno));
	cr_assert_eq(fwrite(data, 1, len, f), len);
	cr_assert_eq(fclose(f), 0);
}

static inline char *
get_bytes(struct box *b, const char *rel, size_t *len)
{
	return kat_read(box_disk(b, rel), len);
}

static inline void
move_to(struct box *b, const char *from, const char *to)
{
	cr_assert_eq(rename(box_disk(b, from), box_disk(b, to)), 0,
	    "%s to %s: %s", from, to, strerror(errno));
}

static inline void
remove_it(struct box *b, const char *rel)
{
	cr_assert_eq(remove(box_disk(b, rel)), 0, "%s: %s", rel,
	    strerror(errno));
}

static inline void
make_folder(struct box *b, const char *rel)
{
	cr_assert_eq(mkdir(box_disk(b, rel), 0755), 0, "%s: %s", rel,
	    strerror(errno));
}

static inline bool
is_there(struct box *b, const char *rel)
{
	return access(box_disk(b, rel), F_OK) == 0;
}

/* folder/leaf from malloc. */
static inline char *
in(const char *folder, const char *leaf)
{
	return box_text("%s/%s", folder, leaf);
}

/* The name on disk, long form, of any bytes in the root or a directory. */
static inline void
name_any(struct box *b, struct dir *d, const void *clear, size_t len,
    char out[NAME_DISK_MAX])
{
	struct kctx *k = keys_take(b->v->keys);
	const char *id;
	size_t id_len;

	id = dir_id(d, &id_len);
	cr_assert_not_null(k);
	cr_assert_gt(name_encrypt(k, id, id_len, clear, len, out), 0);
	keys_drop(b->v->keys, k);
}

/* -- the vault that most tests break */

#define LONG_FILE	BOX_LONG
#define LONG_DIR	BOX_LONG "-dir"
#define LONG_LINK	BOX_LONG "-link"

static inline void
look_make(struct box *b, const char *cipher)
{
	struct dir *d, *l;
	char *big;

	box_make(b, cipher, 220);
	box_file(b, b->root, "file", "hello");
	box_file(b, b->root, LONG_FILE, "long");
	box_symlink(b, b->root, "link", "sub/inner");
	box_symlink(b, b->root, LONG_LINK, "file");
	d = box_mkdir(b, b->root, "sub");
	box_file(b, d, "inner", "inside");
	l = box_mkdir(b, d, "deep");
	box_file(b, l, "leaf", "leaf");
	dir_put(l);
	dir_put(d);
	dir_put(box_mkdir(b, b->root, "empty"));
	d = box_mkdir(b, b->root, LONG_DIR);
	box_file(b, d, "in-long", "x");
	dir_put(d);
	big = malloc(3 * CIPHER_CHUNK);
	cr_assert_not_null(big);
	memset(big, 'b', 3 * CIPHER_CHUNK);
	box_write(b, b->root, "big", big, 2 * CIPHER_CHUNK + 1000);
	box_write(b, b->root, "whole", big, 2 * CIPHER_CHUNK);
	free(big);
}

#endif /* TESTS_UNIT_CHECK_BOX_H */
