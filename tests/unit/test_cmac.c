#include "config.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "tests/unit/kat.h"
#include "vault/cmac.h"

/* NIST SP 800-38B, appendix D.3 (AES-256). */
#define KEY	"603deb1015ca71be2b73aef0857d7781" \
		"1f352c073b6108d72d9810a30914dff4"
#define MSG	"6bc1bee22e409f96e93d7e117393172a" \
		"ae2d8a571e03ac9c9eb76fac45af8e51" \
		"30c81c46a35ce411e5fbc1191a0a52ef" \
		"f69f2445df4f9b17ad2b417be66c3710"

static EVP_CIPHER *ecb, *cbc;
static struct cmac m;
static uint8_t key[32];

static void
setup(void)
{
	cr_assert_eq(kat_hex(KEY, key, sizeof(key)), sizeof(key));
	ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
	cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	cr_assert(cmac_init(&m, ecb, cbc, key));
}

static void
teardown(void)
{
	cmac_fini(&m);
	EVP_CIPHER_free(ecb);
	EVP_CIPHER_free(cbc);
}

TestSuite(cmac, .init = setup, .fini = teardown);

Test(cmac, the_vectors_of_nist_hold)
{
	static const struct {
		size_t len;
		const char *mac;
	} nist[] = {
		{ 0, "028962f61b7bf89efc6b551f4667d983" },
		{ 16, "28a7023f452e8f82bd4bf28d8c37c35c" },
		{ 40, "aaf3d8f1de5640c232f5b169b9c911e6" },
		{ 64, "e1992190549f6ed5696a2c056c315410" },
	};
	uint8_t msg[64], want[16], mac[16];

	cr_assert_eq(kat_hex(MSG, msg, sizeof(msg)), sizeof(msg));
	for (size_t i = 0; i < sizeof(nist) / sizeof(nist[0]); i++) {
		(void)kat_hex(nist[i].mac, want, sizeof(want));
		cr_assert(cmac_make(&m, msg, nist[i].len, NULL, mac));
		cr_expect_arr_eq(mac, want, 16, "%zu", nist[i].len);
	}
	(void)kat_hex(nist[1].mac, want, sizeof(want));
	cr_assert(cmac_make_block(&m, msg, mac));
	cr_expect_arr_eq(mac, want, 16);
}

/* OpenSSL's own CMAC, which is not ours. */
static void
oracle(const uint8_t *msg, size_t len, uint8_t out[16])
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	char name[] = "AES-256-CBC";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, name,
		    0),
		OSSL_PARAM_construct_end(),
	};
	size_t n;

	cr_assert_eq(EVP_MAC_init(ctx, key, sizeof(key), params), 1);
	cr_assert_eq(EVP_MAC_update(ctx, msg, len), 1);
	cr_assert_eq(EVP_MAC_final(ctx, out, &n, 16), 1);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
}

Test(cmac, every_length_agrees_with_openssl)
{
	uint8_t msg[600], want[16], mac[16];

	for (size_t i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t)(i * 31 + 7);
	for (size_t len = 0; len <= sizeof(msg); len++) {
		oracle(msg, len, want);
		cr_assert(cmac_make(&m, msg, len, NULL, mac));
		cr_assert_arr_eq(mac, want, 16, "%zu", len);
	}
}

Test(cmac, an_end_is_xored_into_the_last_sixteen_bytes)
{
	uint8_t msg[600], end[16], want[16], mac[16];

	for (size_t i = 0; i < sizeof(end); i++)
		end[i] = (uint8_t)(0xa0 + i);
	memset(msg, 0x5a, sizeof(msg));
	for (size_t len = 16; len <= sizeof(msg); len++) {
		cr_assert(cmac_make(&m, msg, len, end, mac));
		for (size_t i = 0; i < 16; i++)
			msg[len - 16 + i] ^= end[i];
		oracle(msg, len, want);
		for (size_t i = 0; i < 16; i++)
			msg[len - 16 + i] ^= end[i];
		cr_assert_arr_eq(mac, want, 16, "%zu", len);
	}
}
