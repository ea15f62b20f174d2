#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "vault/dir_copy.h"
#include "vault/vault_int.h"

#define TRIES_MAX	64	/* decryptions for one entry */
#define PATTERN_MIN	24	/* characters: 16 bytes of tag and 1 of name */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool
is_seam(char c)
{
	return c == '-' || c == '_';
}

/*
 * All ends for one start: with padding there is one; without, the longest
 * multiple of four first, then shorter ones that stop before a seam.
 */
static bool
try_start(struct kctx *c, const struct dir *d, const char *base, size_t start,
    size_t run_end, size_t pad_end, int *tries, uint8_t *clear,
    size_t *clear_len, size_t *end)
{
	size_t len;

	if (pad_end > run_end && (pad_end - start) % 4 == 0 &&
	    pad_end - start >= PATTERN_MIN && (*tries)-- > 0 &&
	    name_decrypt(c, d->id, d->id_len, base + start, pad_end - start,
	    clear, clear_len)) {
		*end = pad_end;
		return true;
	}
	len = (run_end - start) / 4 * 4;
	for (; len >= PATTERN_MIN && *tries > 0; len -= 4) {
		if (len != (run_end - start) / 4 * 4 &&
		    !is_seam(base[start + len]))
			continue;
		(*tries)--;
		if (name_decrypt(c, d->id, d->id_len, base + start, len,
		    clear, clear_len)) {
			*end = start + len;
			return true;
		}
	}
	return false;
}

bool
copy_find(struct kctx *c, const struct dir *d, const char *base, size_t len,
    uint8_t *clear, size_t *clear_len, struct copy_match *m)
{
	size_t i, run, run_end, pad_end;
	int tries = TRIES_MAX;

	if (len == 0 || base[0] == '.')
		return false;
	for (run = 0; run < len; run = run_end + 1) {
		for (run_end = run; run_end < len && is_letter(base[run_end]);
		    run_end++)
			;
		for (pad_end = run_end; pad_end < len &&
		    pad_end < run_end + 2 && base[pad_end] == '='; pad_end++)
			;
		for (i = run; i + PATTERN_MIN <= pad_end && tries > 0; i++) {
			if (i != run && !is_seam(base[i - 1]))
				continue;
			if (try_start(c, d, base, i, run_end, pad_end, &tries,
			    clear, clear_len, &m->end)) {
				m->start = i;
				return true;
			}
		}
	}
	return false;
}

#define SAME_MAX	(36u * 1024)	/* bytes: the largest symlink.c9r */

/* Is there a leaf of this name in both, with the same bytes? */
static bool
same_leaf(const struct dir *d, const char *leaf, const char *a, const char *b,
    char *buf)
{
	char path[VLOC_MAX];
	ssize_t n, m;

	dir_entry_path(d, a, strlen(a), leaf, path);
	n = host_read_file(d->v->root, path, buf, SAME_MAX);
	if (n <= 0)
		return false;
	dir_entry_path(d, b, strlen(b), leaf, path);
	m = host_read_file(d->v->root, path, buf + SAME_MAX, SAME_MAX);
	return m == n && memcmp(buf, buf + SAME_MAX, (size_t)n) == 0;
}

bool
copy_is_same(const struct dir *d, const char *original, const char *copy)
{
	char *buf = malloc(2 * SAME_MAX);
	bool same;

	if (buf == NULL)
		return false;
	same = same_leaf(d, "dir.c9r", original, copy, buf) ||
	    same_leaf(d, "symlink.c9r", original, copy, buf);
	secret_drop(buf, 2 * SAME_MAX);
	return same;
}

/* The character of UTF-8 at s (or what stands for one); *units: in UTF-16. */
static size_t
character(const char *s, size_t len, size_t *units)
{
	size_t n = 1;

	while (n < len && ((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	*units = (unsigned char)s[0] >= 0xf0 ? 2 : 1;
	return n;
}

/* Bytes of s that are at most max UTF-16 units, and at most max_bytes. */
static size_t
cut(const char *s, size_t len, size_t max, size_t max_bytes)
{
	size_t i = 0, n, units;

	while (i < len) {
		n = character(s + i, len - i, &units);
		if (units > max || i + n > max_bytes)
			break;
		max -= units;
		i += n;
	}
	return i;
}

/* UTF-16 units of s: this is how Cryptomator counts. */
static size_t
count(const char *s, size_t len)
{
	size_t i, units, total = 0;

	for (i = 0; i < len; total += units)
		i += character(s + i, len - i, &units);
	return total;
}

/* Where the extension starts: at the last dot, unless the name does there. */
static size_t
stem_of(const char *name, size_t len)
{
	size_t i;

	for (i = len; i-- > 1;)
		if (name[i] == '.')
			return i;
	return len;
}

/*
 * Cryptomator cuts so that the result is not shortened: to what fits into the
 * threshold in characters of one byte, of which a suffix gets no more than
 * half and keeps room for a number.  Where nothing of the stem would be left
 * (cryptofs 2.9 fails then) the limit is that of any name.
 */
size_t
copy_name(const char *name, size_t len, const char *suffix, size_t suffix_len,
    int attempt, int threshold, char *out)
{
	size_t stem = stem_of(name, len), ext = len - stem, room, taken, i;
	size_t fits = (size_t)(threshold - 4) / 4 * 3 - 16;
	char number[16];

	if (ext > NAME_CLEAR_MAX / 2) {
		ext = 0;
		stem = len;
	}
	room = count(name + stem, ext);
	room = room + 4 <= fits ? fits - room : NAME_CLEAR_MAX - ext;
	suffix_len = cut(suffix, suffix_len, room / 2,
	    (NAME_CLEAR_MAX - ext) / 2);
	taken = count(suffix, suffix_len);
	if (attempt > 0) {
		(void)snprintf(number, sizeof(number), " (%d)", attempt);
		suffix = number;
		suffix_len = strlen(number);
	}
	i = cut(name, stem, room - (taken < 4 ? 4 : taken),
	    NAME_CLEAR_MAX - ext - suffix_len);
	memcpy(out, name, i);
	memcpy(out + i, suffix, suffix_len);
	memcpy(out + i + suffix_len, name + stem, ext);
	out[i + suffix_len + ext] = '\0';
	return i + suffix_len + ext;
}
