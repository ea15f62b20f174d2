#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/verr.h"
#include "vault/recovery.h"

_Static_assert(RECOVERY_WORDS * 12 == RECOVERY_LEN * 8, "whole words");

struct word {
	const char	*s;		/* in the list's text, NUL-terminated */
	uint16_t	 value;
};

struct recovery_list {
	struct word	 by_value[RECOVERY_LIST_WORDS];
	struct word	 by_text[RECOVERY_LIST_WORDS];	/* sorted */
	char		 text[];
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next run of characters that are no white space; false at the end. */
static bool
next_word(const char **p, const char *end, const char **word, size_t *len)
{
	while (*p < end && is_space(**p))
		(*p)++;
	*word = *p;
	while (*p < end && !is_space(**p))
		(*p)++;
	*len = (size_t)(*p - *word);
	return *len > 0;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(((const struct word *)a)->s, ((const struct word *)b)->s);
}

/* Cut l->text into words; how many there are. */
static unsigned
split(struct recovery_list *l, size_t len, bool *odd)
{
	const char *p = l->text, *end = l->text + len, *word;
	unsigned n = 0;
	size_t wlen;

	*odd = false;
	while (next_word(&p, end, &word, &wlen)) {
		if (wlen > RECOVERY_WORD_MAX ||
		    memchr(word, '\0', wlen) != NULL)
			*odd = true;
		if (n < RECOVERY_LIST_WORDS) {
			l->by_value[n].s = word;
			l->by_value[n].value = (uint16_t)n;
		}
		n++;
		/* the white space after it, or the NUL at the end */
		l->text[word - l->text + (ptrdiff_t)wlen] = '\0';
		if (p < end)
			p++;
	}
	return n;
}

static int
check_list(struct recovery_list *l, size_t len, struct verr *e)
{
	bool odd;
	unsigned i, n;

	n = split(l, len, &odd);
	if (n != RECOVERY_LIST_WORDS)
		return verr_fail(e, VERR_INVAL, "the list has %u words, not %d",
		    n, RECOVERY_LIST_WORDS);
	if (odd)
		return verr_fail(e, VERR_INVAL, "the list has a word of more "
		    "than %d bytes, or with a NUL in it", RECOVERY_WORD_MAX);
	memcpy(l->by_text, l->by_value, sizeof(l->by_text));
	qsort(l->by_text, n, sizeof(l->by_text[0]), by_text);
	for (i = 1; i < n; i++)
		if (by_text(&l->by_text[i - 1], &l->by_text[i]) == 0)
			return verr_fail(e, VERR_INVAL, "word %u of the list "
			    "is also its word %u",
			    l->by_text[i - 1].value + 1u,
			    l->by_text[i].value + 1u);
	return 0;
}

struct recovery_list *
recovery_list_new(const char *text, size_t len, struct verr *e)
{
	struct recovery_list *l;

	if (len > RECOVERY_LIST_MAX) {
		verr_fail(e, VERR_INVAL, "the list has more than %u bytes",
		    RECOVERY_LIST_MAX);
		return NULL;
	}
	if ((l = malloc(sizeof(*l) + len + 1)) == NULL) {
		verr_fail(e, VERR_NOMEM, "out of memory for a list of words");
		return NULL;
	}
	memcpy(l->text, text, len);
	l->text[len] = '\0';
	if (check_list(l, len, e) == 0)
		return l;
	free(l);
	return NULL;
}

void
recovery_list_free(struct recovery_list *l)
{
	free(l);
}

/* CRC-32 as in IEEE 802.3 and zlib: reflected, polynomial 04C11DB7. */
static uint32_t
crc32_of(const uint8_t *p, size_t len)
{
	uint32_t crc = UINT32_MAX;
	int bit;

	while (len-- > 0) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void
pack(const uint8_t raw[KEYS_RAW_LEN], uint8_t out[RECOVERY_LEN])
{
	uint32_t crc = crc32_of(raw, KEYS_RAW_LEN);

	memcpy(out, raw, KEYS_RAW_LEN);
	out[KEYS_RAW_LEN] = (uint8_t)crc;
	out[KEYS_RAW_LEN + 1] = (uint8_t)(crc >> 8);
}

void
recovery_hex(const uint8_t raw[KEYS_RAW_LEN], char out[RECOVERY_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[RECOVERY_LEN];
	size_t i;

	pack(raw, bytes);
	for (i = 0; i < sizeof(bytes); i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
	secret_zero(bytes, sizeof(bytes));
}

void
recovery_words(const struct recovery_list *l, const uint8_t raw[KEYS_RAW_LEN],
    char out[RECOVERY_TEXT_MAX + 1])
{
	uint8_t bytes[RECOVERY_LEN];
	unsigned i, value;
	const uint8_t *p;
	size_t len;

	pack(raw, bytes);
	for (i = 0; i < RECOVERY_WORDS; i++) {
		/* two words in three bytes */
		p = bytes + i / 2 * 3;
		value = i % 2 == 0 ? (unsigned)p[0] << 4 | p[1] >> 4 :
		    (p[1] & 15u) << 8 | p[2];
		len = strlen(l->by_value[value].s);
		memcpy(out, l->by_value[value].s, len);
		out += len;
		*out++ = ' ';
	}
	out[-1] = '\0';
	secret_zero(bytes, sizeof(bytes));
}

/* -- back */

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* False: these are not the digits of a recovery key. */
static bool
from_hex(const char *text, size_t len, uint8_t out[RECOVERY_LEN])
{
	size_t i, n = 0;
	int d;

	for (i = 0; i < len; i++) {
		if (is_space(text[i]) || text[i] == '-' || text[i] == ':')
			continue;
		if ((d = digit(text[i])) == -1 || n == RECOVERY_HEX_LEN)
			return false;
		if (n % 2 == 0)
			out[n / 2] = (uint8_t)(d << 4);
		else
			out[n / 2] |= (uint8_t)d;
		n++;
	}
	return n == RECOVERY_HEX_LEN;
}

static int
word_value(const struct recovery_list *l, const char *s, size_t len)
{
	char buf[RECOVERY_WORD_MAX + 1];
	struct word key = { .s = buf };
	const struct word *found;

	if (len > RECOVERY_WORD_MAX)
		return -1;
	memcpy(buf, s, len);
	buf[len] = '\0';
	found = bsearch(&key, l->by_text, RECOVERY_LIST_WORDS, sizeof(key),
	    by_text);
	secret_zero(buf, sizeof(buf));
	return found == NULL ? -1 : found->value;
}

static int
from_words(const struct recovery_list *l, const char *text, size_t len,
    uint8_t out[RECOVERY_LEN], struct verr *e)
{
	const char *p = text, *word;
	unsigned n = 0;
	uint8_t *to;
	size_t wlen;
	int value;

	for (; next_word(&p, text + len, &word, &wlen); n++) {
		if (n == RECOVERY_WORDS)
			return verr_fail(e, VERR_INVAL, "the recovery key has "
			    "more than %d words", RECOVERY_WORDS);
		if ((value = word_value(l, word, wlen)) == -1)
			return verr_fail(e, VERR_INVAL, "word %u of the "
			    "recovery key is not in the list", n + 1);
		to = out + n / 2 * 3;
		if (n % 2 == 0) {
			to[0] = (uint8_t)(value >> 4);
			to[1] = (uint8_t)(value << 4);
		} else {
			to[1] |= (uint8_t)(value >> 8);
			to[2] = (uint8_t)value;
		}
	}
	if (n == RECOVERY_WORDS)
		return 0;
	return verr_fail(e, VERR_INVAL, "the recovery key has %u words, not %d",
	    n, RECOVERY_WORDS);
}

int
recovery_parse(const struct recovery_list *l, const char *text, size_t len,
    uint8_t raw[KEYS_RAW_LEN], struct verr *e)
{
	uint8_t bytes[RECOVERY_LEN], again[RECOVERY_LEN];
	int r = 0;

	if (!from_hex(text, len, bytes))
		r = l != NULL ? from_words(l, text, len, bytes, e) :
		    verr_fail(e, VERR_INVAL, "a recovery key has %d "
		    "hexadecimal digits; Cryptomator's words can be read "
		    "with the list they are from", RECOVERY_HEX_LEN);
	if (r == 0) {
		pack(bytes, again);
		memcpy(raw, bytes, KEYS_RAW_LEN);
		if (!secret_equal(bytes, again, sizeof(bytes)))
			r = verr_fail(e, VERR_PASSWORD, "the recovery key has "
			    "a slip in it: its check digits are wrong");
	}
	if (r == -1)
		secret_zero(raw, KEYS_RAW_LEN);
	secret_zero(bytes, sizeof(bytes));
	secret_zero(again, sizeof(again));
	return r;
}
