/*
 * peer_openbsd.c - the owner of a TCP socket from sysctl net.inet.tcp.ident,
 * which is there for identd and answers for one socket.  Any user may ask.
 * Compiled against OpenBSD's headers, never run.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <netinet/in.h>
#include <netinet/ip_var.h>
#include <netinet/tcp.h>
#include <netinet/tcp_fsm.h>
#include <netinet/tcp_timer.h>
#include <netinet/tcp_var.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nfsd/peer.h"

struct peer_finder {
	char	nothing;
};

struct peer_finder *
peer_new(void)
{
	return calloc(1, sizeof(struct peer_finder));
}

void
peer_free(struct peer_finder *f)
{
	free(f);
}

enum peer_answer
peer_find_tcp(struct peer_finder *f, const struct peer_ends *ends,
    uint32_t *uid)
{
	const int mib[] = { CTL_NET, PF_INET, IPPROTO_TCP, TCPCTL_IDENT };
	struct tcp_ident_mapping m;
	size_t len = sizeof(m);

	(void)f;
	memset(&m, 0, sizeof(m));
	m.laddr = ends->theirs;
	m.faddr = ends->ours;
	if (sysctl(mib, 4, &m, &len, NULL, 0) == -1)
		return errno == ENOENT || errno == ESRCH ? PEER_ELSEWHERE :
		    PEER_UNABLE;
	if (m.ruid == -1 || m.euid == -1)
		return PEER_ELSEWHERE;
	/* of a set-user-id program: the less that can be borrowed */
	*uid = m.ruid != 0 ? (uint32_t)m.ruid : (uint32_t)m.euid;
	return PEER_FOUND;
}

bool
peer_is_whole(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	    info.tcpi_state == TCPS_ESTABLISHED;
}
