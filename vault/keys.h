/*
 * keys.h - the two master keys of a vault, and cipher contexts keyed by them.
 *
 * encKey encrypts headers and names, macKey authenticates; as one 64-byte raw
 * key they stand in the order encKey || macKey (vault-format 0.1, 1).  A third
 * key, for tags on file handles, is derived from both:
 * HMAC-SHA256(encKey || macKey, "vaultnfs handle v1").
 *
 * OpenSSL contexts are not for two threads at once, and making one costs more
 * than encrypting a name.  So a struct keys keeps a free list of struct kctx:
 * take one, use it for any number of operations, drop it.  The keys themselves
 * lie in secret memory.
 *
 * Ownership: who makes a struct keys frees it, after all contexts are dropped.
 * Threads: a struct keys is for all; a struct kctx for one.
 */
#ifndef VAULT_KEYS_H
#define VAULT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYS_LEN	32	/* bytes in each of the two */
#define KEYS_RAW_LEN	64

struct keys;
struct kctx;
struct verr;

/* raw: encKey || macKey, copied.  NULL: VERR_NOMEM. */
struct keys *keys_new(const uint8_t raw[KEYS_RAW_LEN], struct verr *e);
void keys_free(struct keys *k);		/* zeroes; NULL is ignored */

const uint8_t *keys_raw(const struct keys *k);	/* KEYS_RAW_LEN bytes */
const uint8_t *keys_enc(const struct keys *k);
const uint8_t *keys_mac(const struct keys *k);

/* A context for this thread; NULL only when memory is gone. */
struct kctx *keys_take(struct keys *k);
void keys_drop(struct keys *k, struct kctx *c);		/* NULL is ignored */

/* A 16-byte tag over data under the derived handle key (AES-256-CMAC). */
bool keys_tag(struct keys *k, const void *data, size_t len, uint8_t tag[16]);

/* 4 bytes that name this vault's key without betraying it. */
uint32_t keys_id(const struct keys *k);

#endif /* VAULT_KEYS_H */
