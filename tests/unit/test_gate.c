/*
 * test_gate.c - who may connect, and for whom a connection may speak.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/tune.h"
#include "base/verr.h"
#include "nfsd/cred.h"
#include "nfsd/gate.h"
#include "nfsd/place.h"
#include "tests/unit/pair.h"

TestSuite(gate, .timeout = 60);

static const struct gate_options none;

static struct gate *
gate_of(const struct gate_options *o)
{
	struct gate *g = gate_new(o, NULL);

	cr_assert(g != NULL);
	return g;
}

static bool
admits(struct gate *g, struct gate_peer *peer)
{
	struct pair p;
	bool ok;

	cr_assert(pair_open(&p, AF_INET, "127.0.0.1", "127.0.0.1"));
	ok = gate_admit(g, p.server, peer);
	pair_close(&p);
	return ok;
}

Test(gate, our_own_user_comes_in_and_speaks_for_itself)
{
	struct gate *g = gate_of(&none);
	uint32_t me = (uint32_t)geteuid();
	struct gate_peer p;

	cr_assert(admits(g, &p));
	cr_expect(p.known);
	cr_expect(p.own);
	cr_expect_eq(p.uid, me);
	cr_expect(gate_speaks_for(g, &p, me));
	cr_expect_not(gate_speaks_for(g, &p, 4321));
	cr_expect_eq(gate_speaks_for(g, &p, 0), me == 0);
	cr_expect_eq(gate_refused(g), 0);
	gate_free(g);
}

/* The gate's own view of a user of this host. */
static struct gate_peer
peer_of(uint32_t uid, bool own)
{
	return (struct gate_peer){ .known = true, .own = own, .uid = uid,
	    .who = uid };
}

Test(gate, root_speaks_for_everyone_who_is_admitted)
{
	const uint32_t more[] = { 4321 };
	struct gate_options o = { .uids = more, .nuids = 1 };
	struct gate_peer root = peer_of(0, true);
	struct gate *g = gate_of(&o);

	cr_expect(gate_speaks_for(g, &root, 0));
	cr_expect(gate_speaks_for(g, &root, (uint32_t)geteuid()));
	cr_expect(gate_speaks_for(g, &root, 4321));
	cr_expect_not(gate_speaks_for(g, &root, 4322));
	gate_free(g);
	o.any_user = true;
	g = gate_of(&o);
	cr_expect(gate_speaks_for(g, &root, 4322));
	gate_free(g);
}

Test(gate, a_guest_speaks_for_itself_only)
{
	const uint32_t more[] = { 4321, 4322 };
	struct gate_options o = { .uids = more, .nuids = 2,
	    .any_user = true };
	struct gate_peer guest = peer_of(4321, false);
	struct gate *g = gate_of(&o);

	cr_expect(gate_speaks_for(g, &guest, 4321));
	cr_expect_not(gate_speaks_for(g, &guest, 0));
	cr_expect_not(gate_speaks_for(g, &guest, 4322));
	gate_free(g);
}

Test(gate, groups_that_a_guest_does_not_have_are_dropped)
{
	const uint32_t more[] = { 4321 };
	struct gate_options o = { .uids = more, .nuids = 1 };
	struct gate_peer guest = peer_of(4321, false);
	struct gate_peer root = peer_of(0, true);
	struct cred c = { .uid = 4321, .gid = 0, .ngroups = 2,
	    .groups = { 0, 42 } };
	struct gate *g = gate_of(&o);

	gate_trim(g, &root, &c);
	cr_expect_eq(c.ngroups, 2, "the kernel's word is taken");
	cr_expect_eq(c.gid, 0);
	gate_trim(g, &guest, &c);
	cr_expect_eq(c.ngroups, 0);
	cr_expect_neq(c.gid, 0);
	cr_expect_eq(c.uid, 4321);
	gate_free(g);
}

Test(gate, too_many_users_are_an_error)
{
	uint32_t more[GATE_USERS_MAX + 1];
	struct gate_options o = { .uids = more };
	struct verr e;
	unsigned i;

	for (i = 0; i < GATE_USERS_MAX + 1; i++)
		more[i] = 50000 + i;
	o.nuids = GATE_USERS_MAX + 1;
	cr_expect(gate_new(&o, &e) == NULL);
	cr_expect_eq(e.code, VERR_INVAL);
}

/* Twice: a child of another user connects, stays; is it let in? */
static bool
admits_other(struct gate *g, struct gate_peer *peer)
{
	struct pair p;
	uint16_t port;
	pid_t child;
	bool ok;
	char c;

	cr_assert(pair_listen(&p, "127.0.0.1", &port));
	if ((child = fork()) == 0) {
		(void)close(p.listener);
		pair_become(PAIR_OTHER);
		(void)recv(pair_connect(AF_INET, "127.0.0.1", port), &c, 1, 0);
		_exit(0);
	}
	p.server = accept(p.listener, NULL, NULL);
	ok = gate_admit(g, p.server, peer);
	pair_close(&p);
	return ok;
}

Test(gate, another_user_is_refused_unless_named)
{
	const uint32_t more[] = { PAIR_OTHER };
	struct gate_options o = { .uids = more, .nuids = 1 };
	struct gate_peer p;
	struct gate *g;

	if (geteuid() != 0) {
		cr_skip("needs root to become another user");
		return;
	}
	g = gate_of(&none);
	cr_expect_not(admits_other(g, &p));
	cr_expect_eq(gate_refused(g), 1);
	gate_free(g);
	g = gate_of(&o);
	cr_expect(admits_other(g, &p));
	cr_expect_eq(p.uid, PAIR_OTHER);
	cr_expect_not(p.own);
	gate_free(g);
	/* the same with any_user: it is about AUTH_SYS, not about sockets */
	g = gate_of(&(struct gate_options){ .any_user = true });
	cr_expect_not(admits_other(g, &p));
	gate_free(g);
}

Test(gate, without_the_gate_another_user_comes_in_as_anyone)
{
	struct gate_peer p;
	struct gate *g;

	if (geteuid() != 0) {
		cr_skip("needs root to become another user");
		return;
	}
	cr_assert_eq(tune_set("no-gate", NULL), 0);
	g = gate_of(&none);
	cr_expect(admits_other(g, &p));
	cr_expect(gate_speaks_for(g, &p, 0));
	gate_free(g);
	cr_assert_eq(tune_set("", NULL), 0);
}

Test(gate, a_reserved_port_may_be_asked_for)
{
	struct gate_options o = { .reserved_port = true };
	struct gate *g = gate_of(&o);
	struct gate_peer p;

	cr_expect_not(admits(g, &p));
	cr_expect_eq(gate_refused(g), 1);
	gate_free(g);
}

/* An address of this host is a user's, whatever networks are named. */
Test(gate, a_network_does_not_let_this_host_s_users_in_unseen)
{
	struct gate_options o = { .nnets = 1 };
	struct gate_net all;
	struct gate_peer p;
	struct gate *g;

	cr_assert_eq(gate_parse_net("0.0.0.0/0", &all, NULL), 0);
	o.nets = &all;
	g = gate_of(&o);
	cr_assert(admits(g, &p));
	cr_expect(p.known);
	if (geteuid() == 0)
		cr_expect_not(admits_other(g, &p));
	gate_free(g);
}

static int
parse(const char *text, struct gate_net *n)
{
	struct verr e = { .code = VERR_NONE };
	int rc = gate_parse_net(text, n, &e);

	cr_expect_eq(rc == 0 ? VERR_NONE : VERR_INVAL, e.code, "%s", text);
	return rc;
}

Test(gate, networks_are_read_as_written)
{
	static const char *const bad[] = { "", "/", "10", "10.0.0.0/33",
	    "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
	    "fd00::/129", "fd00::1/64", "localhost", "::/0/0", "1.2.3.4/ 8",
	    "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"
	};
	struct gate_net n;
	size_t i;

	cr_assert_eq(parse("10.0.0.0/8", &n), 0);
	cr_expect_eq(n.len, 4);
	cr_expect_eq(n.bits, 8);
	cr_assert_eq(parse("192.168.7.9", &n), 0);
	cr_expect_eq(n.bits, 32);
	cr_assert_eq(parse("0.0.0.0/0", &n), 0);
	cr_assert_eq(parse("fd00::/8", &n), 0);
	cr_expect_eq(n.len, 16);
	cr_assert_eq(parse("2001:db8::1", &n), 0);
	cr_expect_eq(n.bits, 128);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(parse(bad[i], &n), -1, "%s", bad[i]);
}

static unsigned
take_all(struct place_table *t, const struct gate_peer *p)
{
	unsigned n = 0;

	while (place_take(t, p))
		n++;
	return n;
}

Test(gate, guests_leave_places_for_the_owner_and_for_each_other)
{
	struct gate_peer own = peer_of(0, true), guest;
	struct place_table *t = place_table_new(64);
	unsigned i, all = 0, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 10; i++) {
			guest = peer_of(5000 + i, false);
			all += take_all(t, &guest);
			if (i == 0)
				cr_expect_eq(all, 16);
		}
		cr_expect_eq(all, 48, "a quarter is left: %u", all);
		cr_expect_eq(take_all(t, &own), 16);
		guest = peer_of(1, false);
		cr_expect_not(place_take(t, &guest));
		for (i = 0; i < 16; i++)
			place_give(t, &own);
		cr_expect_not(place_take(t, &guest));
		for (i = 0; i < 48; i++) {
			guest = peer_of(5000 + i / 16, false);
			place_give(t, &guest);
			all--;
		}
		cr_expect_eq(all, 0);
	}
	cr_expect_eq(take_all(t, &own), 64, "the owner may have all");
	place_table_free(t);
}
