/*
 * dir_build.h - entries of a folder as they are read, made into a listing.
 *
 * For dir_scan.c alone.  Every entry is given its clear name; those whose name
 * on disk is not the one that a lookup would compute are marked odd.  Copies
 * that a sync client made of an entry ("X (1).c9r") get the name that
 * Cryptomator's own resolver would choose (vault-format 7.7), without touching
 * the vault; no two entries of a listing have one name.
 */
#ifndef VAULT_DIR_BUILD_H
#define VAULT_DIR_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dir;
struct kctx;
struct listing;
struct vault;

struct built {
	uint64_t	ino;
	size_t		name, entry;		/* offsets in text */
	size_t		suffix;			/* of a copy: offset in text */
	uint32_t	cookie;
	uint16_t	name_len, entry_len, suffix_len;
	bool		exact;		/* a lookup of these very bytes
					   computes this entry */
	bool		odd;
	bool		copy;			/* name not settled yet */
	bool		hidden;
};

struct build {
	struct built	*v;
	size_t		 n, cap;
	char		*text;
	size_t		 text_len, text_cap;
	size_t		 hidden;
	bool		 clashes;	/* names may be there twice */
};

void build_init(struct build *b);
void build_fini(struct build *b);

/*
 * 0, also if the entry has no name of ours; -1 and errno: the system could not
 * tell, so that the listing would be false.
 */
int build_plain(struct build *b, struct dir *d, struct kctx *c,
    const char *entry, size_t len, uint64_t ino);
int build_long(struct build *b, struct dir *d, struct kctx *c,
    const char *entry, size_t len, uint64_t ino);

/* Settle the names of copies and of entries that clash. */
int build_resolve(struct build *b, struct dir *d);

/* An entry's cookie, unless another has the same. */
uint32_t build_cookie(const char *entry, size_t len);

/* A listing of all, or of odd names only, with one reference. */
struct listing *build_listing(struct build *b, struct vault *v,
    bool odd_only);

#endif /* VAULT_DIR_BUILD_H */
