/*
 * token.h - vault.cryptomator: a signed token that says what the vault is.
 *
 * One compact JWS (vault-format 2): header and claims are parsed first and
 * believed only when token_verify() has seen the signature.  Errors are kept
 * apart: VERR_DAMAGED no such token; VERR_UNSUPPORTED another algorithm,
 * format, cipher or key source (Hub); VERR_PASSWORD not signed by this key.
 */
#ifndef VAULT_TOKEN_H
#define VAULT_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "vault/keys.h"

#define TOKEN_FILE		"vault.cryptomator"
#define TOKEN_MAX		(16u * 1024)	/* bytes of token we read */
#define TOKEN_THRESHOLD		220	/* shorteningThreshold unless said */
#define TOKEN_FORMAT		8

struct verr;
struct cipher;

struct token {
	int			 format;
	const struct cipher	*cipher;	/* NULL: unknown name */
	char			 cipher_name[32];
	int			 threshold;	/* bytes of a name on disk */
	char			 jti[64];	/* "" if absent */
	char			 kid[256];	/* key id, as written */
	char			 masterkey[256];/* path below the vault */
	int			 alg;		/* 256, 384, 512 */
};

/*
 * Parse without believing.  Trailing white space is dropped.  Claims that are
 * missing get defaults only where vault-format 2.3 says so; wrong format,
 * cipher and threshold are left for token_verify() to complain of, so that
 * `info` can show them.  With VERR_UNSUPPORTED (algorithm, key source) t is
 * filled all the same.
 */
int token_parse(struct token *t, const char *text, size_t len, struct verr *e);

/* Signature first, then format, cipher and threshold (28 to 255). */
int token_verify(const struct token *t, const char *text, size_t len,
    const uint8_t raw[KEYS_RAW_LEN], struct verr *e);

/* A new token, HS256, random jti; NUL-terminated, from malloc, the caller's. */
char *token_make(const struct cipher *cipher, int threshold,
    const uint8_t raw[KEYS_RAW_LEN], struct verr *e);

#endif /* VAULT_TOKEN_H */
