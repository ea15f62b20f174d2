/*
 * base64.c - base64, base64url and base32 (RFC 4648, sections 4, 5 and 6).
 *
 * The alphabets differ in two letters, so one encoder and one decoder serve
 * both.  Decoding refuses every text that the encoder would not have written
 * (but for padding, where the header says so): two names on disk must never
 * mean the same bytes.
 */
#include "config.h"

#include "vault/base64.h"

#define COMMON	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char std_letters[] = COMMON "+/";
static const char url_letters[] = COMMON "-_";

enum padding { PAD_MUST, PAD_MAY, PAD_NEVER };

static size_t
encode(const char *letters, const uint8_t *in, size_t len, char *out)
{
	char *o = out;
	uint32_t v;

	for (; len >= 3; in += 3, len -= 3) {
		v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		*o++ = letters[v >> 18];
		*o++ = letters[v >> 12 & 63];
		*o++ = letters[v >> 6 & 63];
		*o++ = letters[v & 63];
	}
	if (len > 0) {
		v = (uint32_t)in[0] << 16;
		if (len == 2)
			v |= (uint32_t)in[1] << 8;
		*o++ = letters[v >> 18];
		*o++ = letters[v >> 12 & 63];
		if (len == 2)
			*o++ = letters[v >> 6 & 63];
	}
	*o = '\0';
	return (size_t)(o - out);
}

static void
encode_padded(const char *letters, const void *in, size_t len, char *out)
{
	size_t n;

	for (n = encode(letters, in, len, out); n % 4 != 0; n++)
		out[n] = '=';
	out[n] = '\0';
}

void
base64_encode(const void *in, size_t len, char *out)
{
	encode_padded(std_letters, in, len, out);
}

void
base64url_encode(const void *in, size_t len, char *out)
{
	encode_padded(url_letters, in, len, out);
}

size_t
base64url_encode_nopad(const void *in, size_t len, char *out)
{
	return encode(url_letters, in, len, out);
}

/* The value of one letter, or 64 and more. */
static uint32_t
value(char ch, char letter62, char letter63)
{
	if (ch >= 'A' && ch <= 'Z')
		return (uint32_t)(ch - 'A');
	if (ch >= 'a' && ch <= 'z')
		return (uint32_t)(ch - 'a') + 26;
	if (ch >= '0' && ch <= '9')
		return (uint32_t)(ch - '0') + 52;
	if (ch == letter62)
		return 62;
	return ch == letter63 ? 63 : 64;
}

/* Take the padding off.  false: it is not as it has to be. */
static bool
strip(const char *in, size_t *len, enum padding padding)
{
	size_t n = *len, pad = 0;

	while (pad < 2 && n > 0 && in[n - 1] == '=') {
		pad++;
		n--;
	}
	if (pad > 0 ? padding == PAD_NEVER || *len % 4 != 0 :
	    padding == PAD_MUST && n % 4 != 0)
		return false;
	*len = n;
	return n % 4 != 1;
}

static bool
decode(const char *letters, enum padding padding, const char *in, size_t len,
    uint8_t *out, size_t *outlen)
{
	uint32_t v = 0, bits = 0, d, bad = 0;
	size_t n = 0, i;

	*outlen = 0;
	if (!strip(in, &len, padding))
		return false;
	for (i = 0; i < len; i++) {
		d = value(in[i], letters[62], letters[63]);
		bad |= d;
		v = v << 6 | (d & 63);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(v >> bits);
		}
	}
	if ((bad & 64) != 0 || (v & ((1u << bits) - 1)) != 0)
		return false;
	*outlen = n;
	return true;
}

bool
base64_decode(const char *in, size_t len, uint8_t *out, size_t *outlen)
{
	return decode(std_letters, PAD_MAY, in, len, out, outlen);
}

bool
base64url_decode(const char *in, size_t len, uint8_t *out, size_t *outlen)
{
	return decode(url_letters, PAD_MUST, in, len, out, outlen);
}

bool
base64url_decode_nopad(const char *in, size_t len, uint8_t *out,
    size_t *outlen)
{
	return decode(url_letters, PAD_NEVER, in, len, out, outlen);
}

void
base32_encode(const void *in, size_t len, char *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	const uint8_t *b = in;
	uint32_t v = 0, bits = 0;
	size_t n = 0;

	for (; len > 0; len--) {
		v = v << 8 | *b++;
		for (bits += 8; bits >= 5; bits -= 5)
			out[n++] = letters[v >> (bits - 5) & 31];
	}
	if (bits > 0)
		out[n++] = letters[v << (5 - bits) & 31];
	for (; n % 8 != 0; n++)
		out[n] = '=';
	out[n] = '\0';
}
