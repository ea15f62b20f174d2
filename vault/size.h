/*
 * size.h - clear and disk sizes and offsets of a file; pure arithmetic.
 *
 * H is the header's length, O a chunk's overhead, C = 32768 + O (vault-format
 * 3.4).  A remainder of exactly O is a trailing empty chunk and legal; of 1 to
 * O - 1 is what is left of a write that did not come to its end.  Clear and
 * disk quantities never share a name.
 */
#ifndef VAULT_SIZE_H
#define VAULT_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* Largest clear size that we accept: its disk size fits an off_t. */
#define SIZE_CLEAR_MAX	((UINT64_C(1) << 62) - 1)

struct cipher;

enum size_class {
	SIZE_GOOD,
	SIZE_EMPTY_TAIL,	/* ends in a chunk without data: rewrite it */
	SIZE_CUT_TAIL,		/* ends in a remainder that is no chunk: as if
				   it were not there */
	SIZE_ZERO,		/* no header at all: 0 bytes on disk */
	SIZE_DAMAGED,		/* too short for a header */
};

uint64_t size_disk(const struct cipher *c, uint64_t clear_size);

/* The clear size, tolerant: never smaller than the full chunks hold. */
uint64_t size_clear(const struct cipher *c, uint64_t disk_size,
    enum size_class *class);

/* Where chunk number index starts on disk. */
uint64_t size_chunk_off(const struct cipher *c, uint64_t index);

#endif /* VAULT_SIZE_H */
