/*
 * Chunks that are sealed before the file's lock is taken (file_ahead.c).
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/bufpool.h"
#include "base/tune.h"
#include "tests/unit/dirty_box.h"
#include "vault/file_int.h"

TestSuite(ahead, .fini = teardown);

static struct sealed s;

static unsigned
sealed(struct file *f, uint64_t off, size_t len)
{
	unsigned n;

	file_ahead_seal(f, off, pattern, len, &s);
	n = s.n;
	file_ahead_free(f, &s);
	return n;
}

Test(ahead, what_is_to_be_appended_is_sealed_once_the_header_is_known)
{
	struct file *f;
	size_t used;

	begin("SIV_GCM", 64 * C);
	f = open_file();
	cr_expect_eq(sealed(f, 0, 4 * C), 0);
	put(0, pattern, 2 * C);
	used = bufpool_in_use();
	cr_expect_eq(sealed(f, 2 * C, 4 * C), 4);
	cr_expect_eq(sealed(f, 2 * C, 4 * C + 100), 4);
	cr_expect_eq(sealed(f, 5 * C, 2 * C), 2, "others may come before");
	cr_expect_eq(sealed(f, 2 * C, C + 100), 0, "too few");
	cr_expect_eq(sealed(f, 2 * C + 1, 4 * C), 0, "no whole chunks");
	cr_expect_eq(sealed(f, 0, 4 * C), 0, "an overwrite");
	cr_expect_eq(bufpool_in_use(), used);
	file_put(f);
}

Test(ahead, nothing_is_sealed_when_it_is_off)
{
	struct file *f;

	begin("SIV_GCM", 64 * C);
	cr_assert_eq(tune_set("no-ahead", &b.e), 0);
	f = open_file();
	put(0, pattern, 2 * C);
	cr_expect_eq(sealed(f, 2 * C, 4 * C), 0);
	file_put(f);
	cr_assert_eq(tune_set("", &b.e), 0);
}

Test(ahead, a_sealed_chunk_is_taken_once_for_what_it_is)
{
	struct piece p = { .index = 3, .clear = pattern + C, .len = C };
	struct file *f;
	uint8_t *disk;

	begin("SIV_CTRMAC", 64 * C);
	f = open_file();
	put(0, pattern, 2 * C);
	file_ahead_seal(f, 2 * C, pattern, 3 * C, &s);
	cr_expect_null(file_ahead_take(f, &p), "nobody writes");
	f->sealed = &s;
	p.len = C - 1;
	cr_expect_null(file_ahead_take(f, &p));
	p.len = C;
	p.clear = pattern + 2 * C;
	cr_expect_null(file_ahead_take(f, &p));
	p.index = 1;
	cr_expect_null(file_ahead_take(f, &p));
	p.index = 5;
	p.clear = pattern + 3 * C;
	cr_expect_null(file_ahead_take(f, &p));
	p.index = 3;
	p.clear = pattern + C;
	cr_assert_not_null(disk = file_ahead_take(f, &p));
	cr_expect_null(file_ahead_take(f, &p));
	bufpool_put(disk);
	f->sealed = NULL;
	file_ahead_free(f, &s);
	file_put(f);
}

static void
append_and_look(const char *cipher, size_t dirty_max)
{
	begin(cipher, dirty_max);
	put(0, pattern, 2 * C);
	put(2 * C, pattern + 2 * C, 3 * C);
	put(5 * C, pattern + 5 * C, 2 * C + 77);
	cr_assert_eq(sync_file(), 0);
	cr_assert_eq(on_disk(is), 7 * C + 77);
	cr_expect_arr_eq(is, pattern, 7 * C + 77);
	cr_expect_eq(bufpool_in_use(), 0);
	box_end(&b);
	b.dir = NULL;
}

Test(ahead, what_was_sealed_is_in_the_file)
{
	append_and_look("SIV_GCM", 64 * C);
	append_and_look("SIV_CTRMAC", 64 * C);
	append_and_look("SIV_GCM", 0);
}

/* One that comes too early is kept in memory, and what was sealed dropped. */
Test(ahead, the_order_of_writes_is_anybodys)
{
	begin("SIV_GCM", 64 * C);
	put(0, pattern, 2 * C);
	put(5 * C, pattern + 5 * C, 2 * C);
	put(2 * C, pattern + 2 * C, 3 * C);
	put(7 * C, pattern + 7 * C, 2 * C);
	cr_assert_eq(sync_file(), 0);
	cr_assert_eq(on_disk(is), 9 * C);
	cr_expect_arr_eq(is, pattern, 9 * C);
}

/* -- another program puts another file's contents in its place */

static size_t
raw(const char *path, uint8_t *out, size_t max)
{
	int fd = openat(b.v->root, path, O_RDONLY);
	ssize_t n = read(fd, out, max);

	cr_assert_gt(n, 0);
	(void)close(fd);
	return (size_t)n;
}

Test(ahead, what_was_sealed_for_another_header_is_thrown_away)
{
	static uint8_t cipher[4 * C];
	struct file *f, *g;
	struct vloc other;
	uint64_t id;
	size_t len;
	int fd;

	begin("SIV_GCM", 0);
	make_file("other", &other, &id);
	g = file_open(b.v, &other, id, true, &b.e);
	cr_assert_not_null(g);
	cr_assert_eq(file_write(g, 0, pattern, 2 * C, NULL, &b.e), 0);
	file_put(g);
	put(0, pattern + C, 2 * C);

	f = open_file();
	len = raw(other.path, cipher, sizeof(cipher));
	fd = openat(b.v->root, loc.path, O_RDWR | O_TRUNC);
	cr_assert_eq(write(fd, cipher, len), (ssize_t)len);
	(void)close(fd);
	cr_assert_eq(sealed(f, 2 * C, 3 * C), 3, "nobody has looked yet");
	put(2 * C, pattern + 2 * C, 3 * C);
	cr_expect_eq(sealed(f, 5 * C, 3 * C), 0, "not with that key again");
	put(5 * C, pattern + 5 * C, 3 * C);
	file_put(f);
	cr_assert_eq(on_disk(is), 8 * C, "%s", b.e.text);
	cr_expect_arr_eq(is, pattern, 8 * C);
}

/* -- several at once */

static atomic_bool second_done;

static void *
write_second(void *arg)
{
	put(4 * C, pattern + 4 * C, 2 * C);
	atomic_store(&second_done, true);
	return arg;
}

Test(ahead, who_came_first_writes_first, .timeout = 20)
{
	const struct timespec while_ = { 0, 100 * 1000 * 1000 };
	struct file *f;
	pthread_t t;

	begin("SIV_GCM", 64 * C);
	put(0, pattern, 2 * C);
	f = open_file();
	file_ahead_seal(f, 2 * C, pattern + 2 * C, 2 * C, &s);
	cr_assert_eq(pthread_create(&t, NULL, write_second, NULL), 0);
	(void)nanosleep(&while_, NULL);
	cr_expect(!atomic_load(&second_done));
	file_ahead_free(f, &s);
	(void)pthread_join(t, NULL);
	cr_expect(atomic_load(&second_done));
	put(2 * C, pattern + 2 * C, 2 * C);
	cr_assert_eq(file_sync(f, &b.e), 0);
	file_put(f);
	cr_assert_eq(on_disk(is), 6 * C);
	cr_expect_arr_eq(is, pattern, 6 * C);
}

enum { THREADS = 4, BLOCKS = 96, BLOCK = 4 };	/* chunks in a block */

static atomic_uint next_block;

static uint8_t
byte_of(unsigned block, size_t i)
{
	return (uint8_t)(block * 31 + i * 2654435761u / 65536);
}

static void *
append(void *arg)
{
	uint8_t *data = malloc(BLOCK * C);
	struct file *f = arg;
	unsigned n;
	size_t i;

	while ((n = atomic_fetch_add(&next_block, 1)) < BLOCKS) {
		for (i = 0; i < BLOCK * C; i++)
			data[i] = byte_of(n, i);
		if (file_write(f, n * BLOCK * C, data, BLOCK * C, NULL,
		    NULL) == -1)
			break;
	}
	free(data);
	return NULL;
}

static bool
block_is_right(struct file *f, unsigned n)
{
	struct iolist io;
	bool eof, ok = true;
	unsigned i;
	size_t k, at = 0;

	if (file_read(f, n * BLOCK * C, BLOCK * C, &io, &eof, &b.e) == -1)
		return false;
	for (i = 0; i < io.n; i++)
		for (k = 0; k < io.piece[i].len; k++, at++)
			ok &= io.piece[i].data[k] == byte_of(n, at);
	iolist_free(&io);
	return ok && at == BLOCK * C;
}

Test(ahead, threads_that_write_one_file_together, .timeout = 60)
{
	pthread_t t[THREADS];
	struct vault *v;
	struct file *f;
	unsigned i;

	begin("SIV_GCM", 256 * C);
	f = open_file();
	for (i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, append, f), 0);
	for (i = 0; i < THREADS; i++)
		(void)pthread_join(t[i], NULL);
	cr_assert_eq(file_sync(f, &b.e), 0);
	file_put(f);
	v = vault_open(b.path, NULL, b.pass, strlen(b.pass), &b.e);
	cr_assert_not_null(v);
	f = file_open(v, &loc, fileid, false, &b.e);
	cr_assert_not_null(f);
	for (i = 0; i < BLOCKS; i++)
		cr_expect(block_is_right(f, i), "block %u", i);
	file_put(f);
	vault_close(v);
}
