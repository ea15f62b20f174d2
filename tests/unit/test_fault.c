/*
 * Changes of names of which one system call fails, each in its turn.
 *
 * The error is told, nothing is open that was not, the tree is as before or as
 * it should have become, a check finds nothing but leftovers that it knows,
 * nothing is in anybody's way, and the same change goes through when it is
 * tried again.  (What a power cut leaves: test_crash.c.)
 */
#include "config.h"

#include <errno.h>

#include "tests/unit/fault_box.h"
#include "vault/vault_int.h"

static void
teardown(void)
{
	box_end(&b);
}

TestSuite(fault, .init = fault_setup, .fini = teardown);

/* A call that is also made when something is taken away. */
static bool
may_leave(enum host_op op)
{
	return op == HOST_UNLINK || op == HOST_RMDIR || op == HOST_OPENDIR ||
	    op == HOST_READDIR || op == HOST_RENAME;
}

/* Those that the vault keeps on purpose (dir_stat.c). */
static int
folders_open(void)
{
	int n = 0;

	for (size_t i = 0; i < VAULT_DIR_FDS; i++)
		n += b.v->dir_fds[i].fd != -1;
	return n;
}

/* Only what could not be taken away because that very call failed. */
static bool
expect_sound(const char *what, unsigned k, enum host_op failed)
{
	char *text;

	look_at(&b, true, false);
	text = look_text();
	for (size_t i = 0; i < look.n; i++)
		cr_expect(look.f[i].repairable && may_leave(failed) &&
		    (look.f[i].kind == CHECK_LEFTOVER ||
		    look.f[i].kind == CHECK_ORPHAN_CONTENT_DIR),
		    "%s, call %u (%d):\n%s", what, k, failed, text);
	free(text);
	return look.n == 0;
}

static void
fail_one(const struct op *o, enum way way, const struct trees *t, unsigned k,
    int err)
{
	struct cut cut = { .f = { .at = k, .err = err }, .way = way };
	const char *what = op_name(o, way);
	enum verr_code c;
	struct scene s;
	char *now, *fresh;
	bool clean;
	int fds;

	scene_set(&s, o);
	fds = box_fds() - folders_open();
	b.e.text[0] = '\0';
	c = scene_run_cut(&s, o, &cut);
	cr_expect_leq(box_fds() - folders_open(), fds, "%s, call %u: left "
	    "open", what, k);
	if (c != o->want) {
		cr_expect_eq(c, verr_of_errno(err), "%s, call %u: code %d: %s",
		    what, k, c, b.e.text);
		cr_expect_str_not_empty(b.e.text, "%s, call %u", what, k);
	}
	now = box_tree(&b, s.top);
	scene_reopen(&s, o);
	fresh = box_tree(&b, s.top);
	cr_expect_str_eq(now, fresh);
	cr_expect_eq(vault_hidden(b.v), 0, "%s, call %u: hidden", what, k);
	cr_expect_str_eq(now, c != VERR_NONE && strcmp(now, t->before) == 0 ?
	    t->before : t->after, "%s, call %u: is\n%s", what, k, now);
	clean = expect_sound(what, k, cut.failed);
	if (strcmp(now, t->before) == 0) {
		cut.f.at = 0;
		c = scene_run_cut(&s, o, &cut);
		cr_expect_eq(c, o->want, "%s again, call %u: %s", what, k,
		    b.e.text);
		free(now);
		now = box_tree(&b, s.top);
		cr_expect_str_eq(now, t->after, "%s again, call %u: is\n%s",
		    what, k, now);
	}
	free(now);
	free(fresh);
	scene_end(&s);
	if (!clean)
		look_at(&b, true, true);
}

static void
fail_each(int err)
{
	unsigned k, step, tried = 0;
	struct trees t;

	for (size_t i = 0; i < n_ops; i++)
		for (enum way w = ORDINARY; w < op_ways(&ops[i]); w++) {
			trees_learn(&t, &ops[i], w);
			cr_expect_geq(t.calls, 2, "%s", op_name(&ops[i], w));
			k = fault_step(i + w + (unsigned)err, 17, &step);
			for (; k <= t.calls; k += step, tried++)
				fail_one(&ops[i], w, &t, k, err);
			trees_forget(&t);
		}
	fprintf(stderr, "# %s: %u calls of %zu operations failed one by one\n",
	    strerror(err), tried, n_ops);
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

Test(fault, a_change_that_is_not_permitted_does_no_harm)
{
	fail_each(EACCES);
}

Test(fault, a_change_that_meets_a_read_only_storage_does_no_harm)
{
	fail_each(EROFS);
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
