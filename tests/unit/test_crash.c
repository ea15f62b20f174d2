/*
 * Changes of names that end at each of their system calls, as if the power had
 * failed: that call and all after it are never made.
 *
 * Afterwards each object is there under its old or its new name with what was
 * in it, and a name that something had has something.  Where a symlink
 * replaced a file (or a file a symlink), the object may have both names; only
 * on storage that can neither exchange nor link may the name be absent, and
 * what it meant is in LOST+FOUND after a repair.  A check knows all that is
 * left; none of it is in anybody's way, before a repair or after.
 */
#include "config.h"

#include <errno.h>

#include "tests/unit/fault_box.h"

static void
teardown(void)
{
	box_end(&b);
}

TestSuite(crash, .init = fault_setup, .fini = teardown);

static bool
is_allowed(const struct trees *t, enum way way, const char *tree)
{
	return strcmp(tree, t->before) == 0 || strcmp(tree, t->after) == 0 ||
	    (t->both != NULL && way == ORDINARY &&
	    strcmp(tree, t->both) == 0) ||
	    (t->neither != NULL && way != ORDINARY &&
	    strcmp(tree, t->neither) == 0);
}

/* All findings are such as DESIGN.md names for a crash, and can be mended. */
static void
expect_known(const char *what, unsigned k)
{
	static const enum check_kind known[] = {
		CHECK_LEFTOVER, CHECK_UNKNOWN_TYPE, CHECK_ORPHAN_CONTENT_DIR,
		CHECK_MISSING_DIRID_BACKUP, CHECK_ZERO_BYTES,
	};
	static const size_t n_known = sizeof(known) / sizeof(known[0]);
	char *text = look_text();

	for (size_t i = 0; i < look.n; i++) {
		struct found *f = &look.f[i];
		bool is = false;

		for (size_t j = 0; j < n_known; j++)
			is |= f->kind == known[j];
		cr_expect(is && f->repairable, "%s, cut at call %u:\n%s", what,
		    k, text);
	}
	free(text);
}

/* LOST+FOUND apart, and what is in it. */
static char *
repaired_tree(struct scene *s, char **lost)
{
	struct entry ent;

	*lost = strdup("");
	if (dir_lookup(b.root, b.a, "LOST+FOUND", 10, &ent, &b.e) == 0) {
		free(*lost);
		*lost = box_tree(&b, ent.dir);
		dir_put(ent.dir);
	}
	return box_tree(&b, s->top);
}

static void
repair(struct scene *s, const struct op *o, const struct trees *t,
    const char *what, unsigned k)
{
	char *was = box_tree(&b, s->top), *is, *lost;

	look_at(&b, true, true);
	look_at(&b, true, false);
	look_expect_nothing(what);
	scene_reopen(s, o);
	is = repaired_tree(s, &lost);
	cr_expect_str_eq(is, was, "%s, cut at call %u: repair made\n%sof\n%s",
	    what, k, is, was);
	if (t->neither != NULL && strcmp(was, t->neither) == 0)
		cr_expect_not_null(strchr(lost, '\n'), "%s, cut at call %u: "
		    "the victim is lost", what, k);
	free(was);
	free(is);
	free(lost);
}

/* Whoever comes after it can do the same. */
static void
try_again(struct scene *s, const struct op *o, const struct trees *t,
    const char *what, unsigned k, const char *was)
{
	enum verr_code c, want = o->want;
	const char *then = t->after;
	char *is;

	if (strcmp(was, t->after) == 0 && o->want == VERR_NONE)
		return;
	if (t->both != NULL && strcmp(was, t->both) == 0)
		then = t->both;		/* two names of one object: nothing */
	c = scene_run(s, o);
	cr_expect_eq(c, want, "%s again, cut at call %u: %d: %s", what, k, c,
	    b.e.text);
	is = box_tree(&b, s->top);
	cr_expect_str_eq(is, then, "%s again, cut at call %u: is\n%s", what, k,
	    is);
	free(is);
}

static void
cut_at(const struct op *o, enum way way, const struct trees *t, unsigned k,
    bool mend)
{
	struct cut cut = {
		.f = { .at = k, .all = true, .err = EIO }, .way = way
	};
	const char *what = op_name(o, way);
	struct scene s;
	char *tree;

	scene_set(&s, o);
	(void)scene_run_cut(&s, o, &cut);
	scene_reopen(&s, o);
	tree = box_tree(&b, s.top);
	cr_expect(is_allowed(t, way, tree), "%s, cut at call %u: is\n%s", what,
	    k, tree);
	if (o->over != NONE && (way == ORDINARY || !op_is_mixed(o)))
		cr_expect(tree_has(tree, o->to, o->across),
		    "%s, cut at call %u: nothing has the name", what, k);
	look_at(&b, true, false);
	expect_known(what, k);
	if (mend)
		repair(&s, o, t, what, k);
	try_again(&s, o, t, what, k, tree);
	free(tree);
	scene_end(&s);
	look_at(&b, true, true);
}

static unsigned
cut_each(enum verb first, enum verb last, unsigned stride)
{
	unsigned k, step, tried = 0, n = 0;
	struct trees t;

	for (size_t i = 0; i < n_ops; i++) {
		if (ops[i].verb < first || ops[i].verb > last)
			continue;
		for (enum way w = ORDINARY; w < op_ways(&ops[i]); w++, n++) {
			trees_learn(&t, &ops[i], w);
			k = fault_step(i + w, stride, &step);
			for (; k <= t.calls; k += step, tried++) {
				cut_at(&ops[i], w, &t, k, tried & 1);
				if (fault_all())
					cut_at(&ops[i], w, &t, k,
					    !(tried & 1));
			}
			trees_forget(&t);
		}
	}
	fprintf(stderr, "# %u states of %u operations were tried\n", tried, n);
	return tried;
}

Test(crash, what_ends_in_the_middle_of_making_or_removing_loses_nothing)
{
	cr_expect_gt(cut_each(CREATE, RMDIR, 7), 50);
}

Test(crash, what_ends_in_the_middle_of_a_rename_loses_nothing)
{
	cr_expect_gt(cut_each(RENAME, RENAME, 11), 100);
}
