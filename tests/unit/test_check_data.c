/* What a check finds in files: lengths always, chunks if asked. */
#include "config.h"

#include "tests/unit/check_box.h"
#include "vault/size.h"

static struct box b;

static void
setup(void)
{
	look_make(&b, "SIV_GCM");
}

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
	b.dir = NULL;
}

TestSuite(check_data, .init = setup, .fini = teardown);

/* Found by contents only; then restored. */
static void
expect_by_contents(const char *clear, const char *rel, char *good, size_t len,
    enum check_kind kind)
{
	look_at(&b, false, false);
	look_expect_nothing("without contents");
	look_at(&b, true, true);
	look_expect(kind, CHECK_CRITICAL, false, clear);
	put_bytes(&b, rel, good, len);
	look_at(&b, true, false);
	look_expect_nothing("restored");
}

/* Every kind of damage to files of three chunks, two whole ones, and one. */
static void
damage_files(void)
{
	const struct cipher *ci = vault_cipher(b.v);
	size_t h = ci->header_len, c = CIPHER_CHUNK + ci->overhead, len, n;
	char *rel = rel_of(&b, "/big", 0), *good = get_bytes(&b, rel, &len);
	char *whole = rel_of(&b, "/whole", 0), *bad = malloc(len), *other;

	cr_assert_not_null(bad);
	for (size_t at = 0; at < 3; at++) {	/* a flipped bit */
		memcpy(bad, good, len);
		bad[h + at * c + 100] ^= 4;
		put_bytes(&b, rel, bad, len);
		expect_by_contents("/big", rel, good, len, at == 2 ?
		    CHECK_CUT_CHUNK : CHECK_BAD_CHUNK);
	}
	memcpy(bad, good, len);
	bad[h - 1] ^= 1;
	put_bytes(&b, rel, bad, len);
	expect_by_contents("/big", rel, good, len, CHECK_BAD_HEADER);

	memcpy(bad, good, len);			/* swapped chunks */
	memcpy(bad + h, good + h + c, c);
	memcpy(bad + h + c, good + h, c);
	put_bytes(&b, rel, bad, len);
	expect_by_contents("/big", rel, good, len, CHECK_SWAPPED_CHUNKS);

	put_bytes(&b, rel, good, len - 500);	/* cut inside a chunk */
	expect_by_contents("/big", rel, good, len, CHECK_CUT_CHUNK);

	other = get_bytes(&b, whole, &n);	/* a foreign header */
	memcpy(bad, good, len);
	memcpy(bad, other, h);
	put_bytes(&b, rel, bad, len);
	expect_by_contents("/big", rel, good, len, CHECK_FOREIGN_HEADER);

	put_bytes(&b, rel, good, h + 2 * c);	/* cut between two chunks */
	look_at(&b, true, false);
	look_expect_nothing("cut at a border: nobody can find that");
	free(other);
	free(good);
	free(bad);
	free(rel);
	free(whole);
}

Test(check_data, every_damage_to_a_file_is_found_in_siv_gcm)
{
	damage_files();
}

Test(check_data, every_damage_to_a_file_is_found_in_siv_ctrmac)
{
	teardown();
	look_make(&b, "SIV_CTRMAC");
	damage_files();
}

Test(check_data, a_bad_byte_in_small_files_and_links_is_found)
{
	static const char *const paths[] = { "/file", "/link", "/" LONG_FILE,
	    "/" LONG_LINK, "/sub/deep/leaf" };
	char *rel, *good, *bad;
	size_t len;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		rel = rel_of(&b, paths[i], 0);
		good = get_bytes(&b, rel, &len);
		bad = malloc(len);
		memcpy(bad, good, len);
		bad[len - 1] ^= 0x80;
		put_bytes(&b, rel, bad, len);
		expect_by_contents(paths[i], rel, good, len, CHECK_BAD_CHUNK);
		free(bad);
		free(good);
		free(rel);
	}
}

/* Told, and by a repair an empty file with the old time of change. */
static void
expect_emptied(const char *clear, const char *rel, enum check_kind kind,
    enum check_severity severity)
{
	struct host_stat was, is;
	struct entry ent;

	cr_assert_eq(host_stat(b.v->root, rel, &was), 0);
	box_reopen(&b);
	look_at(&b, true, false);
	look_expect(kind, severity, true, clear);
	look_mend(&b, kind);
	cr_assert_eq(box_find(&b, clear, &ent), VERR_NONE);
	cr_expect_eq(ent.attr.size, 0);
	cr_assert_eq(host_stat(b.v->root, rel, &is), 0);
	cr_expect_eq(is.size, vault_cipher(b.v)->header_len);
	cr_expect_eq(is.mtime.tv_sec, was.mtime.tv_sec);
	cr_expect_eq(is.ino, was.ino);
}

Test(check_data, a_file_that_holds_nothing_is_made_an_empty_one)
{
	static const uint8_t zeros[CIPHER_HEADER_MAX];
	size_t h = vault_cipher(b.v)->header_len, len;
	char *rel = rel_of(&b, "/file", 0), *good = get_bytes(&b, rel, &len);

	put_bytes(&b, rel, "", 0);
	expect_emptied("/file", rel, CHECK_ZERO_BYTES, CHECK_WARN);
	put_bytes(&b, rel, good, 1);
	expect_emptied("/file", rel, CHECK_ILLEGAL_SIZE, CHECK_CRITICAL);
	put_bytes(&b, rel, good, h - 1);
	expect_emptied("/file", rel, CHECK_ILLEGAL_SIZE, CHECK_CRITICAL);
	put_bytes(&b, rel, zeros, h);
	expect_emptied("/file", rel, CHECK_BAD_HEADER, CHECK_CRITICAL);
	free(good);
	free(rel);
}

Test(check_data, a_link_that_holds_nothing_stays_as_it_is)
{
	char *rel = rel_of(&b, "/link", 0);

	put_bytes(&b, rel, "", 0);
	look_at(&b, true, true);
	look_expect(CHECK_ZERO_BYTES, CHECK_WARN, false, "/link");
	put_bytes(&b, rel, "x", 1);
	look_at(&b, true, true);
	look_expect(CHECK_ILLEGAL_SIZE, CHECK_CRITICAL, false, "/link");
	free(rel);
}

Test(check_data, lengths_that_no_writer_leaves_are_told)
{
	size_t h = vault_cipher(b.v)->header_len, len;
	char *rel = rel_of(&b, "/big", 0), *good = get_bytes(&b, rel, &len);
	const size_t bad[] = { h + 1, h + 27,
	    h + CIPHER_CHUNK + 28 + 5 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_bytes(&b, rel, good, bad[i]);
		look_at(&b, false, true);
		look_expect(CHECK_ILLEGAL_SIZE, CHECK_CRITICAL, false, "/big");
	}
	free(good);
	free(rel);
}

/* An empty chunk at the end of a file that has n chunks. */
static void
add_tail(const char *clear, uint64_t n)
{
	const struct cipher *ci = vault_cipher(b.v);
	struct kctx *k = keys_take(b.v->keys);
	char *rel = rel_of(&b, clear, 0), *raw;
	struct filekey fk;
	size_t len;

	raw = get_bytes(&b, rel, &len);
	raw = realloc(raw, len + CIPHER_OVERHEAD_MAX);
	cr_assert(k != NULL && raw != NULL);
	cr_assert(ci->header_read(k, (uint8_t *)raw, &fk));
	cr_assert(ci->seal(k, &fk, n, NULL, 0, (uint8_t *)raw + len));
	put_bytes(&b, rel, raw, len + ci->overhead);
	keys_drop(b.v->keys, k);
	free(raw);
	free(rel);
}

Test(check_data, an_empty_chunk_at_the_end_is_cut_and_no_byte_with_it)
{
	char *rel = rel_of(&b, "/whole", 0), *before;
	struct timespec old[2] = { { 1000000000, 5 }, { 1100000000, 7 } };
	struct stat st;

	before = box_tree(&b, b.root);
	add_tail("/whole", 2);
	cr_assert_eq(utimensat(AT_FDCWD, box_disk(&b, rel), old, 0), 0);
	look_at(&b, true, false);
	look_expect(CHECK_TRAILING_CHUNK, CHECK_WARN, true, "/whole");
	look_mend(&b, CHECK_TRAILING_CHUNK);
	box_expect_tree(&b, b.root, before);
	cr_assert_eq(stat(box_disk(&b, rel), &st), 0);
	cr_expect_eq(st.st_size, (off_t)size_disk(vault_cipher(b.v),
	    2 * CIPHER_CHUNK));
	cr_expect_eq(st.st_mtim.tv_sec, 1100000000, "its time stays");
	free(before);
	free(rel);
}

Test(check_data, an_empty_file_with_an_empty_chunk_is_no_danger)
{
	box_file(&b, b.root, "nothing", "");
	add_tail("/nothing", 0);
	look_at(&b, true, false);
	look_expect(CHECK_TRAILING_CHUNK, CHECK_INFO, true, "/nothing");
	look_mend(&b, CHECK_TRAILING_CHUNK);
}

Test(check_data, an_empty_chunk_that_is_not_authentic_is_not_cut)
{
	char *rel = rel_of(&b, "/whole", 0), *raw;
	size_t len;

	add_tail("/whole", 2);
	raw = get_bytes(&b, rel, &len);
	raw[len - 1] ^= 1;
	put_bytes(&b, rel, raw, len);
	look_at(&b, false, true);
	look_expect(CHECK_BAD_CHUNK, CHECK_CRITICAL, false, "/whole");
	look_at(&b, true, true);
	look_expect(CHECK_CUT_CHUNK, CHECK_CRITICAL, false, "/whole");
	free(raw);
	free(rel);
}

/* A symlink of ours whose target is these bytes. */
static void
write_target(const void *target, size_t len)
{
	const struct cipher *ci = vault_cipher(b.v);
	uint8_t *raw = malloc(CIPHER_HEADER_MAX + len + CIPHER_OVERHEAD_MAX);
	struct kctx *k = keys_take(b.v->keys);
	char *rel = rel_of(&b, "/link", 0);
	struct filekey fk;

	cr_assert(k != NULL && raw != NULL && ci->header_make(k, &fk, raw));
	cr_assert(ci->seal(k, &fk, 0, target, len, raw + ci->header_len));
	put_bytes(&b, rel, raw, ci->header_len + (len == 0 ? 0 :
	    len + ci->overhead));
	keys_drop(b.v->keys, k);
	free(raw);
	free(rel);
}

Test(check_data, targets_that_no_system_takes_are_told)
{
	char big[4096];

	memset(big, 't', sizeof(big));
	write_target(big, sizeof(big));
	look_at(&b, false, true);
	look_expect(CHECK_BAD_TARGET, CHECK_WARN, false, "/link");
	write_target(big, sizeof(big) - 1);
	look_at(&b, true, true);
	look_expect_nothing("4095 bytes");
	write_target("", 0);
	look_at(&b, false, true);
	look_expect(CHECK_BAD_TARGET, CHECK_WARN, false, "/link");
	write_target("a\0b", 3);
	look_at(&b, true, true);
	look_expect(CHECK_BAD_TARGET, CHECK_WARN, false, "/link");
}
