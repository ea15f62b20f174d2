/*
 * bufpool.h - buffers that hold one chunk of a file, clear or on disk.
 *
 * All are of one size: 32 KiB of data plus the larger of the two chunk
 * overheads (48 bytes, vault-format 3.2), rounded up to a cache line.  Each
 * thread keeps a few; what is over goes to a shared list of bounded length,
 * and what is over that to the slabs it came from (bufslab.h).  A buffer taken
 * by one thread may be put back by another: reads are decrypted by a worker and
 * freed by the loop.
 * With --enable-arena-debug nothing is kept and each is a malloc, so that a
 * sanitizer sees every use after a put; TUNE_POOL off is the same.
 *
 * Contents are not cleared as a rule: they are clear text of the vault's files,
 * which the page cache of the client holds anyway; keys never pass through
 * here.  When vaults are locked they are (bufpool_wipe()), and what goes back
 * to slabs or the heap has been zeroed, since nobody finds it there again.
 */
#ifndef BASE_BUFPOOL_H
#define BASE_BUFPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUFPOOL_SIZE	(32768u + 64u)	/* bytes in each buffer */
#define BUFPOOL_LOCAL	40u	/* a thread keeps: one 1 MiB read and more */
#define BUFPOOL_SHARED	256u	/* buffers in the shared list: 8 MiB */

/* BUFPOOL_SIZE bytes, aligned to 64; NULL when there is no memory. */
uint8_t *bufpool_get(void);
void bufpool_put(uint8_t *buf);		/* NULL is ignored */

/* Give back what this thread keeps; call before a thread ends. */
void bufpool_thread_fini(void);

/* The same, and the shared list; call when no other thread is left. */
void bufpool_fini(void);

/*
 * Zero what this thread keeps; what the shared list keeps.  While wiping is on,
 * every buffer is zeroed as it is put back.  Any thread.
 */
void bufpool_thread_wipe(void);
void bufpool_wipe(void);
void bufpool_wiping(bool on);

/* Buffers taken and not put back, in the whole process (for leak tests). */
size_t bufpool_in_use(void);

/* Unused buffers kept by this thread and in the shared list. */
size_t bufpool_kept(void);

#endif /* BASE_BUFPOOL_H */
