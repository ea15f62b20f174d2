#include "config.h"

#include <openssl/evp.h>

#include "tests/unit/kat.h"
#include "vault/base64.h"
#include "vault/siv.h"

/*
 * The vectors of RFC 5297 have 128-bit halves and Cryptomator's 256, so the
 * known answers are those of Cryptomator's library (names, directory ids; see
 * test_name.c too), and OpenSSL's AES-256-SIV where that is right.
 */

static struct keys *k;
static struct kctx *c;

static void
setup(void)
{
	k = kat_counting_keys();
	c = keys_take(k);
	cr_assert_not_null(c);
}

static void
teardown(void)
{
	keys_drop(k, c);
	keys_free(k);
}

TestSuite(siv, .init = setup, .fini = teardown);

Test(siv, no_associated_data_is_not_empty_associated_data)
{
	uint8_t none[SIV_TAG_LEN + 5], empty[SIV_TAG_LEN + 5], out[5];

	cr_assert(siv_encrypt(c, NULL, 0, "hello", 5, none));
	cr_assert(siv_encrypt(c, "", 0, "hello", 5, empty));
	cr_expect_arr_neq(none, empty, sizeof(none));
	cr_expect(siv_decrypt(c, NULL, 0, none, sizeof(none), out));
	cr_expect_arr_eq(out, "hello", 5);
	cr_expect(siv_decrypt(c, "", 0, empty, sizeof(empty), out));
	cr_expect_not(siv_decrypt(c, "", 0, none, sizeof(none), out));
	cr_expect_not(siv_decrypt(c, NULL, 0, empty, sizeof(empty), out));
}

Test(siv, the_empty_text_has_a_tag_of_its_own)
{
	/* kat.json: the root's directory hash is made from this tag */
	static const uint8_t zero[SIV_TAG_LEN];
	uint8_t none[SIV_TAG_LEN], empty[SIV_TAG_LEN], out[1];

	cr_assert(siv_encrypt(c, NULL, 0, "", 0, none));
	cr_assert(siv_encrypt(c, "", 0, "", 0, empty));
	cr_expect_arr_neq(none, zero, sizeof(zero));
	cr_expect_arr_neq(none, empty, sizeof(zero));
	cr_expect(siv_decrypt(c, NULL, 0, none, sizeof(none), out));
	none[3] ^= 1;
	cr_expect_not(siv_decrypt(c, NULL, 0, none, sizeof(none), out));
}

Test(siv, a_known_name_is_decrypted_to_itself)
{
	json_t *root = kat_load(), *v;
	uint8_t sealed[600], out[600];
	size_t n, seen = 0;

	KAT_FOREACH(root, "names", v) {
		const char *c9r = kat_text(v, "c9r");
		const char *name = kat_text(v, "name");
		const char *id = kat_text(v, "dir_id");

		cr_assert(base64url_decode(c9r, strlen(c9r) - 4, sealed, &n));
		cr_assert(siv_decrypt(c, id, strlen(id), sealed, n, out));
		cr_expect_eq(n - SIV_TAG_LEN, strlen(name));
		cr_expect_arr_eq(out, name, strlen(name));
		/* in place as well */
		cr_assert(siv_decrypt(c, id, strlen(id), sealed, n,
		    sealed + SIV_TAG_LEN));
		cr_expect_arr_eq(sealed + SIV_TAG_LEN, name, strlen(name));
		seen++;
	}
	cr_expect_eq(seen, 18);
	json_decref(root);
}

/* OpenSSL's SIV: S2V key first, so macKey || encKey. */
static bool
oracle(const uint8_t *ad, size_t adlen, const uint8_t *in, size_t len,
    uint8_t *out)
{
	EVP_CIPHER *alg = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
	EVP_CIPHER_CTX *ctx;
	uint8_t key[KEYS_RAW_LEN];
	int n;
	bool ok;

	if (alg == NULL)
		return false;
	memcpy(key, keys_mac(k), KEYS_LEN);
	memcpy(key + KEYS_LEN, keys_enc(k), KEYS_LEN);
	ctx = EVP_CIPHER_CTX_new();
	ok = EVP_EncryptInit_ex2(ctx, alg, key, NULL, NULL) == 1 &&
	    (ad == NULL ||
	    EVP_EncryptUpdate(ctx, NULL, &n, ad, (int)adlen) == 1) &&
	    EVP_EncryptUpdate(ctx, out + 16, &n, in, (int)len) == 1 &&
	    EVP_EncryptFinal_ex(ctx, out + 16 + n, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out) == 1;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(alg);
	return ok;
}

Test(siv, every_length_agrees_with_openssl)
{
	uint8_t in[600], ad[100], want[16 + 600], got[16 + 600], back[600];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 89 + 3);
	memset(ad, 'i', sizeof(ad));
	if (!oracle(NULL, 0, in, 1, want))
		cr_skip_test("this libcrypto has no AES-256-SIV");
	for (size_t len = 1; len <= sizeof(in); len++) {
		size_t adlen = 1 + len % sizeof(ad);

		cr_assert(oracle(NULL, 0, in, len, want));
		cr_assert(siv_encrypt(c, NULL, 0, in, len, got));
		cr_assert_eq(memcmp(got, want, 16 + len), 0, "%zu", len);
		cr_assert(oracle(ad, adlen, in, len, want));
		cr_assert(siv_encrypt(c, ad, adlen, in, len, got));
		cr_assert_eq(memcmp(got, want, 16 + len), 0, "%zu", len);
		cr_assert(siv_decrypt(c, ad, adlen, got, 16 + len, back));
		cr_assert_eq(memcmp(back, in, len), 0);
	}
}

Test(siv, the_associated_data_kept_from_last_time_is_only_used_for_itself)
{
	char ids[4][66], out[5][SIV_TAG_LEN + 3], again[SIV_TAG_LEN + 3];

	/* same length, other bytes; at and over the length that is kept */
	memset(ids, 'x', sizeof(ids));
	ids[1][0] = 'y';
	for (size_t len = 62; len <= 66; len++)
		for (int round = 0; round < 3; round++)
			for (int i = 0; i < 4; i++) {
				uint8_t *o = (uint8_t *)out[i];

				ids[i][1] = (char)('a' + i);
				cr_assert(siv_encrypt(c, ids[i], len, "abc", 3,
				    round == 0 ? o : (uint8_t *)again));
				if (round > 0)
					cr_assert_arr_eq(again, o,
					    sizeof(again));
				for (int j = 0; j < i; j++)
					cr_assert_arr_neq(out[j], out[i],
					    sizeof(again));
			}
}

Test(siv, any_flipped_bit_is_noticed_and_leaves_no_text)
{
	static const uint8_t zero[40];
	uint8_t sealed[SIV_TAG_LEN + 40], out[40];

	memset(out, 'p', sizeof(out));
	cr_assert(siv_encrypt(c, "id", 2, out, sizeof(out), sealed));
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(siv_decrypt(c, "id", 2, sealed, sizeof(sealed),
		    out));
		cr_assert_arr_eq(out, zero, sizeof(zero));
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_expect(siv_decrypt(c, "id", 2, sealed, sizeof(sealed), out));
	cr_expect_not(siv_decrypt(c, "iD", 2, sealed, sizeof(sealed), out));
	cr_expect_not(siv_decrypt(c, "id", 2, sealed, sizeof(sealed) - 1,
	    out));
	cr_expect_not(siv_decrypt(c, "id", 2, sealed, 15, out));
}
