/*
 * peer.c - which user's is the other end of a connection?  What all systems
 * have in common.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <string.h>
#include <unistd.h>

#include "nfsd/peer.h"

/* A dual-stack socket has ::ffff:a.b.c.d for what is IPv4 on the wire. */
static void
to_ip4(struct sockaddr_storage *ss)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (ss->ss_family != AF_INET6)
		return;
	memcpy(&in6, ss, sizeof(in6));
	if (!IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		return;
	memset(&in, 0, sizeof(in));
#ifdef HAVE_STRUCT_SOCKADDR_IN_SIN_LEN
	in.sin_len = sizeof(in);
#endif
	in.sin_family = AF_INET;
	in.sin_port = in6.sin6_port;
	memcpy(&in.sin_addr, in6.sin6_addr.s6_addr + 12, 4);
	memset(ss, 0, sizeof(*ss));
	memcpy(ss, &in, sizeof(in));
}

bool
peer_ends_of(int fd, struct peer_ends *ends)
{
	socklen_t len = sizeof(ends->ours), their_len = sizeof(ends->theirs);

	memset(ends, 0, sizeof(*ends));
	if (getsockname(fd, (struct sockaddr *)&ends->ours, &len) == -1 ||
	    getpeername(fd, (struct sockaddr *)&ends->theirs,
	    &their_len) == -1)
		return false;
	/* NetBSD and Darwin name no family for an unbound AF_LOCAL peer. */
	if (ends->ours.ss_family == AF_LOCAL ||
	    ends->theirs.ss_family == AF_LOCAL) {
		ends->local = true;
		return true;
	}
	to_ip4(&ends->ours);
	to_ip4(&ends->theirs);
	return ends->ours.ss_family == ends->theirs.ss_family &&
	    (ends->ours.ss_family == AF_INET ||
	    ends->ours.ss_family == AF_INET6);
}

uint16_t
peer_port(const struct sockaddr_storage *ss)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (ss->ss_family == AF_INET) {
		memcpy(&in, ss, sizeof(in));
		return ntohs(in.sin_port);
	}
	if (ss->ss_family != AF_INET6)
		return 0;
	memcpy(&in6, ss, sizeof(in6));
	return ntohs(in6.sin6_port);
}

const uint8_t *
peer_address(const struct sockaddr_storage *ss, size_t *len)
{
	const uint8_t *raw = (const uint8_t *)ss;

	*len = 0;
	if (ss->ss_family == AF_INET) {
		*len = 4;
		return raw + offsetof(struct sockaddr_in, sin_addr);
	}
	if (ss->ss_family != AF_INET6)
		return NULL;
	*len = 16;
	return raw + offsetof(struct sockaddr_in6, sin6_addr);
}

bool
peer_is_loopback(const struct sockaddr_storage *ss)
{
	static const uint8_t one[16] = { [15] = 1 };
	size_t len;
	const uint8_t *a = peer_address(ss, &len);

	return (len == 4 && a[0] == 127) ||
	    (len == 16 && memcmp(a, one, 16) == 0);
}

/* Only an address of this host can be bound to. */
bool
peer_is_here(const struct sockaddr_storage *ss)
{
	struct sockaddr_storage any = *ss;
	socklen_t len;
	bool here;
	int fd;

	if (peer_is_loopback(ss))
		return true;
	if (any.ss_family == AF_INET) {
		((struct sockaddr_in *)&any)->sin_port = 0;
		len = sizeof(struct sockaddr_in);
	} else {
		((struct sockaddr_in6 *)&any)->sin6_port = 0;
		len = sizeof(struct sockaddr_in6);
	}
	/* UDP: no port of TCP is used up.  Out of descriptors: say yes. */
	if ((fd = socket(any.ss_family, SOCK_DGRAM, 0)) == -1)
		return true;
	here = bind(fd, (struct sockaddr *)&any, len) == 0;
	(void)close(fd);
	return here;
}

static enum peer_answer
find_local(int fd, uint32_t *uid)
{
#if defined(__linux__)
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
		*uid = cred.uid;
		return PEER_FOUND;
	}
#elif defined(HAVE_GETPEEREID)
	uid_t u;
	gid_t g;

	if (getpeereid(fd, &u, &g) == 0) {
		*uid = (uint32_t)u;
		return PEER_FOUND;
	}
#else
	(void)fd;
	(void)uid;
#endif
	return PEER_UNABLE;
}

enum peer_answer
peer_find(struct peer_finder *f, int fd, const struct peer_ends *ends,
    uint32_t *uid)
{
	enum peer_answer a;

	if (ends->local)
		return find_local(fd, uid);
	a = peer_find_tcp(f, ends, uid);
	if (a == PEER_FOUND && !peer_is_whole(fd))
		a = PEER_CLOSED;
	return a;
}
