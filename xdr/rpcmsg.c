#include "config.h"

#include <string.h>

#include "xdr/rpcmsg.h"
#include "xdr/xout.h"

/* RFC 5531 section 9: msg_type, reply_stat, accept_stat, reject_stat. */
enum { CALL = 0, REPLY = 1 };
enum { MSG_ACCEPTED = 0, MSG_DENIED = 1 };
enum {
	SUCCESS = 0,
	PROG_UNAVAIL = 1,
	PROG_MISMATCH = 2,
	PROC_UNAVAIL = 3,
	GARBAGE_ARGS = 4,
	SYSTEM_ERR = 5,
};
enum { RPC_MISMATCH = 0, AUTH_ERROR = 1 };

#define RPC_VERSION	2

/* authsys_parms, RFC 5531 appendix A; body must hold nothing else. */
static bool
decode_auth_sys(const struct slice *body, struct rpcmsg_call *call)
{
	struct xin in;
	uint32_t i;

	xin_init(&in, body->s, body->len);
	if (!xin_u32(&in, &call->stamp) ||
	    !xin_slice(&in, RPCMSG_MACHINE_MAX, &call->machine) ||
	    !xin_u32(&in, &call->uid) ||
	    !xin_u32(&in, &call->gid) ||
	    !xin_enum(&in, RPCMSG_GIDS_MAX, &call->ngids))
		return false;
	for (i = 0; i < call->ngids; i++)
		if (!xin_u32(&in, &call->gids[i]))
			return false;
	return xin_done(&in);
}

enum rpcmsg_result
rpcmsg_call_decode(struct xin *in, struct rpcmsg_call *call)
{
	struct slice body;
	uint32_t type;

	memset(call, 0, sizeof(*call));
	if (!xin_u32(in, &call->xid) || !xin_u32(in, &type) || type != CALL)
		return RPCMSG_SHORT;
	/* What follows another version's number is not known. */
	if (!xin_u32(in, &call->rpcvers))
		return RPCMSG_SHORT;
	if (call->rpcvers != RPC_VERSION)
		return RPCMSG_BAD_VERSION;
	if (!xin_u32(in, &call->prog) || !xin_u32(in, &call->vers) ||
	    !xin_u32(in, &call->proc) || !xin_u32(in, &call->flavor))
		return RPCMSG_SHORT;

	if (!xin_slice(in, RPCMSG_AUTH_MAX, &body))
		return RPCMSG_BAD_CRED;
	if (call->flavor == RPCMSG_AUTH_SYS && !decode_auth_sys(&body, call))
		return RPCMSG_BAD_CRED;
	if (!xin_u32(in, &call->verf_flavor) ||
	    !xin_slice(in, RPCMSG_AUTH_MAX, &call->verf))
		return RPCMSG_BAD_VERF;

	if (call->flavor != RPCMSG_AUTH_NONE && call->flavor != RPCMSG_AUTH_SYS)
		return RPCMSG_UNKNOWN_FLAVOR;
	return RPCMSG_OK;
}

static void
accepted(struct xout *o, uint32_t xid, uint32_t stat)
{
	xout_u32(o, xid);
	xout_u32(o, REPLY);
	xout_u32(o, MSG_ACCEPTED);
	xout_u32(o, RPCMSG_AUTH_NONE);
	xout_u32(o, 0);			/* the verifier's body */
	xout_u32(o, stat);
}

static void
denied(struct xout *o, uint32_t xid, uint32_t stat)
{
	xout_u32(o, xid);
	xout_u32(o, REPLY);
	xout_u32(o, MSG_DENIED);
	xout_u32(o, stat);
}

void
rpcmsg_reply_success(struct xout *o, uint32_t xid)
{
	accepted(o, xid, SUCCESS);
}

void
rpcmsg_reply_prog_unavail(struct xout *o, uint32_t xid)
{
	accepted(o, xid, PROG_UNAVAIL);
}

void
rpcmsg_reply_prog_mismatch(struct xout *o, uint32_t xid, uint32_t low,
    uint32_t high)
{
	accepted(o, xid, PROG_MISMATCH);
	xout_u32(o, low);
	xout_u32(o, high);
}

void
rpcmsg_reply_proc_unavail(struct xout *o, uint32_t xid)
{
	accepted(o, xid, PROC_UNAVAIL);
}

void
rpcmsg_reply_garbage_args(struct xout *o, uint32_t xid)
{
	accepted(o, xid, GARBAGE_ARGS);
}

void
rpcmsg_reply_system_err(struct xout *o, uint32_t xid)
{
	accepted(o, xid, SYSTEM_ERR);
}

void
rpcmsg_reply_rpc_mismatch(struct xout *o, uint32_t xid)
{
	denied(o, xid, RPC_MISMATCH);
	xout_u32(o, RPC_VERSION);
	xout_u32(o, RPC_VERSION);
}

void
rpcmsg_reply_auth_error(struct xout *o, uint32_t xid,
    enum rpcmsg_auth_stat stat)
{
	denied(o, xid, AUTH_ERROR);
	xout_u32(o, stat);
}
