#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "xdr/xout.h"

static uint8_t head[XOUT_HEAD_MAX];

static void
expect_bytes(const struct xout *o, const void *want, size_t len)
{
	uint8_t flat[256];
	size_t sum = 0;
	unsigned i;

	cr_assert(xout_ok(o));
	for (i = 0; i < o->niov; i++)
		sum += o->iov[i].iov_len;
	cr_expect_eq(sum, o->total);
	cr_assert_eq(xout_copy(o, flat, sizeof(flat)), len);
	cr_expect_eq(memcmp(flat, want, len), 0);
}

Test(xout, integers_are_big_endian)
{
	struct xout o;

	xout_init(&o, head, sizeof(head));
	xout_u32(&o, 0x12345678);
	xout_u64(&o, 0x80000001ffeeddccULL);
	xout_bool(&o, true);
	xout_bool(&o, false);
	expect_bytes(&o, "\x12\x34\x56\x78\x80\0\0\1\xff\xee\xdd\xcc"
	    "\0\0\0\1\0\0\0\0", 20);
	cr_expect_eq(o.niov, 1, "small things share one piece");
}

/* RFC 4506 section 4.11. */
Test(xout, the_string_of_the_rfc_is_written)
{
	struct xout o;

	memset(head, 0xee, sizeof(head));
	xout_init(&o, head, sizeof(head));
	xout_opaque(&o, "sillyprog", 9);
	expect_bytes(&o, "\0\0\0\11sillyprog\0\0\0", 16);
}

Test(xout, a_fixed_opaque_has_padding_but_no_length)
{
	struct xout o;

	memset(head, 0xee, sizeof(head));
	xout_init(&o, head, sizeof(head));
	xout_fixed(&o, "abcde", 5);
	xout_fixed(&o, NULL, 0);
	xout_fixed(&o, "wxyz", 4);
	expect_bytes(&o, "abcde\0\0\0wxyz", 12);
}

Test(xout, order_is_kept_between_copies_and_references)
{
	static const char big[] = "0123456";
	struct xout o;

	xout_init(&o, head, sizeof(head));
	xout_u32(&o, 7);
	xout_ref(&o, big, 7);
	xout_pad(&o, 7);
	xout_u32(&o, 1);
	xout_u32(&o, 2);
	expect_bytes(&o, "\0\0\0\7" "0123456\0" "\0\0\0\1\0\0\0\2", 20);
	cr_expect_eq(o.niov, 4);
	cr_expect_eq(o.iov[1].iov_base, (const void *)big);
}

Test(xout, empty_references_and_paddings_add_no_piece)
{
	struct xout o;

	xout_init(&o, head, sizeof(head));
	xout_u32(&o, 0);
	xout_ref(&o, NULL, 0);
	xout_pad(&o, 0);
	xout_pad(&o, 8);
	xout_u32(&o, 0);
	cr_expect_eq(o.niov, 1);
	cr_expect_eq(o.total, 8);
}

Test(xout, padding_fills_up_to_four)
{
	static const size_t want[] = { 0, 3, 2, 1, 0, 3 };
	struct xout o;
	size_t len;

	for (len = 0; len < 6; len++) {
		xout_init(&o, head, sizeof(head));
		xout_pad(&o, len);
		cr_expect_eq(o.total, want[len]);
	}
}

/* RFC 5531 section 11: the top bit says that it is the last fragment. */
Test(xout, the_record_mark_counts_what_follows_it)
{
	struct xout o;

	xout_init(&o, head, sizeof(head));
	xout_begin_record(&o);
	xout_u32(&o, 5);
	xout_ref(&o, "abcde", 5);
	xout_pad(&o, 5);
	xout_end_record(&o);
	expect_bytes(&o, "\x80\0\0\x0c" "\0\0\0\5abcde\0\0\0", 16);
}

Test(xout, a_record_without_its_begin_is_refused)
{
	struct xout o;

	xout_init(&o, head, sizeof(head));
	xout_end_record(&o);
	cr_expect_not(xout_ok(&o));
}

Test(xout, a_full_head_overflows_and_stays_so)
{
	uint8_t small[11];
	struct xout o;

	xout_init(&o, small, 10);
	small[10] = 0x55;
	xout_u64(&o, 1);
	cr_expect(xout_ok(&o));
	xout_u32(&o, 1);
	cr_expect_not(xout_ok(&o));
	xout_fixed(&o, "a", 1);
	xout_ref(&o, "b", 1);
	xout_begin_record(&o);
	xout_end_record(&o);
	cr_expect_not(xout_ok(&o));
	cr_expect_eq(small[10], 0x55);
	cr_expect_eq(o.total, 8);
	cr_expect_eq(xout_copy(&o, head, sizeof(head)), 0);
}

Test(xout, a_length_near_2_to_the_32_does_not_wrap)
{
	struct xout o;

	xout_init(&o, head, sizeof(head));
	xout_fixed(&o, "", UINT32_MAX);
	cr_expect_not(xout_ok(&o));
}

Test(xout, a_full_list_overflows)
{
	struct xout o;
	unsigned i;

	xout_init(&o, head, sizeof(head));
	for (i = 0; i < XOUT_IOV_MAX; i++)
		xout_ref(&o, "a", 1);
	cr_expect(xout_ok(&o));
	xout_u32(&o, 1);
	cr_expect_not(xout_ok(&o), "a new head piece needs a place too");
	xout_init(&o, head, sizeof(head));
	for (i = 0; i <= XOUT_IOV_MAX; i++)
		xout_ref(&o, "a", 1);
	cr_expect_not(xout_ok(&o));
}

Test(xout, a_read_of_one_mebibyte_in_34_pieces_fits_with_its_header)
{
	static const uint8_t chunk[32768];
	struct xout o;
	unsigned i;

	xout_init(&o, head, sizeof(head));
	xout_begin_record(&o);
	for (i = 0; i < 34; i++)
		xout_ref(&o, chunk, i == 0 ? 1 : sizeof(chunk));
	xout_pad(&o, 1);
	xout_end_record(&o);
	cr_expect(xout_ok(&o));
	cr_expect_eq(o.total, 4 + 1 + 33 * sizeof(chunk) + 3);
}

Test(xout, copying_into_too_small_a_buffer_gives_nothing)
{
	uint8_t flat[7];
	struct xout o;

	xout_init(&o, head, sizeof(head));
	xout_u64(&o, 1);
	cr_expect_eq(xout_copy(&o, flat, sizeof(flat)), 0);
}

Test(xout, a_copied_writer_goes_on_where_the_first_was)
{
	struct xout o, p;

	xout_init(&o, head, sizeof(head));
	xout_u32(&o, 1);
	p = o;
	xout_u32(&p, 2);
	expect_bytes(&p, "\0\0\0\1\0\0\0\2", 8);
}
