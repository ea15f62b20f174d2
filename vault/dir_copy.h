/*
 * dir_copy.h - conflict copies that sync clients make of a vault's entries.
 *
 * "X (Created by Alice).c9r" beside "X.c9r": the part X still is an encrypted
 * name.  vault-format 7.7 says how Cryptomator finds it and what it calls the
 * copy; 4.5 gives the pattern.
 */
#ifndef VAULT_DIR_COPY_H
#define VAULT_DIR_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dir;
struct kctx;

struct copy_match {
	size_t	start, end;	/* of X in the entry's base name */
};

/*
 * Find an authentic name inside the len bytes at base (an entry without its
 * ".c9r"); clear has room for BASE64_BYTES(len).  A bounded number of places
 * is tried.  Entries that start with '.' are never copies.
 */
bool copy_find(struct kctx *c, const struct dir *d, const char *base,
    size_t len, uint8_t *clear, size_t *clear_len, struct copy_match *m);

/*
 * True if both entries of d are links to one directory, or the same symlink
 * byte by byte: the copy then says nothing that the original does not.  False
 * also if that cannot be found out.
 */
bool copy_is_same(const struct dir *d, const char *original, const char *copy);

/*
 * The name to show: stem + suffix + extension for attempt 0, stem + " (N)" +
 * extension for attempt N.  out has room for NAME_CLEAR_MAX + 1 bytes; suffix
 * and stem are cut (at a character of UTF-8) as Cryptomator does it at the
 * vault's threshold.  Returns its length.
 */
size_t copy_name(const char *name, size_t len, const char *suffix,
    size_t suffix_len, int attempt, int threshold, char *out);

#endif /* VAULT_DIR_COPY_H */
