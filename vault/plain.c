/*
 * plain.c - the form of SIV_GCM without its secrecy: to measure what ciphers
 * cost.
 *
 * Headers and chunks have the sizes and the layout of gcm.c; the clear bytes
 * are copied to where ciphertext would be, and nonces of chunks and tags are
 * zero and not looked at.  Only a vault that was made for it is of this kind,
 * and vault_open() opens it only under a switch of experiments (vault.c).
 */
#include "config.h"

#include <string.h>

#include "base/entropy.h"
#include "vault/cipher.h"

#define NONCE		12u
#define TAG		16u
#define SECRET		40u
#define HEADER		(NONCE + SECRET + TAG)
#define OVERHEAD	(NONCE + TAG)

/* A file is told from another by this nonce, so it is a real one. */
static bool
plain_header_make(struct kctx *c, struct filekey *fk, uint8_t *disk)
{
	(void)c;
	memset(fk, 0, sizeof(*fk));
	if (!entropy_fill(fk->nonce, NONCE))
		return false;
	memset(disk, 0, HEADER);
	memcpy(disk, fk->nonce, NONCE);
	return true;
}

static bool
plain_header_read(struct kctx *c, const uint8_t *disk, struct filekey *fk)
{
	(void)c;
	memset(fk, 0, sizeof(*fk));
	memcpy(fk->nonce, disk, NONCE);
	return true;
}

static bool
plain_seal(struct kctx *c, const struct filekey *fk, uint64_t index,
    const uint8_t *clear, size_t len, uint8_t *disk)
{
	(void)c;
	(void)fk;
	(void)index;
	if (len > CIPHER_CHUNK)
		return false;
	if (len > 0)
		memmove(disk + NONCE, clear, len);
	memset(disk, 0, NONCE);
	memset(disk + NONCE + len, 0, TAG);
	return true;
}

static bool
plain_open(struct kctx *c, const struct filekey *fk, uint64_t index,
    uint8_t *disk, size_t disk_len)
{
	(void)c;
	(void)fk;
	(void)index;
	(void)disk;
	return disk_len >= OVERHEAD && disk_len <= CIPHER_CHUNK + OVERHEAD;
}

const struct cipher cipher_plain = {
	.name		= CIPHER_PLAIN,
	.header_len	= HEADER,
	.nonce_len	= NONCE,
	.overhead	= OVERHEAD,
	.header_make	= plain_header_make,
	.header_read	= plain_header_read,
	.seal		= plain_seal,
	.open		= plain_open,
};
