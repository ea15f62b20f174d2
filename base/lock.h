/*
 * lock.h - mutexes and shared locks with a place in one order.
 *
 * A thread may take a lock only if it holds none of the same or a higher rank;
 * the exceptions are lock_take_pair() and lock_take_set(), which order those of
 * one rank by address.  Builds with LOCK_CHECK (--enable-lock-check) assert
 * that; others pay nothing.  Ranks 0 to 7 are the server's (nfsd/ranks.h), 8 to
 * 23 the vault's (below), 24 and up those of base/, so each layer may call the
 * one beneath it with its own locks held and no layer calls back.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

/* What each one guards is said where it is declared. */
enum lock_rank {
	LOCK_RENAME = 8,	/* struct vault: moves of directories */
	LOCK_DIR_CHANGE,	/* struct dir: one namespace change at a time */
	LOCK_FILE,		/* struct file: one file's contents */
	LOCK_HEADER,		/* struct vault: who gives a file its header */
	LOCK_JOURNAL_SYNC,	/* struct journal: one sync at a time */
	LOCK_JOURNAL,		/* struct journal: its slots */
	LOCK_SYNC_RUN,		/* struct vault: one fsync of names at a time */
	LOCK_FILECACHE,		/* struct vault: table of open files */
	LOCK_DIRCACHE,		/* struct vault: table of directories */
	LOCK_DIR_LIST,		/* struct dir: its cached listing */
	LOCK_DIR_FDS,		/* struct vault: folders that are open */
	LOCK_SEARCH,		/* struct vault: index of its directories */
	LOCK_SYNCSET,		/* struct vault: directories awaiting fsync */
	LOCK_CHUNKS,		/* struct chunks: clear chunks in memory */
	LOCK_KEYS,		/* struct keys: free list of contexts */
	LOCK_TURNS,		/* struct vault: whose write is next */
	LOCK_BUFPOOL = 24,	/* bufpool.c: buffers no thread keeps */
	LOCK_BUFSLAB,		/* bufslab.c: slabs with room */
	LOCK_SECRET,		/* secret_heap.c: unused pieces */
	LOCK_LOG,		/* log.c: how often what was said */
};

#ifdef LOCK_CHECK
extern _Thread_local unsigned lock_held;	/* one bit for each rank */
#define LOCK_CHECK_TAKE(r) do {						\
	assert(lock_held >> (r) == 0);					\
	lock_held |= 1U << (r);						\
} while (0)
#define LOCK_CHECK_DROP(r) do {						\
	assert(lock_held & 1U << (r));					\
	lock_held &= ~(1U << (r));					\
} while (0)
#define LOCK_ASSERT_HELD(l)	assert(lock_held & 1U << (l)->rank)
#else
#define LOCK_CHECK_TAKE(r)	((void)0)
#define LOCK_CHECK_DROP(r)	((void)0)
#define LOCK_ASSERT_HELD(l)	((void)0)
#endif

struct lock {
	pthread_mutex_t	mtx;
	unsigned	rank;	/* below 32 */
};

/* Many readers or one writer. */
struct rwlock {
	pthread_rwlock_t rw;
	unsigned	 rank;
};

void lock_init(struct lock *l, unsigned rank);
void lock_fini(struct lock *l);
void rwlock_init(struct rwlock *l, unsigned rank);
void rwlock_fini(struct rwlock *l);

static inline void
lock_take(struct lock *l)
{
	LOCK_CHECK_TAKE(l->rank);
	(void)pthread_mutex_lock(&l->mtx);
}

/* False: it would have had to wait.  Any order is safe for who does not. */
static inline bool
lock_try(struct lock *l)
{
	if (pthread_mutex_trylock(&l->mtx) != 0)
		return false;
	LOCK_CHECK_TAKE(l->rank);
	return true;
}

static inline void
lock_drop(struct lock *l)
{
	LOCK_CHECK_DROP(l->rank);
	(void)pthread_mutex_unlock(&l->mtx);
}

/* Two locks of one rank, in the order of their addresses; a may equal b. */
void lock_take_pair(struct lock *a, struct lock *b);
void lock_drop_pair(struct lock *a, struct lock *b);

/*
 * The same for n (1 to LOCK_SET_MAX) locks of one rank, some of which may be
 * the same one or NULL.  The array is sorted; give it to lock_drop_set().
 */
#define LOCK_SET_MAX	4
void lock_take_set(struct lock *set[], int n);
void lock_drop_set(struct lock *set[], int n);

static inline void
rwlock_take_read(struct rwlock *l)
{
	LOCK_CHECK_TAKE(l->rank);
	(void)pthread_rwlock_rdlock(&l->rw);
}

/* False: it would have had to wait. */
static inline bool
rwlock_try_read(struct rwlock *l)
{
	if (pthread_rwlock_tryrdlock(&l->rw) != 0)
		return false;
	LOCK_CHECK_TAKE(l->rank);
	return true;
}

static inline void
rwlock_take_write(struct rwlock *l)
{
	LOCK_CHECK_TAKE(l->rank);
	(void)pthread_rwlock_wrlock(&l->rw);
}

static inline bool
rwlock_try_write(struct rwlock *l)
{
	if (pthread_rwlock_trywrlock(&l->rw) != 0)
		return false;
	LOCK_CHECK_TAKE(l->rank);
	return true;
}

static inline void
rwlock_drop(struct rwlock *l)
{
	LOCK_CHECK_DROP(l->rank);
	(void)pthread_rwlock_unlock(&l->rw);
}

#endif /* BASE_LOCK_H */
