/*
 * papers.h - the two files at the top of a vault: vault.cryptomator, which
 * says what it is, and masterkey.cryptomator, which holds its keys.  For the
 * vault_*.c alone.
 *
 * Errors are those of vault_open() (vault.h).
 */
#ifndef VAULT_PAPERS_H
#define VAULT_PAPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vault/masterkey.h"
#include "vault/token.h"

struct verr;

struct papers {
	bool			 have_token;	/* else format 7 */
	char			*text;		/* the token's, TOKEN_MAX + 1 */
	size_t			 text_len;
	struct token		 token;
	bool			 have_key;	/* mk is filled */
	struct masterkey	 mk;
	const char		*mk_path;	/* below the vault's folder, or
						   absolute; NULL: not known */
};

/* The vault's folder at path: a descriptor. */
int papers_root(const char *path, struct verr *e);

/*
 * Read and parse both.  path is for messages; masterkey is a key file to take
 * instead of the vault's own, or NULL; it lives as long as p.  On failure p
 * is filled as far as it came, and papers_fini() is to be called as well.
 */
int papers_read(struct papers *p, int root, const char *path,
    const char *masterkey, struct verr *e);
void papers_fini(struct papers *p);

/* The raw key that password and papers give, with everything verified. */
int papers_unlock(const struct papers *p, const char *pass, size_t passlen,
    uint8_t raw[KEYS_RAW_LEN], struct verr *e);

#endif /* VAULT_PAPERS_H */
