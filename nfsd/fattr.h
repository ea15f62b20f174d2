/*
 * fattr.h - the vault's attributes in NFS's form, and back.  Pure.
 */
#ifndef NFSD_FATTR_H
#define NFSD_FATTR_H

#include <stdbool.h>

#include "vault/attr.h"
#include "xdr/nfs3.h"

struct dir_change;
struct export;
struct file_change;

/* a is as the storage says; the owner shown is the export's. */
void fattr_set(struct nfs3_attr *out, const struct export *x,
    const struct vattr *a);
void fattr_before(struct nfs3_wcc *out, const struct vattr *a);
void fattr_dir_change(struct nfs3_wcc *out, const struct export *x,
    const struct dir_change *ch);
void fattr_file_change(struct nfs3_wcc *out, const struct export *x,
    const struct file_change *ch);

struct nfs3_time fattr_time(const struct timespec *ts);

/* NFS3ERR_INVAL for nanoseconds of 10^9 and more. */
enum nfsstat3 fattr_to_set(const struct nfs3_sattr *s, struct vset *out);

#endif /* NFSD_FATTR_H */
