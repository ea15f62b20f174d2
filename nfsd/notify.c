/*
 * notify.c - the protocol of sd_notify(3).
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "nfsd/notify.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL	0	/* a datagram socket raises none */
#endif

/* A path, or with '@' an abstract name; the length, 0: it is neither. */
static socklen_t
address_of(const char *name, struct sockaddr_un *un)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(un->sun_path))
		return 0;
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, name, len);
	if (name[0] == '/')
		return (socklen_t)sizeof(*un);
	un->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int
connect_to(const char *name)
{
	struct sockaddr_un un;
	socklen_t len;
	int fd, flags, saved;

	if ((len = address_of(name, &un)) == 0) {
		errno = EINVAL;
		return -1;
	}
	if ((fd = socket(AF_UNIX, SOCK_DGRAM, 0)) == -1)
		return -1;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != -1 &&
	    (flags = fcntl(fd, F_GETFL)) != -1 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1 &&
	    connect(fd, (const struct sockaddr *)&un, len) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

int
notify_open(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int fd;

	if (name == NULL)
		return -1;
	if ((fd = connect_to(name)) == -1)
		log_warn("NOTIFY_SOCKET: %s", strerror(errno));
	(void)unsetenv("NOTIFY_SOCKET");
	return fd;
}

void
notify_close(int fd)
{
	if (fd != -1)
		(void)close(fd);
}

void
notify_say(int fd, const char *lines)
{
	if (fd != -1 && send(fd, lines, strlen(lines), MSG_NOSIGNAL) == -1)
		log_debug("NOTIFY_SOCKET: %s", strerror(errno));
}

unsigned
notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	unsigned long long us;
	char *end;

	if (usec == NULL || (pid != NULL && atol(pid) != (long)getpid()))
		return 0;
	us = strtoull(usec, &end, 10);
	if (*end != '\0' || end == usec || us == 0 || us > 86400000000ull)
		return 0;
	return us < 2000 ? 1 : (unsigned)(us / 2000);
}
