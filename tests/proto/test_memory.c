/*
 * What many files cost: memory returns when they have been written.  The system
 * that this one learned from kept a write buffer for every file, for ever.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bufpool.h"
#include "tests/proto/check.h"
#include "tests/unit/probe.h"
#include "vault/vault.h"

#define FILES	1000u
#define LEN	200000u		/* of each: 200 MB in all */
#define MIB	(1024u * 1024)

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

TestSuite(memory, .init = setup, .fini = teardown, .timeout = 300);

static void
write_one(unsigned i, const uint8_t *data, bool commit)
{
	struct write_reply w;
	struct fh file;
	char name[32];

	(void)snprintf(name, sizeof(name), "file%u", i);
	file = check_file(&f.root, name);
	cr_assert_eq(call_write(f.c, &file, 0, data, LEN, UNSTABLE, &w),
	    0);
	cr_assert_eq(call_write(f.c, &file, 1000, data, 5000, UNSTABLE, &w),
	    0);
	if (commit)
		cr_assert_eq(call_commit(f.c, &file, &w), 0);
}

/* Its age would be a reason five seconds later only. */
Test(memory, is_made_room_in_before_writers_have_to_wait)
{
	uint8_t data[100] = "x";
	struct write_reply w;
	struct fh file;
	char name[32];
	unsigned i;

	for (i = 0; i < 200; i++) {	/* 4 KiB each */
		(void)snprintf(name, sizeof(name), "file%u", i);
		file = check_file(&f.root, name);
		cr_assert_eq(call_write(f.c, &file, 0, data, sizeof(data),
		    UNSTABLE, &w), 0);
	}
	for (i = 0; i < 300 && vault_dirty(f.vault) > FIX_DIRTY / 4 * 3; i++)
		(void)usleep(10000);
	cr_expect_leq(vault_dirty(f.vault), FIX_DIRTY / 4 * 3);
	cr_expect_gt(vault_dirty(f.vault), 0);
}

Test(memory, of_a_thousand_files_that_were_written_returns)
{
	uint8_t *data = calloc(1, LEN);
	size_t before, after, most = 0;
	uint64_t dirty = 0;
	unsigned i;

	for (i = 0; i < 20; i++)
		write_one(i, data, true);
	before = probe_resident_bytes();
	for (; i < FILES; i++) {
		write_one(i, data, i % 2 == 0);
		if (probe_resident_bytes() > most)
			most = probe_resident_bytes();
		if (vault_dirty(f.vault) > dirty)
			dirty = vault_dirty(f.vault);
	}
	after = probe_resident_bytes();
	/* The cache of clear chunks may have filled; nothing else grows. */
	cr_expect_leq(dirty, FIX_DIRTY + MIB);
	cr_expect(most <= before + VAULT_CACHE_DEFAULT + 24 * MIB,
	    "%zu MiB before, %zu at most", before / MIB, most / MIB);
	cr_expect(after <= before + VAULT_CACHE_DEFAULT + 24 * MIB,
	    "%zu MiB before, %zu after", before / MIB, after / MIB);
	free(data);
}
