/*
 * fuzz_header.c - whole small files as they lie on disk, and headers alone.
 *
 * Input: a byte of choices, then the file.  The header's clear part (reserved
 * bytes and key) is the format's affair and random here; what a header that is
 * authentic may say, fuzz_chunks.c tries.
 */
#include "config.h"

#include <string.h>

#include "tests/fuzz/fuzzbox.h"

enum {
	GOOD = FUZZBOX_OWN,		/* a header of ours goes before it */
	LONG = FUZZBOX_OWN << 1,	/* under a name that is shortened */
	FLIP = FUZZBOX_OWN << 2,	/* the next byte says which bit */
};

#define FILE_MAX	40000u

/* Only what these keys made is a header, and it says the same twice. */
static void
alone(struct fuzzbox *b, const uint8_t *disk, bool ours)
{
	struct filekey fk, again;
	bool is;

	memset(&fk, 0, sizeof(fk));
	memset(&again, 0, sizeof(again));
	is = b->cipher->header_read(b->keys, disk, &fk);
	fuzzbox_must(is == b->cipher->header_read(b->keys, disk, &again));
	fuzzbox_must(!is || memcmp(&fk, &again, sizeof(fk)) == 0);
	fuzzbox_must(is || !ours);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[CIPHER_HEADER_MAX + FILE_MAX];
	struct filekey fk;
	struct fuzzbox *b;
	size_t n = 0, bit = 0;
	const char *entry;
	char name[200];
	unsigned how;

	if (size < 2 || size > FILE_MAX)
		return 0;
	how = *data++;
	bit = *data++;
	size -= 2;
	b = fuzzbox_new(how);
	if (how & GOOD) {
		fuzzbox_must(b->cipher->header_make(b->keys, &fk, file));
		n = b->cipher->header_len;
	}
	if (size > 0)
		memcpy(file + n, data, size);
	n += size;
	if (how & FLIP && bit < 8 * n)
		file[bit / 8] ^= (uint8_t)(1u << bit % 8);
	if (n >= b->cipher->header_len)
		alone(b, file, (how & (GOOD | FLIP)) == GOOD);
	memset(name, 'n', sizeof(name));
	entry = fuzzbox_entry(b, "", 0, name, how & LONG ? 200 : 9);
	fuzzbox_put(b, how & LONG ? fuzzbox_in(entry, "contents.c9r") : entry,
	    file, n);
	fuzzbox_look(b, how);
	return 0;
}
