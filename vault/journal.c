/*
 * journal.c - chunks that are replaced are written elsewhere first.
 */
#include "config.h"

#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/log.h"
#include "base/tune.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal_int.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

#define AT_ONCE	16u	/* files synced in one round of a checkpoint */

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool
journal_is_durable(const struct journal *j)
{
	return j != NULL && j->durable;
}

uint8_t *
journal_data(const struct journal *j, uint32_t slot)
{
	return j->map + (size_t)slot * JOURNAL_SLOT + JOURNAL_HEAD;
}

/* -- taking and giving back */

/* A store into a hole on a full disk would be SIGBUS: reserve it. */
static bool
reserve(struct journal *j, uint32_t slot)
{
	static const uint8_t zeros[JOURNAL_SLOT];
	off_t off = (off_t)slot * (off_t)JOURNAL_SLOT;
	size_t done = 0;
	ssize_t n;

	if (j->slots[slot].room)
		return true;
	while (done < sizeof(zeros)) {
		n = pwrite(j->fd, zeros, sizeof(zeros) - done,
		    off + (off_t)done);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	j->slots[slot].room = true;
	return true;
}

/* The lock is held. */
static void
set_free(struct journal *j, uint32_t slot)
{
	struct jslot *s = &j->slots[slot];
	struct file *f = s->f;

	atomic_store_explicit(&journal_head(j, slot)->form, 0,
	    memory_order_release);
	if (s->state == JSLOT_WAITS)
		j->waiting--;
	s->state = JSLOT_FREE;
	s->f = NULL;
	s->next = j->free;
	j->free = slot;
	if (f != NULL)		/* its user has another reference */
		file_put(f);
}

static uint32_t
take_free(struct journal *j, struct file *f)
{
	uint32_t slot;

	lock_take(&j->lock);
	if ((slot = j->free) != JOURNAL_NONE) {
		if (reserve(j, slot)) {
			j->free = j->slots[slot].next;
			j->slots[slot].state = JSLOT_TAKEN;
			j->slots[slot].f = f;
			file_ref(f);
		} else {
			if (!j->warned)
				log_warn("no room in the state directory: a "
				    "server that is killed may leave torn "
				    "chunks");
			j->warned = true;
			slot = JOURNAL_NONE;
		}
	}
	lock_drop(&j->lock);
	return slot;
}

uint32_t
journal_take(struct journal *j, struct file *f)
{
	uint32_t slot;

	if (j == NULL)
		return JOURNAL_NONE;
	slot = take_free(j, f);
	if (slot == JOURNAL_NONE && journal_waiting(j) > 0 &&
	    journal_checkpoint(j, 0, NULL) == 0)
		slot = take_free(j, f);
	return slot;
}

void
journal_done(struct journal *j, uint32_t slot)
{
	struct jslot *s;

	if (j == NULL || slot == JOURNAL_NONE)
		return;
	s = &j->slots[slot];
	lock_take(&j->lock);
	if (j->durable && atomic_load(&journal_head(j, slot)->form) != 0 &&
	    journal_head(j, slot)->kind == JKIND_REPLACE) {
		s->state = JSLOT_WAITS;
		s->since_ms = now_ms();
		j->waiting++;
	} else
		set_free(j, slot);
	lock_drop(&j->lock);
}

/* -- what is in a slot */

static void
fill(struct journal *j, uint32_t slot, const struct file *f, enum jkind kind,
    uint64_t disk_off, uint32_t len, uint64_t disk_size, const uint8_t *old)
{
	struct jhead *h = journal_head(j, slot);
	const void *checked;
	struct vattr a;
	size_t n;

	attr_from_stat(&a, VTYPE_FILE, f->v->cipher, &f->st);
	memset(h, 0, sizeof(*h));
	h->kind = kind;
	h->fileid = f->fileid;
	h->gen = a.gen;
	h->len = len;
	h->disk_off = disk_off;
	h->disk_size = disk_size;
	if (old != NULL)
		memcpy(h->old, old, f->v->cipher->nonce_len);
	strcpy(h->path, f->path);

	lock_take(&j->lock);
	h->seq = j->slots[slot].seq = ++j->seq;
	lock_drop(&j->lock);
	checked = journal_checked(h, &n);
	if (keys_tag(f->v->keys, checked, n, h->check))
		atomic_store_explicit(&h->form, JOURNAL_FORM,
		    memory_order_release);
}

void
journal_replace(struct journal *j, uint32_t slot, const struct file *f,
    uint64_t disk_off, size_t len, const uint8_t *old, uint64_t disk_size)
{
	fill(j, slot, f, JKIND_REPLACE, disk_off, (uint32_t)len, disk_size,
	    old);
}

void
journal_append(struct journal *j, uint32_t slot, const struct file *f,
    uint64_t disk_off, unsigned n)
{
	if (j != NULL && slot != JOURNAL_NONE)
		fill(j, slot, f, JKIND_APPEND, disk_off, n, 0, NULL);
}

/* -- syncing */

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

/* Whoever waited for another's sync often finds that it did for both. */
int
journal_sync(struct journal *j, struct verr *e)
{
	uint64_t seq;
	int r = 0;

	if (!journal_is_durable(j))
		return 0;
	seq = journal_now(j);
	lock_take(&j->sync_lock);
	if (j->synced < seq) {
		seq = journal_now(j);
#ifndef __linux__
		/* There a sync of the descriptor knows of mapped pages. */
		r = msync(j->map, JOURNAL_MAP, MS_SYNC);
#endif
		if (r == 0)
			r = host_sync(j->fd);
		if (r == 0)
			j->synced = seq;
	}
	lock_drop(&j->sync_lock);
	if (r == -1)
		return verr_sys(e, "cannot sync the journal");
	return 0;
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
			set_free(j, i);
	}
	lock_drop(&j->lock);
}

void
journal_forget(struct journal *j, struct file *f)
{
	journal_synced(j, f, UINT64_MAX);
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

/* Files, each once, with a reference, whose slots have waited so long. */
static unsigned
pick(struct journal *j, int64_t before_ms, struct file *files[AT_ONCE])
{
	struct jslot *s;
	unsigned n = 0, k;
	uint32_t i;

	lock_take(&j->lock);
	for (i = 0; i < JOURNAL_SLOTS && n < AT_ONCE; i++) {
		s = &j->slots[i];
		if (s->state != JSLOT_WAITS || s->since_ms > before_ms)
			continue;
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
	int64_t before = now_ms() - age_ms;
	struct file *files[AT_ONCE];
	unsigned i, n;
	uint64_t since;
	int r = 0;

	if (j == NULL)
		return 0;
	do {
		n = pick(j, before, files);
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

/* -- as a whole */

static void
free_all(struct journal *j)
{
	uint32_t i = JOURNAL_SLOTS;

	j->free = JOURNAL_NONE;
	while (i-- > 0) {
		j->slots[i].next = j->free;
		j->free = i;
	}
}

struct journal *
journal_open(struct vault *v, const char *path, bool make, unsigned *mended,
    struct verr *e)
{
	struct journal *j;
	uint32_t i, n;
	off_t size;

	*mended = 0;
	if ((j = calloc(1, sizeof(*j))) == NULL) {
		verr_fail(e, VERR_NOMEM, "no memory to protect writes");
		return NULL;
	}
	if ((j->fd = lockfile_open(path, make, &size, e)) == -1) {
		free(j);
		return NULL;
	}
	j->v = v;
	j->map = mmap(NULL, JOURNAL_MAP, PROT_READ | PROT_WRITE, MAP_SHARED,
	    j->fd, 0);
	if (j->map == MAP_FAILED) {
		verr_sys(e, "cannot map %s", path);
		goto err0;
	}
	lock_init(&j->lock, LOCK_JOURNAL);
	lock_init(&j->sync_lock, LOCK_JOURNAL_SYNC);
	n = size / JOURNAL_SLOT < JOURNAL_SLOTS ?
	    (uint32_t)(size / JOURNAL_SLOT) : JOURNAL_SLOTS;
	if (journal_replay(j, n, mended, e) == -1)
		goto err1;
	for (i = 0; i < n; i++) {
		atomic_store(&journal_head(j, i)->form, 0);
		j->slots[i].room = true;
	}
	free_all(j);
	j->durable = !tune_off(TUNE_JOURNAL);
	return j;
err1:
	lock_fini(&j->sync_lock);
	lock_fini(&j->lock);
	(void)munmap(j->map, JOURNAL_MAP);
err0:
	(void)close(j->fd);
	free(j);
	return NULL;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (journal_checkpoint(j, 0, NULL) == -1)
		log_warn("the journal keeps what could not be synced");
	lock_fini(&j->sync_lock);
	lock_fini(&j->lock);
	(void)munmap(j->map, JOURNAL_MAP);
	(void)close(j->fd);
	free(j);
}
