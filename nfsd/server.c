/*
 * server.c - a server: exports, loops, workers, limits.
 */
#include "config.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/attrs.h"
#include "nfsd/conn.h"
#include "nfsd/control.h"
#include "nfsd/drc.h"
#include "nfsd/export.h"
#include "nfsd/flusher.h"
#include "nfsd/keeper.h"
#include "nfsd/loop.h"
#include "nfsd/metrics.h"
#include "nfsd/node.h"
#include "nfsd/place.h"
#include "nfsd/proc.h"
#include "nfsd/server_int.h"
#include "nfsd/verifier.h"
#include "nfsd/worker.h"
#include "vault/vault.h"

#define DEFAULT_WORKERS		2
#define DEFAULT_WORKERS_MAX	32
#define DEFAULT_CONNS		64
#define DEFAULT_RECORD		(PROC_IO_MAX + 4096u)	/* a WRITE */
#define DEFAULT_INFLIGHT	(8u * 1024 * 1024)
#define DEFAULT_UNSENT		(8u * 1024 * 1024)
#define DEFAULT_PENDING		(32u * 1024 * 1024)
#define DEFAULT_TIMEOUT_S	30

static void
set_options(struct server_options *o, const struct server_options *given)
{
	*o = *given;
	if (o->loops == 0)
		o->loops = 1;
	if (o->loops > SERVER_LOOPS_MAX)
		o->loops = SERVER_LOOPS_MAX;
	if (o->workers == 0)
		o->workers = DEFAULT_WORKERS;
	if (o->workers_max == 0)
		o->workers_max = DEFAULT_WORKERS_MAX;
	if (o->max_conns == 0)
		o->max_conns = DEFAULT_CONNS;
	if (o->max_record == 0)
		o->max_record = DEFAULT_RECORD;
	if (o->max_inflight == 0)
		o->max_inflight = DEFAULT_INFLIGHT;
	if (o->max_unsent == 0)
		o->max_unsent = DEFAULT_UNSENT;
	if (o->max_pending == 0)
		o->max_pending = DEFAULT_PENDING;
	if (o->record_timeout_s == 0)
		o->record_timeout_s = DEFAULT_TIMEOUT_S;
	o->gate.any_user = o->multi_user;
}

static bool
add_lane(struct server *s, struct verr *e)
{
	struct lane *lane;

	if ((lane = calloc(1, sizeof(*lane))) == NULL)
		return verr_fail(e, VERR_NOMEM, "no memory for a loop") == 0;
	lane->srv = s;
	lane->index = s->nlanes;
	TAILQ_INIT(&lane->conns);
	TAILQ_INIT(&lane->ripe);
	STAILQ_INIT(&lane->idle);
	record_pool_init(&lane->recs, s->opt.max_record);
	s->lanes[s->nlanes++] = lane;
	return (lane->loop = loop_new(lane, e)) != NULL;
}

static void
free_lane(struct lane *lane)
{
	loop_free(lane->loop);
	request_fini(lane);
	record_pool_fini(&lane->recs);
	free(lane);
}

struct server *
server_new(const struct server_options *o, struct verr *e)
{
	struct server *s;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "no memory for a server");
		return NULL;
	}
	set_options(&s->opt, o);
	if ((s->gate = gate_new(&s->opt.gate, e)) == NULL)
		goto err;
	if ((s->places = place_table_new(s->opt.max_conns)) == NULL ||
	    (s->exports = export_table_new()) == NULL ||
	    (s->nodes = node_table_new(NODE_MAX)) == NULL ||
	    (s->attrs = attrs_new(ATTRS_COUNT)) == NULL ||
	    (s->workers = worker_new(s)) == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "no memory for a server");
		goto err;
	}
	while (s->nlanes < s->opt.loops)
		if (!add_lane(s, e))
			goto err;
	verifier_change(s);
	return s;

err:
	server_free(s);
	return NULL;
}

void
server_free(struct server *s)
{
	unsigned i;

	if (s == NULL)
		return;
	for (i = 0; i < s->nlanes; i++)
		conn_close_all(s->lanes[i]);
	loop_beat_free(s->beat);
	metrics_free(s->metrics);
	loop_while_free(s->needed);
	control_free(s->control);
	keeper_free(s->keeper);
	for (i = 0; i < s->nlanes; i++)
		free_lane(s->lanes[i]);
	worker_free(s->workers);
	if (s->nodes != NULL)
		node_table_free(s->nodes);
	attrs_free(s->attrs);
	if (s->exports != NULL)
		export_table_free(s->exports);
	drc_free(s->drc);
	place_table_free(s->places);
	gate_free(s->gate);
	free(s);
}

struct lane *
server_place(struct server *s, const struct gate_peer *p)
{
	struct lane *best = s->lanes[0];
	unsigned i, n, least = UINT_MAX;

	if (!place_take(s->places, p))
		return NULL;
	for (i = 0; i < s->nlanes; i++)
		if ((n = atomic_load(&s->lanes[i]->load)) < least) {
			least = n;
			best = s->lanes[i];
		}
	(void)atomic_fetch_add(&best->load, 1);
	return best;
}

void
server_leave(struct lane *lane, const struct gate_peer *p)
{
	(void)atomic_fetch_sub(&lane->load, 1);
	place_give(lane->srv->places, p);
	atomic_store(&lane->srv->refusing, false);
}

size_t
server_pending(const struct server *s)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < s->nlanes; i++)
		sum += atomic_load_explicit(&s->lanes[i]->stats.inflight,
		    memory_order_relaxed);
	return (size_t)sum;
}

int
server_export(struct server *s, struct vault *v, const char *name,
    struct verr *e)
{
	if (export_add(s->exports, v, name, s->opt.multi_user,
	    s->opt.slow_us, e) == -1)
		return -1;
	if (s->drc == NULL && (s->drc = drc_new(v)) == NULL)
		return verr_fail(e, VERR_NOMEM, "no memory to keep replies");
	return 0;
}

int
server_keep_replies(struct server *s, const char *path, struct verr *e)
{
	return drc_open(s->drc, path, e);
}

int
server_listen(struct server *s, const char *addr, uint16_t port,
    uint16_t *bound, struct verr *e)
{
	return loop_listen(s->lanes[0]->loop, addr, port, bound, e);
}

int
server_listen_on(struct server *s, int fd, uint16_t *bound, struct verr *e)
{
	return loop_listen_on(s->lanes[0]->loop, fd, bound, e);
}

int
server_control(struct server *s, int fd, const struct server_about *about,
    struct verr *e)
{
	s->control = control_new(s, fd, about, e);
	return s->control == NULL ? -1 : 0;
}

int
server_life(struct server *s, const struct server_life *life, struct verr *e)
{
	s->beat = loop_beat_new(s, life, e);
	return s->beat == NULL ? -1 : 0;
}

int
server_metrics(struct server *s, int fd, const struct gate_options *gate,
    struct verr *e)
{
	s->metrics = metrics_new(s, fd, gate, loop_clock_us(), e);
	return s->metrics == NULL ? -1 : 0;
}

int
server_while(struct server *s, bool (*still)(void *ctx, bool connected),
    void *ctx, struct verr *e)
{
	s->needed = loop_while_new(s->lanes[0]->loop, still, ctx, e);
	return s->needed == NULL ? -1 : 0;
}

int
server_keys(struct server *s, const struct server_keys *o, struct verr *e)
{
	s->keeper = keeper_new(s, o, e);
	return s->keeper == NULL ? -1 : 0;
}

int
server_attach(struct server *s, int fd, struct verr *e)
{
	struct gate_peer peer;
	struct lane *lane;

	gate_identify(s->gate, fd, &peer);
	if ((lane = server_place(s, &peer)) != NULL)
		return conn_new(lane, fd, &peer, e);
	(void)close(fd);
	return verr_fail(e, VERR_BUSY, "%u connections are the limit",
	    s->opt.max_conns);
}

/*
 * The end, in order: the loops have drained or their time is up; connections
 * that are left are closed; workers end what they run; what comes back belongs
 * to no connection any more.
 */
static void
finish(struct server *s)
{
	struct request_list list = STAILQ_HEAD_INITIALIZER(list);
	struct request *rq;
	unsigned i;

	for (i = 0; i < s->nlanes; i++)
		conn_close_all(s->lanes[i]);
	worker_stop(s->workers, &list);
	while ((rq = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, link);
		request_put(rq);
	}
}

int
server_run(struct server *s, struct verr *e)
{
	unsigned n;
	int rc = 0;

	if (export_count(s->exports) > 0 && (s->flusher =
	    flusher_start(s, s->opt.dirty_max, e)) == NULL)
		return -1;
	if (worker_start(s->workers, s->opt.workers,
	    s->opt.workers_max, e) == -1) {
		flusher_stop(s->flusher);
		return -1;
	}
	for (n = 1; n < s->nlanes; n++)
		if ((rc = loop_start(s->lanes[n]->loop, e)) == -1)
			break;
	if (rc == 0 && s->keeper != NULL)
		rc = keeper_start(s->keeper, e);
	if (rc == 0)
		loop_run(s->lanes[0]->loop);
	else
		server_stop(s);
	while (--n > 0)
		loop_join(s->lanes[n]->loop);
	keeper_stop(s->keeper);
	finish(s);
	flusher_stop(s->flusher);
	s->flusher = NULL;
	return rc;
}

void
server_stop(struct server *s)
{
	unsigned i;

	for (i = 0; i < s->nlanes; i++)
		loop_stop(s->lanes[i]->loop);
}

void
server_counts(struct server *s, struct server_counts *c)
{
	unsigned i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < s->nlanes; i++) {
		stats_sum(&s->lanes[i]->stats, c);
		c->loop_conns[i] = atomic_load(&s->lanes[i]->load);
	}
	c->workers = worker_count(s->workers);
	c->refused = gate_refused(s->gate);
}

void
server_vault_counts(const struct server *s, struct vault_counts *sum)
{
	struct vault_counts c;
	size_t i, n = atomic_load(&s->closed) == KEEPER_OPEN ?
	    export_count(s->exports) : 0;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < n; i++) {
		vault_counts(export_at(s->exports, i)->vault, &c);
		sum->chunk_hits += c.chunk_hits;
		sum->chunk_misses += c.chunk_misses;
		sum->chunk_bytes += c.chunk_bytes;
		sum->dirty_bytes += c.dirty_bytes;
		sum->listing_bytes += c.listing_bytes;
		sum->files += c.files;
		sum->dirs += c.dirs;
		sum->hidden += c.hidden;
	}
}
