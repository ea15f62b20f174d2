/*
 * secret_heap.c - small pieces of secret memory.
 *
 * Slabs of 64 KiB at multiples of their size, so that a piece tells its slab.
 * Each has pieces of one size, a power of two; what is larger has a slab of its
 * own, which goes back to the system when it is given back.  Slabs of pieces
 * stay: there are as many as were needed at once.
 *
 * Under AddressSanitizer each piece is a malloc, so that it sees every overrun
 * and every use after secret_give().
 */
#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/lock.h"
#include "base/secret.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EACH_IS_MALLOC	1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define EACH_IS_MALLOC	1
#endif

#define ALIGN		_Alignof(max_align_t)

#ifdef EACH_IS_MALLOC

struct head {
	size_t		size;
	max_align_t	data[];
};

void *
secret_take(size_t len)
{
	struct head *h;

	if (len > SIZE_MAX / 2 || (h = calloc(1, sizeof(*h) + len)) == NULL)
		return NULL;
	h->size = len;
	return h->data;
}

static struct head *
head_of(void *p)
{
	return (struct head *)(void *)((char *)p -
	    offsetof(struct head, data));
}

size_t
secret_room(void *p)
{
	return head_of(p)->size;
}

void
secret_give(void *p)
{
	if (p == NULL)
		return;
	secret_zero(p, head_of(p)->size);
	free(head_of(p));
}

#else

#define SLAB		((size_t)64 * 1024)
#define SMALLEST	5u	/* powers of two: 32 bytes */
#define LARGEST		13u	/* 8 KiB: seven in a slab */

struct piece {
	struct piece	*next;
};

struct slab {
	size_t		 size;		/* of each piece */
	size_t		 mapped;	/* bytes of all */
	max_align_t	 data[];
};

static struct {
	struct lock	 lock;		/* guards the rest; nothing is called
					   under it but mmap() */
	struct piece	*unused[LARGEST + 1];
} heap = { .lock = { PTHREAD_MUTEX_INITIALIZER, LOCK_SECRET } };

static struct slab *
slab_of(void *p)
{
	return (struct slab *)((uintptr_t)p & ~(SLAB - 1));
}

/* len bytes, whole pages, at a multiple of SLAB; NULL: no memory. */
static struct slab *
slab_new(size_t len, size_t size)
{
	struct slab *s;

	if ((s = secret_pages(len, SLAB)) == NULL)
		return NULL;
	s->size = size;
	s->mapped = len;
	return s;
}

/* The lock is held. */
static bool
refill(unsigned power)
{
	size_t size = (size_t)1 << power, off;
	size_t first = size > sizeof(struct slab) ? size :
	    (sizeof(struct slab) + size - 1) / size * size;
	struct slab *s = slab_new(SLAB, size);
	struct piece *p;

	if (s == NULL)
		return false;
	for (off = first; off + size <= SLAB; off += size) {
		p = (struct piece *)(void *)((char *)s + off);
		p->next = heap.unused[power];
		heap.unused[power] = p;
	}
	return true;
}

static void *
take_large(size_t len)
{
	struct slab *s;
	size_t size;

	if (len > SIZE_MAX / 2)
		return NULL;
	size = (len + sizeof(*s) + SLAB - 1) / SLAB * SLAB;
	s = slab_new(size, size - sizeof(*s));
	return s == NULL ? NULL : s->data;
}

void *
secret_take(size_t len)
{
	unsigned power = SMALLEST;
	struct piece *p = NULL;

	while (power <= LARGEST && (size_t)1 << power < len)
		power++;
	if (power > LARGEST)
		return take_large(len);
	lock_take(&heap.lock);
	if (heap.unused[power] != NULL || refill(power)) {
		p = heap.unused[power];
		heap.unused[power] = p->next;
		p->next = NULL;
	}
	lock_drop(&heap.lock);
	return p;
}

size_t
secret_room(void *p)
{
	return slab_of(p)->size;
}

void
secret_give(void *p)
{
	struct piece *piece = p;
	struct slab *s;
	unsigned power;

	if (p == NULL)
		return;
	s = slab_of(p);
	if (s->size > (size_t)1 << LARGEST) {
		secret_free(s, s->mapped);
		return;
	}
	secret_zero(p, s->size);
	for (power = SMALLEST; (size_t)1 << power < s->size; power++)
		continue;
	lock_take(&heap.lock);
	piece->next = heap.unused[power];
	heap.unused[power] = piece;
	lock_drop(&heap.lock);
}

#endif

void *
secret_again(void *p, size_t len)
{
	size_t room;
	void *q;

	if (p == NULL)
		return secret_take(len);
	room = secret_room(p);
	if (len <= room && len > room / 4)
		return p;
	if ((q = secret_take(len)) == NULL)
		return NULL;
	memcpy(q, p, len < room ? len : room);
	secret_give(p);
	return q;
}
