/*
 * siv.h - deterministic authenticated encryption, AES-SIV (RFC 5297).
 *
 * 256-bit halves; macKey is the S2V half, encKey the CTR half (vault-format
 * 4.1).  Written out here on cached block ciphers because OpenSSL's own
 * AES-256-SIV gives a zero tag for empty plaintext, which is how the root's
 * directory id is hashed (vault-format 8.4).
 *
 * "No associated data" (ad NULL) and "associated data of length zero" (ad not
 * NULL, adlen 0) are different things: the first hashes directory ids, the
 * second encrypts names in the root.
 */
#ifndef VAULT_SIV_H
#define VAULT_SIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIV_TAG_LEN	16

struct kctx;

/* out has room for SIV_TAG_LEN + len bytes.  false: OpenSSL failed. */
bool siv_encrypt(struct kctx *c, const void *ad, size_t adlen,
    const void *in, size_t len, uint8_t *out);

/*
 * len includes the tag; out has room for len - SIV_TAG_LEN and may be
 * in + SIV_TAG_LEN.  false: not made by these keys with this associated data
 * (out is then zeroed).
 */
bool siv_decrypt(struct kctx *c, const void *ad, size_t adlen,
    const uint8_t *in, size_t len, uint8_t *out);

#endif /* VAULT_SIV_H */
