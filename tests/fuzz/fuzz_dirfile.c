/*
 * fuzz_dirfile.c - dir.c9r, which nothing authenticates: any bytes may be a
 * directory's id.
 *
 * Input: a byte of choices, then the id.
 */
#include "config.h"

#include <string.h>

#include "tests/fuzz/fuzzbox.h"

enum {
	CONTENT = FUZZBOX_OWN,		/* the folder it leads to is there */
	BACKUP = FUZZBOX_OWN << 1,	/* with its dirid.c9r */
	TWICE = FUZZBOX_OWN << 2,	/* a second link */
	WITHIN = FUZZBOX_OWN << 3,	/* a link in the directory itself */
	COPY = FUZZBOX_OWN << 4,	/* a sync client's copy */
};

static void
add_link(struct fuzzbox *b, const char *parent, size_t parent_len,
    const char *name, const uint8_t *id, size_t len)
{
	const char *entry = fuzzbox_entry(b, parent, parent_len, name,
	    strlen(name));

	fuzzbox_put(b, fuzzbox_in(entry, "dir.c9r"), id, len);
}

/* "X (1).c9r" beside the link X.c9r, in the root. */
static void
add_copy(struct fuzzbox *b, const uint8_t *id, size_t len)
{
	char disk[NAME_DISK_MAX + 8];
	size_t n = name_encrypt(b->keys, "", 0, "one", 3, disk);

	memcpy(disk + n - 4, " (1).c9r", 9);
	fuzzbox_put(b, fuzzbox_in(fuzzbox_in(b->top, disk), "dir.c9r"), id,
	    len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[NAME_DIRPATH_LEN + 1];
	const char *id = (const char *)data + 1;
	struct fuzzbox *b;
	unsigned how;

	if (size < 1 || size > 2000)
		return 0;
	how = *data++;
	size--;
	b = fuzzbox_new(how);
	add_link(b, "", 0, "one", data, size);
	if (how & TWICE)
		add_link(b, FUZZBOX_SUB_ID, strlen(FUZZBOX_SUB_ID), "two",
		    data, size);
	if (how & COPY)
		add_copy(b, data, size);
	if (how & CONTENT && size <= NAME_DIRID_MAX) {
		fuzzbox_must(name_dirpath(b->keys, id, size, folder));
		fuzzbox_seal(b, fuzzbox_entry(b, id, size, "leaf", 4), "x", 1);
		if (how & WITHIN)
			add_link(b, id, size, "back", data, size);
		if (how & BACKUP)
			fuzzbox_seal(b, fuzzbox_in(folder, "dirid.c9r"), id,
			    size);
	}
	fuzzbox_look(b, how);
	return 0;
}
