/*
 * mount3.h - the MOUNT protocol version 3 as structs (RFC 1813 appendix I).
 *
 * Functions have the types of those in nfs3.h, so that one table can hold
 * both programs: a status parameter carries the number of an enum mountstat3.
 */
#ifndef XDR_MOUNT3_H
#define XDR_MOUNT3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xdr/nfs3.h"
#include "xdr/xin.h"

struct xout;

#define MOUNT3_PROGRAM		100005
#define MOUNT3_VERSION		3
#define MOUNT3_PATH_MAX		1024	/* bytes, MNTPATHLEN */
#define MOUNT3_NAME_MAX		255	/* bytes, MNTNAMLEN */
#define MOUNT3_FLAVORS_MAX	4	/* ours */

enum mount3_proc {
	MOUNT3_PROC_NULL,
	MOUNT3_PROC_MNT,
	MOUNT3_PROC_DUMP,
	MOUNT3_PROC_UMNT,
	MOUNT3_PROC_UMNTALL,
	MOUNT3_PROC_EXPORT,
};

/* Section 5.1.5. */
enum mountstat3 {
	MNT3_OK = 0,
	MNT3ERR_PERM = 1,
	MNT3ERR_NOENT = 2,
	MNT3ERR_IO = 5,
	MNT3ERR_ACCES = 13,
	MNT3ERR_NOTDIR = 20,
	MNT3ERR_INVAL = 22,
	MNT3ERR_NAMETOOLONG = 63,
	MNT3ERR_NOTSUPP = 10004,
	MNT3ERR_SERVERFAULT = 10006,
};

struct mount3_mnt_args {
	struct slice	path;
};
struct mount3_mnt_res {
	struct nfs3_fh	fh;
	uint32_t	flavors[MOUNT3_FLAVORS_MAX];	/* best first */
	unsigned	nflavors;
};

struct mount3_umnt_args {
	struct slice	path;
};

/*
 * Entries for DUMP or EXPORT, encoded into a buffer of the caller, which stays
 * his until the reply has been sent.
 */
struct mount3_list {
	uint8_t	*buf;
	size_t	 cap;	/* bytes */
	size_t	 used;
};

struct mount3_dump_res {
	struct mount3_list	list;	/* zeroes: nothing is mounted */
};
struct mount3_export_res {
	struct mount3_list	list;
};

/* As nfs3_args_*; _null is for NULL, DUMP, UMNTALL and EXPORT. */
bool mount3_args_null(struct xin *in, void *argsp);
bool mount3_args_mnt(struct xin *in, void *argsp);
bool mount3_args_umnt(struct xin *in, void *argsp);

/* As nfs3_res_*; _null is for NULL, UMNT and UMNTALL. */
bool mount3_res_null(struct xout *o, enum nfsstat3 st, const void *resp);
bool mount3_res_mnt(struct xout *o, enum nfsstat3 st, const void *resp);
bool mount3_res_dump(struct xout *o, enum nfsstat3 st, const void *resp);
bool mount3_res_export(struct xout *o, enum nfsstat3 st, const void *resp);

void mount3_list_init(struct mount3_list *l, void *buf, size_t cap);

/* For DUMP: host has path mounted.  false: no room; nothing was written. */
bool mount3_list_add_mount(struct mount3_list *l, struct slice host,
    struct slice path);

/*
 * For EXPORT: path is exported to the ngroups names in groups (0: to
 * everybody).  false: no room; nothing was written.
 */
bool mount3_list_add_export(struct mount3_list *l, struct slice path,
    const struct slice *groups, unsigned ngroups);

#endif /* XDR_MOUNT3_H */
