/*
 * fuzz_longname.c - name.c9s, which nothing authenticates.
 *
 * Input: a byte of choices, then bytes that are name.c9s as they are or, with
 * SEALED, a clear name that is encrypted; with TAIL something follows.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzzbox.h"

enum {
	SEALED = FUZZBOX_OWN,
	TAIL = FUZZBOX_OWN << 1,
	FOLDER = FUZZBOX_OWN << 2,	/* not the folder that it belongs to */
	KIND = FUZZBOX_OWN << 3,	/* 2 bits: what lies beside it */
};

static void
add_node(struct fuzzbox *b, const char *folder, unsigned kind)
{
	static const char *const leaves[] = {
		"contents.c9r", "symlink.c9r", "dir.c9r",
	};

	if (kind == 2)
		fuzzbox_put(b, fuzzbox_in(folder, leaves[2]), "an id", 5);
	else if (kind < 2)
		fuzzbox_seal(b, fuzzbox_in(folder, leaves[kind]), "data", 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[NAME_LONG_MAX + 400], hash[NAME_SHORT_LEN + 1];
	const char *folder;
	struct fuzzbox *b;
	unsigned how;
	size_t n;

	if (size < 2 || size > NAME_LONG_MAX + 2)
		return 0;
	how = *data++;
	size--;
	b = fuzzbox_new(how);
	n = size;
	memcpy(text, data, size);
	if (how & SEALED && size <= NAME_CLEAR_MAX)
		n = name_encrypt(b->keys, "", 0, (const char *)data, size,
		    text);
	name_shorten(text, n, hash);
	if (how & TAIL) {
		memcpy(text + n, "\n.c9r.c9r", 9);
		n += 9;
	}
	folder = fuzzbox_in(b->top, how & FOLDER ?
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAA=.c9s" : hash);
	fuzzbox_put(b, fuzzbox_in(folder, "name.c9s"), text, n);
	add_node(b, folder, how / KIND % 4);
	fuzzbox_look(b, how);
	return 0;
}
