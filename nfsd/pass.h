/*
 * pass.h - where a password comes from.
 *
 * Never from the command line, where every user of the host could read it: a
 * file, a descriptor, standard input, the first line that a command prints, an
 * environment variable (wiped and unset here once read, so that no child and
 * no reader of /proc sees it longer than needed), or a terminal without echo.
 *
 * A password is bytes.  One newline at its end is taken off, nothing else;
 * Unicode forms are vault/masterkey.h's business.  It lies in secret memory
 * from the first byte read to pass_fini(); stdio never sees it.
 */
#ifndef NFSD_PASS_H
#define NFSD_PASS_H

#include <stdbool.h>
#include <stddef.h>

#define PASS_LEN_MAX	(64u * 1024)	/* bytes of a password */

struct verr;

enum pass_kind {
	PASS_ASK,		/* on the terminal */
	PASS_FILE,		/* arg: its path */
	PASS_FD,		/* arg: a number; closed after reading */
	PASS_STDIN,		/* all of it, to its end */
	PASS_COMMAND,		/* arg: for /bin/sh -c */
	PASS_ENV,		/* arg: a variable's name */
};

struct pass_source {
	enum pass_kind	 kind;
	const char	*arg;
};

struct pass {
	char		*text;		/* len bytes and a NUL, secret memory */
	size_t		 len;
};

/*
 * Read the password.  prompt is what the terminal shows before ": "; with
 * twice it is asked for again until both agree, three times at most.  Blocks.
 * On failure p holds nothing.  VERR_INVAL: no terminal to ask on, a number
 * that is no descriptor, no such variable, too long; VERR_IO and its kind: the
 * source cannot be read, or the command failed.
 */
int pass_read(struct pass *p, const struct pass_source *src,
    const char *prompt, bool twice, struct verr *e);

/* Wipe it.  A zeroed p is ignored. */
void pass_fini(struct pass *p);

/*
 * pass_tty.c: one line from the terminal at fd, echo off, into buf (room for
 * PASS_LEN_MAX + 2); its length without the newline, or -1.  A signal that
 * would kill or stop the process finds the terminal as it was.
 */
long pass_tty_line(int fd, const char *prompt, char *buf, struct verr *e);

#endif /* NFSD_PASS_H */
