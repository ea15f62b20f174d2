/*
 * kctx.c - OpenSSL contexts, keyed once and used again.
 *
 * HMAC is written out on one digest context (RFC 2104): EVP_MAC duplicates its
 * contexts for each message, on the heap.  Hashing the two key blocks anew
 * instead is two more compressions, nothing beside 32 KiB.
 */
#include "config.h"

#include <string.h>

#include "base/secret.h"
#include "vault/kctx.h"

static EVP_CIPHER_CTX *
keyed(const EVP_CIPHER *alg, const uint8_t key[32])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx != NULL &&
	    EVP_EncryptInit_ex2(ctx, alg, key, NULL, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static bool
init_hmac(struct kctx *c, const uint8_t key[32])
{
	memset(c->inner, 0x36, sizeof(c->inner));
	memset(c->outer, 0x5c, sizeof(c->outer));
	for (int i = 0; i < 32; i++) {
		c->inner[i] ^= key[i];
		c->outer[i] ^= key[i];
	}
	c->sha256 = EVP_MD_CTX_new();
	return c->sha256 != NULL &&
	    EVP_DigestInit_ex2(c->sha256, c->algs->sha256, NULL) == 1;
}

static bool
init_s2v(struct kctx *c)
{
	static const uint8_t zero[CMAC_LEN];

	c->ad_len = SIZE_MAX;
	return cmac_make_block(&c->cmac_mac, zero, c->zero_cmac);
}

struct kctx *
kctx_new(const struct kctx_algs *algs, const uint8_t *enc, const uint8_t *mac,
    const uint8_t *handle)
{
	struct kctx *c = secret_take(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->algs = algs;
	c->ecb_enc = keyed(algs->ecb, enc);
	c->ctr_enc = keyed(algs->ctr, enc);
	c->gcm_enc = keyed(algs->gcm, enc);
	c->chunk = EVP_CIPHER_CTX_new();
	if (c->ecb_enc == NULL || EVP_CIPHER_CTX_set_padding(c->ecb_enc,
	    0) != 1 ||
	    c->ctr_enc == NULL || c->gcm_enc == NULL || c->chunk == NULL ||
	    !cmac_init(&c->cmac_mac, algs->ecb, algs->cbc, mac) ||
	    !cmac_init(&c->cmac_handle, algs->ecb, algs->cbc, handle) ||
	    !init_hmac(c, mac) || !init_s2v(c)) {
		kctx_free(c);
		return NULL;
	}
	return c;
}

void
kctx_free(struct kctx *c)
{
	if (c == NULL)
		return;
	cmac_fini(&c->cmac_mac);
	cmac_fini(&c->cmac_handle);
	EVP_CIPHER_CTX_free(c->ecb_enc);
	EVP_CIPHER_CTX_free(c->ctr_enc);
	EVP_CIPHER_CTX_free(c->gcm_enc);
	EVP_CIPHER_CTX_free(c->chunk);
	EVP_MD_CTX_free(c->sha256);
	secret_give(c);
}

bool
kctx_chunk(struct kctx *c, const EVP_CIPHER *alg, const uint8_t key[32],
    const uint8_t *nonce, bool encrypt)
{
	bool same_alg = c->content_alg == alg;
	bool same_key = same_alg &&
	    secret_equal(c->content, key, sizeof(c->content));

	if (EVP_CipherInit_ex2(c->chunk, same_alg ? NULL : alg,
	    same_key ? NULL : key, nonce, encrypt, NULL) != 1) {
		c->content_alg = NULL;
		return false;
	}
	c->content_alg = alg;
	memcpy(c->content, key, sizeof(c->content));
	return true;
}

bool
kctx_hmac_begin(struct kctx *c)
{
	return EVP_DigestInit_ex2(c->sha256, NULL, NULL) == 1 &&
	    EVP_DigestUpdate(c->sha256, c->inner, sizeof(c->inner)) == 1;
}

bool
kctx_hmac_end(struct kctx *c, uint8_t mac[KCTX_HMAC_LEN])
{
	return EVP_DigestFinal_ex(c->sha256, mac, NULL) == 1 &&
	    EVP_DigestInit_ex2(c->sha256, NULL, NULL) == 1 &&
	    EVP_DigestUpdate(c->sha256, c->outer, sizeof(c->outer)) == 1 &&
	    EVP_DigestUpdate(c->sha256, mac, KCTX_HMAC_LEN) == 1 &&
	    EVP_DigestFinal_ex(c->sha256, mac, NULL) == 1;
}
