#include "config.h"

#include "base/tune.h"
#include "tests/unit/box.h"
#include "vault/cipher.h"
#include "vault/size.h"

#define DISK_MAX	(CIPHER_CHUNK + CIPHER_OVERHEAD_MAX)
#define TEXT		"nothing hides this text"

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(plain, .fini = teardown);

static void
tune(const char *list)
{
	struct verr e;

	cr_assert_eq(tune_set(list, &e), 0, "%s", e.text);
}

/* -- the scheme */

Test(plain, sizes_and_layout_are_those_of_siv_gcm)
{
	uint8_t disk[CIPHER_HEADER_MAX], other[CIPHER_HEADER_MAX];
	struct filekey fk, fk2, got;

	cr_expect_eq(cipher_plain.header_len, cipher_gcm.header_len);
	cr_expect_eq(cipher_plain.nonce_len, cipher_gcm.nonce_len);
	cr_expect_eq(cipher_plain.overhead, cipher_gcm.overhead);
	cr_assert(cipher_plain.header_make(NULL, &fk, disk));
	cr_assert(cipher_plain.header_make(NULL, &fk2, other));
	cr_expect_arr_neq(disk, other, cipher_plain.header_len);
	cr_assert(cipher_plain.header_read(NULL, disk, &got));
	cr_expect_arr_eq(&got, &fk, sizeof(fk));
}

Test(plain, a_chunk_is_the_clear_bytes_between_zeros)
{
	static const size_t lens[] = { 0, 1, 100, CIPHER_CHUNK };
	static uint8_t clear[CIPHER_CHUNK], disk[DISK_MAX];
	static const uint8_t zero[28];
	const struct cipher *y = &cipher_plain;
	struct filekey fk;
	size_t i, len;

	memset(clear, 7, sizeof(clear));
	cr_assert(y->header_make(NULL, &fk, disk));
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		len = lens[i];
		memset(disk, 9, sizeof(disk));
		cr_assert(y->seal(NULL, &fk, 3, clear, len, disk));
		cr_expect_arr_eq(disk, zero, y->nonce_len);
		cr_expect_arr_eq(disk + y->nonce_len + len, zero,
		    y->overhead - y->nonce_len);
		cr_expect_eq(disk[y->overhead + len], 9);
		cr_assert(y->open(NULL, &fk, 3, disk, len + y->overhead));
		cr_expect_eq(memcmp(disk + y->nonce_len, clear, len), 0);
	}
	memcpy(disk + y->nonce_len, clear, 50);
	cr_assert(y->seal(NULL, &fk, 0, disk + y->nonce_len, 50, disk));
	cr_expect_arr_eq(disk + y->nonce_len, clear, 50);
	cr_expect_not(y->seal(NULL, &fk, 0, clear, CIPHER_CHUNK + 1, disk));
	cr_expect_not(y->open(NULL, &fk, 0, disk, y->overhead - 1));
	cr_expect_not(y->open(NULL, &fk, 0, disk,
	    CIPHER_CHUNK + y->overhead + 1));
}

/* -- vaults */

static enum verr_code
try_open(void)
{
	struct vault *v;

	b.e.code = VERR_NONE;
	v = vault_open(b.path, NULL, b.pass, strlen(b.pass), &b.e);
	if (v == NULL)
		return b.e.code;
	vault_close(v);
	return VERR_NONE;
}

Test(plain, a_vault_to_measure_with_holds_clear_contents_and_hidden_names)
{
	char *data;
	const char *disk;
	size_t len;

	tune("no-encryption");
	box_make(&b, CIPHER_PLAIN, 0);
	box_file(&b, b.root, "letter.txt", TEXT);
	box_reopen(&b);
	disk = box_disk_of(&b, "/letter.txt");
	cr_expect_null(strstr(disk, "letter"));
	data = kat_read(disk, &len);
	cr_assert_eq(len, size_disk(&cipher_gcm, strlen(TEXT)));
	cr_expect_arr_eq(data + 68 + 12, TEXT, strlen(TEXT));
	free(data);
}

Test(plain, a_vault_to_measure_with_is_opened_with_the_switch_only)
{
	struct vault_info i;

	tune("no-encryption");
	box_make(&b, CIPHER_PLAIN, 0);
	cr_expect_eq(try_open(), VERR_NONE);
	tune("");
	cr_expect_eq(try_open(), VERR_UNSUPPORTED);
	cr_expect_not_null(strstr(b.e.text, "not encrypted"), "%s", b.e.text);
	cr_assert_eq(vault_probe(b.path, &i, &b.e), 0);
	cr_expect_str_eq(i.cipher, "VAULTNFS_NO_ENCRYPTION");
	cr_expect_not(i.usable);
	tune("no-arena,no-encryption");
	cr_expect_eq(try_open(), VERR_NONE);
}

/* What a user has is refused with the switch before anything is touched. */
static void
expect_refused(void)
{
	struct box_fault f = { .at = 0 };
	int op;

	box_file(&b, b.root, "letter.txt", TEXT);
	box_reopen(&b);
	tune("no-encryption");
	host_set_hook(box_hook, &f);
	cr_expect_eq(try_open(), VERR_UNSUPPORTED);
	cr_expect_not_null(strstr(b.e.text, "is encrypted"), "%s", b.e.text);
	host_set_hook(NULL, NULL);
	for (op = HOST_WRITE; op <= HOST_UTIMES; op++)
		cr_expect_eq(f.count[op], 0, "operation %d", op);
	cr_expect_eq(f.count[HOST_EXCHANGE], 0);
	tune("");
	cr_expect_eq(try_open(), VERR_NONE);
}

Test(plain, a_real_vault_is_refused_with_the_switch_and_not_written_to)
{
	static const char *const kinds[] = { "SIV_GCM", "SIV_CTRMAC" };
	size_t i;

	for (i = 0; i < 2; i++) {
		box_make(&b, kinds[i], 0);
		expect_refused();
		box_end(&b);
	}
	box_unpack(&b, "gen-format7-sivctrmac.tar.gz", "pw");
	expect_refused();
}
