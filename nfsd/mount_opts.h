/*
 * mount_opts.h - options of the kernels' NFS clients: which a system knows, and
 * what is given unless told otherwise.
 *
 * The one table is in mount_opts.c.  What belongs to the server (port, version,
 * address, handle) is not here: each mount_SYSTEM.c gives it.
 */
#ifndef NFSD_MOUNT_OPTS_H
#define NFSD_MOUNT_OPTS_H

#include <stdbool.h>
#include <stddef.h>

struct verr;

enum mount_system {
	MOUNT_LINUX,
	MOUNT_DARWIN,
	MOUNT_FREEBSD,
	MOUNT_OPENBSD,		/* and NetBSD */
	MOUNT_SYSTEMS
};

/* The one that this program was compiled for. */
extern const enum mount_system mount_opts_here;

#define MOUNT_WORDS_MAX		48u
#define MOUNT_WORD_MAX		96u	/* bytes, with its NUL */

/* "hard", "rsize=1048576", ...: what the client is to be told. */
struct mount_opts {
	char		word[MOUNT_WORDS_MAX][MOUNT_WORD_MAX];
	unsigned	n;
};

/* A system's defaults. */
void mount_opts_init(struct mount_opts *o, enum mount_system sys);

/*
 * Add a word that a user gave; it replaces what it contradicts ("soft" is in
 * the place of "hard").  VERR_NOENT: no such option on this system;
 * VERR_INVAL: it needs a value, or takes none.
 */
int mount_opts_add(struct mount_opts *o, enum mount_system sys,
    const char *word, struct verr *e);

/* Is it an option of some system's client? */
bool mount_opts_known(const char *word);

/* The value of name, "" for one without; NULL: it is not among them. */
const char *mount_opts_get(const struct mount_opts *o, const char *name);

/* The number of name, or other if it is not among them or no number. */
long mount_opts_number(const struct mount_opts *o, const char *name,
    long other);

#endif /* NFSD_MOUNT_OPTS_H */
