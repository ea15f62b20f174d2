/*
 * heap.c - what malloc keeps for later, back to the system.
 */
#include "config.h"

#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#endif
#include <stddef.h>

#include "base/heap.h"

static void (*collect)(bool force);

void
heap_return_by(void (*fn)(bool force))
{
	collect = fn;
}

void
heap_return(void)
{
	if (collect != NULL) {
		collect(true);
		return;
	}
#ifdef HAVE_MALLOC_TRIM
	(void)malloc_trim(0);
#endif
}
