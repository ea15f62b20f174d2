#include "config.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/tune.h"

#define ALIGN		_Alignof(max_align_t)
#define ROUND_UP(n)	(((n) + ALIGN - 1) & ~(ALIGN - 1))

/* No bound is above this, so that sums of two sizes never wrap. */
#define MAX_MAX		(SIZE_MAX / 4 & ~(ALIGN - 1))

struct block {
	struct block	*next;
	size_t		 size;		/* bytes at data, a multiple of ALIGN */
	max_align_t	 data[];
};

/* Of one kind for its life: blocks, or each piece a malloc of its own. */
struct arena {
	size_t		 max;		/* bytes, a multiple of ALIGN */
	size_t		 used;		/* bytes handed out, rounded up */
	bool		 overflowed;

	/* blocks */
	struct block	*first;		/* NULL: each its own */
	struct block	*cur;		/* those before it are full */
	size_t		 off;		/* bytes used of cur */
	size_t		 capacity;	/* bytes in all blocks */

	/* each its own */
	void		**ptrs;		/* all since the last reset */
	size_t		 count;
	size_t		 room;		/* slots at ptrs */
};

static size_t
clamp_max(size_t max)
{
	return max > MAX_MAX ? MAX_MAX : ROUND_UP(max);
}

/* The block code goes away where this is constant. */
static inline bool
is_each(const struct arena *a)
{
#ifdef ARENA_DEBUG
	(void)a;
	return true;
#else
	return a->first == NULL;
#endif
}

static bool
wants_each(void)
{
#ifdef ARENA_DEBUG
	return true;
#else
	return tune_off(TUNE_ARENA);
#endif
}

static struct block *
block_new(size_t size)
{
	struct block *b;

	if ((b = malloc(sizeof(*b) + size)) == NULL)
		return NULL;
	b->next = NULL;
	b->size = size;
	return b;
}

static void
block_free(struct block *b)
{
	secret_zero(b->data, b->size);
	free(b);
}

struct arena *
arena_new(size_t max)
{
	struct arena *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	a->max = clamp_max(max);
	if (wants_each())
		return a;
	a->capacity = a->max < ARENA_BLOCK ? a->max : ARENA_BLOCK;
	if ((a->first = a->cur = block_new(a->capacity)) == NULL) {
		free(a);
		return NULL;
	}
	return a;
}

void
arena_free(struct arena *a)
{
	struct block *b, *next;

	if (a == NULL)
		return;
	arena_reset(a);
	for (b = a->first; b != NULL; b = next) {
		next = b->next;
		block_free(b);
	}
	free(a->ptrs);
	free(a);
}

/*
 * Make cur a block with room for size bytes (rounded, within max): one kept
 * from an earlier request, else a new one as large as all so far together.
 */
static bool
advance(struct arena *a, size_t size)
{
	struct block *b;
	size_t want;

	for (b = a->cur->next; b != NULL; b = b->next)
		if (b->size >= size)
			break;
	if (b == NULL) {
		want = a->max - a->used;
		if (want > a->capacity)
			want = a->capacity;
		if (want < size)
			want = size;
		if ((b = block_new(want)) == NULL)
			return false;
		b->next = a->cur->next;
		a->cur->next = b;
		a->capacity += want;
	}
	a->cur = b;
	a->off = 0;
	return true;
}

static bool
make_room(struct arena *a)
{
	size_t room = a->room == 0 ? 16 : a->room * 2;
	void **ptrs;

	if (a->count < a->room)
		return true;
	if (room > SIZE_MAX / sizeof(*ptrs) ||
	    (ptrs = realloc(a->ptrs, room * sizeof(*ptrs))) == NULL)
		return false;
	a->ptrs = ptrs;
	a->room = room;
	return true;
}

/* size is within max. */
static void *
alloc_each(struct arena *a, size_t size)
{
	void *p;

	/* malloc(0) may be NULL, which here means failure */
	if (!make_room(a) || (p = malloc(size == 0 ? 1 : size)) == NULL)
		return NULL;
	a->ptrs[a->count++] = p;
	return p;
}

/* The same; size is a multiple of ALIGN. */
static void *
alloc_block(struct arena *a, size_t size)
{
	char *p;

	if (size > a->cur->size - a->off && !advance(a, size))
		return NULL;
	p = (char *)a->cur->data + a->off;
	a->off += size;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	void *p = NULL;

	if (size <= a->max - a->used)
		p = is_each(a) ? alloc_each(a, size) :
		    alloc_block(a, ROUND_UP(size));
	if (p == NULL)
		a->overflowed = true;
	else
		a->used += ROUND_UP(size);
	return p;
}

static void
reset_blocks(struct arena *a)
{
	struct block *b, **link;

	/* the blocks made last stand first and are the ones worth keeping */
	a->capacity = a->first->size;
	for (link = &a->first->next; (b = *link) != NULL; ) {
		if (a->capacity + b->size <= ARENA_KEEP) {
			a->capacity += b->size;
			link = &b->next;
		} else {
			*link = b->next;
			block_free(b);
		}
	}
	a->cur = a->first;
	a->off = 0;
}

void
arena_reset(struct arena *a)
{
	if (is_each(a))
		while (a->count > 0)
			free(a->ptrs[--a->count]);
	else
		reset_blocks(a);
	a->used = 0;
	a->overflowed = false;
}

void
arena_wipe(struct arena *a)
{
	struct block *b;

	arena_reset(a);
	for (b = a->first; b != NULL; b = b->next)
		secret_zero(b->data, b->size);
}

void *
arena_zalloc(struct arena *a, size_t size)
{
	void *p;

	if ((p = arena_alloc(a, size)) != NULL)
		memset(p, 0, size);
	return p;
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p;

	if (len == SIZE_MAX) {
		a->overflowed = true;
		return NULL;
	}
	if ((p = arena_alloc(a, len + 1)) == NULL)
		return NULL;
	if (len > 0)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	char small[256], *p;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (len < 0) {
		a->overflowed = true;
		return NULL;
	}
	if ((size_t)len < sizeof(small))
		return arena_strndup(a, small, (size_t)len);

	if ((p = arena_alloc(a, (size_t)len + 1)) == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return p;
}

bool
arena_overflowed(const struct arena *a)
{
	return a->overflowed;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
