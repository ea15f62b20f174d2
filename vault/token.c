/*
 * token.c - vault.cryptomator: a compact JWS (RFC 7515, section 3.1; vault-
 * format 2).  exp, nbf and claims unknown here are ignored.
 */
#include "config.h"

#include <jansson.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/entropy.h"
#include "base/secret.h"
#include "base/verr.h"
#include "vault/base64.h"
#include "vault/cipher.h"
#include "vault/masterkey.h"
#include "vault/token.h"

#define KEY_SCHEME	"masterkeyfile:"
#define THRESHOLD_MIN	28
#define THRESHOLD_MAX	255

/* The three parts, as slices of the text. */
struct parts {
	const char	*head, *body, *sig;
	size_t		 head_len, body_len, sig_len;
	size_t		 signed_len;	/* from head on: what is signed */
};

static bool
split(struct parts *p, const char *text, size_t len)
{
	const char *dot, *end;

	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL &&
	    text[len - 1] != '\0')
		len--;
	end = text + len;
	p->head = text;
	if ((dot = memchr(text, '.', len)) == NULL)
		return false;
	p->head_len = (size_t)(dot - text);
	p->body = dot + 1;
	dot = memchr(p->body, '.', (size_t)(end - p->body));
	if (dot == NULL)
		return false;
	p->body_len = (size_t)(dot - p->body);
	p->signed_len = (size_t)(dot - text);
	p->sig = dot + 1;
	p->sig_len = (size_t)(end - p->sig);
	return memchr(p->sig, '.', p->sig_len) == NULL;
}

/* The JSON object behind one part; NULL: there is none. */
static json_t *
load_part(const char *part, size_t len)
{
	uint8_t *buf = malloc(BASE64_BYTES(len) + 1);
	json_t *root = NULL;
	size_t n;

	if (buf == NULL)
		return NULL;
	if (base64url_decode_nopad(part, len, buf, &n))
		root = json_loadb((const char *)buf, n, JSON_REJECT_DUPLICATES,
		    NULL);
	free(buf);
	if (root != NULL && !json_is_object(root)) {
		json_decref(root);
		return NULL;
	}
	return root;
}

/*
 * Text that fits size with its NUL and has no control characters, since all
 * of it gets shown to people before it is believed.  Else "" and false.
 */
static bool
get_text(const json_t *root, const char *name, char *out, size_t size)
{
	const json_t *v = json_object_get(root, name);
	const char *s;
	size_t len, i;

	out[0] = '\0';
	if (!json_is_string(v))
		return false;
	s = json_string_value(v);
	len = json_string_length(v);
	if (len >= size)
		return false;
	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	memcpy(out, s, len + 1);
	return true;
}

/* An int, if_absent if there is no such claim, 0 if it is something else. */
static int
get_number(const json_t *root, const char *name, int if_absent)
{
	const json_t *v = json_object_get(root, name);
	json_int_t n;

	if (v == NULL)
		return if_absent;
	n = json_is_integer(v) ? json_integer_value(v) : 0;
	return n < 0 || n > INT_MAX ? 0 : (int)n;
}

/* Below the vault's folder, and nowhere else? */
static bool
path_is_inside(const char *path)
{
	const char *p = path;
	size_t n;

	if (*path == '\0' || *path == '/')
		return false;
	for (; *p != '\0'; p += n + (p[n] == '/')) {
		n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.')
			return false;
	}
	return p[-1] != '/';
}

static int
read_kid(struct token *t, struct verr *e)
{
	const char *path = t->kid + sizeof(KEY_SCHEME) - 1;

	if (strncmp(t->kid, "hub+http:", 9) == 0 ||
	    strncmp(t->kid, "hub+https:", 10) == 0)
		return verr_fail(e, VERR_UNSUPPORTED, TOKEN_FILE ": the key of"
		    " this vault is kept by a Cryptomator Hub; such vaults"
		    " cannot be opened with a password");
	if (strncmp(t->kid, KEY_SCHEME, sizeof(KEY_SCHEME) - 1) != 0)
		return verr_fail(e, VERR_UNSUPPORTED, TOKEN_FILE
		    ": unknown source of the vault's key");
	if (!path_is_inside(path))
		return verr_fail(e, VERR_UNSUPPORTED, TOKEN_FILE
		    ": the masterkey file it names is outside of the vault");
	(void)snprintf(t->masterkey, sizeof(t->masterkey), "%s", path);
	return 0;
}

static int
read_alg(struct token *t, const json_t *head, struct verr *e)
{
	char alg[8];

	(void)get_text(head, "alg", alg, sizeof(alg));
	if (strcmp(alg, "HS256") == 0)
		t->alg = 256;
	else if (strcmp(alg, "HS384") == 0)
		t->alg = 384;
	else if (strcmp(alg, "HS512") == 0)
		t->alg = 512;
	else
		return verr_fail(e, VERR_UNSUPPORTED, TOKEN_FILE
		    ": signature algorithm is not HS256, HS384 or HS512");
	return 0;
}

static int
read_members(struct token *t, const json_t *head, const json_t *body,
    struct verr *e)
{
	int r;

	t->format = get_number(body, "format", 0);
	t->threshold = get_number(body, "shorteningThreshold",
	    TOKEN_THRESHOLD);
	(void)get_text(body, "jti", t->jti, sizeof(t->jti));
	(void)get_text(body, "cipherCombo", t->cipher_name,
	    sizeof(t->cipher_name));
	t->cipher = cipher_by_name(t->cipher_name);

	if (!get_text(head, "kid", t->kid, sizeof(t->kid)))
		return verr_fail(e, VERR_DAMAGED, TOKEN_FILE
		    ": it names no key");
	/* Both are looked at, so that as much as can be is known of t. */
	r = read_alg(t, head, e);
	return read_kid(t, e) != 0 ? -1 : r;
}

int
token_parse(struct token *t, const char *text, size_t len, struct verr *e)
{
	json_t *head = NULL, *body = NULL;
	struct parts p;
	int r;

	memset(t, 0, sizeof(*t));
	if (len > TOKEN_MAX)
		return verr_fail(e, VERR_DAMAGED, TOKEN_FILE
		    " is longer than %u bytes", TOKEN_MAX);
	if (!split(&p, text, len) ||
	    (head = load_part(p.head, p.head_len)) == NULL ||
	    (body = load_part(p.body, p.body_len)) == NULL)
		r = verr_fail(e, VERR_DAMAGED, TOKEN_FILE
		    " is not a signed token");
	else
		r = read_members(t, head, body, e);
	json_decref(head);
	json_decref(body);
	return r;
}

static bool
make_signature(int alg, const uint8_t raw[KEYS_RAW_LEN], const char *text,
    size_t len, uint8_t sig[EVP_MAX_MD_SIZE])
{
	const EVP_MD *md = alg == 256 ? EVP_sha256() :
	    alg == 384 ? EVP_sha384() : EVP_sha512();

	return HMAC(md, raw, KEYS_RAW_LEN, (const unsigned char *)text, len,
	    sig, NULL) != NULL;
}

static int
check_signature(const struct token *t, const char *text, size_t len,
    const uint8_t raw[KEYS_RAW_LEN], struct verr *e)
{
	uint8_t want[EVP_MAX_MD_SIZE];
	uint8_t got[BASE64_BYTES(BASE64_LEN(EVP_MAX_MD_SIZE))];
	struct parts p;
	size_t n;

	if (t->alg == 0)
		return verr_fail(e, VERR_UNSUPPORTED, TOKEN_FILE
		    ": no signature algorithm that is known");
	if (len > TOKEN_MAX || !split(&p, text, len))
		return verr_fail(e, VERR_DAMAGED, TOKEN_FILE
		    " is not a signed token");
	if (!make_signature(t->alg, raw, p.head, p.signed_len, want))
		return verr_fail(e, VERR_NOMEM, "no memory for a signature");
	if (p.sig_len > BASE64_LEN(EVP_MAX_MD_SIZE) ||
	    !base64url_decode_nopad(p.sig, p.sig_len, got, &n) ||
	    n != (size_t)t->alg / 8 || !secret_equal(got, want, n))
		return verr_fail(e, VERR_PASSWORD, TOKEN_FILE
		    " is not signed by this vault's key");
	return 0;
}

int
token_verify(const struct token *t, const char *text, size_t len,
    const uint8_t raw[KEYS_RAW_LEN], struct verr *e)
{
	if (check_signature(t, text, len, raw, e) != 0)
		return -1;
	if (t->format != TOKEN_FORMAT)
		return verr_fail(e, VERR_UNSUPPORTED, TOKEN_FILE
		    ": vault format %d is not supported", t->format);
	if (t->cipher == NULL)
		return verr_fail(e, VERR_UNSUPPORTED, TOKEN_FILE
		    ": cipher \"%s\" is not supported", t->cipher_name);
	if (t->threshold < THRESHOLD_MIN || t->threshold > THRESHOLD_MAX)
		return verr_fail(e, VERR_UNSUPPORTED, TOKEN_FILE
		    ": shortening threshold %d is not from %d to %d",
		    t->threshold, THRESHOLD_MIN, THRESHOLD_MAX);
	return 0;
}

char *
token_make(const struct cipher *cipher, int threshold,
    const uint8_t raw[KEYS_RAW_LEN], struct verr *e)
{
	static const char head[] = "{\"kid\":\"" KEY_SCHEME MASTERKEY_FILE
	    "\",\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	enum { HEAD = BASE64_LEN(sizeof(head)), BODY = 256,
	    SIG = BASE64_LEN(32) };
	char body[BODY], jti[37], *text, *at;
	uint8_t sig[EVP_MAX_MD_SIZE];
	int n;

	if (!entropy_uuid(jti)) {
		(void)verr_fail(e, VERR_NOMEM, "no random numbers");
		return NULL;
	}
	n = snprintf(body, sizeof(body), "{\"jti\":\"%s\",\"format\":%d,"
	    "\"cipherCombo\":\"%s\",\"shorteningThreshold\":%d}", jti,
	    TOKEN_FORMAT, cipher->name, threshold);
	text = malloc(HEAD + 1 + BASE64_LEN(BODY) + 1 + SIG + 1);
	if (n < 0 || (size_t)n >= sizeof(body) || text == NULL)
		goto err;
	at = text + base64url_encode_nopad(head, sizeof(head) - 1, text);
	*at++ = '.';
	at += base64url_encode_nopad(body, (size_t)n, at);
	if (!make_signature(256, raw, text, (size_t)(at - text), sig))
		goto err;
	*at++ = '.';
	(void)base64url_encode_nopad(sig, 32, at);
	return text;

err:
	free(text);
	(void)verr_fail(e, VERR_NOMEM, "no memory for " TOKEN_FILE);
	return NULL;
}
