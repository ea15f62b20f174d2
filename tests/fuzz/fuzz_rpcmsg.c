/*
 * fuzz_rpcmsg.c - headers of RPC calls.
 *
 * Whatever comes, the limits of RFC 5531 hold for what was decoded, and slices
 * lie inside the record.
 */
#include "config.h"

#include <stdlib.h>

#include "xdr/rpcmsg.h"

static bool
inside(const struct slice *s, const uint8_t *data, size_t size)
{
	const uint8_t *p = (const uint8_t *)s->s;

	if (p == NULL)
		return s->len == 0;
	return p >= data && p <= data + size &&
	    s->len <= (size_t)(data + size - p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum rpcmsg_result r;
	struct rpcmsg_call call;
	struct xin in;

	if (data == NULL)
		return 0;
	xin_init(&in, data, size);
	r = rpcmsg_call_decode(&in, &call);
	if (r == RPCMSG_OK || r == RPCMSG_UNKNOWN_FLAVOR) {
		if (call.rpcvers != 2 || call.ngids > RPCMSG_GIDS_MAX ||
		    call.machine.len > RPCMSG_MACHINE_MAX ||
		    call.verf.len > RPCMSG_AUTH_MAX ||
		    !inside(&call.machine, data, size) ||
		    !inside(&call.verf, data, size))
			abort();
		if ((r == RPCMSG_OK) != (call.flavor <= RPCMSG_AUTH_SYS))
			abort();
		if (in.failed)
			abort();
	}
	return 0;
}
