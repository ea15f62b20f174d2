/*
 * bufslab.c - slabs of chunk buffers.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/queue.h>

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
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
};

/* In front of its buffer, so that a put finds the slab. */
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
		i = (unsigned)ffs((int)s->room) - 1;
		s->room &= ~(UINT32_C(1) << i);
		if (s->room == NONE)
			LIST_REMOVE(s, link);
	}
	lock_drop(&all.lock);
	return s == NULL ? NULL : memory_of(s)->pieces[i].buf;
}

/*
 * Few slabs are ever empty, since a cache's chunks lie in all of them; so each
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

/* s is empty: kept, or NULL, or to be unmapped. */
static struct slab *
keep_one(struct slab *s)
{
	LIST_REMOVE(s, link);
	if (all.empty == NULL) {
		all.empty = s;
		return NULL;
	}
	all.mapped--;
	return s;
}

static void
unmap(struct slab *s)
{
	if (s != NULL)
		(void)munmap(s, sizeof(struct slab_memory));
}

void
bufslab_put(uint8_t *buf)
{
	struct piece *p = (struct piece *)(void *)(buf -
	    offsetof(struct piece, buf));
	struct slab *s = p->slab, *gone = NULL;

	forget(buf);
	lock_take(&all.lock);
	if (s->room == NONE)
		LIST_INSERT_HEAD(&all.some, s, link);
	s->room |= UINT32_C(1) << (p - memory_of(s)->pieces);
	if (s->room == ALL)
		gone = keep_one(s);
	lock_drop(&all.lock);
	unmap(gone);
}

void
bufslab_fini(void)
{
	struct slab *s;

	lock_take(&all.lock);
	if ((s = all.empty) != NULL)
		all.mapped--;
	all.empty = NULL;
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
