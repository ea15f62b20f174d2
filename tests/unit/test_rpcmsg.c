/*
 * Call headers made by libtirpc must be understood, and libtirpc must
 * understand our reply headers.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/unit/wire.h"
#include "xdr/rpcmsg.h"
#include "xdr/xout.h"

#define XID	0x89abcdefu

/* A record under construction; four bytes at a time. */
static uint8_t rec[4096];
static size_t rec_len;

static void
put(uint32_t v)
{
	rec[rec_len++] = (uint8_t)(v >> 24);
	rec[rec_len++] = (uint8_t)(v >> 16);
	rec[rec_len++] = (uint8_t)(v >> 8);
	rec[rec_len++] = (uint8_t)v;
}

/* xid to proc and the credentials' flavor (RFC 5531 section 9). */
static void
start(uint32_t flavor)
{
	rec_len = 0;
	put(XID);
	put(0);
	put(2);
	put(100003);
	put(3);
	put(1);
	put(flavor);
}

/* A verifier of AUTH_NONE. */
static void
put_verf(void)
{
	put(0);
	put(0);
}

/* AUTH_SYS with a machine name of NULs; extra bytes at its end. */
static void
start_sys(uint32_t machine, uint32_t ngids, uint32_t extra)
{
	uint32_t padded = (machine + 3) & ~3u, i;

	start(RPCMSG_AUTH_SYS);
	put(20 + padded + 4 * ngids + extra);
	put(77);
	put(machine);
	memset(rec + rec_len, 0, padded);
	rec_len += padded;
	put(1000);
	put(2000);
	put(ngids);
	for (i = 0; i < ngids; i++)
		put(3000 + i);
	memset(rec + rec_len, 0, extra);
	rec_len += extra;
	put_verf();
}

static enum rpcmsg_result
decode(struct rpcmsg_call *call, size_t len)
{
	/* An allocation of this length, so that ASan sees what is beyond. */
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum rpcmsg_result r;
	struct xin in;

	memcpy(copy, rec, len);
	xin_init(&in, copy, len);
	r = rpcmsg_call_decode(&in, call);
	free(copy);
	return r;
}

/* A header by libtirpc with AUTH_SYS of ngids groups, and 4 bytes behind. */
static void
encode_by_libtirpc(struct authunix_parms *p)
{
	static char body[MAX_AUTH_BYTES];
	struct rpc_msg msg;
	XDR x;

	memset(&msg, 0, sizeof(msg));
	msg.rm_xid = XID;
	msg.rm_direction = CALL;
	msg.rm_call.cb_rpcvers = RPC_MSG_VERSION;
	msg.rm_call.cb_prog = 100003;
	msg.rm_call.cb_vers = 3;
	msg.rm_call.cb_proc = 19;
	if (p != NULL) {
		xdrmem_create(&x, body, sizeof(body), XDR_ENCODE);
		cr_assert(xdr_authunix_parms(&x, p));
		msg.rm_call.cb_cred.oa_flavor = AUTH_SYS;
		msg.rm_call.cb_cred.oa_base = body;
		msg.rm_call.cb_cred.oa_length = XDR_GETPOS(&x);
		XDR_DESTROY(&x);
	}
	xdrmem_create(&x, (char *)rec, sizeof(rec), XDR_ENCODE);
	cr_assert(xdr_callmsg(&x, &msg));
	rec_len = XDR_GETPOS(&x);
	XDR_DESTROY(&x);
	put(4711);
}

Test(rpcmsg, a_call_of_libtirpc_with_auth_sys_is_understood)
{
	gid_t gids[16];
	struct authunix_parms p = {
		.aup_time = 5, .aup_uid = 1000, .aup_gid = 100,
		.aup_gids = gids,
	};
	struct rpcmsg_call call;
	struct xin in;
	uint32_t v, i;
	char *name;

	for (p.aup_len = 0; p.aup_len <= 16; p.aup_len++) {
		name = wire_bytes(p.aup_len * 15);
		p.aup_machname = name;
		for (i = 0; i < p.aup_len; i++)
			gids[i] = wire_u32();
		encode_by_libtirpc(&p);
		xin_init(&in, rec, rec_len);
		cr_assert_eq(rpcmsg_call_decode(&in, &call), RPCMSG_OK);
		cr_expect_eq(call.xid, XID);
		cr_expect_eq(call.rpcvers, 2);
		cr_expect_eq(call.prog, 100003);
		cr_expect_eq(call.vers, 3);
		cr_expect_eq(call.proc, 19);
		cr_expect_eq(call.flavor, RPCMSG_AUTH_SYS);
		cr_expect_eq(call.stamp, 5);
		cr_expect(wire_same_str(name, &call.machine));
		cr_expect_eq(call.uid, 1000);
		cr_expect_eq(call.gid, 100);
		cr_expect_eq(call.ngids, p.aup_len);
		for (i = 0; i < p.aup_len; i++)
			cr_expect_eq(call.gids[i], gids[i]);
		cr_expect_eq(call.verf_flavor, RPCMSG_AUTH_NONE);
		cr_expect_eq(call.verf.len, 0);
		cr_assert(xin_u32(&in, &v), "the arguments are next");
		cr_expect_eq(v, 4711);
		cr_expect(xin_done(&in));
	}
}

Test(rpcmsg, a_call_of_libtirpc_with_auth_none_is_understood)
{
	struct rpcmsg_call call;

	encode_by_libtirpc(NULL);
	cr_assert_eq(decode(&call, rec_len), RPCMSG_OK);
	cr_expect_eq(call.flavor, RPCMSG_AUTH_NONE);
	cr_expect_eq(call.uid, 0);
	cr_expect_eq(call.ngids, 0);
}

Test(rpcmsg, a_header_cut_anywhere_is_never_ok)
{
	enum rpcmsg_result want;
	struct rpcmsg_call call;
	size_t cut, full;

	start_sys(9, 3, 0);
	full = rec_len;
	cr_expect_eq(decode(&call, full), RPCMSG_OK);
	for (cut = 0; cut < full; cut++) {
		want = cut < 28 ? RPCMSG_SHORT :
		    cut < full - 8 ? RPCMSG_BAD_CRED : RPCMSG_BAD_VERF;
		cr_expect_eq(decode(&call, cut), want, "%zu", cut);
	}
}

Test(rpcmsg, what_is_no_call_is_not_answered)
{
	struct rpcmsg_call call;

	start(RPCMSG_AUTH_NONE);
	put_verf();
	put_verf();
	rec[7] = 1;		/* a reply */
	cr_expect_eq(decode(&call, rec_len), RPCMSG_SHORT);
	rec[7] = 2;
	cr_expect_eq(decode(&call, rec_len), RPCMSG_SHORT);
}

Test(rpcmsg, another_rpc_version_is_told_apart_and_its_xid_known)
{
	struct rpcmsg_call call;

	rec_len = 0;
	put(XID);
	put(0);
	put(3);
	cr_expect_eq(decode(&call, rec_len), RPCMSG_BAD_VERSION);
	cr_expect_eq(call.xid, XID);
	cr_expect_eq(call.rpcvers, 3);
}

Test(rpcmsg, limits_of_auth_sys_are_those_of_the_rfc)
{
	struct rpcmsg_call call;

	start_sys(255, 16, 0);
	cr_expect_eq(decode(&call, rec_len), RPCMSG_OK);
	cr_expect_eq(call.machine.len, 255);
	cr_expect_eq(call.ngids, 16);
	start_sys(256, 0, 0);
	cr_expect_eq(decode(&call, rec_len), RPCMSG_BAD_CRED);
	start_sys(0, 17, 0);
	cr_expect_eq(decode(&call, rec_len), RPCMSG_BAD_CRED);
}

Test(rpcmsg, auth_sys_with_bytes_left_over_is_malformed)
{
	struct rpcmsg_call call;

	start_sys(4, 1, 4);
	cr_expect_eq(decode(&call, rec_len), RPCMSG_BAD_CRED);
	cr_expect_eq(call.xid, XID);
	cr_expect_eq(call.proc, 1);
}

Test(rpcmsg, auth_sys_that_says_more_than_it_holds_is_malformed)
{
	struct rpcmsg_call call;

	start(RPCMSG_AUTH_SYS);
	put(20);
	put(0);
	put(0);
	put(1);
	put(2);
	put(1);			/* one group, which is not in the 20 bytes */
	put(3);
	put_verf();
	cr_expect_eq(decode(&call, rec_len), RPCMSG_BAD_CRED);
}

Test(rpcmsg, bodies_have_at_most_400_bytes)
{
	struct rpcmsg_call call;
	uint32_t len;

	for (len = 400; len <= 404; len += 4) {
		start(RPCMSG_AUTH_NONE);
		put(len);
		memset(rec + rec_len, 0, len);
		rec_len += len;
		put_verf();
		cr_expect_eq(decode(&call, rec_len),
		    len == 400 ? RPCMSG_OK : RPCMSG_BAD_CRED);

		start(RPCMSG_AUTH_NONE);
		put(0);
		put(9);
		put(len);
		memset(rec + rec_len, 0, len);
		rec_len += len;
		cr_expect_eq(decode(&call, rec_len),
		    len == 400 ? RPCMSG_OK : RPCMSG_BAD_VERF);
		cr_expect_eq(call.verf_flavor, 9);
	}
}

Test(rpcmsg, an_unknown_flavor_is_read_over)
{
	struct rpcmsg_call call;
	struct xin in;
	uint32_t v;

	start(RPCMSG_AUTH_GSS);
	put(4);
	put(0);
	put_verf();
	put(4711);
	xin_init(&in, rec, rec_len);
	cr_expect_eq(rpcmsg_call_decode(&in, &call), RPCMSG_UNKNOWN_FLAVOR);
	cr_expect_eq(call.flavor, RPCMSG_AUTH_GSS);
	cr_assert(xin_u32(&in, &v));
	cr_expect_eq(v, 4711);
}

/* xdr_void() has another type. */
static bool_t
no_results(XDR *x, ...)
{
	(void)x;
	return TRUE;
}

/* What libtirpc makes of the reply in o. */
static struct rpc_err
read_reply(const struct xout *o)
{
	static char flat[256];
	struct rpc_msg msg;
	struct rpc_err err;
	size_t len = xout_copy(o, flat, sizeof(flat));
	XDR x;

	memset(&msg, 0, sizeof(msg));
	memset(&err, 0, sizeof(err));
	msg.acpted_rply.ar_results.proc = no_results;
	xdrmem_create(&x, flat, (u_int)len, XDR_DECODE);
	cr_assert(xdr_replymsg(&x, &msg));
	cr_expect_eq(XDR_GETPOS(&x), len);
	cr_expect_eq(msg.rm_xid, XID);
	_seterr_reply(&msg, &err);
	XDR_DESTROY(&x);
	return err;
}

static struct xout *
fresh(void)
{
	static uint8_t head[64];
	static struct xout o;

	xout_init(&o, head, sizeof(head));
	return &o;
}

Test(rpcmsg, libtirpc_reads_every_accepted_reply)
{
	struct rpc_err e;
	struct xout *o;

	rpcmsg_reply_success(o = fresh(), XID);
	cr_expect_eq(read_reply(o).re_status, RPC_SUCCESS);
	rpcmsg_reply_prog_unavail(o = fresh(), XID);
	cr_expect_eq(read_reply(o).re_status, RPC_PROGUNAVAIL);
	rpcmsg_reply_proc_unavail(o = fresh(), XID);
	cr_expect_eq(read_reply(o).re_status, RPC_PROCUNAVAIL);
	rpcmsg_reply_garbage_args(o = fresh(), XID);
	cr_expect_eq(read_reply(o).re_status, RPC_CANTDECODEARGS);
	rpcmsg_reply_system_err(o = fresh(), XID);
	cr_expect_eq(read_reply(o).re_status, RPC_SYSTEMERROR);
	rpcmsg_reply_prog_mismatch(o = fresh(), XID, 3, 4);
	e = read_reply(o);
	cr_expect_eq(e.re_status, RPC_PROGVERSMISMATCH);
	cr_expect_eq(e.re_vers.low, 3);
	cr_expect_eq(e.re_vers.high, 4);
}

Test(rpcmsg, libtirpc_reads_every_denied_reply)
{
	static const enum rpcmsg_auth_stat stats[] = {
		RPCMSG_AUTH_BADCRED, RPCMSG_AUTH_REJECTEDCRED,
		RPCMSG_AUTH_BADVERF, RPCMSG_AUTH_REJECTEDVERF,
		RPCMSG_AUTH_TOOWEAK, RPCMSG_AUTH_FAILED,
	};
	static const enum auth_stat want[] = {
		AUTH_BADCRED, AUTH_REJECTEDCRED, AUTH_BADVERF,
		AUTH_REJECTEDVERF, AUTH_TOOWEAK, AUTH_FAILED,
	};
	struct rpc_err e;
	struct xout *o;
	unsigned i;

	rpcmsg_reply_rpc_mismatch(o = fresh(), XID);
	e = read_reply(o);
	cr_expect_eq(e.re_status, RPC_VERSMISMATCH);
	cr_expect_eq(e.re_vers.low, 2);
	cr_expect_eq(e.re_vers.high, 2);
	for (i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
		rpcmsg_reply_auth_error(o = fresh(), XID, stats[i]);
		e = read_reply(o);
		cr_expect_eq(e.re_status, RPC_AUTHERROR);
		cr_expect_eq(e.re_why, want[i]);
	}
}
