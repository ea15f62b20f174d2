/*
 * rpcbind_pmap.c - registration by version 2 of the protocol (RFC 1833, section
 * 3), which is what OpenBSD and macOS have in their C library.  It knows IPv4
 * only.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <rpc/rpc.h>
#include <rpc/pmap_clnt.h>

#include "base/verr.h"
#include "nfsd/rpcbind.h"

#define NFS_PROGRAM	100003
#define MOUNT_PROGRAM	100005
#define VERSION		3

int
rpcbind_set(uint16_t port, bool ip6, struct verr *e)
{
	if (ip6)
		return verr_fail(e, VERR_UNSUPPORTED, "this system's portmap "
		    "knows no IPv6: mount with port= and mountport= instead");
	if (!pmap_set(NFS_PROGRAM, VERSION, IPPROTO_TCP, port))
		return verr_fail(e, VERR_IO, "cannot register NFS version 3: "
		    "does portmap run, has another server registered it, and "
		    "does it let this user register?");
	if (pmap_set(MOUNT_PROGRAM, VERSION, IPPROTO_TCP, port))
		return 0;
	(void)pmap_unset(NFS_PROGRAM, VERSION);
	return verr_fail(e, VERR_IO, "cannot register MOUNT version 3: has "
	    "another server registered it?");
}

void
rpcbind_unset(bool ip6)
{
	if (ip6)
		return;
	(void)pmap_unset(MOUNT_PROGRAM, VERSION);
	(void)pmap_unset(NFS_PROGRAM, VERSION);
}
