/*
 * loop_listen.c - sockets that listen: made, or taken from others.
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/loop.h"

#define BACKLOG		1024	/* who waits while others are refused */

static int
open_listener(const struct addrinfo *ai)
{
	int fd, on = 1, flags, saved;

	if ((fd = socket(ai->ai_family, ai->ai_socktype, 0)) == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
		    sizeof(on));
	if ((flags = fcntl(fd, F_GETFL)) != -1 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != -1 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static int
bound_port(int fd, uint16_t *port)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	if (ss.ss_family == AF_INET6)
		*port = ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	else
		*port = ntohs(((struct sockaddr_in *)&ss)->sin_port);
	return 0;
}

/* fd is the loop's, also after a failure. */
static int
take_listener(struct loop *l, int fd, uint16_t *bound, struct verr *e)
{
	if (bound_port(fd, bound) == -1)
		(void)verr_sys(e, "cannot tell the port of a listener");
	else if (loop_watch(l, fd, e) == 0)
		return 0;
	(void)close(fd);
	return -1;
}

int
loop_socket(const char *addr, uint16_t port, struct verr *e)
{
	struct addrinfo hints, *ai;
	char service[8];
	int fd;

	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	(void)snprintf(service, sizeof(service), "%u", (unsigned)port);
	if (getaddrinfo(addr, service, &hints, &ai) != 0)
		return verr_fail(e, VERR_INVAL, "%s: not a numeric address",
		    addr);
	fd = open_listener(ai);
	freeaddrinfo(ai);
	if (fd == -1)
		(void)verr_sys(e, "cannot listen on %s port %u", addr,
		    (unsigned)port);
	return fd;
}

int
loop_listen(struct loop *l, const char *addr, uint16_t port, uint16_t *bound,
    struct verr *e)
{
	int fd = loop_socket(addr, port, e);

	return fd == -1 ? -1 : take_listener(l, fd, bound, e);
}

int
loop_listen_on(struct loop *l, int fd, uint16_t *bound, struct verr *e)
{
	int listening = 0, flags;
	socklen_t len = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
	    &len) == -1 || !listening) {
		(void)close(fd);
		return verr_fail(e, VERR_INVAL, "descriptor %d is no socket "
		    "that listens", fd);
	}
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		(void)verr_sys(e, "cannot set flags of descriptor %d", fd);
		(void)close(fd);
		return -1;
	}
	return take_listener(l, fd, bound, e);
}
