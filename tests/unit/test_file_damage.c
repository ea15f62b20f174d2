/*
 * Files that no careful writer leaves: what can still be read of them, what
 * is refused, and what mends them (vault-format 3.4, 3.5).
 */
#include "config.h"

#include "tests/unit/box.h"
#include "tests/unit/box_oracle.h"
#include "vault/cipher.h"
#include "vault/size.h"

#define C	CIPHER_CHUNK

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(damage, .fini = teardown);

/* What the edge vault's maker put into its files (tools/mkedge.py, pat()). */
static char *
pattern_line(size_t len)
{
	char hex[2 * DIGEST_LEN + 1];
	uint8_t *p = malloc(len + 1);

	cr_assert_not_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(7 * i + 1);
	box_hex(p, len, hex);
	free(p);
	return box_text("file %zu %s", len, hex);
}

static void
expect_line(const char *path, const char *want)
{
	struct entry ent;
	char *is, *line;

	cr_assert_eq(box_find(&b, path, &ent), VERR_NONE, "%s", path);
	is = box_line(&b, path, &ent);
	line = box_text("%s %s", path, want);
	cr_expect_str_eq(is, line);
	free(is);
	free(line);
}

Test(damage, what_is_whole_in_the_edge_vault_is_read)
{
	static const struct {
		const char	*path;
		size_t		 len;
	} good[] = {
		{ "/content/ok-0", 0 }, { "/content/ok-32768", C },
		{ "/content/ok-70000", 70000 }, { "/content/empty-chunk", 0 },
		{ "/content/full-plus-empty-chunk", C },
		{ "/content/two-full-plus-empty-chunk", 2 * C },
		/* nor a write that did not come to its end */
		{ "/content/remainder-5", 0 },
		{ "/content/remainder-overhead-minus-1", 0 },
		/* a cut at a border cannot be seen (vault-format 0.8) */
		{ "/content/chunk0-only-of-two", C },
		{ "/content/reserved-0f", 50 },
		{ "/content/reserved-zero", 51 },
	};
	char *want;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		want = pattern_line(good[i].len);
		expect_line(good[i].path, want);
		free(want);
	}
}

static const struct {
	const char	*path;
	uint64_t	 size;		/* shown all the same */
	enum verr_code	 code;		/* of reading it from the start */
	bool		 good_start;	/* the first chunk is whole */
} bad[] = {
	{ "/content/chunk1-bitflip", 70000, VERR_AUTH, true },
	{ "/content/chunks-swapped", 65536, VERR_AUTH, false },
	{ "/content/last-chunk-cut", 69000, VERR_AUTH, true },
	{ "/content/short-full-chunk-in-middle", 228, VERR_AUTH, false },
	{ "/content/header-of-other-file", 100, VERR_AUTH, false },
	{ "/content/header-tag-bitflip", 100, VERR_AUTH, false },
	{ "/content/header-minus-1", 0, VERR_DAMAGED, false },
	{ "/content/header-truncated-10", 0, VERR_DAMAGED, false },
	{ "/content/full-plus-remainder-overhead-garbage", C, VERR_AUTH,
	    true },
};
#define N_BAD	(sizeof(bad) / sizeof(bad[0]))

Test(damage, what_is_damaged_in_the_edge_vault_is_listed_but_not_read)
{
	char want[100];

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	for (size_t i = 0; i < N_BAD; i++) {
		(void)snprintf(want, sizeof(want), "file %ju error %d",
		    (uintmax_t)bad[i].size, bad[i].code);
		expect_line(bad[i].path, want);
		cr_expect_gt(strlen(b.e.text), 20, "%s", b.e.text);
	}
}

static struct file *
open_file(const char *path)
{
	struct entry ent;
	struct file *f;

	cr_assert_eq(box_find(&b, path, &ent), VERR_NONE, "%s", path);
	f = file_open(b.v, &ent.loc, ent.attr.fileid, true, &b.e);
	cr_assert_not_null(f, "%s: %s", path, b.e.text);
	return f;
}

Test(damage, nothing_is_written_into_damage_but_cutting_it_all_off_mends)
{
	struct file_change ch;
	char hex[2 * DIGEST_LEN + 1], *want;
	struct host_stat st;
	struct entry ent;
	struct file *f;
	int root;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	root = host_root(b.path);
	box_hex("\0\0\0new", 6, hex);
	want = box_text("file 6 %s", hex);
	for (size_t i = 0; i < N_BAD; i++) {
		enum verr_code as = bad[i].good_start ? VERR_NONE : bad[i].code;

		f = open_file(bad[i].path);
		cr_expect_eq(BOX_CODE(&b, file_write(f, 1, "x", 1, &ch,
		    &b.e)), as, "%s", bad[i].path);
		cr_expect_eq(BOX_CODE(&b, file_truncate(f, 20, &ch, &b.e)),
		    as, "%s", bad[i].path);
		cr_expect_eq(BOX_CODE(&b, file_truncate(f, 0, &ch, &b.e)),
		    VERR_NONE, "%s: %s", bad[i].path, b.e.text);
		cr_expect(ch.have_after && ch.after.size == 0);
		cr_expect_eq(BOX_CODE(&b, file_write(f, 3, "new", 3, &ch,
		    &b.e)), VERR_NONE, "%s: %s", bad[i].path, b.e.text);
		file_put(f);
		cr_assert_eq(box_find(&b, bad[i].path, &ent), VERR_NONE);
		cr_assert_eq(host_stat(root, ent.loc.path, &st), 0);
		cr_expect_eq(st.size, size_disk(vault_cipher(b.v), 6));
		expect_line(bad[i].path, want);
	}
	free(want);
	(void)host_close(root);
}

Test(damage, a_bad_chunk_does_not_hide_the_good_ones)
{
	struct iolist io;
	struct file *f;
	bool eof;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	f = open_file("/content/chunk1-bitflip");
	cr_expect_eq(BOX_CODE(&b, file_read(f, 0, C, &io, &eof, &b.e)),
	    VERR_NONE);
	cr_expect_eq(io.total, C);
	iolist_free(&io);
	cr_expect_eq(BOX_CODE(&b, file_read(f, C - 1, 2, &io, &eof, &b.e)),
	    VERR_AUTH);
	iolist_free(&io);
	cr_expect_eq(BOX_CODE(&b, file_read(f, 2 * C, 10, &io, &eof, &b.e)),
	    VERR_NONE);
	iolist_free(&io);
	/* a whole new chunk needs nothing of the old one */
	cr_expect_eq(BOX_CODE(&b, file_write(f, C + 5, "x", 1, NULL, &b.e)),
	    VERR_AUTH);
	static uint8_t chunk[C];
	cr_expect_eq(BOX_CODE(&b, file_write(f, C, chunk, C, NULL, &b.e)),
	    VERR_NONE);
	cr_expect_eq(BOX_CODE(&b, file_read(f, 0, 3 * C, &io, &eof, &b.e)),
	    VERR_NONE, "%s", b.e.text);
	iolist_free(&io);
	file_put(f);
}

/* -- a growing file, when the power failed */

/* Bytes at the end of a file on disk. */
static void
append(const char *disk, const void *data, size_t len)
{
	FILE *f = fopen(disk, "ab");

	cr_assert(f != NULL && fwrite(data, 1, len, f) == len &&
	    fclose(f) == 0);
}

Test(damage, a_remainder_that_is_no_chunk_goes_with_the_first_write)
{
	static const char junk[27] = "no chunk";
	struct host_stat st;
	struct entry ent;
	char *disk, *want;
	struct file *f;
	int root;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	root = host_root(b.path);
	for (size_t n = 1; n <= sizeof(junk); n += 13) {
		cr_assert_eq(box_find(&b, "/content/ok-32768", &ent),
		    VERR_NONE);
		disk = box_text("%s/%s", b.path, ent.loc.path);
		append(disk, junk, n);
		free(disk);
		want = pattern_line(C);
		expect_line("/content/ok-32768", want);
		free(want);
		f = open_file("/content/ok-32768");
		cr_expect_eq(BOX_CODE(&b, n < 20 ? file_truncate(f, C, NULL,
		    &b.e) : file_write(f, C, "x", 1, NULL, &b.e)), VERR_NONE,
		    "%s", b.e.text);
		file_put(f);
		cr_assert_eq(host_stat(root, ent.loc.path, &st), 0);
		cr_expect_eq(st.size, size_disk(vault_cipher(b.v),
		    n < 20 ? C : C + 1));
	}
	(void)host_close(root);
}

/* -- chunks without data at the end */

Test(damage, an_empty_chunk_at_the_end_counts_when_the_end_is_read)
{
	static const uint8_t zeros[CIPHER_OVERHEAD_MAX];
	static uint8_t data[2 * C];
	struct iolist io;
	struct file *f;
	bool eof;

	box_make(&b, "SIV_CTRMAC", 0);
	box_write(&b, b.root, "f", data, sizeof(data));
	append(box_disk_of(&b, "/f"), zeros, vault_cipher(b.v)->overhead);
	f = open_file("/f");
	cr_expect_eq(BOX_CODE(&b, file_read(f, C, C - 1, &io, &eof, &b.e)),
	    VERR_NONE, "the end was not reached");
	cr_expect(!eof && io.total == C - 1);
	iolist_free(&io);
	cr_expect_eq(BOX_CODE(&b, file_read(f, C, C, &io, &eof, &b.e)),
	    VERR_AUTH, "it was");
	iolist_free(&io);
	cr_expect_eq(BOX_CODE(&b, file_read(f, 0, SIZE_MAX, &io, &eof,
	    &b.e)), VERR_AUTH);
	iolist_free(&io);
	cr_expect_eq(BOX_CODE(&b, file_read(f, 2 * C, 1, &io, &eof, &b.e)),
	    VERR_AUTH, "behind the end");
	iolist_free(&io);
	/* what goes over it replaces it */
	cr_expect_eq(BOX_CODE(&b, file_write(f, 2 * C, "x", 1, NULL, &b.e)),
	    VERR_NONE);
	cr_expect_eq(BOX_CODE(&b, file_read(f, 0, SIZE_MAX, &io, &eof,
	    &b.e)), VERR_NONE);
	cr_expect_eq(io.total, 2 * C + 1);
	iolist_free(&io);
	file_put(f);
	oracle_agrees(&b);
}

Test(damage, a_file_with_an_empty_chunk_is_changed_as_any_other)
{
	static const char *const paths[] = {
		"/content/empty-chunk", "/content/full-plus-empty-chunk",
		"/content/two-full-plus-empty-chunk",
	};
	struct iolist io;
	struct vattr a;
	struct file *f;
	bool eof;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	for (size_t i = 0; i < 3; i++) {
		f = open_file(paths[i]);
		cr_expect_eq(file_write(f, i * C, "abc", 3, NULL, &b.e), 0);
		cr_assert_eq(file_attr(f, &a, &b.e), 0);
		cr_expect_eq(a.size, i * C + 3);
		cr_expect_eq(file_read(f, i * C, 9, &io, &eof, &b.e), 0);
		cr_expect(io.total == 3 && eof);
		cr_expect_arr_eq(io.piece[0].data, "abc", 3);
		iolist_free(&io);
		/* its first bytes are what they were: cryptofs loses them */
		cr_expect_eq(file_read(f, 0, 9, &io, &eof, &b.e), 0);
		if (i > 0)
			cr_expect_arr_eq(io.piece[0].data,
			    "\x01\x08\x0f", 3);
		iolist_free(&io);
		file_put(f);
	}
	box_end(&b);

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	f = open_file(paths[2]);
	cr_expect_eq(file_truncate(f, 2 * C + 10, NULL, &b.e), 0);
	cr_expect_eq(file_read(f, 0, SIZE_MAX, &io, &eof, &b.e), 0, "%s",
	    b.e.text);
	cr_expect_eq(io.total, 2 * C + 10);
	iolist_free(&io);
	file_put(f);
	f = open_file(paths[1]);
	cr_expect_eq(file_truncate(f, 10, NULL, &b.e), 0);
	cr_expect_eq(file_read(f, 0, SIZE_MAX, &io, &eof, &b.e), 0);
	cr_expect_eq(io.total, 10);
	iolist_free(&io);
	file_put(f);
}

/* -- files of no bytes: a placeholder of a sync client, or a crash */

Test(damage, a_file_of_no_bytes_is_empty_and_may_be_written)
{
	struct iolist io;
	struct file *f;
	bool eof;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	expect_line("/content/zero-ciphertext", "file 0 e3b0c44298fc1c149afb"
	    "f4c8996fb92427ae41e4649b934ca495991b7852b855");
	f = open_file("/content/zero-ciphertext");
	cr_expect_eq(file_write(f, C + 1, "x", 1, NULL, &b.e), 0, "%s",
	    b.e.text);
	cr_expect_eq(file_read(f, 0, SIZE_MAX, &io, &eof, &b.e), 0);
	cr_expect_eq(io.total, C + 2);
	iolist_free(&io);
	file_put(f);
}

/* -- every bit counts */

Test(damage, no_bit_of_a_small_file_can_be_changed_unseen)
{
	static const char *const ciphers[] = { "SIV_GCM", "SIV_CTRMAC" };
	struct entry ent;
	char *disk, *data;
	size_t len, n;
	uint8_t *is;
	FILE *f;

	for (size_t k = 0; k < 2; k++) {
		box_make(&b, ciphers[k], 0);
		box_file(&b, b.root, "f", "text");
		disk = strdup(box_disk_of(&b, "/f"));
		data = kat_read(disk, &len);
		for (size_t i = 0; i < len * 8; i += 5) {
			data[i / 8] ^= (char)(1 << i % 8);
			f = fopen(disk, "wb");
			cr_assert(f != NULL && fwrite(data, 1, len, f) ==
			    len && fclose(f) == 0);
			data[i / 8] ^= (char)(1 << i % 8);
			box_close(&b);
			box_open_as(&b, NULL);
			cr_assert_eq(box_find(&b, "/f", &ent), VERR_NONE);
			is = box_read(&b, &ent, &n);
			cr_expect_null(is, "bit %zu", i);
			cr_expect_eq(b.e.code, VERR_AUTH);
			free(is);
		}
		free(data);
		free(disk);
		box_end(&b);
	}
	b.dir = NULL;
}

/* -- symlinks */

Test(damage, links_are_read_or_refused_one_by_one)
{
	static const struct {
		const char	*path;
		enum verr_code	 code;
		const char	*target;
	} links[] = {
		{ "/symlinks/ok", VERR_NONE, "../content/ok-0" },
		{ "/symlinks/empty-target", VERR_NONE, "" },
		{ "/symlinks/absolute", VERR_NONE, "/etc/passwd" },
		{ "/symlinks/self", VERR_NONE, "self" },
		{ "/symlinks/nfd", VERR_NONE, "e\xcc\x81" },
		{ "/symlinks/not-utf8", VERR_NONE, "\xff\xfe" },
		{ "/symlinks/32767", VERR_NONE, NULL },
		{ "/symlinks/32768", VERR_DAMAGED, NULL },
		{ "/symlinks/40000", VERR_DAMAGED, NULL },
		{ "/symlinks/zero-ciphertext", VERR_DAMAGED, NULL },
		{ "/symlinks/corrupt", VERR_AUTH, NULL },
	};
	const char *target;
	struct entry ent;
	size_t len;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		arena_reset(b.a);
		cr_assert_eq(box_find(&b, links[i].path, &ent), VERR_NONE);
		cr_expect_eq(ent.attr.type, VTYPE_SYMLINK);
		cr_expect_eq(BOX_CODE(&b, symlink_read(b.v, b.a, &ent.loc,
		    &target, &len, &b.e)), links[i].code, "%s: %s",
		    links[i].path, b.e.text);
		if (links[i].target != NULL)
			cr_expect_str_eq(target, links[i].target);
	}
}
