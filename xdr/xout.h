/*
 * xout.h - writing of one RPC record into an iovec list (RFC 4506, RFC 5531).
 *
 * Small things are copied into a head buffer that the caller gives; large
 * ones (file data, link targets, directory entries) are referenced where they
 * are and must stay there until the record has been sent.  The list keeps the
 * order of the calls: head bytes between two references are a piece of
 * their own.  Padding comes from a static block of zeros.
 *
 * Errors: a full head or a full list sets the overflow flag and everything
 * after that is ignored, so encoders ask xout_ok() once at their end.  The
 * caller then starts over with xout_init() and says less.
 *
 * Copying a struct xout is allowed: the list points into head, not into it.
 * No allocation, no locks; a writer has one user at a time.
 */
#ifndef XDR_XOUT_H
#define XDR_XOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * Bytes of head that are enough for every reply of ours.  The largest small
 * part is CREATE's: mark and RPC header 28, status 4, handle 72, attributes
 * 88, wcc_data 116.
 */
#define XOUT_HEAD_MAX	1024u

/* Head, 34 pieces of READ data (1 MiB in chunks), padding; some to spare. */
#define XOUT_IOV_MAX	44u

struct xout {
	struct iovec	 iov[XOUT_IOV_MAX];	/* what is to be sent */
	unsigned	 niov;
	size_t		 total;		/* bytes in iov[], the mark included */
	uint8_t		*head;
	size_t		 head_cap;	/* bytes */
	size_t		 head_used;
	bool		 head_open;	/* the last piece ends at head_used */
	bool		 overflow;
};

void xout_init(struct xout *o, void *head, size_t cap);

/* False once anything did not fit. */
bool xout_ok(const struct xout *o);

/*
 * The next len bytes, a multiple of 4, to be filled in by the caller with
 * xout_at32() and xout_at64(); NULL: they do not fit.
 */
uint8_t *xout_room(struct xout *o, size_t len);

/* A number at p, big-endian; returns what is behind it. */
static inline uint8_t *
xout_at32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
	return p + 4;
}

static inline uint8_t *
xout_at64(uint8_t *p, uint64_t v)
{
	return xout_at32(xout_at32(p, (uint32_t)(v >> 32)), (uint32_t)v);
}

void xout_u32(struct xout *o, uint32_t v);
void xout_u64(struct xout *o, uint64_t v);
void xout_bool(struct xout *o, bool v);

/* opaque[len]: copied, padded, no length in front. */
void xout_fixed(struct xout *o, const void *data, uint32_t len);

/* opaque<> or string<>: length, copied bytes, padding. */
void xout_opaque(struct xout *o, const void *data, uint32_t len);

/*
 * The len bytes at data by reference: neither length nor padding, so that a
 * long opaque may be given in parts.  An empty part adds nothing.
 */
void xout_ref(struct xout *o, const void *data, size_t len);

/* The zeros that follow an opaque of len bytes: 0 to 3. */
void xout_pad(struct xout *o, size_t len);

/*
 * Record marking (RFC 5531 section 11): begin is the first call after init and
 * reserves the mark, end fills it in.  One record is one fragment.
 */
void xout_begin_record(struct xout *o);
void xout_end_record(struct xout *o);

/*
 * The record as one piece in buf: its length, or 0 if it is longer than cap or
 * did not fit into o.
 */
size_t xout_copy(const struct xout *o, void *buf, size_t cap);

#endif /* XDR_XOUT_H */
