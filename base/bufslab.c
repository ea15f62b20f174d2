/*
 * bufslab.c - slabs of chunk buffers.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/queue.h>

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/bufpool.h"
#include "base/bufslab.h"
#include "base/lock.h"

#define LINE	64u	/* bytes; alignment of every buffer */
#define NONE	0u
#define ALL	UINT32_MAX

struct slab {
	LIST_ENTRY(slab) link;		/* of those with room */
	uint32_t	 room;		/* bit i: buffer i is unused */
	uint32_t	 warm;		/* and has its pages */
};

/* In front of its buffer, so that a put finds the slab; NULL: a malloc. */
struct piece {
	alignas(LINE) struct slab *slab;
	alignas(LINE) uint8_t	   buf[BUFPOOL_SIZE];
};

struct slab_memory {
	alignas(LINE) struct slab head;
	struct piece		  pieces[BUFSLAB_COUNT];
};

static struct {
	struct lock	 lock;		/* guards the rest; nothing is called
					   under it but mmap() */
	LIST_HEAD(, slab) some;		/* with room; the fullest first */
	struct slab	*empty;		/* one; it is not in the list */
	size_t		 mapped;
	size_t		 warm;		/* bits of all slabs */
} all = { .lock = { PTHREAD_MUTEX_INITIALIZER, LOCK_BUFSLAB } };

static struct slab_memory *
memory_of(struct slab *s)
{
	return (struct slab_memory *)(void *)s;
}

/* The lock is held, here and below. */
static struct slab *
map_slab(void)
{
	struct slab_memory *m;
	unsigned i;

	m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON, -1, 0);
	if (m == MAP_FAILED)
		return NULL;
	for (i = 0; i < BUFSLAB_COUNT; i++)
		m->pieces[i].slab = &m->head;
	m->head.room = ALL;
	all.mapped++;
	return &m->head;
}

static struct slab *
slab_with_room(void)
{
	struct slab *s;

	if ((s = LIST_FIRST(&all.some)) != NULL)
		return s;
	s = all.empty != NULL ? all.empty : map_slab();
	all.empty = NULL;
	if (s != NULL)
		LIST_INSERT_HEAD(&all.some, s, link);
	return s;
}

uint8_t *
bufslab_get(void)
{
	struct slab *s;
	unsigned i = 0;

	lock_take(&all.lock);
	if ((s = slab_with_room()) != NULL) {
		i = (unsigned)ffs((int)(s->warm != NONE ? s->warm :
		    s->room)) - 1;
		all.warm -= s->warm >> i & 1;
		s->warm &= ~(UINT32_C(1) << i);
		s->room &= ~(UINT32_C(1) << i);
		if (s->room == NONE)
			LIST_REMOVE(s, link);
	}
	lock_drop(&all.lock);
	return s == NULL ? NULL : memory_of(s)->pieces[i].buf;
}

/*
 * Few slabs are ever empty, since a cache's chunks lie in all of them; so a
 * buffer's pages go back, all but the first and last, which others share.
 */
static void
forget(uint8_t *buf)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)buf + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)buf + BUFPOOL_SIZE) & ~(page - 1);
#if defined(__linux__)
	const int advice = MADV_DONTNEED;
#elif defined(MADV_FREE)
	const int advice = MADV_FREE;
#else
	const int advice = MADV_DONTNEED;
#endif

	/* a system that refuses keeps them: nothing is lost but memory */
	if (to > from)
		(void)madvise((void *)from, to - from, advice);
}

/* s is empty and in no list: not counted any more. */
static struct slab *
leave(struct slab *s)
{
	all.mapped--;
	for (; s->warm != NONE; s->warm &= s->warm - 1)
		all.warm--;
	return s;
}

/* s is empty: kept, and NULL; or to be unmapped. */
static struct slab *
keep_one(struct slab *s)
{
	LIST_REMOVE(s, link);
	if (all.empty != NULL)
		return leave(s);
	all.empty = s;
	return NULL;
}

static void
unmap(struct slab *s)
{
	if (s != NULL)
		(void)munmap(s, sizeof(struct slab_memory));
}

uint8_t *
bufslab_alone(void)
{
	struct piece *p;
	void *mem;

	if (posix_memalign(&mem, LINE, sizeof(*p)) != 0)
		return NULL;
	p = mem;
	p->slab = NULL;
	return p->buf;
}

/* The lock is held. */
static struct slab *
put(struct piece *p, bool warm)
{
	struct slab *s = p->slab;
	uint32_t bit = UINT32_C(1) << (p - memory_of(s)->pieces);

	if (s->room == NONE)
		LIST_INSERT_HEAD(&all.some, s, link);
	s->room |= bit;
	if (warm)
		s->warm |= bit;
	return s->room == ALL ? keep_one(s) : NULL;
}

void
bufslab_put(uint8_t *buf)
{
	struct piece *p = (struct piece *)(void *)(buf -
	    offsetof(struct piece, buf));
	struct slab *gone;
	bool warm;

	if (p->slab == NULL) {
		free(p);
		return;
	}
	lock_take(&all.lock);
	warm = all.warm < BUFSLAB_WARM;
	if (warm) {
		all.warm++;
	} else {
		lock_drop(&all.lock);
		forget(buf);
		lock_take(&all.lock);
	}
	gone = put(p, warm);
	lock_drop(&all.lock);
	unmap(gone);
}

void
bufslab_fini(void)
{
	struct slab *s;

	lock_take(&all.lock);
	if ((s = all.empty) != NULL) {
		all.empty = NULL;
		(void)leave(s);
	}
	lock_drop(&all.lock);
	unmap(s);
}

size_t
bufslab_mapped(void)
{
	size_t n;

	lock_take(&all.lock);
	n = all.mapped;
	lock_drop(&all.lock);
	return n;
}
