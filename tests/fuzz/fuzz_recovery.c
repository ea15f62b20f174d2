/*
 * fuzz_recovery.c - recovery keys that somebody typed, and lists of words: the
 * first byte says which.  What is accepted comes out again as it was meant.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "vault/recovery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool fact)
{
	if (!fact)
		abort();
}

/* Words of one letter to three, so that a mutation hits some. */
static struct recovery_list *
list(void)
{
	char text[4096 * 4 + 1], *p = text;
	struct recovery_list *l;
	unsigned i;

	for (i = 0; i < RECOVERY_LIST_WORDS; i++)
		p += sprintf(p, "%x\n", i);
	must((l = recovery_list_new(text, (size_t)(p - text), NULL)) != NULL);
	return l;
}

static void
one_key(const struct recovery_list *l, const char *text, size_t len)
{
	char out[RECOVERY_TEXT_MAX + 1];
	uint8_t raw[KEYS_RAW_LEN], again[KEYS_RAW_LEN];
	struct verr e = { .code = VERR_NONE };

	if (recovery_parse(l, text, len, raw, &e) == -1) {
		must(e.code == VERR_INVAL || e.code == VERR_PASSWORD);
		return;
	}
	recovery_hex(raw, out);
	must(recovery_parse(NULL, out, strlen(out), again, NULL) == 0 &&
	    memcmp(raw, again, sizeof(raw)) == 0);
	if (l == NULL)
		return;
	recovery_words(l, raw, out);
	must(strlen(out) <= RECOVERY_TEXT_MAX &&
	    recovery_parse(l, out, strlen(out), again, NULL) == 0 &&
	    memcmp(raw, again, sizeof(raw)) == 0);
}

/* A list that is ours but for what the input writes over its start. */
static void
one_list(const char *text, size_t len)
{
	char *big = malloc(RECOVERY_LIST_WORDS * 4 + len);
	char *p = big + len;
	unsigned i;

	must(big != NULL);
	memcpy(big, text, len);
	for (i = 0; i < RECOVERY_LIST_WORDS; i++)
		p += sprintf(p, "%x\n", i);
	for (i = 0; i < 2; i++)
		recovery_list_free(recovery_list_new(big + i * len / 2,
		    (size_t)(p - big) - i * len, NULL));
	free(big);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct recovery_list *l;
	const char *text = (const char *)data + 1;

	if (l == NULL)
		l = list();
	if (size < 1)
		return 0;
	if (data[0] == 'l')
		one_list(text, size - 1);
	else
		one_key(data[0] == 'w' ? l : NULL, text, size - 1);
	return 0;
}
