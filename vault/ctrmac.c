/*
 * ctrmac.c - SIV_CTRMAC: AES-256-CTR, then HMAC-SHA256 (vault-format 3.2).
 *
 * Header: nonce(16) || CTR(encKey, nonce, reserved(8) || content key) ||
 * HMAC(macKey, all before)
 * Chunk: nonce(16) || CTR(content key, nonce, clear bytes) || HMAC(macKey,
 * header nonce || BE64(index) || nonce || ciphertext)
 *
 * The MAC is checked before anything is decrypted.
 */
#include "config.h"

#include <string.h>

#include "base/entropy.h"
#include "base/secret.h"
#include "vault/cipher.h"
#include "vault/kctx.h"

#define NONCE		16u
#define MAC		KCTX_HMAC_LEN
#define RESERVED	8u		/* all ones; not looked at on reading */
#define SECRET		(RESERVED + 32u)
#define HEADER		(NONCE + SECRET + MAC)
#define OVERHEAD	(NONCE + MAC)

/* CTR is its own reverse, so this decrypts as well. */
static bool
header_ctr(struct kctx *c, const uint8_t *nonce, const uint8_t *in,
    uint8_t *out)
{
	int n;

	return EVP_EncryptInit_ex2(c->ctr_enc, NULL, NULL, nonce, NULL) == 1 &&
	    EVP_EncryptUpdate(c->ctr_enc, out, &n, in, SECRET) == 1;
}

static bool
header_mac(struct kctx *c, const uint8_t *disk, uint8_t mac[MAC])
{
	return kctx_hmac_begin(c) &&
	    EVP_DigestUpdate(c->sha256, disk, NONCE + SECRET) == 1 &&
	    kctx_hmac_end(c, mac);
}

static bool
ctrmac_header_make(struct kctx *c, struct filekey *fk, uint8_t *disk)
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
	ok = header_ctr(c, disk, secret, disk + NONCE) &&
	    header_mac(c, disk, disk + NONCE + SECRET);
	secret_zero(secret, sizeof(secret));
	return ok;
}

static bool
ctrmac_header_read(struct kctx *c, const uint8_t *disk, struct filekey *fk)
{
	uint8_t secret[SECRET], mac[MAC];
	bool ok;

	memset(fk, 0, sizeof(*fk));
	ok = header_mac(c, disk, mac) &&
	    secret_equal(mac, disk + NONCE + SECRET, MAC) &&
	    header_ctr(c, disk, disk + NONCE, secret);
	if (ok) {
		memcpy(fk->nonce, disk, NONCE);
		memcpy(fk->content, secret + RESERVED, sizeof(fk->content));
	}
	secret_zero(secret, sizeof(secret));
	return ok;
}

static bool
chunk_ctr(struct kctx *c, const struct filekey *fk, const uint8_t *nonce,
    const uint8_t *in, size_t len, uint8_t *out)
{
	int n;

	return len == 0 ||
	    (kctx_chunk(c, c->algs->ctr, fk->content, nonce, true) &&
	    EVP_EncryptUpdate(c->chunk, out, &n, in, (int)len) == 1);
}

/* Over the nonce and len bytes of ciphertext at disk. */
static bool
chunk_mac(struct kctx *c, const struct filekey *fk, uint64_t index,
    const uint8_t *disk, size_t len, uint8_t mac[MAC])
{
	uint8_t place[NONCE + 8];

	memcpy(place, fk->nonce, NONCE);
	for (int i = 0; i < 8; i++)
		place[NONCE + i] = (uint8_t)(index >> (56 - 8 * i));
	return kctx_hmac_begin(c) &&
	    EVP_DigestUpdate(c->sha256, place, sizeof(place)) == 1 &&
	    EVP_DigestUpdate(c->sha256, disk, NONCE + len) == 1 &&
	    kctx_hmac_end(c, mac);
}

static bool
ctrmac_seal(struct kctx *c, const struct filekey *fk, uint64_t index,
    const uint8_t *clear, size_t len, uint8_t *disk)
{
	return len <= CIPHER_CHUNK && entropy_fill(disk, NONCE) &&
	    chunk_ctr(c, fk, disk, clear, len, disk + NONCE) &&
	    chunk_mac(c, fk, index, disk, len, disk + NONCE + len);
}

static bool
ctrmac_open(struct kctx *c, const struct filekey *fk, uint64_t index,
    uint8_t *disk, size_t disk_len)
{
	uint8_t mac[MAC], *clear = disk + NONCE;
	size_t len;

	if (disk_len < OVERHEAD || disk_len > CIPHER_CHUNK + OVERHEAD)
		return false;
	len = disk_len - OVERHEAD;
	if (chunk_mac(c, fk, index, disk, len, mac) &&
	    secret_equal(mac, clear + len, MAC) &&
	    chunk_ctr(c, fk, disk, clear, len, clear))
		return true;
	secret_zero(clear, len);
	return false;
}

const struct cipher cipher_ctrmac = {
	.name		= "SIV_CTRMAC",
	.header_len	= HEADER,
	.nonce_len	= NONCE,
	.overhead	= OVERHEAD,
	.header_make	= ctrmac_header_make,
	.header_read	= ctrmac_header_read,
	.seal		= ctrmac_seal,
	.open		= ctrmac_open,
};
