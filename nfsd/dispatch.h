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
struct request_list;

enum dispatch_next {
	DISPATCH_REPLY,		/* rq->out is to be sent */
	DISPATCH_WORKER,	/* dispatch_work() is to be run by a worker */
	DISPATCH_WAIT,		/* a copy of it runs, and has the reply */
	DISPATCH_DROP,		/* the same, on the same connection */
	DISPATCH_CLOSE,		/* no call at all: close the connection */
};

/*
 * Loop.  rq->rec, rec_len, rec_buf and conn are set.  After DISPATCH_WORKER
 * rq->rec is the request's own memory and rq->charge has grown by the bytes
 * that the procedure may make.  After DISPATCH_WAIT it may be among a worker's
 * results already.
 */
enum dispatch_next dispatch_call(struct request *rq);

/* A worker.  rq, and copies of it that waited, are moved to the end of list. */
void dispatch_work(struct request *rq, struct request_list *list);

#endif /* NFSD_DISPATCH_H */
