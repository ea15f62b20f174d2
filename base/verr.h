/*
 * verr.h - what went wrong, in a form a person can act on.
 *
 * The place that sees an error first fills a struct verr: a code for the
 * program, an errno where one is known, and a sentence for a person.  The
 * sentence names paths on disk, offsets and limits; it never holds a clear
 * name, a password or a key.  Callers higher up pass it on or translate the
 * code in one table (nfsd/status.c, nfsd/cmd.c); nobody logs it twice.
 *
 * A struct verr pointer may be NULL everywhere: the caller does not care why.
 */
#ifndef BASE_VERR_H
#define BASE_VERR_H

#include <stdbool.h>

enum verr_code {
	VERR_NONE = 0,
	VERR_NOMEM,		/* memory, or a configured bound on it */
	VERR_IO,		/* the system said so; sys holds errno */
	VERR_AUTH,		/* ciphertext that these keys did not make */
	VERR_DAMAGED,		/* a file of the vault is malformed */
	VERR_NOTVAULT,		/* the folder is no vault at all */
	VERR_PASSWORD,		/* wrong password or key */
	VERR_UNSUPPORTED,	/* a kind of vault or request we do not do */
	VERR_NOENT,
	VERR_EXIST,
	VERR_NOTDIR,
	VERR_ISDIR,
	VERR_NOTEMPTY,
	VERR_INVAL,
	VERR_NAMETOOLONG,
	VERR_ACCESS,		/* mode bits, or EACCES below */
	VERR_PERM,		/* not the owner, or EPERM below */
	VERR_ROFS,
	VERR_NOSPC,
	VERR_DQUOT,
	VERR_FBIG,
	VERR_STALE,		/* the object is gone */
	VERR_XDEV,
	VERR_MLINK,
	VERR_BUSY,		/* try again later */
};

struct verr {
	enum verr_code	 code;
	int		 sys;		/* errno, 0 if none */
	char		 text[256];
};

/*
 * Fill e (which may be NULL) and return -1.  errno is kept as it was, and is
 * not recorded: sys is 0.  An argument may be e->text, to put words before it.
 */
int verr_fail(struct verr *e, enum verr_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same from errno: the code is the one that stands for it (VERR_IO if
 * none does), sys is errno, and ": strerror" is appended to the text.
 */
int verr_sys(struct verr *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A code without a sentence, for outcomes that are everyday (NOENT, EXIST). */
int verr_code(struct verr *e, enum verr_code code);

/* The code that stands for an errno value. */
enum verr_code verr_of_errno(int sys);

#endif /* BASE_VERR_H */
