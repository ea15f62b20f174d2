/*
 * name.h - clear file names, their names on disk, and directory ids.
 *
 * A name is encrypted with AES-SIV; the id of the directory that holds it is
 * the associated data, so a file moved to another directory gets another name.
 * The result is base64url (padded) plus ".c9r".  If that is longer than the
 * vault's threshold, the entry on disk is a folder called
 * base64url(SHA-1(long name)) plus ".c9s", which holds the long name in
 * name.c9s (vault-format 4.4).
 *
 * A directory's id leads to its folder: base32(SHA-1(AES-SIV(id))), split
 * after two characters, below d/ (vault-format 5.1).
 *
 * Clear names are bytes.  name_encrypt() takes them as they are; name_nfc()
 * gives the form that is written (NFC).
 */
#ifndef VAULT_NAME_H
#define VAULT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_CLEAR_MAX	255	/* bytes of a clear name we serve or write */
#define NAME_LONG_MAX	10240	/* bytes of name.c9s that are read */
/* A 255-byte name's long form: 4 * ceil((16 + 255) / 3) + 4, and a NUL. */
#define NAME_DISK_MAX	372
#define NAME_SHORT_LEN	32	/* of HASH.c9s: 28 characters and ".c9s" */
#define NAME_DISK_MIN	28	/* shortest entry that can be a name */
#define NAME_DIRID_MAX	1000	/* bytes of dir.c9r that are accepted */
#define NAME_HASH_LEN	32	/* base32 characters of a directory's hash */
#define NAME_DIRPATH_LEN 35	/* "d/XX/" and 30 more */

struct kctx;
struct arena;

/*
 * The long form of the len (1 to NAME_CLEAR_MAX) bytes at clear, in out
 * (NUL-terminated, room for NAME_DISK_MAX).  Returns its length, 0 if OpenSSL
 * failed.
 */
size_t name_encrypt(struct kctx *c, const char *dirid, size_t dirid_len,
    const char *clear, size_t len, char *out);

/*
 * The reverse of the base64url part, without ".c9r".  clear has room for
 * BASE64_BYTES(len) bytes and is not terminated.  false: not made by these
 * keys for this directory, or not strict base64url.
 */
bool name_decrypt(struct kctx *c, const char *dirid, size_t dirid_len,
    const char *base, size_t len, uint8_t *clear, size_t *clear_len);

/* HASH.c9s for a long form (with its ".c9r"): NAME_SHORT_LEN and a NUL. */
void name_shorten(const char *disk, size_t len, char out[NAME_SHORT_LEN + 1]);

/* "d/XX/YYY..." of a directory id: NAME_DIRPATH_LEN and a NUL. */
bool name_dirpath(struct kctx *c, const char *dirid, size_t dirid_len,
    char out[NAME_DIRPATH_LEN + 1]);

/*
 * The NFC form of len bytes of UTF-8.  ASCII and what is NFC already comes
 * back as given (*out == s); else it is in the arena.  false: not UTF-8, or
 * no memory: *out is then s itself.
 */
bool name_nfc(struct arena *a, const char *s, size_t len,
    const char **out, size_t *out_len);

/* True if a clear name may be shown: not empty, ".", "..", no '/' or NUL,
 * at most NAME_CLEAR_MAX bytes. */
bool name_is_servable(const char *s, size_t len);

#endif /* VAULT_NAME_H */
