#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "nfsd/export.h"
#include "nfsd/handle.h"
#include "vault/dir.h"
#include "vault/vault.h"

#define VERSION		1
#define MAC_OFF		36
#define MAC_LEN		16

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The value of a hexadecimal digit of this case, or -1. */
static int
digit(char c, bool upper)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (!upper && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (upper && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 36 characters 8-4-4-4-12, digits all of one case; false: no such. */
static bool
parse_uuid(const char *s, bool upper, uint8_t out[16])
{
	int i, hi, lo, n = 0;

	for (i = 0; i < 36;) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s[i++] != '-')
				return false;
			continue;
		}
		if ((hi = digit(s[i], upper)) == -1 ||
		    (lo = digit(s[i + 1], upper)) == -1)
			return false;
		out[n++] = (uint8_t)(hi << 4 | lo);
		i += 2;
	}
	return true;
}

void
handle_dir_of(const struct dir *d, struct handle_dir *out)
{
	const char *id;
	size_t len;

	memset(out, 0, sizeof(*out));
	id = dir_id(d, &len);
	if (len == 0)
		out->form = HANDLE_ROOT;
	else if (len == 36 && parse_uuid(id, false, out->id))
		out->form = HANDLE_UUID;
	else if (len == 36 && parse_uuid(id, true, out->id))
		out->form = HANDLE_UUID_UPPER;
	else {
		out->form = HANDLE_HASH;
		memcpy(out->id, dir_hash(d), 16);
	}
}

size_t
handle_dir_id(const struct handle_dir *d, char id[37])
{
	const char *digits = d->form == HANDLE_UUID_UPPER ?
	    "0123456789ABCDEF" : "0123456789abcdef";
	char *p = id;
	int i;

	if (d->form != HANDLE_ROOT)
		for (i = 0; i < 16; i++) {
			if (i == 4 || i == 6 || i == 8 || i == 10)
				*p++ = '-';
			*p++ = digits[d->id[i] >> 4];
			*p++ = digits[d->id[i] & 15];
		}
	*p = '\0';
	return (size_t)(p - id);
}

bool
handle_encode(const struct export *x, const struct handle *h,
    struct nfs3_fh *fh)
{
	uint8_t *p = fh->data;

	memset(p, 0, sizeof(fh->data));
	fh->len = HANDLE_LEN;
	p[0] = VERSION;
	p[1] = (uint8_t)h->type;
	p[2] = h->dir.form;
	put32(p + 4, x->id);
	memcpy(p + 8, h->dir.id, 16);
	put32(p + 24, (uint32_t)(h->fileid >> 32));
	put32(p + 28, (uint32_t)h->fileid);
	put32(p + 32, h->gen);
	return vault_tag(x->vault, p, MAC_OFF, p + MAC_OFF);
}

enum nfsstat3
handle_decode(const struct export_table *t, const struct nfs3_fh *fh,
    struct handle *h, const struct export **x)
{
	const uint8_t *p = fh->data;
	uint8_t mac[MAC_LEN];

	if (fh->len != HANDLE_LEN || p[0] != VERSION)
		return NFS3ERR_BADHANDLE;
	if ((*x = export_by_id(t, get32(p + 4))) == NULL)
		return NFS3ERR_STALE;
	if (!vault_tag((*x)->vault, p, MAC_OFF, mac))
		return NFS3ERR_SERVERFAULT;
	if (!secret_equal(mac, p + MAC_OFF, MAC_LEN))
		return NFS3ERR_BADHANDLE;
	/* Authentic, so made by us; a later version may have more kinds. */
	if (p[1] < VTYPE_FILE || p[1] > VTYPE_SYMLINK || p[2] > HANDLE_HASH)
		return NFS3ERR_BADHANDLE;
	h->type = (enum vtype)p[1];
	h->dir.form = p[2];
	memcpy(h->dir.id, p + 8, 16);
	h->fileid = (uint64_t)get32(p + 24) << 32 | get32(p + 28);
	h->gen = get32(p + 32);
	return NFS3_OK;
}

const struct export *
handle_peek(const struct export_table *t, const struct nfs3_fh *fh)
{
	if (fh->len != HANDLE_LEN || fh->data[0] != VERSION)
		return NULL;
	return export_by_id(t, get32(fh->data + 4));
}
