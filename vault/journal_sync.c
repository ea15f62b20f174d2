/*
 * journal_sync.c - when what is in the journal is durable, and when it is not
 * needed any more.
 */
#include "config.h"

#include <sys/mman.h>

#include <string.h>

#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal_int.h"
#include "vault/vault_int.h"

#define AT_ONCE	16u	/* files synced in one round of a checkpoint */

uint64_t
journal_now(struct journal *j)
{
	uint64_t seq;

	if (j == NULL)
		return 0;
	lock_take(&j->lock);
	seq = j->seq;
	lock_drop(&j->lock);
	return seq;
}

static uint64_t
freed_now(struct journal *j)
{
	uint64_t freed;

	lock_take(&j->lock);
	freed = j->freed;
	lock_drop(&j->lock);
	return freed;
}

/*
 * All up to seq, and what was freed.  Whoever waited for another's sync often
 * finds that it did for both.
 */
static int
sync_up_to(struct journal *j, uint64_t seq, uint64_t freed, struct verr *e)
{
	int r = 0;

	lock_take(&j->sync_lock);
	if (j->synced < seq || j->settled < freed) {
		seq = journal_now(j);
		freed = freed_now(j);
#ifndef __linux__
		/* There a sync of the descriptor knows of mapped pages. */
		r = msync(j->map, JOURNAL_MAP, MS_SYNC);
#endif
		if (r == 0)
			r = host_sync(j->fd);
		if (r == 0) {
			j->synced = seq;
			j->settled = freed;
		}
	}
	lock_drop(&j->sync_lock);
	if (r == -1)
		return verr_sys(e, "cannot sync the journal");
	return 0;
}

int
journal_sync(struct journal *j, struct verr *e)
{
	if (!journal_is_durable(j))
		return 0;
	return sync_up_to(j, journal_now(j), 0, e);
}

int
journal_settle(struct journal *j, struct verr *e)
{
	uint64_t freed;

	if (!journal_is_durable(j) || (freed = freed_now(j)) == j->settled)
		return 0;
	return sync_up_to(j, 0, freed, e);
}

void
journal_synced(struct journal *j, struct file *f, uint64_t since)
{
	struct jslot *s;
	uint32_t i;

	if (j == NULL)
		return;
	lock_take(&j->lock);
	for (i = 0; j->waiting > 0 && i < JOURNAL_SLOTS; i++) {
		s = &j->slots[i];
		if (s->state == JSLOT_WAITS && s->f == f && s->seq <= since)
			journal_free(j, i);
	}
	lock_drop(&j->lock);
}

void
journal_forget(struct journal *j, struct file *f)
{
	uint32_t i;

	if (j == NULL)
		return;
	lock_take(&j->lock);
	j->forgotten++;
	for (i = 0; j->waiting > 0 && i < JOURNAL_SLOTS; i++)
		if (j->slots[i].state == JSLOT_WAITS && j->slots[i].f == f)
			j->slots[i].gone = j->forgotten;
	lock_drop(&j->lock);
}

uint64_t
journal_forgotten(struct journal *j)
{
	uint64_t n;

	if (j == NULL)
		return 0;
	lock_take(&j->lock);
	n = j->forgotten;
	lock_drop(&j->lock);
	return n;
}

void
journal_names_synced(struct journal *j, uint64_t forgotten)
{
	uint32_t i;

	if (j == NULL || forgotten == 0)
		return;
	lock_take(&j->lock);
	for (i = 0; j->waiting > 0 && i < JOURNAL_SLOTS; i++)
		if (j->slots[i].gone != 0 && j->slots[i].gone <= forgotten)
			journal_free(j, i);
	lock_drop(&j->lock);
}

unsigned
journal_waiting(struct journal *j)
{
	unsigned n;

	if (j == NULL)
		return 0;
	lock_take(&j->lock);
	n = j->waiting;
	lock_drop(&j->lock);
	return n;
}

/*
 * Files, each once, with a reference, whose slots have waited so long.  Those
 * that have no name any more are left out: *gone, if there are such.
 */
static unsigned
pick(struct journal *j, int64_t before_ms, struct file *files[AT_ONCE],
    bool *gone)
{
	struct jslot *s;
	unsigned n = 0, k;
	uint32_t i;

	*gone = false;
	lock_take(&j->lock);
	for (i = 0; i < JOURNAL_SLOTS && n < AT_ONCE; i++) {
		s = &j->slots[i];
		if (s->state != JSLOT_WAITS || s->since_ms > before_ms)
			continue;
		if (s->gone != 0) {
			*gone = true;
			continue;
		}
		for (k = 0; k < n && files[k] != s->f; k++)
			continue;
		if (k == n) {
			file_ref(s->f);
			files[n++] = s->f;
		}
	}
	lock_drop(&j->lock);
	return n;
}

int
journal_checkpoint(struct journal *j, unsigned age_ms, struct verr *e)
{
	int64_t before = vault_now_ms() - age_ms;
	struct file *files[AT_ONCE];
	unsigned i, n;
	uint64_t since;
	bool gone;
	int r = 0;

	if (j == NULL)
		return 0;
	do {
		n = pick(j, before, files, &gone);
		if (gone && vault_sync_names(j->v, e) == -1)
			r = -1;
		since = journal_now(j);
		for (i = 0; i < n; i++) {
			if (r == 0 && host_sync(files[i]->fd) == -1)
				r = verr_sys(e, "cannot sync %s",
				    files[i]->path);
			if (r == 0)
				journal_synced(j, files[i], since);
			file_put(files[i]);
		}
	} while (r == 0 && n == AT_ONCE);
	return r;
}
