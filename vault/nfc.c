/*
 * nfc.c - Unicode normalization form C by utf8proc.
 *
 * utf8proc's one-call functions allocate and stop at a NUL; its two steps,
 * decompose and re-encode, work on lengths and in one buffer of code points.
 */
#include "config.h"

#include <stdint.h>
#include <utf8proc.h>

#include "vault/nfc.h"

#define OPTIONS	(UTF8PROC_STABLE | UTF8PROC_COMPOSE)

/*
 * No code point below U+0300 decomposes or combines with one before it
 * without one from U+0300 up taking part (UAX #15, NFC_Quick_Check).  The
 * lead bytes of those are C2 to CB; C0 and C1 would be overlong.
 */
bool
nfc_is_plain(const char *s, size_t len)
{
	const uint8_t *b = (const uint8_t *)s, *end = b + len;

	while (b < end) {
		if (*b < 0x80) {
			b++;
			continue;
		}
		if (*b < 0xc2 || *b > 0xcb || end - b < 2 ||
		    (b[1] & 0xc0) != 0x80)
			return false;
		b += 2;
	}
	return true;
}

size_t
nfc_room(const char *s, size_t len)
{
	utf8proc_ssize_t n;

	if (len == 0 || len > PTRDIFF_MAX / 64)
		return 0;
	n = utf8proc_decompose((const utf8proc_uint8_t *)s,
	    (utf8proc_ssize_t)len, NULL, 0, OPTIONS);
	/* utf8proc_reencode() puts a NUL after up to four bytes for each. */
	return n > 0 ? ((size_t)n + 1) * sizeof(utf8proc_int32_t) : 0;
}

size_t
nfc_make(const char *s, size_t len, void *buf, size_t room)
{
	utf8proc_ssize_t n;

	n = utf8proc_decompose((const utf8proc_uint8_t *)s,
	    (utf8proc_ssize_t)len, buf,
	    (utf8proc_ssize_t)(room / sizeof(utf8proc_int32_t) - 1), OPTIONS);
	if (n > 0)
		n = utf8proc_reencode(buf, n, OPTIONS);
	return n > 0 ? (size_t)n : 0;
}
