/*
 * masterkey.h - masterkey.cryptomator: a password gives the vault's keys.
 *
 * JSON with scrypt parameters and two keys wrapped by RFC 3394 (vault-format
 * 1).  The file is foreign input: everything is checked and scrypt's memory
 * is capped before anything is computed.
 */
#ifndef VAULT_MASTERKEY_H
#define VAULT_MASTERKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vault/keys.h"

#define MASTERKEY_FILE		"masterkey.cryptomator"
#define MASTERKEY_MAX		(64u * 1024)	/* bytes of JSON we read */
#define MASTERKEY_VERSION_8	999	/* written since format 8 */
#define MASTERKEY_COST		32768	/* scrypt N of new vaults */
#define MASTERKEY_COST_FAST	1024	/* the same with VAULTNFS_FAST_KDF=1 */
#define MASTERKEY_BLOCK		8	/* scrypt r */
#define MASTERKEY_SCRYPT_MAX	(1024u * 1024 * 1024)	/* bytes, 128 * N * r */

struct verr;

/* The file as parsed; nothing in it is authenticated before the unlock. */
struct masterkey {
	int32_t		version;	/* vault format to 7; 999 since 8 */
	uint32_t	cost;		/* scrypt N: a power of two, 2 and up */
	uint32_t	block;		/* scrypt r: 1 and up */
	uint8_t		salt[64];
	size_t		salt_len;
	uint8_t		enc_wrapped[40];
	uint8_t		mac_wrapped[40];
	uint8_t		version_mac[32];
};

/*
 * VERR_DAMAGED: no such JSON, a member missing or of a wrong size;
 * VERR_UNSUPPORTED: scrypt parameters over MASTERKEY_SCRYPT_MAX.
 */
int masterkey_parse(struct masterkey *mk, const char *json, size_t len,
    struct verr *e);

/*
 * The raw key, encKey || macKey.  The password is tried in NFC and, if that
 * fails and differs, as given (vault-format 1.3).  VERR_PASSWORD: wrong;
 * VERR_NOMEM: scrypt could not have its memory.  Takes 0.1 s and 32 MiB for
 * usual parameters, given back at the end.  *mac_ok tells if version_mac is
 * right: format 7 must refuse if it is not, format 8 may warn.
 */
int masterkey_unlock(const struct masterkey *mk, const char *pass,
    size_t passlen, uint8_t raw[KEYS_RAW_LEN], bool *mac_ok, struct verr *e);

/* Is version_mac right for a raw key that is at hand already? */
bool masterkey_version_ok(const struct masterkey *mk,
    const uint8_t raw[KEYS_RAW_LEN]);

/*
 * A new file for raw: fresh salt, scrypt cost N as given.  The JSON (NUL-
 * terminated, from malloc) is the caller's.  NULL: VERR_NOMEM, VERR_INVAL for
 * a cost that is no power of two or over the cap.
 */
char *masterkey_make(const uint8_t raw[KEYS_RAW_LEN], const char *pass,
    size_t passlen, uint32_t cost, int32_t version, struct verr *e);

#endif /* VAULT_MASTERKEY_H */
