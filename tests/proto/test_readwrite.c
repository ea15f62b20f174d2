/*
 * READ, WRITE, COMMIT: RFC 1813 3.3.6, 3.3.7, 3.3.21.
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/proto/check.h"
#include "vault/host.h"

#define MIB	(1u << 20)

static struct fh file;
static atomic_int fail_sync;		/* so many syncs are to fail */
static atomic_uint syncs;

static int
hook(void *ctx, enum host_op op, const char *path)
{
	(void)ctx, (void)path;
	if (op != HOST_SYNC)
		return 0;
	atomic_fetch_add(&syncs, 1);
	return atomic_fetch_sub(&fail_sync, 1) > 0 ? EIO : 0;
}

static void
setup(void)
{
	host_set_hook(hook, NULL);
	fix_start(&f, NULL);
	file = check_file(&f.root, "file");
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(read, .init = setup, .fini = teardown);
TestSuite(write, .init = setup, .fini = teardown);
TestSuite(commit, .init = setup, .fini = teardown);

/* Bytes that tell where they belong. */
static void
pattern(uint8_t *p, size_t len, uint64_t off)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)((off + i) * 2654435761u >> 13);
}

static void
put(uint64_t off, uint32_t len)
{
	static uint8_t data[MIB];
	struct write_reply w;

	cr_assert_leq(len, MIB);
	pattern(data, len, off);
	OK(call_write(f.c, &file, off, data, len, UNSTABLE, &w));
	cr_assert_eq(w.count, len);
}

/* READ gives these count bytes and this eof, and they are right. */
static void
expect_read(uint64_t off, uint32_t ask, uint32_t count, bool eof)
{
	static uint8_t got[MIB], want[MIB];
	struct read_reply r;

	OK(call_read(f.c, &file, off, ask, got, &r));
	cr_assert_eq(r.count, count, "%u bytes at %llu, not %u", r.count,
	    (unsigned long long)off, count);
	cr_assert_eq(r.eof, eof, "eof at %llu + %u",
	    (unsigned long long)off, ask);
	pattern(want, count, off);
	cr_assert_eq(memcmp(got, want, count), 0);
	(void)check_attr(&r.attr);
}

Test(read, an_empty_file_is_at_its_end)
{
	expect_read(0, 0, 0, true);
	expect_read(0, 1, 0, true);
	expect_read(0, MIB, 0, true);
	expect_read(1, 1, 0, true);
}

/* Around every border: chunks of 32,768, and the end. */
Test(read, eof_is_exact)
{
	static const uint32_t sizes[] = { 1, 4096, 32767, 32768, 32769, 65536,
	    100000 };
	uint32_t size, off, ask;
	size_t i;
	sattr3 s;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size = sizes[i];
		s = call_size(0);
		OK(call_setattr(f.c, &file, &s, NULL, NULL));
		put(0, size);
		expect_read(0, size - 1, size - 1, false);
		expect_read(0, size, size, true);
		expect_read(0, size + 1, size, true);
		expect_read(size - 1, 1, 1, true);
		expect_read(size - 1, 0, 0, false);
		expect_read(size, 0, 0, true);
		expect_read(size, 100, 0, true);
		expect_read(size + 40000, 100, 0, true);
		for (off = 0; off < size; off += 8191)
			for (ask = 1; ask <= size; ask = ask * 3 + 1)
				expect_read(off, ask, ask < size - off ?
				    ask : size - off, ask >= size - off);
	}
}

Test(read, a_count_over_the_maximum_is_clamped)
{
	put(0, MIB);
	put(MIB, 1000);
	expect_read(0, UINT32_MAX, MIB, false);
	expect_read(500, UINT32_MAX, MIB, false);
	expect_read(1000, UINT32_MAX, MIB, true);
	expect_read(1001, UINT32_MAX, MIB - 1, true);
}

Test(read, a_mebibyte_is_read_at_any_offset)
{
	static const uint32_t offs[] = { 1, 16384, 32767, 49152, 114688 };
	size_t i;

	put(0, MIB);
	put(MIB, MIB);
	for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++)
		expect_read(offs[i], MIB, MIB, false);
	expect_read(MIB, MIB, MIB, true);
}

Test(read, offsets_up_to_the_last_are_taken)
{
	static const uint64_t offs[] = {
		UINT32_MAX, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX - 4096,
		UINT64_MAX,
	};
	size_t i;

	put(0, 10);
	for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		expect_read(offs[i], 0, 0, true);
		expect_read(offs[i], 4096, 0, true);
		expect_read(offs[i], UINT32_MAX, 0, true);
	}
}

Test(read, of_what_is_no_file_is_refused)
{
	struct read_reply r;
	struct reply l;

	IS(ISDIR, call_read(f.c, &f.root, 0, 1, NULL, &r));
	OK(call_symlink(f.c, &f.root, "link", "x", &l));
	IS(INVAL, call_read(f.c, &l.fh, 0, 1, NULL, &r));
	cr_expect_eq(check_attr(&r.attr)->type, WIRE_NF3LNK);
	IS(ISDIR, call_write(f.c, &f.root, 0, "x", 1, UNSTABLE, NULL));
	IS(INVAL, call_write(f.c, &l.fh, 0, "x", 1, UNSTABLE, NULL));
}

/* Ciphertext that somebody changed is an error and never wrong data. */
Test(read, a_forged_chunk_is_an_io_error)
{
	struct read_reply r;
	char path[512], cmd[600];
	FILE *p;

	put(0, 100000);
	(void)snprintf(cmd, sizeof(cmd), "find %s/d -name '*.c9r' -size +90k",
	    f.dir);
	cr_assert_not_null(p = popen(cmd, "r"));
	cr_assert_not_null(fgets(path, sizeof(path), p));
	(void)pclose(p);
	path[strcspn(path, "\n")] = '\0';
	cr_assert_not_null(p = fopen(path, "r+"));
	cr_assert_eq(fseek(p, 40000, SEEK_SET), 0);	/* chunk 1 */
	(void)fputc(fgetc(p) ^ 1, p);
	(void)fclose(p);
	expect_read(0, 32768, 32768, false);
	IS(IO, call_read(f.c, &file, 32768, 10, NULL, &r));
	(void)check_attr(&r.attr);
	IS(IO, call_read(f.c, &file, 0, 32769, NULL, &r));
	expect_read(65536, 10, 10, false);
	IS(IO, call_write(f.c, &file, 40000, "x", 1, UNSTABLE, NULL));
	put(32768, 32768);		/* as a whole it can be replaced */
	expect_read(0, 100000, 100000, true);
}

/* -- WRITE */

Test(write, tells_of_the_file_before_and_after)
{
	struct write_reply w;
	const wcc_attr *b;

	put(0, 100);
	OK(call_write(f.c, &file, 50, "xyz", 3, UNSTABLE, &w));
	cr_expect_eq(w.count, 3);
	cr_expect_eq(w.committed, UNSTABLE);
	cr_assert(w.wcc.before.attributes_follow);
	b = &w.wcc.before.pre_op_attr_u.attributes;
	cr_expect_eq(b->size, 100);
	cr_expect_eq(check_after(&w.wcc)->size, 100);
	OK(call_write(f.c, &file, 99, "xyz", 3, UNSTABLE, &w));
	cr_expect_eq(check_after(&w.wcc)->size, 102);
}

/* So many that the server closes what it has open. */
static void
open_others(const char *prefix)
{
	char name[32];
	int i;

	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "%s%d", prefix, i);
		(void)check_file(&f.root, name);
	}
}

/*
 * What a client keeps of a file that it wrote is good for as long as the times
 * are those that it was told: also after the server has closed it.
 */
Test(commit, leaves_the_times_that_it_tells)
{
	struct write_reply w;
	fattr3 a, b;
	wcc_attr *was;

	put(0, 100);
	OK(call_getattr(f.c, &file, &a));
	(void)usleep(30000);
	OK(call_commit(f.c, &file, &w));
	cr_assert(w.wcc.before.attributes_follow);
	was = &w.wcc.before.pre_op_attr_u.attributes;
	cr_expect_eq(was->size, 100);
	cr_expect_eq(memcmp(&was->ctime, &a.ctime, sizeof(a.ctime)), 0);
	cr_expect_eq(memcmp(&was->mtime, &a.mtime, sizeof(a.mtime)), 0);
	a = *check_after(&w.wcc);
	open_others("a");
	OK(call_getattr(f.c, &file, &b));
	cr_expect_eq(memcmp(&a, &b, sizeof(a)), 0);

	(void)usleep(30000);
	OK(call_write(f.c, &file, 0, "new", 3, FILE_SYNC, &w));
	a = *check_after(&w.wcc);
	open_others("b");
	OK(call_getattr(f.c, &file, &b));
	cr_expect_eq(memcmp(&a, &b, sizeof(a)), 0);
}

Test(write, of_nothing_changes_nothing)
{
	struct write_reply w;
	fattr3 a, b;

	put(0, 100);
	OK(call_commit(f.c, &file, NULL));
	OK(call_getattr(f.c, &file, &a));
	OK(call_write(f.c, &file, 0, "", 0, UNSTABLE, &w));
	cr_expect_eq(w.count, 0);
	(void)check_after(&w.wcc);
	OK(call_write(f.c, &file, 5000, "", 0, FILE_SYNC, &w));
	OK(call_write(f.c, &file, UINT64_MAX, "", 0, UNSTABLE, &w));
	cr_expect_neq(memcmp(w.verf, "\0\0\0\0\0\0\0\0", 8), 0);
	OK(call_getattr(f.c, &file, &b));
	cr_expect_eq(memcmp(&a, &b, sizeof(a)), 0);
}

Test(write, a_count_that_is_not_the_length_of_the_data_is_inval)
{
	char data[8] = "abcdefg";
	WRITE3args args = { .file = call_fh(&file), .stable = UNSTABLE,
	    .data = { 4, data } };
	static const uint32_t counts[] = { 0, 3, 5, UINT32_MAX };
	WRITE3res res;
	fattr3 a;
	size_t i;

	for (i = 0; i < 4; i++) {
		args.count = counts[i];
		cr_assert_eq(client_nfs(f.c, WRITE, &args, &res),
		    RPC_SUCCESS);
		IS(INVAL, res.status);
		(void)check_after(&res.WRITE3res_u.resfail.file_wcc);
	}
	OK(call_getattr(f.c, &file, &a));
	cr_expect_eq(a.size, 0);
}

Test(write, a_gap_becomes_zeros)
{
	static uint8_t got[200000], want[200000];
	struct read_reply r;

	OK(call_write(f.c, &file, 150000, "end", 3, UNSTABLE, NULL));
	OK(call_write(f.c, &file, 70000, "mid", 3, UNSTABLE, NULL));
	memcpy(want + 150000, "end", 3);
	memcpy(want + 70000, "mid", 3);
	OK(call_read(f.c, &file, 0, sizeof(got), got, &r));
	cr_assert_eq(r.count, 150003);
	cr_expect(r.eof);
	cr_expect_eq(memcmp(got, want, 150003), 0);
}

Test(write, past_the_largest_file_is_fbig)
{
	static const uint64_t offs[] = {
		INT64_MAX, (UINT64_C(1) << 63) - 1, UINT64_C(1) << 63,
		UINT64_MAX - 3, UINT64_MAX, UINT64_C(1) << 62,
	};
	struct write_reply w;
	fattr3 a;
	size_t i;

	for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++)
		IS(FBIG, call_write(f.c, &file, offs[i], "abcd", 4, UNSTABLE,
		    &w));
	cr_expect_eq(check_after(&w.wcc)->size, 0);
	OK(call_getattr(f.c, &file, &a));
	cr_expect_eq(a.size, 0);
}

Test(write, a_mebibyte_is_written_at_any_offset)
{
	static const uint32_t offs[] = { 1, 4095, 32767, 40000 };
	size_t i;

	put(0, 50000);
	for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		put(offs[i], MIB);
		expect_read(offs[i], MIB, MIB, true);
		expect_read(0, 50000, 50000, false);
	}
}

Test(write, is_as_stable_as_was_asked_for)
{
	static const int levels[] = { UNSTABLE, DATA_SYNC, FILE_SYNC };
	struct write_reply w;
	unsigned before;
	size_t i;

	for (i = 0; i < 3; i++) {
		before = atomic_load(&syncs);
		OK(call_write(f.c, &file, 0, "x", 1, levels[i], &w));
		cr_expect_geq(w.committed, levels[i]);
		if (levels[i] != UNSTABLE)
			cr_expect_gt(atomic_load(&syncs), before);
	}
}

Test(write, the_verifier_is_one_for_all_until_the_server_is_another)
{
	struct write_reply w, x;
	struct fh other = check_file(&f.root, "other");

	OK(call_write(f.c, &file, 0, "x", 1, UNSTABLE, &w));
	OK(call_write(f.c, &other, 0, "x", 1, FILE_SYNC, &x));
	cr_expect_eq(memcmp(w.verf, x.verf, 8), 0);
	OK(call_commit(f.c, &file, &x));
	cr_expect_eq(memcmp(w.verf, x.verf, 8), 0);
	fix_restart(&f);
	OK(call_commit(f.c, &file, &x));
	cr_expect_neq(memcmp(w.verf, x.verf, 8), 0);
}

/* -- COMMIT */

Test(commit, makes_stable_and_tells_of_the_file)
{
	struct write_reply w;
	unsigned before;

	put(0, 100);
	before = atomic_load(&syncs);
	OK(call_commit(f.c, &file, &w));
	cr_expect_gt(atomic_load(&syncs), before);
	cr_expect_eq(check_after(&w.wcc)->size, 100);
}

Test(commit, any_range_is_taken)
{
	COMMIT3args args = { .file = call_fh(&file) };
	static const uint64_t offs[] = { 0, 5, UINT64_MAX };
	static const uint32_t counts[] = { 0, 1, UINT32_MAX };
	COMMIT3res res;
	size_t i, j;

	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++) {
			args.offset = offs[i];
			args.count = counts[j];
			cr_assert_eq(client_nfs(f.c, COMMIT, &args, &res),
			    RPC_SUCCESS);
			OK(res.status);
		}
}

/* Linux throws its copy away on COMMIT, unless the verifier has changed. */
Test(commit, a_failed_sync_is_told_once_and_changes_the_verifier)
{
	struct write_reply w, x;

	OK(call_write(f.c, &file, 0, "x", 1, UNSTABLE, &w));
	atomic_store(&fail_sync, 1);
	IS(IO, call_commit(f.c, &file, &x));
	(void)check_after(&x.wcc);
	atomic_store(&fail_sync, 0);
	OK(call_commit(f.c, &file, &x));
	cr_expect_neq(memcmp(w.verf, x.verf, 8), 0);
}

Test(commit, a_stable_write_that_cannot_be_is_an_error)
{
	struct write_reply w, x;

	OK(call_write(f.c, &file, 0, "x", 1, UNSTABLE, &w));
	atomic_store(&fail_sync, 1);
	IS(IO, call_write(f.c, &file, 1, "y", 1, FILE_SYNC, &x));
	(void)check_after(&x.wcc);
	atomic_store(&fail_sync, 0);
	OK(call_write(f.c, &file, 1, "y", 1, FILE_SYNC, &x));
	cr_expect_neq(memcmp(w.verf, x.verf, 8), 0);
}
