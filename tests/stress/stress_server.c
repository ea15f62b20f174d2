/*
 * stress_server.c - the whole server under many clients, for ThreadSanitizer.
 *
 * Clients send calls of every kind of path through the server (loop, worker,
 * RPC error), some read all replies, some leave in the middle, while another
 * thread reads the counters.  Then the server is stopped under load.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>

#include "tests/proto/raw.h"

enum { CLIENTS = 6, ROUNDS = 30, CALLS = 60 };

static struct raw_server server;
static atomic_bool over;
static atomic_uint failures, answered;

static void
fail(const char *what)
{
	(void)fprintf(stderr, "stress_server: %s\n", what);
	atomic_fetch_add(&failures, 1);
}

static void
make_call(struct raw *r, uint32_t xid)
{
	switch (xid % 4) {
	case 0:
		raw_null(r, xid);
		break;
	case 1:
		raw_getattr(r, xid);		/* loop */
		break;
	case 2:
		raw_read(r, xid, 65536);	/* worker */
		break;
	case 3:
		raw_begin(r, xid, 100227, 3, 0);
		raw_auth_none(r);
		raw_end(r);
		break;
	}
}

/* One connection: CALLS calls, and replies to as many of them. */
static void
converse(int fd, bool leave)
{
	uint8_t buf[4096];
	struct raw r;
	uint32_t i;

	for (i = 0; i < CALLS; i++) {
		make_call(&r, i);
		if (!raw_send(fd, r.b, r.len)) {
			fail("cannot send");
			return;
		}
	}
	for (i = 0; i < (leave ? CALLS / 3 : CALLS); i++) {
		if (raw_reply(fd, buf, sizeof(buf)) < 24) {
			fail("no reply");
			return;
		}
		atomic_fetch_add(&answered, 1);
	}
}

static void *
client(void *arg)
{
	unsigned n = *(unsigned *)arg, i;
	int fd;

	for (i = 0; i < ROUNDS; i++) {
		if ((fd = raw_connect(&server)) == -1) {
			fail("cannot connect");
			break;
		}
		converse(fd, (n + i) % 3 == 0);
		(void)close(fd);
	}
	return NULL;
}

static void *
watcher(void *arg)
{
	struct server_counts c;

	(void)arg;
	while (!atomic_load(&over)) {
		server_counts(server.srv, &c);
		if (c.conns > 64)
			fail("too many connections");
		raw_sleep_ms(1);
	}
	return NULL;
}

/* Calls under way when the server stops; how many are answered is open. */
static void *
late_client(void *arg)
{
	int fd = *(int *)arg;
	struct raw r;
	uint32_t i;

	for (i = 0; i < 100000; i++) {
		raw_read(&r, i, 4096);
		if (!raw_send(fd, r.b, r.len))
			break;
	}
	return NULL;
}

int
main(void)
{
	struct server_options o = { .workers = 3, .loops = 2 };
	pthread_t threads[CLIENTS], watch, late;
	unsigned numbers[CLIENTS], i;
	int fd;

	if (!raw_make(&server, &o) || (fd = raw_pair(&server)) == -1 ||
	    !raw_go(&server)) {
		fail("cannot start");
		return 1;
	}
	(void)pthread_create(&watch, NULL, watcher, NULL);
	for (i = 0; i < CLIENTS; i++) {
		numbers[i] = i;
		(void)pthread_create(&threads[i], NULL, client, &numbers[i]);
	}
	for (i = 0; i < CLIENTS; i++)
		(void)pthread_join(threads[i], NULL);
	atomic_store(&over, true);
	(void)pthread_join(watch, NULL);

	(void)pthread_create(&late, NULL, late_client, &fd);
	raw_sleep_ms(50);
	if (raw_stop(&server) != 0)
		fail("the server did not stop well");
	(void)pthread_join(late, NULL);
	(void)close(fd);
	(void)printf("%u replies, %u failures\n", atomic_load(&answered),
	    atomic_load(&failures));
	return atomic_load(&failures) == 0 ? 0 : 1;
}
