/*
 * expect.h - what tests of the transport expect of a server in a thread.
 */
#ifndef TESTS_PROTO_EXPECT_H
#define TESTS_PROTO_EXPECT_H

#include <criterion/criterion.h>

#include "tests/proto/raw.h"

static struct raw_server server;
static struct server_options options;
static uint8_t reply[8192];

static inline void
start(void)
{
	cr_assert(raw_make(&server, &options));
	cr_assert(raw_go(&server));
}

static inline void
stop(void)
{
	cr_expect_eq(raw_stop(&server), 0);
}

/* The reply with this xid; words: what follows MSG_ACCEPTED or MSG_DENIED. */
static inline void
expect_words(int fd, uint32_t xid, uint32_t stat, const uint32_t *words,
    unsigned n)
{
	ssize_t len = raw_reply(fd, reply, sizeof(reply));
	unsigned i;

	cr_assert_geq(len, (ssize_t)(12 + 4 * n), "%zd", len);
	cr_expect_eq(raw_get(reply), xid);
	cr_expect_eq(raw_get(reply + 4), 1, "REPLY");
	cr_expect_eq(raw_get(reply + 8), stat);
	for (i = 0; i < n; i++)
		cr_expect_eq(raw_get(reply + 12 + 4 * i), words[i],
		    "word %u is %u and not %u", i,
		    raw_get(reply + 12 + 4 * i), words[i]);
}

static inline void
expect_accepted(int fd, uint32_t xid, uint32_t accept_stat)
{
	uint32_t words[] = { 0, 0, accept_stat };

	expect_words(fd, xid, 0, words, 3);
}

static inline void
expect_null_works(int fd, uint32_t xid)
{
	struct raw r;

	raw_null(&r, xid);
	cr_assert(raw_send(fd, r.b, r.len));
	expect_accepted(fd, xid, 0);
}

/* A new client is served. */
static inline void
expect_served(void)
{
	int fd = raw_connect(&server);

	cr_assert_geq(fd, 0);
	expect_null_works(fd, 77);
	(void)close(fd);
}

#endif /* TESTS_PROTO_EXPECT_H */
