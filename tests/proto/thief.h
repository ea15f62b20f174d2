/*
 * thief.h - a server of one user in a process of its own, and another user of
 * the same host who wants what is in its vault.
 *
 * The server runs as THIEF_OWNER; the thief knows its port and has copies of
 * handles that it gave to its owner.  It takes root to be both; without, all is
 * the same user, which is good for tests that are about something else.
 */
#ifndef TESTS_PROTO_THIEF_H
#define TESTS_PROTO_THIEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nfsd/server.h"
#include "tests/proto/calls.h"

#define THIEF_OWNER	12344u
#define THIEF_UID	12345u
#define THIEF_SECRET	"what only its owner may read, byte by byte"
#define THIEF_LARGE	(4u * 1024 * 1024)	/* bytes of the file "large" */

struct thief_server {
	pid_t		pid;
	uint16_t	port;		/* of 127.0.0.1 */
	uint32_t	owner;		/* THIEF_OWNER, or ourselves */
	struct fh	root, secret, large;	/* as its owner has them */
	int		ask, told;	/* pipes */
};

/* no_gate: without what is tested here (tune.h). */
void thief_serve(struct thief_server *s, const struct server_options *o,
    bool no_gate);
void thief_end(struct thief_server *s);

/* The server's own counters, by itself. */
void thief_counts(struct thief_server *s, struct server_counts *c);

/* Resident bytes of the server; 0: this system does not tell. */
size_t thief_rss(const struct thief_server *s);

/* Processor time of the server until now. */
uint64_t thief_ran_us(struct thief_server *s);

/* A connection; -1: refused by the system. */
int thief_connect(const struct thief_server *s);

/*
 * Bytes that come until it is closed, for at most ms before the first, and
 * 20 ms between them.
 */
size_t thief_drain(int fd, int ms, uint8_t *keep, size_t cap);

/*
 * Run body as THIEF_UID (as uid, if it is not 0) in a process of its own; its
 * result, or -1 if it died.
 */
int thief_run(uint32_t uid, int (*body)(const struct thief_server *s),
    const struct thief_server *s);
/* The same, not waited for. */
pid_t thief_start(uint32_t uid, int (*body)(const struct thief_server *s),
    const struct thief_server *s);

#endif /* TESTS_PROTO_THIEF_H */
