/* digest.c - a thin shell around OpenSSL's SHA-256. */
#include "config.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "vault/digest.h"

struct digest {
	EVP_MD_CTX	*ctx;
};

struct digest *
digest_new(void)
{
	struct digest *d;

	if ((d = malloc(sizeof(*d))) == NULL)
		return NULL;
	if ((d->ctx = EVP_MD_CTX_new()) == NULL || !digest_start(d)) {
		digest_free(d);
		return NULL;
	}
	return d;
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

bool
digest_start(struct digest *d)
{
	return EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) == 1;
}

bool
digest_add(struct digest *d, const void *data, size_t len)
{
	return EVP_DigestUpdate(d->ctx, data, len) == 1;
}

bool
digest_end(struct digest *d, uint8_t out[DIGEST_LEN])
{
	unsigned len;

	return EVP_DigestFinal_ex(d->ctx, out, &len) == 1 &&
	    len == DIGEST_LEN && digest_start(d);
}
