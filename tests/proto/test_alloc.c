/*
 * test_alloc.c - a call like the one before it takes nothing from the heap.
 *
 * Counts by standing in front of the C library's allocator, so only where
 * that is glibc's and no sanitizer has its own.
 */
#include "config.h"

#include <ev.h>
#include <stdatomic.h>

#include "tests/proto/check.h"
#include "tests/proto/expect.h"
#include "tests/proto/sanitized.h"

#if defined(__GLIBC__) && !defined(SANITIZED) && !defined(ARENA_DEBUG)

/* In glibc, and in no header of it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static atomic_ulong allocations;

void *
malloc(size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_realloc(p, size);
}

/*
 * libev has arrays that are there after the first timer, and double with the
 * events of a pass: not what a call takes, and in no call that can be
 * foretold.  Counted apart, and bounded.
 */
#define EV_MAX	24u

static atomic_uint ev_allocations;

static void *
ev_memory(void *p, long size)
{
	if (size == 0) {
		free(p);
		return NULL;
	}
	atomic_fetch_add(&ev_allocations, 1);
	return __libc_realloc(p, (size_t)size);
}

static uint8_t record[1100 * 1024];

/* No more workers when those that are there are stuck: a thread is memory. */
static void
start_few(void)
{
	options.workers = options.workers_max = 2;
	ev_set_allocator(ev_memory);
	start();
}

static void
stop_few(void)
{
	stop();
	cr_expect_leq(atomic_load(&ev_allocations), EV_MAX);
}

TestSuite(alloc, .init = start_few, .fini = stop_few, .timeout = 60);

/* Send the record many times; the first few may allocate. */
static void
expect_no_allocation(size_t len)
{
	int fd = raw_connect(&server);
	unsigned long before = 0;
	unsigned i;

	for (i = 0; i < 400; i++) {
		if (i == 200)
			before = atomic_load(&allocations);
		cr_assert(raw_send(fd, record, len));
		cr_assert_geq(raw_reply(fd, reply, sizeof(reply)), 24);
	}
	cr_expect_eq(atomic_load(&allocations) - before, 0, "%lu in 200 calls",
	    atomic_load(&allocations) - before);
	(void)close(fd);
}

static void
expect_no_allocation_for(const struct raw *r)
{
	memcpy(record, r->b, r->len);
	expect_no_allocation(r->len);
}

Test(alloc, a_call_on_the_loop_takes_nothing_from_the_heap)
{
	struct raw r;

	raw_null(&r, 1);
	expect_no_allocation_for(&r);
	raw_getattr(&r, 1);
	expect_no_allocation_for(&r);
}

Test(alloc, a_call_on_a_worker_takes_nothing_from_the_heap)
{
	struct raw r;

	raw_read(&r, 1, 65536);
	expect_no_allocation_for(&r);
}

Test(alloc, records_of_every_size_take_nothing_from_the_heap)
{
	static const uint32_t sizes[] = { 4096, 60000, 65536, 200000,
	    1048576 };
	struct raw r;
	unsigned i;

	for (i = 0; i < 5; i++) {
		raw_write(&r, 1, sizes[i]);
		memcpy(record, r.b, r.len);
		memset(record + r.len, 0, sizes[i]);
		expect_no_allocation(r.len + sizes[i]);
	}
}

/* -- with a vault: the seven that clients make all day */

static struct fh dir, file;

static void
setup(void)
{
	static char data[200000];
	char name[32];
	int i;

	ev_set_allocator(ev_memory);
	fix_vault(&f, NULL);
	fix_make(&f);
	cr_assert_eq(server_listen(f.server, "127.0.0.1", 0, &server.port,
	    NULL), 0);
	fix_run(&f);
	dir = check_dir(&f.root, "dir");
	file = check_file(&dir, "file");
	OK(call_write(f.c, &file, 0, data, sizeof(data), FILE_SYNC, NULL));
	for (i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "entry %d", i);
		(void)check_file(&dir, name);
	}
	/* a listing is kept once its folder has been left alone */
	raw_sleep_ms(100);
}

static void
teardown(void)
{
	fix_stop(&f);
	cr_expect_leq(atomic_load(&ev_allocations), EV_MAX);
}

TestSuite(alloc_vault, .init = setup, .fini = teardown, .timeout = 60);

/* The call as a record, in record[]; its length. */
static size_t
encode(uint32_t proc, xdrproc_t enc, const void *args)
{
	uint32_t mark;
	uint8_t *rec;
	size_t len;

	rec = client_encode(f.c, 100003, 3, proc, enc, args, &len, NULL);
	cr_assert_not_null(rec);
	cr_assert_leq(len + 4, sizeof(record));
	mark = htonl(0x80000000u | (uint32_t)len);
	memcpy(record, &mark, 4);
	memcpy(record + 4, rec, len);
	free(rec);
	return len + 4;
}

static uint8_t large[300 * 1024];

/* Each time another xid, or it would be a copy of the one before. */
static void
expect_none(const char *what, uint32_t proc, xdrproc_t enc, const void *args)
{
	size_t len = encode(proc, enc, args);
	int fd = raw_connect(&server);
	unsigned long before = 0;
	uint32_t i, xid;

	for (i = 0; i < 300; i++) {
		if (i == 200)
			before = atomic_load(&allocations);
		xid = htonl(i + (proc << 16));
		memcpy(record + 4, &xid, 4);
		cr_assert(raw_send(fd, record, len));
		cr_assert_gt(raw_reply(fd, large, sizeof(large)), 24);
		cr_assert_eq(raw_get(large + 20), 0, "%s", what);
		cr_assert_eq(raw_get(large + 24), 0, "%s: status %u", what,
		    raw_get(large + 24));
	}
	cr_expect_eq(atomic_load(&allocations) - before, 0, "%s: %lu in 100 "
	    "calls", what, atomic_load(&allocations) - before);
	(void)close(fd);
}

#define NONE(P, ...)							\
	do {								\
		P##3args args_ = { __VA_ARGS__ };			\
		expect_none(#P, NFSPROC3_##P, (xdrproc_t)xdr_##P##3args, \
		    &args_);						\
	} while (0)

Test(alloc_vault, metadata_takes_nothing_from_the_heap)
{
	NONE(GETATTR, call_fh(&file));
	NONE(GETATTR, call_fh(&dir));
	NONE(LOOKUP, { call_fh(&dir), (char *)(uintptr_t)"entry 7" });
	NONE(ACCESS, call_fh(&file), 63);
}

Test(alloc_vault, a_listing_that_is_kept_takes_nothing_from_the_heap)
{
	NONE(READDIRPLUS, .dir = call_fh(&dir), .dircount = 65536,
	    .maxcount = 65536);
}

Test(alloc_vault, data_takes_nothing_from_the_heap)
{
	static char data[65536];

	NONE(READ, call_fh(&file), 0, 4096);
	NONE(READ, call_fh(&file), 32768, 131072);
	NONE(WRITE, .file = call_fh(&file), .offset = 32768,
	    .count = 65536, .stable = UNSTABLE, .data = { 65536, data });
	NONE(COMMIT, .file = call_fh(&file));
}

#else

Test(alloc, nothing_is_counted_here, .disabled = true)
{
}

#endif
