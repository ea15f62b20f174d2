#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "vault/base64.h"

/* RFC 4648, section 10. */
static const struct {
	const char *clear, *base64, *base32;
} rfc[] = {
	{ "", "", "" },
	{ "f", "Zg==", "MY======" },
	{ "fo", "Zm8=", "MZXQ====" },
	{ "foo", "Zm9v", "MZXW6===" },
	{ "foob", "Zm9vYg==", "MZXW6YQ=" },
	{ "fooba", "Zm9vYmE=", "MZXW6YTB" },
	{ "foobar", "Zm9vYmFy", "MZXW6YTBOI======" },
};
#define N(a)	(sizeof(a) / sizeof((a)[0]))

typedef bool decoder(const char *, size_t, uint8_t *, size_t *);

/* Does that decoder make these bytes of the text? */
static bool
gives(decoder *decode, const char *text, size_t len, const char *want)
{
	uint8_t out[32];
	size_t n;

	return decode(text, len, out, &n) && n == strlen(want) &&
	    memcmp(out, want, n) == 0;
}

Test(base64, the_vectors_of_the_rfc_are_encoded)
{
	char out[32];

	for (size_t i = 0; i < N(rfc); i++) {
		size_t len = strlen(rfc[i].clear);

		base64_encode(rfc[i].clear, len, out);
		cr_expect_str_eq(out, rfc[i].base64);
		cr_expect_eq(strlen(out), BASE64_LEN(len));
		base64url_encode(rfc[i].clear, len, out);
		cr_expect_str_eq(out, rfc[i].base64);
		base32_encode(rfc[i].clear, len, out);
		cr_expect_str_eq(out, rfc[i].base32);
		cr_expect_eq(strlen(out), BASE32_LEN(len));
	}
}

Test(base64, the_vectors_of_the_rfc_are_decoded)
{
	for (size_t i = 0; i < N(rfc); i++) {
		const char *s = rfc[i].base64, *want = rfc[i].clear;
		size_t all = strlen(s), bare = strcspn(s, "=");

		cr_expect(gives(base64_decode, s, all, want));
		cr_expect(gives(base64url_decode, s, all, want));
		cr_expect(gives(base64url_decode_nopad, s, bare, want));
		cr_expect(gives(base64_decode, s, bare, want),
		    "padding may be missing");
		cr_expect_eq(gives(base64url_decode, s, bare, want),
		    bare == all, "padding must be there");
		cr_expect_eq(gives(base64url_decode_nopad, s, all, want),
		    bare == all, "padding must not be there");
	}
}

Test(base64, the_two_alphabets_differ_in_two_letters)
{
	static const uint8_t bytes[] = { 0xfb, 0xff, 0xbf };
	uint8_t out[8];
	char text[8];
	size_t n;

	base64_encode(bytes, 3, text);
	cr_expect_str_eq(text, "+/+/");
	base64url_encode(bytes, 3, text);
	cr_expect_str_eq(text, "-_-_");
	cr_expect(base64_decode("+/+/", 4, out, &n));
	cr_expect_arr_eq(out, bytes, 3);
	cr_expect(base64url_decode("-_-_", 4, out, &n));
	cr_expect_arr_eq(out, bytes, 3);
	cr_expect_not(base64_decode("-_-_", 4, out, &n));
	cr_expect_not(base64url_decode("+/+/", 4, out, &n));
}

Test(base64, every_byte_goes_there_and_back_at_every_length)
{
	uint8_t in[256], out[256 + 3];
	char text[BASE64_LEN(256) + 1];
	size_t n;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 167 + 13);
	for (size_t len = 0; len <= sizeof(in); len++) {
		base64url_encode(in, len, text);
		cr_assert(base64url_decode(text, strlen(text), out, &n));
		cr_assert_eq(n, len);
		cr_assert_eq(memcmp(in, out, len), 0);
		cr_assert_eq(base64url_encode_nopad(in, len, text),
		    strlen(text));
		cr_assert(base64url_decode_nopad(text, strlen(text), out, &n));
		cr_assert_eq(n, len);
	}
}

Test(base64, what_the_encoder_would_not_write_is_refused)
{
	static const char *const bad[] = {
		"A", "A===", "AA=", "AA=A", "AAA==", "AAAA=", "AAAA====",
		"====", "=", "==", "AA==AA==", "AA\n=", "AA ==", " AA==",
		"AA==\n", "AA*=", "AAA\xc3", "AA.=",
		"AB==",		/* unused bits are not zero */
		"AAB=",
	};
	uint8_t out[16];
	size_t n;

	for (size_t i = 0; i < N(bad); i++) {
		size_t len = strlen(bad[i]);

		cr_expect_not(base64_decode(bad[i], len, out, &n), "%s",
		    bad[i]);
		cr_expect_eq(n, 0);
		cr_expect_not(base64url_decode(bad[i], len, out, &n), "%s",
		    bad[i]);
		cr_expect_not(base64url_decode_nopad(bad[i], len, out, &n),
		    "%s", bad[i]);
	}
	cr_expect_not(base64url_decode_nopad("AB", 2, out, &n));
	cr_expect_not(base64url_decode("AA\0=", 4, out, &n));
}
