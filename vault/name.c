/*
 * name.c - clear file names, their names on disk, and directory ids.
 */
#include "config.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "vault/base64.h"
#include "vault/name.h"
#include "vault/nfc.h"
#include "vault/siv.h"

#define SHA1_LEN	20

/*
 * One SHA-1 context for each thread: a digest without a context of one's own
 * is three allocations.
 */
static pthread_once_t sha1_once = PTHREAD_ONCE_INIT;
static pthread_key_t sha1_key;
static bool sha1_has_key;

static void
sha1_ctx_free(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

static void
sha1_key_make(void)
{
	sha1_has_key = pthread_key_create(&sha1_key, sha1_ctx_free) == 0;
}

static EVP_MD_CTX *
sha1_ctx(void)
{
	EVP_MD_CTX *ctx;

	(void)pthread_once(&sha1_once, sha1_key_make);
	if (!sha1_has_key)
		return NULL;
	if ((ctx = pthread_getspecific(sha1_key)) != NULL)
		return ctx;
	if ((ctx = EVP_MD_CTX_new()) == NULL)
		return NULL;
	if (EVP_DigestInit_ex2(ctx, EVP_sha1(), NULL) != 1 ||
	    pthread_setspecific(sha1_key, ctx) != 0) {
		EVP_MD_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static bool
sha1(const void *in, size_t len, uint8_t out[SHA1_LEN])
{
	EVP_MD_CTX *ctx = sha1_ctx();

	return ctx != NULL && EVP_DigestInit_ex2(ctx, NULL, NULL) == 1 &&
	    EVP_DigestUpdate(ctx, in, len) == 1 &&
	    EVP_DigestFinal_ex(ctx, out, NULL) == 1;
}

size_t
name_encrypt(struct kctx *c, const char *dirid, size_t dirid_len,
    const char *clear, size_t len, char *out)
{
	uint8_t sealed[SIV_TAG_LEN + NAME_CLEAR_MAX];
	size_t n;

	if (len == 0 || len > NAME_CLEAR_MAX)
		return 0;
	/* The root's id is data of length zero, not the absence of data. */
	if (!siv_encrypt(c, dirid_len > 0 ? dirid : "", dirid_len, clear, len,
	    sealed))
		return 0;
	base64url_encode(sealed, SIV_TAG_LEN + len, out);
	n = BASE64_LEN(SIV_TAG_LEN + len);
	memcpy(out + n, ".c9r", sizeof(".c9r"));
	return n + sizeof(".c9r") - 1;
}

bool
name_decrypt(struct kctx *c, const char *dirid, size_t dirid_len,
    const char *base, size_t len, uint8_t *clear, size_t *clear_len)
{
	size_t n;

	*clear_len = 0;
	if (!base64url_decode(base, len, clear, &n) || n < SIV_TAG_LEN)
		return false;
	/* In place, behind the tag; then over it. */
	if (!siv_decrypt(c, dirid_len > 0 ? dirid : "", dirid_len, clear, n,
	    clear + SIV_TAG_LEN))
		return false;
	n -= SIV_TAG_LEN;
	memmove(clear, clear + SIV_TAG_LEN, n);
	*clear_len = n;
	return true;
}

void
name_shorten(const char *disk, size_t len, char out[NAME_SHORT_LEN + 1])
{
	uint8_t hash[SHA1_LEN];

	if (!sha1(disk, len, hash)) {
		out[0] = '\0';
		return;
	}
	base64url_encode(hash, sizeof(hash), out);
	memcpy(out + BASE64_LEN(SHA1_LEN), ".c9s", sizeof(".c9s"));
}

bool
name_dirpath(struct kctx *c, const char *dirid, size_t dirid_len,
    char out[NAME_DIRPATH_LEN + 1])
{
	uint8_t sealed[SIV_TAG_LEN + NAME_DIRID_MAX], hash[SHA1_LEN];
	char text[NAME_HASH_LEN + 1];

	if (dirid_len > NAME_DIRID_MAX ||
	    !siv_encrypt(c, NULL, 0, dirid, dirid_len, sealed) ||
	    !sha1(sealed, SIV_TAG_LEN + dirid_len, hash))
		return false;
	base32_encode(hash, sizeof(hash), text);
	memcpy(out, "d/", 2);
	memcpy(out + 2, text, 2);
	out[4] = '/';
	memcpy(out + 5, text + 2, NAME_HASH_LEN - 2 + 1);
	return true;
}

bool
name_nfc(struct arena *a, const char *s, size_t len, const char **out,
    size_t *out_len)
{
	size_t room, n;
	char *buf;

	*out = s;
	*out_len = len;
	if (nfc_is_plain(s, len))
		return true;
	if ((room = nfc_room(s, len)) == 0 ||
	    (buf = arena_alloc(a, room)) == NULL ||
	    (n = nfc_make(s, len, buf, room)) == 0)
		return false;
	if (n != len || memcmp(buf, s, n) != 0) {
		*out = buf;
		*out_len = n;
	}
	return true;
}

bool
name_is_servable(const char *s, size_t len)
{
	if (len == 0 || len > NAME_CLEAR_MAX)
		return false;
	if (s[0] == '.' && (len == 1 || (len == 2 && s[1] == '.')))
		return false;
	return memchr(s, '/', len) == NULL && memchr(s, '\0', len) == NULL;
}
