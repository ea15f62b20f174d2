#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "vault/recovery.h"

/*
 * The raw keys 00 01 ... 3f and sixty-four zeros.  The CRC-32 are zlib's:
 * 100ece8c and 758d6336, of which ce8c and 6336 count, low byte first.
 */
static const char counting_hex[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
    "8cce";

static struct verr e;

static void
counting(uint8_t raw[KEYS_RAW_LEN])
{
	for (unsigned i = 0; i < KEYS_RAW_LEN; i++)
		raw[i] = (uint8_t)i;
}

/* Words w000 to wfff, in another order than that of their texts. */
static char *
list_text(void)
{
	char *text = malloc(4096 * 6 + 1), *p = text;

	cr_assert_not_null(text);
	for (unsigned i = 0; i < 4096; i++)
		p += sprintf(p, "w%03x\n", i ^ 0xa5a);
	return text;
}

static struct recovery_list *
list(void)
{
	char *text = list_text();
	struct recovery_list *l = recovery_list_new(text, strlen(text), &e);

	cr_assert_not_null(l, "%s", e.text);
	free(text);
	return l;
}

static enum verr_code
parse(const struct recovery_list *l, const char *text, uint8_t *raw)
{
	memset(&e, 0, sizeof(e));
	return recovery_parse(l, text, strlen(text), raw, &e) == 0 ?
	    VERR_NONE : e.code;
}

Test(recovery, the_digits_are_the_key_and_the_low_half_of_its_crc)
{
	char hex[RECOVERY_HEX_LEN + 1];
	uint8_t raw[KEYS_RAW_LEN];

	counting(raw);
	recovery_hex(raw, hex);
	cr_expect_str_eq(hex, counting_hex);
	memset(raw, 0, sizeof(raw));
	recovery_hex(raw, hex);
	cr_expect_str_eq(hex + 128, "3663");
}

Test(recovery, digits_come_back_with_any_space_between_them)
{
	uint8_t raw[KEYS_RAW_LEN], want[KEYS_RAW_LEN];
	char text[1024], *p = text;

	counting(want);
	for (size_t i = 0; i < RECOVERY_HEX_LEN; i += 2)
		p += sprintf(p, "%c%c%s", counting_hex[i],
		    counting_hex[i + 1] >= 'a' ? counting_hex[i + 1] - 32 :
		    counting_hex[i + 1],
		    i % 22 == 0 ? " \r\n\t" : i % 3 == 0 ? "-" : ":");
	cr_expect_eq(parse(NULL, text, raw), VERR_NONE, "%s", e.text);
	cr_expect_arr_eq(raw, want, sizeof(raw));
	cr_expect_eq(parse(NULL, counting_hex, raw), VERR_NONE);
}

Test(recovery, a_slip_in_any_digit_is_noticed)
{
	char text[sizeof(counting_hex)];
	uint8_t raw[KEYS_RAW_LEN];

	for (size_t i = 0; i < RECOVERY_HEX_LEN; i++) {
		(void)strcpy(text, counting_hex);
		text[i] = text[i] == '7' ? '9' : '7';
		cr_expect_eq(parse(NULL, text, raw), VERR_PASSWORD, "%zu", i);
		for (size_t k = 0; k < sizeof(raw); k++)
			cr_assert_eq(raw[k], 0, "the key was kept");
	}
}

Test(recovery, what_is_no_key_is_refused)
{
	char longer[sizeof(counting_hex) + 1];
	uint8_t raw[KEYS_RAW_LEN];

	cr_expect_eq(parse(NULL, "", raw), VERR_INVAL);
	cr_expect_eq(parse(NULL, "0123", raw), VERR_INVAL);
	(void)sprintf(longer, "%s0", counting_hex);
	cr_expect_eq(parse(NULL, longer, raw), VERR_INVAL);
	longer[RECOVERY_HEX_LEN - 1] = '\0';
	cr_expect_eq(parse(NULL, longer, raw), VERR_INVAL);
	longer[5] = 'g';
	cr_expect_eq(parse(NULL, longer, raw), VERR_INVAL);
}

/* By hand: 000102 is 000 and 102; word 000 of the list is wa5a, 102 wb58. */
Test(recovery, two_words_are_three_bytes_most_significant_first)
{
	char text[RECOVERY_TEXT_MAX + 1];
	struct recovery_list *l = list();
	uint8_t raw[KEYS_RAW_LEN], back[KEYS_RAW_LEN];
	unsigned spaces = 0;

	counting(raw);
	recovery_words(l, raw, text);
	cr_expect_eq(strncmp(text, "wa5a wb58 wa6a we5f wa3a wd52 ", 30), 0,
	    "%s", text);
	/* the last three bytes are 3f 8c ce */
	cr_expect_str_eq(text + strlen(text) - 10, " w9a2 w694");
	for (const char *p = text; *p != '\0'; p++)
		spaces += *p == ' ';
	cr_expect_eq(spaces, RECOVERY_WORDS - 1);
	cr_expect_eq(parse(l, text, back), VERR_NONE, "%s", e.text);
	cr_expect_arr_eq(back, raw, sizeof(raw));
	recovery_list_free(l);
}

Test(recovery, every_key_comes_back_from_its_words)
{
	char text[RECOVERY_TEXT_MAX + 1];
	struct recovery_list *l = list();
	uint8_t raw[KEYS_RAW_LEN], back[KEYS_RAW_LEN];

	srand(1);
	for (unsigned n = 0; n < 2000; n++) {
		for (unsigned i = 0; i < sizeof(raw); i++)
			raw[i] = (uint8_t)(rand() >> 7);
		recovery_words(l, raw, text);
		cr_assert_eq(parse(l, text, back), VERR_NONE);
		cr_assert_arr_eq(back, raw, sizeof(raw));
	}
	recovery_list_free(l);
}

Test(recovery, with_a_list_digits_are_still_read)
{
	struct recovery_list *l = list();
	uint8_t raw[KEYS_RAW_LEN];

	cr_expect_eq(parse(l, counting_hex, raw), VERR_NONE);
	recovery_list_free(l);
}

Test(recovery, wrong_words_are_told_by_their_place_not_by_their_text)
{
	char text[2 * RECOVERY_TEXT_MAX];
	struct recovery_list *l = list();
	uint8_t raw[KEYS_RAW_LEN];

	counting(raw);
	recovery_words(l, raw, text);
	memcpy(text + 10, "secr", 4);
	cr_expect_eq(parse(l, text, raw), VERR_INVAL);
	cr_expect_not_null(strstr(e.text, "word 3 "), "%s", e.text);
	cr_expect_null(strstr(e.text, "secr"));

	counting(raw);
	recovery_words(l, raw, text);
	memcpy(text, "w000", 4);
	cr_expect_eq(parse(l, text, raw), VERR_PASSWORD);

	counting(raw);
	recovery_words(l, raw, text);
	(void)strcat(text, " w000");
	cr_expect_eq(parse(l, text, raw), VERR_INVAL);
	cr_expect_eq(parse(l, "w000 w001", raw), VERR_INVAL);
	cr_expect_eq(parse(l, "", raw), VERR_INVAL);
	recovery_list_free(l);
}

static enum verr_code
list_error(char *text)
{
	struct recovery_list *l;

	memset(&e, 0, sizeof(e));
	l = recovery_list_new(text, strlen(text), &e);
	recovery_list_free(l);
	free(text);
	return l == NULL ? e.code : VERR_NONE;
}

Test(recovery, a_list_has_4096_different_words)
{
	char *text = list_text();

	text[strlen(text) - 1] = '\0';
	cr_expect_eq(list_error(text), VERR_NONE, "without the last newline");

	text = list_text();
	text[strlen(text) - 6] = '\0';
	cr_expect_eq(list_error(text), VERR_INVAL);
	cr_expect_not_null(strstr(e.text, "4095 words"), "%s", e.text);

	text = list_text();
	memcpy(text + 5, text, 4);
	cr_expect_eq(list_error(text), VERR_INVAL);

	text = list_text();
	memset(text, 'x', 40);
	cr_expect_eq(list_error(text), VERR_INVAL);
	cr_expect_eq(list_error(strdup("")), VERR_INVAL);
}

Test(recovery, a_list_may_have_the_line_ends_of_windows)
{
	char *text = list_text(), *crlf = malloc(4096 * 7), *p = crlf;

	for (const char *s = text; *s != '\0'; s++) {
		if (*s == '\n')
			*p++ = '\r';
		*p++ = *s;
	}
	*p = '\0';
	cr_expect_eq(list_error(crlf), VERR_NONE, "%s", e.text);
	free(text);
}
