/*
 * proc.h - the procedures of NFSv3 and MOUNT v3, each as one function.
 *
 * A procedure reads rq->args, fills rq->res and returns the status; it never
 * touches the connection, so it cannot tell the loop from a worker but by
 * rq->on_loop.  Attributes in rq->res are sent on failure too, so they are
 * filled as soon as known.
 *
 * A procedure that runs on the loop and finds that it would have to search or
 * wait returns PROC_HANDOVER before it has changed anything: the dispatcher
 * clears rq->res and runs it again from the start on a worker.
 */
#ifndef NFSD_PROC_H
#define NFSD_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xdr/nfs3.h"

struct request;
struct xin;
struct xout;

#define PROC_NFS3_COUNT		22
#define PROC_MOUNT3_COUNT	6
#define PROC_HANDOVER		((enum nfsstat3)-1)	/* never on the wire */

/* Largest READDIR or READDIRPLUS reply, whatever the client allows. */
#define PROC_DIR_MAX		(256u * 1024)
/*
 * The same for a page that is made on the loop: about 200 entries, half a
 * millisecond.  An arena keeps as much from call to call.
 */
#define PROC_DIR_INLINE		(40u * 1024)
/*
 * A READ of at most so many bytes is tried on the loop first: proc_read()
 * answers PROC_HANDOVER there (rq->on_loop) when it would have to wait for the
 * disk or for a lock.  Of more than a chunk only if its connection has no other
 * call (rq->alone), since two workers decrypt faster than one loop.
 */
#define PROC_READ_INLINE	(64u * 1024)
#define PROC_READ_SMALL		(32u * 1024)
/* rtmax, wtmax of FSINFO. */
#define PROC_IO_MAX		(1024u * 1024)

struct proc {
	const char	*name;
	bool		(*decode)(struct xin *, void *args);
	enum nfsstat3	(*run)(struct request *);
	/* The results after the RPC header, status first. */
	bool		(*encode)(struct xout *, enum nfsstat3,
			    const void *res);
	size_t		 args_size;
	size_t		 res_size;
	bool		 worker;	/* may block on the disk for long */
	bool		 keep;		/* not idempotent: keep the reply */
	bool		 open;		/* anyone admitted, AUTH_NONE too */
	bool		 attrs_only;	/* asks the storage for attributes of
					   one object, and nothing else */
	enum {
		PROC_CHANGES_NONE,
		PROC_CHANGES_ONE,	/* object, and what it returns */
		PROC_CHANGES_MORE
	}		 changes;	/* attributes of what */
	bool		 loop_first;	/* a worker's, but the loop tries it
					   (PROC_HANDOVER) */
	bool		 alters;	/* what is on the storage, there */
	/*
	 * With attrs_only, loop_first and PROC_CHANGES_ONE the arguments begin
	 * with the handle of the object, a struct nfs3_fh.
	 */
};

extern const struct proc proc_nfs3[PROC_NFS3_COUNT];	/* by number */
extern const struct proc proc_mount3[PROC_MOUNT3_COUNT];

enum nfsstat3 proc_null(struct request *rq);

enum nfsstat3 proc_getattr(struct request *rq);
enum nfsstat3 proc_setattr(struct request *rq);
enum nfsstat3 proc_lookup(struct request *rq);
enum nfsstat3 proc_access(struct request *rq);
enum nfsstat3 proc_readlink(struct request *rq);
enum nfsstat3 proc_read(struct request *rq);
enum nfsstat3 proc_write(struct request *rq);
enum nfsstat3 proc_create(struct request *rq);
enum nfsstat3 proc_mkdir(struct request *rq);
enum nfsstat3 proc_symlink(struct request *rq);
enum nfsstat3 proc_mknod(struct request *rq);
enum nfsstat3 proc_remove(struct request *rq);
enum nfsstat3 proc_rmdir(struct request *rq);
enum nfsstat3 proc_rename(struct request *rq);
enum nfsstat3 proc_link(struct request *rq);
enum nfsstat3 proc_readdir(struct request *rq);
enum nfsstat3 proc_readdirplus(struct request *rq);
enum nfsstat3 proc_fsstat(struct request *rq);
enum nfsstat3 proc_fsinfo(struct request *rq);
enum nfsstat3 proc_pathconf(struct request *rq);
enum nfsstat3 proc_commit(struct request *rq);

enum nfsstat3 proc_mnt(struct request *rq);
enum nfsstat3 proc_dump(struct request *rq);
enum nfsstat3 proc_umnt(struct request *rq);
enum nfsstat3 proc_umntall(struct request *rq);
enum nfsstat3 proc_export(struct request *rq);

#endif /* NFSD_PROC_H */
