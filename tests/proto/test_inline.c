/*
 * GETATTR, LOOKUP, ACCESS and READDIRPLUS run on the loop, and no READ or
 * WRITE under way delays them: the storage is made to take a second for each
 * transfer, and the others are answered all the same.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/proto/check.h"
#include "vault/file.h"
#include "vault/host.h"

#define SLOW_MS		1000
#define LIMIT_US	100000		/* the promise; typical is < 5 ms */
#define TYPICAL_US	5000

static atomic_int slow_op = -1;		/* enum host_op */
static atomic_uint sleeping;		/* calls in the storage now */
static struct fh dir, file, other;

/*
 * The system's calls on a descriptor do not tell which file it is, so each
 * thread remembers whether it has one of the small ones open (dir.c9r and its
 * like), which are metadata.
 */
static _Thread_local bool small;

static int
hook(void *ctx, enum host_op op, const char *path)
{
	const char *leaf;

	(void)ctx;
	if (op == HOST_OPEN && path != NULL) {
		leaf = strrchr(path, '/');
		small = leaf != NULL && (strcmp(leaf, "/dir.c9r") == 0 ||
		    strcmp(leaf, "/name.c9s") == 0 ||
		    strcmp(leaf, "/symlink.c9r") == 0);
	} else if (op == HOST_CLOSE)
		small = false;
	if ((int)op == atomic_load(&slow_op) && !small) {
		atomic_fetch_add(&sleeping, 1);
		(void)usleep(SLOW_MS * 1000);
		atomic_fetch_sub(&sleeping, 1);
	}
	return 0;
}

static void
setup(void)
{
	struct fix_options o = { .workers = 2, .through = true };
	static char data[100000];
	char name[32];
	int i;

	host_set_hook(hook, NULL);
	fix_start(&f, &o);
	dir = check_dir(&f.root, "dir");
	file = check_file(&dir, "file");
	other = check_file(&dir, "other");
	for (i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "entry %d", i);
		(void)check_file(&dir, name);
	}
	(void)check_dir(&dir, "sub");
	OK(call_write(f.c, &file, 0, data, sizeof(data), FILE_SYNC, NULL));
	OK(call_write(f.c, &other, 0, data, sizeof(data), FILE_SYNC, NULL));
}

static void
teardown(void)
{
	atomic_store(&slow_op, -1);
	fix_stop(&f);
}

TestSuite(inline, .init = setup, .fini = teardown);

static int64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

static struct server_counts
counts(void)
{
	struct server_counts c;

	server_counts(f.server, &c);
	return c;
}

static uint32_t
send_read(struct client *c, const struct fh *fh)
{
	READ3args args = { call_fh(fh), 0, 100000 };
	uint32_t xid = client_send(c, NFSPROC3_READ,
	    (xdrproc_t)xdr_READ3args, &args);

	cr_assert_neq(xid, 0);
	return xid;
}

static void
wait_read(struct client *c, uint32_t xid)
{
	READ3res res;

	memset(&res, 0, sizeof(res));
	cr_assert_eq(client_wait(c, xid, (xdrproc_t)xdr_READ3res, &res),
	    RPC_SUCCESS);
	OK(res.status);
	cr_expect_eq(res.READ3res_u.resok.count, 100000);
	client_nfs_free(READ, &res);
}

static uint32_t
send_write(struct client *c, const struct fh *fh)
{
	static char data[70000];
	WRITE3args args = { .file = call_fh(fh), .count = sizeof(data),
	    .stable = UNSTABLE, .data = { sizeof(data), data } };
	uint32_t xid = client_send(c, NFSPROC3_WRITE,
	    (xdrproc_t)xdr_WRITE3args, &args);

	cr_assert_neq(xid, 0);
	return xid;
}

static void
wait_write(struct client *c, uint32_t xid)
{
	WRITE3res res;

	memset(&res, 0, sizeof(res));
	cr_assert_eq(client_wait(c, xid, (xdrproc_t)xdr_WRITE3res, &res),
	    RPC_SUCCESS);
	OK(res.status);
	cr_expect_eq(res.WRITE3res_u.resok.count, 70000);
}

/* n transfers stand in the storage; no longer than the first half second. */
static void
wait_sleeping(unsigned n)
{
	int64_t end = now_us() + SLOW_MS * 500;

	while (atomic_load(&sleeping) < n && now_us() < end)
		(void)usleep(1000);
	cr_assert_geq(atomic_load(&sleeping), n);
}

/* So many calls were handed to workers since then. */
static void
wait_handed_over(const struct server_counts *since, unsigned n)
{
	int64_t end = now_us() + SLOW_MS * 500;

	while (counts().on_worker < since->on_worker + n && now_us() < end)
		(void)usleep(1000);
	cr_assert_eq(counts().on_worker, since->on_worker + n);
}

static int
metadata(struct client *c, int which, struct list *l)
{
	uint32_t bits;
	fattr3 a;

	switch (which) {
	case 0:
		return call_getattr(c, &file, &a);
	case 1:
		return call_lookup(c, &dir, "file", NULL);
	case 2:
		return call_access(c, &file, 63, &bits, NULL);
	case 3:
		return list_page(c, &dir, 0, 32768, 32768, l);
	default:
		return call_lookup(c, &dir, "no such name", NULL) ==
		    WIRE_NFS3ERR_NOENT ? WIRE_NFS3_OK : -1;
	}
}

#define KINDS	5

static const char *const kinds[KINDS] = {
	"GETATTR", "LOOKUP", "ACCESS", "READDIRPLUS", "LOOKUP of nothing",
};

/* All kinds, several times; none later than the limit, all on the loop. */
static void
expect_prompt(struct client *c, const char *when)
{
	struct server_counts before = counts(), after;
	int64_t t, max[KINDS] = { 0 };
	struct list l = { .n = 0 };
	int round, k;

	for (round = 0; round < 10; round++)
		for (k = 0; k < KINDS; k++) {
			t = now_us();
			OK(metadata(c, k, &l));
			t = now_us() - t;
			if (t > max[k])
				max[k] = t;
			l.n = 0;
		}
	list_free(&l);
	for (k = 0; k < KINDS; k++) {
		(void)fprintf(stderr, "%s, %s: at most %lld us%s\n", when,
		    kinds[k], (long long)max[k], max[k] > TYPICAL_US ?
		    " (over 5 ms)" : "");
		cr_expect_lt(max[k], LIMIT_US, "%s, %s", when, kinds[k]);
	}
	after = counts();
	cr_expect_eq(after.on_loop - before.on_loop, 10 * KINDS);
	cr_expect_eq(after.on_worker, before.on_worker);
}

Test(inline, metadata_runs_on_the_loop_and_data_on_workers)
{
	struct server_counts before, after;
	struct list l = { .n = 0 };
	char target[8192];
	struct reply r;
	int k;

	OK(call_symlink(f.c, &f.root, "link", "x", &r));
	before = counts();
	for (k = 0; k < KINDS; k++)
		OK(metadata(f.c, k, &l));
	OK(list_page(f.c, &dir, 0, 0, 4096, &l));
	OK(call_readlink(f.c, &r.fh, target, NULL));
	OK(call_lookup(f.c, &dir, "..", NULL));
	after = counts();
	cr_expect_eq(after.on_loop - before.on_loop, KINDS + 3);
	cr_expect_eq(after.on_worker, before.on_worker);
	wait_read(f.c, send_read(f.c, &file));
	OK(call_write(f.c, &file, 0, "x", 1, UNSTABLE, NULL));
	OK(call_commit(f.c, &file, NULL));
	before = after;
	after = counts();
	cr_expect_eq(after.on_worker - before.on_worker, 3);
	cr_expect_eq(after.on_loop, before.on_loop);
	list_free(&l);
}

/* What is in memory is there at once; what is large is a worker's. */
Test(inline, a_small_read_of_what_is_in_memory_runs_on_the_loop)
{
	struct server_counts before, after;
	char buf[4096];

	OK(call_read(f.c, &file, 0, sizeof(buf), buf, NULL));
	before = counts();
	OK(call_read(f.c, &file, 0, sizeof(buf), buf, NULL));
	OK(call_read(f.c, &file, 5000, 100, buf, NULL));
	after = counts();
	cr_expect_eq(after.on_loop - before.on_loop, 2);
	cr_expect_eq(after.on_worker, before.on_worker);
	wait_read(f.c, send_read(f.c, &file));
	cr_expect_eq(counts().on_worker - before.on_worker, 1);
}

/* Not even if it has been closed meanwhile, to have others open. */
Test(inline, a_file_is_opened_on_the_loop_where_reads_need_not_wait)
{
	struct server_counts before, after;
	char buf[4096], name[32];
	int i;

	OK(call_write(f.c, &other, 0, "text", 4, FILE_SYNC, NULL));
	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "more %d", i);
		(void)check_file(&dir, name);
	}
	before = counts();
	OK(call_read(f.c, &other, 0, sizeof(buf), buf, NULL));
	cr_expect_eq(memcmp(buf, "text", 4), 0);
	if (!file_reads_now(f.vault))
		cr_skip_test("no RWF_NOWAIT on this file system");
	OK(call_read(f.c, &file, 0, sizeof(buf), buf, NULL));
	after = counts();
	cr_expect_eq(after.on_loop - before.on_loop, 2);
	cr_expect_eq(after.on_worker, before.on_worker);
}

Test(inline, a_read_under_way_delays_no_metadata)
{
	uint32_t xid;

	atomic_store(&slow_op, HOST_READ);
	xid = send_read(f.c, &file);
	wait_sleeping(1);
	expect_prompt(f.c, "READ, same connection");
	expect_prompt(f.clients[1], "READ, another connection");
	cr_expect_geq(atomic_load(&sleeping), 1, "the READ was over");
	wait_read(f.c, xid);
}

Test(inline, a_write_under_way_delays_no_metadata)
{
	uint32_t xid;

	atomic_store(&slow_op, HOST_WRITE);
	xid = send_write(f.c, &file);
	wait_sleeping(1);
	expect_prompt(f.c, "WRITE, same connection");
	expect_prompt(f.clients[1], "WRITE, another connection");
	cr_expect_geq(atomic_load(&sleeping), 1, "the WRITE was over");
	wait_write(f.c, xid);
}

Test(inline, with_all_workers_busy_and_more_queued_metadata_is_prompt)
{
	struct server_counts before = counts();
	uint32_t xid[4];
	int i;

	atomic_store(&slow_op, HOST_READ);
	xid[0] = send_read(f.c, &file);
	xid[1] = send_read(f.clients[1], &other);
	wait_sleeping(2);
	xid[2] = send_read(f.c, &other);	/* no worker is left */
	xid[3] = send_read(f.clients[1], &file);
	wait_handed_over(&before, 4);
	expect_prompt(f.c, "2 READs and 2 queued, same connection");
	expect_prompt(f.clients[2], "2 READs and 2 queued, another one");
	cr_expect_eq(atomic_load(&sleeping), 2, "the READs were over");
	atomic_store(&slow_op, -1);
	for (i = 0; i < 4; i++)
		wait_read(f.clients[i % 2], xid[i]);
}

/* A writer waits for the reader of its file; nobody else for either. */
Test(inline, a_write_that_waits_for_a_read_delays_no_metadata)
{
	struct server_counts before = counts();
	uint32_t xid[2];

	atomic_store(&slow_op, HOST_READ);
	xid[0] = send_read(f.c, &file);
	wait_sleeping(1);
	xid[1] = send_write(f.c, &file);
	wait_handed_over(&before, 2);
	expect_prompt(f.c, "READ and WRITE of one file");
	cr_expect_geq(atomic_load(&sleeping), 1, "the READ was over");
	wait_read(f.c, xid[0]);
	wait_write(f.c, xid[1]);
}

/* And the sync of a file, which is slow by nature. */
Test(inline, a_commit_under_way_delays_no_metadata)
{
	COMMIT3args args = { .file = call_fh(&file) };
	COMMIT3res res;
	uint32_t xid;

	OK(call_write(f.c, &file, 0, "x", 1, UNSTABLE, NULL));
	atomic_store(&slow_op, HOST_SYNC);
	xid = client_send(f.c, NFSPROC3_COMMIT, (xdrproc_t)xdr_COMMIT3args,
	    &args);
	cr_assert_neq(xid, 0);
	wait_sleeping(1);
	expect_prompt(f.c, "COMMIT, same connection");
	memset(&res, 0, sizeof(res));
	cr_assert_eq(client_wait(f.c, xid, (xdrproc_t)xdr_COMMIT3res, &res),
	    RPC_SUCCESS);
	OK(res.status);
}

/* A change of names holds its directory's lock over slow system calls. */
static uint32_t
send_create(const char *name)
{
	CREATE3args args = { .where = { call_fh(&dir),
	    (char *)(uintptr_t)name } };
	uint32_t xid = client_send(f.c, NFSPROC3_CREATE,
	    (xdrproc_t)xdr_CREATE3args, &args);

	cr_assert_neq(xid, 0);
	return xid;
}

static void
wait_create(uint32_t xid)
{
	CREATE3res res;

	memset(&res, 0, sizeof(res));
	cr_assert_eq(client_wait(f.c, xid, (xdrproc_t)xdr_CREATE3res, &res),
	    RPC_SUCCESS);
	OK(res.status);
	client_nfs_free(CREATE, &res);
}

/* One that comes as a surprise does: the loop made changes so far. */
Test(inline, on_storage_known_to_be_slow_a_create_delays_no_metadata)
{
	uint32_t xid;

	atomic_store(&slow_op, HOST_WRITE);
	wait_create(send_create("first"));
	xid = send_create("second");
	wait_sleeping(1);
	expect_prompt(f.c, "CREATE in the same directory");
	cr_expect_geq(atomic_load(&sleeping), 1, "the CREATE was over");
	wait_create(xid);
}

Test(inline, changes_of_names_run_on_the_loop_where_the_storage_is_quick)
{
	struct server_counts before, after;
	struct reply r;
	int i;

	/* A busy machine can make any of them slow: they are many. */
	before = counts();
	for (i = 0; i < 50; i++) {
		OK(call_create(f.c, &dir, "a", UNCHECKED, NULL, &r));
		OK(call_rename(f.c, &dir, "a", &dir, "b", NULL));
		OK(call_remove(f.c, &dir, "b", NULL));
	}
	after = counts();
	cr_expect_gt(after.on_loop, before.on_loop);
	cr_expect_eq(after.on_loop + after.on_worker, before.on_loop +
	    before.on_worker + 150);
	before = after;
	OK(call_mkdir(f.c, &dir, "new", NULL, &r));
	OK(call_rename(f.c, &dir, "new", &f.root, "new", NULL));
	OK(call_rmdir(f.c, &f.root, "new", NULL));
	cr_expect_eq(counts().on_worker - before.on_worker, 3);
}

/* What opening a file to write it anew sends. */
Test(inline, a_file_is_emptied_on_the_loop_once_the_storage_is_known)
{
	struct server_counts before, after;
	sattr3 s = call_size(0);
	int i;

	before = counts();
	for (i = 0; i < 50; i++) {
		OK(call_write(f.c, &file, 0, "text", 4, FILE_SYNC, NULL));
		OK(call_setattr(f.c, &file, &s, NULL, NULL));
	}
	after = counts();
	cr_expect_gt(after.on_loop, before.on_loop);
	cr_expect_eq(after.on_loop + after.on_worker, before.on_loop +
	    before.on_worker + 100);
	before = after;
	s = call_size(3);
	OK(call_setattr(f.c, &file, &s, NULL, NULL));
	cr_expect_eq(counts().on_loop, before.on_loop, "another size");
}
