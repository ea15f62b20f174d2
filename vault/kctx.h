/*
 * kctx.h - inside of struct kctx: for kctx.c, keys.c, siv.c, gcm.c, ctrmac.c.
 *
 * A kctx is every OpenSSL context one thread needs at a time, made and keyed
 * once.  Nothing here allocates after that, but for kctx_chunk() when it
 * changes from one scheme to the other, and OpenSSL 3.0 to start a digest.
 */
#ifndef VAULT_KCTX_H
#define VAULT_KCTX_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vault/cmac.h"

#define KCTX_AD_MAX	64	/* longest directory id whose CMAC is kept */
#define KCTX_HMAC_LEN	32
#define KCTX_HMAC_BLOCK	64	/* of SHA-256 */

/* Fetched once for each vault: a fetch by name costs more than a name. */
struct kctx_algs {
	EVP_CIPHER	*ecb, *cbc, *ctr, *gcm;		/* AES-256 */
	EVP_MD		*sha256;
};

struct kctx {
	struct kctx	*next;		/* guarded by the free list's lock */
	const struct kctx_algs *algs;	/* constant: the keys' own */

	struct cmac	 cmac_mac;	/* macKey: S2V */
	struct cmac	 cmac_handle;	/* the handle key: keys_tag() */
	EVP_CIPHER_CTX	*ecb_enc;	/* encKey: SIV */
	EVP_CIPHER_CTX	*ctr_enc;	/* encKey: CTRMAC headers */
	EVP_CIPHER_CTX	*gcm_enc;	/* encKey: GCM headers */

	/* HMAC-SHA256 by macKey: CTRMAC. */
	EVP_MD_CTX	*sha256;
	uint8_t		 inner[KCTX_HMAC_BLOCK];	/* RFC 2104's ipad */
	uint8_t		 outer[KCTX_HMAC_BLOCK];	/* and opad */

	/* S2V: its start, and its state after the last associated data. */
	uint8_t		 zero_cmac[CMAC_LEN];
	uint8_t		 ad[KCTX_AD_MAX];
	size_t		 ad_len;	/* SIZE_MAX: none yet */
	uint8_t		 ad_state[CMAC_LEN];

	/* Chunks: the context, and what it is keyed with now. */
	EVP_CIPHER_CTX	*chunk;
	const EVP_CIPHER *content_alg;	/* GCM or CTR; NULL: nothing */
	uint8_t		 content[32];
};

/* All keys are 32 bytes.  NULL: no memory. */
struct kctx *kctx_new(const struct kctx_algs *algs, const uint8_t *enc,
    const uint8_t *mac, const uint8_t *handle);
void kctx_free(struct kctx *c);		/* zeroes; NULL is ignored */

/*
 * Make c->chunk ready for one chunk.  The key schedule is computed only when
 * the key or the algorithm is not the last one's.
 */
bool kctx_chunk(struct kctx *c, const EVP_CIPHER *alg,
    const uint8_t key[32], const uint8_t *nonce, bool encrypt);

/* Between the two, feed c->sha256 by EVP_DigestUpdate(). */
bool kctx_hmac_begin(struct kctx *c);
bool kctx_hmac_end(struct kctx *c, uint8_t mac[KCTX_HMAC_LEN]);

#endif /* VAULT_KCTX_H */
