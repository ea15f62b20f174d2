/*
 * fuzz_chunks.c - files of sealed chunks in any order and length, and what is
 * written over them.
 *
 * Input: a byte of choices, then a program of three bytes each: a step, its
 * number, its length.  Steps lay chunks out on disk; then come reads, writes
 * and truncations, held against a model: whatever could be read must stay what
 * it was, but for what was written.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "tests/fuzz/fuzzbox.h"
#include "vault/file.h"
#include "vault/size.h"
#include "vault/vault_int.h"

#define must		fuzzbox_must
#define LAID_MAX	5u		/* chunks that the program lays out */
#define NAME		"a name of over 12 bytes"
#define CLEAR_MAX	(10u * CIPHER_CHUNK)

enum { LAY, LAY_ODD, RAW, CUT, READ, WRITE, TRUNCATE, STEPS };

static struct {
	struct filekey	 fk, other;
	uint8_t		 disk[CIPHER_HEADER_MAX + LAID_MAX * (CIPHER_CHUNK +
			    CIPHER_OVERHEAD_MAX)];
	size_t		 len;		/* of disk */
	uint64_t	 laid;

	struct file	*f;
	uint8_t		 clear[CLEAR_MAX];	/* the model */
	bool		 known[CLEAR_MAX];	/* it was read or written */
	uint8_t		 buf[2 * CIPHER_CHUNK];
} t;

/* Lengths about the borders are the interesting ones. */
static size_t
length_of(unsigned byte)
{
	if (byte < 64)
		return byte;
	if (byte < 128)
		return CIPHER_CHUNK - (byte - 64);
	return (size_t)(byte - 128) * (CIPHER_CHUNK / 127);
}

static void
lay(struct fuzzbox *b, unsigned step, unsigned number, size_t len)
{
	const struct cipher *c = b->cipher;
	uint64_t index = step == LAY ? t.laid : number % 8;
	const struct filekey *fk = step == LAY_ODD && number & 8 ? &t.other :
	    &t.fk;

	if (t.laid == LAID_MAX)
		return;
	if (step == RAW) {
		memset(t.disk + t.len, (int)number, len);
		t.len += len;
	} else {
		if (step == LAY && number & 1)
			len = CIPHER_CHUNK;
		memset(t.buf, (int)(number + 1), len);
		must(c->seal(b->keys, fk, index, t.buf, len,
		    t.disk + t.len));
		t.len += len + c->overhead;
	}
	t.laid++;
}

/* What reads well agrees with the model, which learns the rest. */
static void
read_some(uint64_t off, size_t count)
{
	struct verr e = { .code = VERR_NONE };
	struct iolist io;
	bool eof;
	size_t at = off, k;
	int r = file_read(t.f, off, count, &io, &eof, &e);

	must(r == 0 || e.code == VERR_AUTH || e.code == VERR_DAMAGED);
	for (unsigned i = 0; r == 0 && i < io.n; i++)
		for (k = 0; k < io.piece[i].len; k++, at++) {
			must(at < CLEAR_MAX);
			must(!t.known[at] ||
			    t.clear[at] == io.piece[i].data[k]);
			t.known[at] = true;
			t.clear[at] = io.piece[i].data[k];
		}
	must(r != 0 || at - off <= count);
	iolist_free(&io);
}

static uint64_t
size_now(void)
{
	struct vattr a;

	must(file_attr(t.f, &a, NULL) == 0);
	return a.size;
}

/* Known bytes never become unreadable. */
static void
read_all(void)
{
	uint64_t size = size_now(), off;
	struct iolist io;
	bool eof, whole;

	must(size <= CLEAR_MAX);
	for (off = 0; off < size; off += CIPHER_CHUNK) {
		whole = t.known[off];
		must(!whole || file_read(t.f, off, 1, &io, &eof, NULL) == 0);
		if (whole)
			iolist_free(&io);
		read_some(off, CIPHER_CHUNK);
	}
}

static void
write_some(uint64_t off, size_t len, unsigned number)
{
	struct verr e = { .code = VERR_NONE };
	uint64_t old = size_now();
	size_t i;

	if (len == 0)
		return;
	memset(t.buf, (int)number, len);
	if (file_write(t.f, off, t.buf, len, NULL, &e) == -1) {
		must(e.code == VERR_AUTH || e.code == VERR_DAMAGED);
		must(size_now() <= old);
		return;
	}
	must(size_now() == (off + len > old ? off + len : old));
	for (i = old; i < off; i++) {
		t.clear[i] = 0;
		t.known[i] = true;
	}
	for (i = off; i < off + len; i++) {
		t.clear[i] = (uint8_t)number;
		t.known[i] = true;
	}
}

static void
truncate_to(uint64_t size)
{
	struct verr e = { .code = VERR_NONE };
	uint64_t old = size_now(), i;

	if (file_truncate(t.f, size, NULL, &e) == -1) {
		must(size > 0);		/* that always works */
		must(e.code == VERR_AUTH || e.code == VERR_DAMAGED);
		return;
	}
	must(size_now() == size);
	for (i = old; i < size; i++) {
		t.clear[i] = 0;
		t.known[i] = true;
	}
	for (i = size; i < old; i++)
		t.known[i] = false;
}

static void
use(unsigned step, unsigned number, size_t len)
{
	uint64_t off = (uint64_t)(number % 4) * CIPHER_CHUNK + number / 4;

	if (number & 128)
		off -= off > 0;
	if (step == READ)
		read_some(off, len * 3);
	else if (step == WRITE)
		write_some(off, number & 64 ? CIPHER_CHUNK + len : len,
		    number ^ 0x55);
	else
		truncate_to(off);
	read_all();
}

static size_t
build(struct fuzzbox *b, const uint8_t *data, size_t size)
{
	const struct cipher *c = b->cipher;
	size_t i, step;

	must(c->header_make(b->keys, &t.fk, t.disk) &&
	    c->header_make(b->keys, &t.other, t.disk + CIPHER_HEADER_MAX));
	must(c->header_read(b->keys, t.disk, &t.fk));
	t.len = c->header_len;
	t.laid = 0;
	for (i = 0; i + 3 <= size; i += 3) {
		step = data[i] % STEPS;
		if (step > CUT)
			break;
		if (step == CUT)
			t.len -= length_of(data[i + 2]) <= t.len ?
			    length_of(data[i + 2]) : t.len;
		else
			lay(b, (unsigned)step, data[i + 1],
			    length_of(data[i + 2]));
	}
	return i;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzzbox *b;
	struct entry ent;
	const char *path;
	unsigned how;
	size_t i;

	if (size < 4 || size > 150)
		return 0;
	how = *data++;
	size--;
	b = fuzzbox_new(how);
	i = build(b, data, size);
	path = fuzzbox_entry(b, "", 0, NAME, strlen(NAME));
	if (how & FUZZBOX_SHORT)
		path = fuzzbox_in(path, "contents.c9r");
	fuzzbox_put(b, path, t.disk, t.len);
	fuzzbox_look(b, how);
	memset(t.known, 0, sizeof(t.known));
	fuzzbox_open(b);
	must(dir_lookup(b->v->root_dir, b->a, NAME, strlen(NAME), &ent,
	    NULL) == 0);
	t.f = file_open(b->v, &ent.loc, ent.attr.fileid, true, NULL);
	must(t.f != NULL);
	read_all();
	for (; i + 3 <= size; i += 3)
		use(READ + data[i] % 3, data[i + 1], length_of(data[i + 2]));
	file_put(t.f);
	fuzzbox_close(b);
	return 0;
}
