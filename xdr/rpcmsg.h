/*
 * rpcmsg.h - the headers of ONC RPC calls and replies (RFC 5531).
 *
 * A call is decoded up to its arguments; what is wrong with it decides what
 * may be answered.  Replies are written after xout_begin_record(); our own
 * verifier is always AUTH_NONE.
 */
#ifndef XDR_RPCMSG_H
#define XDR_RPCMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "xdr/xin.h"

struct xout;

#define RPCMSG_AUTH_MAX		400u	/* bytes of a body, section 8.2 */
#define RPCMSG_MACHINE_MAX	255u	/* bytes, appendix A */
#define RPCMSG_GIDS_MAX		16u	/* appendix A */

/* Section 8.2; others exist and are refused. */
enum rpcmsg_flavor {
	RPCMSG_AUTH_NONE = 0,
	RPCMSG_AUTH_SYS = 1,
	RPCMSG_AUTH_SHORT = 2,
	RPCMSG_AUTH_GSS = 6,
};

/* Section 9, auth_stat. */
enum rpcmsg_auth_stat {
	RPCMSG_AUTH_BADCRED = 1,
	RPCMSG_AUTH_REJECTEDCRED = 2,
	RPCMSG_AUTH_BADVERF = 3,
	RPCMSG_AUTH_REJECTEDVERF = 4,
	RPCMSG_AUTH_TOOWEAK = 5,
	RPCMSG_AUTH_FAILED = 7,
};

struct rpcmsg_call {
	uint32_t	xid;
	uint32_t	rpcvers;
	uint32_t	prog;
	uint32_t	vers;
	uint32_t	proc;
	uint32_t	flavor;		/* of the credentials */

	/* only if flavor is RPCMSG_AUTH_SYS; zeroes otherwise */
	uint32_t	stamp;
	struct slice	machine;
	uint32_t	uid;
	uint32_t	gid;
	uint32_t	ngids;
	uint32_t	gids[RPCMSG_GIDS_MAX];

	uint32_t	verf_flavor;
	struct slice	verf;		/* its body */
};

enum rpcmsg_result {
	/* The arguments are next in the reader. */
	RPCMSG_OK,
	/* No xid, no CALL, or cut within the fixed fields: do not answer. */
	RPCMSG_SHORT,
	/* Only xid and rpcvers are set: rpcmsg_reply_rpc_mismatch(). */
	RPCMSG_BAD_VERSION,
	/* All up to flavor is set: auth error BADCRED. */
	RPCMSG_BAD_CRED,
	/* The same, and AUTH_SYS fields: auth error BADVERF. */
	RPCMSG_BAD_VERF,
	/*
	 * Neither AUTH_NONE nor AUTH_SYS.  All is set and the arguments are
	 * next, so NULL may be answered; else auth error REJECTEDCRED.
	 */
	RPCMSG_UNKNOWN_FLAVOR,
};

/*
 * Read the header of the record in.  *call is zeroed first.  A body over 400
 * bytes, one with bytes left over, a machine name over 255 bytes or more than
 * 16 groups is RPCMSG_BAD_CRED.  The verifier's content is not judged.
 */
enum rpcmsg_result rpcmsg_call_decode(struct xin *in, struct rpcmsg_call *call);

/* MSG_ACCEPTED.  The results follow. */
void rpcmsg_reply_success(struct xout *o, uint32_t xid);
/* MSG_ACCEPTED, nothing follows. */
void rpcmsg_reply_prog_unavail(struct xout *o, uint32_t xid);
void rpcmsg_reply_prog_mismatch(struct xout *o, uint32_t xid, uint32_t low,
    uint32_t high);
void rpcmsg_reply_proc_unavail(struct xout *o, uint32_t xid);
void rpcmsg_reply_garbage_args(struct xout *o, uint32_t xid);
void rpcmsg_reply_system_err(struct xout *o, uint32_t xid);
/* MSG_DENIED, nothing follows.  RPC versions 2 to 2 are ours. */
void rpcmsg_reply_rpc_mismatch(struct xout *o, uint32_t xid);
void rpcmsg_reply_auth_error(struct xout *o, uint32_t xid,
    enum rpcmsg_auth_stat stat);

#endif /* XDR_RPCMSG_H */
