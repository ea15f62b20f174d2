/*
 * test_peer.c - whose is the other end of a connection, on real sockets.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "nfsd/peer.h"
#include "tests/unit/pair.h"

#ifdef __linux__

TestSuite(peer, .timeout = 60);

static struct peer_finder *finder;

/* The answers of both ways of Linux must be the same one. */
static enum peer_answer
find(int fd, uint32_t *uid)
{
	enum peer_answer a, b;
	struct peer_ends ends;
	uint32_t other = UINT32_MAX;

	if (finder == NULL)
		cr_assert((finder = peer_new()) != NULL);
	if (!peer_ends_of(fd, &ends))
		return PEER_CLOSED;
	*uid = UINT32_MAX;
	a = peer_find(finder, fd, &ends, uid);
	b = peer_proc_find(&ends, &other);
	cr_expect_eq(a, b, "netlink %d, /proc %d", (int)a, (int)b);
	cr_expect_eq(*uid, other);
	return a;
}

static void
expect_own(int family, const char *to, const char *at)
{
	uint32_t uid;
	struct pair p;

	if (!pair_open(&p, family, to, at)) {
		(void)fprintf(stderr, "no %s on this machine\n", to);
		return;
	}
	cr_expect_eq(find(p.server, &uid), PEER_FOUND);
	cr_expect_eq(uid, (uint32_t)geteuid());
	pair_close(&p);
}

Test(peer, our_own_socket_is_ours)
{
	expect_own(AF_INET, "127.0.0.1", "127.0.0.1");
	expect_own(AF_INET, "127.0.0.1", "127.3.2.1");
	expect_own(AF_INET6, "::1", "::1");
}

/* An IPv6 socket may speak IPv4; a dual-stack listener sees IPv6's form. */
Test(peer, an_address_of_ip4_in_the_form_of_ip6_is_understood)
{
	expect_own(AF_INET6, "::ffff:127.0.0.1", "127.0.0.1");
	expect_own(AF_INET6, "::ffff:127.0.0.1", "::");
	expect_own(AF_INET, "127.0.0.1", "::");
}

Test(peer, a_socketpair_has_the_owner_that_made_it)
{
	struct peer_ends ends;
	uint32_t uid = UINT32_MAX;
	int sv[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	cr_assert(peer_ends_of(sv[0], &ends));
	cr_expect(ends.local);
	cr_expect_eq(peer_find(NULL, sv[0], &ends, &uid), PEER_FOUND);
	cr_expect_eq(uid, (uint32_t)geteuid());
}

/* A child with another uid connects; then does what how says, and waits. */
enum how { STAYS, CLOSES, HALF_CLOSES, RESETS, EXITS };

static void
be_other(const struct pair *p, uint16_t port, enum how how)
{
	struct linger now = { 1, 0 };
	int fd;

	(void)close(p->listener);
	pair_become(PAIR_OTHER);
	fd = pair_connect(AF_INET, "127.0.0.1", port);
	(void)send(fd, "some bytes", 10, 0);
	if (how == CLOSES)
		(void)close(fd);
	if (how == HALF_CLOSES)
		(void)shutdown(fd, SHUT_WR);
	if (how == RESETS) {
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now,
		    sizeof(now));
		(void)close(fd);
	}
	if (how != EXITS)
		(void)pause();
	_exit(0);
}

static enum peer_answer
found_of_other(enum how how, uint32_t *uid, bool *readable)
{
	struct pollfd pfd = { .events = POLLRDHUP };
	enum peer_answer a;
	struct pair p;
	uint16_t port;
	pid_t child;
	char buf[16];

	cr_assert(pair_listen(&p, "127.0.0.1", &port));
	if ((child = fork()) == 0)
		be_other(&p, port, how);
	p.server = accept(p.listener, NULL, NULL);
	cr_assert_neq(p.server, -1);
	pfd.fd = p.server;
	if (how != STAYS)
		cr_assert_eq(poll(&pfd, 1, 20000), 1);
	if (how == EXITS)
		(void)waitpid(child, NULL, 0);
	a = find(p.server, uid);
	*readable = recv(p.server, buf, sizeof(buf), 0) == 10;
	if (how != EXITS) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	(void)close(p.server);
	(void)close(p.listener);
	return a;
}

static bool
is_root(void)
{
	if (geteuid() == 0)
		return true;
	cr_skip("needs root to become another user");
	return false;
}

Test(peer, another_user_s_socket_is_theirs)
{
	uint32_t uid;
	bool readable;

	if (!is_root())
		return;
	cr_expect_eq(found_of_other(STAYS, &uid, &readable), PEER_FOUND);
	cr_expect_eq(uid, PAIR_OTHER);
	cr_expect(readable);
}

/*
 * The trap of peer.h: the table shows uid 0 for it, and what it sent is still
 * there to be read.
 */
Test(peer, a_socket_that_its_owner_has_closed_is_not_root_s)
{
	static const enum how all[] = { CLOSES, EXITS, HALF_CLOSES };
	uint32_t uid;
	bool readable;
	size_t i;

	if (!is_root())
		return;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		cr_expect_eq(found_of_other(all[i], &uid, &readable),
		    PEER_CLOSED, "case %zu", i);
		cr_expect_eq(uid, UINT32_MAX);
		cr_expect(readable, "the trap is not there: case %zu", i);
	}
	(void)found_of_other(RESETS, &uid, &readable);
	cr_expect_eq(uid, UINT32_MAX);
}

/*
 * Accepts a connection that its client resets, and makes another from the same
 * address and port.  Answers that other socket; -1 where somebody else on this
 * machine took the port between the two, with the pair closed.
 */
static int
take_place(struct pair *p, struct peer_ends *ends)
{
	struct linger now = { 1, 0 };
	int on = 1, first, second;
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	uint16_t port;

	cr_assert(pair_listen(p, "127.0.0.1", &port));
	p->client = -1;
	first = pair_connect(AF_INET, "127.0.0.1", port);
	p->server = accept(p->listener, NULL, NULL);
	cr_assert(peer_ends_of(p->server, ends));
	cr_assert_eq(getsockname(first, (struct sockaddr *)&at, &len), 0);
	(void)setsockopt(first, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(first);
	second = socket(AF_INET, SOCK_STREAM, 0);
	(void)setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(second, (struct sockaddr *)&at, len) == 0 &&
	    connect(second, (struct sockaddr *)&ends->ours,
	    sizeof(struct sockaddr_in)) == 0)
		return second;
	(void)close(second);
	pair_close(p);
	return -1;
}

/*
 * What another user sent on a connection that was reset may be read after
 * another socket has taken its place: our own end tells them apart.
 */
Test(peer, a_socket_in_the_place_of_another_is_not_taken_for_it)
{
	struct peer_ends ends;
	int second = -1, tries;
	struct pair p;
	uint32_t uid;

	for (tries = 0; tries < 100 && second == -1; tries++)
		second = take_place(&p, &ends);
	cr_assert_neq(second, -1, "the port is taken each time");

	cr_assert((finder = peer_new()) != NULL);
	cr_expect_eq(peer_find_tcp(finder, &ends, &uid), PEER_FOUND,
	    "the trap is not there");
	cr_expect_eq(peer_find(finder, p.server, &ends, &uid), PEER_CLOSED);
	(void)close(second);
	pair_close(&p);
}

Test(peer, what_is_not_there_is_elsewhere)
{
	struct peer_ends ends;
	struct pair p;
	uint32_t uid;

	cr_assert(pair_open(&p, AF_INET, "127.0.0.1", "127.0.0.1"));
	cr_assert(peer_ends_of(p.server, &ends));
	((struct sockaddr_in *)&ends.theirs)->sin_port = htons(1);
	cr_assert((finder = peer_new()) != NULL);
	cr_expect_eq(peer_find_tcp(finder, &ends, &uid), PEER_ELSEWHERE);
	cr_expect_eq(peer_proc_find(&ends, &uid), PEER_ELSEWHERE);
	/* a listener is no peer, though the kernel would find it */
	ends.theirs = ends.ours;
	((struct sockaddr_in *)&ends.ours)->sin_port = htons(1);
	cr_expect_eq(peer_find_tcp(finder, &ends, &uid), PEER_ELSEWHERE);
	cr_expect_eq(peer_proc_find(&ends, &uid), PEER_ELSEWHERE);
	pair_close(&p);
}

/* Where it is among many says nothing; neither way is shy of a block's end. */
Test(peer, it_is_found_among_two_thousand)
{
	enum { N = 1000 };
	static int fd[N][2];
	struct pair p;
	uint16_t port;
	uint32_t uid;
	int i;

	cr_assert(pair_listen(&p, "127.0.0.1", &port));
	for (i = 0; i < N; i++) {
		fd[i][0] = pair_connect(AF_INET, "127.0.0.1", port);
		if (fd[i][0] == -1 ||
		    (fd[i][1] = accept(p.listener, NULL, NULL)) == -1)
			break;
	}
	cr_assert_geq(i, 400, "%d connections", i);
	while (--i >= 0) {
		if (i % 50 == 0)
			cr_expect_eq(find(fd[i][1], &uid), PEER_FOUND, "%d",
			    i);
		(void)close(fd[i][0]);
		(void)close(fd[i][1]);
	}
	(void)close(p.listener);
}

#else

Test(peer, nothing_can_be_asked_of_this_system)
{
	cr_skip("Linux only");
}

#endif

Test(peer, addresses_of_this_host_are_known)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_storage ss = { 0 };

	in.sin_addr.s_addr = htonl(0x7f010203);
	memcpy(&ss, &in, sizeof(in));
	cr_expect(peer_is_loopback(&ss));
	cr_expect(peer_is_here(&ss));
	in.sin_addr.s_addr = htonl(0xc0000201);	/* TEST-NET-1 */
	memcpy(&ss, &in, sizeof(in));
	cr_expect_not(peer_is_loopback(&ss));
	cr_expect_not(peer_is_here(&ss));
}
