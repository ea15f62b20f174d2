/*
 * dispatch.c - a record becomes a reply.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/tune.h"
#include "nfsd/attrs.h"
#include "nfsd/call_log.h"
#include "nfsd/dispatch.h"
#include "nfsd/drc.h"
#include "nfsd/export.h"
#include "nfsd/gate.h"
#include "nfsd/handle.h"
#include "nfsd/keeper.h"
#include "nfsd/loop.h"
#include "nfsd/proc.h"
#include "nfsd/server_int.h"
#include "nfsd/storage.h"
#include "nfsd/worker.h"
#include "vault/host.h"
#include "xdr/mount3.h"
#include "xdr/rpcmsg.h"

#define NOBODY	65534u	/* uid and gid of who says nothing */

static const struct program {
	uint32_t		 prog;
	uint32_t		 vers;		/* the only one */
	uint32_t		 nprocs;
	const struct proc	*procs;
} programs[] = {
	{ NFS3_PROGRAM, NFS3_VERSION, PROC_NFS3_COUNT, proc_nfs3 },
	{ MOUNT3_PROGRAM, MOUNT3_VERSION, PROC_MOUNT3_COUNT, proc_mount3 },
};

static const struct program *
find_program(uint32_t prog)
{
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (programs[i].prog == prog)
			return &programs[i];
	return NULL;
}

static bool
admitted(const struct request *rq, const struct rpcmsg_call *call)
{
	return call->flavor == RPCMSG_AUTH_SYS &&
	    gate_speaks_for(rq->srv->gate, rq->peer, call->uid);
}

static void
set_cred(struct cred *c, const struct rpcmsg_call *call)
{
	c->flavor = call->flavor;
	if (call->flavor != RPCMSG_AUTH_SYS) {
		c->uid = c->gid = NOBODY;
		c->ngroups = 0;
		return;
	}
	c->uid = call->uid;
	c->gid = call->gid;
	c->ngroups = call->ngids;
	memcpy(c->groups, call->gids, call->ngids * sizeof(c->groups[0]));
}

/* Begin the reply, once more if need be. */
static void
begin(struct request *rq)
{
	xout_init(&rq->out, rq->out.head, XOUT_HEAD_MAX);
	xout_begin_record(&rq->out);
}

/* The reply has become an error of RPC and not a result. */
static enum dispatch_next
rejected(struct request *rq)
{
	xout_end_record(&rq->out);
	rq->rpc_error = true;
	return DISPATCH_REPLY;
}

static enum dispatch_next
system_err(struct request *rq)
{
	iolist_free(&rq->data);
	begin(rq);
	rpcmsg_reply_system_err(&rq->out, rq->xid);
	return rejected(rq);
}

/*
 * Find rq->proc and check who calls; false if the answer is an error.
 * Credentials come before the program (as in Linux), but who is too weak is
 * known only for a procedure: clients try NULL of other programs with
 * AUTH_NONE and must learn that these are not here.
 */
static bool
accept_call(struct request *rq, enum rpcmsg_result result,
    const struct rpcmsg_call *call)
{
	const struct program *p = find_program(call->prog);
	struct xout *o = &rq->out;

	if (result == RPCMSG_BAD_VERSION)
		rpcmsg_reply_rpc_mismatch(o, rq->xid);
	else if (result == RPCMSG_BAD_CRED)
		rpcmsg_reply_auth_error(o, rq->xid, RPCMSG_AUTH_BADCRED);
	else if (result == RPCMSG_BAD_VERF)
		rpcmsg_reply_auth_error(o, rq->xid, RPCMSG_AUTH_BADVERF);
	else if (result == RPCMSG_UNKNOWN_FLAVOR)
		rpcmsg_reply_auth_error(o, rq->xid, RPCMSG_AUTH_REJECTEDCRED);
	else if (p == NULL)
		rpcmsg_reply_prog_unavail(o, rq->xid);
	else if (call->vers != p->vers)
		rpcmsg_reply_prog_mismatch(o, rq->xid, p->vers, p->vers);
	else if (call->proc >= p->nprocs)
		rpcmsg_reply_proc_unavail(o, rq->xid);
	else if (!p->procs[call->proc].open && !admitted(rq, call))
		rpcmsg_reply_auth_error(o, rq->xid, RPCMSG_AUTH_TOOWEAK);
	else
		rq->proc = &p->procs[call->proc];
	return rq->proc != NULL;
}

static void
count(struct request *rq, const struct rpcmsg_call *call)
{
	struct stats *st = &rq->lane->stats;

	if (call->prog == NFS3_PROGRAM) {
		stats_add(&st->calls[call->proc], 1);
		rq->number = call->proc;
	} else {
		stats_add(&st->mount_calls[call->proc], 1);
		rq->number = PROC_NFS3_COUNT + call->proc;
	}
}

/*
 * Make the record the request's own, for it goes to another thread.  One that
 * the arena would have to get from the heap each time gets a pooled buffer.
 */
static bool
own_record(struct request *rq)
{
	struct record_pool *pool = &rq->lane->recs;
	uint8_t *copy;

	if (rq->rec_own || rq->rec_buf != NULL)
		return true;
	if (rq->rec_len > ARENA_KEEP / 2) {
		copy = rq->rec_buf = record_pool_get(pool);
		rq->rec_cap = pool->size;
		rq->charge += pool->size;
	} else {
		copy = arena_alloc(rq->arena, rq->rec_len);
	}
	if (copy == NULL)
		return false;
	memcpy(copy, rq->rec, rq->rec_len);
	rq->rec = copy;
	rq->rec_own = true;
	return true;
}

/* TUNE_ZERO_COPY: also one that was read straight into its own buffer. */
static bool
copy_record(struct request *rq)
{
	uint8_t *copy;

	if (rq->rec_buf == NULL)
		return own_record(rq);
	if ((copy = malloc(rq->rec_cap)) == NULL)
		return false;
	memcpy(copy, rq->rec, rq->rec_len);
	record_pool_put(&rq->lane->recs, rq->rec_buf, rq->rec_cap);
	rq->rec = rq->rec_buf = copy;
	return true;
}

/* TUNE_ZERO_COPY: the reply in one buffer. */
static bool
copy_reply(struct request *rq)
{
	struct xout *o = &rq->out;

	if ((rq->flat = malloc(o->total)) == NULL ||
	    xout_copy(o, rq->flat, o->total) == 0)
		return false;
	o->iov[0].iov_base = rq->flat;
	o->iov[0].iov_len = o->total;
	o->niov = 1;
	iolist_free(&rq->data);
	return true;
}

/* Arguments begin off bytes into the record. */
static bool
decode(struct request *rq, size_t off)
{
	struct xin in;

	xin_init(&in, rq->rec + off, rq->rec_len - off);
	return rq->proc->decode(&in, rq->args);
}

static bool
make_room(struct request *rq)
{
	const struct proc *proc = rq->proc;

	if (proc->args_size > 0)
		rq->args = arena_zalloc(rq->arena, proc->args_size);
	if (proc->res_size > 0)
		rq->res = arena_zalloc(rq->arena, proc->res_size);
	return !arena_overflowed(rq->arena);
}

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Bytes of data that a call on a worker may make, beyond its small parts.
 * They are charged before it runs: 256 waiting READs whose client reads no
 * replies would be 256 MiB otherwise.
 */
static size_t
reply_bound(const struct request *rq)
{
	if (rq->proc->run == proc_read) {
		const struct nfs3_read_args *a = rq->args;
		return min(a->count, PROC_IO_MAX);
	}
	if (rq->proc->run == proc_readdir) {
		const struct nfs3_readdir_args *a = rq->args;
		return min(a->count, PROC_DIR_MAX);
	}
	if (rq->proc->run == proc_readdirplus) {
		const struct nfs3_readdirplus_args *a = rq->args;
		return min(a->maxcount, PROC_DIR_MAX);
	}
	return 0;
}

static void
encode(struct request *rq)
{
	struct xout *o = &rq->out;
	bool ok;

	if (rq->status != NFS3_OK && log_has(LOG_LEVEL_DEBUG))
		call_log(rq);
	rpcmsg_reply_success(o, rq->xid);
	ok = rq->proc->encode(o, rq->status, rq->res);
	xout_end_record(o);
	if (!ok || !xout_ok(o) || arena_overflowed(rq->arena) ||
	    (tune_off(TUNE_ZERO_COPY) && !copy_reply(rq)))
		(void)system_err(rq);
}

/* What is remembered of the objects of the call is not true any more. */
static void
forget_changed(struct request *rq)
{
	switch (rq->proc->changes) {
	case PROC_CHANGES_NONE:
		break;
	case PROC_CHANGES_ONE:
		attrs_forget(rq->srv->attrs, rq->args);
		break;
	case PROC_CHANGES_MORE:
		attrs_forget(rq->srv->attrs, NULL);
		break;
	}
}

/* How long did it take, since the last look at the clock? */
static void
measure(struct request *rq)
{
	struct lane *lane = rq->lane;
	uint64_t now = loop_clock_us(), us = now - lane->now_us;

	lane->now_us = now;
	if (rq->export == NULL)
		return;
	if (rq->proc->alters)
		storage_change_took(rq->export->storage, us, now);
	else
		storage_loop_took(rq->export->storage, us, now);
}

/* It has been answered here, and copies of it that waited elsewhere as well. */
static void
end_kept(struct request *rq)
{
	struct request_list copies = STAILQ_HEAD_INITIALIZER(copies);
	struct request *copy;

	drc_end(rq, !rq->rpc_error, &copies);
	while ((copy = STAILQ_FIRST(&copies)) != NULL) {
		STAILQ_REMOVE_HEAD(&copies, link);
		worker_give(rq->srv->workers, copy);
	}
}

/* Run it here, now; false: it wants a worker and has left nothing behind. */
static bool
run_inline(struct request *rq)
{
	rq->on_loop = true;
	rq->status = rq->proc->run(rq);
	rq->on_loop = false;
	measure(rq);
	if (rq->status == PROC_HANDOVER) {
		if (rq->res != NULL)
			memset(rq->res, 0, rq->proc->res_size);
		iolist_free(&rq->data);
		return false;
	}
	forget_changed(rq);
	stats_add(&rq->lane->stats.on_loop, 1);
	encode(rq);
	end_kept(rq);
	return true;
}

/*
 * A worker's: may the loop try it?  Not on storage that is slow; what alters it
 * not beside a sync either, which may hold it up.
 */
static bool
may_try(struct request *rq)
{
	const struct proc *proc = rq->proc;
	const struct storage *s;

	if (tune_off(proc->keep ? TUNE_INLINE_CHANGES : TUNE_RWF_NOWAIT))
		return false;
	rq->export = handle_peek(rq->srv->exports, rq->args);
	if (rq->export == NULL)
		return !proc->keep;	/* it says why as well */
	s = rq->export->storage;
	return storage_state(s) == STORAGE_QUICK && (!proc->alters ||
	    (!host_syncing() && storage_may_change(s)));
}

/* Has it been asked before?  False: *next is what becomes of it. */
static bool
is_new(struct request *rq, enum dispatch_next *next)
{
	if (!rq->proc->keep || rq->srv->drc == NULL)
		return true;
	switch (drc_begin(rq->srv->drc, rq)) {
	case DRC_NEW:
		return true;
	case DRC_WAITS:
		*next = DISPATCH_WAIT;
		break;
	case DRC_SAME:
		*next = DISPATCH_DROP;
		break;
	case DRC_DONE:
		*next = DISPATCH_REPLY;
		break;
	}
	return false;
}

/* False: the vaults are locked, and it has been answered. */
static bool
is_open(struct request *rq)
{
	struct server *srv = rq->srv;

	if (atomic_load_explicit(&srv->closed, memory_order_acquire) ==
	    KEEPER_OPEN) {
		atomic_store_explicit(&rq->lane->used_us, rq->lane->now_us,
		    memory_order_relaxed);
		return true;
	}
	stats_add(&rq->lane->stats.on_loop, 1);
	if (rq->number >= PROC_NFS3_COUNT)
		rq->status = (enum nfsstat3)MNT3ERR_SERVERFAULT;
	else
		rq->status = keeper_says_stale(srv->keeper) ? NFS3ERR_STALE :
		    NFS3ERR_JUKEBOX;
	encode(rq);
	return false;
}

/* The header is good; arguments begin off bytes into the record. */
static enum dispatch_next
run(struct request *rq, size_t off)
{
	bool off_loop = tune_off(TUNE_INLINE) || (rq->proc->worker &&
	    !rq->proc->loop_first);
	enum dispatch_next next = DISPATCH_REPLY;

	if (!make_room(rq) || (off_loop && !own_record(rq)) ||
	    (tune_off(TUNE_ZERO_COPY) && !copy_record(rq)))
		return system_err(rq);
	if (!decode(rq, off)) {
		rpcmsg_reply_garbage_args(&rq->out, rq->xid);
		return rejected(rq);
	}
	if (!rq->proc->open && !is_open(rq))
		return DISPATCH_REPLY;
	if (!is_new(rq, &next))
		return next;
	/* Whether a dead server has run it may have to be searched for. */
	if (!off_loop && (!rq->proc->worker || (!rq->again && may_try(rq))) &&
	    run_inline(rq))
		return DISPATCH_REPLY;
	/* Its arguments may be slices of the connection's buffer. */
	if (!off_loop && (!own_record(rq) || !decode(rq, off))) {
		(void)system_err(rq);
		end_kept(rq);		/* a copy may wait already */
		return DISPATCH_REPLY;
	}
	rq->charge += reply_bound(rq);
	stats_add(&rq->lane->stats.on_worker, 1);
	return DISPATCH_WORKER;
}

enum dispatch_next
dispatch_call(struct request *rq)
{
	struct rpcmsg_call call;
	enum rpcmsg_result result;
	struct xin in;

	rq->out.head = arena_alloc(rq->arena, XOUT_HEAD_MAX);
	if (rq->out.head == NULL)
		return DISPATCH_CLOSE;
	begin(rq);

	xin_init(&in, rq->rec, rq->rec_len);
	if ((result = rpcmsg_call_decode(&in, &call)) == RPCMSG_SHORT)
		return DISPATCH_CLOSE;
	rq->xid = call.xid;
	if (!accept_call(rq, result, &call))
		return rejected(rq);
	set_cred(&rq->cred, &call);
	gate_trim(rq->srv->gate, rq->peer, &rq->cred);
	count(rq, &call);
	return run(rq, rq->rec_len - xin_left(&in));
}

void
dispatch_work(struct request *rq, struct request_list *list)
{
	uint64_t began = loop_clock_us(), now;

	rq->seq = attrs_seq(rq->srv->attrs);
	rq->status = rq->proc->run(rq);
	/* Nobody is left to hand over to: proc.h. */
	assert(rq->status != PROC_HANDOVER);
	forget_changed(rq);
	if (rq->export != NULL && rq->given_us != 0)
		storage_handed_over(rq->export->storage, began - rq->given_us);
	if (rq->export != NULL && (!rq->proc->worker || rq->proc->alters)) {
		now = loop_clock_us();
		if (rq->proc->alters)
			storage_change_took(rq->export->storage, now - began,
			    now);
		else
			storage_worker_took(rq->export->storage, now - began,
			    now, rq->proc->attrs_only);
	}
	if (!rq->internal)
		encode(rq);
	drc_end(rq, !rq->rpc_error, list);
	STAILQ_INSERT_TAIL(list, rq, link);
}
