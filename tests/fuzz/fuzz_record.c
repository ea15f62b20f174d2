/*
 * fuzz_record.c - a stream of bytes, cut into reads at random places.
 *
 * The first byte of each piece says how long the piece is; what comes out must
 * be what a simple reader finds in the whole stream.
 */
#include "config.h"

#include <sys/uio.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nfsd/record.h"

#define MAX	200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The stream without the piece lengths, each piece repeated 1 to 64 times. */
struct stream {
	uint8_t	b[400000];
	size_t	len, pieces[64 * 1024], npieces;
};

static struct stream s;

static void
unpack(const uint8_t *data, size_t size)
{
	size_t n, times;

	s.len = s.npieces = 0;
	while (size > 2) {
		n = data[0] < size - 2 ? data[0] : size - 2;
		times = data[1] % 64 + 1u;
		while (times-- > 0 && s.len + n <= sizeof(s.b) &&
		    s.npieces < sizeof(s.pieces) / sizeof(s.pieces[0])) {
			memcpy(s.b + s.len, data + 2, n);
			s.len += n;
			s.pieces[s.npieces++] = n;
		}
		data += 2 + n;
		size -= 2 + n;
	}
}

/* The record at *at by the book, into out; its length, or -1: bad, -2: more. */
static long
by_the_book(size_t *at, uint8_t *out)
{
	size_t p = *at, len = 0, n;
	unsigned frags = 0;
	uint32_t mark;

	do {
		if (s.len - p < 4)
			return -2;
		mark = (uint32_t)s.b[p] << 24 | (uint32_t)s.b[p + 1] << 16 |
		    (uint32_t)s.b[p + 2] << 8 | s.b[p + 3];
		n = mark & 0x7fffffff;
		if (n > MAX - len || ++frags > RECORD_FRAGS ||
		    (n == 0 && !(mark >> 31)))
			return -1;
		p += 4;
		if (s.len - p < n)
			return -2;
		memcpy(out + len, s.b + p, n);
		len += n;
		p += n;
	} while (!(mark >> 31));
	*at = p;
	return (long)len;
}

/* Take records until more is needed; false: RECORD_BAD, which must be true. */
static bool
take_all(struct record *r, size_t *at, bool take)
{
	static uint8_t want[MAX];
	struct record_pool *pool = r->pool;
	enum record_state st;
	const uint8_t *rec;
	size_t len, cap;
	uint8_t *buf;

	while ((st = record_next(r, &rec, &len)) == RECORD_READY) {
		if (by_the_book(at, want) != (long)len ||
		    (len > 0 && memcmp(rec, want, len) != 0))
			abort();
		if (take && (buf = record_take(r, &cap)) != NULL) {
			if (buf != rec || cap < len)
				abort();
			record_pool_put(pool, buf, cap);
		}
	}
	if (st == RECORD_BAD && by_the_book(at, want) != -1)
		abort();
	return st != RECORD_BAD;
}

static size_t
put(struct record *r, const uint8_t *p, size_t n)
{
	struct iovec iov[2];
	size_t done = 0, part;
	int i, parts = record_space(r, iov);

	for (i = 0; i < parts && done < n; i++) {
		part = iov[i].iov_len < n - done ? iov[i].iov_len : n - done;
		memcpy(iov[i].iov_base, p + done, part);
		done += part;
	}
	record_got(r, done);
	return done;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_pool pool;
	struct record r;
	size_t at = 0, off = 0, end = 0, i;
	bool good = true;

	unpack(data, size);
	record_pool_init(&pool, MAX);
	if (!record_init(&r, &pool))
		return 0;
	for (i = 0; good && i < s.npieces; i++) {
		end += s.pieces[i];
		while (good && off < end) {
			off += put(&r, s.b + off, end - off);
			good = take_all(&r, &at, i % 3 != 0);
		}
	}
	record_fini(&r);
	record_pool_fini(&pool);
	return 0;
}
