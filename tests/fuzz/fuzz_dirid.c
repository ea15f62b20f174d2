/*
 * fuzz_dirid.c - dirid.c9r, of a directory and of a folder that no link leads
 * to: a repair believes it there, if it fits.
 *
 * Input: a byte of choices, then the file, or with SEALED what is in it.
 */
#include "config.h"

#include <string.h>

#include "tests/fuzz/fuzzbox.h"

enum {
	SEALED = FUZZBOX_OWN,
	PLACE = FUZZBOX_OWN << 1,	/* 2 bits: whose backup it is */
};

static void
put(struct fuzzbox *b, unsigned how, const char *folder, const uint8_t *data,
    size_t len)
{
	const char *path = fuzzbox_in(folder, "dirid.c9r");

	if (how & SEALED)
		fuzzbox_seal(b, path, data, len);
	else
		fuzzbox_put(b, path, data, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *id = (const char *)data + 1;
	char orphan[NAME_DIRPATH_LEN + 1];
	struct fuzzbox *b;
	unsigned how;

	if (size < 1 || size > 2000)
		return 0;
	how = *data++;
	size--;
	if (size > NAME_DIRID_MAX && how / PLACE % 4 == 2)
		return 0;
	b = fuzzbox_new(how);
	switch (how / PLACE % 4) {
	case 0:
		put(b, how, b->top, data, size);
		break;
	case 1:
		put(b, how, b->sub, data, size);
		break;
	case 2:	/* an orphan of this very id */
		fuzzbox_must(name_dirpath(b->keys, id, size, orphan));
		fuzzbox_seal(b, fuzzbox_entry(b, id, size, "leaf", 4), "x", 1);
		put(b, how, orphan, data, size);
		break;
	default: /* an orphan of another */
		fuzzbox_must(name_dirpath(b->keys, "lost", 4, orphan));
		fuzzbox_seal(b, fuzzbox_entry(b, "lost", 4, "leaf", 4), "x",
		    1);
		put(b, how, orphan, data, size);
	}
	fuzzbox_look(b, how);
	return 0;
}
