/*
 * nfs3.h - the calls and replies of NFS version 3 as structs (RFC 1813).
 *
 * Each procedure but NULL has one struct for its arguments, which its decoder
 * fills, and one for its results, which its encoder sends.  Strings and
 * opaques in *_args are slices of the record they came from.  A *_res is
 * zeroed before the procedure runs; attributes in it (nfs3_attr, nfs3_wcc) are
 * sent on failure too, everything else on NFS3_OK only.
 */
#ifndef XDR_NFS3_H
#define XDR_NFS3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "xdr/nfs3_types.h"
#include "xdr/xin.h"

struct xout;

struct nfs3_getattr_args {
	struct nfs3_fh	obj;
};
struct nfs3_getattr_res {
	struct nfs3_fattr	attr;
};

struct nfs3_setattr_args {
	struct nfs3_fh		obj;
	struct nfs3_sattr	attr;
	bool			guard;		/* only if ctime is still */
	struct nfs3_time	guard_ctime;	/* this */
};
struct nfs3_setattr_res {
	struct nfs3_wcc	wcc;
};

struct nfs3_lookup_args {
	struct nfs3_fh	dir;
	struct slice	name;
};
struct nfs3_lookup_res {
	struct nfs3_fh		obj;
	struct nfs3_attr	obj_attr;
	struct nfs3_attr	dir_attr;
};

struct nfs3_access_args {
	struct nfs3_fh	obj;
	uint32_t	access;		/* NFS3_ACCESS_* asked for */
};
struct nfs3_access_res {
	struct nfs3_attr	attr;
	uint32_t		access;	/* those of them that are granted */
};

struct nfs3_readlink_args {
	struct nfs3_fh	obj;
};
struct nfs3_readlink_res {
	struct nfs3_attr	attr;
	struct slice		target;	/* sent by reference */
};

struct nfs3_read_args {
	struct nfs3_fh	file;
	uint64_t	offset;
	uint32_t	count;	/* bytes */
};
struct nfs3_read_res {
	struct nfs3_attr	 attr;
	uint32_t		 count;	/* bytes in all of data */
	bool			 eof;
	const struct iovec	*data;	/* sent by reference */
	unsigned		 ndata;
};

struct nfs3_write_args {
	struct nfs3_fh		file;
	uint64_t		offset;
	uint32_t		count;	/* what the client says; */
	struct slice		data;	/* what there is may differ */
	enum nfs3_stable	stable;
};
struct nfs3_write_res {
	struct nfs3_wcc		wcc;
	uint32_t		count;
	enum nfs3_stable	committed;
	uint8_t			verf[NFS3_VERFSIZE];
};

struct nfs3_create_args {
	struct nfs3_fh		dir;
	struct slice		name;
	enum nfs3_createmode	how;
	struct nfs3_sattr	attr;	/* zeroes if EXCLUSIVE */
	uint8_t			verf[NFS3_VERFSIZE];	/* only if EXCLUSIVE */
};
struct nfs3_create_res {
	struct nfs3_made	made;
};

struct nfs3_mkdir_args {
	struct nfs3_fh		dir;
	struct slice		name;
	struct nfs3_sattr	attr;
};
struct nfs3_mkdir_res {
	struct nfs3_made	made;
};

struct nfs3_symlink_args {
	struct nfs3_fh		dir;
	struct slice		name;
	struct nfs3_sattr	attr;
	struct slice		target;
};
struct nfs3_symlink_res {
	struct nfs3_made	made;
};

struct nfs3_mknod_args {
	struct nfs3_fh		dir;
	struct slice		name;
	enum ftype3		type;	/* any of the seven */
	struct nfs3_sattr	attr;	/* zeroes for REG, DIR, LNK */
	uint32_t		rdev_major;	/* only BLK, CHR */
	uint32_t		rdev_minor;
};
struct nfs3_mknod_res {
	struct nfs3_made	made;
};

struct nfs3_remove_args {
	struct nfs3_fh	dir;
	struct slice	name;
};
struct nfs3_remove_res {
	struct nfs3_wcc	dir_wcc;
};

struct nfs3_rmdir_args {
	struct nfs3_fh	dir;
	struct slice	name;
};
struct nfs3_rmdir_res {
	struct nfs3_wcc	dir_wcc;
};

struct nfs3_rename_args {
	struct nfs3_fh	from_dir;
	struct slice	from_name;
	struct nfs3_fh	to_dir;
	struct slice	to_name;
};
struct nfs3_rename_res {
	struct nfs3_wcc	from_wcc;
	struct nfs3_wcc	to_wcc;
};

struct nfs3_link_args {
	struct nfs3_fh	file;
	struct nfs3_fh	dir;
	struct slice	name;
};
struct nfs3_link_res {
	struct nfs3_attr	attr;
	struct nfs3_wcc		dir_wcc;
};

struct nfs3_readdir_args {
	struct nfs3_fh	dir;
	uint64_t	cookie;
	uint8_t		verf[NFS3_VERFSIZE];
	uint32_t	count;		/* bytes of the whole result */
};
struct nfs3_readdir_res {
	struct nfs3_attr	dir_attr;
	uint8_t			verf[NFS3_VERFSIZE];
	struct nfs3_dirlist	list;
	bool			eof;
};

struct nfs3_readdirplus_args {
	struct nfs3_fh	dir;
	uint64_t	cookie;
	uint8_t		verf[NFS3_VERFSIZE];
	uint32_t	dircount;	/* bytes of fileids, names, cookies */
	uint32_t	maxcount;	/* bytes of the whole result */
};
struct nfs3_readdirplus_res {
	struct nfs3_attr	dir_attr;
	uint8_t			verf[NFS3_VERFSIZE];
	struct nfs3_dirlist	list;
	bool			eof;
};

struct nfs3_fsstat_args {
	struct nfs3_fh	obj;
};
struct nfs3_fsstat_res {
	struct nfs3_attr	attr;
	uint64_t		tbytes, fbytes, abytes;	/* total, free, ours */
	uint64_t		tfiles, ffiles, afiles;
	uint32_t		invarsec;
};

struct nfs3_fsinfo_args {
	struct nfs3_fh	obj;
};
struct nfs3_fsinfo_res {
	struct nfs3_attr	attr;
	uint32_t		rtmax, rtpref, rtmult;	/* bytes, as all here */
	uint32_t		wtmax, wtpref, wtmult;
	uint32_t		dtpref;
	uint64_t		maxfilesize;
	struct nfs3_time	time_delta;
	uint32_t		properties;	/* NFS3_FSF_* */
};

struct nfs3_pathconf_args {
	struct nfs3_fh	obj;
};
struct nfs3_pathconf_res {
	struct nfs3_attr	attr;
	uint32_t		linkmax;
	uint32_t		name_max;
	bool			no_trunc;
	bool			chown_restricted;
	bool			case_insensitive;
	bool			case_preserving;
};

struct nfs3_commit_args {
	struct nfs3_fh	file;
	uint64_t	offset;
	uint32_t	count;	/* 0: to the end of the file */
};
struct nfs3_commit_res {
	struct nfs3_wcc	wcc;
	uint8_t		verf[NFS3_VERFSIZE];
};

/*
 * One for each call; argsp points to the struct of the same name, which is
 * set in full.  false: not what RFC 1813 allows, or bytes left over; the
 * caller answers GARBAGE_ARGS.  NULL takes whatever comes and ignores argsp.
 */
bool nfs3_args_null(struct xin *in, void *argsp);
bool nfs3_args_getattr(struct xin *in, void *argsp);
bool nfs3_args_setattr(struct xin *in, void *argsp);
bool nfs3_args_lookup(struct xin *in, void *argsp);
bool nfs3_args_access(struct xin *in, void *argsp);
bool nfs3_args_readlink(struct xin *in, void *argsp);
bool nfs3_args_read(struct xin *in, void *argsp);
bool nfs3_args_write(struct xin *in, void *argsp);
bool nfs3_args_create(struct xin *in, void *argsp);
bool nfs3_args_mkdir(struct xin *in, void *argsp);
bool nfs3_args_symlink(struct xin *in, void *argsp);
bool nfs3_args_mknod(struct xin *in, void *argsp);
bool nfs3_args_remove(struct xin *in, void *argsp);
bool nfs3_args_rmdir(struct xin *in, void *argsp);
bool nfs3_args_rename(struct xin *in, void *argsp);
bool nfs3_args_link(struct xin *in, void *argsp);
bool nfs3_args_readdir(struct xin *in, void *argsp);
bool nfs3_args_readdirplus(struct xin *in, void *argsp);
bool nfs3_args_fsstat(struct xin *in, void *argsp);
bool nfs3_args_fsinfo(struct xin *in, void *argsp);
bool nfs3_args_pathconf(struct xin *in, void *argsp);
bool nfs3_args_commit(struct xin *in, void *argsp);

/*
 * One for each reply, after the RPC header: the status, and what belongs to
 * it.  false: it did not fit (xout.h), or resp contradicts itself (a READ
 * whose data is not count bytes).  NULL writes nothing.
 */
bool nfs3_res_null(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_getattr(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_setattr(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_lookup(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_access(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_readlink(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_read(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_write(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_create(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_mkdir(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_symlink(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_mknod(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_remove(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_rmdir(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_rename(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_link(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_readdir(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_readdirplus(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_fsstat(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_fsinfo(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_pathconf(struct xout *o, enum nfsstat3 st, const void *resp);
bool nfs3_res_commit(struct xout *o, enum nfsstat3 st, const void *resp);

/* nfs_fh3 and post_op_attr, which entries of directories have too. */
void nfs3_put_fh(struct xout *o, const struct nfs3_fh *fh);
void nfs3_put_attr(struct xout *o, const struct nfs3_attr *a);

/*
 * An empty list in the cap bytes at buf.  maxcount (READDIR's count) bounds the
 * encoded result: the status, attributes, verifier and end are taken off it
 * beforehand, and if it is too small even for them no entry will fit.  dircount
 * bounds fileids, names and cookies; 0 means no bound (READDIR has none).
 */
void nfs3_dirlist_init(struct nfs3_dirlist *l, void *buf, size_t cap,
    uint32_t dircount, uint32_t maxcount, bool plus);

/*
 * Append one entry, or return false if the page is full: nothing was written
 * then.  The first entry is let in whatever dircount says, since a page with
 * no entry and no end is an endless loop for clients; so false for the first
 * one means NFS3ERR_TOOSMALL.
 */
bool nfs3_dirlist_add(struct nfs3_dirlist *l, const struct nfs3_dirent *d);

#endif /* XDR_NFS3_H */
