/*
 * dirty_box.h - for tests of writes that stay in memory: a box with one file,
 * whose vault keeps writes and has a journal.
 */
#ifndef TESTS_UNIT_DIRTY_BOX_H
#define TESTS_UNIT_DIRTY_BOX_H

#include "tests/unit/box.h"
#include "vault/cipher.h"
#include "vault/vault_int.h"

#define C	((size_t)CIPHER_CHUNK)
#define MAX	(9 * C)			/* bytes of the model's file */

static struct box b;
static char state[4096];
static struct vloc loc;
static uint64_t fileid;
static unsigned told, crowded, lost;
static uint8_t is[MAX + C], pattern[MAX];

static inline void
on_dirty(void *ctx)
{
	(void)ctx;
	told++;
}

static inline void
on_crowded(void *ctx)
{
	(void)ctx;
	crowded++;
}

static inline void
on_lost(void *ctx)
{
	(void)ctx;
	lost++;
}

static inline void
keep_writes(size_t dirty_max)
{
	struct vault_write_back wb = { dirty_max, on_dirty, on_crowded, on_lost,
	    NULL };
	unsigned n;

	cr_assert_eq(vault_journal(b.v, state, &n, &b.e), 0, "%s", b.e.text);
	vault_write_back(b.v, &wb);
	told = crowded = lost = 0;
}

static inline void
make_file(const char *name, struct vloc *l, uint64_t *id)
{
	struct entry ent;

	cr_assert_eq(dir_create(b.root, b.a, name, strlen(name), NULL, &ent,
	    NULL, &b.e), 0);
	*l = ent.loc;
	*id = ent.attr.fileid;
}

static inline void
begin(const char *cipher, size_t dirty_max)
{
	size_t i;

	box_make(&b, cipher, 0);
	(void)snprintf(state, sizeof(state), "%s/state", b.dir);
	cr_assert_eq(mkdir(state, 0700), 0);
	make_file("file", &loc, &fileid);
	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 2654435761u >> 13);
	keep_writes(dirty_max);
}

static inline void
teardown(void)
{
	host_set_hook(NULL, NULL);
	if (b.dir != NULL)
		box_end(&b);
}

static inline struct file *
open_file(void)
{
	struct file *f = file_open(b.v, &loc, fileid, true, &b.e);

	cr_assert_not_null(f, "%s", b.e.text);
	return f;
}

static inline void
put(uint64_t off, const void *data, size_t len)
{
	struct file *f = open_file();

	cr_assert_eq(file_write(f, off, data, len, NULL, &b.e), 0, "%s",
	    b.e.text);
	file_put(f);
}

static inline int
sync_file(void)
{
	struct file *f = open_file();
	int r = file_sync(f, &b.e);

	file_put(f);
	return r;
}

/* All of the file as v has it; -1: it cannot be read. */
static inline ssize_t
contents_in(struct vault *v, uint8_t *out)
{
	struct file *f = file_open(v, &loc, fileid, false, &b.e);
	struct iolist io;
	bool eof = false;
	size_t len = 0;
	unsigned i;

	cr_assert_not_null(f, "%s", b.e.text);
	while (!eof) {
		if (file_read(f, len, 100000, &io, &eof, &b.e) == -1) {
			iolist_free(&io);
			file_put(f);
			return -1;
		}
		cr_assert_leq(len + io.total, MAX + C);
		for (i = 0; i < io.n; i++) {
			memcpy(out + len, io.piece[i].data, io.piece[i].len);
			len += io.piece[i].len;
		}
		iolist_free(&io);
	}
	file_put(f);
	return (ssize_t)len;
}

/* The same as another program finds it on disk. */
static inline ssize_t
on_disk(uint8_t *out)
{
	struct vault *v = vault_open(b.path, NULL, b.pass, strlen(b.pass),
	    &b.e);
	ssize_t n;

	cr_assert_not_null(v, "%s", b.e.text);
	n = contents_in(v, out);
	vault_close(v);
	return n;
}

static inline struct vattr
attr(void)
{
	struct vattr a;

	cr_assert_eq(loc_attr(b.v, &loc, fileid, &a, &b.e), 0);
	return a;
}

#endif /* TESTS_UNIT_DIRTY_BOX_H */
