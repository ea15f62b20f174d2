/*
 * size.c - clear and disk sizes and offsets of a file (vault-format 3.4).
 */
#include "config.h"

#include "vault/cipher.h"
#include "vault/size.h"

uint64_t
size_chunk_off(const struct cipher *c, uint64_t index)
{
	return c->header_len + index * (CIPHER_CHUNK + c->overhead);
}

uint64_t
size_disk(const struct cipher *c, uint64_t clear_size)
{
	uint64_t rest = clear_size % CIPHER_CHUNK;

	return size_chunk_off(c, clear_size / CIPHER_CHUNK) +
	    (rest > 0 ? rest + c->overhead : 0);
}

uint64_t
size_clear(const struct cipher *c, uint64_t disk_size, enum size_class *class)
{
	uint64_t payload, full, rest;

	if (disk_size < c->header_len) {
		*class = disk_size == 0 ? SIZE_ZERO : SIZE_DAMAGED;
		return 0;
	}
	payload = disk_size - c->header_len;
	full = payload / (CIPHER_CHUNK + c->overhead) * CIPHER_CHUNK;
	rest = payload % (CIPHER_CHUNK + c->overhead);

	*class = SIZE_GOOD;
	if (rest == 0)
		return full;
	if (rest == c->overhead)
		*class = SIZE_EMPTY_TAIL;
	if (rest < c->overhead) {
		*class = SIZE_CUT_TAIL;
		return full;
	}
	return full + rest - c->overhead;
}
