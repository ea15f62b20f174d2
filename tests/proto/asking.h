/*
 * asking.h - a control socket of the fixture's server, and questions to it.
 */
#ifndef TESTS_PROTO_ASKING_H
#define TESTS_PROTO_ASKING_H

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/rundir.h"
#include "tests/proto/check.h"
#include "tests/proto/raw.h"

static char ask_dir[160], ask_path[256];
static const char *ask_vaults[] = { f.dir };
static struct server_about ask_about = { .address = "127.0.0.1",
    .state_dir = "", .port = 2049, .since = 1000000000, .vaults = ask_vaults };

/* Between fix_make() and fix_run(). */
static inline void
ask_start(void)
{
	struct verr e = { .code = VERR_NONE };
	int fd;

	(void)snprintf(ask_dir, sizeof(ask_dir), "%s/run", f.dir);
	cr_assert_eq(rundir_make(ask_dir, NULL, ask_path, sizeof(ask_path),
	    &e), 0, "%s", e.text);
	fd = rundir_listen(ask_dir, 2049, ask_path, sizeof(ask_path), &e);
	cr_assert_neq(fd, -1, "%s", e.text);
	cr_assert_eq(server_control(f.server, fd, &ask_about, &e), 0);
}

static inline int
ask_dial(void)
{
	struct verr e = { .code = VERR_NONE };
	int fd, i;

	/* more may come at once than the socket's queue holds */
	for (i = 0; i < 1000; i++) {
		if ((fd = rundir_connect(ask_path, &e)) != -1)
			return fd;
		cr_assert_eq(e.code, VERR_BUSY, "%s", e.text);
		raw_sleep_ms(10);
	}
	cr_assert_fail("no place on the socket");
	return -1;
}

/* What the server says until it closes; its length. */
static inline size_t
ask_hear(int fd, char *buf, size_t cap)
{
	struct pollfd p = { fd, POLLIN, 0 };
	size_t len = 0;
	ssize_t n;

	for (;;) {
		cr_assert_eq(poll(&p, 1, RAW_WAIT_S * 1000), 1, "no answer");
		n = recv(fd, buf + len, cap - len - 1, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	(void)close(fd);
	return len;
}

static inline json_t *
ask_bytes(const void *line, size_t len)
{
	static char buf[2 << 20];
	int fd = ask_dial();
	size_t sent, got;
	ssize_t n;
	json_t *o;

	for (sent = 0; sent < len; sent += n > 0 ? (size_t)n : 0) {
		struct pollfd p = { fd, POLLOUT, 0 };

		cr_assert_eq(poll(&p, 1, RAW_WAIT_S * 1000), 1);
		n = send(fd, (const char *)line + sent, len - sent,
		    MSG_NOSIGNAL);
		cr_assert(n > 0 || errno == EAGAIN);
	}
	got = ask_hear(fd, buf, sizeof(buf));
	cr_assert_gt(got, 0, "closed without an answer");
	cr_assert_eq(strchr(buf, '\n'), buf + got - 1, "one line");
	cr_assert_not_null(o = json_loads(buf, 0, NULL), "%s", buf);
	return o;
}

static inline json_t *
ask_line(const char *line)
{
	return ask_bytes(line, strlen(line));
}

static inline json_int_t
ask_number(const json_t *o, const char *key)
{
	const json_t *n = json_object_get(o, key);

	cr_assert(json_is_integer(n), "%s is no number", key);
	return json_integer_value(n);
}

static inline const char *
ask_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	cr_assert_not_null(s, "%s is no text", key);
	return s;
}

#endif /* TESTS_PROTO_ASKING_H */
