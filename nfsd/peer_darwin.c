/*
 * peer_darwin.c - the owner of a TCP socket from sysctl
 * net.inet.tcp.pcblist64 (macOS), which any user may read: a struct xinpgen,
 * a struct xtcpcb64 for each socket, another xinpgen.
 *
 * Strongest on macOS is an AF_LOCAL socket in a folder of mode 0700; see
 * SECURITY.md.  Not even compiled where this was written, for want of the
 * system's headers: configure looks whether struct xtcpcb64 is there.
 */
#include "config.h"

#include <sys/param.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <netinet/in.h>
#include <netinet/in_systm.h>
#include <netinet/ip.h>
#include <netinet/in_pcb.h>
#include <netinet/tcp.h>
#include <netinet/tcp_fsm.h>
#include <netinet/tcp_timer.h>
#include <netinet/tcp_var.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nfsd/peer.h"

#define LIST_MAX	(32u * 1024 * 1024)	/* bytes; 60,000 sockets */

struct peer_finder {
	void	*buf;
	size_t	 cap;
};

struct peer_finder *
peer_new(void)
{
	return calloc(1, sizeof(struct peer_finder));
}

void
peer_free(struct peer_finder *f)
{
	if (f == NULL)
		return;
	free(f->buf);
	free(f);
}

/* The list into f->buf; its length, 0 if it cannot be had. */
static size_t
get_list(struct peer_finder *f)
{
	size_t len = f->cap;
	void *buf;

	while (f->buf == NULL || sysctlbyname("net.inet.tcp.pcblist64", f->buf,
	    &len, NULL, 0) == -1) {
		if ((f->buf != NULL && errno != ENOMEM) ||
		    f->cap >= LIST_MAX)
			return 0;
		len = f->cap == 0 ? 64 * 1024 : f->cap * 2;
		if ((buf = realloc(f->buf, len)) == NULL)
			return 0;
		f->buf = buf;
		f->cap = len;
	}
	return len;
}

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
	size_t len = get_list(f), at;
	const char *list = f->buf;
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
