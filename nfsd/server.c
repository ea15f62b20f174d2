/*
 * server.c - a server: exports, one loop, workers, limits.
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/conn.h"
#include "nfsd/drc.h"
#include "nfsd/export.h"
#include "nfsd/loop.h"
#include "nfsd/node.h"
#include "nfsd/proc.h"
#include "nfsd/server_int.h"
#include "nfsd/verifier.h"
#include "nfsd/worker.h"

#define DEFAULT_WORKERS		2
#define DEFAULT_CONNS		64
#define DEFAULT_RECORD		(PROC_IO_MAX + 4096u)	/* a WRITE */
#define DEFAULT_INFLIGHT	(8u * 1024 * 1024)
#define DEFAULT_UNSENT		(8u * 1024 * 1024)
#define DEFAULT_TIMEOUT_S	30

static void
set_options(struct server_options *o, const struct server_options *given)
{
	*o = *given;
	if (o->workers == 0)
		o->workers = DEFAULT_WORKERS;
	if (o->max_conns == 0)
		o->max_conns = DEFAULT_CONNS;
	if (o->max_record == 0)
		o->max_record = DEFAULT_RECORD;
	if (o->max_inflight == 0)
		o->max_inflight = DEFAULT_INFLIGHT;
	if (o->max_unsent == 0)
		o->max_unsent = DEFAULT_UNSENT;
	if (o->record_timeout_s == 0)
		o->record_timeout_s = DEFAULT_TIMEOUT_S;
}

/* In the manner "as a user": the server's own identity and root's. */
static void
set_uids(struct server *s)
{
	s->uids[s->nuids++] = (uint32_t)geteuid();
	if (s->uids[0] != 0)
		s->uids[s->nuids++] = 0;
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
	set_uids(s);
	TAILQ_INIT(&s->conns);
	TAILQ_INIT(&s->ripe);
	STAILQ_INIT(&s->idle);
	record_pool_init(&s->recs, s->opt.max_record);
	if ((s->exports = export_table_new()) == NULL ||
	    (s->nodes = node_table_new(NODE_MAX)) == NULL ||
	    (s->workers = worker_new(s)) == NULL) {
		(void)verr_fail(e, VERR_NOMEM, "no memory for a server");
		goto err;
	}
	if ((s->loop = loop_new(s, e)) == NULL)
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
	if (s == NULL)
		return;
	conn_close_all(s);
	loop_free(s->loop);
	worker_free(s->workers);
	if (s->nodes != NULL)
		node_table_free(s->nodes);
	if (s->exports != NULL)
		export_table_free(s->exports);
	request_fini(s);
	drc_free(s->drc);
	record_pool_fini(&s->recs);
	free(s);
}

int
server_export(struct server *s, struct vault *v, const char *name,
    struct verr *e)
{
	if (export_add(s->exports, v, name, s->opt.multi_user, e) == -1)
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
	return loop_listen(s->loop, addr, port, bound, e);
}

int
server_listen_on(struct server *s, int fd, uint16_t *bound, struct verr *e)
{
	return loop_listen_on(s->loop, fd, bound, e);
}

int
server_attach(struct server *s, int fd, struct verr *e)
{
	return conn_new(s, fd, e);
}

/*
 * The end, in order: the loop has drained or its time is up; connections that
 * are left are closed; workers end what they run; what comes back belongs to
 * no connection any more.
 */
static void
finish(struct server *s)
{
	struct request_list list = STAILQ_HEAD_INITIALIZER(list);
	struct request *rq;

	conn_close_all(s);
	worker_stop(s->workers, &list);
	while ((rq = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, link);
		request_put(rq);
	}
}

int
server_run(struct server *s, struct verr *e)
{
	if (worker_start(s->workers, s->opt.workers, e) == -1)
		return -1;
	loop_run(s->loop);
	finish(s);
	return 0;
}

void
server_stop(struct server *s)
{
	loop_stop(s->loop);
}

void
server_counts(struct server *s, struct server_counts *c)
{
	stats_read(&s->stats, c);
}
