/*
 * nfs3_dir.c - the entries of READDIR and READDIRPLUS, to the wire.
 *
 * RFC 1813 sections 3.3.16 and 3.3.17: the client's limits are in bytes as
 * sent, so an entry is simply written and taken back if it went too far.
 */
#include "config.h"

#include "xdr/nfs3.h"
#include "xdr/xout.h"

/*
 * Everything of a reply but its entries: status, dir_attributes, cookieverf,
 * the end of the list, eof.  READDIR3resok has no status, so we stay 4 bytes
 * under what is allowed.
 */
#define FIXED_WIRE	(4 + 4 + NFS3_FATTR_WIRE + NFS3_VERFSIZE + 4 + 4)

void
nfs3_dirlist_init(struct nfs3_dirlist *l, void *buf, size_t cap,
    uint32_t dircount, uint32_t maxcount, bool plus)
{
	size_t max = maxcount > FIXED_WIRE ? maxcount - FIXED_WIRE : 0;

	l->buf = buf;
	l->max = max < cap ? max : cap;
	l->used = 0;
	l->dir_max = dircount > 0 ? dircount : SIZE_MAX;
	l->dir_used = 0;
	l->n = 0;
	l->plus = plus;
}

bool
nfs3_dirlist_add(struct nfs3_dirlist *l, const struct nfs3_dirent *d)
{
	struct xout o;
	size_t dir;

	xout_init(&o, l->buf + l->used, l->max - l->used);
	xout_bool(&o, true);		/* one more entry */
	xout_u64(&o, d->fileid);
	xout_opaque(&o, d->name.s, d->name.len);
	xout_u64(&o, d->cookie);
	dir = o.total - 4;
	if (l->plus) {
		nfs3_put_attr(&o, &d->attr);
		xout_bool(&o, d->have_fh);
		if (d->have_fh)
			nfs3_put_fh(&o, &d->fh);
	}
	if (!xout_ok(&o))
		return false;
	if (l->n > 0 && dir > l->dir_max - l->dir_used)
		return false;

	l->used += o.total;
	/* The first entry may be over; then there is no room for a second. */
	l->dir_used += dir < l->dir_max ? dir : l->dir_max;
	l->n++;
	return true;
}
