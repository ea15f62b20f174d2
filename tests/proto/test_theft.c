/*
 * test_theft.c - another user of this host tries to get at a vault.
 *
 * What it gets is counted in bytes on its connections: none.  Each attack is
 * made once more on a server without the gate, where it succeeds, so that a
 * pass means something.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/proto/raw.h"
#include "tests/proto/thief.h"

TestSuite(theft, .timeout = 120);

/* Whoever connects is answered or closed before this is over. */
#define WAIT_MS	20000

enum { NOTHING = 0, SOMETHING = 1, SECRET = 2, NOT_TRIED = 3 };

static const struct server_options usual;
static struct thief_server s;

static bool
is_root(void)
{
	if (geteuid() == 0)
		return true;
	cr_skip("needs root, to be two users");
	return false;
}

static void
add_fh(struct raw *r, const struct fh *fh)
{
	unsigned i;

	raw_u32(r, fh->len);
	for (i = 0; i < fh->len; i += 4)
		raw_u32(r, raw_get((const uint8_t *)fh->b + i));
}

static void
add_name(struct raw *r, const char *name)
{
	size_t len = strlen(name);

	raw_u32(r, (uint32_t)len);
	memset(r->b + r->len, 0, 4 + len);
	memcpy(r->b + r->len, name, len);
	r->len += (len + 3) & ~(size_t)3;
}

static void
begin(struct raw *r, uint32_t prog, uint32_t proc, uint32_t uid)
{
	raw_begin(r, 7, prog, 3, proc);
	raw_auth_sys(r, uid);
}

static void
read_secret(struct raw *r, const struct thief_server *t, uint32_t uid)
{
	begin(r, 100003, 6, uid);
	add_fh(r, &t->secret);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 4096);
	raw_end(r);
}

/* All that one can ask, as uid says it is; on one connection each. */
static void
ask_for(struct raw *r, const struct thief_server *t, unsigned what,
    uint32_t uid)
{
	switch (what) {
	case 0:
		begin(r, 100005, 1, uid);	/* MNT */
		add_name(r, "/vault");
		break;
	case 1:
		begin(r, 100003, 1, uid);	/* GETATTR */
		add_fh(r, &t->root);
		break;
	case 2:
		begin(r, 100003, 3, uid);	/* LOOKUP */
		add_fh(r, &t->root);
		add_name(r, "secret");
		break;
	case 3:
		begin(r, 100003, 16, uid);	/* READDIR */
		add_fh(r, &t->root);
		raw_u32(r, 0);
		raw_u32(r, 0);
		raw_u32(r, 0);
		raw_u32(r, 0);
		raw_u32(r, 4096);
		break;
	case 4:
		read_secret(r, t, uid);
		break;
	case 5:
		raw_begin(r, 7, 100005, 3, 5);	/* EXPORT */
		raw_auth_none(r);
		break;
	case 6:
		raw_begin(r, 7, 100005, 3, 2);	/* DUMP */
		raw_auth_none(r);
		break;
	default:
		raw_null(r, 7);
		break;
	}
	raw_end(r);
}

enum { QUESTIONS = 8 };

static int
worth(const uint8_t *got, size_t n)
{
	size_t i, len = strlen(THIEF_SECRET);

	for (i = 0; i + len <= n; i++)
		if (memcmp(got + i, THIEF_SECRET, len) == 0)
			return SECRET;
	return n > 0 ? SOMETHING : NOTHING;
}

/* The most that any of the questions brought. */
static int
ask_all(const struct thief_server *t, uint32_t uid, bool half_closed)
{
	static uint8_t got[65536];
	int fd, most = NOTHING, w;
	struct raw r;
	unsigned i;

	for (i = 0; i < QUESTIONS; i++) {
		if ((fd = thief_connect(t)) == -1)
			return NOT_TRIED;
		ask_for(&r, t, i, uid);
		(void)raw_send(fd, r.b, r.len);
		if (half_closed)
			(void)shutdown(fd, SHUT_WR);
		w = worth(got, thief_drain(fd, WAIT_MS, got, sizeof(got)));
		most = w > most ? w : most;
		(void)close(fd);
	}
	return most;
}

static int
asks(const struct thief_server *t, uint32_t uid)
{
	return ask_all(t, uid, true);
}

/* The same, but the server may take its time to look. */
static int
asks_and_waits(const struct thief_server *t, uint32_t uid)
{
	return ask_all(t, uid, false);
}

static int
claims_root(const struct thief_server *t)
{
	int a = asks(t, 0), b = asks_and_waits(t, 0);

	return a > b ? a : b;
}

static int
claims_owner(const struct thief_server *t)
{
	return asks_and_waits(t, THIEF_OWNER);
}

static int
says_who_it_is(const struct thief_server *t)
{
	return asks_and_waits(t, (uint32_t)geteuid());
}

/* Bits of handles changed one after the other, as root. */
static int
forges_handles(const struct thief_server *t)
{
	struct thief_server own = *t;
	int most = NOTHING, w, fd;
	static uint8_t got[65536];
	struct raw r;
	unsigned i;

	for (i = 0; i < own.secret.len * 8; i += 5) {
		own.secret = t->secret;
		own.secret.b[i / 8] ^= (char)(1 << i % 8);
		if ((fd = thief_connect(t)) == -1)
			return NOT_TRIED;
		read_secret(&r, &own, 0);
		(void)raw_send(fd, r.b, r.len);
		w = worth(got, thief_drain(fd, WAIT_MS, got, sizeof(got)));
		most = w > most ? w : most;
		(void)close(fd);
	}
	return most;
}

Test(theft, another_user_gets_not_a_byte_whoever_it_says_it_is)
{
	struct server_counts c;

	if (!is_root())
		return;
	thief_serve(&s, &usual, false);
	cr_expect_eq(thief_run(0, claims_root, &s), NOTHING);
	cr_expect_eq(thief_run(0, claims_owner, &s), NOTHING);
	cr_expect_eq(thief_run(0, says_who_it_is, &s), NOTHING);
	cr_expect_eq(thief_run(0, forges_handles, &s), NOTHING);
	thief_counts(&s, &c);
	cr_expect_geq(c.refused, 4u * QUESTIONS);
	thief_end(&s);
}

Test(theft, without_the_gate_it_reads_the_secret)
{
	if (!is_root())
		return;
	thief_serve(&s, &usual, true);
	cr_expect_eq(thief_run(0, claims_root, &s), SECRET);
	cr_expect_eq(thief_run(0, claims_owner, &s), SECRET);
	/* AUTH_SYS of a stranger: names of exports, errors, no contents */
	cr_expect_eq(thief_run(0, says_who_it_is, &s), SOMETHING);
	thief_end(&s);
}

Test(theft, the_owner_is_served_and_speaks_for_itself_only)
{
	if (!is_root())
		return;
	thief_serve(&s, &usual, false);
	cr_expect_eq(thief_run(THIEF_OWNER, claims_owner, &s), SECRET);
	/* its own socket does not make it root */
	cr_expect_eq(thief_run(THIEF_OWNER, claims_root, &s), SOMETHING);
	thief_end(&s);
}

/* -- it sends what shall be done, and is gone before it is looked at */

enum { FIRES = 120 };

static void
vanish(int fd, unsigned how)
{
	struct linger now = { 1, 0 };

	if (how % 3 == 1)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now,
		    sizeof(now));
	if (how % 3 == 2)
		(void)shutdown(fd, SHUT_RDWR);
	(void)close(fd);
}

/* REMOVE of a file as root, fired and forgotten in several ways. */
static int
fires_and_forgets(const struct thief_server *t)
{
	struct raw r;
	unsigned i;
	pid_t child;
	int fd, st;

	for (i = 0; i < FIRES; i++) {
		if ((fd = thief_connect(t)) == -1)
			return NOT_TRIED;
		begin(&r, 100003, 12, 0);
		add_fh(&r, &t->root);
		add_name(&r, "secret");
		raw_end(&r);
		/* all at once, or the process has ended by the last byte */
		if (i % 10 == 9) {
			if ((child = fork()) == 0) {
				(void)raw_send(fd, r.b, r.len);
				_exit(0);
			}
			(void)close(fd);
			(void)waitpid(child, &st, 0);
			continue;
		}
		(void)raw_send(fd, r.b, r.len);
		vanish(fd, i);
	}
	return NOTHING;
}

/* As the owner: is the secret still there? */
static int
looks(const struct thief_server *t)
{
	return asks_and_waits(t, THIEF_OWNER);
}

Test(theft, a_socket_that_was_closed_at_once_is_nobody_s)
{
	struct server_counts before, after;

	if (!is_root())
		return;
	thief_serve(&s, &usual, false);
	thief_counts(&s, &before);
	cr_expect_eq(thief_run(0, fires_and_forgets, &s), NOTHING);
	cr_expect_eq(thief_run(THIEF_OWNER, looks, &s), SECRET);
	thief_counts(&s, &after);
	cr_expect_eq(after.calls[12], before.calls[12], "a REMOVE was run");
	cr_expect_eq(after.refused - before.refused, FIRES);
	thief_end(&s);
}

Test(theft, without_the_gate_such_a_call_is_run)
{
	if (!is_root())
		return;
	thief_serve(&s, &usual, true);
	cr_expect_eq(thief_run(0, fires_and_forgets, &s), NOTHING);
	cr_expect_lt(thief_run(THIEF_OWNER, looks, &s), SECRET);
	thief_end(&s);
}

/* -- it does not want in, but the owner out */

enum { FLOOD = 2000, HELD = 300 };

static int
floods(const struct thief_server *t)
{
	static int held[HELD];
	static uint8_t got[4096];
	size_t bytes = 0;
	struct raw r;
	unsigned i;
	int fd;

	for (i = 0; i < FLOOD; i++) {
		if ((fd = thief_connect(t)) == -1)
			continue;
		read_secret(&r, t, 0);
		/* whole, half, a claim of 1 MiB */
		(void)raw_send(fd, r.b, i % 3 == 0 ? r.len : i % 3 * 7);
		if (i >= HELD) {
			bytes += thief_drain(held[i % HELD], 0, got,
			    sizeof(got));
			(void)close(held[i % HELD]);
		}
		held[i % HELD] = fd;
	}
	return bytes == 0 ? NOTHING : SOMETHING;
}

Test(theft, a_flood_by_another_user_takes_no_place_of_the_owner)
{
	struct server_counts c;
	pid_t flood;
	unsigned i;
	int st;

	if (!is_root())
		return;
	thief_serve(&s, &usual, false);
	flood = thief_start(0, floods, &s);
	for (i = 0; i < 5; i++)
		cr_expect_eq(thief_run(THIEF_OWNER, looks, &s), SECRET);
	cr_assert_eq(waitpid(flood, &st, 0), flood);
	cr_expect_eq(WIFEXITED(st) ? WEXITSTATUS(st) : -1, NOTHING);
	/* those that wait in the socket's queue take their time */
	for (i = 0; i < 2000; i++) {
		thief_counts(&s, &c);
		if (c.refused > FLOOD / 2)
			break;
		raw_sleep_ms(10);
	}
	cr_expect_gt(c.refused, FLOOD / 2);
	cr_expect_lt(c.conns, FIX_CLIENTS + QUESTIONS);
	thief_end(&s);
}

/* -- a user that was let in */

static int
speaks_as_itself(const struct thief_server *t)
{
	return asks_and_waits(t, THIEF_UID);
}

/*
 * A guest comes in and is told that the file is not theirs to read; as root or
 * as the owner it gets no further than AUTH_TOOWEAK.
 */
Test(theft, a_guest_has_the_rights_of_others_whoever_it_says_it_is)
{
	const uint32_t uid = THIEF_UID;
	struct server_options o = { .gate = { .uids = &uid, .nuids = 1 } };

	if (!is_root())
		return;
	thief_serve(&s, &o, false);
	cr_expect_eq(thief_run(0, speaks_as_itself, &s), SOMETHING);
	cr_expect_eq(thief_run(0, claims_owner, &s), SOMETHING);
	cr_expect_eq(thief_run(0, claims_root, &s), SOMETHING);
	thief_end(&s);
}

static int
holds_all_it_can(const struct thief_server *t)
{
	static uint8_t reply[4096];
	struct raw r;
	unsigned n = 0;
	int fd, i;

	for (i = 0; i < 40; i++) {
		if ((fd = thief_connect(t)) == -1)
			return -1;
		raw_null(&r, 1);
		(void)raw_send(fd, r.b, r.len);
		n += thief_drain(fd, WAIT_MS, reply, sizeof(reply)) > 0;
	}
	return (int)n;
}

Test(theft, a_guest_has_a_quarter_of_the_places)
{
	const uint32_t uid = THIEF_UID;
	struct server_options o = { .max_conns = 20,
	    .gate = { .uids = &uid, .nuids = 1 } };

	if (!is_root())
		return;
	thief_serve(&s, &o, false);
	cr_expect_eq(thief_run(0, holds_all_it_can, &s), 5);
	thief_end(&s);
}
