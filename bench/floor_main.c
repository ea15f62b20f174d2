/*
 * floor_main.c - floor tcp, floor read: the command line and the listener.
 *
 * On loopback only, for whoever comes: it is for measuring, with content that
 * is nobody's.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/floor.h"

static void
usage(FILE *f)
{
	fputs("usage: floor tcp [--port N]\n"
	    "       floor read VAULT PATH --password-file F [--port N] "
	    "[--threads N]\n"
	    "                  [--no-decrypt]\n"
	    "  tcp   answers each record with an empty reply: nfsload --proc "
	    "tcp\n"
	    "  read  one file of a vault, read and decrypted, nothing else: "
	    "nfsload\n"
	    "        --export /floor --proc read --file PATH; --threads of "
	    "each connection\n"
	    "  When it listens, it prints: ready 127.0.0.1:PORT /floor\n", f);
}

static bool
number(const char *text, unsigned long max, unsigned long *v)
{
	char *end;

	*v = strtoul(text, &end, 10);
	if (end != text && *end == '\0' && *v <= max)
		return true;
	fprintf(stderr, "floor: %s: up to %lu\n", text, max);
	return false;
}

static bool
parse(struct floor_opt *opt, int argc, char **argv)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' },
		{ "password-file", required_argument, NULL, 'f' },
		{ "no-decrypt", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 }
	};
	unsigned long v = 1;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?' || (c == 'p' && !number(optarg, 65535, &v)) ||
		    (c == 't' && (!number(optarg, 64, &v) || v == 0)))
			return false;
		if (c == 'p')
			opt->port = (uint16_t)v;
		else if (c == 't')
			opt->threads = (unsigned)v;
		else if (c == 'f')
			opt->password_file = optarg;
		else
			opt->decrypt = false;
	}
	argc -= optind;
	argv += optind;
	if (argc == 1 && strcmp(argv[0], "tcp") == 0)
		return true;
	if (argc != 3 || strcmp(argv[0], "read") != 0 ||
	    opt->password_file == NULL)
		return false;
	opt->vault = argv[1];
	opt->path = argv[2];
	return true;
}

static int
listen_on(uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd, one = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(*port);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 128) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1) {
		(void)close(fd);
		return -1;
	}
	*port = ntohs(sin.sin_port);
	return fd;
}

int
main(int argc, char **argv)
{
	struct floor_opt opt = { .threads = 1, .decrypt = true };
	struct floor_file *f = NULL;
	int fd, s, one = 1;

	if (!parse(&opt, argc, argv)) {
		usage(stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (opt.vault != NULL && (f = floor_file_open(&opt)) == NULL)
		return 1;
	if ((s = listen_on(&opt.port)) == -1) {
		perror("floor");
		return 1;
	}
	printf("ready 127.0.0.1:%u /floor\n", (unsigned)opt.port);
	(void)fflush(stdout);
	while ((fd = accept(s, NULL, NULL)) != -1) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
		/* tcp keeps the order of one reader */
		if (!floor_conn_start(fd, f, f == NULL ? 1 : opt.threads))
			(void)close(fd);
	}
	perror("floor: accept");
	return 1;
}
