/*
 * peer_darwin.c - the owner of a TCP socket from sysctl
 * net.inet.tcp.pcblist64 (macOS), which any user may read: a struct xinpgen,
 * a struct xtcpcb64 for each socket, another xinpgen.
 *
 * Strongest on macOS is an AF_LOCAL socket in a folder of mode 0700; see
 * SECURITY.md.  Compiled against declarations of ours of what it reads
 * (contrib/cross), never run; configure looks for struct xtcpcb64.
 */
#include "config.h"

#include <sys/param.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <netinet/in.h>
#include <netinet/in_systm.h>
#include <netinet/ip.h>
#include <netinet/in_pcb.h>
#include <netinet/tcp.h>
#include <netinet/tcp_fsm.h>
#include <netinet/tcp_timer.h>
#include <netinet/tcp_var.h>

#include <string.h>

#include "nfsd/peer.h"
#include "nfsd/peer_list.h"

static bool
has_end(const struct xinpcb64 *p, bool own, const struct sockaddr_storage *ss)
{
	size_t len;
	const uint8_t *a = peer_address(ss, &len);

	if ((own ? p->inp_lport : p->inp_fport) != htons(peer_port(ss)))
		return false;
	if (len == 4)
		return (p->inp_vflag & INP_IPV4) != 0 &&
		    memcmp(own ? &p->inp_laddr : &p->inp_faddr, a, 4) == 0;
	return (p->inp_vflag & INP_IPV6) != 0 &&
	    memcmp(own ? &p->in6p_laddr : &p->in6p_faddr, a, 16) == 0;
}

enum peer_answer
peer_find_tcp(struct peer_finder *f, const struct peer_ends *ends,
    uint32_t *uid)
{
	size_t len, at;
	const char *list = peer_list_read(f, "net.inet.tcp.pcblist64", &len);
	struct xinpgen head;
	struct xtcpcb64 t;

	if (len < sizeof(head))
		return PEER_UNABLE;
	memcpy(&head, list, sizeof(head));
	for (at = head.xig_len; at + sizeof(t) <= len; at += t.xt_len) {
		memcpy(&t, list + at, sizeof(t));
		if (t.xt_len < sizeof(t))
			break;
		if (!has_end(&t.xt_inpcb, true, &ends->theirs) ||
		    !has_end(&t.xt_inpcb, false, &ends->ours))
			continue;
		if (t.t_state != TCPS_ESTABLISHED ||
		    t.xt_inpcb.xi_socket.xso_so == 0)
			return PEER_CLOSED;
		*uid = (uint32_t)t.xt_inpcb.xi_socket.so_uid;
		return PEER_FOUND;
	}
	return PEER_ELSEWHERE;
}

bool
peer_is_whole(int fd)
{
	struct tcp_connection_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	return getsockopt(fd, IPPROTO_TCP, TCP_CONNECTION_INFO, &info,
	    &len) == 0 && info.tcpi_state == TCPS_ESTABLISHED;
}
