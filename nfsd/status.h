/*
 * status.h - what went wrong, in NFS's words: one table.
 */
#ifndef NFSD_STATUS_H
#define NFSD_STATUS_H

#include "xdr/nfs3.h"

struct request;
struct verr;

/*
 * The status for an error of the vault.  Errors that a person should hear of
 * (bad ciphertext, I/O) are logged here, once, and nowhere else.
 */
enum nfsstat3 status_of(const struct verr *e);

/*
 * The same for rq: on the loop VERR_BUSY is PROC_HANDOVER, since what would
 * have to wait or search there does so on a worker.
 */
enum nfsstat3 status_here(const struct request *rq, const struct verr *e);

#endif /* NFSD_STATUS_H */
