/*
 * vault/dir_names.h against an array that is searched from end to end.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/box.h"
#include "vault/dir_build.h"
#include "vault/dir_names.h"
#include "vault/vault_int.h"

#define POOL	3000

static struct box b;
static struct names *n;
static bool there[POOL];
static size_t count;

static void
setup(void)
{
	struct build none;
	struct listing *l;

	box_make(&b, NULL, 0);
	build_init(&none);
	l = build_listing(&none, b.v, false);
	build_fini(&none);
	cr_assert_not_null(l);
	cr_assert_not_null(n = names_new(b.v, l));
	count = 0;
}

static void
teardown(void)
{
	names_put(b.v, n);
	cr_expect_eq(atomic_load(&b.v->list_bytes), 0, "bytes are left over");
	box_end(&b);
}

TestSuite(names, .init = setup, .fini = teardown);

static const char *
entry(unsigned i)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "entry-%07u.c9r", i);
	return name;
}

static uint32_t
cookie(unsigned i)
{
	char name[32];
	int len = snprintf(name, sizeof(name), "entry-%07u.c9r", i);

	return build_cookie(name, (size_t)len);
}

static bool
add(unsigned i)
{
	char clear[16];
	int len = snprintf(clear, sizeof(clear), "clear %u", i);

	return names_add(b.v, n, entry(i), strlen(entry(i)), clear,
	    (size_t)len);
}

/* Pages of all that is over after; every entry is as it was added. */
static size_t
walk(uint32_t after, size_t max, size_t cap)
{
	static struct listed page[64];
	static char text[8192];
	size_t got, i, all = 0;
	unsigned k;

	while ((got = names_copy(n, after, page, max, text, cap)) > 0) {
		for (i = 0; i < got; i++) {
			cr_assert_gt(page[i].cookie, after);
			after = page[i].cookie;
			cr_assert_eq(sscanf(page[i].name, "clear %u", &k), 1);
			cr_assert(k < POOL && there[k]);
			cr_assert_str_eq(page[i].entry, entry(k));
			cr_assert_eq(page[i].entry_len, strlen(entry(k)));
			cr_assert_eq(page[i].name_len, strlen(page[i].name));
		}
		all += got;
	}
	return all;
}

static void
change(unsigned i)
{
	if (there[i])
		names_remove(b.v, n, cookie(i), entry(i));
	else
		cr_assert(add(i));
	count += there[i] ? -1 : 1;
	there[i] = !there[i];
	cr_assert_eq(names_count(n), count);
}

Test(names, stay_in_order_however_they_come_and_go)
{
	unsigned i;

	srand(7);
	for (i = 0; i < 20000; i++) {
		change((unsigned)rand() % POOL);
		if (i % 1000 == 0)
			cr_assert_eq(walk(0, 1 + i / 1000, 8192), count);
	}
	for (i = 0; i < POOL; i++)
		if (!there[i])
			change(i);
	cr_expect_eq(walk(0, 64, 8192), POOL);
	for (i = 0; i < POOL; i++)
		change(i);
	cr_expect_eq(walk(0, 64, 8192), 0);
}

Test(names, are_copied_as_far_as_there_is_room)
{
	unsigned i;

	for (i = 0; i < 500; i++)
		change(i);
	cr_expect_eq(walk(0, 64, 64), 500, "one at a time");
	cr_expect_eq(walk(UINT32_MAX, 64, 8192), 0);
	cr_expect_eq(walk(UINT32_MAX - 1, 64, 8192), 0);
}

Test(names, of_one_entry_are_there_once_and_others_stay)
{
	change(1);
	change(2);
	cr_expect(add(1));
	cr_expect_eq(names_count(n), 2);
	names_remove(b.v, n, cookie(1), entry(2));
	names_remove(b.v, n, cookie(3), entry(3));
	cr_expect_eq(names_count(n), 2);
	cr_expect_eq(walk(0, 64, 8192), 2);
}

/* 31 bits: two of 100,000 names are enough to find a pair. */
Test(names, with_the_cookie_of_another_are_not_added)
{
	static uint32_t seen[1 << 20];
	unsigned i, at;

	for (i = 1; i < 400000; i++) {
		at = cookie(i) & ((1 << 20) - 1);
		if (seen[at] != 0 && cookie(seen[at]) == cookie(i))
			break;
		seen[at] = i;
	}
	cr_assert_lt(i, 400000, "no two names of one cookie");
	cr_expect(add(seen[at]));
	cr_expect_not(add(i));
	cr_expect_eq(names_count(n), 1);
}
