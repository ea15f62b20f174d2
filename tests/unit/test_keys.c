#include "config.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>

#include "tests/unit/kat.h"
#include "vault/cmac.h"
#include "vault/siv.h"

static struct keys *k;

static void
setup(void)
{
	k = kat_counting_keys();
}

static void
teardown(void)
{
	keys_free(k);
}

TestSuite(keys, .init = setup, .fini = teardown);

Test(keys, the_raw_key_is_enc_then_mac)
{
	for (int i = 0; i < KEYS_LEN; i++) {
		cr_expect_eq(keys_raw(k)[i], i);
		cr_expect_eq(keys_enc(k)[i], i);
		cr_expect_eq(keys_mac(k)[i], KEYS_LEN + i);
	}
}

Test(keys, a_dropped_context_is_the_next_one_taken)
{
	struct kctx *a = keys_take(k), *b = keys_take(k);

	cr_assert_not_null(a);
	cr_assert_not_null(b);
	cr_expect_neq(a, b);
	keys_drop(k, a);
	cr_expect_eq(keys_take(k), a);
	keys_drop(k, NULL);
	keys_drop(k, a);
	keys_drop(k, b);
	keys_free(NULL);
}

Test(keys, a_tag_is_the_cmac_under_the_derived_key)
{
	static const char label[] = "vaultnfs handle v1";
	uint8_t handle[32], want[16], tag[16];
	EVP_CIPHER *ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
	EVP_CIPHER *cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	struct cmac m;

	HMAC(EVP_sha256(), keys_raw(k), KEYS_RAW_LEN,
	    (const unsigned char *)label, strlen(label), handle, NULL);
	cr_assert(cmac_init(&m, ecb, cbc, handle));
	for (size_t len = 0; len < sizeof(label); len++) {
		cr_assert(cmac_make(&m, label, len, NULL, want));
		cr_assert(keys_tag(k, label, len, tag));
		cr_expect_arr_eq(tag, want, 16);
	}
	cmac_fini(&m);
	EVP_CIPHER_free(ecb);
	EVP_CIPHER_free(cbc);
}

Test(keys, tags_and_ids_differ_between_vaults_and_not_between_runs)
{
	uint8_t raw[KEYS_RAW_LEN], t1[16], t2[16], t3[16];
	struct keys *same, *other;

	memcpy(raw, keys_raw(k), sizeof(raw));
	same = keys_new(raw, NULL);
	raw[KEYS_RAW_LEN - 1] ^= 1;
	other = keys_new(raw, NULL);
	cr_assert(keys_tag(k, "x", 1, t1));
	cr_assert(keys_tag(same, "x", 1, t2));
	cr_assert(keys_tag(other, "x", 1, t3));
	cr_expect_arr_eq(t1, t2, 16);
	cr_expect_arr_neq(t1, t3, 16);
	cr_expect_eq(keys_id(k), keys_id(same));
	cr_expect_neq(keys_id(k), keys_id(other));
	keys_free(same);
	keys_free(other);
}

static void *
hammer(void *failed)
{
	uint8_t sealed[SIV_TAG_LEN + 8], first[sizeof(sealed)], tag[16];

	for (int i = 0; i < 2000; i++) {
		struct kctx *c = keys_take(k);

		if (c == NULL || !siv_encrypt(c, "id", 2, "somename", 8,
		    i == 0 ? first : sealed) || !keys_tag(k, "x", 1, tag) ||
		    (i > 0 && memcmp(first, sealed, sizeof(first)) != 0))
			*(bool *)failed = true;
		keys_drop(k, c);
	}
	return NULL;
}

Test(keys, many_threads_share_one_set_of_keys)
{
	pthread_t t[4];
	bool failed[4] = { false };

	for (int i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, hammer, &failed[i]),
		    0);
	for (int i = 0; i < 4; i++) {
		cr_assert_eq(pthread_join(t[i], NULL), 0);
		cr_expect_not(failed[i]);
	}
}
