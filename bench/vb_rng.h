/*
 * vb_rng.h - numbers and file contents that can be made again from a seed.
 *
 * The generator is splitmix64 (Steele, Lea and Flood, OOPSLA 2014).  Content
 * is the same sequence, by place: byte i of the stream of key k can be had
 * without the bytes before it, so that any read of any file can be checked
 * without a copy.
 */
#ifndef BENCH_VB_RNG_H
#define BENCH_VB_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vb_rng {
	uint64_t	state;
};

void vb_rng_init(struct vb_rng *r, uint64_t seed);
uint64_t vb_rng_next(struct vb_rng *r);

/* 0 to n - 1.  n is 1 to 2^32. */
uint64_t vb_rng_below(struct vb_rng *r, uint64_t n);
/* lo to hi, both included. */
uint64_t vb_rng_range(struct vb_rng *r, uint64_t lo, uint64_t hi);
/* True p times of 100. */
bool vb_rng_chance(struct vb_rng *r, unsigned p);

/*
 * Bytes off to off + len of the stream of key.  text: letters, blanks and line
 * ends, six bits of the stream in each, for work that looks into files.
 */
void vb_rng_fill(uint64_t key, bool text, uint64_t off, void *buf, size_t len);

#endif /* BENCH_VB_RNG_H */
