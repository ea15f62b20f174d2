/*
 * peer_linux.c - the owner of a TCP socket from NETLINK_SOCK_DIAG.
 *
 * One question names one socket by both ends, and the kernel looks it up in
 * its hash table while we are in send(): the answer is there when that
 * returns.  Any user may ask.  What the kernel fills in (net/ipv4/inet_diag.c)
 * is state, then uid, then inode; an orphan has neither, so an inode that is
 * there vouches for the uid before it.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nfsd/peer.h"

struct peer_finder {
	int		 nl;		/* -1: there is none */
	uint32_t	 seq;
	bool		 mapped;	/* in a namespace of users */
	uint32_t	 nobody;	/* there: whom it does not know */
};

struct question {
	struct nlmsghdr			nl;
	struct inet_diag_req_v2		req;
};

/*
 * In the namespace that everybody begins in, all ids are mapped to themselves.
 * Elsewhere those of outside all look like one, which so means nobody.
 */
static void
look_at_namespace(struct peer_finder *f)
{
	unsigned first, to, count;
	FILE *fp;

	if ((fp = fopen("/proc/self/uid_map", "re")) == NULL)
		return;
	f->mapped = fscanf(fp, "%u %u %u", &first, &to, &count) != 3 ||
	    first != 0 || to != 0 || count != UINT32_MAX;
	(void)fclose(fp);
	if ((fp = fopen("/proc/sys/kernel/overflowuid", "re")) == NULL)
		return;
	if (fscanf(fp, "%u", &first) == 1)
		f->nobody = first;
	(void)fclose(fp);
}

struct peer_finder *
peer_new(void)
{
	struct peer_finder *f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	f->nobody = 65534;
	look_at_namespace(f);
	f->nl = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_SOCK_DIAG);
	return f;
}

void
peer_free(struct peer_finder *f)
{
	if (f == NULL)
		return;
	if (f->nl != -1)
		(void)close(f->nl);
	free(f);
}

static void
set_end(uint32_t addr[4], uint16_t *port, const struct sockaddr_storage *ss)
{
	size_t len;
	const uint8_t *a = peer_address(ss, &len);

	memcpy(addr, a, len);
	*port = htons(peer_port(ss));
}

/* From where the peer stands, its own end is the source. */
static void
make_question(struct question *q, const struct peer_ends *ends, uint32_t seq)
{
	struct inet_diag_sockid *id = &q->req.id;
	struct sockaddr_in6 in6;

	memset(q, 0, sizeof(*q));
	q->nl.nlmsg_len = sizeof(*q);
	q->nl.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	q->nl.nlmsg_flags = NLM_F_REQUEST;
	q->nl.nlmsg_seq = seq;
	q->req.sdiag_family = (uint8_t)ends->ours.ss_family;
	q->req.sdiag_protocol = IPPROTO_TCP;
	q->req.idiag_states = UINT32_MAX;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	set_end(id->idiag_src, &id->idiag_sport, &ends->theirs);
	set_end(id->idiag_dst, &id->idiag_dport, &ends->ours);
	if (ends->ours.ss_family == AF_INET6) {
		memcpy(&in6, &ends->ours, sizeof(in6));
		id->idiag_if = in6.sin6_scope_id;
	}
}

static bool
ask(const struct peer_finder *f, const struct question *q)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return sendto(f->nl, q, sizeof(*q), 0, (struct sockaddr *)&kernel,
	    sizeof(kernel)) == (ssize_t)sizeof(*q);
}

/* The message that answers q; false: there is none. */
static bool
answer_to(const struct peer_finder *f, const struct question *q, void *buf,
    size_t cap)
{
	const struct nlmsghdr *nl = buf;
	struct sockaddr_nl from;
	socklen_t from_len;
	ssize_t n;

	for (;;) {
		from_len = sizeof(from);
		n = recvfrom(f->nl, buf, cap, 0, (struct sockaddr *)&from,
		    &from_len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n < (ssize_t)sizeof(*nl))
			return false;
		if (from_len == sizeof(from) && from.nl_pid == 0 &&
		    nl->nlmsg_len <= (size_t)n &&
		    nl->nlmsg_seq == q->nl.nlmsg_seq)
			return true;
	}
}

/* A listener may have been found in place of a connection. */
static bool
is_the_one(const struct inet_diag_msg *m, const struct question *q)
{
	const struct inet_diag_sockid *a = &m->id, *b = &q->req.id;
	size_t len = q->req.sdiag_family == AF_INET ? 4 : 16;

	return a->idiag_sport == b->idiag_sport &&
	    a->idiag_dport == b->idiag_dport &&
	    (m->idiag_family != q->req.sdiag_family ||
	    (memcmp(a->idiag_src, b->idiag_src, len) == 0 &&
	    memcmp(a->idiag_dst, b->idiag_dst, len) == 0));
}

static enum peer_answer
judge(const struct peer_finder *f, const struct inet_diag_msg *m,
    uint32_t *uid)
{
	if (m->idiag_state != TCP_ESTABLISHED || m->idiag_inode == 0)
		return PEER_CLOSED;
	if (f->mapped && m->idiag_uid == f->nobody)
		return PEER_ELSEWHERE;
	*uid = m->idiag_uid;
	return PEER_FOUND;
}

static enum peer_answer
find_by_netlink(struct peer_finder *f, const struct peer_ends *ends,
    uint32_t *uid)
{
	union {
		struct nlmsghdr	 nl;
		uint8_t		 raw[4096];
	} buf;
	struct nlmsgerr *err = NLMSG_DATA(&buf.nl);
	struct inet_diag_msg *m = NLMSG_DATA(&buf.nl);
	struct question q;

	make_question(&q, ends, ++f->seq);
	if (!ask(f, &q) || !answer_to(f, &q, &buf, sizeof(buf)))
		return PEER_UNABLE;
	if (buf.nl.nlmsg_type == NLMSG_ERROR &&
	    buf.nl.nlmsg_len >= NLMSG_LENGTH(sizeof(*err)))
		return err->error == -ENOENT ? PEER_ELSEWHERE : PEER_UNABLE;
	if (buf.nl.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    buf.nl.nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return PEER_UNABLE;
	return is_the_one(m, &q) ? judge(f, m, uid) : PEER_ELSEWHERE;
}

enum peer_answer
peer_find_tcp(struct peer_finder *f, const struct peer_ends *ends,
    uint32_t *uid)
{
	enum peer_answer a = PEER_UNABLE;

	if (f->nl != -1)
		a = find_by_netlink(f, ends, uid);
	if (a != PEER_UNABLE)
		return a;
	/* A kernel, or a sandbox around us, without sock_diag. */
	a = peer_proc_find(ends, uid);
	if (a == PEER_FOUND && f->mapped && *uid == f->nobody)
		a = PEER_ELSEWHERE;
	return a;
}

bool
peer_is_whole(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	    info.tcpi_state == TCP_ESTABLISHED;
}
