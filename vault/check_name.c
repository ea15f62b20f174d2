/* Names of entries: are they this vault's, and in the form that all expect? */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/check_int.h"
#include "vault/dir_copy.h"

/* How the entry is put together; false: in no way that could be renamed. */
static bool
shape_of(const struct check_item *it, const struct check_node *n,
    enum check_shape *shape)
{
	if (n == NULL)
		*shape = CHECK_FILE;
	else if (it->is_long && n->contents && !n->dir && !n->link)
		*shape = CHECK_LONG_FILE;
	else
		*shape = CHECK_NODE;
	if (*shape == CHECK_LONG_FILE)
		return n->others == 0;
	return n == NULL || (n->dir != n->link && !n->contents);
}

static void
rename_item(struct check_item *it, struct check_found *f,
    enum check_shape shape, const char *clear, size_t len)
{
	struct check *c = it->at->c;
	char path[CHECK_PATH_MAX];
	struct diskname dn;
	int r;

	check_join(path, it->at->folder, it->entry, NULL);
	r = check_place(c, path, shape, it->at->d, clear, len, &dn);
	check_mended(c, f, r);
	if (r == -1)
		return;
	memcpy(it->entry, dn.entry, dn.entry_len + 1);
	it->len = dn.entry_len;
	it->is_long = dn.is_long;
	it->renamed = true;
}

/*
 * The clear name is known.  misfit: it has the wrong form on disk (or
 * CHECK_KINDS).  True: nothing is wrong with it.
 */
static bool
judge(struct check_item *it, const struct check_node *n, enum check_kind misfit)
{
	struct check *c = it->at->c;
	enum check_shape shape;
	struct check_found f;
	const char *nfc;
	size_t len;

	if (!name_is_servable((char *)it->clear, it->clear_len)) {
		check_begin_item(&f, CHECK_NOT_SERVABLE, it, NULL);
		check_report(c, &f);
		return false;
	}
	if (!name_nfc(c->tmp, (char *)it->clear, it->clear_len, &nfc, &len)) {
		check_begin_item(&f, CHECK_NOT_UTF8, it, NULL);
		check_report(c, &f);
		return false;
	}
	if (len != it->clear_len || memcmp(nfc, it->clear, len) != 0)
		misfit = CHECK_NOT_NORMALIZED;
	if (misfit == CHECK_KINDS)
		return true;
	check_begin_item(&f, misfit, it, NULL);
	if (!shape_of(it, n, &shape))
		check_note(&f, " (it cannot: other things are in its folder)");
	else if (!check_place_free(c, it->at->d, nfc, len))
		check_note(&f, " (it cannot: something else has that name)");
	else
		f.repairable = true;
	if (check_wants(c, &f))
		rename_item(it, &f, shape, nfc, len);
	check_report(c, &f);
	return false;
}

/* -- copies that sync clients make (vault-format 7.7) */

/* A copied link or symlink that says just what the original says. */
static bool
is_identical(struct check_item *it, const struct check_node *n,
    const char *original)
{
	return n != NULL && n->others == 0 && !n->name && !n->contents &&
	    n->dir != n->link && copy_is_same(it->at->d, original, it->entry);
}

/* Under which name it is served, as far as one entry tells. */
static void
name_copy(struct check_item *it, const struct copy_match *m, bool alone)
{
	char shown[NAME_CLEAR_MAX + 1];
	size_t suffix = it->len - 4 - m->end;

	it->have_clear = it->clear_len <= NAME_CLEAR_MAX;
	if (alone || !it->have_clear)
		return;
	it->clear_len = copy_name((char *)it->clear, it->clear_len,
	    it->entry + m->end, suffix, suffix > 0 ? 0 : 1,
	    it->at->c->v->threshold, shown);
	memcpy(it->clear, shown, it->clear_len);
}

static void
conflict(struct check_item *it, const struct check_node *n,
    const struct copy_match *m)
{
	struct check *c = it->at->c;
	char path[CHECK_PATH_MAX], original[256];
	struct check_found f;
	struct host_stat st;
	bool alone;

	(void)snprintf(original, sizeof(original), "%.*s.c9r",
	    (int)(m->end - m->start), it->entry + m->start);
	check_join(path, it->at->folder, original, NULL);
	alone = host_stat(c->v->root, path, &st) == -1;
	name_copy(it, m, alone);
	check_begin_item(&f, CHECK_CONFLICT_COPY, it, NULL);
	check_note(&f, alone ? " (there is no original: %s)" :
	    " (the original: %s)", original);
	if (!alone && is_identical(it, n, original)) {
		check_note(&f, "; it is the same, so repair removes it");
		f.repairable = it->gone = true;
		check_join(path, it->at->folder, it->entry, NULL);
		if (check_wants(c, &f))
			check_mended(c, &f, check_remove_node(c, path));
	}
	check_report(c, &f);
}

void
check_name(struct check_item *it, const struct check_node *n)
{
	struct check *c = it->at->c;
	struct dir *d = it->at->d;
	struct copy_match m;
	struct check_found f;

	if (d == NULL)
		return;			/* an orphan without a known id */
	if (name_decrypt(c->k, d->id, d->id_len, it->entry, it->len - 4,
	    it->clear, &it->clear_len)) {
		it->have_clear = true;
		(void)judge(it, n, it->len > (size_t)c->v->threshold ?
		    CHECK_NOT_SHORTENED : CHECK_KINDS);
		return;
	}
	if (copy_find(c->k, d, it->entry, it->len - 4, it->clear,
	    &it->clear_len, &m)) {
		conflict(it, n, &m);
		return;
	}
	check_begin_item(&f, CHECK_UNDECRYPTABLE_NAME, it, NULL);
	check_report(c, &f);
}

/* -- long names (vault-format 4.4) */

ssize_t
check_read_long(struct check *c, const char *path,
    char out[NAME_LONG_MAX + 1], bool *trailing)
{
	ssize_t n = host_read_file(c->v->root, path, out, NAME_LONG_MAX);
	char *end;

	if (n == -1)
		return -1;
	out[n] = '\0';
	if ((end = strstr(out, ".c9r")) == NULL)
		return 0;
	end += 4;
	*trailing = end != out + n;
	*end = '\0';
	return end - out;
}

static void
report_name(struct check_item *it, enum check_kind kind)
{
	struct check_found f;

	check_begin_item(&f, kind, it, "name.c9s");
	check_report(it->at->c, &f);
}

/* name.c9s as far as it is a name; its length, 0: reported. */
static size_t
read_name(struct check_item *it, char text[NAME_LONG_MAX + 1], bool *trailing)
{
	struct check *c = it->at->c;
	char path[CHECK_PATH_MAX];
	struct dir *d = it->at->d;
	size_t raw;
	ssize_t n;

	check_join(path, it->at->folder, it->entry, "name.c9s");
	if ((n = check_read_long(c, path, text, trailing)) == -1) {
		if (errno == EFBIG)
			report_name(it, CHECK_OBESE_NAME_FILE);
		else if (errno != ENOENT)
			check_broken(c, it->at->folder, it->entry, "name.c9s");
		return 0;
	}
	if (n <= 4 || !base64url_decode(text, (size_t)n - 4, it->clear, &raw)) {
		report_name(it, CHECK_NOT_DECODABLE_LONG_NAME);
		return 0;
	}
	if (d == NULL)
		return (size_t)n;
	it->have_clear = name_decrypt(c->k, d->id, d->id_len, text,
	    (size_t)n - 4, it->clear, &it->clear_len);
	if (!it->have_clear)
		report_name(it, CHECK_UNDECRYPTABLE_NAME);
	return (size_t)n;
}

static void
cut_trailing(struct check_item *it, const char *text, size_t len)
{
	struct check *c = it->at->c;
	struct check_found f;

	check_begin_item(&f, CHECK_TRAILING_BYTES, it, "name.c9s");
	f.repairable = true;
	if (check_wants(c, &f))
		check_mended(c, &f, check_write(c, it->at->folder, f.path,
		    text, len));
	check_report(c, &f);
}

static void
mismatch(struct check_item *it, const char *hash)
{
	struct check *c = it->at->c;
	char from[CHECK_PATH_MAX], to[CHECK_PATH_MAX];
	struct check_found f;
	struct host_stat st;
	int r;

	check_begin_item(&f, CHECK_LONG_SHORT_MISMATCH, it, NULL);
	check_join(from, it->at->folder, it->entry, NULL);
	check_join(to, it->at->folder, hash, NULL);
	f.repairable = host_stat(c->v->root, to, &st) == -1 && errno == ENOENT;
	check_note(&f, f.repairable ? " to %s" : " if there were not another "
	    "%s already", hash);
	if (check_wants(c, &f)) {
		r = check_rename(c, from, to);
		check_mended(c, &f, r);
		if (r == 0) {
			strcpy(it->entry, hash);
			it->len = NAME_SHORT_LEN;
			it->renamed = true;
		}
	}
	check_report(c, &f);
}

void
check_long_name(struct check_item *it, const struct check_node *n)
{
	char text[NAME_LONG_MAX + 1], hash[NAME_SHORT_LEN + 1];
	struct check *c = it->at->c;
	bool trailing = false;
	size_t len;

	if (!n->name) {
		/* Without anything else in it, it is of unknown type. */
		if (n->dir || n->link || n->contents)
			report_name(it, CHECK_MISSING_LONG_NAME);
		return;
	}
	if ((len = read_name(it, text, &trailing)) == 0)
		return;
	name_shorten(text, len, hash);
	if (trailing)
		cut_trailing(it, text, len);
	else if (strcmp(hash, it->entry) != 0)
		mismatch(it, hash);
	else if (!it->have_clear || judge(it, n,
	    len <= (size_t)c->v->threshold ? CHECK_NEEDLESSLY_SHORTENED :
	    CHECK_KINDS))
		check_good(c, CHECK_VALID_SHORTENED, it);
}
