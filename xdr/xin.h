/*
 * xin.h - bounded reading of one RPC record (RFC 4506).
 *
 * Nothing is copied: strings and opaques are slices of the record, and live as
 * long as it does.  A function returns false when the record is too short, a
 * length is over its limit or a value is not one the type has; the reader is
 * failed from then on and every later call returns false too, so a decoder
 * may look once at its end.  What the out parameters hold after a failure is
 * not defined.
 *
 * No allocation, no locks; a reader has one user at a time.
 */
#ifndef XDR_XIN_H
#define XDR_XIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xin {
	const uint8_t	*p;
	const uint8_t	*end;
	bool		 failed;
};

struct slice {
	const char	*s;	/* not NUL-terminated; may hold NULs */
	uint32_t	 len;	/* bytes */
};

void xin_init(struct xin *in, const void *buf, size_t len);

bool xin_u32(struct xin *in, uint32_t *v);
bool xin_u64(struct xin *in, uint64_t *v);

/* A bool; values other than 0 and 1 fail (RFC 4506 section 4.4). */
bool xin_bool(struct xin *in, bool *v);

/* An enum or counter from 0 to max. */
bool xin_enum(struct xin *in, uint32_t max, uint32_t *v);

/* string<max> or opaque<max>, with its padding (of any value). */
bool xin_slice(struct xin *in, uint32_t max, struct slice *out);

/* opaque[n], copied to out, with its padding. */
bool xin_fixed(struct xin *in, void *out, uint32_t n);

/* Bytes not read yet; 0 after a failure. */
size_t xin_left(const struct xin *in);

/* True if all of the record was read and nothing failed. */
bool xin_done(const struct xin *in);

#endif /* XDR_XIN_H */
