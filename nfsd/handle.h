/*
 * handle.h - file handles: made, verified, the same after a restart.
 *
 * A handle says what an object is in terms that outlive the server (design,
 * section 4): which vault (an id from its keys), which directory (its own id,
 * or for files and symlinks that of the directory where the object was when
 * the handle was made), which inode, born when.  Everything in it is under a
 * MAC with a key derived from the vault's, checked before anything is
 * believed, so handles cannot be guessed or made by others.
 *
 *	 0  version, 1
 *	 1  kind: enum vtype (1 file, 2 directory, 3 symlink)
 *	 2  form of the directory id: enum handle_form
 *	 3  0
 *	 4  vault id, 4 bytes
 *	 8  directory, 16 bytes as the form says
 *	24  inode, 8 bytes (directories: 0)
 *	32  generation, 4 bytes (directories: 0)
 *	36  MAC over bytes 0 to 35, 16 bytes
 *
 * 52 bytes, all integers big-endian.  No I/O, no lock; any thread.
 */
#ifndef NFSD_HANDLE_H
#define NFSD_HANDLE_H

#include <stdint.h>

#include "vault/attr.h"
#include "xdr/nfs3.h"

#define HANDLE_LEN	52

struct dir;
struct export;
struct export_table;

/* How 16 bytes stand for a directory id. */
enum handle_form {
	HANDLE_ROOT = 0,	/* zeroes: the empty id */
	HANDLE_UUID = 1,	/* 36 characters of a UUID in lower case */
	HANDLE_UUID_UPPER = 2,	/* the same in upper case */
	HANDLE_HASH = 3,	/* any other: first bytes of dir_hash() */
};

struct handle_dir {
	uint8_t	form;
	uint8_t	id[16];
};

struct handle {
	enum vtype		type;
	struct handle_dir	dir;
	uint64_t		fileid;
	uint32_t		gen;
};

void handle_dir_of(const struct dir *d, struct handle_dir *out);

/* The id that the bytes stand for, NUL-terminated; form is no HANDLE_HASH. */
size_t handle_dir_id(const struct handle_dir *d, char id[37]);

bool handle_encode(const struct export *x, const struct handle *h,
    struct nfs3_fh *fh);

/*
 * NFS3_OK; NFS3ERR_BADHANDLE: not a handle that this or any server of the
 * vault made; NFS3ERR_STALE: of a vault that is not exported here.
 */
enum nfsstat3 handle_decode(const struct export_table *t,
    const struct nfs3_fh *fh, struct handle *h, const struct export **x);

/*
 * The export that a handle says it is of, or NULL.  Not verified: good for a
 * guess about where a call had better run.
 */
const struct export *handle_peek(const struct export_table *t,
    const struct nfs3_fh *fh);

#endif /* NFSD_HANDLE_H */
