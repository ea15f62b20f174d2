/*
 * arena.h - memory that lives exactly as long as one request.
 *
 * Ownership: everything an arena hands out belongs to the arena and dies at
 * arena_reset().  Whoever wants to keep a value longer copies it.
 * Threads: an arena has one user at a time.  Handing a request to a worker
 * hands its arena over; the queue's lock is the only fence needed.
 * Errors: a full arena returns NULL and stays "overflowed" until reset, so a
 * caller may make several allocations and check once.
 *
 * Growth: the first block is kept for ever, further blocks are taken from the
 * heap as needed and given back at reset beyond ARENA_KEEP, so a request that
 * needs as much as the last one allocates nothing.  max bounds the bytes handed
 * out (sizes are rounded up to the alignment); the blocks beneath, whose ends
 * may stay unused, are together below 2 * max + ARENA_KEEP.
 * A block that goes back to the heap is zeroed: there are names in it.
 * With --enable-arena-debug each allocation is one malloc of its own, so that
 * a sanitizer sees every overrun and every use after reset; an arena made while
 * TUNE_ARENA is off is of that kind too.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#define ARENA_BLOCK	(16u * 1024)	/* bytes; the first block */
#define ARENA_KEEP	(64u * 1024)	/* bytes that survive a reset */

struct arena;

/* An arena that may grow to max bytes; NULL if there is no first block. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a);	/* NULL is ignored */

/* size bytes aligned for any type, not cleared.  NULL when max is reached. */
void *arena_alloc(struct arena *a, size_t size);

/* The same, cleared. */
void *arena_zalloc(struct arena *a, size_t size);

/* A NUL-terminated copy of the len bytes at s. */
char *arena_strndup(struct arena *a, const char *s, size_t len);

/* A formatted, NUL-terminated string; arguments may lie in the arena too. */
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* True if any allocation since the last reset failed. */
bool arena_overflowed(const struct arena *a);

/*
 * Bytes handed out since the last reset (the request's high-water mark), each
 * size rounded up as it counts against max.
 */
size_t arena_used(const struct arena *a);

/* Take everything back. */
void arena_reset(struct arena *a);

/* The same, and zero all that it keeps. */
void arena_wipe(struct arena *a);

#endif /* BASE_ARENA_H */
