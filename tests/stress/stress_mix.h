/*
 * stress_mix.h - clients that do everything at once, in a few directories and
 * with a few names, so that they meet all the time.
 *
 * What must hold meanwhile: a block of a file, which is written by one WRITE,
 * is read as one; no error but those of losing a race; and at the end all that
 * is listed is there.
 */
#ifndef STRESS_STRESS_MIX_H
#define STRESS_STRESS_MIX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/proto/fixture.h"

#define MIX_DIRS	3

struct raw_server;

struct mix {
	struct fix		*f;
	struct raw_server	*wire;		/* f's server, by its port */
	bool			 may_wait;	/* JUKEBOX is fair */
	atomic_bool		 over;		/* twins end */
	atomic_uint		 failures, done, told_to_wait;
	struct fh		 dirs[MIX_DIRS];
};

extern struct mix mix;

/* A line to standard error, and one failure more. */
void mix_fail(const char *what, int status);

/* The directories; f's server runs. */
void mix_begin(void);

/*
 * So many turns of one client, of several calls each.  first: this thread's
 * seed, 0 to go on.
 */
void mix_client(struct client *c, uint32_t first, unsigned turns);

/*
 * A thread that sends each of its calls on two connections, of which each loop
 * has one: it runs once, and both replies are it.
 */
void *mix_twins(void *arg);

/* All that is listed can be looked up, opened and read; how many are. */
size_t mix_check_dir(struct client *c, const struct fh *dir);
void mix_expect_no_leftovers(void);

#endif /* STRESS_STRESS_MIX_H */
