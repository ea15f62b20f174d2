/*
 * again.h - calls that a server which is dead now may have run already.
 *
 * The client sends again what was not answered (drc.h: rq->again).  Then an
 * error that says "that is so already" may be the work of the first run.
 * Each function answers true only if what is there can be that work: the
 * object of the right type that is younger than the call, the inode that the
 * entry of the call names.  They cost one look-up, made only for calls that
 * are kept in a file.
 */
#ifndef NFSD_AGAIN_H
#define NFSD_AGAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "vault/attr.h"
#include "xdr/xin.h"

struct entry;
struct obj;
struct request;

/*
 * Before the entry "name" of dir is removed or moved: note what it is.  True:
 * the first run did it; the entry is gone, or it is another one by now.
 */
bool again_gone(struct request *rq, struct obj *dir,
    const struct slice *name);

/*
 * The note alone, for struct dir_change's meet: on the loop, where nothing runs
 * that may have run already, again_gone() does not look and this is enough.
 */
void again_meet(void *rq, uint64_t fileid);

/* After again_gone() of the old name: the new one is what was moved. */
bool again_moved(struct request *rq, struct obj *to, const struct slice *name);

/*
 * VERR_EXIST was the answer: is it an object of this type that the first run
 * made?  True: *ent is it, with a reference to ent->dir.
 */
bool again_made(struct request *rq, struct obj *dir,
    const struct slice *name, enum vtype type, struct entry *ent);

/* The same, for an attribute that was changed since the call came. */
bool again_changed(const struct request *rq, const struct vattr *a);

#endif /* NFSD_AGAIN_H */
