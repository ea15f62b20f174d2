/*
 * fuzz_base64.c - decoders take foreign names: what one accepts is exactly
 * what the encoder writes, but for padding.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vault/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool fact)
{
	if (!fact)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *out = malloc(BASE64_BYTES(size) + 1);
	char *text = malloc(BASE64_LEN(BASE64_BYTES(size)) + 1);
	const char *in = (const char *)data;
	size_t n;

	must(out != NULL && text != NULL);
	if (base64_decode(in, size, out, &n)) {
		base64_encode(out, n, text);
		must(strlen(text) >= size && memcmp(text, in, size) == 0);
	}
	if (base64url_decode(in, size, out, &n)) {
		base64url_encode(out, n, text);
		must(strlen(text) == size && memcmp(text, in, size) == 0);
	}
	if (base64url_decode_nopad(in, size, out, &n)) {
		must(base64url_encode_nopad(out, n, text) == size);
		must(memcmp(text, in, size) == 0);
	}
	free(out);
	free(text);
	return 0;
}
