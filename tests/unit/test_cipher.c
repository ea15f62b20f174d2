#include "config.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "tests/unit/kat.h"
#include "vault/cipher.h"
#include "vault/size.h"

#define DISK_MAX	(CIPHER_CHUNK + CIPHER_OVERHEAD_MAX)
#define N(a)		(sizeof(a) / sizeof((a)[0]))

static const struct cipher *const both[] = { &cipher_gcm, &cipher_ctrmac };
static const size_t lens[] = { 0, 1, 15, 16, 17, 1000, CIPHER_CHUNK };

static const struct cipher *
scheme(const json_t *v)
{
	const struct cipher *y = cipher_by_name(kat_text(v, "combo"));

	cr_assert_not_null(y);
	return y;
}

Test(cipher, a_scheme_is_found_by_its_exact_name)
{
	cr_expect_eq(cipher_by_name("SIV_GCM"), &cipher_gcm);
	cr_expect_eq(cipher_by_name("SIV_CTRMAC"), &cipher_ctrmac);
	cr_expect_null(cipher_by_name("siv_gcm"));
	cr_expect_null(cipher_by_name("SIV_GCM "));
	cr_expect_null(cipher_by_name(""));
	for (size_t i = 0; i < N(both); i++) {
		cr_expect_leq(both[i]->header_len, CIPHER_HEADER_MAX);
		cr_expect_leq(both[i]->nonce_len, CIPHER_NONCE_MAX);
		cr_expect_leq(both[i]->overhead, CIPHER_OVERHEAD_MAX);
	}
}

Test(cipher, headers_made_by_others_are_read)
{
	json_t *root = kat_load(), *v;
	size_t seen = 0;

	KAT_FOREACH(root, "headers", v) {
		const struct cipher *y = scheme(v);
		struct keys *k = kat_keys(v);
		struct kctx *c = keys_take(k);
		uint8_t disk[CIPHER_HEADER_MAX], nonce[16], content[32];
		struct filekey fk;

		cr_assert_eq(kat_bytes(v, "header", disk, sizeof(disk)),
		    y->header_len);
		cr_assert_eq(kat_bytes(v, "nonce", nonce, sizeof(nonce)),
		    y->nonce_len);
		(void)kat_bytes(v, "content_key", content, sizeof(content));
		cr_assert(y->header_read(c, disk, &fk));
		cr_expect_arr_eq(fk.content, content, 32);
		cr_expect_arr_eq(fk.nonce, nonce, y->nonce_len);
		seen++;
		keys_drop(k, c);
		keys_free(k);
	}
	cr_expect_eq(seen, 5);
	json_decref(root);
}

Test(cipher, chunks_made_by_others_are_opened)
{
	json_t *root = kat_load(), *v;
	size_t seen = 0;

	KAT_FOREACH(root, "chunks", v) {
		const struct cipher *y = scheme(v);
		uint8_t raw[KEYS_RAW_LEN] = { 0 }, disk[4096], clear[4096];
		struct filekey fk = { .nonce = { 0 } };
		size_t n, len;
		struct keys *k;
		struct kctx *c;

		(void)kat_bytes(v, "mac", raw + KEYS_LEN, KEYS_LEN);
		(void)kat_bytes(v, "content_key", fk.content, 32);
		(void)kat_bytes(v, "header_nonce", fk.nonce, 16);
		n = kat_bytes(v, "ciphertext", disk, sizeof(disk));
		len = kat_bytes(v, "plaintext", clear, sizeof(clear));
		k = keys_new(raw, NULL);
		c = keys_take(k);
		cr_assert_eq(n, len + y->overhead);
		cr_assert(y->open(c, &fk, (uint64_t)json_integer_value(
		    json_object_get(v, "index")), disk, n));
		cr_expect_arr_eq(disk + y->nonce_len, clear, len);
		seen++;
		keys_drop(k, c);
		keys_free(k);
	}
	cr_expect_eq(seen, 5);
	json_decref(root);
}

/* A whole file; the clear byte at off is (7 * off + size) mod 256. */
static void
check_file(const struct cipher *y, struct kctx *c, uint8_t *disk,
    size_t disk_len, size_t size)
{
	struct filekey fk;
	enum size_class class;
	size_t done = 0;

	cr_assert_eq(size_clear(y, disk_len, &class), size);
	cr_assert_eq(class, SIZE_GOOD);
	cr_assert(y->header_read(c, disk, &fk));
	for (uint64_t i = 0; done < size; i++) {
		size_t len = size - done < CIPHER_CHUNK ? size - done :
		    CIPHER_CHUNK;
		uint8_t *at = disk + size_chunk_off(y, i);

		cr_assert(y->open(c, &fk, i, at, len + y->overhead));
		for (size_t j = 0; j < len; j++, done++)
			cr_assert_eq(at[y->nonce_len + j],
			    (uint8_t)(7 * done + size), "byte %zu", done);
	}
}

Test(cipher, whole_files_made_by_cryptomator_are_read)
{
	json_t *root = kat_load(), *v;
	size_t seen = 0;

	KAT_FOREACH(root, "files", v) {
		struct keys *k = kat_keys(v);
		struct kctx *c = keys_take(k);
		size_t len;
		char *disk = kat_read(kat_path(kat_text(v, "file")), &len);

		cr_assert_eq((json_int_t)len, json_integer_value(
		    json_object_get(v, "ciphertext_size")));
		check_file(scheme(v), c, (uint8_t *)disk, len,
		    (size_t)json_integer_value(json_object_get(v, "size")));
		seen++;
		free(disk);
		keys_drop(k, c);
		keys_free(k);
	}
	cr_expect_eq(seen, 12);
	json_decref(root);
}

/* What the tests below work with. */
static struct keys *k;
static struct kctx *c;
static uint8_t clear[CIPHER_CHUNK], disk[DISK_MAX], copy[DISK_MAX];

static void
setup(void)
{
	k = kat_counting_keys();
	c = keys_take(k);
	cr_assert_not_null(c);
	for (size_t i = 0; i < sizeof(clear); i++)
		clear[i] = (uint8_t)(i * 13 + i / 256);
}

static void
teardown(void)
{
	keys_drop(k, c);
	keys_free(k);
}

TestSuite(seal, .init = setup, .fini = teardown);

Test(seal, a_new_header_is_read_back_and_never_the_same)
{
	for (size_t i = 0; i < N(both); i++) {
		const struct cipher *y = both[i];
		struct filekey a, b, got;

		cr_assert(y->header_make(c, &a, disk));
		cr_assert(y->header_make(c, &b, copy));
		cr_expect_arr_neq(disk, copy, y->header_len);
		cr_expect_arr_neq(a.content, b.content, 32);
		cr_assert(y->header_read(c, disk, &got));
		cr_expect_arr_eq(got.content, a.content, 32);
		cr_expect_arr_eq(got.nonce, a.nonce, y->nonce_len);
		cr_assert(y->header_read(c, copy, &got));
		cr_expect_arr_eq(got.content, b.content, 32);
	}
}

/* By OpenSSL alone: what is in a header besides the content key? */
Test(seal, reserved_bytes_of_a_new_header_are_all_ones)
{
	for (size_t i = 0; i < N(both); i++) {
		const struct cipher *y = both[i];
		EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
		struct filekey fk;
		uint8_t text[40];
		int n;

		cr_assert(y->header_make(c, &fk, disk));
		cr_assert_eq(EVP_DecryptInit_ex(ctx, i == 0 ?
		    EVP_aes_256_gcm() : EVP_aes_256_ctr(), NULL, keys_enc(k),
		    disk), 1);
		cr_assert_eq(EVP_DecryptUpdate(ctx, text, &n,
		    disk + y->nonce_len, sizeof(text)), 1);
		for (size_t j = 0; j < 8; j++)
			cr_expect_eq(text[j], 0xff);
		cr_expect_arr_eq(text + 8, fk.content, 32);
		EVP_CIPHER_CTX_free(ctx);
	}
}

Test(seal, any_flipped_bit_in_a_header_is_noticed)
{
	static const struct filekey none;

	for (size_t i = 0; i < N(both); i++) {
		const struct cipher *y = both[i];
		struct filekey fk;

		cr_assert(y->header_make(c, &fk, disk));
		for (size_t bit = 0; bit < 8 * y->header_len; bit++) {
			disk[bit / 8] ^= (uint8_t)(1 << bit % 8);
			cr_assert_not(y->header_read(c, disk, &fk), "%zu",
			    bit);
			cr_assert_arr_eq(&fk, &none, sizeof(fk));
			disk[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		cr_expect(y->header_read(c, disk, &fk));
	}
}

Test(seal, a_chunk_of_any_length_is_opened_again)
{
	for (size_t i = 0; i < N(both); i++)
		for (size_t j = 0; j < N(lens); j++) {
			const struct cipher *y = both[i];
			struct filekey fk;

			cr_assert(y->header_make(c, &fk, copy));
			cr_assert(y->seal(c, &fk, j, clear, lens[j], disk));
			if (lens[j] >= 15)
				cr_expect_arr_neq(disk + y->nonce_len, clear,
				    lens[j]);
			cr_assert(y->open(c, &fk, j, disk,
			    lens[j] + y->overhead));
			cr_expect_eq(memcmp(disk + y->nonce_len, clear,
			    lens[j]), 0);
		}
}

Test(seal, a_chunk_is_sealed_in_place)
{
	for (size_t i = 0; i < N(both); i++) {
		const struct cipher *y = both[i];
		struct filekey fk;

		cr_assert(y->header_make(c, &fk, copy));
		memcpy(disk + y->nonce_len, clear, sizeof(clear));
		cr_assert(y->seal(c, &fk, 9, disk + y->nonce_len,
		    sizeof(clear), disk));
		cr_assert(y->open(c, &fk, 9, disk,
		    sizeof(clear) + y->overhead));
		cr_expect_arr_eq(disk + y->nonce_len, clear, sizeof(clear));
	}
}

Test(seal, each_sealing_has_another_nonce)
{
	for (size_t i = 0; i < N(both); i++) {
		struct filekey fk;

		cr_assert(both[i]->header_make(c, &fk, copy));
		cr_assert(both[i]->seal(c, &fk, 0, clear, 100, disk));
		cr_assert(both[i]->seal(c, &fk, 0, clear, 100, copy));
		cr_expect_arr_neq(disk, copy, both[i]->nonce_len);
	}
}

/* Open a copy of the chunk at disk, which must fail and leave no text. */
static void
must_fail(const struct cipher *y, const struct filekey *fk, uint64_t index,
    size_t disk_len)
{
	memcpy(copy, disk, disk_len);
	cr_assert_not(y->open(c, fk, index, copy, disk_len));
	for (size_t i = y->overhead; i < disk_len; i++)
		cr_assert_eq(copy[y->nonce_len + i - y->overhead], 0);
}

Test(seal, a_flipped_bit_in_any_region_of_a_chunk_is_noticed)
{
	for (size_t i = 0; i < N(both); i++) {
		const struct cipher *y = both[i];
		size_t len = 100 + y->overhead;
		struct filekey fk;

		cr_assert(y->header_make(c, &fk, copy));
		cr_assert(y->seal(c, &fk, 5, clear, 100, disk));
		for (size_t bit = 0; bit < 8 * len; bit++) {
			disk[bit / 8] ^= (uint8_t)(1 << bit % 8);
			must_fail(y, &fk, 5, len);
			disk[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		cr_expect(y->open(c, &fk, 5, disk, len));
	}
}

Test(seal, a_chunk_is_bound_to_its_place_its_file_and_its_length)
{
	for (size_t i = 0; i < N(both); i++) {
		const struct cipher *y = both[i];
		size_t len = 100 + y->overhead;
		struct filekey fk, other;

		cr_assert(y->header_make(c, &fk, copy));
		cr_assert(y->seal(c, &fk, 5, clear, 100, disk));
		must_fail(y, &fk, 4, len);
		must_fail(y, &fk, 5 | UINT64_C(1) << 63, len);
		must_fail(y, &fk, 5, len - 1);
		must_fail(y, &fk, 5, y->overhead);
		cr_expect_not(y->open(c, &fk, 5, copy, y->overhead - 1));
		cr_expect_not(y->open(c, &fk, 5, copy, 0));
		other = fk;
		other.nonce[y->nonce_len - 1] ^= 1;
		must_fail(y, &other, 5, len);
		if (y == &cipher_gcm) {	/* CTRMAC does not bind the key */
			other = fk;
			other.content[31] ^= 1;
			must_fail(y, &other, 5, len);
		}
		cr_expect(y->open(c, &fk, 5, disk, len));
	}
}

Test(seal, one_context_serves_many_files_and_both_schemes)
{
	struct filekey fk[4];
	uint8_t sealed[4][200];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 4; i++) {
			const struct cipher *y = both[i % 2];

			cr_assert(y->header_make(c, &fk[i], disk));
			cr_assert(y->seal(c, &fk[i], i, clear, 50, sealed[i]));
		}
		for (size_t i = 4; i-- > 0;) {
			const struct cipher *y = both[i % 2];

			cr_assert(y->open(c, &fk[i], i, sealed[i],
			    50 + y->overhead));
			cr_expect_arr_eq(sealed[i] + y->nonce_len, clear, 50);
		}
	}
}

Test(seal, a_chunk_that_is_too_long_is_refused)
{
	static uint8_t big[CIPHER_CHUNK + 1], out[DISK_MAX + 1];

	for (size_t i = 0; i < N(both); i++) {
		struct filekey fk;

		cr_assert(both[i]->header_make(c, &fk, copy));
		cr_expect_not(both[i]->seal(c, &fk, 0, big, sizeof(big), out));
		cr_expect_not(both[i]->open(c, &fk, 0, out,
		    sizeof(big) + both[i]->overhead));
	}
}

/* Counts what OpenSSL takes from the heap. */
static unsigned long taken;

static void *
count_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	taken++;
	return malloc(n);
}

static void *
count_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	taken++;
	return realloc(p, n);
}

static void
plain_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

Test(cipher, a_chunk_takes_nothing_from_the_heap_but_for_digests)
{
	/* OpenSSL 3.0 allocates to start a digest, and HMAC is two. */
	static const unsigned long most[] = { 0, 2 };

	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, plain_free)
	    != 1)
		cr_skip_test("this libcrypto has its own heap");
	setup();
	for (size_t i = 0; i < N(both); i++) {
		const struct cipher *y = both[i];
		struct filekey fk[2];

		cr_assert(y->header_make(c, &fk[0], disk));
		cr_assert(y->header_make(c, &fk[1], disk));
		/* the first may: entropy's generator, the chunk's context */
		cr_assert(y->seal(c, &fk[0], 0, clear, 10, disk));
		cr_assert(y->open(c, &fk[0], 0, disk, 10 + y->overhead));
		cr_assert_gt(taken, 0);
		taken = 0;
		for (int j = 0; j < 8; j++) {
			cr_assert(y->seal(c, &fk[j & 1], 1, clear,
			    CIPHER_CHUNK, disk));
			cr_assert(y->open(c, &fk[j & 1], 1, disk,
			    CIPHER_CHUNK + y->overhead));
		}
		cr_expect_leq(taken, 16 * most[i], "%s: %lu", y->name, taken);
	}
	teardown();
}
