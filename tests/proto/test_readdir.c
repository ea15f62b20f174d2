/*
 * READDIR, READDIRPLUS: RFC 1813 3.3.16, 3.3.17.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "tests/proto/check.h"
#include "vault/vault_int.h"

#define BIG	65536u

static void
setup(void)
{
	fix_start(&f, NULL);
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(readdir, .init = setup, .fini = teardown);

static void
make_files(const struct fh *dir, const char *stem, unsigned n)
{
	char name[64];
	unsigned i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%s%u", stem, i);
		OK(call_create(f.c, dir, name, UNCHECKED, NULL, NULL));
	}
}

/* Every kind of object, long names too. */
static void
make_mixture(void)
{
	char name[256];

	make_files(&f.root, "file ", 40);
	(void)check_dir(&f.root, "dir");
	OK(call_symlink(f.c, &f.root, "link", "target", NULL));
	memset(name, 'n', 255), name[255] = '\0';
	(void)check_file(&f.root, name);
	name[254] = 'd';
	(void)check_dir(&f.root, name);
	name[254] = 'l';
	OK(call_symlink(f.c, &f.root, name, "x", NULL));
}

#define MIXTURE	47u	/* entries, with . and .. */

static int
by_cookie(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

static void
expect_good_cookies(const struct list *l)
{
	struct item *v = malloc(l->n * sizeof(*v));
	size_t i;

	cr_assert_not_null(v);
	memcpy(v, l->v, l->n * sizeof(*v));
	qsort(v, l->n, sizeof(*v), by_cookie);
	for (i = 0; i < l->n; i++) {
		cr_expect_neq(v[i].cookie, 0);
		cr_expect_lt(v[i].cookie, UINT64_C(1) << 31);
		cr_expect(i == 0 || v[i].cookie != v[i - 1].cookie,
		    "%s and %s have one cookie", v[i].name, v[i - 1].name);
	}
	free(v);
}

/* The same entries in the same order with the same cookies and fileids. */
static void
expect_same(const struct list *x, const struct list *y)
{
	size_t i;

	cr_assert_eq(x->n, y->n);
	for (i = 0; i < x->n; i++) {
		cr_assert_str_eq(x->v[i].name, y->v[i].name);
		cr_assert_eq(x->v[i].cookie, y->v[i].cookie);
		cr_assert_eq(x->v[i].fileid, y->v[i].fileid);
	}
}

Test(readdir, both_list_the_same_entries_with_the_same_cookies)
{
	struct list x, y;

	make_mixture();
	OK(list_all(f.c, &f.root, 0, BIG, &x));
	OK(list_all(f.c, &f.root, BIG, BIG, &y));
	cr_assert_eq(x.n, MIXTURE);
	cr_expect_eq(x.pages, 1);
	expect_same(&x, &y);
	expect_good_cookies(&x);
	cr_expect_eq(memcmp(x.verf, "\0\0\0\0\0\0\0\0", 8), 0);
	cr_expect_eq(memcmp(y.verf, "\0\0\0\0\0\0\0\0", 8), 0);
	cr_expect_eq(check_attr(&x.dir_attr)->type, WIRE_NF3DIR);
	cr_expect_eq(check_attr(&y.dir_attr)->type, WIRE_NF3DIR);
	list_free(&x);
	list_free(&y);
}

Test(readdir, plus_tells_of_each_entry_what_lookup_and_getattr_tell)
{
	struct item *it;
	struct reply r;
	struct list l;
	fattr3 a;
	size_t i;

	make_mixture();
	OK(list_all(f.c, &f.root, BIG, BIG, &l));
	for (i = 0; i < l.n; i++) {
		it = &l.v[i];
		OK(call_lookup(f.c, &f.root, it->name, &r));
		cr_assert(it->have_fh, "%s", it->name);
		cr_expect(call_same_fh(&it->fh, &r.fh), "%s", it->name);
		OK(call_getattr(f.c, &it->fh, &a));
		/* To be listed is to be read. */
		a.atime = check_attr(&it->attr)->atime;
		cr_expect_eq(memcmp(check_attr(&it->attr), &a, sizeof(a)), 0,
		    "%s", it->name);
		cr_expect_eq(it->fileid, a.fileid, "%s", it->name);
		cr_expect_eq(check_attr(&r.attr)->fileid, a.fileid);
	}
	list_free(&l);
}

Test(readdir, dot_and_dotdot_have_the_right_fileids)
{
	struct fh a = check_dir(&f.root, "a"), b = check_dir(&a, "b");
	struct fh objs[3] = { f.root, a, b };
	fattr3 at[3];
	struct list l;
	int i, plus;

	for (i = 0; i < 3; i++)
		OK(call_getattr(f.c, &objs[i], &at[i]));
	fix_restart(&f);		/* parents are not known any more */
	for (plus = 0; plus < 2; plus++)
		for (i = 2; i >= 0; i--) {
			OK(list_all(f.c, &objs[i], plus ? BIG : 0, BIG, &l));
			cr_expect_str_eq(l.v[0].name, ".");
			cr_expect_eq(l.v[0].fileid, at[i].fileid);
			cr_expect_str_eq(l.v[1].name, "..");
			cr_expect_eq(l.v[1].fileid,
			    at[i == 0 ? 0 : i - 1].fileid);
			list_free(&l);
		}
}

/* All page sizes in small steps: nothing lost, nothing over the limit. */
Test(readdir, pages_of_every_size_are_within_it_and_add_up)
{
	struct list want, l;
	uint32_t size;

	make_mixture();
	OK(list_all(f.c, &f.root, 0, BIG, &want));
	for (size = 420; size < 3000; size += 52) {
		OK(list_all(f.c, &f.root, 0, size, &l));
		cr_assert_leq(l.wire, size);
		expect_same(&want, &l);
		list_free(&l);
	}
	for (size = 600; size < 4000; size += 68) {
		OK(list_all(f.c, &f.root, size, size, &l));
		cr_assert_leq(l.wire, size);
		expect_same(&want, &l);
		list_free(&l);
	}
	list_free(&want);
}

Test(readdir, every_single_page_is_within_its_limit)
{
	struct list l = { .n = 0 };
	uint64_t cookie;
	uint32_t size;

	make_mixture();
	for (size = 600; size < 20000; size = size * 5 / 4 + 1) {
		cookie = 0;
		do {
			l.n = 0;
			OK(list_page(f.c, &f.root, cookie, size, size, &l));
			cr_assert_leq(l.wire, size);
			cr_assert_gt(l.n, 0);
			cookie = l.v[l.n - 1].cookie;
		} while (!l.eof);
		cookie = 0;
		do {
			l.n = 0;
			OK(list_page(f.c, &f.root, cookie, 0, size, &l));
			cr_assert_leq(l.wire, size);
			cr_assert_gt(l.n, 0);
			cookie = l.v[l.n - 1].cookie;
		} while (!l.eof);
	}
	list_free(&l);
}

Test(readdir, what_cannot_hold_one_entry_is_toosmall)
{
	struct list l = { .n = 0 };
	uint32_t size;

	for (size = 0; size < 128; size += 8) {
		IS(TOOSMALL, list_page(f.c, &f.root, 0, 0, size, &l));
		cr_expect_eq(check_attr(&l.dir_attr)->type, WIRE_NF3DIR);
	}
	for (size = 8; size < 280; size += 8)
		IS(TOOSMALL, list_page(f.c, &f.root, 0, size, size, &l));
	cr_expect_eq(check_attr(&l.dir_attr)->type, WIRE_NF3DIR);
	OK(list_page(f.c, &f.root, 0, 0, 512, &l));
	OK(list_page(f.c, &f.root, 0, 512, 512, &l));
	list_free(&l);
}

/* "." fits, the next entry, of 255 bytes, does not: never an empty page. */
Test(readdir, a_long_name_that_does_not_fit_is_toosmall_where_it_comes)
{
	struct list l = { .n = 0 };
	char name[256];
	int st;

	memset(name, 'n', 255), name[255] = '\0';
	(void)check_file(&f.root, name);
	OK(list_page(f.c, &f.root, 0, 0, 200, &l));
	cr_assert_gt(l.n, 0);
	st = list_page(f.c, &f.root, 2, 0, 200, &l);
	cr_expect_eq(st, WIRE_NFS3ERR_TOOSMALL);
	l.n = 0;
	OK(list_page(f.c, &f.root, 2, 0, 512, &l));
	cr_expect_eq(l.n, 1);
	cr_expect(l.eof);
	list_free(&l);
}

Test(readdir, dircount_bounds_names_and_not_attributes)
{
	struct list l = { .n = 0 };

	make_files(&f.root, "file ", 100);
	OK(list_page(f.c, &f.root, 0, 512, BIG, &l));
	/* About 32 bytes of fileid, name and cookie each. */
	cr_expect(l.n >= 8 && l.n <= 24, "%zu entries", l.n);
	cr_expect(!l.eof);
	l.n = 0;
	/* One entry at least, or a client never comes to an end. */
	OK(list_page(f.c, &f.root, 0, 1, BIG, &l));
	cr_expect_eq(l.n, 1);
	list_free(&l);
}

Test(readdir, huge_limits_get_a_bounded_reply)
{
	struct list l = { .n = 0 };

	make_files(&f.root, "a file with a name of some length ", 1400);
	OK(list_page(f.c, &f.root, 0, UINT32_MAX, UINT32_MAX, &l));
	cr_expect_leq(l.wire, 256 * 1024);
	cr_expect_gt(l.n, 100);
	cr_expect(!l.eof, "1,400 entries are more than fit");
	l.n = 0;
	OK(list_page(f.c, &f.root, 0, 0, UINT32_MAX, &l));
	cr_expect_leq(l.wire, 256 * 1024);
	cr_expect_gt(l.n, 300);
	list_free(&l);
	OK(list_all(f.c, &f.root, 0, UINT32_MAX, &l));
	cr_expect_eq(l.n, 1402);
	list_free(&l);
}

Test(readdir, one_listing_may_mix_both_procedures)
{
	struct list want, l = { .n = 0 };
	uint64_t cookie = 0;
	int turn = 0;

	make_files(&f.root, "file ", 200);
	OK(list_all(f.c, &f.root, 0, BIG, &want));
	do {
		OK(list_page(f.c, &f.root, cookie, turn++ % 2 ? 2000 : 0,
		    2000, &l));
		cookie = l.v[l.n - 1].cookie;
	} while (!l.eof);
	cr_expect_gt(turn, 4);
	expect_same(&want, &l);
	list_free(&want);
	list_free(&l);
}

Test(readdir, any_cookie_is_taken_and_past_the_end_is_the_end)
{
	static const uint64_t cookies[] = {
		3, 7, 8, 12345, 0x7ffffffe, 0x7fffffff, 0x80000000,
		UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX,
	};
	struct list l = { .n = 0 };
	size_t i, n;

	make_files(&f.root, "file ", 20);
	for (i = 0; i < sizeof(cookies) / sizeof(cookies[0]); i++) {
		l.n = 0;
		OK(list_page(f.c, &f.root, cookies[i], 0, BIG, &l));
		cr_expect(l.eof);
		n = l.n;
		l.n = 0;
		OK(list_page(f.c, &f.root, cookies[i], BIG, BIG, &l));
		cr_expect_eq(l.n, n);
		cr_expect(cookies[i] < 0x7fffffff || n == 0);
	}
	list_free(&l);
}

Test(readdir, a_verifier_is_never_held_against_anybody)
{
	READDIR3args args = { .dir = call_fh(&f.root), .cookie = 2,
	    .cookieverf = "whatever", .count = 4096 };
	READDIR3res res;

	make_files(&f.root, "file ", 5);
	cr_assert_eq(client_nfs(f.c, READDIR, &args, &res), RPC_SUCCESS);
	cr_expect_eq(res.status, WIRE_NFS3_OK);
	client_nfs_free(READDIR, &res);
}

Test(readdir, cookies_outlive_a_restart)
{
	struct list before, after;

	make_mixture();
	OK(list_all(f.c, &f.root, 0, BIG, &before));
	fix_restart(&f);
	OK(list_all(f.c, &f.root, BIG, BIG, &after));
	expect_same(&before, &after);
	list_free(&before);
	list_free(&after);
}

Test(readdir, of_no_directory_is_notdir_with_attributes)
{
	struct fh file = check_file(&f.root, "file");
	struct list l = { .n = 0 };

	IS(NOTDIR, list_page(f.c, &file, 0, 0, 4096, &l));
	cr_expect_eq(check_attr(&l.dir_attr)->type, WIRE_NF3REG);
	IS(NOTDIR, list_page(f.c, &file, 0, 4096, 4096, &l));
	cr_expect_eq(check_attr(&l.dir_attr)->type, WIRE_NF3REG);
}

/*
 * 1,000 entries stay, others come, go and are renamed between any two pages:
 * each of the 1,000 is there exactly once.
 */
static void
list_in_motion(uint32_t dircount, uint32_t count)
{
	struct fh dir = check_dir(&f.root, dircount ? "p" : "d");
	static unsigned seen[1000];
	struct list l = { .n = 0 };
	uint64_t cookie = 0;
	char name[64], to[64];
	unsigned i, turn = 0, n;

	memset(seen, 0, sizeof(seen));
	make_files(&dir, "stable ", 1000);
	make_files(&dir, "old ", 100);
	do {
		l.n = 0;
		OK(list_page(f.c, &dir, cookie, dircount, count, &l));
		for (i = 0; i < l.n; i++)
			if (sscanf(l.v[i].name, "stable %u", &n) == 1) {
				cr_assert_lt(n, 1000);
				seen[n]++;
			}
		cookie = l.v[l.n - 1].cookie;
		(void)snprintf(name, sizeof(name), "new %u", turn);
		OK(call_create(f.c, &dir, name, GUARDED, NULL, NULL));
		(void)snprintf(name, sizeof(name), "old %u", turn % 100);
		if (turn < 50)
			OK(call_remove(f.c, &dir, name, NULL));
		else if (turn < 100) {
			(void)snprintf(to, sizeof(to), "renamed %u", turn);
			OK(call_rename(f.c, &dir, name, &dir, to, NULL));
		}
		/* The very entry that the cookie came from may go, too. */
		if (turn % 3 == 0 && l.n > 0 &&
		    strncmp(l.v[l.n - 1].name, "new", 3) == 0)
			OK(call_remove(f.c, &dir, l.v[l.n - 1].name, NULL));
		turn++;
	} while (!l.eof);
	cr_expect_gt(turn, 15);
	for (i = 0; i < 1000; i++)
		cr_assert_eq(seen[i], 1, "stable %u came %u times", i,
		    seen[i]);
	list_free(&l);
}

Test(readdir, what_stays_is_listed_once_while_others_come_and_go)
{
	list_in_motion(0, 2048);
}

Test(readdir, the_same_with_readdirplus)
{
	list_in_motion(8192, 8192);
}

/* -- entries whose cookies would be the same */

#define TRIES	(1u << 19)

/* Two names whose names on disk have one hash of 31 bits: a birthday. */
static void
find_twins(char one[16], char two[16])
{
	static uint32_t hashes[2 * TRIES], names[2 * TRIES];
	struct diskname dn;
	uint32_t i, h, at;
	struct dir *d;
	struct verr e;

	cr_assert_not_null(d = dir_root(f.vault, &e));
	for (i = 1; i < TRIES; i++) {
		(void)snprintf(one, 16, "%u", i);
		cr_assert_eq(dir_disk_name(d, one, strlen(one), &dn, &e), 0);
		h = (uint32_t)(lru_hash(dn.entry, dn.entry_len) >> 33);
		for (at = h % (2 * TRIES); names[at] != 0 && hashes[at] != h;
		    at = (at + 1) % (2 * TRIES))
			;
		if (names[at] != 0)
			break;
		names[at] = i;
		hashes[at] = h;
	}
	dir_put(d);
	cr_assert_lt(i, TRIES, "no two names with one cookie");
	(void)snprintf(two, 16, "%u", names[at]);
}

/* The page that ends with its first entry but the dots. */
static void
first_page(struct list *l)
{
	uint32_t size;

	for (size = 160; size < 400; size += 4) {
		l->n = 0;
		OK(list_page(f.c, &f.root, 2, 0, size, l));
		if (l->n == 1)
			return;
	}
	cr_assert_fail("no page of one entry");
}

Test(readdir, of_twins_the_second_is_listed_when_the_first_is_removed)
{
	struct list l = { .n = 0 }, all;
	char names[2][16], first[16];

	find_twins(names[0], names[1]);
	(void)check_file(&f.root, names[0]);
	(void)check_file(&f.root, names[1]);
	OK(list_all(f.c, &f.root, 0, BIG, &all));
	expect_good_cookies(&all);
	cr_assert_eq(all.n, 4);
	/* As rm -r does it: remove what was listed, go on behind it. */
	first_page(&l);
	(void)snprintf(first, sizeof(first), "%.15s", l.v[0].name);
	OK(call_remove(f.c, &f.root, first, NULL));
	OK(list_page(f.c, &f.root, l.v[0].cookie, 0, BIG, &l));
	cr_assert_eq(l.n, 2, "the second was lost");
	cr_expect_str_neq(l.v[1].name, first);
	cr_expect_eq(l.v[1].cookie, all.v[3].cookie);
	list_free(&all);
	list_free(&l);
}
