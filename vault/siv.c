/*
 * siv.c - AES-SIV (RFC 5297) on AES-CMAC and AES-CTR.
 */
#include "config.h"

#include <string.h>

#include "base/secret.h"
#include "vault/kctx.h"
#include "vault/siv.h"

#define BLOCK	SIV_TAG_LEN

/*
 * S2V's state D after the associated data.  All names of a directory share
 * it, and a listing decrypts thousands of them, so the last one is kept.
 */
static bool
absorb_ad(struct kctx *c, const void *ad, size_t adlen, uint8_t d[BLOCK])
{
	uint8_t mac[BLOCK];

	memcpy(d, c->zero_cmac, BLOCK);
	if (ad == NULL)
		return true;
	if (adlen == c->ad_len && memcmp(ad, c->ad, adlen) == 0) {
		memcpy(d, c->ad_state, BLOCK);
		return true;
	}
	if (!cmac_make(&c->cmac_mac, ad, adlen, NULL, mac))
		return false;
	cmac_double(d);
	for (size_t i = 0; i < BLOCK; i++)
		d[i] ^= mac[i];
	if (adlen <= KCTX_AD_MAX) {
		memcpy(c->ad, ad, adlen);
		memcpy(c->ad_state, d, BLOCK);
		c->ad_len = adlen;
	}
	return true;
}

/* RFC 5297, 2.4. */
static bool
s2v(struct kctx *c, const void *ad, size_t adlen, const uint8_t *in,
    size_t len, uint8_t v[BLOCK])
{
	uint8_t d[BLOCK];

	if (!absorb_ad(c, ad, adlen, d))
		return false;
	if (len >= BLOCK)
		return cmac_make(&c->cmac_mac, in, len, d, v);
	cmac_double(d);
	for (size_t i = 0; i < len; i++)
		d[i] ^= in[i];
	d[len] ^= 0x80;
	return cmac_make_block(&c->cmac_mac, d, v);
}

/* The counter behind this one: 128 bits, big-endian. */
static void
count(uint8_t q[BLOCK])
{
	for (size_t i = BLOCK; i-- > 0;)
		if (++q[i] != 0)
			break;
}

/*
 * CTR from the tag with two bits cleared (RFC 5297, 2.5).  The counters go
 * through ECB: to give a CTR context another start costs more than a name.
 */
static bool
ctr(struct kctx *c, const uint8_t v[BLOCK], const uint8_t *in, size_t len,
    uint8_t *out)
{
	uint8_t q[BLOCK], stream[16 * BLOCK];
	size_t done, part, n;
	int unused;

	memcpy(q, v, BLOCK);
	q[8] &= 0x7f;
	q[12] &= 0x7f;
	for (done = 0; done < len; done += part) {
		part = len - done < sizeof(stream) ? len - done :
		    sizeof(stream);
		for (n = 0; n < part; n += BLOCK) {
			memcpy(stream + n, q, BLOCK);
			count(q);
		}
		if (EVP_EncryptUpdate(c->ecb_enc, stream, &unused, stream,
		    (int)n) != 1)
			return false;
		for (n = 0; n < part; n++)
			out[done + n] = in[done + n] ^ stream[n];
	}
	return true;
}

bool
siv_encrypt(struct kctx *c, const void *ad, size_t adlen, const void *in,
    size_t len, uint8_t *out)
{
	return s2v(c, ad, adlen, in, len, out) &&
	    ctr(c, out, in, len, out + SIV_TAG_LEN);
}

bool
siv_decrypt(struct kctx *c, const void *ad, size_t adlen, const uint8_t *in,
    size_t len, uint8_t *out)
{
	uint8_t v[BLOCK];

	if (len < SIV_TAG_LEN)
		return false;
	len -= SIV_TAG_LEN;
	if (ctr(c, in, in + SIV_TAG_LEN, len, out) &&
	    s2v(c, ad, adlen, out, len, v) &&
	    secret_equal(v, in, SIV_TAG_LEN))
		return true;
	secret_zero(out, len);
	return false;
}
