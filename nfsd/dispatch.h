/*
 * dispatch.h - a record becomes a reply: header, credentials, arguments,
 * procedure, results (RFC 5531).
 *
 * What is wrong with a call is answered as RFC 5531 section 9 says, in this
 * order: version of RPC, credentials (malformed, unknown flavour), program,
 * version, procedure, who is admitted, arguments.
 */
#ifndef NFSD_DISPATCH_H
#define NFSD_DISPATCH_H

struct request;

enum dispatch_next {
	DISPATCH_REPLY,		/* rq->out is to be sent */
	DISPATCH_WORKER,	/* dispatch_work() is to be run by a worker */
	DISPATCH_TWIN,		/* *twin, running already, has the reply */
	DISPATCH_CLOSE,		/* no call at all: close the connection */
};

/*
 * Loop.  rq->rec, rec_len, rec_buf and conn are set.  After DISPATCH_WORKER
 * rq->rec is the request's own memory and rq->charge has grown by the bytes
 * that the procedure may make.
 */
enum dispatch_next dispatch_call(struct request *rq, struct request **twin);

/* A worker.  rq->out is to be sent afterwards. */
void dispatch_work(struct request *rq);

#endif /* NFSD_DISPATCH_H */
