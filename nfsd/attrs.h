/*
 * attrs.h - attributes that are kept while the storage is slow (storage.h).
 *
 * As a rule attributes come from a stat for every call.  While one of these
 * takes longer than a loop may wait, what was seen less than ATTRS_MAX_US ago
 * is believed, no longer than clients believe it themselves.  What is asked for
 * often is looked at again by a worker before that time is over.
 *
 * Changes by this server end it at once: who changes something says so when it
 * is done and before it is answered; and what was seen while a change was under
 * way is not taken.
 *
 * By the bytes of the handle.  Threads: any; one lock.
 */
#ifndef NFSD_ATTRS_H
#define NFSD_ATTRS_H

#include <stddef.h>
#include <stdint.h>

#include "vault/attr.h"
#include "xdr/nfs3_types.h"

#define ATTRS_COUNT	4096u		/* objects; 250 bytes each */
#define ATTRS_MAX_US	3000000u	/* as Linux's acregmin */
#define ATTRS_OLD_US	250000u		/* to be looked at again */
#define ATTRS_ASKED	8u		/* such looks at a time */

struct attrs;

struct attrs *attrs_new(size_t max);	/* NULL: no memory */
void attrs_free(struct attrs *t);	/* NULL is ignored */

/* Before looking at the storage; for attrs_learn(). */
uint64_t attrs_seq(struct attrs *t);

/* Seen now, by a look that began at seq. */
void attrs_learn(struct attrs *t, const struct nfs3_fh *fh,
    const struct vattr *a, uint64_t seq, uint64_t now_us);

enum attrs_age {
	ATTRS_NONE,
	ATTRS_OLD,	/* good, but the caller sees to a new look, which ends
			   with attrs_asked() */
	ATTRS_GOOD
};
enum attrs_age attrs_find(struct attrs *t, const struct nfs3_fh *fh,
    struct vattr *a, uint64_t now_us);
void attrs_asked(struct attrs *t);

/* It was changed; NULL: what was changed cannot be told. */
void attrs_forget(struct attrs *t, const struct nfs3_fh *fh);

#endif /* NFSD_ATTRS_H */
