/*
 * cmd_ping.c - vaultnfs ping: does a server answer?
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netdb.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/callout.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/loop.h"

#define PING_PLACE	"127.0.0.1:2049"

struct args {
	uint64_t	 timeout;	/* ms */
	bool		 json, quiet;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_NUMBER, 0, "timeout", "MS", offsetof(struct args, timeout),
	    1, 600000, "2000", "milliseconds that it may take" },
	{ CMD_OPT_FLAG, 'q', "quiet", NULL, offsetof(struct args, quiet), 0,
	    0, NULL, "say nothing if it answers" },
	CMD_JSON(struct args, json),
	CMD_END
};

/* "host:port", "[::1]:port" or "host"; the two in place of the text. */
static bool
split(char *text, const char **host, const char **port)
{
	char *colon, *end;

	*host = text;
	*port = "2049";
	if (text[0] == '[') {
		if ((end = strchr(text, ']')) == NULL ||
		    (end[1] != '\0' && end[1] != ':'))
			return false;
		*host = text + 1;
		*end = '\0';
		if (end[1] == ':')
			*port = end + 2;
	} else if ((colon = strchr(text, ':')) != NULL) {
		if (strchr(colon + 1, ':') != NULL)
			return true;	/* an IPv6 address alone */
		*colon = '\0';
		*port = colon + 1;
	}
	return (*host)[0] != '\0' && (*port)[0] != '\0';
}

/* The first address of a name, as digits. */
static int
find_address(const char *host, char *addr, size_t cap, struct verr *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
	int rc;

	if ((rc = getaddrinfo(host, NULL, &hints, &ai)) != 0)
		return verr_fail(e, VERR_NOENT, "cannot find the host %s: %s",
		    host, gai_strerror(rc));
	rc = getnameinfo(ai->ai_addr, ai->ai_addrlen, addr, (socklen_t)cap,
	    NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(ai);
	if (rc != 0)
		return verr_fail(e, VERR_NOENT, "%s has no address that is "
		    "known here: %s", host, gai_strerror(rc));
	return 0;
}

static int
ping(const struct args *args, const char *addr, uint16_t port, uint64_t *us,
    struct verr *e)
{
	uint64_t began = loop_clock_us(), left = args->timeout;
	int fd, rc;

	if ((fd = callout_open(addr, port, (unsigned)left, e)) == -1)
		return -1;
	*us = loop_clock_us() - began;
	left = *us / 1000 < left ? left - *us / 1000 : 1;
	rc = callout_null(fd, (unsigned)left, e);
	*us = loop_clock_us() - began;
	callout_close(fd);
	return rc;
}

static enum cmd_exit
report_json(const char *addr, unsigned port, uint64_t us,
    const struct verr *e)
{
	json_t *o = json_pack("{s:b, s:s, s:i, s:I}", "alive",
	    e->code == VERR_NONE, "address", addr, "port", (int)port,
	    "took_us", (json_int_t)us);

	if (o == NULL || (e->code != VERR_NONE &&
	    !cmd_json_bytes(o, "error", "error_hex", e->text,
	    strlen(e->text)))) {
		json_decref(o);
		o = NULL;
	}
	if (o == NULL || !cmd_json_print(o)) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	return e->code == VERR_NONE ? CMD_DONE : CMD_FAILED;
}

/* For a probe there are two answers: it is alive, or it is not. */
static enum cmd_exit
ping_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	struct verr e = { .code = VERR_NONE };
	char text[300], addr[80] = "";
	const char *host, *port;
	uint64_t us = 0;
	char *end;
	long n;

	(void)snprintf(text, sizeof(text), "%s", call->n == 0 ? PING_PLACE :
	    call->operand[0]);
	if (!split(text, &host, &port) || (n = strtol(port, &end, 10)) < 1 ||
	    n > 65535 || *end != '\0')
		return cmd_usage(call, "%s: must be HOST or HOST:PORT",
		    call->operand[0]);
	if (find_address(host, addr, sizeof(addr), &e) == 0)
		(void)ping(args, addr, (uint16_t)n, &us, &e);
	if (args->json)
		return report_json(addr, (unsigned)n, us, &e);
	if (e.code != VERR_NONE) {
		cmd_error("%s", cmd_sentence(&e));
		return CMD_FAILED;
	}
	if (!args->quiet)
		printf("%s port %ld answers: %.1f ms\n", addr, n,
		    (double)us / 1000);
	return CMD_DONE;
}

const struct cmd cmd_ping = {
	"ping", "[HOST[:PORT]]", 0, 1, "does an NFS server answer?",
	"One NULL call of NFS, which needs no permission, to " PING_PLACE
	" unless\ntold otherwise; ends with 0 or, if nothing answers in time, "
	"with 1.\n",
	opts, sizeof(struct args), ping_run
};
