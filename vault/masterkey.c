/*
 * masterkey.c - masterkey.cryptomator (vault-format 1).
 */
#include "config.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/entropy.h"
#include "base/secret.h"
#include "base/verr.h"
#include "vault/base64.h"
#include "vault/masterkey.h"
#include "vault/nfc.h"

#define BLOCK_MAX	8192u	/* scrypt r: 1 MiB for each of its blocks */
#define SALT_NEW	8	/* bytes of salt that Cryptomator writes */
#define WRAPPED		(KEYS_LEN + 8)
#define MAC_LEN		32
#define MEMBER_MAX	64	/* bytes in the longest member, the salt */

/* An integer from min to max; a real number is no integer. */
static bool
get_int(const json_t *root, const char *name, json_int_t min, json_int_t max,
    json_int_t *out)
{
	const json_t *v = json_object_get(root, name);

	if (!json_is_integer(v))
		return false;
	*out = json_integer_value(v);
	return *out >= min && *out <= max;
}

/* Base64 text of at most max bytes. */
static bool
get_bytes(const json_t *root, const char *name, uint8_t *out, size_t max,
    size_t *outlen)
{
	const json_t *v = json_object_get(root, name);
	uint8_t buf[BASE64_BYTES(BASE64_LEN(MEMBER_MAX))];

	if (!json_is_string(v) ||
	    json_string_length(v) > BASE64_LEN(max) ||
	    !base64_decode(json_string_value(v), json_string_length(v), buf,
	    outlen) || *outlen > max)
		return false;
	memcpy(out, buf, *outlen);
	return true;
}

static bool
get_exactly(const json_t *root, const char *name, uint8_t *out, size_t len)
{
	size_t n;

	return get_bytes(root, name, out, len, &n) && n == len;
}

static bool
is_power_of_two(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* In our bounds, and scrypt's own: N < 2^(128 * r / 8) (RFC 7914, 2). */
static bool
cost_is_fine(uint32_t cost, uint32_t block)
{
	return block <= BLOCK_MAX &&
	    (uint64_t)cost * block * 128 <= MASTERKEY_SCRYPT_MAX &&
	    (block > 1 || cost < 65536);
}

static int
parse_members(struct masterkey *mk, const json_t *root, struct verr *e)
{
	json_int_t version, cost, block;

	if (!get_int(root, "version", INT32_MIN, INT32_MAX, &version) ||
	    version == 0)
		return verr_fail(e, VERR_DAMAGED, MASTERKEY_FILE
		    ": \"version\" is missing or wrong");
	if (!get_int(root, "scryptCostParam", 2, UINT32_MAX, &cost) ||
	    !is_power_of_two((uint32_t)cost) ||
	    !get_int(root, "scryptBlockSize", 1, UINT32_MAX, &block))
		return verr_fail(e, VERR_DAMAGED, MASTERKEY_FILE
		    ": scrypt parameters are missing or wrong");
	mk->version = (int32_t)version;
	mk->cost = (uint32_t)cost;
	mk->block = (uint32_t)block;
	if (!get_bytes(root, "scryptSalt", mk->salt, sizeof(mk->salt),
	    &mk->salt_len) ||
	    !get_exactly(root, "primaryMasterKey", mk->enc_wrapped, WRAPPED) ||
	    !get_exactly(root, "hmacMasterKey", mk->mac_wrapped, WRAPPED) ||
	    !get_exactly(root, "versionMac", mk->version_mac, MAC_LEN))
		return verr_fail(e, VERR_DAMAGED, MASTERKEY_FILE
		    ": salt, keys or version MAC are missing or wrong");
	if (!cost_is_fine(mk->cost, mk->block))
		return verr_fail(e, VERR_UNSUPPORTED, MASTERKEY_FILE
		    ": scrypt with N = %u, r = %u needs more than %u MiB",
		    mk->cost, mk->block, MASTERKEY_SCRYPT_MAX >> 20);
	return 0;
}

int
masterkey_parse(struct masterkey *mk, const char *json, size_t len,
    struct verr *e)
{
	json_error_t err;
	json_t *root;
	int r;

	_Static_assert(sizeof(mk->salt) <= MEMBER_MAX, "salt fits");
	memset(mk, 0, sizeof(*mk));
	if (len > MASTERKEY_MAX)
		return verr_fail(e, VERR_DAMAGED, MASTERKEY_FILE
		    " is longer than %u bytes", MASTERKEY_MAX);
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &err);
	if (root == NULL)
		return verr_fail(e, VERR_DAMAGED, MASTERKEY_FILE
		    " is not JSON (line %d, column %d)", err.line, err.column);
	r = parse_members(mk, root, e);
	json_decref(root);
	return r;
}

/*
 * The key-encrypting key.  OpenSSL's own bound on memory is below what
 * Cryptomator's parameters need, so the bound is given (vault-format 0.4).
 */
static bool
derive_kek(const struct masterkey *mk, const char *pass, size_t passlen,
    uint8_t kek[KEYS_LEN])
{
	uint64_t maxmem = UINT64_C(128) * mk->block * ((uint64_t)mk->cost + 32)
	    + 65536;

	return EVP_PBE_scrypt(pass, passlen, mk->salt, mk->salt_len, mk->cost,
	    mk->block, 1, maxmem, kek, KEYS_LEN) == 1;
}

/* RFC 3394, one key in or out.  false: not wrapped by kek. */
static bool
wrap(const uint8_t kek[KEYS_LEN], const uint8_t *in, size_t len, uint8_t *out,
    size_t outlen, bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t buf[WRAPPED + 16];
	int n = 0, last = 0;
	bool ok;

	if (ctx == NULL)
		return false;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = EVP_CipherInit_ex2(ctx, EVP_aes_256_wrap(), kek, NULL, encrypt,
	    NULL) == 1 &&
	    EVP_CipherUpdate(ctx, buf, &n, in, (int)len) == 1 &&
	    EVP_CipherFinal_ex(ctx, buf + n, &last) == 1 &&
	    (size_t)(n + last) == outlen;
	if (ok)
		memcpy(out, buf, outlen);
	EVP_CIPHER_CTX_free(ctx);
	secret_zero(buf, sizeof(buf));
	return ok;
}

static bool
make_version_mac(const uint8_t *mac_key, int32_t version, uint8_t mac[MAC_LEN])
{
	uint32_t v = (uint32_t)version;
	uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v };

	return HMAC(EVP_sha256(), mac_key, KEYS_LEN, be, sizeof(be), mac,
	    NULL) != NULL;
}

static int
try_password(const struct masterkey *mk, const char *pass, size_t passlen,
    uint8_t raw[KEYS_RAW_LEN], struct verr *e)
{
	uint8_t *kek = secret_alloc(KEYS_LEN);
	int r = 0;

	if (kek == NULL)
		return verr_fail(e, VERR_NOMEM, "no memory for a key");
	if (!derive_kek(mk, pass, passlen, kek))
		r = verr_fail(e, VERR_NOMEM, "scrypt could not run"
		    " (it needs %u MiB)", (unsigned)((uint64_t)mk->cost *
		    mk->block * 128 >> 20) + 1);
	else if (!wrap(kek, mk->enc_wrapped, WRAPPED, raw, KEYS_LEN, false) ||
	    !wrap(kek, mk->mac_wrapped, WRAPPED, raw + KEYS_LEN, KEYS_LEN,
	    false))
		r = verr_fail(e, VERR_PASSWORD, "wrong password");
	secret_free(kek, KEYS_LEN);
	if (r != 0)
		secret_zero(raw, KEYS_RAW_LEN);
	return r;
}

/* A password in NFC, in secret memory; nfc is pass itself if it is plain. */
struct password {
	const char	*nfc;
	size_t		 nfc_len;
	void		*buf;
	size_t		 room;
};

static bool
password_init(struct password *p, const char *pass, size_t passlen)
{
	memset(p, 0, sizeof(*p));
	p->nfc = pass;
	p->nfc_len = passlen;
	if (nfc_is_plain(pass, passlen) ||
	    (p->room = nfc_room(pass, passlen)) == 0)
		return true;
	if ((p->buf = secret_alloc(p->room)) == NULL)
		return false;
	p->nfc_len = nfc_make(pass, passlen, p->buf, p->room);
	p->nfc = p->buf;
	return p->nfc_len > 0;
}

static void
password_fini(struct password *p)
{
	secret_free(p->buf, p->room);
}

bool
masterkey_version_ok(const struct masterkey *mk,
    const uint8_t raw[KEYS_RAW_LEN])
{
	uint8_t mac[MAC_LEN];

	return make_version_mac(raw + KEYS_LEN, mk->version, mac) &&
	    secret_equal(mac, mk->version_mac, MAC_LEN);
}

int
masterkey_unlock(const struct masterkey *mk, const char *pass, size_t passlen,
    uint8_t raw[KEYS_RAW_LEN], bool *mac_ok, struct verr *e)
{
	struct password p;
	struct verr own;
	int r;

	*mac_ok = false;
	memset(&own, 0, sizeof(own));
	if (!password_init(&p, pass, passlen)) {
		password_fini(&p);
		return verr_fail(e, VERR_NOMEM, "no memory for the password");
	}
	r = try_password(mk, p.nfc, p.nfc_len, raw, &own);
	if (r != 0 && own.code == VERR_PASSWORD && (p.nfc_len != passlen ||
	    memcmp(p.nfc, pass, passlen) != 0))
		r = try_password(mk, pass, passlen, raw, &own);
	password_fini(&p);
	if (r != 0) {
		if (e != NULL)
			*e = own;
		return r;
	}
	*mac_ok = masterkey_version_ok(mk, raw);
	return 0;
}

/* Members, order and form as Cryptomator's desktop writes them. */
static char *
to_json(const struct masterkey *mk)
{
	static const char form[] = "{\n"
	    "  \"version\": %d,\n"
	    "  \"scryptSalt\": \"%s\",\n"
	    "  \"scryptCostParam\": %u,\n"
	    "  \"scryptBlockSize\": %u,\n"
	    "  \"primaryMasterKey\": \"%s\",\n"
	    "  \"hmacMasterKey\": \"%s\",\n"
	    "  \"versionMac\": \"%s\"\n"
	    "}";
	char salt[BASE64_LEN(sizeof(mk->salt)) + 1];
	char enc[BASE64_LEN(WRAPPED) + 1], mac[BASE64_LEN(WRAPPED) + 1];
	char version_mac[BASE64_LEN(MAC_LEN) + 1];
	size_t size = sizeof(form) + sizeof(salt) + sizeof(enc) + sizeof(mac) +
	    sizeof(version_mac) + 3 * 12;
	char *json = malloc(size);

	if (json == NULL)
		return NULL;
	base64_encode(mk->salt, mk->salt_len, salt);
	base64_encode(mk->enc_wrapped, WRAPPED, enc);
	base64_encode(mk->mac_wrapped, WRAPPED, mac);
	base64_encode(mk->version_mac, MAC_LEN, version_mac);
	(void)snprintf(json, size, form, mk->version, salt, mk->cost, mk->block,
	    enc, mac, version_mac);
	return json;
}

/* Fill in what depends on the password. */
static int
lock_keys(struct masterkey *mk, const uint8_t raw[KEYS_RAW_LEN],
    const char *pass, size_t passlen, struct verr *e)
{
	struct password p;
	uint8_t *kek = secret_alloc(KEYS_LEN);
	int r = 0;

	if (!password_init(&p, pass, passlen) || kek == NULL ||
	    !entropy_fill(mk->salt, mk->salt_len) ||
	    !derive_kek(mk, p.nfc, p.nfc_len, kek) ||
	    !wrap(kek, raw, KEYS_LEN, mk->enc_wrapped, WRAPPED, true) ||
	    !wrap(kek, raw + KEYS_LEN, KEYS_LEN, mk->mac_wrapped, WRAPPED,
	    true) ||
	    !make_version_mac(raw + KEYS_LEN, mk->version, mk->version_mac))
		r = verr_fail(e, VERR_NOMEM,
		    "no memory to protect the keys by the password");
	password_fini(&p);
	secret_free(kek, KEYS_LEN);
	return r;
}

char *
masterkey_make(const uint8_t raw[KEYS_RAW_LEN], const char *pass,
    size_t passlen, uint32_t cost, int32_t version, struct verr *e)
{
	struct masterkey mk;
	char *json;

	if (cost < 2 || !is_power_of_two(cost) ||
	    !cost_is_fine(cost, MASTERKEY_BLOCK)) {
		(void)verr_fail(e, VERR_INVAL, "scrypt cost %u is not a power"
		    " of two up to %u", cost,
		    MASTERKEY_SCRYPT_MAX / 128 / MASTERKEY_BLOCK);
		return NULL;
	}
	memset(&mk, 0, sizeof(mk));
	mk.version = version;
	mk.cost = cost;
	mk.block = MASTERKEY_BLOCK;
	mk.salt_len = SALT_NEW;
	if (lock_keys(&mk, raw, pass, passlen, e) != 0)
		return NULL;
	if ((json = to_json(&mk)) == NULL)
		(void)verr_fail(e, VERR_NOMEM, "no memory for "
		    MASTERKEY_FILE);
	return json;
}
