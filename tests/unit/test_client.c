/*
 * The tests' client by itself, against the other end of a socketpair that
 * answers with fixed bytes (RFC 5531 and RFC 1813, by hand).
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/socket.h>

#include "tests/client/client.h"

static struct client *c;
static int peer;

static void
setup(void)
{
	int sv[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	c = client_new(sv[0]);
	cr_assert_not_null(c);
	client_timeout(c, 500);
	peer = sv[1];
}

static void
teardown(void)
{
	client_free(c);
	if (peer != -1)
		close(peer);
}

TestSuite(client, .init = setup, .fini = teardown);

/* Send words as bytes from the peer. */
static void
answer(const uint32_t *words, size_t n)
{
	uint8_t b[256];
	size_t i;

	for (i = 0; i < n; i++) {
		b[4 * i] = (uint8_t)(words[i] >> 24);
		b[4 * i + 1] = (uint8_t)(words[i] >> 16);
		b[4 * i + 2] = (uint8_t)(words[i] >> 8);
		b[4 * i + 3] = (uint8_t)words[i];
	}
	cr_assert_eq(write(peer, b, 4 * n), (ssize_t)(4 * n));
}

#define ANSWER(...) do {						\
	static const uint32_t w_[] = { __VA_ARGS__ };			\
	answer(w_, sizeof(w_) / sizeof(w_[0]));				\
} while (0)

Test(client, sends_a_null_call_as_the_rfc_writes_it)
{
	static const uint8_t want[] = {
		0x80, 0, 0, 40, 0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 2,
		0, 1, 0x86, 0xa3, 0, 0, 0, 3, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	uint8_t got[sizeof(want)];

	client_next_xid(c, 42);
	cr_assert_eq(client_send(c, NFSPROC3_NULL, (xdrproc_t)client_void,
	    NULL), 42);
	cr_assert_eq(read(peer, got, sizeof(got)), (ssize_t)sizeof(got));
	cr_expect_eq(memcmp(got, want, sizeof(want)), 0);
}

Test(client, sends_the_credentials_it_was_given)
{
	static const uint8_t want[] = {	/* flavor, length, body, verifier */
		0, 0, 0, 1, 0, 0, 0, 44, 0, 0, 0, 1, 0, 0, 0, 13,
		'v', 'a', 'u', 'l', 't', 'n', 'f', 's', '-', 't', 'e', 's',
		't', 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 2,
		0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	static const uint32_t gids[] = { 9, 10 };
	uint8_t *rec;
	size_t len, at;

	client_auth_sys(c, 7, 8, 2, gids);
	rec = client_encode(c, NFS_PROGRAM, NFS_V3, 0, (xdrproc_t)client_void,
	    NULL, &len, &at);
	cr_assert_not_null(rec);
	cr_expect_eq(at, len);
	cr_assert_eq(len, 24 + sizeof(want));
	cr_expect_eq(memcmp(rec + 24, want, sizeof(want)), 0);
	free(rec);
}

Test(client, reads_a_reply_in_two_fragments)
{
	GETATTR3args args;
	GETATTR3res res;

	memset(&args, 0, sizeof(args));
	client_next_xid(c, 5);
	ANSWER(12, 5, 1, 0, 0x80000010, 0, 0, 0, 70);
	cr_expect_eq(client_nfs(c, GETATTR, &args, &res), RPC_SUCCESS);
	cr_expect_eq(res.status, WIRE_NFS3ERR_STALE);
}

Test(client, finds_the_reply_it_waits_for_among_others)
{
	uint32_t a, b;

	client_next_xid(c, 5);
	a = client_send(c, 0, (xdrproc_t)client_void, NULL);
	b = client_send(c, 0, (xdrproc_t)client_void, NULL);
	ANSWER(0x80000018, 6, 1, 0, 0, 0, 3, 0x80000018, 5, 1, 0, 0, 0, 0);
	cr_expect_eq(client_wait(c, a, (xdrproc_t)client_void, NULL),
	    RPC_SUCCESS);
	cr_expect_eq(client_wait(c, b, (xdrproc_t)client_void, NULL),
	    RPC_PROCUNAVAIL);
}

Test(client, tells_what_a_denied_reply_says)
{
	client_next_xid(c, 5);
	ANSWER(0x80000014, 5, 1, 1, 1, 5);
	cr_expect_eq(client_null(c), RPC_AUTHERROR);
	cr_expect_eq(client_error(c)->re_why, AUTH_TOOWEAK);
}

Test(client, refuses_a_result_with_bytes_left_over)
{
	client_next_xid(c, 5);
	ANSWER(0x8000001c, 5, 1, 0, 0, 0, 0, 9);
	cr_expect_eq(client_null(c), RPC_CANTDECODERES);
}

Test(client, tells_silence_from_a_closed_connection)
{
	client_timeout(c, 50);
	cr_expect_eq(client_null(c), RPC_TIMEDOUT);
	cr_expect_not(client_closed(c, 20));
	close(peer);
	peer = -1;
	cr_expect(client_closed(c, 20));
	cr_expect_eq(client_null(c), RPC_CANTSEND);
}

Test(client, does_not_wait_for_ever_to_send)
{
	size_t len = 8 * 1024 * 1024;
	uint8_t *big = calloc(1, len);

	client_timeout(c, 50);
	cr_expect_not(client_send_raw(c, big, len));
	free(big);
}

Test(client, reads_the_handle_that_mnt_gives)
{
	mountres3 res;

	client_next_xid(c, 5);
	ANSWER(0x80000030, 5, 1, 0, 0, 0, 0,
	    0, 4, 0x01020304, 2, 1, 0);
	cr_assert_eq(client_mnt(c, "/x", &res), RPC_SUCCESS);
	cr_expect_eq(res.mountres3_u.mountinfo.fhandle.fhandle3_len, 4);
	cr_expect_eq(res.mountres3_u.mountinfo.auth_flavors.auth_flavors_len,
	    2);
	xdr_free((xdrproc_t)xdr_mountres3, &res);
}
