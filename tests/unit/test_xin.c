#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "xdr/xin.h"

/* A reader over a copy that ends where its allocation ends, for ASan. */
static void *
reader(struct xin *in, const void *bytes, size_t len)
{
	void *copy = malloc(len > 0 ? len : 1);

	cr_assert_not_null(copy);
	memcpy(copy, bytes, len);
	xin_init(in, copy, len);
	return copy;
}

Test(xin, integers_are_big_endian)
{
	static const uint8_t rec[] = {
		0x12, 0x34, 0x56, 0x78,
		0x80, 0, 0, 1, 0xff, 0xee, 0xdd, 0xcc,
	};
	struct xin in;
	uint32_t v;
	uint64_t w;
	void *copy = reader(&in, rec, sizeof(rec));

	cr_assert(xin_u32(&in, &v));
	cr_expect_eq(v, 0x12345678);
	cr_expect_eq(xin_left(&in), 8);
	cr_expect_not(xin_done(&in));
	cr_assert(xin_u64(&in, &w));
	cr_expect_eq(w, 0x80000001ffeeddccULL);
	cr_expect(xin_done(&in));
	free(copy);
}

/* RFC 4506 section 4.11: "sillyprog" as a string. */
Test(xin, the_string_of_the_rfc_is_read)
{
	static const uint8_t rec[] = {
		0, 0, 0, 9, 's', 'i', 'l', 'l', 'y', 'p', 'r', 'o', 'g',
		0, 0, 0,
	};
	struct xin in;
	struct slice s;
	void *copy = reader(&in, rec, sizeof(rec));

	cr_assert(xin_slice(&in, 255, &s));
	cr_expect_eq(s.len, 9);
	cr_expect_eq(memcmp(s.s, "sillyprog", 9), 0);
	cr_expect(xin_done(&in));
	free(copy);
}

Test(xin, a_slice_points_into_the_record)
{
	static const uint8_t rec[] = { 0, 0, 0, 4, 'a', 0, 'c', 'd' };
	struct xin in;
	struct slice s;

	xin_init(&in, rec, sizeof(rec));
	cr_assert(xin_slice(&in, 4, &s));
	cr_expect_eq((const void *)s.s, (const void *)(rec + 4));
}

Test(xin, a_slice_may_not_run_past_the_record)
{
	static const uint8_t rec[] = { 0, 0, 0, 5, 'a', 'b', 'c', 'd' };
	struct xin in;
	struct slice s;
	uint32_t v;
	void *copy = reader(&in, rec, sizeof(rec));

	cr_expect_not(xin_slice(&in, 255, &s));
	cr_expect_not(xin_u32(&in, &v), "a failed stream stays failed");
	cr_expect_eq(xin_left(&in), 0);
	cr_expect_not(xin_done(&in));
	free(copy);
}

Test(xin, the_padding_must_be_there_too)
{
	static const uint8_t rec[] = {
		0, 0, 0, 5, 'a', 'b', 'c', 'd', 'e', 0, 0,
	};
	struct xin in;
	struct slice s;
	void *copy = reader(&in, rec, sizeof(rec));

	cr_expect_not(xin_slice(&in, 255, &s));
	free(copy);
}

Test(xin, a_length_near_2_to_the_32_does_not_wrap)
{
	uint8_t rec[12] = { 0xff, 0xff, 0xff, 0xff };
	struct xin in;
	struct slice s;
	unsigned low;
	void *copy;

	for (low = 0xfc; low <= 0xff; low++) {
		rec[3] = (uint8_t)low;
		copy = reader(&in, rec, sizeof(rec));
		cr_expect_not(xin_slice(&in, UINT32_MAX, &s));
		free(copy);
	}
}

Test(xin, a_length_over_the_limit_fails_though_the_bytes_are_there)
{
	static const uint8_t rec[] = { 0, 0, 0, 4, 'a', 'b', 'c', 'd' };
	struct xin in;
	struct slice s;

	xin_init(&in, rec, sizeof(rec));
	cr_expect_not(xin_slice(&in, 3, &s));
	xin_init(&in, rec, sizeof(rec));
	cr_expect(xin_slice(&in, 4, &s));
}

Test(xin, padding_of_any_value_is_skipped)
{
	static const uint8_t rec[] = { 0, 0, 0, 2, 'h', 'i', 9, 9, 0, 0, 0, 7 };
	struct xin in;
	struct slice s;
	uint32_t v;

	xin_init(&in, rec, sizeof(rec));
	cr_assert(xin_slice(&in, 255, &s));
	cr_expect_eq(s.len, 2);
	cr_assert(xin_u32(&in, &v));
	cr_expect_eq(v, 7);
}

Test(xin, an_empty_slice_is_no_failure)
{
	static const uint8_t rec[4];
	struct xin in;
	struct slice s = { NULL, 1 };

	xin_init(&in, rec, sizeof(rec));
	cr_assert(xin_slice(&in, 0, &s));
	cr_expect_eq(s.len, 0);
	cr_expect_not_null(s.s);
	cr_expect(xin_done(&in));
}

Test(xin, a_bool_is_0_or_1)
{
	uint8_t rec[4] = { 0, 0, 0, 0 };
	struct xin in;
	bool b = true;

	xin_init(&in, rec, 4);
	cr_expect(xin_bool(&in, &b) && !b);
	rec[3] = 1;
	xin_init(&in, rec, 4);
	cr_expect(xin_bool(&in, &b) && b);
	rec[3] = 2;
	xin_init(&in, rec, 4);
	cr_expect_not(xin_bool(&in, &b));
	cr_expect(in.failed);
	rec[3] = 1;
	rec[0] = 0x80;
	xin_init(&in, rec, 4);
	cr_expect_not(xin_bool(&in, &b));
}

Test(xin, an_enum_over_its_last_member_fails)
{
	static const uint8_t rec[] = { 0, 0, 0, 3 };
	struct xin in;
	uint32_t v;

	xin_init(&in, rec, 4);
	cr_expect(xin_enum(&in, 3, &v) && v == 3);
	xin_init(&in, rec, 4);
	cr_expect_not(xin_enum(&in, 2, &v));
	cr_expect(in.failed);
}

Test(xin, fixed_opaques_take_their_padding_along)
{
	static const uint8_t rec[] = { 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 6 };
	struct xin in;
	uint8_t out[5];
	uint32_t v;

	xin_init(&in, rec, sizeof(rec));
	cr_assert(xin_fixed(&in, out, 5));
	cr_expect_eq(memcmp(out, rec, 5), 0);
	cr_assert(xin_u32(&in, &v));
	cr_expect_eq(v, 6);
	cr_expect_not(xin_fixed(&in, out, 1));
}

Test(xin, every_reader_fails_at_the_end)
{
	struct xin in;
	struct slice s;
	uint8_t b[4];
	uint32_t v;
	uint64_t w;
	bool f;

#define AT_END(call) do { xin_init(&in, "", 0); cr_expect_not(call); } while (0)
	AT_END(xin_u32(&in, &v));
	AT_END(xin_u64(&in, &w));
	AT_END(xin_bool(&in, &f));
	AT_END(xin_enum(&in, 9, &v));
	AT_END(xin_slice(&in, 9, &s));
	AT_END(xin_fixed(&in, b, 4));
	xin_init(&in, "", 0);
	cr_expect(xin_done(&in), "nothing is wholly read from the start");
}
