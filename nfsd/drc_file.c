/*
 * drc_file.c - the ring of entries, in memory or in a mapped file, and what a
 * dead server left in it.
 *
 * Only the entries survive the process; the index is made anew from them.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/verr.h"
#include "nfsd/drc_int.h"
#include "nfsd/ranks.h"

struct file_head {
	char		 magic[16];
	uint32_t	 slots, slot_size;
	uint8_t		 spare[4072];
};

_Static_assert(sizeof(struct file_head) == 4096, "slots begin on a page");

#define FILE_SIZE	(sizeof(struct file_head) +			\
			    DRC_SLOTS * sizeof(struct drc_slot))

static const char magic[16] = "vaultnfs drc 1\n";

static struct drc_slot *
slots_of(void *map)
{
	return (struct drc_slot *)((struct file_head *)map + 1);
}

static void
clear_index(struct drc *d)
{
	uint32_t i;

	memset(d->side, 0, sizeof(d->side));
	for (i = 0; i < DRC_SLOTS; i++)
		STAILQ_INIT(&d->side[i].waiting);
	memset(d->bucket, 0xff, sizeof(d->bucket));
}

struct drc *
drc_new(struct vault *v)
{
	struct drc *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return NULL;
	d->v = v;
	d->fd = -1;
	d->map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON, -1, 0);
	if (d->map == MAP_FAILED) {
		free(d);
		return NULL;
	}
	d->slots = slots_of(d->map);
	lock_init(&d->lock, LOCK_DRC);
	clear_index(d);
	return d;
}

void
drc_free(struct drc *d)
{
	if (d == NULL)
		return;
	(void)munmap(d->map, FILE_SIZE);
	if (d->fd != -1)
		(void)close(d->fd);
	lock_fini(&d->lock);
	free(d);
}

uint32_t
drc_bucket_of(const uint8_t tag[DRC_TAG_LEN])
{
	uint32_t h;

	memcpy(&h, tag, sizeof(h));
	return h % DRC_BUCKETS;
}

void
drc_link(struct drc *d, uint32_t i)
{
	uint32_t b = drc_bucket_of(d->slots[i].tag);

	d->side[i].next = d->bucket[b];
	d->side[i].linked = true;
	d->bucket[b] = i;
}

static bool
is_ours(const struct file_head *h)
{
	return memcmp(h->magic, magic, sizeof(magic)) == 0 &&
	    h->slots == DRC_SLOTS && h->slot_size == sizeof(struct drc_slot);
}

/* What a dead server left: every entry counts as of now. */
static void
take_over(struct drc *d)
{
	uint32_t i;

	clear_index(d);
	for (i = 0; i < DRC_SLOTS; i++) {
		struct drc_slot *s = &d->slots[i];

		if (drc_state_of(d, i) == SLOT_FREE)
			continue;
		if (drc_state_of(d, i) > SLOT_DONE ||
		    s->reply_len > DRC_REPLY_MAX) {
			drc_set_state(s, SLOT_FREE);
			continue;
		}
		d->side[i].since = drc_now();
		drc_link(d, i);
		if (s->order >= d->order) {
			d->order = s->order + 1;
			d->hand = (i + 1) % DRC_SLOTS;
		}
	}
}

int
drc_open(struct drc *d, const char *path, struct verr *e)
{
	struct file_head *map;
	off_t size;
	int fd;

	if ((fd = lockfile_open(path, true, &size, e)) == -1)
		return -1;
	if ((size_t)size != FILE_SIZE && lockfile_zero(fd, FILE_SIZE) == -1) {
		(void)verr_sys(e, "cannot make %s", path);
		(void)close(fd);
		return -1;
	}
	map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		(void)verr_sys(e, "cannot map %s", path);
		(void)close(fd);
		return -1;
	}
	(void)munmap(d->map, FILE_SIZE);
	d->map = map;
	d->slots = slots_of(map);
	d->fd = fd;
	if (!is_ours(map)) {
		memset(map, 0, FILE_SIZE);
		map->slots = DRC_SLOTS;
		map->slot_size = sizeof(struct drc_slot);
		memcpy(map->magic, magic, sizeof(magic));
	}
	take_over(d);
	lockfile_rest(map, FILE_SIZE);
	return 0;
}
