#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/secret.h"
#include "vault/base64.h"
#include "vault/dir_build.h"
#include "vault/dir_copy.h"
#include "vault/vault_int.h"

void
build_init(struct build *b)
{
	memset(b, 0, sizeof(*b));
}

void
build_fini(struct build *b)
{
	free(b->v);
	secret_drop(b->text, b->text_len);
}

/* Append bytes and a NUL; the offset, or (size_t)-1. */
static size_t
add_text(struct build *b, const void *s, size_t len)
{
	size_t off = b->text_len, cap;
	char *p;

	if (off + len + 1 > b->text_cap) {
		cap = (b->text_cap + len + 1) * 2 + 1024;
		if ((p = secret_move(b->text, off, cap)) == NULL)
			return (size_t)-1;
		b->text = p;
		b->text_cap = cap;
	}
	memcpy(b->text + off, s, len);
	b->text[off + len] = '\0';
	b->text_len += len + 1;
	return off;
}

static struct built *
add(struct build *b, const char *entry, size_t len, uint64_t ino,
    const void *clear, size_t clear_len)
{
	struct built *x;
	size_t cap;

	if (b->n == b->cap) {
		cap = b->cap * 2 + 32;
		if ((x = realloc(b->v, cap * sizeof(*x))) == NULL)
			return NULL;
		b->v = x;
		b->cap = cap;
	}
	x = &b->v[b->n];
	memset(x, 0, sizeof(*x));
	x->ino = ino;
	x->entry_len = (uint16_t)len;
	x->name_len = (uint16_t)clear_len;
	if ((x->entry = add_text(b, entry, len)) == (size_t)-1 ||
	    (x->name = add_text(b, clear, clear_len)) == (size_t)-1)
		return NULL;
	b->n++;
	return x;
}

static bool
is_ascii(const uint8_t *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && s[i] < 0x80; i++)
		;
	return i == len;
}

/*
 * A lookup computes the name on disk from the clear name as given and from its
 * NFC form; a name stored in another form is found only by looking for it.
 */
static bool
is_nfc(const uint8_t *clear, size_t len)
{
	struct arena *a;
	const char *out;
	size_t out_len;
	bool same;

	if (is_ascii(clear, len))
		return true;
	if ((a = arena_new(16 * 1024)) == NULL)
		return false;
	same = name_nfc(a, (const char *)clear, len, &out, &out_len) &&
	    out_len == len && memcmp(out, clear, len) == 0;
	arena_free(a);
	return same;
}

int
build_plain(struct build *b, struct dir *d, struct kctx *c,
    const char *entry, size_t len, uint64_t ino)
{
	uint8_t clear[BASE64_BYTES(256)];
	struct copy_match m;
	struct built *x;
	size_t n;

	if (name_decrypt(c, d->id, d->id_len, entry, len - 4, clear, &n)) {
		if (!name_is_servable((char *)clear, n)) {
			b->hidden++;
			return 0;
		}
		if ((x = add(b, entry, len, ino, clear, n)) == NULL)
			return -1;
		x->exact = len <= (size_t)d->v->threshold;
		x->odd = !x->exact || !is_nfc(clear, n);
		if (!x->exact)
			b->clashes = true;
		return 0;
	}
	/* Not a name; does it hold one, as a sync client's copy does? */
	if (!copy_find(c, d, entry, len - 4, clear, &n, &m) ||
	    !name_is_servable((char *)clear, n)) {
		b->hidden++;
		return 0;
	}
	if ((x = add(b, entry, len, ino, clear, n)) == NULL)
		return -1;
	if ((n = add_text(b, entry + m.end, len - 4 - m.end)) == (size_t)-1)
		return -1;
	x = &b->v[b->n - 1];
	x->suffix = n;
	x->suffix_len = (uint16_t)(len - 4 - m.end);
	x->odd = x->copy = b->clashes = true;
	return 0;
}

/* What a sync client may leave of name.c9s; all else may pass. */
static bool
is_no_name(int err)
{
	return err == ENOENT || err == ENOTDIR || err == EISDIR ||
	    err == EFBIG || err == ELOOP || err == EACCES;
}

/*
 * The long name of HASH.c9s: name.c9s up to and with its first ".c9r".
 * Its length, 0 if there is none; -1 and errno: it could not be read.
 */
static ssize_t
read_long_name(struct dir *d, const char *entry, size_t len, char *out)
{
	char path[VLOC_MAX], *end;
	ssize_t n;

	dir_entry_path(d, entry, len, "name.c9s", path);
	n = host_read_file(d->v->root, path, out, NAME_LONG_MAX);
	if (n == -1 && is_no_name(errno))
		return 0;
	if (n <= 0)
		return n;
	out[n] = '\0';
	if ((end = strstr(out, ".c9r")) != NULL)
		n = end + 4 - out;
	return n;
}

int
build_long(struct build *b, struct dir *d, struct kctx *c,
    const char *entry, size_t len, uint64_t ino)
{
	char full[NAME_LONG_MAX + 1], hash[NAME_SHORT_LEN + 1];
	uint8_t clear[BASE64_BYTES(NAME_LONG_MAX)];
	bool suffixed;
	struct built *x;
	ssize_t got;
	size_t n;

	if ((got = read_long_name(d, entry, len, full)) == -1)
		return -1;
	if (got == 0) {
		b->hidden++;
		return 0;
	}
	suffixed = got > 4 && memcmp(full + got - 4, ".c9r", 4) == 0;
	if (!name_decrypt(c, d->id, d->id_len, full,
	    (size_t)got - (suffixed ? 4 : 0), clear, &n) ||
	    !name_is_servable((char *)clear, n)) {
		b->hidden++;
		return 0;
	}
	if ((x = add(b, entry, len, ino, clear, n)) == NULL)
		return -1;
	name_shorten(full, (size_t)got, hash);
	x->exact = suffixed && strcmp(hash, entry) == 0 &&
	    (size_t)got > (size_t)d->v->threshold;
	x->odd = !x->exact || !is_nfc(clear, n);
	if (x->odd)
		b->clashes = true;
	return 0;
}

/* Room above DIR_COOKIE_MIN for make_unique() to count down. */
#define COOKIE_LOW	1024u

/* 31 bits that depend on the name on disk only. */
uint32_t
build_cookie(const char *entry, size_t len)
{
	uint32_t c = (uint32_t)(lru_hash(entry, len) >> 33);

	return c < COOKIE_LOW ? c + COOKIE_LOW : c;
}

static int
by_cookie(const void *pa, const void *pb)
{
	const struct listed *a = pa, *b = pb;

	if (a->cookie != b->cookie)
		return a->cookie < b->cookie ? -1 : 1;
	return strcmp(a->entry, b->entry);
}

/*
 * Two of one hash are told apart by counting down from the last.  The last
 * keeps its own, so when the first of them has been listed and is removed, the
 * other still is behind the cookie that a client goes on from.
 */
static void
make_unique(struct listing *l)
{
	size_t i;

	qsort(l->entries, l->n, sizeof(*l->entries), by_cookie);
	for (i = l->n; i-- > 1;)
		if (l->entries[i - 1].cookie >= l->entries[i].cookie)
			l->entries[i - 1].cookie = l->entries[i].cookie - 1;
}

struct listing *
build_listing(struct build *b, struct vault *v, bool odd_only)
{
	size_t i, n = 0, text = 0, bytes;
	const struct built *x;
	struct listing *l;
	struct listed *o;
	char *p;

	for (i = 0; i < b->n; i++) {
		x = &b->v[i];
		if (x->hidden || (odd_only && !x->odd))
			continue;
		n++;
		text += (size_t)x->name_len + x->entry_len + 2;
	}
	bytes = sizeof(*l) + n * sizeof(*o) + text;
	if ((l = malloc(bytes)) == NULL)
		return NULL;
	atomic_init(&l->refs, 1);
	l->bytes = bytes;
	l->n = n;
	l->complete = !odd_only;
	l->entries = (struct listed *)(void *)(l + 1);
	p = (char *)(l->entries + n);
	for (o = l->entries, i = 0; i < b->n; i++) {
		x = &b->v[i];
		if (x->hidden || (odd_only && !x->odd))
			continue;
		o->ino = x->ino;
		o->cookie = build_cookie(b->text + x->entry, x->entry_len);
		o->name_len = x->name_len;
		o->entry_len = x->entry_len;
		o->name = memcpy(p, b->text + x->name, x->name_len + 1u);
		p += x->name_len + 1;
		o->entry = memcpy(p, b->text + x->entry, x->entry_len + 1u);
		p += x->entry_len + 1;
		o++;
	}
	make_unique(l);
	atomic_fetch_add(&v->list_bytes, bytes);
	return l;
}

/* -- names that clash */

static int
compare_names(const struct build *b, size_t i, const char *s, size_t len)
{
	const struct built *x = &b->v[i];
	size_t m = x->name_len < len ? x->name_len : len;
	int r = memcmp(b->text + x->name, s, m);

	if (r != 0)
		return r;
	return x->name_len < len ? -1 : x->name_len > len;
}

/* Settled entries before copies, then in the order of names on disk. */
static bool
goes_first(const struct build *b, size_t i, size_t k)
{
	const struct built *x = &b->v[i], *y = &b->v[k];

	if (x->copy != y->copy)
		return !x->copy;
	if (x->odd != y->odd)
		return !x->odd;
	return strcmp(b->text + x->entry, b->text + y->entry) < 0;
}

/* The settled entry, other than but, that has this name; or b->n. */
static size_t
owner(const struct build *b, const char *s, size_t len, size_t but)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (i != but && !b->v[i].copy && !b->v[i].hidden &&
		    compare_names(b, i, s, len) == 0)
			break;
	return i;
}

static int
settle(struct build *b, struct dir *d, size_t i)
{
	char name[NAME_CLEAR_MAX + 1];
	struct built *x = &b->v[i];
	size_t len, off, original;
	int attempt;

	/* The original is away: the copy stands in for it. */
	original = owner(b, b->text + x->name, x->name_len, i);
	if (original == b->n) {
		x->copy = false;
		return 0;
	}
	/* The same object once more: nothing is lost if it is left out. */
	if (copy_is_same(d, b->text + b->v[original].entry,
	    b->text + x->entry)) {
		x->hidden = true;
		x->copy = false;
		return 0;
	}
	for (attempt = x->suffix_len > 0 ? 0 : 1; attempt <= 9; attempt++) {
		len = copy_name(b->text + x->name, x->name_len,
		    b->text + x->suffix, x->suffix_len, attempt,
		    d->v->threshold, name);
		if (owner(b, name, len, i) != b->n)
			continue;
		if ((off = add_text(b, name, len)) == (size_t)-1)
			return -1;
		x = &b->v[i];
		x->name = off;
		x->name_len = (uint16_t)len;
		x->copy = false;
		return 0;
	}
	x->hidden = true;
	x->copy = false;
	b->hidden++;
	return 0;
}

/*
 * Copies are few; each is compared with all.  A folder that somebody filled
 * with thousands of copies to make this slow shows the first ones only.
 */
#define COPIES_MAX	256

int
build_resolve(struct build *b, struct dir *d)
{
	size_t i, first, done = 0;

	if (!b->clashes)
		return 0;
	/*
	 * Shortened without need, or not though it must be: another entry may
	 * have the name, and a lookup finds that one.
	 */
	for (i = 0; i < b->n; i++)
		if (!b->v[i].exact && !b->v[i].copy &&
		    done++ < COPIES_MAX &&
		    owner(b, b->text + b->v[i].name, b->v[i].name_len, i) !=
		    b->n)
			b->v[i].copy = true;
	for (done = 0;; done++) {
		for (first = b->n, i = 0; i < b->n; i++)
			if (b->v[i].copy && (first == b->n ||
			    goes_first(b, i, first)))
				first = i;
		if (first == b->n)
			return 0;
		if (done >= COPIES_MAX) {
			b->v[first].copy = false;
			b->v[first].hidden = true;
			b->hidden++;
		} else if (settle(b, d, first) == -1)
			return -1;
	}
}
