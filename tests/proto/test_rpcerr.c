/*
 * test_rpcerr.c - what is wrong with a call is answered as RFC 5531 says.
 *
 * Sections 8.2, 9 and appendix A.  After each error the connection lives on.
 */
#include "config.h"

#include "tests/proto/expect.h"

TestSuite(rpcerr, .init = start, .fini = stop, .timeout = 60);

/* Send r, expect the words after reply_stat, and the connection to live on. */
static void
expect_error(struct raw *r, uint32_t stat, const uint32_t *words, unsigned n)
{
	int fd = raw_connect(&server);

	raw_end(r);
	cr_assert(raw_send(fd, r->b, r->len));
	expect_words(fd, 5, stat, words, n);
	expect_null_works(fd, 6);
	(void)close(fd);
}

static void
expect_auth_error(struct raw *r, uint32_t auth_stat)
{
	uint32_t words[] = { 1, auth_stat };	/* AUTH_ERROR */

	expect_error(r, 1, words, 2);
}

Test(rpcerr, rpc_version_3_is_a_mismatch_of_2_to_2)
{
	uint32_t words[] = { 0, 2, 2 };		/* RPC_MISMATCH */
	struct raw r;

	raw_begin(&r, 5, 100003, 3, 0);
	raw_auth_none(&r);
	r.b[4 + 11] = 3;
	expect_error(&r, 1, words, 3);
}

Test(rpcerr, an_unknown_program_is_unavailable)
{
	uint32_t words[] = { 0, 0, 1 };
	struct raw r;

	raw_begin(&r, 5, 100227, 3, 0);		/* NFS_ACL: Linux asks */
	raw_auth_none(&r);
	expect_error(&r, 0, words, 3);
}

Test(rpcerr, another_version_is_a_mismatch_of_3_to_3)
{
	uint32_t words[] = { 0, 0, 2, 3, 3 };
	uint32_t prog[] = { 100003, 100003, 100005 }, vers[] = { 2, 4, 1 };
	struct raw r;
	unsigned i;

	for (i = 0; i < 3; i++) {
		raw_begin(&r, 5, prog[i], vers[i], 0);
		raw_auth_none(&r);
		expect_error(&r, 0, words, 5);
	}
}

Test(rpcerr, an_unknown_procedure_is_unavailable)
{
	uint32_t words[] = { 0, 0, 3 };
	struct raw r;

	raw_begin(&r, 5, 100003, 3, 22);
	raw_auth_none(&r);
	expect_error(&r, 0, words, 3);
	raw_begin(&r, 5, 100005, 3, 6);
	raw_auth_sys(&r, (uint32_t)geteuid());
	expect_error(&r, 0, words, 3);
	raw_begin(&r, 5, 100003, 3, 0xffffffff);
	raw_auth_none(&r);
	expect_error(&r, 0, words, 3);
}

Test(rpcerr, arguments_that_do_not_decode_are_garbage)
{
	uint32_t words[] = { 0, 0, 4 };
	struct raw r;

	raw_begin(&r, 5, 100003, 3, 1);		/* GETATTR of nothing */
	raw_auth_sys(&r, (uint32_t)geteuid());
	expect_error(&r, 0, words, 3);
	raw_begin(&r, 5, 100003, 3, 1);		/* a handle of 65 bytes */
	raw_auth_sys(&r, (uint32_t)geteuid());
	raw_u32(&r, 65);
	memset(r.b + r.len, 0, 68);
	r.len += 68;
	expect_error(&r, 0, words, 3);
	raw_begin(&r, 5, 100003, 3, 7);		/* WRITE of 4 GiB */
	raw_auth_sys(&r, (uint32_t)geteuid());
	raw_u32(&r, 4);
	raw_u32(&r, 1);
	raw_u32(&r, 0);
	raw_u32(&r, 0);
	raw_u32(&r, 0xffffffff);
	raw_u32(&r, 0);
	raw_u32(&r, 0xffffffff);
	expect_error(&r, 0, words, 3);
}

Test(rpcerr, who_is_not_admitted_is_too_weak)
{
	struct raw r;

	raw_begin(&r, 5, 100003, 3, 1);
	raw_auth_none(&r);
	raw_u32(&r, 4);
	raw_u32(&r, 1);
	expect_auth_error(&r, 5);
	raw_begin(&r, 5, 100003, 3, 1);
	raw_auth_sys(&r, (uint32_t)geteuid() + 1);
	raw_u32(&r, 4);
	raw_u32(&r, 1);
	expect_auth_error(&r, 5);
	raw_begin(&r, 5, 100005, 3, 1);		/* MNT / */
	raw_auth_none(&r);
	raw_u32(&r, 1);
	raw_u32(&r, 0x2f000000);
	expect_auth_error(&r, 5);
}

/* Whose socket it is decides: gate.h. */
Test(rpcerr, the_servers_user_is_admitted_and_root_on_a_socket_of_roots)
{
	uint32_t words[] = { 0, 0, 0 };
	struct raw r;

	raw_getattr(&r, 5);
	expect_error(&r, 0, words, 3);
	raw_begin(&r, 5, 100003, 3, 1);
	raw_auth_sys(&r, 0);
	raw_u32(&r, 4);
	raw_u32(&r, 1);
	if (geteuid() == 0)
		expect_error(&r, 0, words, 3);
	else
		expect_auth_error(&r, 5);
}

Test(rpcerr, an_unknown_flavour_is_rejected)
{
	struct raw r;

	raw_begin(&r, 5, 100003, 3, 1);
	raw_u32(&r, 6);				/* RPCSEC_GSS */
	raw_u32(&r, 4);
	raw_u32(&r, 0);
	raw_u32(&r, 0);
	raw_u32(&r, 0);
	expect_auth_error(&r, 2);
}

/* AUTH_SYS whose parts claim these lengths; body: the length in front. */
static void
odd_auth_sys(struct raw *r, uint32_t body, uint32_t name, uint32_t gids)
{
	raw_begin(r, 5, 100003, 3, 1);
	raw_u32(r, 1);
	raw_u32(r, body);
	raw_u32(r, 0);
	raw_u32(r, name);
	memset(r->b + r->len, 'm', (name + 3) & ~3u);
	r->len += (name + 3) & ~3u;
	raw_u32(r, (uint32_t)geteuid());
	raw_u32(r, 0);
	raw_u32(r, gids);
	memset(r->b + r->len, 0, 4 * gids);
	r->len += 4 * gids;
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 4);
	raw_u32(r, 0xdeadbeef);
}

Test(rpcerr, malformed_credentials_are_bad)
{
	uint32_t good[] = { 0, 0, 0 };
	struct raw r;

	odd_auth_sys(&r, 20 + 256, 255, 0);
	expect_error(&r, 0, good, 3);
	odd_auth_sys(&r, 20 + 64, 0, 16);
	expect_error(&r, 0, good, 3);

	odd_auth_sys(&r, 20 + 256, 256, 0);	/* the name is too long */
	expect_auth_error(&r, 1);
	odd_auth_sys(&r, 20 + 68, 0, 17);	/* a group too many */
	expect_auth_error(&r, 1);
	odd_auth_sys(&r, 20 + 384, 200, 46);	/* a body over 400 */
	expect_auth_error(&r, 1);
	odd_auth_sys(&r, 20 + 8, 0, 0);		/* bytes left over */
	expect_auth_error(&r, 1);
	odd_auth_sys(&r, 16, 0, 0);		/* too short for itself */
	expect_auth_error(&r, 1);
	odd_auth_sys(&r, 0xfffffffc, 0, 0);	/* longer than the record */
	expect_auth_error(&r, 1);
}

Test(rpcerr, errors_of_rpc_are_counted)
{
	uint32_t words[] = { 0, 0, 1 };
	struct server_counts c;
	struct raw r;

	raw_begin(&r, 5, 1, 1, 1);
	raw_auth_none(&r);
	expect_error(&r, 0, words, 3);
	server_counts(server.srv, &c);
	cr_expect_eq(c.rejected, 1);
	cr_expect_eq(c.calls[0], 1);
	cr_expect_eq(c.on_loop, 1);
}
