/*
 * Which folders have changed since they were last made durable, and which of
 * the small files that make a folder what it is (dir.c9r, name.c9s ...).
 *
 * Names become durable when a client asks for it (COMMIT, a stable WRITE) and
 * when they have waited for some seconds (vault_write_out()); with every call
 * only if so opened.  A change notes its paths here, and a sync takes the whole
 * list.  What is gone by then needs no sync of its own; what was renamed was
 * noted again.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "vault/journal.h"
#include "vault/vault_int.h"

bool
vault_sync_init(struct vault *v)
{
	lock_init(&v->sync_run, LOCK_SYNC_RUN);
	lock_init(&v->sync_lock, LOCK_SYNCSET);
	v->sync_list = malloc(VAULT_SYNC_MAX * sizeof(*v->sync_list));
	return v->sync_list != NULL;
}

void
vault_sync_fini(struct vault *v)
{
	free(v->sync_list);
	lock_fini(&v->sync_lock);
	lock_fini(&v->sync_run);
}

/* Under sync_lock: does something wait?  If not, from now on something does. */
static bool
begin_wait(struct vault *v)
{
	if (v->sync_count > 0 || v->sync_all)
		return true;
	v->sync_ms = vault_now_ms();
	return false;
}

/* Somebody is to come when it has waited long enough. */
static void
say_dirty(struct vault *v)
{
	if (v->wb.dirty != NULL)
		v->wb.dirty(v->wb.ctx);
}

void
vault_sync_note(struct vault *v, const char *path)
{
	uint64_t hash = lru_hash(path, strlen(path));
	struct sync_path *s;
	bool waits;
	unsigned i;

	lock_take(&v->sync_lock);
	waits = begin_wait(v);
	for (i = 0; i < v->sync_count; i++)
		if (v->sync_list[i].hash == hash &&
		    strcmp(v->sync_list[i].path, path) == 0)
			goto out;
	if (v->sync_count == VAULT_SYNC_MAX) {
		v->sync_all = true;
		goto out;
	}
	s = &v->sync_list[v->sync_count++];
	s->hash = hash;
	strcpy(s->path, path);
out:
	lock_drop(&v->sync_lock);
	if (!waits)
		say_dirty(v);
}

void
vault_sync_note_all(struct vault *v)
{
	bool waits;

	lock_take(&v->sync_lock);
	waits = begin_wait(v);
	v->sync_all = true;
	lock_drop(&v->sync_lock);
	if (!waits)
		say_dirty(v);
}

/* More changed than are listed: everything of the file system. */
static int
sync_all(struct vault *v, struct verr *e)
{
	if (host_sync_all(v->root) == -1)
		return verr_sys(e, "cannot sync the vault's file system");
	return 0;
}

static void
put_back(struct vault *v, const struct sync_path *list, unsigned i,
    unsigned n)
{
	for (; list != NULL && i < n; i++)
		vault_sync_note(v, list[i].path);
	if (list == NULL)
		vault_sync_note_all(v);
}

int
vault_sync_names(struct vault *v, struct verr *e)
{
	uint64_t forgotten = journal_forgotten(v->journal);
	struct sync_path *list = NULL;
	unsigned i, n;
	bool all;
	int r = 0;

	/*
	 * One at a time: whoever finds the list empty must know that those
	 * who emptied it are done.
	 */
	lock_take(&v->sync_run);
	lock_take(&v->sync_lock);
	n = v->sync_count;
	all = v->sync_all;
	if (n > 0 && !all && (list = malloc(n * sizeof(*list))) != NULL)
		memcpy(list, v->sync_list, n * sizeof(*list));
	v->sync_count = 0;
	v->sync_all = false;
	lock_drop(&v->sync_lock);

	if (list == NULL && (n > 0 || all))
		r = sync_all(v, e);
	for (i = 0; i < n && list != NULL; i++)
		if (host_sync_path(v->root, list[i].path) == -1 &&
		    errno != ENOENT && errno != ENOTDIR) {
			r = verr_sys(e, "cannot sync %s", list[i].path);
			break;
		}
	if (r == -1)		/* not done: the next one tries again */
		put_back(v, list, i, n);
	free(list);
	lock_drop(&v->sync_run);
	if (r == 0)
		journal_names_synced(v->journal, forgotten);
	return r;
}

/* How long the oldest change still may wait; INT64_MAX: there is none. */
static int64_t
left(struct vault *v, unsigned age_ms)
{
	int64_t ms = INT64_MAX;

	lock_take(&v->sync_lock);
	if (v->sync_count > 0 || v->sync_all)
		ms = v->sync_ms + age_ms - vault_now_ms();
	lock_drop(&v->sync_lock);
	return ms;
}

bool
vault_sync_waits(struct vault *v)
{
	return left(v, 0) != INT64_MAX;
}

int
vault_sync_aged(struct vault *v, unsigned age_ms, int64_t *left_ms,
    struct verr *e)
{
	int r = 0;

	if (left(v, age_ms) <= 0)
		r = vault_sync_names(v, e);
	*left_ms = left(v, age_ms);
	return r;
}
