/*
 * keys.c - the master keys of a vault and the free list of their contexts.
 */
#include "config.h"

#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/secret.h"
#include "base/verr.h"
#include "vault/kctx.h"
#include "vault/keys.h"

/* What may not be swapped out or dumped. */
struct keys_secret {
	uint8_t			 raw[KEYS_RAW_LEN];
	uint8_t			 handle[KCTX_HMAC_LEN];
};

struct keys {
	struct keys_secret	*secret;
	struct kctx_algs	 algs;
	uint32_t		 id;

	struct lock		 lock;		/* guards what follows */
	struct kctx		*idle;		/* last dropped first: warm */
};

static bool
algs_fetch(struct kctx_algs *a)
{
	a->ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
	a->cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	a->ctr = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
	a->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	a->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	return a->ecb != NULL && a->cbc != NULL && a->ctr != NULL &&
	    a->gcm != NULL && a->sha256 != NULL;
}

static void
algs_free(struct kctx_algs *a)
{
	EVP_CIPHER_free(a->ecb);
	EVP_CIPHER_free(a->cbc);
	EVP_CIPHER_free(a->ctr);
	EVP_CIPHER_free(a->gcm);
	EVP_MD_free(a->sha256);
}

/* The handle key, and from it the number that names the vault's key. */
static bool
derive(struct keys *k)
{
	static const char for_handles[] = "vaultnfs handle v1";
	static const char for_id[] = "vaultnfs key id v1";
	uint8_t tag[16];

	if (HMAC(EVP_sha256(), k->secret->raw, KEYS_RAW_LEN,
	    (const unsigned char *)for_handles, sizeof(for_handles) - 1,
	    k->secret->handle, NULL) == NULL ||
	    !keys_tag(k, for_id, sizeof(for_id) - 1, tag))
		return false;
	k->id = (uint32_t)tag[0] << 24 | (uint32_t)tag[1] << 16 |
	    (uint32_t)tag[2] << 8 | tag[3];
	return true;
}

struct keys *
keys_new(const uint8_t raw[KEYS_RAW_LEN], struct verr *e)
{
	struct keys *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "no memory for the keys");
		return NULL;
	}
	lock_init(&k->lock, LOCK_KEYS);
	if ((k->secret = secret_alloc(sizeof(*k->secret))) == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "no memory for the keys");
		goto err;
	}
	memcpy(k->secret->raw, raw, KEYS_RAW_LEN);
	if (!algs_fetch(&k->algs) || !derive(k)) {
		(void)verr_fail(e, VERR_NOMEM,
		    "OpenSSL could not prepare AES and SHA-256");
		goto err;
	}
	return k;

err:
	keys_free(k);
	return NULL;
}

void
keys_free(struct keys *k)
{
	struct kctx *c;

	if (k == NULL)
		return;
	while ((c = k->idle) != NULL) {
		k->idle = c->next;
		kctx_free(c);
	}
	algs_free(&k->algs);
	secret_free(k->secret, sizeof(*k->secret));
	lock_fini(&k->lock);
	free(k);
}

const uint8_t *
keys_raw(const struct keys *k)
{
	return k->secret->raw;
}

const uint8_t *
keys_enc(const struct keys *k)
{
	return k->secret->raw;
}

const uint8_t *
keys_mac(const struct keys *k)
{
	return k->secret->raw + KEYS_LEN;
}

uint32_t
keys_id(const struct keys *k)
{
	return k->id;
}

struct kctx *
keys_take(struct keys *k)
{
	struct kctx *c;

	lock_take(&k->lock);
	if ((c = k->idle) != NULL)
		k->idle = c->next;
	lock_drop(&k->lock);
	if (c != NULL)
		return c;
	return kctx_new(&k->algs, keys_enc(k), keys_mac(k), k->secret->handle);
}

void
keys_drop(struct keys *k, struct kctx *c)
{
	if (c == NULL)
		return;
	lock_take(&k->lock);
	c->next = k->idle;
	k->idle = c;
	lock_drop(&k->lock);
}

bool
keys_tag(struct keys *k, const void *data, size_t len, uint8_t tag[16])
{
	struct kctx *c;
	bool ok;

	if ((c = keys_take(k)) == NULL)
		return false;
	ok = cmac_make(&c->cmac_handle, data, len, NULL, tag);
	keys_drop(k, c);
	return ok;
}
