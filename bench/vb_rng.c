/*
 * vb_rng.c - splitmix64, as a sequence and by place.
 */
#include "config.h"

#include <string.h>

#include "bench/vb_rng.h"

#define GOLDEN	UINT64_C(0x9e3779b97f4a7c15)

static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
vb_rng_init(struct vb_rng *r, uint64_t seed)
{
	r->state = seed;
}

uint64_t
vb_rng_next(struct vb_rng *r)
{
	return mix(r->state += GOLDEN);
}

uint64_t
vb_rng_below(struct vb_rng *r, uint64_t n)
{
	return (vb_rng_next(r) >> 32) * n >> 32;
}

uint64_t
vb_rng_range(struct vb_rng *r, uint64_t lo, uint64_t hi)
{
	return lo + vb_rng_below(r, hi - lo + 1);
}

bool
vb_rng_chance(struct vb_rng *r, unsigned p)
{
	return vb_rng_below(r, 100) < p;
}

/* Bytes in the order of a little-endian machine, on any machine. */
static void
word_bytes(uint64_t key, bool text, uint64_t word, uint8_t out[8])
{
	static const char letters[64] = "abcdefghijklmnopqrstuvwxyz"
	    "etaoinshrdlu0123456789(){};=_. \n      ";
	uint64_t v = mix(key + (word + 1) * GOLDEN);
	unsigned i;

	for (i = 0; i < 8; i++, v >>= 8)
		out[i] = text ? (uint8_t)letters[v & 63] : (uint8_t)v;
}

void
vb_rng_fill(uint64_t key, bool text, uint64_t off, void *buf, size_t len)
{
	uint8_t *p = buf, w[8];
	size_t skip, n;

	while (len > 0) {
		skip = off % 8;
		n = 8 - skip < len ? 8 - skip : len;
		word_bytes(key, text, off / 8, w);
		memcpy(p, w + skip, n);
		p += n;
		off += n;
		len -= n;
	}
}
