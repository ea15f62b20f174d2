/*
 * test_record.c - RFC 5531 section 11, without a socket.
 */
#include "config.h"

#include <sys/uio.h>

#include <criterion/criterion.h>
#include <string.h>

#include "nfsd/record.h"

#define MAX	(1024u * 1024 + 4096)

static struct record_pool pool;
static struct record r;

static void
setup(void)
{
	record_pool_init(&pool, MAX);
	cr_assert(record_init(&r, &pool));
}

static void
teardown(void)
{
	record_fini(&r);
	record_pool_fini(&pool);
}

TestSuite(record, .init = setup, .fini = teardown);

/* What readv() would do with len bytes waiting; how many it took. */
static size_t
feed(const void *data, size_t len)
{
	const uint8_t *p = data;
	struct iovec iov[2];
	size_t done = 0, part;
	int i, n = record_space(&r, iov);

	for (i = 0; i < n && done < len; i++) {
		cr_assert_gt(iov[i].iov_len, 0);
		part = iov[i].iov_len < len - done ? iov[i].iov_len :
		    len - done;
		memcpy(iov[i].iov_base, p + done, part);
		done += part;
	}
	record_got(&r, done);
	return done;
}

static void
feed_mark(uint32_t mark)
{
	uint8_t b[4] = { (uint8_t)(mark >> 24), (uint8_t)(mark >> 16),
	    (uint8_t)(mark >> 8), (uint8_t)mark };

	cr_assert_eq(feed(b, 4), 4);
}

static void
expect_state(enum record_state want)
{
	const uint8_t *rec;
	size_t len;

	cr_expect_eq(record_next(&r, &rec, &len), want);
}

static void
expect_record(const void *data, size_t want)
{
	const uint8_t *rec = NULL;
	size_t len = 0;

	cr_assert_eq(record_next(&r, &rec, &len), RECORD_READY);
	cr_assert_eq(len, want);
	cr_expect_eq(memcmp(rec, data, want), 0);
}

Test(record, nothing_is_no_record)
{
	expect_state(RECORD_MORE);
	cr_expect_not(record_is_partial(&r));
}

Test(record, a_small_record_stays_in_the_input_buffer)
{
	const uint8_t *rec;
	size_t len, cap;

	feed_mark(0x80000003);
	expect_state(RECORD_MORE);
	cr_expect(record_is_partial(&r));
	(void)feed("abc", 3);
	cr_assert_eq(record_next(&r, &rec, &len), RECORD_READY);
	cr_expect_eq(len, 3);
	cr_expect_eq(rec, r.in + 4);
	cr_expect_null(record_take(&r, &cap));
	expect_state(RECORD_MORE);
	cr_expect_not(record_is_partial(&r));
}

Test(record, several_records_come_out_of_one_read)
{
	(void)feed("\x80\0\0\1a\x80\0\0\2bc\x80\0\0\0\x80\0\0\3d", 20);
	expect_record("a", 1);
	expect_record("bc", 2);
	expect_record("", 0);
	expect_state(RECORD_MORE);
	(void)feed("ef", 2);
	expect_record("def", 3);
	expect_state(RECORD_MORE);
}

Test(record, fragments_become_one_record)
{
	size_t cap;
	uint8_t *buf;

	(void)feed("\0\0\0\2ab\0\0\0\1c\x80\0\0\0\x80\0\0\1x", 20);
	expect_record("abc", 3);
	buf = record_take(&r, &cap);
	cr_assert_not_null(buf);
	cr_expect_eq(memcmp(buf, "abc", 3), 0);
	expect_record("x", 1);
	record_pool_put(&pool, buf, cap);
}

Test(record, a_record_that_nobody_took_is_forgotten)
{
	(void)feed("\0\0\0\1a\x80\0\0\1b\0\0\0\1c\x80\0\0\1d", 20);
	expect_record("ab", 2);
	expect_record("cd", 2);
	expect_state(RECORD_MORE);
	cr_expect_not(record_is_partial(&r));
}

Test(record, a_claimed_length_allocates_nothing)
{
	feed_mark(0x80000000 + MAX);
	expect_state(RECORD_MORE);
	cr_expect_null(r.buf);
	teardown();
	setup();
	feed_mark(MAX);			/* the first of several fragments */
	expect_state(RECORD_MORE);
	cr_expect_null(r.buf);
}

Test(record, a_large_record_gets_its_buffer_when_64_kib_have_come)
{
	static uint8_t data[MAX];
	size_t done = 0, i, cap;
	uint8_t *buf;

	for (i = 0; i < MAX; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	feed_mark(0x80000000 + MAX);
	while (done < MAX) {
		expect_state(RECORD_MORE);
		cr_expect_eq(r.buf != NULL, done + 4 >= RECORD_IN);
		done += feed(data + done, MAX - done < 5000 ? MAX - done :
		    5000);
	}
	expect_record(data, MAX);
	buf = record_take(&r, &cap);
	cr_expect_eq(cap, MAX);
	record_pool_put(&pool, buf, cap);
	cr_expect_eq(pool.n, 1, "it is kept for the next");
	feed_mark(0x80000000 + 100000);
	for (done = 0; done < 100000; ) {
		expect_state(RECORD_MORE);
		done += feed(data + done, 100000 - done);
	}
	expect_record(data, 100000);
	cr_expect_eq(pool.n, 0);
	cr_expect_eq(r.buf, buf);
}

/* However the bytes of three records are cut, the same records come out. */
Test(record, where_reads_end_does_not_matter)
{
	static uint8_t all[300000], one[140000];
	static const size_t lens[] = { 65536, 140000, 65532 };
	size_t step, off, at = 0, i, got;
	const uint8_t *rec;
	enum record_state st;
	size_t len;

	memset(one, 'z', sizeof(one));
	for (i = 0; i < 3; i++) {
		all[at++] = 0x80;
		all[at++] = (uint8_t)(lens[i] >> 16);
		all[at++] = (uint8_t)(lens[i] >> 8);
		all[at++] = (uint8_t)lens[i];
		memcpy(all + at, one, lens[i]);
		at += lens[i];
	}
	for (step = 1; step < 300000; step = step * 3 + 1) {
		for (off = got = 0; off < at; ) {
			off += feed(all + off, at - off < step ? at - off :
			    step);
			while ((st = record_next(&r, &rec, &len)) ==
			    RECORD_READY) {
				cr_assert_lt(got, 3);
				cr_assert_eq(len, lens[got++]);
				cr_assert_eq(memcmp(rec, one, len), 0);
			}
			cr_assert_eq(st, RECORD_MORE);
		}
		cr_assert_eq(got, 3, "step %zu", step);
		cr_expect_not(record_is_partial(&r));
	}
}

Test(record, a_record_of_exactly_the_limit_passes_and_one_byte_more_does_not)
{
	feed_mark(0x80000000 + MAX);
	expect_state(RECORD_MORE);
	teardown();
	setup();
	feed_mark(0x80000000 + MAX + 1);
	expect_state(RECORD_BAD);
	teardown();
	setup();
	(void)feed("\0\0\0\1a", 5);
	feed_mark(0x80000000 + MAX);
	expect_state(RECORD_BAD);
}

Test(record, an_empty_fragment_is_bad_unless_the_last)
{
	feed_mark(0);
	expect_state(RECORD_BAD);
}

Test(record, a_65th_fragment_is_bad)
{
	unsigned i;

	for (i = 0; i < 64; i++)
		(void)feed("\0\0\0\1a", 5);
	expect_state(RECORD_MORE);
	feed_mark(0x80000000);
	expect_state(RECORD_BAD);
}

Test(record, the_pool_keeps_a_few_buffers_of_the_largest_size)
{
	unsigned i;

	for (i = 0; i < RECORD_POOL + 3; i++)
		record_pool_put(&pool, malloc(MAX), MAX);
	cr_expect_eq(pool.n, RECORD_POOL);
	record_pool_put(&pool, malloc(64), 64);
	record_pool_put(&pool, NULL, 0);
	cr_expect_eq(pool.n, RECORD_POOL);
}

Test(record, a_wipe_leaves_what_has_not_been_handed_out)
{
	struct record_pool own;
	const uint8_t *rec;
	struct iovec iov[2];
	struct record w;
	size_t len, i;

	record_pool_init(&own, 100000);
	cr_assert(record_init(&w, &own));
	(void)record_space(&w, iov);
	memcpy(iov[0].iov_base, "\x80\0\0\4abcd\x80\0\0\4ef", 14);
	memset((char *)iov[0].iov_base + 14, 'x', 1000);	/* an old one */
	record_got(&w, 14);
	cr_assert_eq(record_next(&w, &rec, &len), RECORD_READY);
	cr_assert_eq(memcmp(rec, "abcd", 4), 0);
	record_wipe(&w);
	for (i = 0; i < w.off; i++)
		cr_assert_eq(w.in[i], 0);
	for (i = w.end; i < RECORD_IN; i++)
		cr_assert_eq(w.in[i], 0);
	cr_assert_eq(record_next(&w, &rec, &len), RECORD_MORE);
	(void)record_space(&w, iov);
	memcpy(iov[0].iov_base, "gh", 2);
	record_got(&w, 2);
	cr_assert_eq(record_next(&w, &rec, &len), RECORD_READY);
	cr_assert_eq(memcmp(rec, "efgh", 4), 0);
	record_fini(&w);
	record_pool_fini(&own);
}
