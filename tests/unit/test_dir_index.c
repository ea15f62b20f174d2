#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "vault/dir_index.h"

static struct index *x;

static void
setup(void)
{
	cr_assert_not_null(x = index_new());
}

static void
teardown(void)
{
	index_free(x);
}

TestSuite(index, .init = setup, .fini = teardown);

static const uint8_t *
hash_of(uint32_t i)
{
	static uint8_t h[20];

	memset(h, 0, sizeof(h));
	memcpy(h + 3, &i, sizeof(i));
	return h;
}

static uint32_t
add(uint32_t i, uint32_t parent)
{
	char id[40];
	int len = snprintf(id, sizeof(id), "id-%u", i);

	return index_add_dir(x, hash_of(i), id, (size_t)len, parent);
}

Test(index, knows_the_id_and_the_parent_of_each_directory)
{
	char id[40];
	uint32_t i;
	size_t len;

	for (i = 0; i < 20000; i++)
		cr_assert_eq(add(i, i / 10), i);
	cr_expect_eq(index_dirs(x), 20000);
	for (i = 0; i < 20000; i++) {
		(void)snprintf(id, sizeof(id), "id-%u", i);
		cr_assert_eq(index_find_dir(x, hash_of(i)), i);
		cr_assert_eq(index_parent(x, i), i / 10);
		cr_assert_str_eq(index_id(x, i, &len), id);
		cr_assert_eq(len, strlen(id));
	}
	cr_expect_eq(index_find_dir(x, hash_of(i)), INDEX_NONE);
}

Test(index, keeps_a_directory_once_under_its_latest_parent)
{
	cr_expect_eq(add(5, INDEX_NONE), 0);
	cr_expect_eq(index_parent(x, 0), INDEX_NONE);
	cr_expect_eq(add(6, 0), 1);
	cr_expect_eq(add(7, 0), 2);
	cr_expect_eq(add(6, 2), 1);
	cr_expect_eq(index_parent(x, 1), 2);
	cr_expect_eq(add(6, INDEX_NONE), 1);
	cr_expect_eq(index_parent(x, 1), 2, "not known is no news");
	cr_expect_eq(index_dirs(x), 3);
}

Test(index, finds_every_file_and_few_that_were_never_there)
{
	uint32_t dirs[4];
	unsigned wrong = 0;
	uint64_t ino;
	size_t n;

	while (index_dirs(x) < 77)
		(void)add(index_dirs(x), 0);
	for (ino = 0; ino < 300000; ino++)
		cr_assert(index_add_file(x, ino * 256, (uint32_t)ino % 77));
	for (ino = 0; ino < 300000; ino++) {
		n = index_find_file(x, ino * 256, dirs, 4);
		while (n > 0 && dirs[n - 1] != ino % 77)
			n--;
		cr_assert_gt(n, 0);
		wrong += index_find_file(x, ino * 256 + 1, dirs, 4) > 0;
	}
	cr_expect_lt(wrong, 300, "%u of 300000", wrong);
}

Test(index, says_when_files_are_too_many)
{
	uint64_t ino = 0;

	while (ino < INDEX_SLOTS_MAX && index_add_file(x, ino, 0))
		ino++;
	cr_expect_eq(ino, INDEX_SLOTS_MAX / 4 * 3);
}

Test(index, forgets_a_directory_and_that_others_were_below_it)
{
	uint32_t dirs[4];
	size_t len;

	cr_expect_eq(add(5, INDEX_NONE), 0);
	cr_expect_eq(add(6, 0), 1);
	cr_expect(index_add_file(x, 77, 0));
	index_forget_dir(x, hash_of(5));
	index_forget_dir(x, hash_of(5));
	index_forget_dir(x, hash_of(99));
	cr_expect_eq(index_find_dir(x, hash_of(5)), INDEX_NONE);
	cr_expect_eq(index_parent(x, 1), INDEX_NONE);
	cr_expect_eq(index_find_file(x, 77, dirs, 4), 0);
	cr_expect_eq(add(5, INDEX_NONE), 0, "it may come back");
	cr_expect_eq(index_find_dir(x, hash_of(5)), 0);
	cr_expect_str_eq(index_id(x, 0, &len), "id-5");
}

/*
 * Each with a file; every third stays, below the one that stayed before it,
 * and some of these were gone for a moment.
 */
Test(index, has_room_for_as_many_as_are_there_at_once)
{
	uint32_t i, dir, last = INDEX_NONE, dirs[4];
	unsigned wrong = 0;
	char id[40];
	size_t len;

	for (i = 0; i < 200000; i++) {
		if (i > 0 && i % 3 == 0)
			last = index_find_dir(x, hash_of(i - 3));
		cr_assert_neq(add(i, last), INDEX_NONE);
		if (i % 6 == 0) {
			index_forget_dir(x, hash_of(i));
			last = i == 0 ? INDEX_NONE :
			    index_find_dir(x, hash_of(i - 3));
			cr_assert_neq(add(i, last), INDEX_NONE);
		}
		dir = index_find_dir(x, hash_of(i));
		cr_assert(index_add_file(x, i, dir));
		if (i % 3 != 0)
			index_forget_dir(x, hash_of(i));
	}
	cr_expect_lt(index_dirs(x), 2 * (200000 / 3 + 2));
	for (i = 0; i < 200000; i++) {
		dir = index_find_dir(x, hash_of(i));
		cr_assert_eq(dir == INDEX_NONE, i % 3 != 0, "%u", i);
		len = index_find_file(x, i, dirs, 4);
		if (dir == INDEX_NONE) {
			wrong += len > 0;
			continue;
		}
		while (len > 0 && dirs[len - 1] != dir)
			len--;
		cr_assert_gt(len, 0);
		(void)snprintf(id, sizeof(id), "id-%u", i);
		cr_assert_str_eq(index_id(x, dir, &len), id);
		cr_assert_eq(index_parent(x, dir), i == 0 ? INDEX_NONE :
		    index_find_dir(x, hash_of(i - 3)));
	}
	cr_expect_lt(wrong, 100, "%u of 133333", wrong);
}

/* Whatever comes and goes; the table of all that ever came would be full. */
Test(index, never_fills_up_with_what_is_gone)
{
	uint32_t i;

	cr_assert_eq(add(0, INDEX_NONE), 0);
	for (i = 1; i < INDEX_DIRS_MAX + 5000; i++) {
		cr_assert_neq(add(i, 0), INDEX_NONE, "%u", i);
		index_forget_dir(x, hash_of(i));
		cr_assert_lt(index_dirs(x), 5000);
	}
	cr_expect_eq(index_find_dir(x, hash_of(0)), 0);
}
