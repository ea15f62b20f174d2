/*
 * bufslab.h - where bufpool.c has its buffers from: all of one size, so that
 * any thread's next one fits where another's was.
 *
 * A general allocator keeps pages for each thread and size class; buffers that
 * workers take and loops give back left most of such pages unused
 * (base/DESIGN.md, "Chunk buffers").  Here they are cut from slabs of 1 MiB,
 * mapped from the system; the fullest slabs are used first.  What goes back to
 * the system are the pages of unused buffers, when there are more than a few,
 * and empty slabs, but for one.
 *
 * Any thread; one lock, of LOCK_BUFSLAB.
 */
#ifndef BASE_BUFSLAB_H
#define BASE_BUFSLAB_H

#include <stddef.h>
#include <stdint.h>

#define BUFSLAB_COUNT	32u	/* buffers in each slab */
#define BUFSLAB_WARM	256u	/* unused ones that keep their pages: 8 MiB */

/* BUFPOOL_SIZE bytes, aligned to 64, of any content; NULL: no memory. */
uint8_t *bufslab_get(void);
uint8_t *bufslab_alone(void);		/* the same in no slab: a malloc */
void bufslab_put(uint8_t *buf);		/* one of these two's */

/* Unmap the empty slab that was kept. */
void bufslab_fini(void);

/* Slabs that are mapped now (for tests). */
size_t bufslab_mapped(void);

#endif /* BASE_BUFSLAB_H */
