/*
 * rpcbind.c - registration by libtirpc (RFC 1833), the only user of it here, or
 * by a C library that has the same calls (FreeBSD, NetBSD).
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include <rpc/rpc.h>
#include <rpc/rpcb_clnt.h>

#include "base/verr.h"
#include "nfsd/rpcbind.h"

static const struct {
	rpcprog_t	 prog;
	const char	*name;
} programs[] = { { 100003, "NFS" }, { 100005, "MOUNT" } };

#define NPROGRAMS	(sizeof(programs) / sizeof(programs[0]))
#define VERSION		3

/* The loopback address at this port as libtirpc wants it. */
static void
address(struct sockaddr_storage *ss, struct netbuf *nb, uint16_t port,
    bool ip6)
{
	struct sockaddr_in6 *s6 = (void *)ss;
	struct sockaddr_in *s4 = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (ip6) {
		s6->sin6_family = AF_INET6;
		s6->sin6_port = htons(port);
		s6->sin6_addr = in6addr_loopback;
		nb->len = sizeof(*s6);
	} else {
		s4->sin_family = AF_INET;
		s4->sin_port = htons(port);
		s4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		nb->len = sizeof(*s4);
	}
	nb->maxlen = sizeof(*ss);
	nb->buf = ss;
}

/* Why program i could not be registered. */
static int
explain(struct netconfig *nc, size_t i, struct verr *e)
{
	char why[128], host[] = "localhost";
	struct sockaddr_storage ss;
	struct netbuf nb;

	(void)snprintf(why, sizeof(why), "%s", clnt_spcreateerror("rpcbind"));
	address(&ss, &nb, 0, strcmp(nc->nc_netid, "tcp6") == 0);
	if (rpcb_getaddr(programs[i].prog, VERSION, nc, &nb, host))
		return verr_fail(e, VERR_EXIST, "another server has "
		    "registered %s version 3 with rpcbind, for port %u: stop "
		    "it, or serve without --rpcbind", programs[i].name,
		    (unsigned)ntohs(((struct sockaddr_in *)(void *)&ss)
		    ->sin_port));
	return verr_fail(e, VERR_IO, "cannot register %s version 3 (%s): does "
	    "rpcbind run, and does it let this user register?",
	    programs[i].name, why);
}

static void
unset(struct netconfig *nc, size_t n)
{
	while (n-- > 0)
		(void)rpcb_unset(programs[n].prog, VERSION, nc);
}

/* Both programs for one transport. */
static int
set_on(const char *netid, uint16_t port, bool ip6, struct verr *e)
{
	struct sockaddr_storage ss;
	struct netconfig *nc;
	struct netbuf nb;
	size_t i;
	int rc = 0;

	if ((nc = getnetconfigent(netid)) == NULL)
		return verr_fail(e, VERR_IO, "cannot register with rpcbind: "
		    "/etc/netconfig has no %s", netid);
	address(&ss, &nb, port, ip6);
	for (i = 0; i < NPROGRAMS && rc == 0; i++)
		if (!rpcb_set(programs[i].prog, VERSION, nc, &nb)) {
			rc = explain(nc, i, e);
			unset(nc, i);
		}
	freenetconfigent(nc);
	return rc;
}

int
rpcbind_set(uint16_t port, bool ip6, struct verr *e)
{
	return set_on(ip6 ? "tcp6" : "tcp", port, ip6, e);
}

void
rpcbind_unset(bool ip6)
{
	struct netconfig *nc;

	if ((nc = getnetconfigent(ip6 ? "tcp6" : "tcp")) == NULL)
		return;
	unset(nc, NPROGRAMS);
	freenetconfigent(nc);
}
