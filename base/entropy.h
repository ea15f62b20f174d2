/*
 * entropy.h - random bytes for keys, nonces and ids.
 *
 * Small requests are served from a buffer of the calling thread that is
 * refilled from OpenSSL's generator and wiped as it is used (one RAND_bytes
 * of 12 bytes costs more than encrypting a name).  The buffer is thrown away
 * in a forked child.
 */
#ifndef BASE_ENTROPY_H
#define BASE_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>

/* false: the generator failed; nothing random was written, do not go on. */
bool entropy_fill(void *buf, size_t len);

/* 37 bytes: a version 4 UUID in lower case and a NUL. */
bool entropy_uuid(char out[37]);

#endif /* BASE_ENTROPY_H */
