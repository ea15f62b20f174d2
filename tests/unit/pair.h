/*
 * pair.h - both ends of a TCP connection on loopback, in one process or two.
 */
#ifndef TESTS_UNIT_PAIR_H
#define TESTS_UNIT_PAIR_H

#include <sys/types.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define PAIR_OTHER	12345u	/* a user that owns nothing here */

struct pair {
	int	listener, client, server;
};

/* Be this user for good. */
static inline void
pair_become(uint32_t uid)
{
	if (setgroups(0, NULL) != 0 || setgid((gid_t)uid) != 0 ||
	    setuid((uid_t)uid) != 0)
		_exit(99);
}

/* The address as a socket of its family has it; its length, 0: none. */
static inline socklen_t
pair_address(struct sockaddr_storage *ss, const char *text, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		in.sin_port = htons(port);
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	}
	if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
		return 0;
	in6.sin6_port = htons(port);
	memcpy(ss, &in6, sizeof(in6));
	return sizeof(in6);
}

/* "::" takes IPv4 as well. */
static inline bool
pair_listen(struct pair *p, const char *at, uint16_t *port)
{
	struct sockaddr_storage ss;
	socklen_t len = pair_address(&ss, at, 0);
	int off = 0;

	p->client = p->server = -1;
	p->listener = socket(ss.ss_family, SOCK_STREAM, 0);
	if (p->listener == -1)
		return false;
	if (ss.ss_family == AF_INET6)
		(void)setsockopt(p->listener, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off));
	if (bind(p->listener, (struct sockaddr *)&ss, len) != 0 ||
	    listen(p->listener, 64) != 0 ||
	    getsockname(p->listener, (struct sockaddr *)&ss, &len) != 0) {
		(void)close(p->listener);
		return false;
	}
	*port = ntohs(ss.ss_family == AF_INET6 ?
	    ((struct sockaddr_in6 *)&ss)->sin6_port :
	    ((struct sockaddr_in *)&ss)->sin_port);
	return true;
}

static inline int
pair_connect(int family, const char *to, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = pair_address(&ss, to, port);
	int fd;

	if ((fd = socket(family, SOCK_STREAM, 0)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static inline bool
pair_open(struct pair *p, int family, const char *to, const char *at)
{
	uint16_t port;

	if (!pair_listen(p, at, &port))
		return false;
	p->client = pair_connect(family,
	    strcmp(at, "::") == 0 || strchr(to, ':') != NULL ? to : at, port);
	if (p->client != -1 &&
	    (p->server = accept(p->listener, NULL, NULL)) != -1)
		return true;
	(void)close(p->client);
	(void)close(p->listener);
	return false;
}

static inline void
pair_close(const struct pair *p)
{
	if (p->client != -1)
		(void)close(p->client);
	(void)close(p->server);
	(void)close(p->listener);
}

#endif /* TESTS_UNIT_PAIR_H */
