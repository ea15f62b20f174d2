/*
 * cmd_serve_life.c - vaultnfs serve tells of itself: to systemd (notify.h), and
 * over HTTP (metrics.h).
 */
#include "config.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd_serve.h"
#include "nfsd/loop.h"
#include "nfsd/notify.h"

/* -- systemd */

static void
alive(void *ctx)
{
	const struct serve *s = ctx;

	notify_say(s->notify, "WATCHDOG=1");
}

static void
stopping(void *ctx)
{
	const struct serve *s = ctx;

	notify_say(s->notify, "STOPPING=1\nSTATUS=Writing what is left");
}

int
cmd_serve_live(struct serve *s, struct server *srv, struct verr *e)
{
	const struct server_life life = {
		.alive = alive, .stopping = stopping, .ctx = s,
		.alive_ms = s->notify == -1 ? 0 : notify_watchdog_ms()
	};

	if (s->notify == -1)
		return 0;
	return server_life(srv, &life, e);
}

void
cmd_serve_say_ready(const struct serve *s)
{
	char text[160];

	(void)snprintf(text, sizeof(text), s->at.ip6 ?
	    "READY=1\nSTATUS=Serving %d of %d vaults on [%s]:%u" :
	    "READY=1\nSTATUS=Serving %d of %d vaults on %s:%u", s->n, s->n,
	    s->at.addr, (unsigned)s->port);
	notify_say(s->notify, text);
}

/* -- metrics */

/* "127.0.0.1:9049" or "[::1]:9049" into s->metrics_at and port. */
static bool
split(const char *text, struct serve *s)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	struct in6_addr a6;
	struct in_addr a4;
	unsigned long port;
	char *end;

	if (len < 2 || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port > 65535)
		return false;
	s->metrics_port = (uint16_t)port;
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(s->metrics_at))
		return false;
	memcpy(s->metrics_at, text, len);
	s->metrics_at[len] = '\0';
	if (inet_pton(AF_INET, s->metrics_at, &a4) == 1)
		s->metrics_far = ntohl(a4.s_addr) >> 24 != 127;
	else if (inet_pton(AF_INET6, s->metrics_at, &a6) == 1)
		s->metrics_far = !IN6_IS_ADDR_LOOPBACK(&a6);
	else
		return false;
	return true;
}

enum cmd_exit
cmd_serve_metrics(const struct cmd_call *call, struct serve *s)
{
	if (s->args->metrics == NULL)
		return CMD_DONE;
	if (!split(s->args->metrics, s))
		return cmd_usage(call, "--metrics %s: must be a numeric "
		    "address and a port, as 127.0.0.1:9049", s->args->metrics);
	if (s->metrics_far && s->gate.o.nnets == 0)
		return cmd_usage(call, "--metrics %s: other hosts could "
		    "connect; --allow says which may", s->args->metrics);
	return CMD_DONE;
}

enum cmd_exit
cmd_serve_tell(struct serve *s, struct server *srv)
{
	struct gate_options gate = s->gate.o;
	struct verr e = { .code = VERR_NONE };
	int fd;

	if (s->args->metrics == NULL)
		return CMD_DONE;
	gate.any_user = gate.reserved_port = false;
	if ((fd = loop_socket(s->metrics_at, s->metrics_port, &e)) == -1 ||
	    server_metrics(srv, fd, &gate, &e) == -1)
		return cmd_fail(&e, "--metrics %s", s->args->metrics);
	return CMD_DONE;
}
