/*
 * fuzz_token.c - vault.cryptomator, in two ways.
 *
 * The input as it is, as a token.  And, so that the JSON behind the base64 is
 * reached: its lines as header and claims, encoded here.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "vault/base64.h"
#include "vault/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool fact)
{
	if (!fact)
		abort();
}

static void
check(const char *text, size_t len)
{
	uint8_t raw[KEYS_RAW_LEN];
	struct verr e = { .code = VERR_NONE };
	struct token t;

	memset(raw, 0x55, sizeof(raw));
	if (token_parse(&t, text, len, &e) == 0) {
		const char *up = strstr(t.masterkey, "..");

		must(t.alg == 256 || t.alg == 384 || t.alg == 512);
		must(t.masterkey[0] != '\0' && t.masterkey[0] != '/');
		for (; up != NULL; up = strstr(up + 1, ".."))
			must((up != t.masterkey && up[-1] != '/') ||
			    (up[2] != '/' && up[2] != '\0'));
	} else if (e.code != VERR_UNSUPPORTED) {
		must(e.code == VERR_DAMAGED);
		return;
	}
	if (token_verify(&t, text, len, raw, &e) == 0)
		must(t.format == TOKEN_FORMAT && t.cipher != NULL &&
		    t.threshold >= 28 && t.threshold <= 255);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = size > 0 ? memchr(data, '\n', size) : NULL;
	char *text = malloc(2 * BASE64_LEN(size) + 8);
	size_t n, head;

	must(text != NULL);
	check((const char *)data, size);
	if (nl != NULL) {
		head = (size_t)(nl - data);
		n = base64url_encode_nopad(data, head, text);
		text[n++] = '.';
		n += base64url_encode_nopad(nl + 1, size - head - 1, text + n);
		text[n++] = '.';
		check(text, n);
	}
	free(text);
	return 0;
}
