/*
 * cmac.h - AES-256-CMAC (RFC 4493, NIST SP 800-38B) on contexts keyed once.
 *
 * OpenSSL's EVP_MAC would do, but allocates for each message.  For kctx.c,
 * siv.c and keys.c alone; a struct cmac has one user at a time.
 */
#ifndef VAULT_CMAC_H
#define VAULT_CMAC_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CMAC_LEN	16u	/* bytes of a MAC, and of AES's block */

struct cmac {
	EVP_CIPHER_CTX	*block;		/* ECB */
	EVP_CIPHER_CTX	*chain;		/* CBC */
	uint8_t		 subkey[2][CMAC_LEN];	/* K1: whole end, K2: padded */
	uint8_t		 last[CMAC_LEN];	/* the chain's last block */
};

/* ecb, cbc: AES-256.  false: no memory; then cmac_fini() is still needed. */
bool cmac_init(struct cmac *m, const EVP_CIPHER *ecb, const EVP_CIPHER *cbc,
    const uint8_t key[32]);
void cmac_fini(struct cmac *m);		/* after calloc or cmac_init */

/*
 * The MAC of the len bytes at in.  If end is not NULL, len is CMAC_LEN or more
 * and the message is in with its last CMAC_LEN bytes XORed with end: "xorend"
 * of RFC 5297, 2.1, without a copy of the whole.
 */
bool cmac_make(struct cmac *m, const void *in, size_t len,
    const uint8_t *end, uint8_t mac[CMAC_LEN]);

/* The same for one whole block: half the time. */
bool cmac_make_block(struct cmac *m, const uint8_t in[CMAC_LEN],
    uint8_t mac[CMAC_LEN]);

/* Double in GF(2^128): CMAC's subkeys and S2V (RFC 5297, 2.3). */
void cmac_double(uint8_t b[CMAC_LEN]);

#endif /* VAULT_CMAC_H */
