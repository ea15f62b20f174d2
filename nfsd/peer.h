/*
 * peer.h - which user's is the other end of a connection?
 *
 * A socket knows its owner, and the system tells it to anyone who can name the
 * socket: by both addresses and ports for TCP on this host, by our own
 * descriptor for AF_LOCAL.  Each system has its own way, and its own file:
 *
 *	peer_linux.c	NETLINK_SOCK_DIAG (sock_diag(7)); if that is not
 *			there, peer_proc.c: /proc/net/tcp and tcp6
 *	peer_freebsd.c	sysctl net.inet.tcp.pcblist
 *	peer_darwin.c	sysctl net.inet.tcp.pcblist64
 *	peer_openbsd.c	sysctl net.inet.tcp.ident
 *	peer_none.c	cannot tell; who has a reserved port is root
 *
 * Traps, all of them tested: a socket that its owner has closed shows uid 0
 * on Linux, while what it sent can still be read.  So a peer is believed only
 * if it is ESTABLISHED and still has an inode; and since its place could be
 * taken by another socket with the same addresses, our own end must be
 * ESTABLISHED after that was seen.  Who has half closed is refused as well.
 *
 * The kernel's NFS client on Linux has a socket with an inode and uid 0.
 *
 * Threads: a finder has one user at a time.  Looking takes some 10 us and never
 * waits for the peer.
 */
#ifndef NFSD_PEER_H
#define NFSD_PEER_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum peer_answer {
	PEER_FOUND,
	PEER_CLOSED,		/* it was closed, or half closed, already */
	PEER_ELSEWHERE,		/* no such socket can be seen from here */
	PEER_UNABLE,		/* this system does not tell */
};

/* Both ends of a connection as our end names them. */
struct peer_ends {
	struct sockaddr_storage	ours, theirs;
	bool			local;		/* AF_LOCAL: no addresses */
};

struct peer_finder;

struct peer_finder *peer_new(void);		/* NULL: no memory */
void peer_free(struct peer_finder *f);		/* NULL is ignored */

/*
 * The ends of a connected stream socket; IPv4 in IPv6's form becomes IPv4.
 * false: it is not connected (any more), or of no family that we serve.
 */
bool peer_ends_of(int fd, struct peer_ends *ends);

/* Whose is the other end?  *uid is set if PEER_FOUND.  Any family. */
enum peer_answer peer_find(struct peer_finder *f, int fd,
    const struct peer_ends *ends, uint32_t *uid);

/* Port in host order; 0 for AF_LOCAL. */
uint16_t peer_port(const struct sockaddr_storage *ss);

/* The bytes of an internet address, 4 or 16; 0 and NULL for others. */
const uint8_t *peer_address(const struct sockaddr_storage *ss, size_t *len);

/* True for the loopback network. */
bool peer_is_loopback(const struct sockaddr_storage *ss);

/* True for an address of this host, loopback among them. */
bool peer_is_here(const struct sockaddr_storage *ss);

/* -- for peer*.c and their tests */

/* The system's own way for TCP; our end has not been looked at yet. */
enum peer_answer peer_find_tcp(struct peer_finder *f,
    const struct peer_ends *ends, uint32_t *uid);

/* False if our end is known not to be ESTABLISHED (any more). */
bool peer_is_whole(int fd);

/* Linux: the same from /proc/net/tcp and tcp6, of which so much is read. */
#define PEER_PROC_MAX	(8u * 1024 * 1024)	/* bytes; 50,000 sockets */
enum peer_answer peer_proc_find(const struct peer_ends *ends, uint32_t *uid);

#endif /* NFSD_PEER_H */
