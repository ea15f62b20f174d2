/*
 * The switches of experiments (base/tune.h): each does what it says, and
 * whatever is switched off, the server gives the same answers.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/bufpool.h"
#include "base/tune.h"
#include "base/verr.h"
#include "tests/proto/check.h"
#include "tests/proto/raw.h"

#define BIG	300000u

static char data[BIG], got[BIG];

static void
begin(const char *list)
{
	struct verr e;
	unsigned i;

	cr_assert_eq(tune_set(list, &e), 0, "%s", e.text);
	for (i = 0; i < BIG; i++)
		data[i] = (char)(i * 7 + i / 251);
	fix_start(&f, NULL);
}

static void
teardown(void)
{
	fix_stop(&f);
	(void)tune_set("", NULL);
	cr_expect_eq(bufpool_in_use(), 0);
}

TestSuite(switches, .fini = teardown, .timeout = 60);

static struct server_counts
counts(void)
{
	struct server_counts c;

	server_counts(f.server, &c);
	return c;
}

static void
read_back(const struct fh *fh, uint64_t off, uint32_t count)
{
	struct read_reply r;

	memset(got, 0, sizeof(got));
	OK(call_read(f.c, fh, off, count, got, &r));
	cr_expect_eq(r.count, count);
	cr_expect_eq(memcmp(got, data + off, count), 0);
}

/* A bit of everything. */
static void
work(void)
{
	struct fh dir = check_dir(&f.root, "dir"), sub, fh[20];
	struct list l = { .n = 0 };
	struct reply r;
	char name[24];
	fattr3 a;
	int i;

	sub = check_dir(&dir, "sub");
	for (i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "file %d", i);
		fh[i] = check_file(&dir, name);
		OK(call_write(f.c, &fh[i], 0, data, i == 7 ? BIG : 100u,
		    UNSTABLE, NULL));
	}
	OK(call_commit(f.c, &fh[7], NULL));
	read_back(&fh[7], 0, BIG);
	read_back(&fh[7], 40000, 100000);
	read_back(&fh[3], 0, 100);
	OK(call_rename(f.c, &dir, "file 7", &sub, "moved", &r));
	read_back(&fh[7], 32768, 32768);
	OK(call_getattr(f.c, &fh[7], &a));
	cr_expect_eq(a.size, BIG);
	OK(call_lookup(f.c, &dir, "file 3", &r));
	OK(call_getattr(f.c, &r.fh, &a));
	cr_expect_eq(a.size, 100);
	IS(NOENT, call_lookup(f.c, &dir, "file 7", &r));
	OK(list_all(f.c, &dir, 0, 8192, &l));
	cr_expect_eq(l.n, 2 + 1 + 19);
	list_free(&l);
	OK(call_remove(f.c, &dir, "file 3", &r));
	OK(list_all(f.c, &dir, 8192, 8192, &l));
	cr_expect_eq(l.n, 2 + 1 + 18);
	list_free(&l);
}

static const char *const lists[] = {
	"", "no-arena", "no-inline", "no-inline-changes", "no-pool",
	"no-rwf-nowait",
	"no-zero-copy", "no-batch", "no-chunk-cache", "no-write-cache",
	"no-ahead",
	"no-journal", "no-listing-cache", "no-node-cache", "no-file-cache",
	"no-arena,no-inline,no-pool,no-rwf-nowait,no-zero-copy,no-batch,"
	"no-chunk-cache,no-write-cache,no-ahead,no-journal,no-listing-cache,"
	"no-node-cache,no-file-cache"
};

/* One after the other: Criterion's parameters would fork for each. */
Test(switches, whatever_is_off_the_answers_are_the_same)
{
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		(void)fprintf(stderr, "without: %s\n", lists[i]);
		begin(lists[i]);
		work();
		fix_stop(&f);
	}
}

Test(switches, without_inline_everything_goes_to_a_worker)
{
	begin("no-inline");
	work();
	cr_assert_eq(client_null(f.c), RPC_SUCCESS);
	cr_expect_eq(counts().on_loop, 0);
	cr_expect_gt(counts().on_worker, 50);
}

/* 50 calls in one piece; how many writes the replies took. */
static uint64_t
writes_of_50(uint64_t at_least)
{
	static uint8_t all[50 * 44];
	struct client *c = f.clients[1];
	uint64_t before;
	uint8_t *reply;
	struct raw r;
	unsigned i;
	size_t len;

	for (i = 0; i < 50; i++) {
		raw_null(&r, 1000 + i);
		memcpy(all + i * 44, r.b, r.len);
	}
	/* the last answer to begin() may be counted late, too */
	do {
		before = counts().writes;
		raw_sleep_ms(50);
	} while (counts().writes != before);
	cr_assert(client_send_raw(c, all, sizeof(all)));
	for (i = 0; i < 50; i++) {
		cr_assert_not_null(reply = client_recv_record(c, &len));
		cr_expect_eq(len, 24);
		free(reply);
	}
	/* It counts when it has written. */
	for (i = 0; i < 1000 && counts().writes - before < at_least; i++)
		raw_sleep_ms(5);
	return counts().writes - before;
}

/* One as a rule; the turn of a connection may be over before. */
Test(switches, replies_to_what_came_together_leave_together)
{
	begin("");
	cr_expect_lt(writes_of_50(1), 10);
}

Test(switches, without_batch_each_reply_has_its_own)
{
	begin("no-batch");
	cr_expect_eq(writes_of_50(50), 50);
}

Test(switches, without_the_node_cache_a_file_is_looked_for_each_time)
{
	struct fh fh;
	uint64_t before;
	fattr3 a;

	begin("no-node-cache");
	fh = check_file(&f.root, "file");
	before = counts().on_worker;
	OK(call_getattr(f.c, &fh, &a));
	OK(call_getattr(f.c, &fh, &a));
	cr_expect_eq(counts().on_worker, before + 2);
}

Test(switches, without_zero_copy_chunk_buffers_are_back_before_the_reply_is)
{
	struct fh fh;

	begin("no-zero-copy,no-chunk-cache,no-write-cache");
	fh = check_file(&f.root, "file");
	OK(call_write(f.c, &fh, 0, data, BIG, UNSTABLE, NULL));
	read_back(&fh, 0, BIG);
	cr_expect_eq(bufpool_in_use(), 0);
}
