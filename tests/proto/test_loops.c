/*
 * Several loops: connections are spread over them, a loop that waits holds up
 * nobody on another one, and a call that is sent again is answered wherever it
 * comes from.
 */
#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include "tests/proto/check.h"
#include "tests/proto/raw.h"
#include "vault/host.h"

#define LOOPS	2
#define CONNS	8

static struct raw_server wire;		/* f's server, by its port */
static atomic_bool shut;
static atomic_uint waiting;
static atomic_int gated = -1;		/* enum host_op */

static int
gate(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	if ((int)op != atomic_load(&gated))
		return 0;
	atomic_fetch_add(&waiting, 1);
	while (atomic_load(&shut))
		raw_sleep_ms(1);
	atomic_fetch_sub(&waiting, 1);
	return 0;
}

static void
setup(void)
{
	struct fix_options o = { .loops = LOOPS };

	host_set_hook(gate, NULL);
	fix_vault(&f, &o);
	fix_make(&f);
	cr_assert_eq(server_listen(f.server, "127.0.0.1", 0, &wire.port,
	    NULL), 0);
	fix_run(&f);
	wire.srv = f.server;
}

static void
open_gate(void)
{
	atomic_store(&gated, -1);
	atomic_store(&shut, false);
}

static void
teardown(void)
{
	open_gate();
	fix_stop(&f);
	host_set_hook(NULL, NULL);
}

TestSuite(loops, .init = setup, .fini = teardown, .timeout = 60);

/* Connections that the server has accepted, as one NULL of each shows. */
static void
connect_all(int fd[CONNS])
{
	static uint8_t reply[64];
	struct raw r;
	unsigned i;

	for (i = 0; i < CONNS; i++) {
		cr_assert_geq(fd[i] = raw_connect(&wire), 0);
		raw_null(&r, i);
		cr_assert(raw_send(fd[i], r.b, r.len));
		cr_assert_eq(raw_reply(fd[i], reply, sizeof(reply)), 24);
		cr_assert_eq(raw_get(reply), i);
	}
}

static void
close_all(const int fd[CONNS])
{
	unsigned i;

	for (i = 0; i < CONNS; i++)
		(void)close(fd[i]);
}

Test(loops, connections_are_spread_evenly)
{
	struct server_counts c;
	int fd[CONNS];

	connect_all(fd);
	server_counts(f.server, &c);
	cr_expect_eq(c.conns, FIX_CLIENTS + CONNS);
	cr_expect_eq(c.loop_conns[0], (FIX_CLIENTS + CONNS) / LOOPS);
	cr_expect_eq(c.loop_conns[1], (FIX_CLIENTS + CONNS) / LOOPS);
	close_all(fd);
}

static bool
has_only_the_clients(const struct server_counts *c)
{
	return c->conns == FIX_CLIENTS &&
	    c->loop_conns[0] + c->loop_conns[1] == FIX_CLIENTS;
}

Test(loops, who_comes_goes_where_there_are_fewest)
{
	struct server_counts c;
	int fd[CONNS];
	unsigned i;

	connect_all(fd);
	/* all of one loop's: they were given in turns */
	for (i = 0; i < CONNS; i += 2)
		(void)close(fd[i]);
	for (i = 0; i < RAW_WAIT_S * 200; i++) {
		server_counts(f.server, &c);
		if (c.conns == FIX_CLIENTS + CONNS / 2)
			break;
		raw_sleep_ms(5);
	}
	cr_assert_neq(c.loop_conns[0], c.loop_conns[1]);
	for (i = 0; i < CONNS; i += 2)
		cr_assert_geq(fd[i] = raw_connect(&wire), 0);
	for (i = 0; i < RAW_WAIT_S * 200; i++) {
		server_counts(f.server, &c);
		if (c.conns == FIX_CLIENTS + CONNS)
			break;
		raw_sleep_ms(5);
	}
	cr_expect_eq(c.loop_conns[0], c.loop_conns[1]);
	close_all(fd);
	cr_expect(raw_await(&wire, has_only_the_clients));
}

/* GETATTR of the root: a stat on the loop. */
static void
getattr(struct raw *r, uint32_t xid)
{
	raw_begin(r, xid, 100003, 3, 1);
	raw_auth_sys(r, (uint32_t)geteuid());
	raw_u32(r, f.root.len);
	memcpy(r->b + r->len, f.root.b, f.root.len);
	r->len += (f.root.len + 3) & ~3u;
	raw_end(r);
}

/* Half of the others are on a loop that waits in the storage. */
Test(loops, a_loop_that_waits_holds_up_nobody_on_another)
{
	static uint8_t reply[256];
	struct pollfd pfd[CONNS];
	unsigned i, n = 0;
	int fd[CONNS];
	struct raw r;

	connect_all(fd);
	atomic_store(&shut, true);
	atomic_store(&gated, HOST_STAT);
	getattr(&r, 99);
	cr_assert(raw_send(fd[0], r.b, r.len));
	while (atomic_load(&waiting) == 0)
		raw_sleep_ms(1);
	for (i = 1; i < CONNS; i++) {
		raw_null(&r, 100 + i);
		cr_assert(raw_send(fd[i], r.b, r.len));
	}
	for (i = 1; i < CONNS; i += 2) {
		cr_assert_eq(raw_reply(fd[i], reply, sizeof(reply)), 24);
		cr_expect_eq(raw_get(reply), 100 + i);
	}
	for (i = 0; i < CONNS; i += 2) {
		pfd[n].fd = fd[i];
		pfd[n++].events = POLLIN;
	}
	cr_expect_eq(poll(pfd, n, 0), 0, "these are on the first loop");
	open_gate();
	for (i = 0; i < CONNS; i += 2)
		cr_expect_geq(raw_reply(fd[i], reply, sizeof(reply)), 24);
	close_all(fd);
}

static void
mkdir_call(struct raw *r, uint32_t xid, const char *name)
{
	raw_begin(r, xid, 100003, 3, 9);
	raw_auth_sys(r, (uint32_t)geteuid());
	raw_u32(r, f.root.len);
	memcpy(r->b + r->len, f.root.b, f.root.len);
	r->len += (f.root.len + 3) & ~3u;
	raw_u32(r, (uint32_t)strlen(name));
	memset(r->b + r->len, 0, 8);
	memcpy(r->b + r->len, name, strlen(name));
	r->len += (strlen(name) + 3) & ~(size_t)3;
	raw_u32(r, 1);			/* a mode, and nothing else */
	raw_u32(r, 0755);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_end(r);
}

static bool
has_all_copies(const struct server_counts *c)
{
	return c->calls[9] == CONNS;
}

Test(loops, a_call_sent_on_all_connections_runs_once_and_all_are_answered)
{
	static uint8_t reply[CONNS][512];
	struct server_counts c;
	ssize_t len, first = 0;
	int fd[CONNS];
	struct raw r;
	unsigned i;

	connect_all(fd);
	atomic_store(&shut, true);
	atomic_store(&gated, HOST_MKDIR);
	mkdir_call(&r, 7, "new");
	cr_assert(raw_send(fd[0], r.b, r.len));
	while (atomic_load(&waiting) == 0)
		raw_sleep_ms(1);
	for (i = 1; i < CONNS; i++)
		cr_assert(raw_send(fd[i], r.b, r.len));
	cr_assert(raw_await(&wire, has_all_copies));
	/* these wait for the reply, and leave before it comes */
	(void)close(fd[2]);
	(void)close(fd[3]);
	open_gate();
	for (i = 0; i < CONNS; i++) {
		if (i == 2 || i == 3)
			continue;
		len = raw_reply(fd[i], reply[i], sizeof(reply[i]));
		cr_assert_gt(len, 28);
		cr_expect_eq(raw_get(reply[i] + 24), 0, "NFS3_OK");
		if (i == 0)
			first = len;
		cr_expect_eq(len, first);
		cr_expect_eq(memcmp(reply[i], reply[0], (size_t)len), 0);
	}
	server_counts(f.server, &c);
	cr_expect_eq(c.on_worker, 1, "%u", (unsigned)c.on_worker);
	close_all(fd);
	cr_expect(raw_await(&wire, has_only_the_clients));
	server_counts(f.server, &c);
	cr_expect_eq(c.inflight, 0);
}

static void *
open_later(void *arg)
{
	(void)arg;
	raw_sleep_ms(200);
	open_gate();
	return NULL;
}

Test(loops, a_stop_drains_all_loops)
{
	static uint8_t reply[512];
	pthread_t opener;
	int fd[CONNS];
	char name[16];
	struct raw r;
	unsigned i;

	connect_all(fd);
	atomic_store(&shut, true);
	atomic_store(&gated, HOST_MKDIR);
	for (i = 0; i < CONNS; i++) {
		(void)snprintf(name, sizeof(name), "dir %u", i);
		mkdir_call(&r, i, name);
		cr_assert(raw_send(fd[i], r.b, r.len));
	}
	cr_assert(raw_await(&wire, has_all_copies));
	cr_assert_eq(pthread_create(&opener, NULL, open_later, NULL), 0);
	server_stop(f.server);
	for (i = 0; i < CONNS; i++) {
		cr_assert_gt(raw_reply(fd[i], reply, sizeof(reply)), 28);
		cr_expect_eq(raw_get(reply), i);
		cr_expect(raw_is_closed(fd[i]));
	}
	(void)pthread_join(opener, NULL);
	close_all(fd);
}
