/*
 * request.c - requests are taken from, and go back to, a list of their lane.
 *
 * What a request keeps from call to call is its arena (up to ARENA_KEEP), so
 * the usual call allocates nothing.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "nfsd/drc.h"
#include "nfsd/keeper.h"
#include "nfsd/request.h"
#include "nfsd/server_int.h"

/* Unused requests kept: one connection's full window (CONN_CALLS_MAX). */
#define REQUEST_IDLE_MAX	256u

struct request *
request_get(struct lane *lane)
{
	struct request *rq;

	if ((rq = STAILQ_FIRST(&lane->idle)) != NULL) {
		STAILQ_REMOVE_HEAD(&lane->idle, link);
		lane->nidle--;
		return rq;
	}
	if ((rq = calloc(1, sizeof(*rq))) == NULL)
		return NULL;
	if ((rq->arena = arena_new(REQUEST_ARENA_MAX)) == NULL) {
		free(rq);
		return NULL;
	}
	rq->srv = lane->srv;
	rq->lane = lane;
	return rq;
}

static void
destroy(struct request *rq)
{
	arena_free(rq->arena);
	free(rq);
}

void
request_put(struct request *rq)
{
	struct lane *lane = rq->lane;

	drc_release(rq);
	iolist_free(&rq->data);
	free(rq->flat);
	rq->flat = NULL;
	record_pool_put(&lane->recs, rq->rec_buf, rq->rec_cap);
	if (atomic_load_explicit(&lane->srv->closed,
	    memory_order_relaxed) != KEEPER_OPEN)
		arena_wipe(rq->arena);
	else
		arena_reset(rq->arena);
	rq->conn = NULL;
	rq->peer = NULL;
	rq->proc = NULL;
	rq->rec = NULL;
	rq->rec_buf = NULL;
	rq->rec_len = rq->rec_cap = rq->charge = 0;
	rq->args = rq->res = NULL;
	rq->on_loop = rq->rpc_error = rq->rec_own = false;
	rq->internal = rq->refresh = false;
	rq->export = NULL;
	rq->data.total = 0;
	memset(&rq->cred, 0, sizeof(rq->cred));

	if (lane->nidle == REQUEST_IDLE_MAX) {
		destroy(rq);
		return;
	}
	STAILQ_INSERT_HEAD(&lane->idle, rq, link);
	lane->nidle++;
}

void
request_wipe(struct lane *lane)
{
	struct request *rq;

	STAILQ_FOREACH(rq, &lane->idle, link)
		arena_wipe(rq->arena);
}

void
request_fini(struct lane *lane)
{
	struct request *rq;

	while ((rq = STAILQ_FIRST(&lane->idle)) != NULL) {
		STAILQ_REMOVE_HEAD(&lane->idle, link);
		destroy(rq);
	}
	lane->nidle = 0;
}
