/*
 * What an event loop may read: what is in the system's page cache, the header
 * of a file that was just opened with it.  All else is VERR_BUSY, and is read
 * by who may wait.
 */
#include "config.h"

#include <stdlib.h>

#include "tests/unit/dirty_box.h"
#include "vault/file.h"

static unsigned reads;			/* since the hook was set */
static unsigned fail_from;		/* the first that fails */
static int fail_with;

static int
fail_reads(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	if (op != HOST_READ || ++reads < fail_from)
		return 0;
	return fail_with;
}

static void
fail_reads_from(unsigned n, int how)
{
	reads = 0;
	fail_from = n;
	fail_with = how;
	host_set_hook(fail_reads, NULL);
}

/* A file that nobody has open, on a disk: memory cannot be asked so. */
static void
setup(void)
{
	(void)setenv("TMPDIR", "/var/tmp", 1);
	begin("SIV_GCM", 64 * C);
	put(0, pattern, C + 5000);
	cr_assert_eq(sync_file(), 0);
	box_reopen(&b);
	keep_writes(64 * C);
}

TestSuite(read_now, .init = setup, .fini = teardown);

/* Of the file, from off on; contents are compared if it succeeds. */
static enum verr_code
read_at(uint64_t off, size_t len, bool wait)
{
	struct file *f = open_file();
	struct iolist io;
	enum verr_code code;
	size_t at = 0;
	unsigned i;
	bool eof;

	code = BOX_CODE(&b, file_read_attr(f, off, len, wait, &io, &eof, NULL,
	    &b.e));
	for (i = 0; code == VERR_NONE && i < io.n; i++) {
		cr_expect_eq(memcmp(io.piece[i].data, pattern + off + at,
		    io.piece[i].len), 0, "piece %u", i);
		at += io.piece[i].len;
	}
	cr_expect_eq(at, code == VERR_NONE ? len : 0);
	iolist_free(&io);
	file_put(f);
	return code;
}

static void
skip_where_it_cannot_be(void)
{
	if (read_at(0, 10, false) == VERR_BUSY && !file_reads_now(b.v))
		cr_skip_test("no RWF_NOWAIT on this file system");
	box_reopen(&b);
	keep_writes(64 * C);
}

Test(read_now, a_file_that_was_just_opened_is_read_from_the_page_cache)
{
	skip_where_it_cannot_be();
	fail_reads_from(100, EIO);
	cr_expect_eq(read_at(100, 4000, false), VERR_NONE);
	cr_expect_eq(reads, 2, "header and chunk: %u", reads);
	cr_expect_eq(read_at(C + 100, 4000, false), VERR_NONE);
	cr_expect_eq(reads, 3);
	cr_expect(file_reads_now(b.v));
}

Test(read_now, what_is_not_in_memory_is_left_to_others)
{
	skip_where_it_cannot_be();
	fail_reads_from(1, EAGAIN);
	cr_expect_eq(read_at(0, 10, false), VERR_BUSY, "the header");
	fail_reads_from(2, EAGAIN);
	cr_expect_eq(read_at(0, 10, false), VERR_BUSY, "the chunk");
	host_set_hook(NULL, NULL);
	cr_expect(file_reads_now(b.v), "another time it may be");
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(C + 5000));
	cr_expect_eq(memcmp(is, pattern, C + 5000), 0);
}

Test(read_now, where_it_cannot_be_done_it_is_tried_once)
{
	fail_reads_from(1, EOPNOTSUPP);
	cr_expect_eq(read_at(0, 10, false), VERR_BUSY);
	cr_expect_eq(read_at(0, 10, false), VERR_BUSY);
	cr_expect_eq(reads, 1);
	cr_expect_not(file_reads_now(b.v));
	host_set_hook(NULL, NULL);
	cr_expect_eq(read_at(0, 10, true), VERR_NONE);
	cr_expect_eq(read_at(20, 10, false), VERR_NONE, "clear in memory");
}

Test(read_now, what_is_not_authentic_is_told_by_others)
{
	uint8_t byte;
	int fd;

	skip_where_it_cannot_be();
	fd = openat(b.v->root, loc.path, O_RDWR);
	cr_assert_eq(pread(fd, &byte, 1, 20), 1);
	byte ^= 1;
	cr_assert_eq(pwrite(fd, &byte, 1, 20), 1);
	cr_assert_eq(close(fd), 0);
	cr_expect_eq(read_at(0, 10, false), VERR_BUSY);
	cr_expect_eq(read_at(0, 10, true), VERR_AUTH);
	cr_expect_eq(read_at(0, 10, false), VERR_BUSY);
}
