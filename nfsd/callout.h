/*
 * callout.h - calls to a server: for those who mount it, and for probes.
 *
 * NULL of NFS (RFC 1813 section 3.3.0) says that a server answers; MNT
 * (appendix I, 5.2.1) gives the handle of an export's root, which the kernel is
 * then told directly.  One connection, one call after another, each with a
 * limit of time.  No library's client: libtirpc's asks rpcbind first and
 * cannot be told for how long.
 */
#ifndef NFSD_CALLOUT_H
#define NFSD_CALLOUT_H

#include <stdint.h>

struct nfs3_fh;
struct verr;

/*
 * A socket that is connected to a numeric address, and for callout_close().
 * -1: VERR_INVAL, no address; VERR_NOENT, nobody listens; VERR_IO.
 */
int callout_open(const char *addr, uint16_t port, unsigned timeout_ms,
    struct verr *e);
void callout_close(int fd);

/* VERR_BUSY: no answer in time; VERR_IO: not one that an NFS server gives. */
int callout_null(int fd, unsigned timeout_ms, struct verr *e);

/* The root of /name.  VERR_ACCESS, VERR_NOENT: the server says so. */
int callout_mnt(int fd, const char *name, unsigned timeout_ms,
    struct nfs3_fh *fh, struct verr *e);

#endif /* NFSD_CALLOUT_H */
