/*
 * secret.h - memory for keys and passwords: locked, not dumped, zeroed.
 *
 * An allocation is whole pages of its own: mlock()ed (a refusal by
 * RLIMIT_MEMLOCK is tolerated), kept out of core dumps where the system can,
 * and zeroed before it is given back.  Pieces share such pages.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* len zeroed bytes, or NULL. */
void *secret_alloc(size_t len);
void secret_free(void *p, size_t len);		/* NULL is ignored */

/*
 * secret_heap.c: small pieces, many to a page.  len zeroed bytes, aligned for
 * any type, or NULL; zeroed again when they are given back.
 */
void *secret_take(size_t len);
void secret_give(void *p);			/* NULL is ignored */
void *secret_again(void *p, size_t len);	/* as realloc() */
size_t secret_room(void *p);	/* bytes that can be used of a piece */

/*
 * Like secret_alloc(), at a multiple of align (a power of two, a page at
 * least); len is whole pages.  For secret_free().
 */
void *secret_pages(size_t len, size_t align);

/*
 * Has the system locked all of it so far?  What is over 1 MiB, scrypt's memory,
 * does not count.
 */
bool secret_is_locked(void);

/* Zero memory in a way no compiler removes. */
void secret_zero(void *p, size_t len);

/*
 * For names and data in ordinary memory: free() what malloc() gave, with len
 * bytes of it zeroed before; and move its first len bytes to room others, NULL:
 * no memory, and p stays.
 */
void secret_drop(void *p, size_t len);		/* NULL is ignored */
void *secret_move(void *p, size_t len, size_t room);

/* Compare in a time that depends on len only. */
bool secret_equal(const void *a, const void *b, size_t len);

/*
 * What this thread's calls have left on its stack below the caller's frame, as
 * far as calls usually go.
 */
void secret_zero_stack(void);

/*
 * The process: no core dumps, no ptrace by others of the same user, and all
 * that OpenSSL allocates is secret memory: key schedules are in its contexts.
 * Before anything of OpenSSL is used.
 */
void secret_process_init(void);

#endif /* BASE_SECRET_H */
