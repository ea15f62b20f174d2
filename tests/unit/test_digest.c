/* Known answers: FIPS 180-4 examples, as published by NIST. */
#include "config.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "vault/digest.h"

static void
expect_hex(const uint8_t *sum, const char *hex)
{
	char text[2 * DIGEST_LEN + 1];
	size_t i;

	for (i = 0; i < DIGEST_LEN; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", sum[i]);
	cr_expect_str_eq(text, hex);
}

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

Test(digest, of_nothing_is_the_published_one)
{
	struct digest *d = digest_new();
	uint8_t sum[DIGEST_LEN];

	cr_assert(digest_end(d, sum));
	expect_hex(sum, "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
	digest_free(d);
	digest_free(NULL);
}

Test(digest, does_not_depend_on_the_pieces)
{
	struct digest *d = digest_new();
	uint8_t sum[DIGEST_LEN];
	int i;

	cr_assert(digest_add(d, "a", 1) && digest_add(d, "bc", 2));
	cr_assert(digest_end(d, sum));
	expect_hex(sum, ABC);

	/* a million times "a" */
	for (i = 0; i < 10000; i++)
		cr_assert(digest_add(d, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaa", 100));
	cr_assert(digest_end(d, sum));
	expect_hex(sum, "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0");
	digest_free(d);
}

Test(digest, a_new_start_forgets_what_came_before)
{
	struct digest *d = digest_new();
	uint8_t sum[DIGEST_LEN];

	cr_assert(digest_add(d, "something else", 14));
	cr_assert(digest_start(d));
	cr_assert(digest_add(d, "abc", 3));
	cr_assert(digest_end(d, sum));
	expect_hex(sum, ABC);
	digest_free(d);
}
