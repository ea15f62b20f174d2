/*
 * tune.h - switches of experiments: one binary measures itself with and
 * without each idea that is meant to make it fast.
 *
 * Everything is on by default, and users have no reason to change that.
 *
 * Threads: tune_set() is called before there is a second one; tune_off() may
 * then be asked anywhere, without a lock, and costs a load.
 */
#ifndef BASE_TUNE_H
#define BASE_TUNE_H

#include <stdbool.h>

struct verr;

enum tune {
	TUNE_ARENA,		/* memory of a call comes from its arena */
	TUNE_INLINE,		/* what needs no wait runs on the loop */
	TUNE_INLINE_CHANGES,	/* small changes, too */
	TUNE_POOL,		/* chunk buffers are kept and used again */
	TUNE_RWF_NOWAIT,	/* a READ tries the page cache on the loop */
	TUNE_ZERO_COPY,		/* data is sent and taken where it lies */
	TUNE_BATCH,		/* one write for all replies that are ready */
	TUNE_CHUNK_CACHE,
	TUNE_WRITE_CACHE,
	TUNE_AHEAD,		/* chunks are sealed before a file's lock */
	TUNE_JOURNAL,
	TUNE_LISTING_CACHE,
	TUNE_NODE_CACHE,	/* where a file was seen last */
	TUNE_FILE_CACHE,	/* open files */
	TUNE_MALLOC,		/* the allocator is the one we chose */
	TUNE_ENCRYPTION,	/* off: only vaults made for that (vault.c) */
	TUNE_GATE,		/* who connects is looked at */
	TUNE_COUNT
};

extern unsigned tune_mask;	/* for tune_off(); bit set: off */

/*
 * Switch off what the words in list say, separated by commas ("no-arena",
 * "malloc=libc"), and all else on; "" is the normal state.
 * VERR_INVAL: an unknown word, and nothing has changed; the text lists all.
 */
int tune_set(const char *list, struct verr *e);

static inline bool
tune_off(enum tune t)
{
	return (tune_mask >> t & 1) != 0;
}

/* All words, separated by blanks. */
const char *tune_words(void);

#endif /* BASE_TUNE_H */
