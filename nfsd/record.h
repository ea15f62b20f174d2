/*
 * record.h - bytes of a connection become records (RFC 5531 section 11).
 *
 * A record is one or more fragments, each behind a mark of 4 bytes: the top
 * bit says "last", the others are the length.  A record that is one fragment
 * and fits the input buffer is handed out where it lies.  Any other is put
 * together in a buffer of its own, which the taker may keep.
 *
 * Nothing is allocated for a length that is only claimed: a record gets its
 * buffer when the input buffer is full of it (64 KiB have come), or, if it is
 * in fragments, 64 KiB when its first bytes are there.  Bytes that belong to
 * such a record are then read straight into it.
 *
 * Threads: the loop.  No system calls.
 */
#ifndef NFSD_RECORD_H
#define NFSD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define RECORD_IN	65536u	/* bytes: the input buffer */
#define RECORD_FRAGS	64u	/* fragments of one record */
#define RECORD_POOL	8u	/* buffers of the largest size kept */

/* Buffers that hold the largest record, kept for the next one. */
struct record_pool {
	size_t		 size;		/* of each, and of a record; constant */
	unsigned	 n;
	uint8_t		*buf[RECORD_POOL];
};

void record_pool_init(struct record_pool *p, size_t max_record);
void record_pool_fini(struct record_pool *p);

/* p->size bytes; NULL: no memory. */
uint8_t *record_pool_get(struct record_pool *p);

/* Give back one of these or from record_take(); NULL is ignored. */
void record_pool_put(struct record_pool *p, uint8_t *buf, size_t cap);

/* Zero those that are kept. */
void record_pool_wipe(struct record_pool *p);

enum record_state {
	RECORD_MORE,		/* read more, then ask again */
	RECORD_READY,
	RECORD_BAD,		/* too long, too many or empty fragments */
	RECORD_NOMEM,
};

/*
 * Invariants: off <= end <= RECORD_IN; len <= cap; len + frag_left <=
 * pool->size; while frag_left > 0 the input buffer is empty except within
 * record_next().
 */
struct record {
	struct record_pool *pool;
	uint8_t		*in;		/* RECORD_IN bytes */
	size_t		 off, end;	/* what is unread in it */
	uint8_t		*buf;		/* the record in pieces */
	size_t		 cap, len;
	size_t		 frag_left;	/* bytes of this fragment to come */
	unsigned	 nfrags;	/* of this record; 0: none begun */
	bool		 last;		/* this fragment is */
	bool		 out;		/* buf was handed out, whole */
};

/* false: no memory. */
bool record_init(struct record *r, struct record_pool *pool);
void record_fini(struct record *r);

/* Where the next bytes go; the number of pieces, 1 or 2, none of them empty. */
int record_space(struct record *r, struct iovec iov[2]);

/* n bytes have been put there. */
void record_got(struct record *r, size_t n);

/*
 * The next record; *rec stays as it is until the next call of any function
 * here, or if taken until given back.  After RECORD_BAD and RECORD_NOMEM only
 * record_fini() may follow.
 */
enum record_state record_next(struct record *r, const uint8_t **rec,
    size_t *len);

/*
 * The buffer of the record that record_next() just handed out becomes the
 * caller's.  NULL if it lies in the input buffer.
 */
uint8_t *record_take(struct record *r, size_t *cap);

/* Zero what has been handed out and is still there; between two calls. */
void record_wipe(struct record *r);

/* Bytes of memory, beyond the input buffer, for a record that is coming. */
size_t record_held(const struct record *r);

/* True if part of a record has come; ask when record_next() said MORE. */
bool record_is_partial(const struct record *r);

#endif /* NFSD_RECORD_H */
