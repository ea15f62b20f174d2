/*
 * nl_pattern.h - what is in the files of nfsload: a function of file, offset
 * and age.
 *
 * The bytes repeat after a prime number of them, so that a chunk that came to
 * another place is not taken for the right one.  Every slice of up to 1 MiB
 * lies in one piece in memory: writing and comparing cost no more than that.
 */
#ifndef BENCH_NL_PATTERN_H
#define BENCH_NL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NL_PATTERN_MAX	(1024u * 1024)	/* bytes in one slice */

/* Once, before threads.  false: no memory. */
bool nl_pattern_init(void);
void nl_pattern_fini(void);

/* A number for a file of this name, as it is before (0) or after a write. */
uint64_t nl_pattern_file(const char *name, unsigned age);

/* The bytes of the file from off on, NL_PATTERN_MAX of them. */
const uint8_t *nl_pattern_at(uint64_t file, uint64_t off);

#endif /* BENCH_NL_PATTERN_H */
