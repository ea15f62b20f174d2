#include "config.h"

#include <criterion/criterion.h>
#include <inttypes.h>

#include "vault/cipher.h"
#include "vault/size.h"

/* The table of vault-format 3.4, measured with Cryptomator's library. */
static const struct {
	uint64_t clear, gcm, ctrmac;
} table[] = {
	{ 0, 68, 88 },
	{ 1, 97, 137 },
	{ 32767, 32863, 32903 },
	{ 32768, 32864, 32904 },
	{ 32769, 32893, 32953 },
	{ 65536, 65660, 65720 },
};
#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const struct cipher *const both[] = { &cipher_gcm, &cipher_ctrmac };

Test(size, the_table_of_the_format_holds_both_ways)
{
	enum size_class class;

	for (size_t i = 0; i < N(table); i++) {
		cr_expect_eq(size_disk(&cipher_gcm, table[i].clear),
		    table[i].gcm);
		cr_expect_eq(size_disk(&cipher_ctrmac, table[i].clear),
		    table[i].ctrmac);
		cr_expect_eq(size_clear(&cipher_gcm, table[i].gcm, &class),
		    table[i].clear);
		cr_expect_eq(class, SIZE_GOOD);
		cr_expect_eq(size_clear(&cipher_ctrmac, table[i].ctrmac,
		    &class), table[i].clear);
		cr_expect_eq(class, SIZE_GOOD);
	}
}

/*
 * The formula in another form: every disk size of the first three chunks is
 * either reached from one clear size, or an empty tail, or damaged.
 */
Test(size, every_disk_size_has_its_class)
{
	for (size_t b = 0; b < N(both); b++) {
		const struct cipher *c = both[b];
		uint64_t full = CIPHER_CHUNK + c->overhead, clear = 0;

		for (uint64_t disk = 0; disk < c->header_len + 3 * full;
		    disk++) {
			enum size_class class, want;
			uint64_t got = size_clear(c, disk, &class);
			uint64_t rest = disk < c->header_len ? 1 :
			    (disk - c->header_len) % full;

			want = disk == 0 ? SIZE_ZERO : SIZE_DAMAGED;
			if (size_disk(c, clear + 1) == disk)
				clear++;
			if (size_disk(c, clear) == disk)
				want = SIZE_GOOD;
			else if (rest == c->overhead)
				want = SIZE_EMPTY_TAIL;
			else if (disk > c->header_len)
				want = SIZE_CUT_TAIL;
			cr_assert_eq(class, want, "%" PRIu64, disk);
			cr_assert_eq(got, clear, "%" PRIu64, disk);
		}
		cr_expect_eq(clear, 3 * CIPHER_CHUNK - 1);
	}
}

Test(size, a_trailing_empty_chunk_hides_nothing)
{
	enum size_class class;

	/* cryptofs takes this file for an empty one (vault-format 0.7) */
	cr_expect_eq(size_clear(&cipher_gcm, 32864 + 28, &class), 32768);
	cr_expect_eq(class, SIZE_EMPTY_TAIL);
	cr_expect_eq(size_clear(&cipher_gcm, 96, &class), 0);
	cr_expect_eq(class, SIZE_EMPTY_TAIL);
	cr_expect_eq(size_clear(&cipher_ctrmac, 136, &class), 0);
	cr_expect_eq(class, SIZE_EMPTY_TAIL);
	cr_expect_eq(size_clear(&cipher_gcm, 32864 + 27, &class), 32768);
	cr_expect_eq(class, SIZE_CUT_TAIL);
	cr_expect_eq(size_clear(&cipher_gcm, 67, &class), 0);
	cr_expect_eq(class, SIZE_DAMAGED);
}

Test(size, the_largest_file_overflows_nothing)
{
	enum size_class class;

	for (size_t b = 0; b < N(both); b++) {
		uint64_t disk = size_disk(both[b], SIZE_CLEAR_MAX);

		cr_expect_gt(disk, SIZE_CLEAR_MAX);
		cr_expect_leq(disk, INT64_MAX);
		cr_expect_eq(size_clear(both[b], disk, &class),
		    SIZE_CLEAR_MAX);
		cr_expect_eq(class, SIZE_GOOD);
		cr_expect_lt(size_clear(both[b], UINT64_MAX, &class),
		    UINT64_MAX);
	}
}

Test(size, a_chunk_starts_where_those_before_it_end)
{
	cr_expect_eq(size_chunk_off(&cipher_gcm, 0), 68);
	cr_expect_eq(size_chunk_off(&cipher_gcm, 1), 68 + 32796);
	cr_expect_eq(size_chunk_off(&cipher_ctrmac, 0), 88);
	cr_expect_eq(size_chunk_off(&cipher_ctrmac, 2), 88 + 2 * 32816);
}
