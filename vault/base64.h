/*
 * base64.h - base64, base64url and base32 (RFC 4648).
 *
 * Encoders write exactly the length given by the macros plus a NUL.  Decoders
 * are strict: no white space, no foreign letters, padding right (or, where
 * said, absent), unused bits zero.  Pure; any thread.
 */
#ifndef VAULT_BASE64_H
#define VAULT_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE64_LEN(n)		(((n) + 2) / 3 * 4)	/* characters, padded */
#define BASE64_BYTES(chars)	(((chars) + 3) / 4 * 3)	/* bytes at most */
#define BASE32_LEN(n)		(((n) + 4) / 5 * 8)

void base64_encode(const void *in, size_t len, char *out);	/* + / = */
void base64url_encode(const void *in, size_t len, char *out);	/* - _ = */
size_t base64url_encode_nopad(const void *in, size_t len, char *out);

/*
 * Decode len characters into out, which has room for BASE64_BYTES(len);
 * *outlen becomes the number of bytes.  Missing padding is accepted by
 * base64_decode (Cryptomator's reader does) and base64url_decode_nopad,
 * which accepts nothing else; base64url_decode demands it.
 */
bool base64_decode(const char *in, size_t len, uint8_t *out, size_t *outlen);
bool base64url_decode(const char *in, size_t len, uint8_t *out, size_t *outlen);
bool base64url_decode_nopad(const char *in, size_t len, uint8_t *out,
    size_t *outlen);

void base32_encode(const void *in, size_t len, char *out);	/* upper case */

#endif /* VAULT_BASE64_H */
