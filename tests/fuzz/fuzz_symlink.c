/*
 * fuzz_symlink.c - symlink.c9r, as it is or, with SEALED, its target.
 *
 * Input: a byte of choices, then the bytes; with REPEAT, as many times as the
 * next byte says, and one more.
 */
#include "config.h"

#include <string.h>

#include "tests/fuzz/fuzzbox.h"

enum {
	SEALED = FUZZBOX_OWN,
	REPEAT = FUZZBOX_OWN << 1,
	LONG = FUZZBOX_OWN << 2,	/* under a name that is shortened */
	COPY = FUZZBOX_OWN << 3,	/* a sync client's copy of "link" */
};

#define TARGET_MAX	40000u		/* bytes: over what is read */

static void
put(struct fuzzbox *b, unsigned how, const char *entry, const uint8_t *data,
    size_t len)
{
	const char *path = fuzzbox_in(entry, "symlink.c9r");

	if (how & SEALED)
		fuzzbox_seal(b, path, data, len);
	else
		fuzzbox_put(b, path, data, len);
}

static void
add_copy(struct fuzzbox *b, unsigned how, const uint8_t *data, size_t len)
{
	char disk[NAME_DISK_MAX + 8];
	size_t n = name_encrypt(b->keys, "", 0, "link", 4, disk);

	memcpy(disk + n - 4, " (1).c9r", 9);
	put(b, how, fuzzbox_in(b->top, disk), data, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t text[TARGET_MAX];
	char name[200];
	unsigned how, times = 1;
	struct fuzzbox *b;
	size_t n = 0;

	if (size < 2)
		return 0;
	how = *data++;
	size--;
	if (how & REPEAT) {
		times += *data++;
		size--;
	}
	for (; times-- > 0 && n + size <= TARGET_MAX; n += size)
		memcpy(text + n, data, size);
	b = fuzzbox_new(how);
	memset(name, 'n', sizeof(name));
	put(b, how, fuzzbox_entry(b, "", 0, name, how & LONG ? 200 : 9), text,
	    n);
	if (how & COPY)
		add_copy(b, how, text, n);
	fuzzbox_look(b, how);
	return 0;
}
