/*
 * vault_dirty.c - which files have unwritten chunks, and when they are written.
 */
#include "config.h"

#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/tune.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal.h"
#include "vault/vault.h"
#include "vault/vault_int.h"

int64_t
vault_now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
vault_now_ms(void)
{
	return vault_now_ns() / 1000000;
}

/* Is less than so many quarters of the bounds in use? */
static bool
is_below(struct vault *v, unsigned quarters)
{
	return chunks_dirty(&v->chunks) < v->wb.dirty_max / 4 * quarters &&
	    v->ndirty_files < v->dirty_files_max / 4 * quarters;
}

bool
vault_keeps_writes(struct vault *v)
{
	return v->wb.dirty_max > 0 && is_below(v, 4);
}

void
vault_tell_crowded(struct vault *v)
{
	if (v->wb.crowded != NULL && !is_below(v, 3) &&
	    !atomic_exchange(&v->crowded, true))
		v->wb.crowded(v->wb.ctx);
}

/* The file that is dirty for longest, if for age_ms: a reference, or NULL. */
static struct file *
oldest(struct vault *v, unsigned age_ms)
{
	int64_t before = vault_now_ms() - age_ms;
	struct file *f;

	lock_take(&v->files_lock);
	f = TAILQ_FIRST(&v->dirty_files);
	if (f != NULL && f->dirty_ms <= before)
		f->refs++;
	else
		f = NULL;
	lock_drop(&v->files_lock);
	return f;
}

/* It could not be written: others first, and it again later. */
static void
put_off(struct file *f)
{
	struct vault *v = f->v;

	lock_take(&v->files_lock);
	if (f->is_dirty) {
		TAILQ_REMOVE(&v->dirty_files, f, dirty_link);
		f->dirty_ms = vault_now_ms();
		TAILQ_INSERT_TAIL(&v->dirty_files, f, dirty_link);
	}
	lock_drop(&v->files_lock);
}

static int
write_file(struct file *f, struct verr *e)
{
	int r = 0;

	if (file_take(f, true, true, e) == -1)
		r = -1;
	else {
		if (f->st.nlink == 0)
			file_lose(f);		/* it was removed */
		else
			r = file_flush(f, e);
		file_drop(f);
	}
	if (r == -1)
		put_off(f);
	file_put(f);
	return r;
}

void
vault_make_room(struct vault *v)
{
	struct file *f;

	while (v->wb.dirty_max > 0 && !vault_keeps_writes(v) &&
	    (f = oldest(v, 0)) != NULL)
		if (write_file(f, NULL) == -1)
			break;		/* writes go through then */
}

void
vault_write_down(struct vault *v)
{
	struct file *f;

	while (!is_below(v, 2) && (f = oldest(v, 0)) != NULL)
		if (write_file(f, NULL) == -1)
			break;
	atomic_store(&v->crowded, false);
}

void
vault_write_back(struct vault *v, const struct vault_write_back *wb)
{
	long open_max = sysconf(_SC_OPEN_MAX);

	v->wb = *wb;
	/* Each has a descriptor. */
	v->dirty_files_max = open_max < 4 || open_max / 4 > VAULT_DIRTY_FILES ?
	    VAULT_DIRTY_FILES : (unsigned)(open_max / 4);
	if (v->read_only || tune_off(TUNE_WRITE_CACHE))
		v->wb.dirty_max = 0;
}

int
vault_write_out(struct vault *v, unsigned age_ms, unsigned *next_ms,
    struct verr *e)
{
	int64_t left = INT64_MAX, names;
	unsigned tries;
	struct file *f;
	int r = 0;

	tries = v->ndirty_files;
	while (tries-- > 0 && (f = oldest(v, age_ms)) != NULL)
		if (write_file(f, e) == -1)
			r = -1;
	if (journal_checkpoint(v->journal, age_ms, e) == -1)
		r = -1;
	if (vault_sync_aged(v, age_ms, &names, e) == -1)
		r = -1;

	lock_take(&v->files_lock);
	if ((f = TAILQ_FIRST(&v->dirty_files)) != NULL)
		left = f->dirty_ms + age_ms - vault_now_ms();
	lock_drop(&v->files_lock);
	if (left == INT64_MAX && journal_waiting(v->journal) > 0)
		left = age_ms;
	if (names < left)
		left = names;
	*next_ms = left == INT64_MAX ? VAULT_IDLE : left < 10 ? 10 :
	    (unsigned)left;
	return r;
}

uint64_t
vault_dirty(struct vault *v)
{
	return chunks_dirty(&v->chunks);
}
