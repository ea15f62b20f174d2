/*
 * fuzz_entries.c - what lies in a directory's folder: any names, sealed or
 * not, copies of them, on files and folders.
 *
 * Input: a byte of choices, then lines.  The first letter of a line says what
 * it is: n, d, l a file, directory or symlink of this clear name; N, D, L the
 * same with another's copy beside it, whose name goes on after a tab; s a name
 * that is shortened whatever its length; anything else a name on disk.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/fuzzbox.h"

#define LINES_MAX	12

static void
add_node(struct fuzzbox *b, char kind, const char *entry, bool is_long)
{
	if (kind == 'd')
		fuzzbox_put(b, fuzzbox_in(entry, "dir.c9r"), FUZZBOX_SUB_ID,
		    strlen(FUZZBOX_SUB_ID));
	else if (kind == 'l')
		fuzzbox_seal(b, fuzzbox_in(entry, "symlink.c9r"), "to", 2);
	else
		fuzzbox_seal(b, is_long ? fuzzbox_in(entry, "contents.c9r") :
		    entry, entry, strlen(entry) % 7);
}

/* A name on disk as it is, where the storage allows it. */
static void
add_raw(struct fuzzbox *b, char kind, const uint8_t *name, size_t len)
{
	char leaf[256];

	if (len == 0 || len > 255 || name[0] == '.' ||
	    memchr(name, '/', len) != NULL || memchr(name, '\0', len) != NULL)
		return;
	memcpy(leaf, name, len);
	leaf[len] = '\0';
	add_node(b, kind, fuzzbox_in(b->top, leaf), false);
}

static void
add_copy(struct fuzzbox *b, char kind, const uint8_t *name, size_t len,
    const uint8_t *mark, size_t mark_len)
{
	char disk[NAME_DISK_MAX + 256];
	size_t n = name_encrypt(b->keys, "", 0, (const char *)name, len,
	    disk) - 4;

	if (mark_len > 200)
		return;
	memcpy(disk + n, mark, mark_len);
	memcpy(disk + n + mark_len, ".c9r", 4);
	add_raw(b, kind, (uint8_t *)disk, n + mark_len + 4);
}

static void
add_short(struct fuzzbox *b, const uint8_t *name, size_t len)
{
	char disk[NAME_DISK_MAX], hash[NAME_SHORT_LEN + 1];
	size_t n = name_encrypt(b->keys, "", 0, (const char *)name, len,
	    disk);
	const char *entry;

	name_shorten(disk, n, hash);
	entry = fuzzbox_in(b->top, hash);
	fuzzbox_put(b, fuzzbox_in(entry, "name.c9s"), disk, n);
	fuzzbox_seal(b, fuzzbox_in(entry, "contents.c9r"), disk, n % 9);
}

static void
add_line(struct fuzzbox *b, char kind, const uint8_t *s, size_t len)
{
	const uint8_t *tab = memchr(s, '\t', len);
	size_t n = tab == NULL ? len : (size_t)(tab - s);
	const char *entry;

	if (n == 0 || n > NAME_CLEAR_MAX)
		return;
	if (strchr("nNdDlL", kind) == NULL || kind == '\0') {
		if (kind == 's')
			add_short(b, s, n);
		else
			add_raw(b, 'n', s, len);
		return;
	}
	if (kind < 'a') {
		kind += 'a' - 'A';
		add_copy(b, kind, s, n, s + n + 1,
		    tab == NULL ? 0 : len - n - 1);
		if (tab == NULL)
			return;
	}
	entry = fuzzbox_entry(b, "", 0, (const char *)s, n);
	add_node(b, kind, entry, strcmp(entry + strlen(entry) - 4, ".c9s") ==
	    0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *nl;
	struct fuzzbox *b;
	unsigned how;

	if (size < 2 || size > 4000)
		return 0;
	how = *data++;
	b = fuzzbox_new(how);
	for (int i = 0; i < LINES_MAX && data < end; i++, data = nl + 1) {
		nl = memchr(data, '\n', (size_t)(end - data));
		if (nl == NULL)
			nl = end;
		if (nl > data)
			add_line(b, (char)data[0], data + 1,
			    (size_t)(nl - data - 1));
	}
	fuzzbox_look(b, how);
	return 0;
}
