#include "config.h"

#include <string.h>

#include "xdr/xout.h"

#define MARK_LAST	0x80000000u	/* RFC 5531 section 11 */
#define MARK_LEN_MAX	0x7fffffffu

static const uint8_t zeros[4];

void
xout_init(struct xout *o, void *head, size_t cap)
{
	/* iov[] past niov is never looked at, and clearing it would cost. */
	o->niov = 0;
	o->total = 0;
	o->head = head;
	o->head_cap = cap;
	o->head_used = 0;
	o->head_open = false;
	o->overflow = false;
}

bool
xout_ok(const struct xout *o)
{
	return !o->overflow;
}

/* One more piece of the list. */
static bool
add_piece(struct xout *o, const void *data, size_t len)
{
	if (o->overflow || o->niov == XOUT_IOV_MAX) {
		o->overflow = true;
		return false;
	}
	/* writev() does not write there; its type is shared with readv(). */
	o->iov[o->niov].iov_base = (void *)(uintptr_t)data;
	o->iov[o->niov].iov_len = len;
	o->niov++;
	o->total += len;
	return true;
}

/* n more bytes of the head, or NULL. */
static uint8_t *
grow_head(struct xout *o, size_t n)
{
	uint8_t *p = o->head + o->head_used;

	if (o->overflow || n > o->head_cap - o->head_used) {
		o->overflow = true;
		return NULL;
	}
	if (o->head_open) {
		o->iov[o->niov - 1].iov_len += n;
		o->total += n;
	} else if (!add_piece(o, p, n)) {
		return NULL;
	}
	o->head_open = true;
	o->head_used += n;
	return p;
}

uint8_t *
xout_room(struct xout *o, size_t len)
{
	return grow_head(o, len);
}

void
xout_u32(struct xout *o, uint32_t v)
{
	uint8_t *p;

	if ((p = grow_head(o, 4)) != NULL)
		(void)xout_at32(p, v);
}

void
xout_u64(struct xout *o, uint64_t v)
{
	uint8_t *p;

	if ((p = grow_head(o, 8)) == NULL)
		return;
	(void)xout_at64(p, v);
}

void
xout_bool(struct xout *o, bool v)
{
	xout_u32(o, v ? 1 : 0);
}

void
xout_fixed(struct xout *o, const void *data, uint32_t len)
{
	size_t pad = -len & 3;
	uint8_t *p;

	if (len == 0)
		return;
	/* On its own first: with pad it could wrap around. */
	if (len > o->head_cap) {
		o->overflow = true;
		return;
	}
	if ((p = grow_head(o, len + pad)) == NULL)
		return;
	memcpy(p, data, len);
	memset(p + len, 0, pad);
}

void
xout_opaque(struct xout *o, const void *data, uint32_t len)
{
	xout_u32(o, len);
	xout_fixed(o, data, len);
}

void
xout_ref(struct xout *o, const void *data, size_t len)
{
	if (len > 0 && add_piece(o, data, len))
		o->head_open = false;
}

void
xout_pad(struct xout *o, size_t len)
{
	xout_ref(o, zeros, -len & 3);
}

void
xout_begin_record(struct xout *o)
{
	xout_u32(o, 0);
}

void
xout_end_record(struct xout *o)
{
	size_t len = o->total - 4;

	/* Without a mark in front total is short, and the length wraps. */
	if (o->overflow || len > MARK_LEN_MAX) {
		o->overflow = true;
		return;
	}
	(void)xout_at32(o->head, MARK_LAST | (uint32_t)len);
}

size_t
xout_copy(const struct xout *o, void *buf, size_t cap)
{
	uint8_t *p = buf;
	unsigned i;

	if (o->overflow || o->total > cap)
		return 0;
	for (i = 0; i < o->niov; i++) {
		memcpy(p, o->iov[i].iov_base, o->iov[i].iov_len);
		p += o->iov[i].iov_len;
	}
	return o->total;
}
