#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "bench/nl_pattern.h"

#define PERIOD	1048573u	/* the largest prime below 2^20 */
#define ROOM	(PERIOD + NL_PATTERN_MAX)

static uint8_t *bytes;

/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators". */
static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

bool
nl_pattern_init(void)
{
	uint64_t v;
	size_t i;

	if ((bytes = malloc(ROOM)) == NULL)
		return false;
	for (i = 0; i < PERIOD; i++) {
		v = mix(i);
		bytes[i] = (uint8_t)v;
	}
	memcpy(bytes + PERIOD, bytes, ROOM - PERIOD > PERIOD ? PERIOD :
	    ROOM - PERIOD);
	for (i = 2 * (size_t)PERIOD; i < ROOM; i++)
		bytes[i] = bytes[i - PERIOD];
	return true;
}

void
nl_pattern_fini(void)
{
	free(bytes);
	bytes = NULL;
}

uint64_t
nl_pattern_file(const char *name, unsigned age)
{
	uint64_t h = age;

	for (; *name != '\0'; name++)
		h = mix(h ^ (uint8_t)*name);
	return h;
}

const uint8_t *
nl_pattern_at(uint64_t file, uint64_t off)
{
	return bytes + (file % PERIOD + off % PERIOD) % PERIOD;
}
