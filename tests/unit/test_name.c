#include "config.h"

#include "base/arena.h"
#include "tests/unit/kat.h"
#include "vault/base64.h"
#include "vault/name.h"
#include "vault/siv.h"

#define UUID	"918acfbd-a467-3f77-93f1-f4a44f9cfe9c"

static struct keys *k;
static struct kctx *c;
static struct arena *a;
static char disk[NAME_DISK_MAX];
static uint8_t clear[BASE64_BYTES(NAME_LONG_MAX)];

static void
setup(void)
{
	k = kat_counting_keys();
	c = keys_take(k);
	a = arena_new(1024 * 1024);
	cr_assert_not_null(c);
	cr_assert_not_null(a);
}

static void
teardown(void)
{
	arena_free(a);
	keys_drop(k, c);
	keys_free(k);
}

TestSuite(name, .init = setup, .fini = teardown);

Test(name, names_are_encrypted_as_cryptomator_does)
{
	json_t *root = kat_load(), *v;
	char s[NAME_SHORT_LEN + 1];
	size_t n, seen = 0, shortened = 0;

	KAT_FOREACH(root, "names", v) {
		const char *id = kat_text(v, "dir_id");
		const char *name = kat_text(v, "name");
		const char *c9r = kat_text(v, "c9r");
		const json_t *c9s = json_object_get(v, "c9s");

		n = name_encrypt(c, id, strlen(id), name, strlen(name), disk);
		cr_expect_eq(n, strlen(c9r));
		cr_expect_str_eq(disk, c9r);
		cr_assert(name_decrypt(c, id, strlen(id), c9r,
		    strlen(c9r) - 4, clear, &n));
		cr_expect_eq(n, strlen(name));
		cr_expect_arr_eq(clear, name, n);
		cr_expect_eq(strlen(c9r) > 220, json_is_string(c9s));
		if (json_is_string(c9s)) {
			name_shorten(c9r, strlen(c9r), s);
			cr_expect_str_eq(s, json_string_value(c9s));
			shortened++;
		}
		seen++;
	}
	cr_expect_eq(seen, 18);
	cr_expect_eq(shortened, 4);
	json_decref(root);
}

Test(name, directory_ids_lead_where_cryptomator_puts_them)
{
	json_t *root = kat_load(), *v;
	char path[NAME_DIRPATH_LEN + 1], want[NAME_DIRPATH_LEN + 1];
	size_t seen = 0;

	KAT_FOREACH(root, "dir_hash", v) {
		struct keys *vk = kat_keys(v);
		struct kctx *vc = keys_take(vk);
		const char *id = kat_text(v, "dir_id");
		const char *hash = kat_text(v, "hash");

		(void)snprintf(want, sizeof(want), "d/%.2s/%s", hash,
		    hash + 2);
		cr_assert(name_dirpath(vc, id, strlen(id), path));
		cr_expect_str_eq(path, want);
		cr_expect_eq(strlen(path), NAME_DIRPATH_LEN);
		seen++;
		keys_drop(vk, vc);
		keys_free(vk);
	}
	cr_expect_eq(seen, 7);
	json_decref(root);
}

Test(name, a_directory_id_may_be_long_but_not_without_end)
{
	char id[NAME_DIRID_MAX + 1], path[NAME_DIRPATH_LEN + 1];

	memset(id, 'i', sizeof(id));
	cr_expect(name_dirpath(c, id, NAME_DIRID_MAX, path));
	cr_expect_not(name_dirpath(c, id, NAME_DIRID_MAX + 1, path));
}

Test(name, the_root_may_be_given_as_no_pointer)
{
	char other[NAME_DISK_MAX];

	cr_assert_gt(name_encrypt(c, "", 0, "a", 1, disk), 0);
	cr_assert_gt(name_encrypt(c, NULL, 0, "a", 1, other), 0);
	cr_expect_str_eq(disk, other);
	cr_expect_str_eq(disk, "n8Zfcx6QGU1lwPU-gVAmtt0=.c9r");
}

Test(name, lengths_are_those_of_the_format)
{
	/* vault-format 4.2 */
	static const struct {
		size_t clear, disk;
	} len[] = {
		{ 1, 28 }, { 2, 28 }, { 3, 32 }, { 14, 44 }, { 146, 220 },
		{ 147, 224 }, { 255, 368 },
	};
	char text[256];

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		cr_expect_eq(name_encrypt(c, UUID, 36, text, len[i].clear,
		    disk), len[i].disk);
	cr_expect_eq(name_encrypt(c, UUID, 36, text, 0, disk), 0);
	cr_expect_eq(name_encrypt(c, UUID, 36, text, 256, disk), 0);
}

Test(name, longer_names_than_we_write_are_read)
{
	static char text[7661], base[BASE64_LEN(16 + 7661) + 1];
	static uint8_t sealed[16 + 7661];
	size_t n;

	memset(text, 'L', sizeof(text));
	cr_assert(siv_encrypt(c, UUID, 36, text, sizeof(text), sealed));
	base64url_encode(sealed, sizeof(sealed), base);
	cr_assert_leq(strlen(base) + 4, NAME_LONG_MAX);
	cr_assert(name_decrypt(c, UUID, 36, base, strlen(base), clear, &n));
	cr_expect_eq(n, sizeof(text));
	cr_expect_arr_eq(clear, text, n);
}

Test(name, another_directory_or_any_changed_letter_is_noticed)
{
	size_t n, len = name_encrypt(c, UUID, 36, "hello.txt", 9, disk) - 4;

	cr_expect(name_decrypt(c, UUID, 36, disk, len, clear, &n));
	cr_expect_not(name_decrypt(c, "", 0, disk, len, clear, &n));
	cr_expect_not(name_decrypt(c, UUID, 35, disk, len, clear, &n));
	cr_expect_not(name_decrypt(c, UUID, 36, disk, len + 4, clear, &n),
	    "the extension is not part of it");
	for (size_t i = 0; i < len; i++)
		for (const char *ch = "AQgw5-_=+/ \n"; *ch != '\0'; ch++) {
			char was = disk[i];

			if (was == *ch)
				continue;
			disk[i] = *ch;
			cr_assert_not(name_decrypt(c, UUID, 36, disk, len,
			    clear, &n), "%zu %c", i, *ch);
			cr_assert_eq(n, 0);
			disk[i] = was;
		}
	while (len > 0)
		cr_expect_not(name_decrypt(c, UUID, 36, disk, --len, clear,
		    &n));
}

Test(name, a_name_is_normalized_only_when_it_has_to_be)
{
	static const char *const same[] = {
		"", "plain", "gr\xc3\xbc\xc3\x9f", "\xe6\x97\xa5\xe6\x9c\xac",
		"\xf0\x9f\x98\x80", "q\xcc\xa3\xcc\x87",
	};
	const char *out;
	size_t n;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		cr_expect(name_nfc(a, same[i], strlen(same[i]), &out, &n));
		cr_expect_eq(out, same[i]);
		cr_expect_eq(n, strlen(same[i]));
	}
	cr_expect(name_nfc(a, "u\xcc\x88.txt", 7, &out, &n));
	cr_expect_eq(n, 6);
	cr_expect_arr_eq(out, "\xc3\xbc.txt", 6);
}

Test(name, a_name_without_normal_form_stays_as_it_is)
{
	struct arena *full = arena_new(ARENA_BLOCK);
	const char *bad = "\xff\xfe", *nfd = "u\xcc\x88", *out;
	size_t n;

	cr_expect_not(name_nfc(a, bad, 2, &out, &n));
	cr_expect_eq(out, bad);
	cr_expect_eq(n, 2);
	while (arena_alloc(full, 16) != NULL)
		;
	cr_expect_not(name_nfc(full, nfd, 3, &out, &n), "no memory");
	cr_expect_eq(out, nfd);
	arena_free(full);
}

Test(name, only_names_that_posix_knows_are_servable)
{
	char longest[NAME_CLEAR_MAX + 1];

	memset(longest, 'x', sizeof(longest));
	cr_expect(name_is_servable("a", 1));
	cr_expect(name_is_servable("...", 3));
	cr_expect(name_is_servable("..a", 3));
	cr_expect(name_is_servable("a\nb", 3));
	cr_expect(name_is_servable("\xff", 1));
	cr_expect(name_is_servable(longest, NAME_CLEAR_MAX));
	cr_expect_not(name_is_servable(longest, NAME_CLEAR_MAX + 1));
	cr_expect_not(name_is_servable("", 0));
	cr_expect_not(name_is_servable(".", 1));
	cr_expect_not(name_is_servable("..", 2));
	cr_expect_not(name_is_servable("a/b", 3));
	cr_expect_not(name_is_servable("/", 1));
	cr_expect_not(name_is_servable("a\0b", 3));
}
