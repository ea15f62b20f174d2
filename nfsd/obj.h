/*
 * obj.h - the object that a file handle of a call means.
 *
 * A value on the procedure's stack: looked up and stat'ed at its start,
 * released at its end.  attr is from that stat, with the owner that the export
 * shows, so permission can be checked on it.
 *
 * Resolving a handle takes one stat as a rule.  What is not where it was seen
 * last is looked for, in the directory of the handle and then in the whole
 * vault; on the loop that is PROC_HANDOVER instead.
 *
 * While the storage is slow (storage.h) everything on the loop is, but that a
 * procedure with attrs_only may get attributes from memory: dir and loc are not
 * set then.
 */
#ifndef NFSD_OBJ_H
#define NFSD_OBJ_H

#include <stdbool.h>

#include "vault/dir.h"
#include "vault/file.h"
#include "xdr/nfs3.h"

struct export;
struct request;
struct verr;

struct obj {
	const struct export	*x;
	struct vattr		 attr;
	struct dir		*dir;	/* a reference: the directory itself,
					   or the one that holds the object */
	struct vloc		 loc;
	uint64_t		 as_of;	/* of a directory: dir_changes() */
};

/*
 * NFS3_OK: the caller calls obj_put().  Otherwise nothing is held and out is
 * as obj_put() likes it: NFS3ERR_BADHANDLE, NFS3ERR_STALE, NFS3ERR_IO,
 * PROC_HANDOVER.
 */
enum nfsstat3 obj_get(struct request *rq, const struct nfs3_fh *fh,
    struct obj *out);
void obj_put(struct obj *o);

/* The same, and it must be a directory: NFS3ERR_NOTDIR (o is still held). */
enum nfsstat3 obj_get_dir(struct request *rq, const struct nfs3_fh *fh,
    struct obj *out);

/*
 * For an operation that says NFS3ERR_STALE of an object that was got: another
 * call may have moved it since.  True: it has been got anew, at another place,
 * and the operation is worth another try.  False: *status is the answer;
 * nothing is held, as obj_put() likes it.
 */
bool obj_moved(struct request *rq, const struct nfs3_fh *fh, struct obj *o,
    enum nfsstat3 *status);

/* A change of dir that follows at once need not look at it again. */
void obj_saw(const struct obj *dir, struct dir_change *ch);
/* After the change: what has no name any more needs no node. */
void obj_lost(struct request *rq, const struct export *x,
    const struct dir_change *ch);

static inline bool
obj_is_dir(const struct obj *o)
{
	return o->attr.type == VTYPE_DIR;
}

/* dir_lookup(), or on the loop dir_lookup_quick(). */
int obj_lookup(struct request *rq, const struct obj *dir,
    const struct slice *name, struct entry *ent, struct verr *e);

/* Attributes as they were when the object was got. */
void obj_attr(const struct obj *o, struct nfs3_attr *out);

/* The handle of an entry found in the directory dir of export x. */
bool obj_entry_fh(struct request *rq, const struct export *x, struct dir *dir,
    const struct entry *ent, struct nfs3_fh *fh);

/* The handle of a directory. */
bool obj_dir_fh(const struct export *x, const struct dir *d,
    struct nfs3_fh *fh);

#endif /* NFSD_OBJ_H */
