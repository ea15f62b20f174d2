/*
 * timing_ops.c - the comparisons with tags, signatures and keys.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "nfsd/export.h"
#include "nfsd/handle.h"
#include "tests/proto/fixture.h"
#include "tests/timing/timing.h"
#include "vault/cipher.h"
#include "vault/keys.h"
#include "vault/masterkey.h"
#include "vault/siv.h"
#include "vault/token.h"
#include "vault/vault.h"

#define CLEAR	1000u		/* bytes of the chunk */

static struct {
	struct fix		 fix;
	struct keys		*keys;
	struct kctx		*c;
	uint8_t			 raw[KEYS_RAW_LEN];

	uint8_t			 a[64], b[64];		/* bare comparisons */
	uint8_t			 siv[SIV_TAG_LEN + 32], siv_bad[48];
	struct filekey		 fk[2];
	uint8_t			 chunk[2][CLEAR + CIPHER_OVERHEAD_MAX];
	uint8_t			 head[2][CIPHER_HEADER_MAX];
	uint8_t			 bad[CLEAR + CIPHER_OVERHEAD_MAX];
	struct export_table	*exports;
	struct nfs3_fh		 fh, fh_bad;
	struct masterkey	 mk, mk_bad;
	struct token		 token;
	char			*text, text_bad[1024];
} t;

static const struct cipher *const ciphers[2] = { &cipher_gcm,
    &cipher_ctrmac };

/* The first byte, or any, is another one. */
static void
spoil_at(uint8_t *p, size_t len, bool fixed, uint32_t (*draw)(uint32_t))
{
	uint32_t at = draw((uint32_t)len), by = 1 + draw(255);

	p[fixed ? 0 : at] ^= (uint8_t)by;
}

static void
spoil_bare(bool fixed, uint32_t (*draw)(uint32_t))
{
	memcpy(t.b, t.a, sizeof(t.b));
	spoil_at(t.b, 32, fixed, draw);
}

static bool
run_equal(void)
{
	return secret_equal(t.a, t.b, 32);
}

/* The same, or not at all: who only compares learns nothing else. */
static void
spoil_or_not(bool fixed, uint32_t (*draw)(uint32_t))
{
	memcpy(t.b, t.a, sizeof(t.b));
	if (!fixed)
		spoil_at(t.b, 32, false, draw);
}

static volatile bool sink;

static bool
run_equal_sunk(void)
{
	sink = secret_equal(t.a, t.b, 32);
	return false;
}

/* What must not be done: it stops where it knows. */
static bool
run_control(void)
{
	const volatile uint8_t *a = t.a, *b = t.b;
	unsigned i;

	for (i = 0; i < 32; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static void
spoil_siv(bool fixed, uint32_t (*draw)(uint32_t))
{
	memcpy(t.siv_bad, t.siv, sizeof(t.siv));
	spoil_at(t.siv_bad, SIV_TAG_LEN, fixed, draw);
}

/*
 * The tag is also the counter that decrypts, so what is decrypted differs; the
 * comparison is with a tag that is made of it.
 */
static bool
run_siv(void)
{
	uint8_t out[32];

	return siv_decrypt(t.c, "dir", 3, t.siv_bad, sizeof(t.siv), out);
}

static size_t
tag_len(unsigned i)
{
	return ciphers[i]->overhead - ciphers[i]->nonce_len;
}

static void
spoil_chunk(unsigned i, bool fixed, uint32_t (*draw)(uint32_t))
{
	size_t len = CLEAR + ciphers[i]->overhead;

	memcpy(t.bad, t.chunk[i], len);
	spoil_at(t.bad + len - tag_len(i), tag_len(i), fixed, draw);
}

static bool
run_chunk(unsigned i)
{
	uint8_t work[CLEAR + CIPHER_OVERHEAD_MAX];
	size_t len = CLEAR + ciphers[i]->overhead;

	memcpy(work, t.bad, len);
	return ciphers[i]->open(t.c, &t.fk[i], 7, work, len);
}

static void
spoil_head(unsigned i, bool fixed, uint32_t (*draw)(uint32_t))
{
	size_t len = ciphers[i]->header_len;

	memcpy(t.bad, t.head[i], len);
	spoil_at(t.bad + len - tag_len(i), tag_len(i), fixed, draw);
}

static bool
run_head(unsigned i)
{
	struct filekey fk;

	return ciphers[i]->header_read(t.c, t.bad, &fk);
}

#define BOTH(what)							\
static void								\
spoil_gcm_##what(bool fixed, uint32_t (*draw)(uint32_t))		\
{									\
	spoil_##what(0, fixed, draw);					\
}									\
static bool								\
run_gcm_##what(void)							\
{									\
	return run_##what(0);						\
}									\
static void								\
spoil_ctrmac_##what(bool fixed, uint32_t (*draw)(uint32_t))		\
{									\
	spoil_##what(1, fixed, draw);					\
}									\
static bool								\
run_ctrmac_##what(void)							\
{									\
	return run_##what(1);						\
}

BOTH(chunk)
BOTH(head)

static void
spoil_handle(bool fixed, uint32_t (*draw)(uint32_t))
{
	t.fh_bad = t.fh;
	spoil_at(t.fh_bad.data + HANDLE_LEN - 16, 16, fixed, draw);
}

static bool
run_handle(void)
{
	const struct export *x;
	struct handle h;

	return handle_decode(t.exports, &t.fh_bad, &h, &x) == NFS3_OK;
}

static void
spoil_version(bool fixed, uint32_t (*draw)(uint32_t))
{
	t.mk_bad = t.mk;
	spoil_at(t.mk_bad.version_mac, sizeof(t.mk.version_mac), fixed, draw);
}

static bool
run_version(void)
{
	return masterkey_version_ok(&t.mk_bad, t.raw);
}

/*
 * Neighbours change places: what the text is decoded from stays the same.  Not
 * the same two each time, since decoding is of what an attacker has sent, and
 * may take its time: one of eight pairs at the beginning, or at the end.
 */
static void
spoil_token(bool fixed, uint32_t (*draw)(uint32_t))
{
	size_t sig = (size_t)(strrchr(t.text, '.') + 1 - t.text), at;
	char c;

	(void)strcpy(t.text_bad, t.text);
	do	/* not the last letter, which has fewer bits */
		at = (fixed ? sig : strlen(t.text) - 10) + draw(8);
	while (t.text[at] == t.text[at + 1]);
	c = t.text_bad[at];
	t.text_bad[at] = t.text_bad[at + 1];
	t.text_bad[at + 1] = c;
}

static bool
run_token(void)
{
	return token_verify(&t.token, t.text_bad, strlen(t.text_bad), t.raw,
	    NULL) == 0;
}

const struct op timing_ops[] = {
	{ "a loop that stops early", OP_CONTROL, spoil_bare, run_control },
	{ "secret_equal, where", OP_EQUAL, spoil_bare, run_equal },
	{ "secret_equal, whether", OP_EQUAL, spoil_or_not, run_equal_sunk },
	{ "a file handle", OP_EQUAL, spoil_handle, run_handle },
	{ "a name (SIV)", OP_EQUAL, spoil_siv, run_siv },
	{ "a chunk, SIV_GCM", OP_EQUAL, spoil_gcm_chunk, run_gcm_chunk },
	{ "a chunk, SIV_CTRMAC", OP_EQUAL, spoil_ctrmac_chunk,
	    run_ctrmac_chunk },
	{ "a header, SIV_GCM", OP_EQUAL, spoil_gcm_head, run_gcm_head },
	{ "a header, SIV_CTRMAC", OP_EQUAL, spoil_ctrmac_head,
	    run_ctrmac_head },
	{ "the vault's token", OP_COUNTED, spoil_token, run_token },
	{ "the master key's version", OP_EQUAL, spoil_version, run_version },
	{ NULL, OP_EQUAL, NULL, NULL }
};

static void
init_ciphers(void)
{
	uint8_t clear[CLEAR] = { 1 };
	unsigned i;

	for (i = 0; i < 2; i++)
		FIX_MUST(ciphers[i]->header_make(t.c, &t.fk[i], t.head[i]) &&
		    ciphers[i]->seal(t.c, &t.fk[i], 7, clear, CLEAR,
		    t.chunk[i]));
	FIX_MUST(siv_encrypt(t.c, "dir", 3,
	    "a name of 32 bytes, all of them.", 32, t.siv));
}

static void
init_handle(void)
{
	struct handle h = { .type = VTYPE_FILE, .fileid = 1234 };

	FIX_MUST((t.exports = export_table_new()) != NULL &&
	    export_add(t.exports, t.fix.vault, "v", false, 0, NULL) == 0 &&
	    handle_encode(export_at(t.exports, 0), &h, &t.fh));
}

static void
init_papers(void)
{
	char *json;

	json = masterkey_make(t.raw, "x", 1, 2, MASTERKEY_VERSION_8, NULL);
	FIX_MUST(json != NULL && masterkey_parse(&t.mk, json, strlen(json),
	    NULL) == 0);
	free(json);
	t.text = token_make(&cipher_gcm, 220, t.raw, NULL);
	FIX_MUST(t.text != NULL && strlen(t.text) < sizeof(t.text_bad));
	FIX_MUST(token_parse(&t.token, t.text, strlen(t.text), NULL) == 0);
}

void
timing_ops_init(void)
{
	unsigned i;

	for (i = 0; i < sizeof(t.raw); i++) {
		t.raw[i] = (uint8_t)(i * 7);
		t.a[i] = (uint8_t)(i * 5);
	}
	fix_vault(&t.fix, NULL);
	fix_make(&t.fix);
	FIX_MUST((t.keys = keys_new(t.raw, NULL)) != NULL &&
	    (t.c = keys_take(t.keys)) != NULL);
	init_ciphers();
	init_handle();
	init_papers();
}

void
timing_ops_fini(void)
{
	export_table_free(t.exports);
	free(t.text);
	keys_drop(t.keys, t.c);
	keys_free(t.keys);
	fix_run(&t.fix);
	fix_stop(&t.fix);
}
