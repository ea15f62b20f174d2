#include "config.h"

#include <string.h>

#include "xdr/xin.h"

void
xin_init(struct xin *in, const void *buf, size_t len)
{
	in->p = buf;
	in->end = in->p + len;
	in->failed = false;
}

/* The next n bytes of the record, or NULL; n is never rounded here. */
static const uint8_t *
take(struct xin *in, size_t n)
{
	const uint8_t *p = in->p;

	if (in->failed || n > (size_t)(in->end - in->p)) {
		in->failed = true;
		return NULL;
	}
	in->p += n;
	return p;
}

bool
xin_u32(struct xin *in, uint32_t *v)
{
	const uint8_t *p;

	if ((p = take(in, 4)) == NULL)
		return false;
	*v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
	return true;
}

bool
xin_u64(struct xin *in, uint64_t *v)
{
	uint32_t hi, lo;

	if (!xin_u32(in, &hi) || !xin_u32(in, &lo))
		return false;
	*v = (uint64_t)hi << 32 | lo;
	return true;
}

bool
xin_enum(struct xin *in, uint32_t max, uint32_t *v)
{
	if (!xin_u32(in, v))
		return false;
	if (*v > max)
		in->failed = true;
	return !in->failed;
}

bool
xin_bool(struct xin *in, bool *v)
{
	uint32_t n;

	if (!xin_enum(in, 1, &n))
		return false;
	*v = n == 1;
	return true;
}

bool
xin_slice(struct xin *in, uint32_t max, struct slice *out)
{
	const uint8_t *p;
	uint32_t len;

	if (!xin_enum(in, max, &len))
		return false;
	/* Two steps: rounding len up first could wrap around. */
	if ((p = take(in, len)) == NULL || take(in, -len & 3) == NULL)
		return false;
	out->s = (const char *)p;
	out->len = len;
	return true;
}

bool
xin_fixed(struct xin *in, void *out, uint32_t n)
{
	const uint8_t *p;

	if ((p = take(in, n)) == NULL || take(in, -n & 3) == NULL)
		return false;
	memcpy(out, p, n);
	return true;
}

size_t
xin_left(const struct xin *in)
{
	return in->failed ? 0 : (size_t)(in->end - in->p);
}

bool
xin_done(const struct xin *in)
{
	return !in->failed && in->p == in->end;
}
