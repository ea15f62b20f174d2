/*
 * probe.h - what a test can see of its build and of the heap.
 */
#ifndef TESTS_UNIT_PROBE_H
#define TESTS_UNIT_PROBE_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* PROBE_ASAN: AddressSanitizer.  PROBE_SANITIZER: that or another one. */
#if defined(__SANITIZE_ADDRESS__)
#define PROBE_ASAN	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PROBE_ASAN	1
#endif
#endif

#if defined(PROBE_ASAN) || defined(__SANITIZE_THREAD__)
#define PROBE_SANITIZER	1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define PROBE_SANITIZER	1
#endif
#endif

/*
 * Bytes of the heap that are in use, or 0 where nobody can tell (a C library
 * without mallinfo2(), or another allocator in its place).
 */
static inline size_t
probe_heap_bytes(void)
{
	size_t bytes = 0;

#if defined(__GLIBC__) && !defined(PROBE_SANITIZER)
#if __GLIBC_PREREQ(2, 33)
	enum { SEEN = 4 * 1024 * 1024 };
	struct mallinfo2 before = mallinfo2(), after;
	void *volatile p = malloc(SEEN);

	after = mallinfo2();
	free(p);
	if (p != NULL && after.uordblks + after.hblkhd >=
	    before.uordblks + before.hblkhd + SEEN)
		bytes = before.uordblks + before.hblkhd;
#endif
#endif
	return bytes;
}

/*
 * Resident bytes of this process; 0 where that cannot be told, or means
 * nothing, since a sanitizer keeps what was freed.
 */
static inline size_t
probe_resident_bytes(void)
{
	unsigned long pages = 0;

#ifndef PROBE_SANITIZER
	FILE *in = fopen("/proc/self/statm", "r");

	if (in != NULL && fscanf(in, "%*u %lu", &pages) != 1)
		pages = 0;
	if (in != NULL)
		(void)fclose(in);
#endif
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

#endif /* TESTS_UNIT_PROBE_H */
