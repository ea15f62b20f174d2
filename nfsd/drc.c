/*
 * drc.c - the duplicate request cache: a ring of entries, in memory or in a
 * mapped file, and an index over it.
 *
 * Only the entries survive the process; the index is made anew from them.
 * A process may be killed between any two stores, so an entry is first
 * marked free, then filled, then given its state.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/mman.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/verr.h"
#include "nfsd/drc.h"
#include "nfsd/request.h"
#include "nfsd/server_int.h"
#include "vault/vault.h"
#include "xdr/xin.h"

#define TAG_LEN		16
#define REPLY_MAX	440u	/* CREATE's, the longest, has 300 */
#define BUCKETS		(2 * DRC_SLOTS)
#define NONE		UINT32_MAX

enum slot_state { SLOT_FREE, SLOT_RUNNING, SLOT_DONE };

/* As in the file; all numbers in the machine's own order. */
struct drc_slot {
	_Atomic uint32_t state;
	uint32_t	 reply_len;	/* with its record mark */
	uint8_t		 tag[TAG_LEN];
	uint64_t	 began_s;	/* CLOCK_REALTIME */
	uint64_t	 began_ns;
	uint64_t	 subject;
	uint64_t	 order;		/* counts up, so the newest is known */
	uint8_t		 spare[8];
	uint8_t		 reply[REPLY_MAX + 8];
};

_Static_assert(sizeof(struct drc_slot) == 512, "as in the file");

struct file_head {
	char		 magic[16];
	uint32_t	 slots, slot_size;
	uint8_t		 spare[4072];
};

_Static_assert(sizeof(struct file_head) == 4096, "slots begin on a page");

#define FILE_SIZE	(sizeof(struct file_head) +			\
			    DRC_SLOTS * sizeof(struct drc_slot))

static const char magic[16] = "vaultnfs drc 1\n";

/* What is known of an entry in this process only. */
struct side {
	struct request	*owner;		/* runs it now */
	time_t		 since;		/* CLOCK_MONOTONIC: it is kept */
	uint32_t	 next;		/* in its bucket */
	bool		 linked;	/* is in a bucket */
};

struct drc {
	struct vault	*v;
	struct file_head *map;
	struct drc_slot	*slots;
	int		 fd;		/* -1: memory only */
	uint32_t	 hand;		/* the next to be overwritten */
	uint64_t	 order;
	struct side	 side[DRC_SLOTS];
	uint32_t	 bucket[BUCKETS];
};

static void
clear_index(struct drc *d)
{
	memset(d->side, 0, sizeof(d->side));
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
	d->slots = (struct drc_slot *)(d->map + 1);
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
	free(d);
}

/* -- the index */

static uint32_t
bucket_of(const uint8_t tag[TAG_LEN])
{
	uint32_t h;

	memcpy(&h, tag, sizeof(h));
	return h % BUCKETS;
}

static void
link_slot(struct drc *d, uint32_t i)
{
	uint32_t b = bucket_of(d->slots[i].tag);

	d->side[i].next = d->bucket[b];
	d->side[i].linked = true;
	d->bucket[b] = i;
}

static void
unlink_slot(struct drc *d, uint32_t i)
{
	uint32_t *p = &d->bucket[bucket_of(d->slots[i].tag)];

	if (!d->side[i].linked)
		return;
	while (*p != i)
		p = &d->side[*p].next;
	*p = d->side[i].next;
	d->side[i].linked = false;
}

static uint32_t
state_of(const struct drc *d, uint32_t i)
{
	return atomic_load_explicit(&d->slots[i].state, memory_order_acquire);
}

static void
set_state(struct drc_slot *s, enum slot_state state)
{
	atomic_store_explicit(&s->state, state, memory_order_release);
}

static void
forget(struct drc *d, uint32_t i)
{
	set_state(&d->slots[i], SLOT_FREE);
	unlink_slot(d, i);
}

/* -- the file */

static time_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
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

		if (state_of(d, i) == SLOT_FREE)
			continue;
		if (state_of(d, i) > SLOT_DONE || s->reply_len > REPLY_MAX) {
			set_state(s, SLOT_FREE);
			continue;
		}
		d->side[i].since = now();
		link_slot(d, i);
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
	if ((size_t)size != FILE_SIZE && (ftruncate(fd, 0) == -1 ||
	    ftruncate(fd, (off_t)FILE_SIZE) == -1)) {
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
	d->slots = (struct drc_slot *)(map + 1);
	d->fd = fd;
	if (!is_ours(map)) {
		memset(map, 0, FILE_SIZE);
		map->slots = DRC_SLOTS;
		map->slot_size = sizeof(struct drc_slot);
		memcpy(map->magic, magic, sizeof(magic));
	}
	take_over(d);
	return 0;
}

/* -- calls */

static bool
make_tag(struct drc *d, const struct request *rq, uint8_t tag[TAG_LEN])
{
	/* Handles are tagged by the same key: they begin with another byte. */
	uint8_t text[8 + DRC_BODY] = "drc";
	size_t len = rq->rec_len < DRC_BODY ? rq->rec_len : DRC_BODY;
	uint32_t whole = (uint32_t)rq->rec_len;

	memcpy(text + 4, &whole, sizeof(whole));
	memcpy(text + 8, rq->rec, len);
	return vault_tag(d->v, text, 8 + len, tag);
}

static bool
is_expired(const struct drc *d, uint32_t i)
{
	return state_of(d, i) == SLOT_DONE && d->side[i].owner == NULL &&
	    now() - d->side[i].since > DRC_EXPIRE_S;
}

static uint32_t
find(struct drc *d, const uint8_t tag[TAG_LEN])
{
	uint32_t i = d->bucket[bucket_of(tag)];

	while (i != NONE && (state_of(d, i) == SLOT_FREE ||
	    memcmp(d->slots[i].tag, tag, TAG_LEN) != 0))
		i = d->side[i].next;
	if (i != NONE && is_expired(d, i)) {
		forget(d, i);
		return NONE;
	}
	return i;
}

/* The oldest entry that nobody runs. */
static uint32_t
take_slot(struct drc *d)
{
	uint32_t i, n;

	for (n = 0; n < DRC_SLOTS; n++) {
		i = d->hand;
		d->hand = (d->hand + 1) % DRC_SLOTS;
		if (d->side[i].owner == NULL) {
			forget(d, i);
			return i;
		}
	}
	return NONE;
}

static void
own(struct drc *d, uint32_t i, struct request *rq)
{
	d->side[i].owner = rq;
	d->side[i].since = now();
	rq->drc = d;
	rq->slot = i;
}

static void
fill(struct drc *d, uint32_t i, const uint8_t tag[TAG_LEN])
{
	struct drc_slot *s = &d->slots[i];
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	memcpy(s->tag, tag, TAG_LEN);
	s->reply_len = 0;
	s->began_s = (uint64_t)ts.tv_sec;
	s->began_ns = (uint64_t)ts.tv_nsec;
	s->subject = 0;
	s->order = d->order++;
	set_state(s, SLOT_RUNNING);
	link_slot(d, i);
}

static void
repeat(const struct drc_slot *s, struct request *rq)
{
	xout_init(&rq->out, rq->out.head, rq->out.head_cap);
	xout_fixed(&rq->out, s->reply, s->reply_len);
}

enum drc_state
drc_begin(struct drc *d, struct request *rq, struct request **twin)
{
	uint8_t tag[TAG_LEN];
	uint32_t i;

	if (!make_tag(d, rq, tag))
		return DRC_NEW;
	if ((i = find(d, tag)) != NONE) {
		if (state_of(d, i) == SLOT_DONE) {
			repeat(&d->slots[i], rq);
			return DRC_DONE;
		}
		if ((*twin = d->side[i].owner) != NULL)
			return DRC_RUNNING;
		rq->again = true;
		own(d, i, rq);
		return DRC_NEW;
	}
	if ((i = take_slot(d)) != NONE) {
		fill(d, i, tag);
		own(d, i, rq);
	}
	return DRC_NEW;
}

void
drc_end(struct request *rq, bool result)
{
	struct drc_slot *s;
	size_t len;

	if (rq->drc == NULL)
		return;
	s = &rq->drc->slots[rq->slot];
	len = result ? xout_copy(&rq->out, s->reply, REPLY_MAX) : 0;
	s->reply_len = (uint32_t)len;
	set_state(s, len > 0 ? SLOT_DONE : SLOT_FREE);
}

void
drc_release(struct request *rq)
{
	struct drc *d = rq->drc;

	if (d == NULL)
		return;
	d->side[rq->slot].owner = NULL;
	/* What a dead server may have done must not be forgotten. */
	if (state_of(d, rq->slot) != SLOT_DONE && !rq->again)
		forget(d, rq->slot);
	rq->drc = NULL;
	rq->again = false;
}

uint64_t
drc_subject(const struct request *rq)
{
	return rq->drc == NULL ? 0 : rq->drc->slots[rq->slot].subject;
}

void
drc_set_subject(struct request *rq, uint64_t fileid)
{
	if (rq->drc != NULL)
		rq->drc->slots[rq->slot].subject = fileid;
}

bool
drc_survives(const struct request *rq)
{
	return rq->drc != NULL && rq->drc->fd != -1;
}

struct timespec
drc_began(const struct request *rq)
{
	const struct drc_slot *s;

	if (rq->drc == NULL)
		return (struct timespec){ 0, 0 };
	s = &rq->drc->slots[rq->slot];
	return (struct timespec){ (time_t)s->began_s, (long)s->began_ns };
}
