/*
 * fuzz_name.c - names from a folder that anyone may write to.
 *
 * Input: one byte that says how long the directory id is, the id, then bytes
 * that are taken once as a name on disk and once as a clear name.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "vault/base64.h"
#include "vault/keys.h"
#include "vault/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool fact)
{
	if (!fact)
		abort();
}

static void
on_disk(struct kctx *c, const char *id, size_t id_len, const char *s,
    size_t len)
{
	uint8_t *clear = malloc(BASE64_BYTES(len) + 1);
	char disk[NAME_DISK_MAX], hash[NAME_SHORT_LEN + 1];
	size_t n;

	must(clear != NULL);
	if (name_decrypt(c, id, id_len, s, len, clear, &n) && n > 0 &&
	    n <= NAME_CLEAR_MAX) {
		must(name_encrypt(c, id, id_len, (char *)clear, n, disk) ==
		    len + 4);
		must(memcmp(disk, s, len) == 0);
	}
	free(clear);
	name_shorten(s, len, hash);
	must(strlen(hash) == NAME_SHORT_LEN);
}

static void
in_clear(struct kctx *c, struct arena *a, const char *id, size_t id_len,
    const char *s, size_t len)
{
	uint8_t back[BASE64_BYTES(NAME_DISK_MAX)];
	char disk[NAME_DISK_MAX];
	const char *nfc, *again;
	size_t n, m;

	must(name_nfc(a, s, len, &nfc, &n) || (nfc == s && n == len));
	(void)name_is_servable(nfc, n);
	if (name_nfc(a, nfc, n, &again, &m))
		must(again == nfc && m == n);	/* a form is its own form */
	if (n == 0 || n > NAME_CLEAR_MAX)
		return;
	m = name_encrypt(c, id, id_len, nfc, n, disk);
	must(m > 0 && m < NAME_DISK_MAX && strlen(disk) == m);
	must(name_decrypt(c, id, id_len, disk, m - 4, back, &m));
	must(m == n && memcmp(back, nfc, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keys *k;
	char path[NAME_DIRPATH_LEN + 1];
	struct arena *a = arena_new(1024 * 1024);
	struct kctx *c;
	const char *id;
	size_t id_len;

	if (k == NULL) {
		uint8_t raw[KEYS_RAW_LEN];

		for (size_t i = 0; i < sizeof(raw); i++)
			raw[i] = (uint8_t)i;
		k = keys_new(raw, NULL);
	}
	must(k != NULL && a != NULL);
	c = keys_take(k);
	must(c != NULL);
	if (size > 0) {
		id_len = data[0] < size ? data[0] : size - 1;
		id = (const char *)data + 1;
		must(name_dirpath(c, id, id_len, path));
		on_disk(c, id, id_len, id + id_len, size - 1 - id_len);
		in_clear(c, a, id, id_len, id + id_len, size - 1 - id_len);
	}
	keys_drop(k, c);
	arena_free(a);
	return 0;
}
