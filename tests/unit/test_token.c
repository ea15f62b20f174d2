#include "config.h"

#include "tests/unit/kat.h"
#include "vault/base64.h"
#include "vault/cipher.h"
#include "vault/masterkey.h"
#include "vault/token.h"

static struct token t;
static struct verr e;

static void
setup(void)
{
	memset(&e, 0, sizeof(e));
}

TestSuite(token, .init = setup);

static int
parse(const char *text)
{
	e.code = VERR_NONE;
	return token_parse(&t, text, strlen(text), &e);
}

Test(token, tokens_of_cryptomators_own_tests_are_judged_alike)
{
	json_t *root = kat_load(), *v;
	uint8_t raw[KEYS_RAW_LEN];
	size_t seen = 0, good = 0;

	KAT_FOREACH(root, "jwt", v) {
		const char *text = kat_text(v, "token");
		size_t len = strlen(text);

		cr_assert_eq(kat_bytes(v, "key", raw, sizeof(raw)),
		    sizeof(raw));
		/* their key id is none of a vault, so it is not taken ... */
		cr_expect_eq(parse(text), -1);
		cr_expect_eq(e.code, VERR_UNSUPPORTED);
		/* ... but what could be read was */
		cr_expect_str_eq(t.kid, "TEST_KEY");
		cr_expect_eq(t.cipher, &cipher_ctrmac);
		cr_expect_eq(t.format, 8);
		if (json_is_false(json_object_get(v, "valid"))) {
			cr_expect_eq(token_verify(&t, text, len, raw, &e), -1);
			cr_expect_eq(e.code, VERR_UNSUPPORTED, "alg none");
		} else {
			good++;
			cr_expect_eq(token_verify(&t, text, len, raw, &e), 0);
			raw[63] ^= 1;
			cr_expect_eq(token_verify(&t, text, len, raw, &e), -1);
			cr_expect_eq(e.code, VERR_PASSWORD);
		}
		seen++;
	}
	cr_expect_eq(seen, 4);
	cr_expect_eq(good, 3);
	json_decref(root);
}

static char *
read_in(const char *dir, const char *name, size_t *len)
{
	char path[8192];

	(void)snprintf(path, sizeof(path), "%s/vault/%s", dir, name);
	return kat_read(path, len);
}

Test(token, the_variants_of_a_vaults_token_are_told_apart)
{
	static const struct {
		const char *file;
		enum verr_code parse, verify;
	} variants[] = {
		{ "hs384", VERR_NONE, VERR_NONE },
		{ "hs512", VERR_NONE, VERR_NONE },
		{ "newline", VERR_NONE, VERR_NONE },
		{ "no-jti", VERR_NONE, VERR_NONE },
		{ "no-threshold", VERR_NONE, VERR_NONE },
		{ "kid-other", VERR_NONE, VERR_NONE },
		{ "badsig", VERR_NONE, VERR_PASSWORD },
		{ "format7", VERR_NONE, VERR_UNSUPPORTED },
		{ "format9", VERR_NONE, VERR_UNSUPPORTED },
		{ "format-string", VERR_NONE, VERR_UNSUPPORTED },
		{ "combo-lowercase", VERR_NONE, VERR_UNSUPPORTED },
		{ "combo-unknown", VERR_NONE, VERR_UNSUPPORTED },
		{ "none", VERR_UNSUPPORTED, VERR_UNSUPPORTED },
		{ "hub", VERR_UNSUPPORTED, VERR_NONE },
		{ "kid-traversal", VERR_UNSUPPORTED, VERR_NONE },
		{ "garbage", VERR_DAMAGED, VERR_UNSUPPORTED },
	};
	char *dir = kat_unpack("edge-sivgcm.tar.gz");
	uint8_t raw[KEYS_RAW_LEN];
	char *text, name[100];
	struct masterkey mk;
	bool mac_ok;
	size_t len;

	text = read_in(dir, MASTERKEY_FILE, &len);
	cr_assert_eq(masterkey_parse(&mk, text, len, &e), 0);
	cr_assert_eq(masterkey_unlock(&mk, "edge", 4, raw, &mac_ok, &e), 0);
	free(text);
	text = read_in(dir, TOKEN_FILE, &len);
	cr_expect_eq(token_parse(&t, text, len, &e), 0);
	cr_expect_eq(token_verify(&t, text, len, raw, &e), 0);
	free(text);

	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		(void)snprintf(name, sizeof(name),
		    "vault-variants/%s.cryptomator", variants[i].file);
		text = read_in(dir, name, &len);
		e.code = VERR_NONE;
		(void)token_parse(&t, text, len, &e);
		cr_expect_eq(e.code, variants[i].parse, "%s", name);
		e.code = VERR_NONE;
		(void)token_verify(&t, text, len, raw, &e);
		cr_expect_eq(e.code, variants[i].verify, "%s", name);
		if (strcmp(variants[i].file, "kid-other") == 0)
			cr_expect_str_eq(t.masterkey, "other.cryptomator");
		if (strcmp(variants[i].file, "no-threshold") == 0)
			cr_expect_eq(t.threshold, 220);
		if (strcmp(variants[i].file, "no-jti") == 0)
			cr_expect_str_eq(t.jti, "");
		if (strcmp(variants[i].file, "combo-unknown") == 0)
			cr_expect_str_eq(t.cipher_name, "SIV_XTS");
		free(text);
	}
	kat_forget(dir);
}

/* A token with that header and payload, and a signature that is none. */
static const char *
token_of(const char *head, const char *body)
{
	static char text[8192];
	size_t n;

	n = base64url_encode_nopad(head, strlen(head), text);
	text[n++] = '.';
	n += base64url_encode_nopad(body, strlen(body), text + n);
	(void)strcpy(text + n, ".AAAA");
	return text;
}

#define BODY	"{\"format\":8,\"cipherCombo\":\"SIV_GCM\"}"
#define HEAD(kid) "{\"alg\":\"HS256\",\"kid\":\"" kid "\"}"

Test(token, the_masterkey_file_lies_in_the_vault)
{
	static const struct {
		const char *head, *path;
	} good[] = {
		{ HEAD("masterkeyfile:masterkey.cryptomator"),
		    "masterkey.cryptomator" },
		{ HEAD("masterkeyfile:sub/key"), "sub/key" },
		{ HEAD("masterkeyfile:..key"), "..key" },
		{ HEAD("masterkeyfile:a../..b/c"), "a../..b/c" },
	};
	static const char *const bad[] = {
		HEAD("masterkeyfile:"), HEAD("masterkeyfile:/etc/passwd"),
		HEAD("masterkeyfile:///etc/passwd"), HEAD("masterkeyfile:.."),
		HEAD("masterkeyfile:../x"), HEAD("masterkeyfile:a/../x"),
		HEAD("masterkeyfile:a/.."), HEAD("masterkeyfile:a/"),
		HEAD("masterkey.cryptomator"), HEAD(""),
		HEAD("MASTERKEYFILE:a"), HEAD("hub+http://x"),
		HEAD("hub+https://x"), HEAD("file:x"),
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		cr_expect_eq(parse(token_of(good[i].head, BODY)), 0);
		cr_expect_str_eq(t.masterkey, good[i].path);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(parse(token_of(bad[i], BODY)), -1, "%s", bad[i]);
		cr_expect_eq(e.code, VERR_UNSUPPORTED, "%s", bad[i]);
		cr_expect_str_eq(t.masterkey, "");
	}
	(void)parse(token_of(HEAD("hub+https://x"), BODY));
	cr_expect_not_null(strstr(e.text, "Hub"));
}

Test(token, what_is_no_token_is_damaged)
{
	static const char *const bad[] = {
		"", ".", "..", "...", "a", "a.b", "a.b.c", "e30.e30.",
		"e30.e30", "e30=.e30.AAAA", "e30.e30.AAAA.AAAA", " e30.e30.",
		"W10.W10.AAAA", "MQ.MQ.AAAA", "e30.W10.AAAA", "eyJh.e30.AAAA",
		"e30\n.e30.AAAA",
	};
	static const char *const heads[] = {
		"{\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"kid\":7}",
		"{\"alg\":\"HS256\",\"kid\":\"masterkeyfile:a\\nb\"}",
		"{\"alg\":\"HS256\",\"kid\":\"masterkeyfile:a\\u001b[2J\"}",
		"{\"alg\":\"HS256\",\"kid\":\"masterkeyfile:a\\u0000b\"}",
		("{\"alg\":\"HS256\",\"kid\":\"masterkeyfile:a\","
		    "\"kid\":\"masterkeyfile:b\"}"),
	};
	static char big[TOKEN_MAX + 2];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(parse(bad[i]), -1, "%s", bad[i]);
		cr_expect_eq(e.code, VERR_DAMAGED, "%s", bad[i]);
	}
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		cr_expect_eq(parse(token_of(heads[i], BODY)), -1, "%s",
		    heads[i]);
		cr_expect_eq(e.code, VERR_DAMAGED, "%s", heads[i]);
	}
	memset(big, 'A', sizeof(big) - 1);
	cr_expect_eq(parse(big), -1);
	cr_expect_eq(e.code, VERR_DAMAGED);
}

Test(token, odd_claims_are_kept_for_the_check_after_the_signature)
{
	static const struct {
		const char *body;
		int format, threshold;
	} odd[] = {
		{ "{}", 0, 220 },
		{ "{\"format\":8.0,\"shorteningThreshold\":220.0}", 0, 0 },
		{ "{\"format\":-8,\"shorteningThreshold\":-1}", 0, 0 },
		{ "{\"format\":4294967304,\"shorteningThreshold\":null}", 0,
		    0 },
		{ "{\"format\":8,\"shorteningThreshold\":36,\"exp\":1}", 8,
		    36 },
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		cr_expect_eq(parse(token_of(HEAD("masterkeyfile:m"),
		    odd[i].body)), 0);
		cr_expect_eq(t.format, odd[i].format, "%zu", i);
		cr_expect_eq(t.threshold, odd[i].threshold, "%zu", i);
		cr_expect_null(t.cipher);
	}
}

Test(token, a_new_token_is_a_good_one)
{
	uint8_t raw[KEYS_RAW_LEN] = { 1, 2, 3 };
	char *one = token_make(&cipher_gcm, 220, raw, &e);
	char *two = token_make(&cipher_ctrmac, 36, raw, &e);

	cr_assert_not_null(one);
	cr_assert_not_null(two);
	cr_expect_eq(parse(one), 0);
	cr_expect_eq(token_verify(&t, one, strlen(one), raw, &e), 0);
	cr_expect_eq(t.format, 8);
	cr_expect_eq(t.threshold, 220);
	cr_expect_eq(t.cipher, &cipher_gcm);
	cr_expect_eq(t.alg, 256);
	cr_expect_eq(strlen(t.jti), 36);
	cr_expect_str_eq(t.kid, "masterkeyfile:masterkey.cryptomator");
	cr_expect_str_eq(t.masterkey, MASTERKEY_FILE);
	cr_expect_eq(parse(two), 0);
	cr_expect_eq(token_verify(&t, two, strlen(two), raw, &e), 0);
	cr_expect_eq(t.cipher, &cipher_ctrmac);
	cr_expect_eq(t.threshold, 36);
	free(one);
	free(two);
}

Test(token, a_signature_counts_only_whole)
{
	uint8_t raw[KEYS_RAW_LEN] = { 1, 2, 3 }, sig[64];
	char *text = token_make(&cipher_gcm, 220, raw, &e), *at;
	size_t n;

	cr_assert_not_null(text);
	cr_assert_eq(parse(text), 0);
	at = strrchr(text, '.') + 1;
	cr_assert(base64url_decode_nopad(at, strlen(at), sig, &n));
	cr_assert_eq(n, 32);
	while (n-- > 0) {
		(void)base64url_encode_nopad(sig, n, at);
		cr_expect_eq(token_verify(&t, text, strlen(text), raw, &e),
		    -1, "%zu bytes of it", n);
		cr_expect_eq(e.code, VERR_PASSWORD);
	}
	free(text);
}

/* Up to the signature, with the jti of the token that cryptofs wrote. */
Test(token, a_new_token_has_the_form_that_cryptofs_writes)
{
	char *dir = kat_unpack("gen-cryptofs-sivgcm.tar.gz");
	uint8_t raw[KEYS_RAW_LEN] = { 0 };
	char *theirs, *ours, body[2][512], jti[64];
	size_t n;

	theirs = read_in(dir, TOKEN_FILE, &n);
	ours = token_make(&cipher_gcm, 220, raw, &e);
	cr_assert_not_null(ours);
	cr_expect_eq(strcspn(ours, "."), strcspn(theirs, "."));
	cr_expect_eq(strncmp(ours, theirs, strcspn(ours, ".") + 1), 0);
	cr_expect_eq(parse(theirs), 0);
	(void)strcpy(jti, t.jti);
	cr_expect_eq(parse(ours), 0);
	for (int i = 0; i < 2; i++) {
		const char *p = strchr(i == 0 ? theirs : ours, '.') + 1;

		cr_assert(base64url_decode_nopad(p, strcspn(p, "."),
		    (uint8_t *)body[i], &n));
		body[i][n] = '\0';
	}
	memcpy(strstr(body[1], t.jti), jti, strlen(jti));
	cr_expect_str_eq(body[1], body[0]);
	free(theirs);
	free(ours);
	kat_forget(dir);
}

Test(token, a_threshold_out_of_bounds_is_refused_after_the_signature)
{
	static const struct {
		int threshold;
		int result;
	} cases[] = {
		{ 27, -1 }, { 28, 0 }, { 220, 0 }, { 255, 0 }, { 256, -1 },
	};
	uint8_t raw[KEYS_RAW_LEN] = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *s = token_make(&cipher_gcm, cases[i].threshold, raw, &e);

		cr_expect_eq(parse(s), 0);
		cr_expect_eq(token_verify(&t, s, strlen(s), raw, &e),
		    cases[i].result);
		free(s);
	}
}
