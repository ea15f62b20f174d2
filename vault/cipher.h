/*
 * cipher.h - the two ways a vault's files are encrypted.
 *
 * SIV_GCM (cipher_gcm, gcm.c) and SIV_CTRMAC (cipher_ctrmac, ctrmac.c), from
 * vault-format 3.1 and 3.2.  A file is a header and then chunks of 32 KiB; a
 * chunk on disk is nonce || ciphertext || tag.  Chunks are bound to their file
 * by the header's nonce and to their place by their index.
 *
 * A scheme is a table of functions; which one a vault uses is found once, at
 * unlock.  All take a struct kctx of the vault's keys and are pure otherwise.
 */
#ifndef VAULT_CIPHER_H
#define VAULT_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIPHER_CHUNK		32768u	/* clear bytes in a full chunk */
#define CIPHER_NONCE_MAX	16	/* bytes of a header's nonce */
#define CIPHER_HEADER_MAX	88	/* bytes of a header on disk */
#define CIPHER_OVERHEAD_MAX	48	/* bytes a chunk grows by, at most */

struct kctx;

/* What a header says: lives as long as the file (vault-format 3.3). */
struct filekey {
	uint8_t	nonce[CIPHER_NONCE_MAX];	/* nonce_len bytes */
	uint8_t	content[32];
};

struct cipher {
	const char	*name;		/* "SIV_GCM", as in the token */
	size_t		 header_len;	/* bytes: 68 or 88 */
	size_t		 nonce_len;	/* bytes: 12 or 16, header and chunk */
	size_t		 overhead;	/* bytes a chunk grows by: 28 or 48 */

	/* A new file: random fk, and its header at disk (header_len bytes). */
	bool	(*header_make)(struct kctx *c, struct filekey *fk,
		    uint8_t *disk);

	/* false: not a header that these keys made. */
	bool	(*header_read)(struct kctx *c, const uint8_t *disk,
		    struct filekey *fk);

	/*
	 * Seal len (0 to CIPHER_CHUNK) bytes at clear as chunk number index:
	 * len + overhead bytes at disk, with a fresh random nonce.  clear may
	 * be anywhere, also at disk + nonce_len (in place).
	 */
	bool	(*seal)(struct kctx *c, const struct filekey *fk,
		    uint64_t index, const uint8_t *clear, size_t len,
		    uint8_t *disk);

	/*
	 * Open in place the disk_len (overhead to overhead + CIPHER_CHUNK)
	 * bytes at disk: the clear bytes then are the disk_len - overhead
	 * bytes at disk + nonce_len.  false: not authentic; the clear bytes
	 * are then zeroed.
	 */
	bool	(*open)(struct kctx *c, const struct filekey *fk,
		    uint64_t index, uint8_t *disk, size_t disk_len);
};

extern const struct cipher cipher_gcm;
extern const struct cipher cipher_ctrmac;

/*
 * plain.c: no cipher at all, in vaults that are made to measure with; the rest
 * of vault/ need not know.  Cryptomator refuses a vault of this name.
 */
#define CIPHER_PLAIN	"VAULTNFS_NO_ENCRYPTION"
extern const struct cipher cipher_plain;

/* By vault.cryptomator's name; NULL: unknown. */
const struct cipher *cipher_by_name(const char *name);

#endif /* VAULT_CIPHER_H */
