/*
 * cmac.c - AES-256-CMAC (RFC 4493, NIST SP 800-38B).
 *
 * CMAC is a CBC chain from a zero IV whose last block is masked by a subkey,
 * so it runs on a CBC context, which takes many blocks in one call.  The
 * context is never reset, since that costs more than a handle's MAC: its chain
 * stands at the last block that it gave, and the same XORed into the next
 * message's first block is a zero IV.
 */
#include "config.h"

#include <string.h>

#include "vault/cmac.h"

#define BLOCK	CMAC_LEN
#define PIECE	(16u * BLOCK)	/* bytes handed to the chain in one call */

static const uint8_t zero[BLOCK];

/* Secret bits choose no branch. */
void
cmac_double(uint8_t b[BLOCK])
{
	uint8_t carry = b[0] >> 7;

	for (size_t i = 0; i < BLOCK - 1; i++)
		b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
	b[BLOCK - 1] = (uint8_t)(b[BLOCK - 1] << 1 ^ (0x87 & -carry));
}

static EVP_CIPHER_CTX *
keyed(const EVP_CIPHER *alg, const uint8_t key[32])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL)
		return NULL;
	if (EVP_EncryptInit_ex2(ctx, alg, key, zero, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

bool
cmac_init(struct cmac *m, const EVP_CIPHER *ecb, const EVP_CIPHER *cbc,
    const uint8_t key[32])
{
	int n;

	m->block = keyed(ecb, key);
	m->chain = keyed(cbc, key);
	memset(m->last, 0, BLOCK);
	if (m->block == NULL || m->chain == NULL ||
	    EVP_EncryptUpdate(m->block, m->subkey[0], &n, zero, BLOCK) != 1)
		return false;
	cmac_double(m->subkey[0]);
	memcpy(m->subkey[1], m->subkey[0], BLOCK);
	cmac_double(m->subkey[1]);
	return true;
}

void
cmac_fini(struct cmac *m)
{
	EVP_CIPHER_CTX_free(m->block);
	EVP_CIPHER_CTX_free(m->chain);
}

/* Pad and mask the n bytes in buf that end the message; their length then. */
static size_t
close_message(const struct cmac *m, uint8_t *buf, size_t n)
{
	bool whole = n > 0 && n % BLOCK == 0;

	if (!whole) {
		buf[n++] = 0x80;
		while (n % BLOCK != 0)
			buf[n++] = 0;
	}
	for (size_t i = 0; i < BLOCK; i++)
		buf[n - BLOCK + i] ^= m->subkey[whole ? 0 : 1][i];
	return n;
}

bool
cmac_make(struct cmac *m, const void *in, size_t len, const uint8_t *end,
    uint8_t mac[BLOCK])
{
	const uint8_t *from = in;
	uint8_t buf[PIECE];
	size_t done = 0, n;
	bool first;
	int unused;

	do {
		n = len - done < PIECE ? len - done : PIECE;
		if (n > 0)
			memcpy(buf, from + done, n);
		for (size_t i = 0; end != NULL && i < BLOCK; i++) {
			size_t at = len - BLOCK + i;

			if (at >= done && at < done + n)
				buf[at - done] ^= end[i];
		}
		first = done == 0;
		done += n;
		if (done == len)
			n = close_message(m, buf, n);
		for (size_t i = 0; first && i < BLOCK; i++)
			buf[i] ^= m->last[i];
		if (EVP_EncryptUpdate(m->chain, buf, &unused, buf, (int)n) != 1)
			return false;
		memcpy(m->last, buf + n - BLOCK, BLOCK);
	} while (done < len);
	memcpy(mac, buf + n - BLOCK, BLOCK);
	return true;
}

bool
cmac_make_block(struct cmac *m, const uint8_t in[BLOCK], uint8_t mac[BLOCK])
{
	uint8_t buf[BLOCK];
	int n;

	for (size_t i = 0; i < BLOCK; i++)
		buf[i] = in[i] ^ m->subkey[0][i];
	return EVP_EncryptUpdate(m->block, mac, &n, buf, BLOCK) == 1;
}
