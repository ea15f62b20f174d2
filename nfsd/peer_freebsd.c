/*
 * peer_freebsd.c - the owner of a TCP socket from sysctl net.inet.tcp.pcblist.
 *
 * The whole list is read (some 600 bytes for each socket of the host), since
 * net.inet.tcp.getcred, which answers for one, is root's.  Sockets that this
 * user may not see (security.bsd.see_other_uids) are not in it, so their owners
 * are refused.  Compiled against FreeBSD 14's headers, never run.
 */
#include "config.h"

#include <sys/param.h>
#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/tcp.h>
#include <netinet/tcp_fsm.h>
#include <netinet/tcp_var.h>

#include <string.h>

#include "nfsd/peer.h"
#include "nfsd/peer_list.h"

/* A socket of IPv6 may be the end of a connection of IPv4. */
static bool
has_end(const struct xinpcb *p, bool own, const struct sockaddr_storage *ss)
{
	const struct in_endpoints *ie = &p->inp_inc.inc_ie;
	size_t len;
	const uint8_t *a = peer_address(ss, &len);

	if ((own ? ie->ie_lport : ie->ie_fport) != htons(peer_port(ss)))
		return false;
	if (len == 4)
		return (p->inp_vflag & INP_IPV4) != 0 &&
		    memcmp(own ? &ie->ie_laddr : &ie->ie_faddr, a, 4) == 0;
	return (p->inp_vflag & INP_IPV6) != 0 &&
	    memcmp(own ? &ie->ie6_laddr : &ie->ie6_faddr, a, 16) == 0;
}

enum peer_answer
peer_find_tcp(struct peer_finder *f, const struct peer_ends *ends,
    uint32_t *uid)
{
	size_t len, at = sizeof(struct xinpgen);
	const char *list = peer_list_read(f, "net.inet.tcp.pcblist", &len);
	struct xtcpcb t;

	if (len == 0)
		return PEER_UNABLE;
	for (; at + sizeof(t) <= len; at += (size_t)t.xt_len) {
		memcpy(&t, list + at, sizeof(t));
		if (t.xt_len < sizeof(t))
			break;
		if (!has_end(&t.xt_inp, true, &ends->theirs) ||
		    !has_end(&t.xt_inp, false, &ends->ours))
			continue;
		/* one that was closed has no socket any more */
		if (t.t_state != TCPS_ESTABLISHED ||
		    t.xt_inp.xi_socket.xso_so == 0)
			return PEER_CLOSED;
		*uid = (uint32_t)t.xt_inp.xi_socket.so_uid;
		return PEER_FOUND;
	}
	return PEER_ELSEWHERE;
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
