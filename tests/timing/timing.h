/*
 * timing.h - what is compared with secrets, in two classes that must take the
 * same time.
 *
 * After Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?"
 * (2017).  The fixed class is wrong in the first byte, the random one in a
 * random byte, never in none: somebody who finds a tag byte by byte would see
 * these apart.
 */
#ifndef TIMING_TIMING_H
#define TIMING_TIMING_H

#include <stdbool.h>
#include <stdint.h>

struct op {
	const char	*name;
	enum {
		OP_EQUAL,
		OP_CONTROL,	/* made to be found */
		OP_COUNTED	/* not by the clock: what is decoded before
				   it is compared shows there */
	}		 kind;
	/* The input becomes of this class; draw(n) is below n. */
	void		(*spoil)(bool fixed, uint32_t (*draw)(uint32_t n));
	/* Compare; false is what is expected. */
	bool		(*run)(void);
};

extern const struct op timing_ops[];	/* the last has no name */

void timing_ops_init(void);
void timing_ops_fini(void);

#endif /* TIMING_TIMING_H */
