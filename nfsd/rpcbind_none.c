/*
 * rpcbind_none.c - built without a way to register.
 */
#include "config.h"

#include "base/verr.h"
#include "nfsd/rpcbind.h"

int
rpcbind_set(uint16_t port, bool ip6, struct verr *e)
{
	(void)port;
	(void)ip6;
	return verr_fail(e, VERR_UNSUPPORTED, "this vaultnfs was built without "
	    "rpcbind: mount with port= and mountport= instead");
}

void
rpcbind_unset(bool ip6)
{
	(void)ip6;
}
