/*
 * digest.h - SHA-256 of bytes that come in pieces (FIPS 180-4).
 *
 * For reports that are compared with other tools' (`tree --sha256`), not for
 * the vault format.  One user at a time.
 */
#ifndef VAULT_DIGEST_H
#define VAULT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_LEN	32

struct digest;

struct digest *digest_new(void);	/* NULL: no memory */
void digest_free(struct digest *d);	/* NULL is ignored */

/* Forget what came before.  digest_new() and digest_end() have done it. */
bool digest_start(struct digest *d);
bool digest_add(struct digest *d, const void *data, size_t len);
bool digest_end(struct digest *d, uint8_t out[DIGEST_LEN]);

#endif /* VAULT_DIGEST_H */
