/*
 * test_alloc.c - a call like the one before it takes nothing from the heap.
 *
 * Counts by standing in front of the C library's allocator, so only where
 * that is glibc's and no sanitizer has its own.
 */
#include "config.h"

#include <stdatomic.h>

#include "tests/proto/expect.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

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

static uint8_t record[1100 * 1024];

TestSuite(alloc, .init = start, .fini = stop, .timeout = 60);

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

#else

Test(alloc, nothing_is_counted_here, .disabled = true)
{
}

#endif
