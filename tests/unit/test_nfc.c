#include "config.h"

#include "tests/unit/kat.h"
#include "vault/nfc.h"

/* Decomposed, and in the one form that Cryptomator writes (UAX #15). */
static const struct {
	const char *nfd, *nfc;
} pairs[] = {
	{ "a\xcc\x88", "\xc3\xa4" },			/* a umlaut */
	{ "A\xcc\x8a", "\xc3\x85" },			/* A ring */
	{ "\xe2\x84\xab", "\xc3\x85" },			/* Angstrom sign */
	{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c" }, /* han */
	{ "\xe3\x81\x8b\xe3\x82\x99", "\xe3\x81\x8c" },	/* ka, voiced */
	{ "q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87" },	/* only reordered */
	{ "\xe0\xa5\x98", "\xe0\xa4\x95\xe0\xa4\xbc" },	/* excluded: QA */
};

static int32_t buf[256];

static size_t
make(const char *s, size_t len)
{
	size_t room = nfc_room(s, len);

	cr_assert_gt(room, 0);
	cr_assert_leq(room, sizeof(buf));
	return nfc_make(s, len, buf, room);
}

Test(nfc, decomposed_text_is_composed)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *from = pairs[i].nfd, *to = pairs[i].nfc;

		cr_expect_not(nfc_is_plain(from, strlen(from)));
		cr_expect_eq(make(from, strlen(from)), strlen(to), "%s", to);
		cr_expect_arr_eq(buf, to, strlen(to), "%s", to);
		cr_expect_eq(make(to, strlen(to)), strlen(to));
		cr_expect_arr_eq(buf, to, strlen(to), "%s stays", to);
	}
}

Test(nfc, a_nul_ends_nothing)
{
	cr_expect_eq(make("a\0b\xcc\x88", 5), 4 + 1);
	cr_expect_arr_eq(buf, "a\0b\xcc\x88", 5);
	cr_expect_eq(make("\0a\xcc\x88", 4), 3);
	cr_expect_arr_eq(buf, "\0\xc3\xa4", 3);
}

Test(nfc, what_is_not_utf8_has_no_form)
{
	static const char *const bad[] = {
		"\x80", "\xff", "\xc3", "a\xc3", "\xc0\xaf", "\xe2\x84",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xc3\x28",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_not(nfc_is_plain(bad[i], strlen(bad[i])), "%zu", i);
		cr_expect_eq(nfc_room(bad[i], strlen(bad[i])), 0, "%zu", i);
	}
}

static size_t
put(uint8_t *s, unsigned cp)
{
	if (cp < 0x80) {
		s[0] = (uint8_t)cp;
		return 1;
	}
	s[0] = (uint8_t)(0xc0 | cp >> 6);
	s[1] = (uint8_t)(0x80 | (cp & 0x3f));
	return 2;
}

/* The glance is right: all pairs of what it lets pass, by the real thing. */
Test(nfc, plain_text_is_its_own_form)
{
	uint8_t s[4];

	for (unsigned a = 0; a < 0x300; a++)
		for (unsigned b = 0; b < 0x300; b++) {
			size_t n = put(s, a);

			n += put(s + n, b);
			cr_assert(nfc_is_plain((char *)s, n));
			cr_assert_eq(make((char *)s, n), n, "%x %x", a, b);
			cr_assert_eq(memcmp(buf, s, n), 0, "%x %x", a, b);
		}
	cr_expect_not(nfc_is_plain("\xcc\x80", 2), "U+0300 is not");
	cr_expect(nfc_is_plain("", 0));
}
