/*
 * check.h - look for damage in a vault, and mend what can be mended.
 *
 * All of Cryptomator's own health checks (vault-format 7.9) under their names,
 * and what those do not look at: names, sizes, leftovers, directories that
 * nothing leads to, loops, and, if asked, every chunk of every file.  One
 * thing cannot be found by anybody: a file that was cut exactly between two
 * chunks is a shorter file (vault-format 0.8).
 *
 * The ciphertext is read as it lies on disk, not as the server shows it.  A
 * vault may be checked while it is served or synced; what is so new that
 * somebody may still be at work on it is then passed over (see offline).
 *
 * Repair deletes nothing that holds data.  What has lost its place goes to
 * /LOST+FOUND, made as Cryptomator makes it (directory id "recovery").  Every
 * step leaves a vault that another repair can finish, and is synced before
 * the next one.  A repair needs the vault for itself: nobody else may use this
 * struct vault, and no server or sync client should be at work on the folder.
 *
 * Memory: about 250 bytes for each directory, and some 3 MiB; nothing for each
 * file.  Threads: one, and it blocks.
 */
#ifndef VAULT_CHECK_H
#define VAULT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vault;
struct verr;

enum check_severity { CHECK_GOOD, CHECK_INFO, CHECK_WARN, CHECK_CRITICAL };

/* The names are stable; those of Cryptomator mean what they mean there. */
enum check_kind {
	/* Directory Check */
	CHECK_HEALTHY_DIR,
	CHECK_MISSING_DIRID_BACKUP,
	CHECK_WRONG_DIRID_BACKUP,	/* ours */
	CHECK_BAD_DIRID_BACKUP,		/* ours */
	CHECK_LOOSE_DIR_FILE,
	CHECK_MISSING_CONTENT_DIR,
	CHECK_ORPHAN_CONTENT_DIR,
	CHECK_EMPTY_DIR_FILE,
	CHECK_OBESE_DIR_FILE,
	CHECK_DIRID_COLLISION,
	CHECK_DIRID_CYCLE,		/* ours */
	/* Resource Type Check */
	CHECK_KNOWN_TYPE,
	CHECK_UNKNOWN_TYPE,
	CHECK_AMBIGUOUS_TYPE,
	CHECK_NOT_A_FILE,		/* ours */
	/* Shortened Names Check */
	CHECK_VALID_SHORTENED,
	CHECK_TRAILING_BYTES,
	CHECK_LONG_SHORT_MISMATCH,
	CHECK_MISSING_LONG_NAME,
	CHECK_OBESE_NAME_FILE,
	CHECK_NOT_DECODABLE_LONG_NAME,
	/* the rest is ours: names */
	CHECK_NEEDLESSLY_SHORTENED,
	CHECK_NOT_SHORTENED,
	CHECK_UNDECRYPTABLE_NAME,
	CHECK_CONFLICT_COPY,
	CHECK_NOT_NORMALIZED,
	CHECK_NOT_UTF8,
	CHECK_NOT_SERVABLE,
	CHECK_LEFTOVER,
	CHECK_FOREIGN,
	/* files and symlinks */
	CHECK_ZERO_BYTES,
	CHECK_ILLEGAL_SIZE,
	CHECK_TRAILING_CHUNK,
	CHECK_BAD_TARGET,
	CHECK_BAD_HEADER,		/* from here on: mostly by contents */
	CHECK_FOREIGN_HEADER,
	CHECK_BAD_CHUNK,
	CHECK_SWAPPED_CHUNKS,
	CHECK_CUT_CHUNK,
	/* any */
	CHECK_FAILED,
	CHECK_KINDS
};

const char *check_kind_name(enum check_kind k);		/* "HealthyDir" */
const char *check_severity_name(enum check_severity s);	/* "good", ... */

/* Valid during the call of check_report_fn only. */
struct check_finding {
	enum check_kind		 kind;
	const char		*name;		/* check_kind_name(kind) */
	enum check_severity	 severity;
	const char		*path;		/* on disk, in the vault */
	const char		*clear;		/* path as the user knows it, or
						   NULL: not known.  Bytes */
	size_t			 clear_len;
	bool			 repairable;
	bool			 repaired;
	const char		*text;		/* what it is, what to do;
						   holds no clear name */
};
typedef void check_report_fn(void *ctx, const struct check_finding *f);

/* So far in this pass; false stops the check.  A repair takes several. */
typedef bool check_progress_fn(void *ctx, uint64_t entries, uint64_t bytes);

struct check_options {
	bool	contents;	/* authenticate every chunk */
	bool	repair;
	bool	offline;	/* nobody else uses it: judge what is new */
	bool	good;		/* report what is healthy, too */
	check_progress_fn *progress;	/* or NULL; gets the report's ctx */
};

struct check_summary {
	uint64_t	entries;	/* of the folders below d/ */
	uint64_t	dirs, files, symlinks;
	uint64_t	bytes;		/* of ciphertext authenticated */
	uint64_t	recent;		/* passed over: too new to judge */
	uint64_t	found[4];	/* by severity, without the repaired */
	uint64_t	repairable;	/* of those */
	uint64_t	repaired;
};

/*
 * Check all of v; fn is called for each finding.  0: done, whatever was found;
 * -1: it could not be done to its end (VERR_NOMEM, VERR_ROFS, VERR_IO when
 * progress stopped it); what was reported until then holds.
 *
 * With repair: passes over the vault until one mends nothing more, reporting
 * what they mend; then one that reports what remains.  What could not be
 * mended although it is repairable says why in its text.
 */
int vault_check(struct vault *v, const struct check_options *o,
    check_report_fn *fn, void *ctx, struct check_summary *sum,
    struct verr *e);

#endif /* VAULT_CHECK_H */
