/*
 * journal_int.h - the form of a journal on disk: for journal*.c alone.
 */
#ifndef VAULT_JOURNAL_INT_H
#define VAULT_JOURNAL_INT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "vault/cipher.h"
#include "vault/dir.h"
#include "vault/journal.h"

#define JOURNAL_FORM	0x766a0003u	/* changes with what is below */
#define JOURNAL_HEAD	512u		/* bytes for a slot's head */
#define JOURNAL_DATA	36864u		/* bytes for its data: nine pages */

/* The heads of all slots, which are mapped; then the data. */
#define JOURNAL_MAP	((size_t)JOURNAL_SLOTS * JOURNAL_HEAD)

/* The last is of the first head only, which is free then: all was synced. */
enum jkind { JKIND_REPLACE = 1, JKIND_APPEND, JKIND_CLEAN };

/*
 * In the machine's own order.  It counts while form is JOURNAL_FORM and check
 * is the tag (keys.h) of what is between the two; the data has tags of its own.
 */
struct jhead {
	_Atomic uint32_t form;
	uint32_t	 kind;
	uint64_t	 seq;		/* later is newer */
	uint64_t	 fileid;
	uint32_t	 gen;
	uint32_t	 len;		/* bytes of data, or chunks appended */
	uint64_t	 disk_off;
	uint8_t		 old[CIPHER_NONCE_MAX];
	uint8_t		 new[CIPHER_NONCE_MAX];	/* the data begins with it */
	char		 path[VLOC_MAX];
	uint8_t		 check[16];
};

_Static_assert(sizeof(struct jhead) <= JOURNAL_HEAD, "has its place");
_Static_assert(CIPHER_CHUNK + CIPHER_OVERHEAD_MAX <= JOURNAL_DATA,
    "a chunk has its place");

enum jstate { JSLOT_FREE, JSLOT_TAKEN, JSLOT_WAITS };

struct jslot {
	enum jstate	 state;
	bool		 room;		/* has its disk space */
	uint64_t	 seq;		/* of its head; when it waits: of the
					   moment after it was in place */
	int64_t		 since_ms;	/* waits */
	uint64_t	 gone;		/* not 0: for a sync of names */
	struct file	*f;		/* of which it holds a reference */
};

struct journal {
	/* constant */
	struct vault	*v;
	int		 fd;
	uint8_t		*map;
	bool		 durable;
	bool		 was_clean;

	struct lock	 lock;		/* guards the rest */
	struct jslot	 slots[JOURNAL_SLOTS];
	uint32_t	 low;		/* no slot before it is free */
	unsigned	 waiting;
	uint64_t	 seq;
	uint64_t	 forgotten;	/* counts what became "gone" */
	uint64_t	 freed;		/* heads that meant something */
	bool		 warned;

	struct lock	 sync_lock;	/* one sync at a time; guards */
	uint64_t	 synced;	/* all up to this one are durable */
	_Atomic uint64_t settled;	/* of what was freed */
};

static inline struct jhead *
journal_head(const struct journal *j, uint32_t slot)
{
	return (struct jhead *)(void *)(j->map + (size_t)slot * JOURNAL_HEAD);
}

/* Where its data is in the file. */
static inline uint64_t
journal_at(uint32_t slot)
{
	return JOURNAL_MAP + (uint64_t)slot * JOURNAL_DATA;
}

/* The bytes that check is the tag of. */
static inline const void *
journal_checked(const struct jhead *h, size_t *len)
{
	*len = offsetof(struct jhead, check) - offsetof(struct jhead, kind);
	return &h->kind;
}

/* journal.c: a slot can be taken again.  The lock is held. */
void journal_free(struct journal *j, uint32_t slot);

/*
 * journal_replay.c: put right in v what the slots say.  -1: that was
 * not possible, and nothing is to be forgotten.
 */
int journal_replay(struct journal *j, unsigned *mended, struct verr *e);

#endif /* VAULT_JOURNAL_INT_H */
