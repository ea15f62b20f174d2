/*
 * recovery.h - a vault's raw key as text to write down and to type in.
 *
 * What is written is 66 bytes: the raw key, and the low 16 bits of its CRC-32
 * in little-endian order, so that a slip is noticed (vault-format 1.5).
 * Cryptomator writes them as 44 words, each 12 bits, most significant first:
 * its place in a list of 4096.  That list is part of a program under GPLv3 and
 * is not ours to pass on (vault/DESIGN.md); so ours are hexadecimal digits,
 * and words wherever the caller has the list.
 *
 * Whoever has such a text has the vault, whatever its password: callers keep it
 * in secret memory.  Texts of errors tell places in it, never parts of it.
 */
#ifndef VAULT_RECOVERY_H
#define VAULT_RECOVERY_H

#include <stddef.h>
#include <stdint.h>

#include "vault/keys.h"

#define RECOVERY_LEN		(KEYS_RAW_LEN + 2)	/* bytes */
#define RECOVERY_HEX_LEN	(2 * RECOVERY_LEN)	/* characters */
#define RECOVERY_WORDS		(RECOVERY_LEN * 8 / 12)
#define RECOVERY_LIST_WORDS	4096
#define RECOVERY_WORD_MAX	31	/* bytes of a word in a list */
#define RECOVERY_TEXT_MAX	(RECOVERY_WORDS * (RECOVERY_WORD_MAX + 1))
#define RECOVERY_LIST_MAX	(256u * 1024)	/* bytes of a list we read */

struct recovery_list;
struct verr;

/*
 * A list from the len bytes of its file, one word a line.  VERR_INVAL: it does
 * not hold 4096 different words.
 */
struct recovery_list *recovery_list_new(const char *text, size_t len,
    struct verr *e);
void recovery_list_free(struct recovery_list *l);	/* NULL is ignored */

/* RECOVERY_HEX_LEN digits in lower case and a NUL. */
void recovery_hex(const uint8_t raw[KEYS_RAW_LEN],
    char out[RECOVERY_HEX_LEN + 1]);

/* RECOVERY_WORDS words, one space between two, NUL-terminated. */
void recovery_words(const struct recovery_list *l,
    const uint8_t raw[KEYS_RAW_LEN], char out[RECOVERY_TEXT_MAX + 1]);

/*
 * Back to the raw key: from digits, among which white space, '-' and ':' do not
 * count, or, if l is not NULL, from words with white space between them.
 * VERR_INVAL: it is neither; VERR_PASSWORD: the check digits are wrong.
 */
int recovery_parse(const struct recovery_list *l, const char *text,
    size_t len, uint8_t raw[KEYS_RAW_LEN], struct verr *e);

#endif /* VAULT_RECOVERY_H */
