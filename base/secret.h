/*
 * secret.h - memory for keys and passwords: locked, not dumped, zeroed.
 *
 * Each allocation is whole pages of its own: mlock()ed (a refusal by
 * RLIMIT_MEMLOCK is tolerated), kept out of core dumps where the system can,
 * and zeroed before it is given back.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* len zeroed bytes, or NULL. */
void *secret_alloc(size_t len);
void secret_free(void *p, size_t len);		/* NULL is ignored */

/* Zero memory in a way no compiler removes. */
void secret_zero(void *p, size_t len);

/* Compare in a time that depends on len only. */
bool secret_equal(const void *a, const void *b, size_t len);

/* The process: no core dumps, no ptrace by others of the same user. */
void secret_process_init(void);

#endif /* BASE_SECRET_H */
