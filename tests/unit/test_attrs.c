#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "nfsd/attrs.h"

static struct attrs *t;
static uint64_t now = 10000000;

static void
setup(void)
{
	cr_assert_not_null(t = attrs_new(16));
}

static void
teardown(void)
{
	attrs_free(t);
}

TestSuite(attrs, .init = setup, .fini = teardown);

static struct nfs3_fh
handle(unsigned n)
{
	struct nfs3_fh fh = { .len = 52 };

	memcpy(fh.data + 20, &n, sizeof(n));
	return fh;
}

static void
learn(unsigned n, uint64_t size)
{
	struct vattr a = { .size = size };
	struct nfs3_fh fh = handle(n);

	attrs_learn(t, &fh, &a, attrs_seq(t), now);
}

/* -1: none. */
static int64_t
size_of(unsigned n)
{
	struct nfs3_fh fh = handle(n);
	struct vattr a;

	if (attrs_find(t, &fh, &a, now) == ATTRS_NONE)
		return -1;
	return (int64_t)a.size;
}

Test(attrs, what_was_seen_is_believed_for_a_while)
{
	learn(1, 100);
	learn(2, 200);
	cr_expect_eq(size_of(1), 100);
	cr_expect_eq(size_of(2), 200);
	cr_expect_eq(size_of(3), -1);
	now += ATTRS_MAX_US - 1;
	cr_expect_eq(size_of(1), 100);
	now += 1;
	cr_expect_eq(size_of(1), -1);
}

Test(attrs, a_shorter_handle_is_another_one)
{
	struct nfs3_fh fh = handle(0);
	struct vattr a;

	learn(0, 1);
	fh.len = 51;
	cr_expect_eq(attrs_find(t, &fh, &a, now), ATTRS_NONE);
}

Test(attrs, what_is_changed_is_forgotten)
{
	struct nfs3_fh fh = handle(1);

	learn(1, 100);
	learn(2, 200);
	attrs_forget(t, &fh);
	cr_expect_eq(size_of(1), -1);
	cr_expect_eq(size_of(2), 200);
	attrs_forget(t, NULL);
	cr_expect_eq(size_of(2), -1);
}

Test(attrs, what_was_seen_before_a_change_is_not_taken_after_it)
{
	struct nfs3_fh fh = handle(1), other = handle(2);
	struct vattr old = { .size = 1 };
	uint64_t seq = attrs_seq(t);

	attrs_forget(t, &other);
	attrs_learn(t, &fh, &old, seq, now);
	cr_expect_eq(size_of(1), -1);
	attrs_learn(t, &fh, &old, attrs_seq(t), now);
	cr_expect_eq(size_of(1), 1);
}

Test(attrs, what_gets_old_is_asked_for_by_one)
{
	struct nfs3_fh fh = handle(1);
	struct vattr a;

	learn(1, 100);
	cr_expect_eq(attrs_find(t, &fh, &a, now), ATTRS_GOOD);
	now += ATTRS_OLD_US + 1;
	cr_expect_eq(attrs_find(t, &fh, &a, now), ATTRS_OLD);
	cr_expect_eq(attrs_find(t, &fh, &a, now), ATTRS_GOOD,
	    "somebody sees to it");
	learn(1, 101);
	attrs_asked(t);
	cr_expect_eq(attrs_find(t, &fh, &a, now), ATTRS_GOOD);
	now += ATTRS_OLD_US + 1;
	cr_expect_eq(attrs_find(t, &fh, &a, now), ATTRS_OLD);
}

Test(attrs, not_too_many_are_asked_for_at_a_time)
{
	unsigned i, old = 0;
	struct nfs3_fh fh;
	struct vattr a;

	for (i = 0; i < 12; i++)
		learn(i, i);
	now += ATTRS_OLD_US + 1;
	for (i = 0; i < 12; i++) {
		fh = handle(i);
		old += attrs_find(t, &fh, &a, now) == ATTRS_OLD;
	}
	cr_expect_eq(old, ATTRS_ASKED);
	attrs_asked(t);
	cr_expect_eq(attrs_find(t, &fh, &a, now), ATTRS_OLD);
}

Test(attrs, it_keeps_so_many_and_no_more)
{
	unsigned i, n = 0;

	for (i = 0; i < 100; i++)
		learn(i, i);
	for (i = 0; i < 100; i++)
		n += size_of(i) >= 0;
	cr_expect_eq(n, 16);
	cr_expect_eq(size_of(99), 99, "the last ones");
}
