/*
 * cutter.c - cutter PORT SEED: a way to the server at PORT of 127.0.0.1 that
 * breaks.  Prints the port it listens on; prints "cuts N" and ends on SIGTERM.
 *
 * A connection lives for a random number of bytes of the server's replies;
 * then both ends are closed, half of the time after a part of a reply has been
 * passed on, so that what was executed is not always what was answered.
 */
#include "config.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAIRS	32

struct pair {
	int	client, server;		/* -1: free */
	long	left;			/* bytes of replies until the cut */
};

static struct pair pairs[PAIRS];
static volatile sig_atomic_t ended;
static unsigned cuts;

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static int
to_server(uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int
listen_here(uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 16) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		return -1;
	*port = ntohs(sin.sin_port);
	return fd;
}

static void
drop(struct pair *p)
{
	(void)close(p->client);
	(void)close(p->server);
	p->client = p->server = -1;
}

static void
accept_one(int lfd, uint16_t port)
{
	int fd = accept(lfd, NULL, NULL), i, on = 1;

	if (fd == -1)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (i = 0; i < PAIRS && pairs[i].client != -1; i++)
		continue;
	if (i == PAIRS || (pairs[i].server = to_server(port)) == -1) {
		(void)close(fd);
		return;
	}
	pairs[i].client = fd;
	/* Longer than a reply now and then, or nothing would get through. */
	pairs[i].left = 500 + rand() % (rand() % 2 == 0 ? 150000 : 6000);
}

static bool
pass(int from, int to, long limit, long *passed)
{
	static char buf[65536];
	size_t want = sizeof(buf), off = 0;
	ssize_t n, w;

	if (limit >= 0 && (size_t)limit < want)
		want = (size_t)limit;
	if ((n = recv(from, buf, want, 0)) <= 0)
		return false;
	for (*passed = n; off < (size_t)n; off += (size_t)w)
		if ((w = send(to, buf + off, (size_t)n - off,
		    MSG_NOSIGNAL)) <= 0)
			return false;
	return true;
}

static void
serve(struct pair *p, short client, short server)
{
	long n;

	if (client != 0 && !pass(p->client, p->server, -1, &n)) {
		drop(p);
		return;
	}
	if (server == 0)
		return;
	/* Half of the cuts swallow the reply that is there. */
	if (p->left <= 0 || (p->left < 500 && rand() % 2 == 0)) {
		cuts++;
		drop(p);
		return;
	}
	if (!pass(p->server, p->client, p->left, &n)) {
		drop(p);
		return;
	}
	p->left -= n;
}

static void
run(int lfd, uint16_t port)
{
	struct pollfd fds[1 + 2 * PAIRS];
	int i;

	while (!ended) {
		fds[0] = (struct pollfd){ .fd = lfd, .events = POLLIN };
		for (i = 0; i < PAIRS; i++) {
			fds[1 + 2 * i] = (struct pollfd){
			    .fd = pairs[i].client, .events = POLLIN };
			fds[2 + 2 * i] = (struct pollfd){
			    .fd = pairs[i].server, .events = POLLIN };
		}
		if (poll(fds, 1 + 2 * PAIRS, -1) <= 0)
			continue;
		for (i = 0; i < PAIRS; i++)
			if (pairs[i].client != -1)
				serve(&pairs[i], fds[1 + 2 * i].revents,
				    fds[2 + 2 * i].revents);
		if (fds[0].revents != 0)
			accept_one(lfd, port);
	}
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_term };
	uint16_t port;
	int lfd, i;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: cutter PORT SEED\n");
		return 2;
	}
	srand((unsigned)atoi(argv[2]));
	for (i = 0; i < PAIRS; i++)
		pairs[i].client = pairs[i].server = -1;
	if ((lfd = listen_here(&port)) == -1) {
		perror("cutter");
		return 1;
	}
	(void)sigaction(SIGTERM, &sa, NULL);
	printf("%u\n", (unsigned)port);
	(void)fflush(stdout);
	run(lfd, (uint16_t)atoi(argv[1]));
	printf("cuts %u\n", cuts);
	return 0;
}
