/*
 * keeper_vault.c - to close all vaults while the server runs, and open them.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bufpool.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/attrs.h"
#include "nfsd/drc.h"
#include "nfsd/export.h"
#include "nfsd/flusher.h"
#include "nfsd/keeper_int.h"
#include "nfsd/node.h"
#include "nfsd/server_int.h"
#include "nfsd/worker.h"
#include "vault/vault.h"

#define DRAIN_MS	2	/* between looks at the workers */

/* By a tag that only this vault's keys make. */
static bool
mark(struct vault *v, uint8_t out[KEEPER_MARK])
{
	static const char text[] = "vaultnfs the same vault";

	return vault_tag(v, text, sizeof(text) - 1, out);
}

bool
keeper_mark_all(struct keeper *k)
{
	const struct export_table *t = k->srv->exports;
	size_t i, n = export_count(t);

	if (k->marks == NULL)
		k->marks = calloc(n > 0 ? n : 1, sizeof(*k->marks));
	for (i = 0; k->marks != NULL && i < n; i++)
		if (!mark(export_at(t, i)->vault, k->marks[i]))
			return false;
	return k->marks != NULL;
}

/* All that is in memory only. */
static int
write_all(struct keeper *k, struct verr *e)
{
	const struct export_table *t = k->srv->exports;
	struct vault *v;
	unsigned next;
	size_t i;

	for (i = 0; i < export_count(t); i++) {
		v = export_at(t, i)->vault;
		if (!vault_read_only(v) &&
		    (vault_write_out(v, 0, &next, e) == -1 ||
		    vault_sync_names(v, e) == -1))
			return -1;
	}
	return 0;
}

/* The same when no call runs any more: then it is all. */
static int
write_rest(struct keeper *k, struct verr *e)
{
	const struct export_table *t = k->srv->exports;
	size_t i;

	if (write_all(k, e) == -1)
		return -1;
	for (i = 0; i < export_count(t); i++)
		if (vault_dirty(export_at(t, i)->vault) > 0)
			return verr_fail(e, VERR_BUSY, "/%s: some data could "
			    "not be written yet", export_at(t, i)->name);
	return 0;
}

/* No call runs, and none that comes will; false: the server stops. */
static bool
drain(struct keeper *k)
{
	struct timespec t = { 0, DRAIN_MS * 1000000L };
	bool quit;

	if (!keeper_all_pass(k, KEEPER_POINT))
		return false;
	while (!worker_idle(k->srv->workers)) {
		(void)nanosleep(&t, NULL);
		(void)pthread_mutex_lock(&k->mtx);
		quit = k->quit;
		(void)pthread_mutex_unlock(&k->mtx);
		if (quit)
			return false;
	}
	return true;
}

/* Nobody uses the vaults. */
static void
close_vaults(struct keeper *k)
{
	struct server *s = k->srv;
	size_t i;

	flusher_stop(s->flusher);
	s->flusher = NULL;
	node_clear(s->nodes);
	attrs_forget(s->attrs, NULL);
	bufpool_wiping(true);
	for (i = 0; i < export_count(s->exports); i++) {
		export_set_vault(s->exports, i, NULL);
		k->o.close(k->o.ctx, i);
	}
	worker_wipe(s->workers);
	(void)keeper_all_pass(k, KEEPER_WIPE);
	keeper_wipe_thread();
	bufpool_wipe();
}

int
keeper_close_all(struct keeper *k, struct verr *e)
{
	struct server *s = k->srv;
	int rc = 0;

	if (atomic_load(&s->closed) == KEEPER_LOCKED)
		return 0;
	if (write_all(k, e) == -1)
		return -1;
	atomic_store(&s->closed, KEEPER_CLOSING);
	if (!drain(k))
		rc = verr_fail(e, VERR_BUSY, "the server is stopping");
	else
		rc = write_rest(k, e);
	if (rc == -1) {
		atomic_store(&s->closed, KEEPER_OPEN);
		return -1;
	}
	close_vaults(k);
	atomic_store(&s->closed, KEEPER_LOCKED);
	log_info("locked");
	return 0;
}

/* Vault i, if it is the one that was there. */
static struct vault *
open_one(struct keeper *k, size_t i, const char *pass, size_t len,
    struct verr *e)
{
	uint8_t now[KEEPER_MARK];
	struct vault *v;

	if ((v = k->o.open(k->o.ctx, i, pass, len, e)) == NULL)
		return NULL;
	if (mark(v, now) && secret_equal(now, k->marks[i], sizeof(now)))
		return v;
	(void)verr_fail(e, VERR_NOTVAULT, "/%s is another vault than before: "
	    "it stays locked", export_at(k->srv->exports, i)->name);
	k->o.close(k->o.ctx, i);
	return NULL;
}

/* The first n are closed again. */
static void
give_up(struct keeper *k, size_t n)
{
	while (n-- > 0) {
		export_set_vault(k->srv->exports, n, NULL);
		k->o.close(k->o.ctx, n);
	}
	keeper_wipe_thread();
}

int
keeper_open_all(struct keeper *k, const char *pass, size_t len,
    struct verr *e)
{
	struct server *s = k->srv;
	size_t i, n = export_count(s->exports);
	struct vault *v;

	if (atomic_load(&s->closed) != KEEPER_LOCKED)
		return verr_fail(e, VERR_INVAL, "the vaults are not locked");
	for (i = 0; i < n; i++) {
		if ((v = open_one(k, i, pass, len, e)) == NULL) {
			give_up(k, i);
			return -1;
		}
		export_set_vault(s->exports, i, v);
	}
	if (s->drc != NULL && n > 0)
		drc_use(s->drc, export_at(s->exports, 0)->vault);
	if (n > 0 && (s->flusher = flusher_start(s, s->opt.dirty_max,
	    e)) == NULL) {
		give_up(k, n);
		return -1;
	}
	bufpool_wiping(false);
	atomic_store(&s->closed, KEEPER_OPEN);
	log_info("unlocked");
	return 0;
}
