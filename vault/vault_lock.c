/*
 * vault_lock.c - one server writes a vault, unless several agree.
 */
#include "config.h"

#include <errno.h>

#include "base/log.h"
#include "base/verr.h"
#include "vault/host.h"
#include "vault/vault.h"
#include "vault/vault_int.h"

int
vault_lock(struct vault *v, bool shared, struct verr *e)
{
	if (host_lock(v->root, shared) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return verr_fail(e, VERR_BUSY, "another vaultnfs on this host "
		    "writes to this vault");
	log_warn("the vault's storage has no locks: nothing keeps a second "
	    "server from writing to it");
	return 0;
}
