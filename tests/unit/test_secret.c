#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <criterion/criterion.h>

#include "base/secret.h"
#include "tests/unit/probe.h"

Test(secret, memory_is_zeroed_and_starts_a_page_of_its_own)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i;
	uint8_t *a = secret_alloc(64), *b = secret_alloc(64);

	cr_assert_not_null(a);
	cr_assert_not_null(b);
	cr_expect_eq((uintptr_t)a % page, 0);
	cr_expect_eq((uintptr_t)b % page, 0);
	for (i = 0; i < page; i++)
		cr_assert_eq(a[i], 0);
	memset(a, 1, 64);
	secret_free(a, 64);
	secret_free(b, 64);
}

Test(secret, sizes_around_a_page_can_all_be_used)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i;
	size_t sizes[] = { 0, 1, page - 1, page, page + 1, 3 * page };
	uint8_t *p;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		p = secret_alloc(sizes[i]);
		cr_assert_not_null(p);
		memset(p, 0xff, sizes[i]);
		secret_free(p, sizes[i]);
	}
}

Test(secret, a_size_near_the_limit_of_size_t_does_not_wrap)
{
	size_t i;

	for (i = 0; i < 5000; i += 7)
		cr_expect_null(secret_alloc(SIZE_MAX - i));
	secret_free(NULL, 64);
	secret_free(NULL, SIZE_MAX);
}

Test(secret, no_permission_to_lock_is_tolerated)
{
	struct rlimit none = { 0, 0 };
	uint8_t *p;

	cr_expect(secret_is_locked());
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	/* root may lock what it likes */
	cr_assert(geteuid() != 0 || setuid(65534) == 0);
	p = secret_alloc(2 << 20);
	cr_assert_not_null(p);
	secret_free(p, 2 << 20);
#ifndef PROBE_SANITIZER		/* one makes mlock() do nothing */
	cr_expect(secret_is_locked(), "so much is not for keys");
#endif
	p = secret_alloc(100);
	cr_assert_not_null(p);
	p[99] = 1;
	secret_free(p, 100);
#ifndef PROBE_SANITIZER
	cr_expect_not(secret_is_locked());
#endif
}

#ifdef __linux__
/* The line of /proc/self/smaps that starts with key, for the mapping at p. */
static bool
smaps_line(const void *p, const char *key, char *line, size_t size)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long lo, hi;
	bool inside = false, found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(line, (int)size, f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &lo, &hi) == 2)
			inside = (uintptr_t)p >= lo && (uintptr_t)p < hi;
		found = inside && strncmp(line, key, strlen(key)) == 0;
	}
	fclose(f);
	return found;
}

Test(secret, memory_is_locked_and_kept_out_of_core_dumps)
{
	void *p = secret_alloc(64);
	char line[256];
	struct rlimit lim;

	cr_assert_not_null(p);
	if (!smaps_line(p, "VmFlags:", line, sizeof(line)))
		cr_skip_test("no smaps here");
	cr_expect_not_null(strstr(line, " dd"), "%s", line);
	cr_assert_eq(getrlimit(RLIMIT_MEMLOCK, &lim), 0);
#ifndef PROBE_SANITIZER		/* one makes mlock() do nothing */
	if (lim.rlim_cur >= 65536)
		cr_expect_not_null(strstr(line, " lo"), "%s", line);
#endif
	secret_free(p, 64);
}

Test(secret, freed_memory_is_gone)
{
	char line[256];
	void *p = secret_alloc(64);

	cr_assert_not_null(p);
	if (!smaps_line(p, "VmFlags:", line, sizeof(line)))
		cr_skip_test("no smaps here");
	secret_free(p, 64);
	cr_expect_not(smaps_line(p, "VmFlags:", line, sizeof(line)));
}

Test(secret, the_process_can_neither_be_dumped_nor_traced)
{
	secret_process_init();
	cr_expect_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
}
#endif

Test(secret, the_process_leaves_no_core)
{
	struct rlimit lim;

	secret_process_init();
	cr_assert_eq(getrlimit(RLIMIT_CORE, &lim), 0);
	cr_expect_eq(lim.rlim_cur, 0);
	cr_expect_eq(lim.rlim_max, 0);
}

Test(secret, zeroing_touches_just_the_bytes_named)
{
	uint8_t b[40];
	size_t i;

	memset(b, 0xff, sizeof(b));
	secret_zero(b + 3, 30);
	for (i = 0; i < sizeof(b); i++)
		cr_expect_eq(b[i], i >= 3 && i < 33 ? 0 : 0xff);
}

Test(secret, equal_is_equal_in_every_bit)
{
	uint8_t a[33], b[33];
	size_t i;

	memset(a, 0x5a, sizeof(a));
	memcpy(b, a, sizeof(b));
	cr_expect(secret_equal(a, b, sizeof(a)));
	cr_expect(secret_equal(a, b, 0));
	for (i = 0; i < sizeof(a) * 8; i++) {
		b[i / 8] ^= 1u << i % 8;
		cr_expect_not(secret_equal(a, b, sizeof(a)));
		b[i / 8] ^= 1u << i % 8;
	}
	b[32] ^= 1;
	cr_expect(secret_equal(a, b, 32), "what is beyond len does not count");
}

/* -- pieces */

Test(secret, pieces_of_every_size_are_zeroed_aligned_and_apart)
{
	enum { N = 300 };
	static uint8_t *p[N];
	size_t i, k, len;

	for (i = 0; i < N; i++) {
		len = i * i + 1;
		cr_assert_not_null(p[i] = secret_take(len));
		cr_expect_eq((uintptr_t)p[i] % _Alignof(max_align_t), 0);
		cr_expect_geq(secret_room(p[i]), len);
		for (k = 0; k < len; k++)
			cr_assert_eq(p[i][k], 0);
		memset(p[i], (int)(i | 1), len);
	}
	for (i = 0; i < N; i++)
		for (k = 0; k < i * i + 1; k++)
			cr_assert_eq(p[i][k], (uint8_t)(i | 1));
	for (i = 0; i < N; i += 2)
		secret_give(p[i]);
	for (i = 0; i < N; i += 2) {
		cr_assert_not_null(p[i] = secret_take(i * i + 1));
		for (k = 0; k < i * i + 1; k++)
			cr_assert_eq(p[i][k], 0, "given back, not zeroed");
	}
	for (i = 1; i < N; i += 2)
		for (k = 0; k < i * i + 1; k++)
			cr_assert_eq(p[i][k], (uint8_t)(i | 1));
	for (i = 0; i < N; i++)
		secret_give(p[i]);
	secret_give(NULL);
}

Test(secret, a_piece_that_grows_or_shrinks_keeps_its_bytes)
{
	static const size_t sizes[] = { 1, 33, 5000, 100000, 9000, 64, 16, 40 };
	uint8_t *p = secret_again(NULL, 8);
	size_t i, k, had = 8;

	cr_assert_not_null(p);
	memset(p, 7, 8);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cr_assert_not_null(p = secret_again(p, sizes[i]));
		cr_assert_geq(secret_room(p), sizes[i]);
		for (k = 0; k < sizes[i] && k < had; k++)
			cr_assert_eq(p[k], 7);
		memset(p, 7, had = sizes[i]);
	}
	secret_give(p);
}

Test(secret, a_piece_near_the_limit_of_size_t_is_refused)
{
	cr_expect_null(secret_take(SIZE_MAX));
	cr_expect_null(secret_take(SIZE_MAX - 100));
	cr_expect_null(secret_take(SIZE_MAX / 2 + 1));
	cr_expect_null(secret_pages(SIZE_MAX - 10, 65536));
}

Test(secret, what_holds_names_is_moved_whole)
{
	char *p = malloc(10), *q;

	cr_assert_not_null(p);
	memcpy(p, "123456789", 10);
	cr_assert_not_null(q = secret_move(p, 10, 1000));
	cr_expect_str_eq(q, "123456789");
	secret_drop(q, 10);
	secret_drop(NULL, 10);
}

#ifdef __linux__
#ifndef PROBE_SANITIZER		/* each piece is a malloc there */
Test(secret, pieces_are_locked_and_kept_out_of_core_dumps)
{
	static const size_t sizes[] = { 1, 700, 8192, 8193, 200000 };
	char line[256];
	size_t i;
	void *p;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cr_assert_not_null(p = secret_take(sizes[i]));
		if (!smaps_line(p, "VmFlags:", line, sizeof(line)))
			cr_skip_test("no smaps here");
		cr_expect_not_null(strstr(line, " dd"), "%zu: %s", sizes[i],
		    line);
		cr_expect_not_null(strstr(line, " lo"), "%zu: %s", sizes[i],
		    line);
		secret_give(p);
	}
}

Test(secret, a_large_piece_goes_back_to_the_system)
{
	char line[256];
	void *p = secret_take(1 << 20);

	cr_assert_not_null(p);
	if (!smaps_line(p, "VmFlags:", line, sizeof(line)))
		cr_skip_test("no smaps here");
	secret_give(p);
	cr_expect_not(smaps_line(p, "VmFlags:", line, sizeof(line)));
}
#endif
#endif

static void *
churn(void *arg)
{
	uint8_t *p[16] = { NULL };
	unsigned i, k, seed = (unsigned)(uintptr_t)&arg;

	for (i = 0; i < 20000; i++) {
		k = (seed = seed * 1664525u + 1013904223u) >> 28;
		if (p[k] != NULL)
			assert(p[k][0] == k && p[k][k] == k);
		secret_give(p[k]);
		p[k] = secret_take(16 + (seed >> 18) % 300);
		assert(p[k] != NULL && p[k][0] == 0 && p[k][k] == 0);
		p[k][0] = p[k][k] = (uint8_t)k;
	}
	for (k = 0; k < 16; k++)
		secret_give(p[k]);
	return NULL;
}

Test(secret, threads_share_the_pieces)
{
	pthread_t t[4];
	int i;

	for (i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, churn, NULL), 0);
	for (i = 0; i < 4; i++)
		cr_assert_eq(pthread_join(t[i], NULL), 0);
}
