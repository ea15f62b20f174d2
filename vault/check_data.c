/* Files and symlinks: their lengths, and if asked every chunk of them. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/check_int.h"
#include "vault/cipher.h"
#include "vault/size.h"

#define SUSPECTS	16	/* bad chunks that are tried in other places */
#define TRIES		3	/* for a file that is changed meanwhile */
#define TARGET_MAX	4095	/* bytes, as dir_symlink() has it */

struct verdict {
	bool		header_bad;
	bool		changed;	/* while it was read */
	uint64_t	chunks, bad, first, last;
	uint64_t	suspect[SUSPECTS];
	uint64_t	belongs;	/* suspect[0]'s own place */
	bool		swapped;
	uint64_t	size;
};

ssize_t
check_open_small(struct check *c, const char *path, const uint8_t **clear)
{
	const struct cipher *ci = c->v->cipher;
	size_t max = ci->header_len + CIPHER_CHUNK + ci->overhead, len;
	struct filekey fk;
	ssize_t n;
	int fd;

	fd = host_open(c->v->root, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	n = host_read(fd, c->buf, max, 0);
	(void)host_close(fd);
	if (n == -1)
		return -1;
	errno = EBADMSG;
	if ((size_t)n < ci->header_len || !ci->header_read(c->k, c->buf, &fk))
		return -1;
	*clear = c->buf + ci->header_len + ci->nonce_len;
	if ((len = (size_t)n - ci->header_len) == 0)
		return 0;
	if (len < ci->overhead ||
	    !ci->open(c->k, &fk, 0, c->buf + ci->header_len, len)) {
		errno = EBADMSG;
		return -1;
	}
	return (ssize_t)(len - ci->overhead);
}

/* -- every chunk */

static void
note_bad(struct verdict *v, uint64_t index)
{
	if (v->bad == 0)
		v->first = index;
	if (v->bad < SUSPECTS)
		v->suspect[v->bad] = index;
	v->last = index;
	v->bad++;
}

/* Chunks in the n bytes at c->buf, the first of which is number index. */
static uint64_t
open_all(struct check *c, const struct filekey *fk, uint64_t index, size_t n,
    struct verdict *v)
{
	const struct cipher *ci = c->v->cipher;
	size_t full = CIPHER_CHUNK + ci->overhead, off, len;

	for (off = 0; off < n; off += len, index++) {
		len = n - off < full ? n - off : full;
		v->chunks++;
		if (len < ci->overhead ||
		    !ci->open(c->k, fk, index, c->buf + off, len))
			note_bad(v, index);
	}
	return index;
}

static int
open_chunks(struct check *c, int fd, const struct filekey *fk,
    struct verdict *v)
{
	size_t full = CIPHER_CHUNK + c->v->cipher->overhead;
	size_t want = CHECK_BUF / full * full;
	uint64_t index = 0;
	ssize_t n;

	do {
		n = host_read(fd, c->buf, want,
		    size_chunk_off(c->v->cipher, index));
		if (n == -1)
			return -1;
		index = open_all(c, fk, index, (size_t)n, v);
		if (!check_seen(c, 0, (uint64_t)n))
			return 0;
	} while ((size_t)n == want);
	return 0;
}

/* Does one bad chunk open in the place of another? */
static void
find_swapped(struct check *c, int fd, const struct filekey *fk,
    struct verdict *v)
{
	const struct cipher *ci = c->v->cipher;
	size_t i, n = v->bad < SUSPECTS ? (size_t)v->bad : SUSPECTS;
	ssize_t got;

	for (i = 1; i < n && !v->swapped; i++) {
		got = host_read(fd, c->buf, CIPHER_CHUNK + ci->overhead,
		    size_chunk_off(ci, v->suspect[0]));
		if (got < (ssize_t)ci->overhead)
			return;
		v->belongs = v->suspect[i];
		v->swapped = ci->open(c->k, fk, v->suspect[i], c->buf,
		    (size_t)got);
	}
}

static bool
same_state(const struct host_stat *a, const struct host_stat *b)
{
	return a->size == b->size && a->mtime.tv_sec == b->mtime.tv_sec &&
	    a->mtime.tv_nsec == b->mtime.tv_nsec;
}

static int
authenticate_fd(struct check *c, int fd, struct verdict *v)
{
	const struct cipher *ci = c->v->cipher;
	struct host_stat before, after;
	struct filekey fk;
	ssize_t n;

	memset(v, 0, sizeof(*v));
	if (host_fstat(fd, &before) == -1 ||
	    (n = host_read(fd, c->buf, ci->header_len, 0)) == -1)
		return -1;
	v->size = before.size;
	v->header_bad = (size_t)n < ci->header_len ||
	    !ci->header_read(c->k, c->buf, &fk);
	if (!v->header_bad) {
		if (open_chunks(c, fd, &fk, v) == -1)
			return -1;
		find_swapped(c, fd, &fk, v);
	}
	if (host_fstat(fd, &after) == -1)
		return -1;
	v->changed = !same_state(&before, &after);
	return 0;
}

static int
authenticate(struct check *c, const char *path, struct verdict *v)
{
	int fd, i, r, err;

	fd = host_open(c->v->root, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	for (i = 0; i < TRIES; i++) {
		r = authenticate_fd(c, fd, v);
		if (r == -1 || !v->changed ||
		    (v->bad == 0 && !v->header_bad))
			break;
	}
	err = errno;
	(void)host_close(fd);
	errno = err;
	return r;
}

/* What the pattern of bad chunks says of how they came to be. */
static enum check_kind
diagnose(const struct check *c, const struct verdict *v)
{
	uint64_t full = CIPHER_CHUNK + c->v->cipher->overhead;

	if (v->header_bad)
		return CHECK_BAD_HEADER;
	if (v->swapped)
		return CHECK_SWAPPED_CHUNKS;
	if (v->bad == v->chunks && v->chunks > 1)
		return CHECK_FOREIGN_HEADER;
	if (v->bad == 1 && v->chunks > 1 && v->first == v->chunks - 1 &&
	    (v->size - c->v->cipher->header_len) % full != 0)
		return CHECK_CUT_CHUNK;
	return CHECK_BAD_CHUNK;
}

/*
 * Report it.  A file that ends with its header, or before, holds nothing: a new
 * one, as a rule, whose first write did not come before the end.
 */
static void
report_empty(struct check_item *it, const char *leaf, struct check_found *f)
{
	struct check *c = it->at->c;

	if (leaf == NULL || leaf[0] != 's') {
		f->repairable = true;
		if (check_wants(c, f))
			check_mended(c, f, check_make_empty(c, f->path));
	}
	check_report(c, f);
}

static void
report_bad(struct check_item *it, const char *leaf, const struct verdict *v)
{
	struct check *c = it->at->c;
	struct check_found f;

	check_begin_item(&f, diagnose(c, v), it, leaf);
	if (v->header_bad && v->size <= c->v->cipher->header_len) {
		check_note(&f, ". It has nothing but that: repair makes it an "
		    "empty file");
		report_empty(it, leaf, &f);
		return;
	}
	if (v->swapped)
		check_note(&f, " (chunk %llu of %llu belongs at %llu)",
		    (unsigned long long)v->first,
		    (unsigned long long)v->chunks,
		    (unsigned long long)v->belongs);
	else if (!v->header_bad && v->chunks == 1)
		check_note(&f, " (its only chunk: changed, cut, or the header "
		    "is another file's)");
	else if (!v->header_bad)
		check_note(&f, " (%llu of %llu chunks, the first is number "
		    "%llu at byte %llu)", (unsigned long long)v->bad,
		    (unsigned long long)v->chunks,
		    (unsigned long long)v->first, (unsigned long long)
		    size_chunk_off(c->v->cipher, v->first));
	check_report(c, &f);
}

/* -- lengths (vault-format 3.4) */

/* Is the chunk without data at the end of it authentic? */
static bool
tail_is_good(struct check *c, const char *path, uint64_t disk_size)
{
	const struct cipher *ci = c->v->cipher;
	uint8_t disk[CIPHER_OVERHEAD_MAX];
	uint64_t at = disk_size - ci->overhead;
	struct filekey fk;
	bool ok;
	int fd;

	fd = host_open(c->v->root, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd == -1)
		return false;
	ok = host_read(fd, c->buf, ci->header_len, 0) ==
	    (ssize_t)ci->header_len && ci->header_read(c->k, c->buf, &fk) &&
	    host_read(fd, disk, ci->overhead, at) == (ssize_t)ci->overhead &&
	    ci->open(c->k, &fk, (at - ci->header_len) /
	    (CIPHER_CHUNK + ci->overhead), disk, ci->overhead);
	(void)host_close(fd);
	return ok;
}

static void
empty_tail(struct check_item *it, const char *leaf, uint64_t clear_size)
{
	struct check *c = it->at->c;
	struct check_found f;

	check_begin_item(&f, CHECK_TRAILING_CHUNK, it, leaf);
	if (!tail_is_good(c, f.path, it->st.size)) {
		if (c->o->contents)
			return;		/* it will be told with the rest */
		check_begin_item(&f, CHECK_BAD_CHUNK, it, leaf);
		check_note(&f, " (the empty one at its end)");
		check_report(c, &f);
		return;
	}
	if (clear_size > 0) {
		f.severity = CHECK_WARN;
		check_note(&f, ". Until then Cryptomator shows an empty file "
		    "and overwrites its start");
	}
	f.repairable = true;
	if (check_wants(c, &f))
		check_mended(c, &f, check_cut_chunk(c, f.path,
		    it->st.size - c->v->cipher->overhead));
	check_report(c, &f);
}

/* True: it has a header and whole chunks, so that more can be said of it. */
static bool
length(struct check_item *it, const char *leaf, uint64_t *clear_size)
{
	struct check *c = it->at->c;
	enum size_class class;
	struct check_found f;

	*clear_size = size_clear(c->v->cipher, it->st.size, &class);
	if (class == SIZE_GOOD)
		return true;
	if (class == SIZE_EMPTY_TAIL) {
		empty_tail(it, leaf, *clear_size);
		return true;
	}
	if (class == SIZE_ZERO && check_is_recent(c, &it->st))
		return false;		/* about to be written */
	check_begin_item(&f, class == SIZE_ZERO ? CHECK_ZERO_BYTES :
	    CHECK_ILLEGAL_SIZE, it, leaf);
	if (class == SIZE_DAMAGED)
		check_note(&f, ". It has no room for data: repair makes it an "
		    "empty file");
	if (class == SIZE_DAMAGED || class == SIZE_ZERO)
		report_empty(it, leaf, &f);
	else
		check_report(c, &f);
	return false;
}

static void
target(struct check_item *it, const char *path, uint64_t clear_size)
{
	struct check *c = it->at->c;
	const uint8_t *clear;
	struct check_found f;
	bool bad = clear_size == 0 || clear_size > TARGET_MAX;
	ssize_t n;

	if (!bad && c->o->contents && c->last_pass) {
		n = check_open_small(c, path, &clear);
		bad = n > 0 && memchr(clear, '\0', (size_t)n) != NULL;
	}
	if (!bad)
		return;
	check_begin_item(&f, CHECK_BAD_TARGET, it, "symlink.c9r");
	check_report(c, &f);
}

void
check_file(struct check_item *it, const char *leaf)
{
	struct check *c = it->at->c;
	char path[CHECK_PATH_MAX];
	uint64_t clear_size;
	struct verdict v;
	bool is_link = leaf != NULL && leaf[0] == 's';

	*(is_link ? &c->sum->symlinks : &c->sum->files) += 1;
	check_join(path, it->at->folder, it->entry, leaf);
	if (leaf != NULL && host_stat(c->v->root, path, &it->st) == -1) {
		if (errno != ENOENT)
			check_broken(c, it->at->folder, it->entry, leaf);
		return;
	}
	if (!length(it, leaf, &clear_size))
		return;
	if (c->o->contents) {
		if (authenticate(c, path, &v) == -1) {
			if (errno != ENOENT)
				check_broken(c, it->at->folder, it->entry,
				    leaf);
			return;
		}
		if (!c->failed && (v.header_bad || v.bad > 0))
			report_bad(it, leaf, &v);
	}
	if (is_link)
		target(it, path, clear_size);
}
