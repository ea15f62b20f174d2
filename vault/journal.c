/*
 * journal.c - chunks that are replaced are written elsewhere first.
 */
#include "config.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/log.h"
#include "base/tune.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal_int.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

#define RUN_MAX	32u	/* slots in one write */

bool
journal_is_durable(const struct journal *j)
{
	return j != NULL && j->durable;
}

bool
journal_was_clean(const struct journal *j)
{
	return j->was_clean;
}

/* -- taking and giving back */

/* Room on the disk, now, so that a flush does not find out half way. */
static bool
reserve(struct journal *j, uint32_t slot)
{
	static const uint8_t zeros[JOURNAL_DATA];

	if (!j->slots[slot].room)
		j->slots[slot].room = host_write(j->fd, zeros, sizeof(zeros),
		    journal_at(slot)) == 0;
	return j->slots[slot].room;
}

void
journal_free(struct journal *j, uint32_t slot)
{
	struct jslot *s = &j->slots[slot];
	struct file *f = s->f;

	if (journal_head(j, slot)->kind == JKIND_REPLACE)
		j->freed++;
	atomic_store_explicit(&journal_head(j, slot)->form, 0,
	    memory_order_release);
	if (s->state == JSLOT_WAITS)
		j->waiting--;
	s->state = JSLOT_FREE;
	s->gone = 0;
	s->f = NULL;
	if (slot < j->low)
		j->low = slot;
	if (f != NULL)		/* its user has another reference */
		file_put(f);
}

/* The lowest that is free: neighbours are written together. */
static uint32_t
take_free(struct journal *j, struct file *f)
{
	uint32_t slot;

	lock_take(&j->lock);
	for (slot = j->low; slot < JOURNAL_SLOTS; slot++)
		if (j->slots[slot].state == JSLOT_FREE)
			break;
	j->low = slot;
	if (slot == JOURNAL_SLOTS)
		slot = JOURNAL_NONE;
	else if (reserve(j, slot)) {
		j->slots[slot].state = JSLOT_TAKEN;
		j->slots[slot].f = f;
		file_ref(f);
		j->low++;
	} else {
		if (!j->warned)
			log_warn("no room in the state directory: a server "
			    "that is killed may leave torn chunks");
		j->warned = true;
		slot = JOURNAL_NONE;
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
		/* A sync of the file that had begun does not count. */
		s->state = JSLOT_WAITS;
		s->seq = ++j->seq;
		s->since_ms = vault_now_ms();
		j->waiting++;
	} else
		journal_free(j, slot);
	lock_drop(&j->lock);
}

/* -- what is in a slot */

/* The head of a slot, but for the words that make it count. */
static void
fill(struct journal *j, uint32_t slot, const struct file *f, enum jkind kind,
    uint64_t disk_off, uint32_t len)
{
	struct jhead *h = journal_head(j, slot);
	struct vattr a;

	attr_from_stat(&a, VTYPE_FILE, f->v->cipher, &f->st);
	memset(h, 0, sizeof(*h));
	h->kind = kind;
	h->fileid = f->fileid;
	h->gen = a.gen;
	h->len = len;
	h->disk_off = disk_off;
	strcpy(h->path, f->path);
}

static bool
finish(struct journal *j, uint32_t slot)
{
	struct jhead *h = journal_head(j, slot);
	const void *checked;
	size_t n;

	lock_take(&j->lock);
	h->seq = j->slots[slot].seq = ++j->seq;
	lock_drop(&j->lock);
	checked = journal_checked(h, &n);
	if (!keys_tag(j->v->keys, checked, n, h->check))
		return false;
	atomic_store_explicit(&h->form, JOURNAL_FORM, memory_order_release);
	return true;
}

/* The data of entries whose slots are neighbours, in one piece. */
static int
write_data(struct journal *j, const struct journal_entry *list, unsigned n)
{
	static const uint8_t rest[JOURNAL_DATA - CIPHER_CHUNK];
	struct iovec iov[2 * RUN_MAX];
	unsigned i;

	for (i = 0; i < n; i++) {
		iov[2 * i].iov_base = (void *)(uintptr_t)list[i].data;
		iov[2 * i].iov_len = list[i].len;
		iov[2 * i + 1].iov_base = (void *)(uintptr_t)rest;
		iov[2 * i + 1].iov_len = JOURNAL_DATA - list[i].len;
		if (iov[2 * i + 1].iov_len > sizeof(rest))
			break;		/* a short one ends the run */
	}
	if (i < n)
		n = i + 1;
	if (host_writev(j->fd, iov, (int)(i < n ? 2 * i + 1 : 2 * n),
	    journal_at(list[0].slot)) == -1)
		return -1;
	return (int)n;
}

int
journal_replace(struct journal *j, const struct file *f,
    const struct journal_entry *list, unsigned n, struct verr *e)
{
	size_t nonce = f->v->cipher->nonce_len;
	struct jhead *h;
	unsigned i, m;
	int k;

	for (i = 0; i < n; i += (unsigned)k) {
		for (m = 1; m < RUN_MAX && i + m < n &&
		    list[i + m].slot == list[i].slot + m; m++)
			continue;
		if ((k = write_data(j, list + i, m)) == -1)
			return verr_sys(e, "cannot write the journal");
	}
	for (i = 0; i < n; i++) {
		fill(j, list[i].slot, f, JKIND_REPLACE, list[i].disk_off,
		    (uint32_t)list[i].len);
		h = journal_head(j, list[i].slot);
		memcpy(h->old, list[i].old, nonce);
		memcpy(h->new, list[i].data, nonce);
		if (!finish(j, list[i].slot))
			return verr_fail(e, VERR_NOMEM, "out of memory for "
			    "the journal");
	}
	return 0;
}

void
journal_append(struct journal *j, uint32_t slot, const struct file *f,
    uint64_t disk_off, unsigned n)
{
	if (j == NULL || slot == JOURNAL_NONE)
		return;
	fill(j, slot, f, JKIND_APPEND, disk_off, n);
	(void)finish(j, slot);
}

/* -- as a whole */

/* What was made now is to be there after a power cut, too. */
static int
sync_folder(const char *path, struct verr *e)
{
	char folder[PATH_MAX];
	char *slash;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	if ((slash = strrchr(folder, '/')) == NULL)
		(void)strcpy(folder, ".");
	else
		slash[slash == folder] = '\0';
	if (host_sync_path(AT_FDCWD, folder) == -1)
		return verr_sys(e, "cannot sync %s", folder);
	return 0;
}

/* The heads need their room on the disk before they are mapped: no SIGBUS. */
static int
map_heads(struct journal *j, const char *path, off_t size, struct verr *e)
{
	if (size < (off_t)JOURNAL_MAP &&
	    lockfile_zero(j->fd, JOURNAL_MAP) == -1)
		return verr_sys(e, "cannot make a journal");
	if (size < (off_t)JOURNAL_MAP && sync_folder(path, e) == -1)
		return -1;
	j->map = mmap(NULL, JOURNAL_MAP, PROT_READ | PROT_WRITE, MAP_SHARED,
	    j->fd, 0);
	if (j->map == MAP_FAILED)
		return verr_sys(e, "cannot map a journal");
	return 0;
}

struct journal *
journal_open(struct vault *v, const char *path, bool make, unsigned *mended,
    struct verr *e)
{
	struct journal *j;
	uint32_t i;
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
	if (map_heads(j, path, size, e) == -1)
		goto err0;
	lock_init(&j->lock, LOCK_JOURNAL);
	lock_init(&j->sync_lock, LOCK_JOURNAL_SYNC);
	if (journal_replay(j, mended, e) == -1)
		goto err1;
	for (i = 0; i < JOURNAL_SLOTS; i++) {
		if (atomic_load(&journal_head(j, i)->form) != 0)
			atomic_store(&journal_head(j, i)->form, 0);
		j->slots[i].room = (uint64_t)size >= journal_at(i + 1);
	}
	j->was_clean = journal_head(j, 0)->kind == JKIND_CLEAN;
	journal_head(j, 0)->kind = 0;
	lockfile_rest(j->map, JOURNAL_MAP);
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
	else if (!vault_sync_waits(j->v))
		journal_head(j, 0)->kind = JKIND_CLEAN;
	lock_fini(&j->sync_lock);
	lock_fini(&j->lock);
	(void)munmap(j->map, JOURNAL_MAP);
	(void)close(j->fd);
	free(j);
}
