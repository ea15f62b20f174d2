/*
 * cmd_listen.c - where a server is to listen.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <netdb.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nfsd/cmd.h"
#include "nfsd/cmd_listen.h"

/* [::1] may have its brackets. */
static enum cmd_exit
check_address(const struct cmd_call *call, const char *given,
    struct cmd_listen *l)
{
	size_t len = strlen(given);
	struct in6_addr a6;
	struct in_addr a4;

	if (given[0] == '[' && len > 2 && given[len - 1] == ']') {
		given++;
		len -= 2;
	}
	(void)snprintf(l->addr, sizeof(l->addr), "%.*s", (int)len, given);
	if (inet_pton(AF_INET, l->addr, &a4) == 1) {
		l->ip6 = false;
		l->loopback = ntohl(a4.s_addr) >> 24 == 127;
	} else if (inet_pton(AF_INET6, l->addr, &a6) == 1) {
		l->ip6 = true;
		l->loopback = IN6_IS_ADDR_LOOPBACK(&a6);
	} else {
		return cmd_usage(call, "--listen %s: not a numeric address",
		    l->addr);
	}
	return CMD_DONE;
}

/*
 * A socket from whoever started us, as systemd gives it (sd_listen_fds(3)): it
 * outlives us, so that clients wait in its queue while one server makes way
 * for the next.  l->fd is -1 if there is none.
 */
static enum cmd_exit
given_socket(const struct cmd_call *call, struct cmd_listen *l)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(ss);
	char text[64];

	l->fd = -1;
	if (pid == NULL || n == NULL || atol(pid) != (long)getpid())
		return CMD_DONE;
	if (strcmp(n, "1") != 0)
		return cmd_usage(call, "LISTEN_FDS=%s: one socket is taken",
		    n);
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	l->fd = 3;
	/* no password command is to inherit it */
	if (fcntl(l->fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    getsockname(l->fd, (struct sockaddr *)&ss, &len) == -1 ||
	    getnameinfo((struct sockaddr *)&ss, len, text, sizeof(text), NULL,
	    0, NI_NUMERICHOST) != 0)
		return cmd_usage(call, "LISTEN_FDS: descriptor 3 is no "
		    "internet socket");
	return check_address(call, text, l);
}

enum cmd_exit
cmd_listen_find(const struct cmd_call *call, const char *given,
    struct cmd_listen *l)
{
	enum cmd_exit rc = given_socket(call, l);

	if (rc == CMD_DONE && l->fd == -1)
		rc = check_address(call, given, l);
	return rc;
}
