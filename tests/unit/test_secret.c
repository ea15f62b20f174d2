#include "config.h"

#include <stdint.h>
#include <stdio.h>
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

	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	p = secret_alloc(100);
	cr_assert_not_null(p);
	p[99] = 1;
	secret_free(p, 100);
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
