#include "config.h"

#include "tests/unit/kat.h"
#include "vault/base64.h"
#include "vault/masterkey.h"

#define NFC	"p\xc3\xa4ssw\xc3\xb6rd 123"
#define NFD	"pa\xcc\x88sswo\xcc\x88rd 123"

static struct masterkey mk;
static struct verr e;
static uint8_t raw[KEYS_RAW_LEN], counting[KEYS_RAW_LEN];
static bool mac_ok;

static void
setup(void)
{
	memset(&e, 0, sizeof(e));
	for (size_t i = 0; i < sizeof(counting); i++)
		counting[i] = (uint8_t)i;
}

TestSuite(masterkey, .init = setup);

static int
parse(const char *json)
{
	e.code = VERR_NONE;
	return masterkey_parse(&mk, json, strlen(json), &e);
}

static int
unlock(const char *pass)
{
	e.code = VERR_NONE;
	return masterkey_unlock(&mk, pass, strlen(pass), raw, &mac_ok, &e);
}

Test(masterkey, files_of_other_programs_are_unlocked)
{
	static const uint8_t zero[KEYS_RAW_LEN];
	json_t *root = kat_load(), *v;
	uint8_t want[KEYS_RAW_LEN];
	size_t seen = 0;

	KAT_FOREACH(root, "masterkeys", v) {
		char *json = json_dumps(json_object_get(v, "json"), 0);

		(void)kat_bytes(v, "enc", want, KEYS_LEN);
		(void)kat_bytes(v, "mac", want + KEYS_LEN, KEYS_LEN);
		cr_assert_eq(parse(json), 0);
		cr_assert_eq(unlock(kat_text(v, "password")), 0);
		cr_expect_arr_eq(raw, want, sizeof(raw));
		cr_expect(mac_ok);
		cr_expect_eq(unlock("wrong"), -1);
		cr_expect_eq(e.code, VERR_PASSWORD);
		cr_expect_arr_eq(raw, zero, sizeof(raw));
		cr_expect_not(mac_ok);
		mk.version++;
		cr_assert_eq(unlock(kat_text(v, "password")), 0);
		cr_expect_not(mac_ok, "the MAC is over the version");
		seen++;
		free(json);
	}
	cr_expect_eq(seen, 3);
	json_decref(root);
}

Test(masterkey, a_password_is_the_same_composed_or_not)
{
	char *dir = kat_unpack("gen-cryptofs-sivgcm.tar.gz");
	char path[8192], *json;
	uint8_t first[KEYS_RAW_LEN];
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/vault/" MASTERKEY_FILE, dir);
	json = kat_read(path, &len);
	cr_assert_eq(parse(json), 0);
	cr_expect_eq(unlock(NFC), 0);
	memcpy(first, raw, sizeof(raw));
	cr_expect_eq(unlock(NFD), 0);
	cr_expect_arr_eq(raw, first, sizeof(raw));
	cr_expect_eq(unlock(NFC "\n"), -1, "nothing is trimmed");
	free(json);
	kat_forget(dir);
}

/*
 * Three files made with Python's hashlib for keys 00 to 3f: the password is
 * u and a combining diaeresis, not normalized; then the bytes FF FE; then
 * empty, with an empty salt.
 */
#define FILE_HEAD	"{\"version\": 999, \"scryptCostParam\": 2, " \
			"\"scryptBlockSize\": 8, "

Test(masterkey, a_password_that_was_not_normalized_is_tried_as_given)
{
	cr_assert_eq(parse(FILE_HEAD
	    "\"scryptSalt\": \""
	    "AQIDBA"
	    "UGBwg=\", "
	    "\"primaryMasterKey\": \""
	    "Wu88St9PNb/LbYsbh6x0Sxbg8t2/"
	    "eIA1OeJnKoy22YW2DBSlnGfb8g==\", "
	    "\"hmacMasterKey\": \""
	    "ke4blvFGY0jtRkIA39w8VIv///FC"
	    "EdOqeCiIqo8ygLjgLcNp5lKypg==\", "
	    "\"versionMac\": \""
	    "te38NaywQwzDL8JpI/7fH4"
	    "rBjoqfEz4JpdlYujCZlz8=\"}"), 0);
	cr_assert_eq(unlock("u\xcc\x88"), 0);
	cr_expect_arr_eq(raw, counting, sizeof(raw));
	cr_expect_eq(unlock("\xc3\xbc"), -1);
	cr_expect_eq(e.code, VERR_PASSWORD);
}

Test(masterkey, a_password_need_not_be_utf8)
{
	cr_assert_eq(parse(FILE_HEAD
	    "\"scryptSalt\": \""
	    "AQIDBA"
	    "UGBwg=\", "
	    "\"primaryMasterKey\": \""
	    "CvJg9SifQpSBLTGN5UdffgpF+Zrq"
	    "EM596dW/8ITymwzqwMVpp7lagQ==\", "
	    "\"hmacMasterKey\": \""
	    "f6Lk0Q2NauYclZRiDrlbh30lKqCA"
	    "vLst/C4P6GbdXbOWsRx4c89iKw==\", "
	    "\"versionMac\": \""
	    "te38NaywQwzDL8JpI/7fH4"
	    "rBjoqfEz4JpdlYujCZlz8=\"}"), 0);
	cr_assert_eq(unlock("\xff\xfe"), 0);
	cr_expect_arr_eq(raw, counting, sizeof(raw));
}

Test(masterkey, password_and_salt_may_be_empty)
{
	cr_assert_eq(parse(FILE_HEAD
	    "\"scryptSalt\": \"\", "
	    "\"primaryMasterKey\": \""
	    "Sbvu7JfHqW8iqTI13dtutcPQLzRo"
	    "iWsHo+3ay31hmaAxtF+Fr5GyjQ==\", "
	    "\"hmacMasterKey\": \""
	    "OHxEuQVNrOgdv0ownTSODlxww42c"
	    "n3FBAfKOCiGBiqkeSlJd6gTVfg==\", "
	    "\"versionMac\": \""
	    "te38NaywQwzDL8JpI/7fH4"
	    "rBjoqfEz4JpdlYujCZlz8=\"}"), 0);
	cr_assert_eq(unlock(""), 0);
	cr_expect_arr_eq(raw, counting, sizeof(raw));
}

/* One good file, whose members the tests change one at a time. */
static json_t *
good(void)
{
	json_t *root = kat_load(), *v;

	v = json_deep_copy(json_object_get(json_array_get(json_object_get(
	    root, "masterkeys"), 0), "json"));
	json_decref(root);
	return v;
}

/* What parsing says when one member is another value (NULL: absent). */
static enum verr_code
with(const char *name, const char *value)
{
	json_t *root = good();
	char *json;

	cr_assert_not_null(json_object_get(root, name));
	if (value == NULL)
		(void)json_object_del(root, name);
	else
		(void)json_object_set_new(root, name, json_loads(value,
		    JSON_DECODE_ANY, NULL));
	json = json_dumps(root, 0);
	(void)parse(json);
	free(json);
	json_decref(root);
	return e.code;
}

Test(masterkey, a_member_that_is_missing_or_of_another_type_is_damage)
{
	static const char *const members[] = {
		"version", "scryptSalt", "scryptCostParam", "scryptBlockSize",
		"primaryMasterKey", "hmacMasterKey", "versionMac",
	};
	static const char *const values[] = {
		"null", "true", "[]", "{}", "\"*\"", "8.0", "0",
		("\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\""),
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		cr_expect_eq(with(members[i], NULL), VERR_DAMAGED);
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
			cr_expect_eq(with(members[i], values[j]),
			    VERR_DAMAGED, "%s: %s", members[i], values[j]);
	}
}

Test(masterkey, numbers_out_of_range_are_damage_or_too_much)
{
	cr_expect_eq(with("version", "-1"), VERR_NONE);
	cr_expect_eq(with("version", "2147483648"), VERR_DAMAGED);
	cr_expect_eq(with("scryptCostParam", "1"), VERR_DAMAGED);
	cr_expect_eq(with("scryptCostParam", "3"), VERR_DAMAGED);
	cr_expect_eq(with("scryptCostParam", "-32768"), VERR_DAMAGED);
	cr_expect_eq(with("scryptCostParam", "4294967298"), VERR_DAMAGED);
	cr_expect_eq(with("scryptCostParam", "1048576"), VERR_NONE);
	cr_expect_eq(with("scryptCostParam", "2097152"), VERR_UNSUPPORTED);
	cr_expect_eq(with("scryptCostParam", "2147483648"), VERR_UNSUPPORTED);
	cr_expect_eq(with("scryptBlockSize", "-8"), VERR_DAMAGED);
	cr_expect_eq(with("scryptBlockSize", "8192"), VERR_NONE);
	cr_expect_eq(with("scryptBlockSize", "8193"), VERR_UNSUPPORTED);
	cr_expect_eq(with("scryptBlockSize", "4294967295"), VERR_UNSUPPORTED);
	cr_expect_eq(with("scryptSalt", "\"\""), VERR_NONE);
	cr_expect_eq(with("scryptSalt", "\"AAAAAAAAAAA\""), VERR_NONE,
	    "padding may be missing");
	cr_expect_eq(with("scryptSalt", "\"AAAAAAAAAAA= \""), VERR_DAMAGED);
	cr_expect_eq(with("versionMac", "\"AAAA\""), VERR_DAMAGED);
}

Test(masterkey, what_is_no_such_json_is_damage)
{
	static const char *const bad[] = {
		"", " ", "{", "[]", "{}", "null", "7", "{\"version\":999}",
		"{\"version\":999,\"version\":7}", "\xff", "{} {}",
	};
	static char big[MASTERKEY_MAX + 2];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(parse(bad[i]), -1, "%s", bad[i]);
		cr_expect_eq(e.code, VERR_DAMAGED);
	}
	memset(big, ' ', sizeof(big) - 1);
	cr_expect_eq(parse(big), -1);
	cr_expect_eq(e.code, VERR_DAMAGED);
}

Test(masterkey, a_duplicate_member_is_damage)
{
	json_t *root = good();
	char *json = json_dumps(root, 0), text[2048];

	cr_expect_eq(parse(json), 0);
	(void)snprintf(text, sizeof(text), "{\"version\":7,%s", json + 1);
	cr_expect_eq(parse(text), -1);
	cr_expect_eq(e.code, VERR_DAMAGED);
	free(json);
	json_decref(root);
}

Test(masterkey, any_changed_byte_of_a_wrapped_key_is_noticed)
{
	json_t *root = good();
	char *json = json_dumps(root, 0);

	cr_assert_eq(parse(json), 0);
	for (size_t i = 0; i < sizeof(mk.enc_wrapped); i++) {
		mk.enc_wrapped[i] ^= 1;
		cr_expect_eq(unlock("asd"), -1);
		mk.enc_wrapped[i] ^= 1;
		mk.mac_wrapped[i] ^= 0x80;
		cr_expect_eq(unlock("asd"), -1);
		mk.mac_wrapped[i] ^= 0x80;
	}
	cr_expect_eq(unlock("asd"), 0);
	free(json);
	json_decref(root);
}

Test(masterkey, a_new_file_is_unlocked_by_its_password_only)
{
	char *one = masterkey_make(counting, NFD, strlen(NFD), 2, 999, &e);
	char *two = masterkey_make(counting, NFD, strlen(NFD), 1024, 7, &e);

	cr_assert_not_null(one);
	cr_assert_not_null(two);
	cr_expect_str_neq(one, two, "a fresh salt");
	cr_assert_eq(parse(one), 0);
	cr_expect_eq(mk.version, 999);
	cr_expect_eq(mk.cost, 2);
	cr_expect_eq(mk.block, 8);
	cr_expect_eq(mk.salt_len, 8);
	cr_expect_eq(unlock(NFC), 0);
	cr_expect(mac_ok);
	cr_expect_arr_eq(raw, counting, sizeof(raw));
	cr_expect_eq(unlock(NFC " "), -1);
	cr_assert_eq(parse(two), 0);
	cr_expect_eq(mk.version, 7);
	cr_expect_eq(unlock(NFD), 0);
	cr_expect(mac_ok);
	free(one);
	free(two);
}

/* Everything but the base64 values. */
static void
shape(const char *json, char *out)
{
	for (; *json != '\0'; json++) {
		*out++ = *json;
		if (strncmp(json, ": \"", 3) == 0) {
			*out++ = ' ';
			*out++ = '"';
			json += 2;
			json += strcspn(json + 1, "\"");
		}
	}
	*out = '\0';
}

Test(masterkey, a_new_file_has_the_form_of_one_by_cryptomator)
{
	char *dir = kat_unpack("gen-cryptofs-sivgcm.tar.gz");
	char path[8192], *theirs, *ours, s[2][2048];
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/vault/" MASTERKEY_FILE, dir);
	theirs = kat_read(path, &len);
	ours = masterkey_make(counting, "pw", 2, 32768, 999, &e);
	cr_assert_not_null(ours);
	cr_expect_eq(strlen(ours), len);
	shape(theirs, s[0]);
	shape(ours, s[1]);
	cr_expect_str_eq(s[0], s[1]);
	free(theirs);
	free(ours);
	kat_forget(dir);
}

Test(masterkey, a_cost_that_scrypt_cannot_have_is_refused)
{
	static const uint32_t bad[] = { 0, 1, 3, 1000, 1u << 21, 1u << 31 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_null(masterkey_make(counting, "pw", 2, bad[i], 999,
		    &e));
		cr_expect_eq(e.code, VERR_INVAL);
	}
}
