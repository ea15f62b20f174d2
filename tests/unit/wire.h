/*
 * wire.h - random values for tests that hold xdr/ against libtirpc.
 *
 * The sequence is the same in each run.  Bytes live in a ring and are good for
 * the next WIRE_RING calls.
 */
#ifndef TESTS_UNIT_WIRE_H
#define TESTS_UNIT_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rpc/rpc.h>

#include "tests/client/wire_mount3.h"
#include "tests/client/wire_nfs3.h"
#include "xdr/nfs3.h"

#define WIRE_RING	16
#define WIRE_BYTES_MAX	8192

/* xorshift64 (Marsaglia 2003). */
static inline uint64_t
wire_u64(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static inline uint32_t
wire_u32(void)
{
	return (uint32_t)(wire_u64() >> 32);
}

static inline bool
wire_bool(void)
{
	return wire_u32() & 1;
}

/* 0 to n - 1. */
static inline uint32_t
wire_below(uint32_t n)
{
	return wire_u32() % n;
}

/* len bytes without NULs, and a NUL. */
static inline char *
wire_bytes(uint32_t len)
{
	static char ring[WIRE_RING][WIRE_BYTES_MAX + 1];
	static unsigned next;
	char *p = ring[next++ % WIRE_RING];
	uint32_t i;

	for (i = 0; i < len; i++)
		p[i] = (char)(1 + wire_below(255));
	p[len] = '\0';
	return p;
}

static inline bool
wire_same_fh(const nfs_fh3 *w, const struct nfs3_fh *fh)
{
	return w->data.data_len == fh->len && (fh->len == 0 ||
	    memcmp(w->data.data_val, fh->data, fh->len) == 0);
}

static inline bool
wire_same_str(const char *w, const struct slice *s)
{
	return strlen(w) == s->len && memcmp(w, s->s, s->len) == 0;
}

static inline bool
wire_same_time(const nfstime3 *w, const struct nfs3_time *t)
{
	return w->seconds == t->sec && w->nseconds == t->nsec;
}

#endif /* TESTS_UNIT_WIRE_H */
