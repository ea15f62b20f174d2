#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/lru.h"

struct thing {
	int		 key;
	bool		 busy;
	struct lru_node	 node;	/* not first: LRU_OBJECT has to find it */
};

static struct lru l;

static void
setup(void)
{
	cr_assert(lru_init(&l, 100));
}

static void
teardown(void)
{
	lru_fini(&l);
}

TestSuite(lru, .init = setup, .fini = teardown);

static bool
same(const struct lru_node *n, const void *key)
{
	return LRU_OBJECT(n, struct thing, node)->key == *(const int *)key;
}

static bool
idle(const struct lru_node *n)
{
	return !LRU_OBJECT(n, struct thing, node)->busy;
}

static struct thing *
find(int key)
{
	struct lru_node *n;

	n = lru_find(&l, lru_hash(&key, sizeof(key)), same, &key);
	lru_selfcheck(&l);
	return n == NULL ? NULL : LRU_OBJECT(n, struct thing, node);
}

static void
insert(struct thing *t, int key)
{
	t->key = key;
	t->busy = false;
	lru_insert(&l, &t->node, lru_hash(&key, sizeof(key)));
	lru_selfcheck(&l);
}

static struct thing *
victim(void)
{
	struct lru_node *n = lru_victim(&l, idle);

	return n == NULL ? NULL : LRU_OBJECT(n, struct thing, node);
}

Test(lru, the_number_of_buckets_is_a_power_of_two_near_the_bound)
{
	static const struct {
		size_t expected, buckets;
	} rows[] = {
		{ 0, 16 }, { 1, 16 }, { 16, 16 }, { 17, 32 }, { 1000, 1024 },
	};
	struct lru other;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert(lru_init(&other, rows[i].expected));
		cr_expect_eq(other.mask + 1, rows[i].buckets);
		lru_selfcheck(&other);
		lru_fini(&other);
	}
}

Test(lru, what_is_inserted_is_found_and_what_is_removed_is_not)
{
	struct thing t[3];
	int i;

	for (i = 0; i < 3; i++)
		insert(&t[i], i);
	for (i = 0; i < 3; i++)
		cr_expect_eq(find(i), &t[i]);
	cr_expect_null(find(3));
	lru_remove(&l, &t[1].node);
	lru_selfcheck(&l);
	cr_expect_null(find(1));
	cr_expect_eq(find(2), &t[2]);
	cr_expect_eq(l.count, 2);
}

Test(lru, objects_of_one_hash_are_told_apart_by_their_keys)
{
	struct thing t[4];
	int i, key;

	for (i = 0; i < 4; i++) {
		t[i].key = i;
		lru_insert(&l, &t[i].node, 42);
	}
	lru_remove(&l, &t[2].node);	/* from the middle of the chain */
	lru_selfcheck(&l);
	for (i = 0; i < 4; i++) {
		key = i;
		cr_expect_eq(lru_find(&l, 42, same, &key),
		    i == 2 ? NULL : &t[i].node);
	}
}

Test(lru, objects_of_one_bucket_are_told_apart_by_their_hashes)
{
	struct thing t[2];
	int key = 7;

	t[0].key = t[1].key = key;
	lru_insert(&l, &t[0].node, 5);
	lru_insert(&l, &t[1].node, 5 + l.mask + 1);
	cr_expect_eq(lru_find(&l, 5, same, &key), &t[0].node);
	cr_expect_eq(lru_find(&l, 6 + l.mask, same, &key), &t[1].node);
	lru_selfcheck(&l);
}

Test(lru, the_victim_is_what_was_unused_for_longest)
{
	struct thing t[3];
	int i;

	cr_expect_null(victim());
	for (i = 0; i < 3; i++)
		insert(&t[i], i);
	cr_expect_eq(victim(), &t[0]);
	cr_expect_not_null(find(0));
	cr_expect_eq(victim(), &t[1], "a find makes an object young");
	lru_remove(&l, &t[1].node);
	cr_expect_eq(victim(), &t[2]);
}

Test(lru, a_peek_finds_and_makes_nothing_younger)
{
	struct thing t[3];
	int i, key = 0, none = 7;

	for (i = 0; i < 3; i++)
		insert(&t[i], i);
	cr_expect_eq(lru_peek(&l, lru_hash(&key, sizeof(key)), same, &key),
	    &t[0].node);
	cr_expect_null(lru_peek(&l, lru_hash(&none, sizeof(none)), same,
	    &none));
	cr_expect_eq(lru_victim(&l, idle), &t[0].node);
	for (i = 0; i < 3; i++)
		lru_remove(&l, &t[i].node);
}

Test(lru, the_owner_decides_what_may_go)
{
	struct thing t[3];
	int i;

	for (i = 0; i < 3; i++)
		insert(&t[i], i);
	t[0].busy = t[1].busy = true;
	cr_expect_eq(victim(), &t[2]);
	t[2].busy = true;
	cr_expect_null(victim());
	cr_expect_eq(l.count, 3, "a victim is proposed, not taken");
}

/* The same by brute force: an array in the order of use, oldest first. */
Test(lru, it_does_what_a_plain_list_does)
{
	enum { KEYS = 300, STEPS = 20000 };
	static struct thing t[KEYS];
	static bool in[KEYS];
	static int order[KEYS];
	uint64_t x = 88172645463325252u;
	int i, key, n = 0;

	for (i = 0; i < STEPS; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		key = (int)(x >> 33) % KEYS;
		if (in[key]) {
			int *p = order;

			while (*p != key)
				p++;
			memmove(p, p + 1, (size_t)(order + n - p - 1) *
			    sizeof(*p));
			n--;
			if (x & 1) {
				lru_remove(&l, &t[key].node);
				in[key] = false;
			} else {
				cr_assert_eq(find(key), &t[key]);
				order[n++] = key;
			}
		} else {
			cr_assert_null(find(key));
			insert(&t[key], key);
			in[key] = true;
			order[n++] = key;
		}
		cr_assert_eq(l.count, (size_t)n);
		cr_assert_eq(victim(), n == 0 ? NULL : &t[order[0]]);
	}
	lru_selfcheck(&l);
}

Test(lru, every_bit_of_a_key_moves_about_half_of_the_hash)
{
	unsigned char key[40];
	size_t len, bit;

	for (len = 1; len <= sizeof(key); len++) {
		uint64_t h, sum = 0;

		memset(key, 0x5a, sizeof(key));
		h = lru_hash(key, len);
		for (bit = 0; bit < len * 8; bit++) {
			key[bit / 8] ^= 1u << bit % 8;
			sum += (uint64_t)__builtin_popcountll(h ^
			    lru_hash(key, len));
			key[bit / 8] ^= 1u << bit % 8;
		}
		cr_expect_gt(sum, len * 8 * 26, "%zu bytes", len);
		cr_expect_lt(sum, len * 8 * 38, "%zu bytes", len);
	}
}

Test(lru, neighbouring_numbers_spread_over_the_buckets)
{
	enum { BUCKETS = 1024 };
	static unsigned load[BUCKETS];
	uint64_t ino;
	unsigned i, empty = 0, most = 0;

	for (ino = 1000000; ino < 1000000 + BUCKETS; ino++)
		load[lru_hash(&ino, sizeof(ino)) & (BUCKETS - 1)]++;
	for (i = 0; i < BUCKETS; i++) {
		empty += load[i] == 0;
		most = load[i] > most ? load[i] : most;
	}
	/* by chance 1/e of them stay empty, and none is above 8 or so */
	cr_expect_lt(empty, BUCKETS * 45 / 100);
	cr_expect_lt(most, 12);
}

Test(lru, the_hash_depends_on_the_length_and_reads_no_further)
{
	char *exact;
	size_t i, j;
	uint64_t seen[40];

	for (i = 0; i < 40; i++) {
		exact = calloc(1, i == 0 ? 1 : i);	/* for ASan */
		cr_assert_not_null(exact);
		seen[i] = lru_hash(exact, i);
		free(exact);
		for (j = 0; j < i; j++)
			cr_expect_neq(seen[i], seen[j]);
	}
}

static bool
is_at(const struct lru_node *n, const void *key)
{
	return n == key;
}

static bool
any_may_go(const struct lru_node *n)
{
	(void)n;
	return true;
}

Test(lru, what_is_held_is_found_but_is_no_victim)
{
	struct lru_node n[3];
	struct lru t;
	int i;

	cr_assert(lru_init(&t, 4));
	for (i = 0; i < 3; i++)
		lru_insert(&t, &n[i], (uint64_t)i);
	lru_hold(&t, &n[0]);
	lru_hold(&t, &n[0]);
	lru_hold(&t, &n[1]);
	lru_selfcheck(&t);
	cr_expect_eq(lru_victim(&t, any_may_go), &n[2]);
	cr_expect_eq(lru_find(&t, 0, is_at, &n[0]), &n[0]);
	cr_expect_eq(lru_search(&t, is_at, &n[1]), &n[1]);
	lru_release(&t, &n[0]);
	lru_selfcheck(&t);
	cr_expect_eq(lru_victim(&t, any_may_go), &n[2], "the youngest now");
	lru_remove(&t, &n[1]);
	lru_remove(&t, &n[2]);
	lru_selfcheck(&t);
	cr_expect_eq(lru_victim(&t, any_may_go), &n[0]);
	cr_expect_null(lru_search(&t, is_at, &n[1]));
	lru_fini(&t);
}
