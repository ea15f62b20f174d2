/*
 * fixture.h - a vault in a temporary folder, a server for it in a thread of
 * this process, and two clients of it on socketpairs.
 *
 * Knows nothing of Criterion, so that programs for ThreadSanitizer can use it:
 * whatever goes wrong here ends the process with a line on standard error.
 */
#ifndef TESTS_PROTO_FIXTURE_H
#define TESTS_PROTO_FIXTURE_H

#include <pthread.h>
#include <stdbool.h>

#include "nfsd/server.h"
#include "tests/client/client.h"

#define FIX_CLIENTS	4
#define FIX_DIRTY	(1024u * 1024)	/* that stays in memory at most */
#define FIX_PASS	"correct horse"

/* A file handle as a value. */
struct fh {
	unsigned	len;
	char		b[64];
};

struct fix_options {
	const char	*cipher;	/* NULL: SIV_GCM */
	unsigned	 workers;	/* 0: the server's default */
	bool		 more_workers;	/* if these are stuck */
	unsigned	 loops;		/* the same */
	unsigned	 record_s;	/* the same */
	uint32_t	 slow_us;	/* 0: no storage is slow (storage.h) */
	bool		 through;	/* writes do not stay in memory */
	bool		 as_user;	/* be nobody if we are root */
	bool		 read_only;
	bool		 no_links;
	size_t		 cache_bytes;	/* 0: the default */
	bool		 multi_user;	/* needs root */
	const struct server_options *server;	/* NULL, or what else it has:
						   limits and gate */
};

struct fix {
	struct fix_options	 opt;
	char			 dir[128];	/* the vault's folder */
	struct vault		*vault;
	struct server		*server;
	bool			 running;
	pthread_t		 thread;
	struct client		*clients[FIX_CLIENTS];
	struct client		*c;		/* the first of them */
	struct fh		 root;		/* MNT of /vault */
};

/* o may be NULL: zeroes. */
void fix_start(struct fix *f, const struct fix_options *o);
void fix_stop(struct fix *f);

/*
 * fix_start() in three parts: a new vault; a server that exports it as
 * /vault; its thread, and MNT.  fix_down() undoes the last two.
 */
void fix_vault(struct fix *f, const struct fix_options *o);
void fix_make(struct fix *f);
void fix_run(struct fix *f);
void fix_down(struct fix *f);

/* Another server for the same vault, which is closed and opened anew. */
void fix_restart(struct fix *f);

/* A line to standard error, and the end. */
void fix_die(const char *what, const char *file, int line)
    __attribute__((noreturn));
#define FIX_MUST(cond)							\
	((cond) ? (void)0 : fix_die(#cond, __FILE__, __LINE__))

#endif /* TESTS_PROTO_FIXTURE_H */
