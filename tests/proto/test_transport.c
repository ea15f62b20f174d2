/*
 * test_transport.c - records, connections and limits, byte by byte.
 *
 * RFC 5531 section 11.  Calls name handles that no server made, so
 * no vault is needed: a status of NFS other than OK is a good answer here.
 */
#include "config.h"

#include <sys/resource.h>

#include <signal.h>
#include <stdio.h>

#include "tests/proto/expect.h"

TestSuite(transport, .init = start, .fini = stop, .timeout = 60);
/* These make their server themselves. */
TestSuite(transport_own, .timeout = 60);

Test(transport, a_null_call_is_answered_on_tcp)
{
	expect_served();
}

Test(transport_own, a_null_call_is_answered_on_an_attached_socket)
{
	int fd;

	cr_assert(raw_make(&server, &options));
	fd = raw_pair(&server);
	cr_assert(raw_go(&server));
	expect_null_works(fd, 1);
	(void)close(fd);
	stop();
}

Test(transport, both_programs_answer_null_on_one_connection)
{
	int fd = raw_connect(&server);
	struct raw r;

	expect_null_works(fd, 1);
	raw_begin(&r, 2, 100005, 3, 0);
	raw_auth_none(&r);
	raw_end(&r);
	cr_assert(raw_send(fd, r.b, r.len));
	expect_accepted(fd, 2, 0);
	(void)close(fd);
}

Test(transport, a_thousand_calls_in_one_write_are_all_answered_in_order)
{
	static uint8_t all[1000 * 44];
	int fd = raw_connect(&server);
	struct raw r;
	uint32_t i;

	for (i = 0; i < 1000; i++) {
		raw_null(&r, i);
		cr_assert_eq(r.len, 44);
		memcpy(all + i * 44, r.b, 44);
	}
	cr_assert(raw_send(fd, all, sizeof(all)));
	for (i = 0; i < 1000; i++)
		expect_accepted(fd, i, 0);
	(void)close(fd);
}

Test(transport, a_record_may_come_byte_by_byte)
{
	int fd = raw_connect(&server);
	struct raw r;
	size_t i;

	raw_getattr(&r, 9);
	for (i = 0; i < r.len; i++) {
		cr_assert(raw_send(fd, r.b + i, 1));
		raw_sleep_ms(1);
	}
	expect_accepted(fd, 9, 0);
	(void)close(fd);
}

static bool
has_nothing_under_way(const struct server_counts *c)
{
	return c->inflight == 0;
}

/* Cut the record r into fragments of n bytes; last: an empty one at the end. */
static size_t
cut(const struct raw *r, size_t n, bool empty_last, uint8_t *out)
{
	size_t off, used = 0, part;
	uint32_t mark;

	for (off = 4; off < r->len; off += part) {
		part = r->len - off < n ? r->len - off : n;
		mark = htonl((uint32_t)part |
		    (off + part == r->len && !empty_last ? 0x80000000u : 0));
		memcpy(out + used, &mark, 4);
		memcpy(out + used + 4, r->b + off, part);
		used += 4 + part;
	}
	if (empty_last) {
		mark = htonl(0x80000000u);
		memcpy(out + used, &mark, 4);
		used += 4;
	}
	return used;
}

Test(transport, a_record_may_come_in_up_to_64_fragments)
{
	static uint8_t out[8192];
	int fd = raw_connect(&server);
	struct raw r;
	size_t len, parts[] = { 1, 2, 3, 5, 7, 39 }, i;

	raw_null(&r, 5);
	for (i = 0; i < 6; i++) {
		len = cut(&r, parts[i], false, out);
		cr_assert(raw_send(fd, out, len));
		expect_accepted(fd, 5, 0);
	}
	len = cut(&r, 8, true, out);
	cr_assert(raw_send(fd, out, len));
	expect_accepted(fd, 5, 0);
	expect_null_works(fd, 6);
	(void)close(fd);
}

Test(transport, a_record_in_65_fragments_closes_the_connection)
{
	static uint8_t out[8192];
	int fd = raw_connect(&server);
	struct raw r;
	size_t len;

	raw_null(&r, 5);
	while (r.len < 4 + 65)
		raw_u32(&r, 0);		/* NULL takes whatever comes */
	r.len = 4 + 65;
	len = cut(&r, 1, false, out);
	cr_assert(raw_send(fd, out, len));
	cr_expect(raw_is_closed(fd));
	(void)close(fd);
	expect_served();
}

static void
expect_mark_closes(uint32_t mark)
{
	int fd = raw_connect(&server);

	mark = htonl(mark);
	cr_assert(raw_send(fd, &mark, 4));
	cr_expect(raw_is_closed(fd), "mark %x", (unsigned)ntohl(mark));
	(void)close(fd);
	expect_served();
}

Test(transport, an_impossible_record_mark_closes_the_connection)
{
	struct server_counts c;

	expect_mark_closes(0);			/* empty and not the last */
	expect_mark_closes(0x80000000);		/* an empty record: no xid */
	expect_mark_closes(0xffffffff);		/* 2 GiB */
	expect_mark_closes(0x7fffffff);
	expect_mark_closes(0x80000000 + 1024 * 1024 + 4096 + 1);
	server_counts(server.srv, &c);
	cr_expect_eq(c.closed_bad, 5);
	cr_expect(raw_await(&server, has_nothing_under_way));
}

Test(transport, fragments_that_add_up_to_too_much_close_the_connection)
{
	static uint8_t half[4 + 600 * 1024];
	int fd = raw_connect(&server);
	uint32_t mark = htonl(600 * 1024);

	memcpy(half, &mark, 4);
	cr_assert(raw_send(fd, half, sizeof(half)));
	(void)raw_send(fd, &mark, 4);
	cr_expect(raw_is_closed(fd));
	(void)close(fd);
	expect_served();
}

Test(transport, a_message_that_is_no_whole_call_closes_the_connection)
{
	struct raw r;
	unsigned i;
	int fd;

	/* every length from 1 byte up to where the credentials begin */
	for (i = 1; i < 28; i++) {
		raw_begin(&r, 5, 100003, 3, 0);
		raw_auth_none(&r);
		r.len = 4 + i;
		raw_end(&r);
		fd = raw_connect(&server);
		cr_assert(raw_send(fd, r.b, r.len));
		cr_expect(raw_is_closed(fd), "%u bytes", i);
		(void)close(fd);
	}
	/* REPLY where CALL should be */
	raw_null(&r, 5);
	r.b[4 + 7] = 1;
	fd = raw_connect(&server);
	cr_assert(raw_send(fd, r.b, r.len));
	cr_expect(raw_is_closed(fd));
	(void)close(fd);
	expect_served();
}

Test(transport, a_write_of_any_size_up_to_1_mib_reaches_a_worker)
{
	static const uint32_t sizes[] = { 0, 4, 4096, 65400, 65440, 65536,
	    131072, 300000, 1048576 };
	int fd = raw_connect(&server);
	struct server_counts c;
	static uint8_t zeros[1048576];
	unsigned i, round;
	struct raw r;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 9; i++) {
			raw_write(&r, i, sizes[i]);
			cr_assert(raw_send(fd, r.b, r.len));
			cr_assert(raw_send(fd, zeros, sizes[i]));
			expect_accepted(fd, i, 0);
			cr_expect_neq(raw_get(reply + 24), 0, "a status");
		}
	}
	expect_null_works(fd, 100);
	server_counts(server.srv, &c);
	cr_expect_eq(c.on_worker, 27);
	cr_expect_eq(c.calls[7], 27);
	cr_expect(raw_await(&server, has_nothing_under_way));
	(void)close(fd);
}

/* Write until the server has read nothing for a while; whole records sent. */
static unsigned
send_unread(int fd, uint32_t count, bool reads, struct raw_server *s,
    size_t *worst)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	struct server_counts c;
	struct raw r;
	size_t off = 0;
	uint32_t i;
	ssize_t n;

	*worst = 0;
	for (i = 0; i < count; ) {
		if (reads)
			raw_read(&r, i, 65536);
		else
			raw_null(&r, i);
		n = send(fd, r.b + off, r.len - off,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0 && (off += (size_t)n) == r.len) {
			off = 0;
			i++;
		}
		if (n == -1 && poll(&pfd, 1, 500) == 0)
			break;
		server_counts(s->srv, &c);
		if (c.inflight > *worst)
			*worst = c.inflight;
	}
	/* The rest of a record that is half sent must wait for room. */
	return off == 0 ? i : i + 1;
}

/* At least "least" calls are taken before the server stops reading. */
static void
expect_bounded(bool reads, unsigned least, size_t bound)
{
	int fd[2], small = 4096;
	struct server_counts c;
	unsigned n;
	size_t worst;

	cr_assert(raw_make(&server, &options));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	(void)setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	cr_assert_eq(server_attach(server.srv, fd[1], NULL), 0);
	raw_set_wait(fd[0]);
	cr_assert(raw_go(&server));

	n = send_unread(fd[0], 20000, reads, &server, &worst);
	cr_expect_lt(n, 20000u, "the server never stopped reading");
	cr_expect_geq(n, least, "%u calls", n);
	cr_expect_lt(worst, bound, "%zu bytes", worst);
	server_counts(server.srv, &c);
	cr_expect_lt(c.inflight, bound);
	expect_served();
	(void)close(fd[0]);
}

Test(transport_own, null_calls_whose_replies_are_not_read_do_not_pile_up)
{
	expect_bounded(false, 256, 1024 * 1024);
	stop();
}

Test(transport_own, reads_whose_replies_are_not_read_do_not_pile_up)
{
	/* max_inflight, in calls of 64 KiB; and one call more than it */
	expect_bounded(true, 64, 9 * 1024 * 1024);
	stop();
}

Test(transport, replies_that_were_held_back_are_all_there_in_the_end)
{
	int fd = raw_connect(&server);
	pid_t child;
	struct raw r;
	uint32_t i;

	/* a client that writes 20,000 calls and starts to read late */
	if ((child = fork()) == 0) {
		for (i = 0; i < 20000; i++) {
			raw_null(&r, i);
			if (!raw_send(fd, r.b, r.len))
				_exit(1);
		}
		_exit(0);
	}
	cr_assert_gt(child, 0);
	raw_sleep_ms(500);
	for (i = 0; i < 20000; i++) {
		cr_assert_eq(raw_reply(fd, reply, sizeof(reply)), 24);
		cr_assert_eq(raw_get(reply), i);
	}
	(void)close(fd);
}

static bool
has_none(const struct server_counts *c)
{
	return c->conns == 0;
}

static bool
has_200(const struct server_counts *c)
{
	return c->conns == 200;
}

Test(transport_own, two_hundred_half_records_cost_little_and_are_thrown_out)
{
	struct server_options o = { .max_conns = 256, .record_timeout_s = 2 };
	uint8_t half[16] = { 0x80, 0x10, 0, 0, 1, 2, 3 };
	struct server_counts c;
	int fd[200], i;

	cr_assert(raw_make(&server, &o));
	cr_assert(raw_go(&server));
	for (i = 0; i < 200; i++) {
		fd[i] = raw_connect(&server);
		cr_assert_geq(fd[i], 0);
		cr_assert(raw_send(fd[i], half, (size_t)(1 + i % 16)));
	}
	cr_expect(raw_await(&server, has_200));
	expect_served();
	cr_expect(raw_await(&server, has_nothing_under_way));
	cr_expect(raw_await(&server, has_none), "they are still there");
	server_counts(server.srv, &c);
	cr_expect_eq(c.closed_bad, 200);
	for (i = 0; i < 200; i++)
		(void)close(fd[i]);
	expect_served();
	stop();
}

Test(transport_own, an_idle_connection_stays)
{
	struct server_options o = { .record_timeout_s = 1 };
	int fd;

	cr_assert(raw_make(&server, &o));
	cr_assert(raw_go(&server));
	fd = raw_connect(&server);
	expect_null_works(fd, 1);
	raw_sleep_ms(1500);
	expect_null_works(fd, 2);
	(void)close(fd);
	stop();
}

Test(transport_own, a_slow_record_lives_while_it_moves)
{
	struct server_options o = { .record_timeout_s = 1 };
	struct raw r;
	size_t i;
	int fd;

	cr_assert(raw_make(&server, &o));
	cr_assert(raw_go(&server));
	fd = raw_connect(&server);
	raw_null(&r, 3);
	for (i = 0; i < r.len; i += 11) {
		cr_assert(raw_send(fd, r.b + i, 11));
		raw_sleep_ms(500);
	}
	expect_accepted(fd, 3, 0);
	(void)close(fd);
	stop();
}

Test(transport_own, above_max_conns_a_newcomer_is_refused)
{
	struct server_options o = { .max_conns = 3 };
	int fd[3], more, i;

	cr_assert(raw_make(&server, &o));
	cr_assert(raw_go(&server));
	for (i = 0; i < 3; i++) {
		fd[i] = raw_connect(&server);
		expect_null_works(fd[i], 1);
	}
	for (i = 0; i < 5; i++) {
		more = raw_connect(&server);
		cr_expect(raw_is_closed(more));
		(void)close(more);
	}
	expect_null_works(fd[0], 2);
	(void)close(fd[2]);
	for (i = 0; i < 100; i++) {
		struct server_counts c;

		server_counts(server.srv, &c);
		if (c.conns == 2)
			break;
		raw_sleep_ms(5);
	}
	expect_served();
	(void)close(fd[0]);
	(void)close(fd[1]);
	stop();
}

Test(transport, without_descriptors_accepting_pauses_and_does_not_spin)
{
	struct rlimit old, tight;
	struct rusage before, after;
	struct sockaddr_in sin;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long us;

	raw_set_wait(fd);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = (rlim_t)fd + 1;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(server.port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	(void)getrusage(RUSAGE_SELF, &before);
	raw_sleep_ms(500);
	(void)getrusage(RUSAGE_SELF, &after);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec +
	    after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
	    after.ru_utime.tv_usec - before.ru_utime.tv_usec +
	    after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	cr_expect_lt(us, 100000, "%ld us of the processor in 0.5 s", us);
	expect_null_works(fd, 1);
	(void)close(fd);
}

Test(transport, a_client_that_leaves_before_its_replies_harms_nobody)
{
	struct raw r;
	int fd, i, j;

	for (i = 0; i < 50; i++) {
		fd = raw_connect(&server);
		expect_null_works(fd, 1);
		for (j = 0; j < 20; j++) {
			raw_read(&r, (uint32_t)j, 1048576);
			cr_assert(raw_send(fd, r.b, r.len));
		}
		(void)close(fd);
	}
	cr_expect(raw_await(&server, has_none));
	expect_served();
}

Test(transport, who_has_said_all_is_answered_before_the_close)
{
	int fd = raw_connect(&server);
	struct raw r;
	uint32_t i;

	/* who has said all before it was looked at is refused: peer.h */
	expect_null_works(fd, 1);
	for (i = 0; i < 10; i++) {
		raw_read(&r, i, 512);
		cr_assert(raw_send(fd, r.b, r.len));
	}
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	for (i = 0; i < 10; i++)
		cr_expect_geq(raw_reply(fd, reply, sizeof(reply)), 28);
	cr_expect(raw_is_closed(fd));
	(void)close(fd);
}

Test(transport, what_came_before_garbage_is_answered)
{
	int fd = raw_connect(&server);
	struct raw r, bad;

	raw_null(&r, 4);
	memset(bad.b, 0, 4);
	memcpy(r.b + r.len, bad.b, 4);
	cr_assert(raw_send(fd, r.b, r.len + 4));
	expect_accepted(fd, 4, 0);
	cr_expect(raw_is_closed(fd));
	(void)close(fd);
}

Test(transport_own, listeners_of_both_families_serve_side_by_side)
{
	uint16_t port6;
	struct verr *none = NULL;
	struct sockaddr_in6 sin6;
	int fd;

	cr_assert(raw_make(&server, &options));
	if (server_listen(server.srv, "::1", 0, &port6, none) == -1) {
		(void)fprintf(stderr, "no IPv6 on this machine\n");
		cr_assert(raw_go(&server));
		return;
	}
	cr_assert(raw_go(&server));
	expect_served();
	memset(&sin6, 0, sizeof(sin6));
	sin6.sin6_family = AF_INET6;
	sin6.sin6_port = htons(port6);
	sin6.sin6_addr = in6addr_loopback;
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	raw_set_wait(fd);
	cr_assert_eq(connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)), 0);
	expect_null_works(fd, 2);
	(void)close(fd);
	stop();
}

Test(transport_own, an_address_that_is_none_is_an_error)
{
	uint16_t port;

	cr_assert(raw_make(&server, &options));
	cr_expect_eq(server_listen(server.srv, "localhost", 0, &port, NULL),
	    -1);
	cr_expect_eq(server_listen(server.srv, "127.0.0.1", server.port, &port,
	    NULL), -1);
	cr_assert(raw_go(&server));
	stop();
}

Test(transport_own, a_signal_stops_the_server_if_asked)
{
	struct server_options o = { .signals = true };

	cr_assert(raw_make(&server, &o));
	cr_assert(raw_go(&server));
	expect_served();
	(void)kill(getpid(), SIGTERM);
	(void)pthread_join(server.thread, NULL);
	cr_expect_eq(server.rc, 0);
	server_free(server.srv);
}

Test(transport_own, a_stop_closes_connections_that_wait)
{
	int fd;

	start();
	fd = raw_connect(&server);
	expect_null_works(fd, 1);
	cr_expect_eq(raw_stop(&server), 0);
	cr_expect(raw_is_closed(fd));
	cr_expect_eq(raw_connect(&server), -1, "it still listens");
	(void)close(fd);
}

Test(transport_own, a_stop_before_the_run_is_not_lost)
{
	cr_assert(raw_make(&server, &options));
	server_stop(server.srv);
	server_stop(server.srv);
	cr_assert(raw_go(&server));
	cr_expect_eq(raw_stop(&server), 0);
}
