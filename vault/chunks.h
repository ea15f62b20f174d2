/*
 * chunks.h - clear chunks in memory: what was read in part, what is written.
 *
 * Requests of clients do not align to 32 KiB, so the rest of a chunk is wanted
 * soon after its first part, and a write into a chunk needs all of it.  A clean
 * chunk may go at any time, the one unused for longest first.  A dirty one
 * belongs to its file (file_dirty.c) until it has been written.
 *
 * A chunk is found by epoch and index.  An epoch is one state of a file
 * that we know all changes of; when the file changed underneath, or in a way
 * that does not go through here, it gets another and the old chunks age away.
 *
 * Buffers grow geometrically: 4 KiB to a whole chunk.  max_bytes bounds all of
 * them; dirty chunks may hold at most max_dirty, which their writers see to.
 *
 * Threads: any; one lock.  The bytes of a clean chunk are touched under it;
 * those of a dirty one belong to whoever holds its file's lock.
 */
#ifndef VAULT_CHUNKS_H
#define VAULT_CHUNKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/lock.h"
#include "base/lru.h"

struct chunk {
	struct lru_node		 node;
	uint64_t		 epoch, index;
	uint8_t			*buf;		/* owned */
	uint8_t			*data;		/* in it: cap clear bytes */
	uint32_t		 len, cap;
	bool			 dirty;
	bool			 listed;	/* by its file, file_dirty.c */
	TAILQ_ENTRY(chunk)	 link;		/* of its file, or free */
};

TAILQ_HEAD(chunk_list, chunk);

struct chunks {
	size_t			 max_bytes;	/* constant; 0: keep nothing */
	struct lock		 lock;		/* guards the rest */
	struct lru		 lru;
	struct chunk_list	 unused;
	_Atomic size_t		 bytes;		/* of all buffers */
	_Atomic size_t		 dirty;		/* of these, of dirty ones */
	uint64_t		 epochs;
	uint64_t		 hits, misses;
};

bool chunks_init(struct chunks *cs, size_t max_bytes);	/* false: no memory */
void chunks_fini(struct chunks *cs);	/* no chunk is dirty any more */

/* A state that no file had before. */
uint64_t chunks_epoch(struct chunks *cs);

/*
 * Copy len bytes from skip on of a chunk that is here, clean or dirty; less
 * if it ends before: *got.  false: it is not here.
 */
bool chunks_copy(struct chunks *cs, uint64_t epoch, uint64_t index,
    size_t skip, size_t len, uint8_t *out, size_t *got);

/*
 * Keep a clean chunk, unless it is here or there is no room: its clear bytes
 * are at data in buf, which is of the pool.  true: buf is ours now; else it
 * may have been copied.
 */
bool chunks_keep(struct chunks *cs, uint64_t epoch, uint64_t index,
    uint8_t *buf, uint8_t *data, size_t len);

/* Is it here?  A clean one may be gone in the next moment. */
bool chunks_has(struct chunks *cs, uint64_t epoch, uint64_t index);

/* The chunk, clean or dirty, made dirty; NULL: it is not here. */
struct chunk *chunks_take(struct chunks *cs, uint64_t epoch, uint64_t index);

/*
 * A new one, dirty, without bytes, with room for len.  A full one has
 * CIPHER_NONCE_MAX bytes before data and a tag's after it, so that a chunk can
 * be read and opened in place.  NULL: no memory.
 */
struct chunk *chunks_add(struct chunks *cs, uint64_t epoch, uint64_t index,
    size_t len);

/* Room for len bytes in a dirty chunk; false: no memory. */
bool chunks_grow(struct chunks *cs, struct chunk *c, size_t len);

/* It has been written, and is now the chunk of that epoch; or it is lost. */
void chunks_clean(struct chunks *cs, struct chunk *c, uint64_t epoch);
void chunks_drop(struct chunks *cs, struct chunk *c);

/* A dirty one is of another state of its file now. */
void chunks_move(struct chunks *cs, struct chunk *c, uint64_t epoch);

size_t chunks_dirty(const struct chunks *cs);	/* bytes */
bool chunks_any(const struct chunks *cs);	/* is any here, roughly? */

#endif /* VAULT_CHUNKS_H */
