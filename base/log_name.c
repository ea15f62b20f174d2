/*
 * log_name.c - clear names in the log, which do not say what they are.
 *
 * SipHash-2-4 (Aumasson and Bernstein, 2012): short, and made for keys that
 * nobody is to find out.
 */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/entropy.h"
#include "base/log.h"

static atomic_bool clear_names;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint8_t name_key[16];
static bool have_key;

void
log_set_names(bool clear)
{
	atomic_store(&clear_names, clear);
}

static void
draw_key(void)
{
	have_key = entropy_fill(name_key, sizeof(name_key));
}

static uint64_t
little(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static uint64_t
left(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

/* n rounds of section 2.1. */
static void
rounds(uint64_t v[4], unsigned n)
{
	for (; n > 0; n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = left(v[1], 13) ^ v[0];
		v[3] = left(v[3], 16) ^ v[2];
		v[0] = left(v[0], 32) + v[3];
		v[2] += v[1];
		v[1] = left(v[1], 17) ^ v[2];
		v[3] = left(v[3], 21) ^ v[0];
		v[2] = left(v[2], 32);
	}
}

static void
absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
}

uint64_t
log_hash(const uint8_t key[16], const void *data, size_t len)
{
	const uint64_t k0 = little(key, 8), k1 = little(key + 8, 8);
	const uint8_t *p = data;
	uint64_t v[4] = {
		k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573
	};
	size_t i;

	for (i = 0; i + 8 <= len; i += 8)
		absorb(v, little(p + i, 8));
	absorb(v, little(p + i, len - i) | (uint64_t)len << 56);
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

const char *
log_name(char buf[LOG_NAME_SIZE], const char *name, size_t len)
{
	static const char cut[] = "...";
	size_t room = LOG_NAME_SIZE - sizeof("''") - strlen(cut);

	(void)pthread_once(&once, draw_key);
	if (!atomic_load(&clear_names)) {
		if (have_key)
			(void)snprintf(buf, LOG_NAME_SIZE, "~%016" PRIx64,
			    log_hash(name_key, name, len));
		else
			(void)snprintf(buf, LOG_NAME_SIZE, "~");
		return buf;
	}
	if (len <= room)
		room = len;
	else	/* not within a UTF-8 sequence: name[room] begins one */
		while (room > 0 && (name[room] & 0xc0) == 0x80)
			room--;
	(void)snprintf(buf, LOG_NAME_SIZE, "'%.*s%s'", (int)room, name,
	    room < len ? cut : "");
	return buf;
}
