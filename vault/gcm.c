/*
 * gcm.c - SIV_GCM: headers and chunks by AES-256-GCM (vault-format 3.1).
 *
 * Header: nonce(12) || GCM(encKey, nonce, reserved(8) || content key) || tag
 * Chunk: nonce(12) || GCM(content key, nonce, clear bytes) || tag, with
 * BE64(index) || header nonce as associated data
 */
#include "config.h"

#include <string.h>

#include "base/entropy.h"
#include "base/secret.h"
#include "vault/cipher.h"
#include "vault/kctx.h"

#define NONCE		12u
#define TAG		16u
#define RESERVED	8u		/* all ones; not looked at on reading */
#define SECRET		(RESERVED + 32u)
#define HEADER		(NONCE + SECRET + TAG)
#define OVERHEAD	(NONCE + TAG)
#define AAD		(8u + NONCE)

/* The rest of an encryption whose context has key and nonce. */
static bool
gcm_encrypt(EVP_CIPHER_CTX *ctx, const uint8_t *aad, const uint8_t *in,
    size_t len, uint8_t *out, uint8_t *tag)
{
	int n;

	return (aad == NULL ||
	    EVP_EncryptUpdate(ctx, NULL, &n, aad, AAD) == 1) &&
	    (len == 0 || EVP_EncryptUpdate(ctx, out, &n, in, (int)len) == 1) &&
	    EVP_EncryptFinal_ex(ctx, out, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1;
}

/* The same for a decryption.  false: not authentic, out is not to be used. */
static bool
gcm_decrypt(EVP_CIPHER_CTX *ctx, const uint8_t *aad, const uint8_t *in,
    size_t len, uint8_t *out, const uint8_t *tag)
{
	uint8_t want[TAG];
	int n;

	memcpy(want, tag, TAG);
	return (aad == NULL ||
	    EVP_DecryptUpdate(ctx, NULL, &n, aad, AAD) == 1) &&
	    (len == 0 || EVP_DecryptUpdate(ctx, out, &n, in, (int)len) == 1) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, want) == 1 &&
	    EVP_DecryptFinal_ex(ctx, out, &n) == 1;
}

static void
make_aad(uint8_t aad[AAD], uint64_t index, const struct filekey *fk)
{
	for (int i = 0; i < 8; i++)
		aad[i] = (uint8_t)(index >> (56 - 8 * i));
	memcpy(aad + 8, fk->nonce, NONCE);
}

static bool
gcm_header_make(struct kctx *c, struct filekey *fk, uint8_t *disk)
{
	uint8_t secret[SECRET];
	bool ok;

	memset(fk, 0, sizeof(*fk));
	if (!entropy_fill(fk->nonce, NONCE) ||
	    !entropy_fill(fk->content, sizeof(fk->content)))
		return false;
	memset(secret, 0xff, RESERVED);
	memcpy(secret + RESERVED, fk->content, sizeof(fk->content));
	memcpy(disk, fk->nonce, NONCE);
	ok = EVP_EncryptInit_ex2(c->gcm_enc, NULL, NULL, disk, NULL) == 1 &&
	    gcm_encrypt(c->gcm_enc, NULL, secret, SECRET, disk + NONCE,
	    disk + NONCE + SECRET);
	secret_zero(secret, sizeof(secret));
	return ok;
}

static bool
gcm_header_read(struct kctx *c, const uint8_t *disk, struct filekey *fk)
{
	uint8_t secret[SECRET];
	bool ok;

	memset(fk, 0, sizeof(*fk));
	ok = EVP_DecryptInit_ex2(c->gcm_enc, NULL, NULL, disk, NULL) == 1 &&
	    gcm_decrypt(c->gcm_enc, NULL, disk + NONCE, SECRET, secret,
	    disk + NONCE + SECRET);
	if (ok) {
		memcpy(fk->nonce, disk, NONCE);
		memcpy(fk->content, secret + RESERVED, sizeof(fk->content));
	}
	secret_zero(secret, sizeof(secret));
	return ok;
}

static bool
gcm_seal(struct kctx *c, const struct filekey *fk, uint64_t index,
    const uint8_t *clear, size_t len, uint8_t *disk)
{
	uint8_t aad[AAD];

	if (len > CIPHER_CHUNK || !entropy_fill(disk, NONCE))
		return false;
	make_aad(aad, index, fk);
	return kctx_chunk(c, c->algs->gcm, fk->content, disk, true) &&
	    gcm_encrypt(c->chunk, aad, clear, len, disk + NONCE,
	    disk + NONCE + len);
}

static bool
gcm_open(struct kctx *c, const struct filekey *fk, uint64_t index,
    uint8_t *disk, size_t disk_len)
{
	uint8_t aad[AAD], *clear = disk + NONCE;
	size_t len;

	if (disk_len < OVERHEAD || disk_len > CIPHER_CHUNK + OVERHEAD)
		return false;
	len = disk_len - OVERHEAD;
	make_aad(aad, index, fk);
	if (kctx_chunk(c, c->algs->gcm, fk->content, disk, false) &&
	    gcm_decrypt(c->chunk, aad, clear, len, clear, clear + len))
		return true;
	secret_zero(clear, len);
	return false;
}

const struct cipher cipher_gcm = {
	.name		= "SIV_GCM",
	.header_len	= HEADER,
	.nonce_len	= NONCE,
	.overhead	= OVERHEAD,
	.header_make	= gcm_header_make,
	.header_read	= gcm_header_read,
	.seal		= gcm_seal,
	.open		= gcm_open,
};
