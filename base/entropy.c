#include "config.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/entropy.h"
#include "base/secret.h"

#define POOL_SIZE	1024u	/* bytes */
#define DIRECT_MIN	256u	/* a request from here on is not buffered */
#define ONE_CALL_MAX	((size_t)1 << 30)	/* RAND_bytes takes an int */

/*
 * In how many processes before this one we were: a forked child makes its own
 * bytes.  Asking for the pid would be a system call for each nonce.
 */
static unsigned forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static _Thread_local struct {
	unsigned forks;		/* whose bytes */
	size_t	left;		/* not given out: the last ones of bytes */
	uint8_t	bytes[POOL_SIZE];
} pool;

static void
forked(void)
{
	forks++;		/* a child has one thread */
}

static void
watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, forked);
}

static bool
fill_direct(uint8_t *p, size_t len)
{
	size_t done, part;

	for (done = 0; done < len; done += part) {
		part = len - done < ONE_CALL_MAX ? len - done : ONE_CALL_MAX;
		if (RAND_bytes(p + done, (int)part) != 1) {
			secret_zero(p, len);
			return false;
		}
	}
	return true;
}

bool
entropy_fill(void *buf, size_t len)
{
	uint8_t *next;

	if (len >= DIRECT_MIN)
		return fill_direct(buf, len);
	if (len == 0)
		return true;
	(void)pthread_once(&once, watch_forks);
	if (pool.forks != forks || pool.left < len) {
		pool.left = 0;
		if (!fill_direct(pool.bytes, POOL_SIZE))
			return false;
		pool.left = POOL_SIZE;
		pool.forks = forks;
	}
	next = pool.bytes + POOL_SIZE - pool.left;
	memcpy(buf, next, len);
	secret_zero(next, len);
	pool.left -= len;
	return true;
}

bool
entropy_uuid(char out[37])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t b[16];
	char *p = out;
	size_t i;

	if (!entropy_fill(b, sizeof(b)))
		return false;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);	/* version 4: RFC 9562, 5.4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);	/* variant: 4.1 */
	for (i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[b[i] >> 4];
		*p++ = hex[b[i] & 0x0f];
	}
	*p = '\0';
	return true;
}
