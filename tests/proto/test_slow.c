/*
 * Storage that takes a second for each call: what is known is answered all the
 * same, one slow file stops nobody else, and when the storage is quick again
 * metadata is back on the loop.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/heap.h"
#include "nfsd/attrs.h"
#include "nfsd/worker.h"
#include "tests/proto/check.h"
#include "vault/host.h"

#define LIMIT_US	900000		/* typical is below 1,000 */

static atomic_uint delay_ms;		/* of every call */
static atomic_bool gate;		/* reads wait while it is shut */
static atomic_int to_wait;		/* so many of them */
static atomic_uint returned;		/* heap_return() */
static struct fh dir, file, other;

static int
hook(void *ctx, enum host_op op, const char *path)
{
	unsigned ms = atomic_load(&delay_ms);

	(void)ctx;
	(void)path;
	if (ms > 0)
		(void)usleep(ms * 1000);
	if (op == HOST_READ && atomic_load(&gate) &&
	    atomic_fetch_sub(&to_wait, 1) > 0)
		while (atomic_load(&gate))
			(void)usleep(1000);
	return 0;
}

static void
count_return(bool force)
{
	(void)force;
	atomic_fetch_add(&returned, 1);
}

static void
setup(void)
{
	struct fix_options o = { .workers = 2, .slow_us = 20000,
	    .more_workers = true };
	static char data[100000];

	heap_return_by(count_return);
	host_set_hook(hook, NULL);
	fix_start(&f, &o);
	dir = check_dir(&f.root, "dir");
	file = check_file(&dir, "file");
	other = check_file(&dir, "other");
	OK(call_write(f.c, &file, 0, data, sizeof(data), FILE_SYNC, NULL));
	OK(call_write(f.c, &other, 0, data, sizeof(data), FILE_SYNC, NULL));
}

static void
teardown(void)
{
	atomic_store(&delay_ms, 0);
	atomic_store(&gate, false);
	fix_stop(&f);
	host_set_hook(NULL, NULL);
}

TestSuite(slow, .init = setup, .fini = teardown, .timeout = 120);

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

/* Until attributes of the object are answered from memory. */
static void
warm_up(const struct fh *fh)
{
	uint64_t before;
	fattr3 a;
	int i;

	for (i = 0; i < 20; i++) {
		before = counts().on_loop;
		OK(call_getattr(f.c, fh, &a));
		if (i > 0 && counts().on_loop > before)
			return;
	}
	cr_assert_fail("the loop never answers");
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

static void
ask_all(int64_t *worst)
{
	uint32_t bits;
	int64_t t;
	fattr3 a;
	int k;

	for (k = 0; k < 4; k++) {
		t = now_us();
		if (k == 0)
			cr_assert_eq(client_null(f.c), RPC_SUCCESS);
		else if (k == 1)
			OK(call_getattr(f.c, &file, &a));
		else if (k == 2)
			OK(call_access(f.c, &file, 63, &bits, NULL));
		else
			OK(call_getattr(f.c, &dir, &a));
		t = now_us() - t;
		if (t > *worst)
			*worst = t;
	}
}

Test(slow, known_attributes_are_answered_while_each_call_takes_a_second)
{
	LOOKUP3args look = { { call_fh(&dir), (char *)(uintptr_t)"other" } };
	int64_t worst = 0, end;
	uint32_t xid, lookup;
	LOOKUP3res res;
	unsigned n = 0;

	atomic_store(&delay_ms, 1000);
	warm_up(&file);
	warm_up(&dir);
	/* for longer than attributes are believed */
	end = now_us() + ATTRS_MAX_US + 1000000;
	xid = send_read(f.clients[1], &other);
	lookup = client_send(f.clients[2], NFSPROC3_LOOKUP,
	    (xdrproc_t)xdr_LOOKUP3args, &look);
	while (now_us() < end) {
		ask_all(&worst);
		n += 4;
		(void)usleep(10000);
	}
	(void)fprintf(stderr, "storage of 1 s, %u calls: at most %lld us\n",
	    n, (long long)worst);
	cr_expect_lt(worst, LIMIT_US, "%lld us", (long long)worst);
	atomic_store(&delay_ms, 0);
	wait_read(f.clients[1], xid);
	memset(&res, 0, sizeof(res));
	cr_assert_eq(client_wait(f.clients[2], lookup,
	    (xdrproc_t)xdr_LOOKUP3res, &res), RPC_SUCCESS);
	OK(res.status);
	client_nfs_free(LOOKUP, &res);
}

Test(slow, when_it_is_quick_again_metadata_is_back_on_the_loop)
{
	struct server_counts before;
	int64_t end = now_us() + 60000000;
	fattr3 a;

	atomic_store(&delay_ms, 50);
	warm_up(&file);
	before = counts();
	OK(call_lookup(f.c, &dir, "file", NULL));
	cr_expect_eq(counts().on_loop, before.on_loop);
	atomic_store(&delay_ms, 0);
	do {
		OK(call_getattr(f.c, &file, &a));
		(void)usleep(10000);
		before = counts();
		OK(call_lookup(f.c, &dir, "file", NULL));
	} while (counts().on_loop == before.on_loop && now_us() < end);
	cr_expect_eq(counts().on_loop, before.on_loop + 1);
	cr_expect_eq(counts().on_worker, before.on_worker);
}

Test(slow, our_own_changes_are_seen_at_once)
{
	fattr3 a, before;
	sattr3 s;
	int i;

	atomic_store(&delay_ms, 30);
	warm_up(&file);
	for (i = 0; i < 8; i++) {
		s = call_mode(0600 + (unsigned)i);
		OK(call_setattr(f.c, &file, &s, NULL, NULL));
		OK(call_getattr(f.c, &file, &a));
		cr_expect_eq(a.mode, 0600 + (unsigned)i);
		OK(call_write(f.c, &file, 100000 + (unsigned)i, "x", 1,
		    UNSTABLE, NULL));
		OK(call_getattr(f.c, &file, &a));
		cr_expect_eq(a.size, 100001 + (unsigned)i);
	}
	warm_up(&dir);
	OK(call_getattr(f.c, &dir, &before));
	(void)check_dir(&dir, "sub");
	OK(call_getattr(f.c, &dir, &a));
	cr_expect_not(check_same_time(&a.mtime, &before.mtime));
	OK(call_remove(f.c, &dir, "file", &(struct reply){ 0 }));
	IS(STALE, call_getattr(f.c, &file, &a));
}

/* All workers wait for one file; more are started for the others. */
Test(slow, one_slow_file_stops_nobody_else)
{
	uint32_t xid[4];
	int i;

	atomic_store(&to_wait, 4);
	atomic_store(&gate, true);
	for (i = 0; i < 4; i++)
		xid[i] = send_read(f.clients[1], &file);
	while (atomic_load(&to_wait) > 0)
		(void)usleep(1000);
	wait_read(f.c, send_read(f.c, &other));
	cr_expect(atomic_load(&gate));
	cr_expect_geq(counts().workers, 5);
	cr_expect_eq(atomic_load(&returned), 0);
	atomic_store(&gate, false);
	for (i = 0; i < 4; i++)
		wait_read(f.clients[1], xid[i]);
	/* then those that were too many end, and what they had goes back */
	for (i = 0; i < 3 * WORKER_LINGER_S && atomic_load(&returned) == 0; i++)
		(void)sleep(1);
	cr_expect_eq(counts().workers, 2);
	cr_expect_eq(atomic_load(&returned), 1);
}
