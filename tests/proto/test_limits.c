/*
 * test_limits.c - memory under clients that take no replies, send half of what
 * they say, or hold what they can.
 *
 * The server is a process of its own, whose memory can be seen.  The clients
 * are its owner, so the gate is no help.  With VAULTNFS_LONG 20,000 READs and
 * 600 connections that are half open, which other servers were measured with.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/proto/raw.h"
#include "tests/proto/sanitized.h"
#include "tests/proto/thief.h"
#include "vault/host.h"

TestSuite(limits, .timeout = 300);

#define MIB	(1024u * 1024)

static struct thief_server s;
static size_t idle;
static unsigned wanted;	/* connections that the attack is to have */

static bool
is_long(void)
{
	return getenv("VAULTNFS_LONG") != NULL;
}

/* What is seen is the server's memory, and not a sanitizer's. */
static bool
can_see(void)
{
#ifdef SANITIZED
	cr_skip("a sanitizer has its own heap");
	return false;
#else
	return true;
#endif
}

static void
begin(const struct server_options *o)
{
	thief_serve(&s, o, false);
	idle = thief_rss(&s);
	cr_assert_gt(idle, 0);
}

static void
add_read(struct raw *r, const struct thief_server *t, uint32_t xid,
    uint32_t count)
{
	unsigned i;

	raw_begin(r, xid, 100003, 3, 6);
	raw_auth_sys(r, t->owner);
	raw_u32(r, t->large.len);
	for (i = 0; i < t->large.len; i += 4)
		raw_u32(r, raw_get((const uint8_t *)t->large.b + i));
	raw_u32(r, 0);
	raw_u32(r, xid % 8 * 65536);
	raw_u32(r, count);
	raw_end(r);
}

/* WRITE of n bytes beyond the end; they follow. */
static void
add_write(struct raw *r, const struct thief_server *t, uint32_t xid,
    uint32_t n)
{
	size_t len;
	unsigned i;

	raw_begin(r, xid, 100003, 3, 7);
	raw_auth_sys(r, t->owner);
	raw_u32(r, t->large.len);
	for (i = 0; i < t->large.len; i += 4)
		raw_u32(r, raw_get((const uint8_t *)t->large.b + i));
	raw_u32(r, 0);
	raw_u32(r, xid % 4 * MIB);
	raw_u32(r, n);
	raw_u32(r, 0);
	raw_u32(r, n);
	len = r->len;
	r->len = 0;
	raw_u32(r, 0x80000000u | (uint32_t)(len + n - 4));
	r->len = len;
}

/* As much of it as the socket takes; a record may be cut. */
static bool
push(int fd, const void *data, size_t len, size_t *done)
{
	ssize_t n = send(fd, (const char *)data + *done, len - *done,
	    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		*done += (size_t)n;
	if (*done < len)
		return false;
	*done = 0;
	return true;
}

/* Send on all of them in turn, until nothing has moved for a while. */
static unsigned
send_all(const int *fd, unsigned n, bool (*one)(int fd, unsigned i),
    unsigned most)
{
	unsigned i, sent = 0, still = 0;
	bool moved;

	while (sent < most && still < 50) {
		moved = false;
		for (i = 0; i < n && sent < most; i++)
			if (one(fd[i], i)) {
				sent++;
				moved = true;
			}
		still = moved ? 0 : still + 1;
		if (!moved)
			raw_sleep_ms(10);
	}
	return sent;
}

static size_t done[256];
static uint32_t xids[256];
static const struct thief_server *target;

static bool
one_read(int fd, unsigned i)
{
	struct raw r;

	add_read(&r, target, xids[i], 65536);
	if (!push(fd, r.b, r.len, &done[i]))
		return false;
	xids[i]++;
	return true;
}

static bool
one_write(int fd, unsigned i)
{
	static struct {
		uint8_t	b[300 + MIB];
	} all;
	struct raw r;

	add_write(&r, target, xids[i], MIB);
	memcpy(all.b, r.b, r.len);
	if (!push(fd, all.b, r.len + MIB, &done[i]))
		return false;
	xids[i]++;
	return true;
}

static unsigned
connect_all(const struct thief_server *t, int *fd, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if ((fd[i] = thief_connect(t)) == -1)
			break;
	return i;
}

#define READERS	16

/* READs of 64 KiB by some that never read a reply; then half records. */
static int
reads_and_half_opens(const struct thief_server *t)
{
	unsigned most = is_long() ? 20000 : 4000;
	unsigned half = is_long() ? 600 : 200, i, n;
	static int fd[READERS], other[600];
	struct raw r;

	target = t;
	if (connect_all(t, fd, READERS) != READERS)
		return 1;
	n = send_all(fd, READERS, one_read, most);
	(void)fprintf(stderr, "%u READs were taken\n", n);
	if (n < 100)
		return 2;
	connect_all(t, other, half);
	for (i = 0; i < half; i++) {
		add_write(&r, t, 1, MIB);
		(void)raw_send(other[i], r.b, r.len / 2 + i % 50);
	}
	kill(getpid(), SIGSTOP);
	return 0;
}

/* WRITEs of 1 MiB that are sent as long as they are taken. */
static int
writes(const struct thief_server *t)
{
	static int fd[100];
	unsigned n;

	target = t;
	n = connect_all(t, fd, 100);
	n = send_all(fd, n, one_write, is_long() ? 4000 : 400);
	(void)fprintf(stderr, "%u WRITEs of 1 MiB were taken\n", n);
	kill(getpid(), SIGSTOP);
	return n > 0 ? 0 : 1;
}

/* What of a record of 1 MiB comes, but for its end; each costs its buffer. */
static int
nearly_whole(const struct thief_server *t)
{
	static uint8_t zeros[MIB];
	static int fd[100];
	unsigned i, n;
	struct raw r;

	n = connect_all(t, fd, 100);
	for (i = 0; i < n; i++) {
		add_write(&r, t, 1, MIB);
		(void)raw_send(fd[i], r.b, r.len);
		(void)raw_send(fd[i], zeros, MIB - 4);
	}
	kill(getpid(), SIGSTOP);
	return 0;
}

/* The most that was resident since the server began; 0: nobody tells. */
static size_t
peak(void)
{
	char path[64], line[128];
	unsigned long kib = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)s.pid);
	if ((in = fopen(path, "r")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), in) != NULL &&
	    sscanf(line, "VmHWM: %lu", &kib) != 1)
		;
	(void)fclose(in);
	return (size_t)kib * 1024;
}

/* The attack stands; the most of the server's memory until then. */
static size_t
rss_under(int (*attack)(const struct thief_server *))
{
	pid_t child = thief_start(s.owner, attack, &s);
	struct server_counts c;
	unsigned i;
	size_t rss;
	int st;

	cr_assert_eq(waitpid(child, &st, WUNTRACED), child);
	cr_assert(WIFSTOPPED(st), "status %x", (unsigned)st);
	raw_sleep_ms(200);
	thief_counts(&s, &c);
	for (i = 0; i < 2000 && c.conns < wanted; i++) {
		raw_sleep_ms(10);
		thief_counts(&s, &c);
	}
	cr_expect_geq(c.conns, wanted);
	rss = peak() > 0 ? peak() : thief_rss(&s);
	(void)fprintf(stderr, "resident: idle %zu KiB, at most %zu KiB; "
	    "counted %zu KiB, %u connections\n", idle / 1024, rss / 1024,
	    c.inflight / 1024, c.conns);
	(void)fprintf(stderr, "answered: %llu READs, %llu WRITEs, %llu "
	    "rejected\n", (unsigned long long)c.calls[6],
	    (unsigned long long)c.calls[7], (unsigned long long)c.rejected);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, &st, 0);
	/* their places are free when the server has seen it */
	for (i = 0; i < 2000 && c.conns > FIX_CLIENTS; i++) {
		raw_sleep_ms(10);
		thief_counts(&s, &c);
	}
	return rss;
}

static int
is_served(const struct thief_server *t)
{
	int fd = thief_connect(t);
	uint8_t reply[64];
	struct raw r;

	raw_set_wait(fd);
	raw_null(&r, 5);
	return fd != -1 && raw_send(fd, r.b, r.len) &&
	    raw_reply(fd, reply, sizeof(reply)) == 24 ? 0 : 1;
}

/* idle + 64 MiB, whatever is sent. */
Test(limits, reads_that_nobody_takes_and_half_records_cost_64_mib_at_most)
{
	const struct server_options o = { .max_conns = 0 };
	size_t rss;

	if (!can_see())
		return;
	begin(&o);
	rss = rss_under(reads_and_half_opens);
	cr_expect_leq(rss, idle + 64 * MIB);
	cr_expect_eq(thief_run(s.owner, is_served, &s), 0);
	thief_end(&s);
}

/*
 * server.h: max_pending, and beyond that one call for each connection; the
 * chunks that WRITEs left in memory have a limit of their own (FIX_DIRTY).
 */
static size_t
configured(const struct server_options *o)
{
	return o->max_pending + o->max_conns * (MIB + 128u * 1024) + FIX_DIRTY;
}

/* So that calls come faster than they are done, however quick the disk is. */
static int
slowly(void *ctx, enum host_op op, const char *path)
{
	(void)ctx, (void)path;
	if (op == HOST_WRITE)
		raw_sleep_ms(200);
	return 0;
}

static void
expect_within(int (*attack)(const struct thief_server *),
    unsigned max_conns)
{
	const struct server_options o = { .max_conns = max_conns,
	    .max_pending = 16 * MIB };
	size_t rss;

	if (!can_see())
		return;
	host_set_hook(slowly, NULL);	/* in the server, too */
	begin(&o);
	wanted = max_conns;
	rss = rss_under(attack);
	cr_expect_leq(rss, idle + configured(&o) * 12 / 10);
	cr_expect_eq(thief_run(s.owner, is_served, &s), 0);
	thief_end(&s);
}

Test(limits, a_hundred_that_write_and_never_read_stay_within_what_is_configured)
{
	expect_within(writes, 40);
}

Test(limits, a_hundred_that_are_all_let_in_stay_within_it_too)
{
	expect_within(writes, 100 + FIX_CLIENTS);
}

Test(limits, records_that_lack_their_end_stay_within_it_too)
{
	expect_within(nearly_whole, 40);
}

/* -- in-process: what is counted, and what is closed */

static struct raw_server server;

static size_t
most_pending(unsigned clients, const struct server_options *o)
{
	struct server_counts c;
	static int fd[256];
	size_t worst = 0;
	unsigned i, round;
	struct raw r;

	cr_assert(raw_make(&server, o));
	cr_assert(raw_go(&server));
	for (i = 0; i < clients; i++)
		fd[i] = raw_connect(&server);
	for (round = 0; round < 200; round++) {
		for (i = 0; i < clients; i++) {
			raw_read(&r, i, MIB);
			(void)send(fd[i], r.b, r.len,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		server_counts(server.srv, &c);
		worst = c.inflight > worst ? c.inflight : worst;
	}
	for (i = 0; i < clients; i++)
		(void)close(fd[i]);
	cr_expect_eq(raw_stop(&server), 0);
	return worst;
}

Test(limits, what_all_connections_have_under_way_has_a_bound)
{
	const struct server_options o = { .max_pending = 8 * MIB };
	const struct server_options loops = { .max_pending = 8 * MIB,
	    .loops = 3 };

	/* and one call each beyond it */
	cr_expect_lt(most_pending(40, &o), 8 * MIB + 41 * (MIB + 65536));
	cr_expect_lt(most_pending(40, &loops), 8 * MIB + 43 * (MIB + 65536));
}

static bool
has_none(const struct server_counts *c)
{
	return c->conns == 0;
}

/* A byte now and then, from each of them in turn, does not keep a place. */
Test(limits, a_record_that_comes_too_slowly_ends_its_connection)
{
	const struct server_options o = { .record_timeout_s = 1 };
	struct raw r;
	unsigned i;
	int fd;

	cr_assert(raw_make(&server, &o));
	cr_assert(raw_go(&server));
	fd = raw_connect(&server);
	raw_write(&r, 1, 400);
	for (i = 0; i < 400; i++) {
		if (!raw_send(fd, i < r.len ? r.b + i : (uint8_t *)"", 1))
			break;
		raw_sleep_ms(100);
	}
	cr_expect_gt(i, 50, "closed after %u bytes", i);
	cr_expect_lt(i, 400, "it was never closed");
	(void)close(fd);
	cr_expect(raw_await(&server, has_none));
	cr_expect_eq(raw_stop(&server), 0);
}

/* Nor do replies that nobody takes, though calls go on coming. */
Test(limits, replies_that_nobody_takes_end_their_connection)
{
	const struct server_options o = { .record_timeout_s = 1 };
	int fd[2], small = 4096;
	struct raw r;
	unsigned i;

	cr_assert(raw_make(&server, &o));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	cr_assert_eq(server_attach(server.srv, fd[1], NULL), 0);
	cr_assert(raw_go(&server));
	for (i = 0; i < 300; i++) {
		raw_null(&r, i);
		if (send(fd[0], r.b, r.len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		    -1 && errno == EPIPE)
			break;
		raw_sleep_ms(i < 200 ? 0 : 200);
	}
	/* long before 256 calls make the server stop reading */
	cr_expect_lt(i, 240, "it was not closed");
	(void)close(fd[0]);
	cr_expect(raw_await(&server, has_none));
	cr_expect_eq(raw_stop(&server), 0);
}
