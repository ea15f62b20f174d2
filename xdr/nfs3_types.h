/*
 * nfs3_types.h - what the procedures of NFS version 3 share (RFC 1813).
 *
 * Numbers, limits, and the structs that several calls or replies contain.
 * Users include xdr/nfs3.h.
 *
 * Names that the RFC has too are the RFC's; constants of ours or with a prefix
 * to keep them apart are NFS3_*.
 */
#ifndef XDR_NFS3_TYPES_H
#define XDR_NFS3_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xdr/xin.h"

#define NFS3_PROGRAM	100003
#define NFS3_VERSION	3

#define NFS3_FHSIZE	64	/* bytes, section 2.4 */
#define NFS3_VERFSIZE	8	/* bytes: cookie-, create- and writeverf3 */
#define NFS3_FATTR_WIRE	84u	/* bytes of an encoded fattr3 */

/*
 * Names up to NFS3_NAME_MAX can be stored.  Decoders let longer ones through
 * up to NFS3_NAME_DECODE_MAX, so that a procedure can say NAMETOOLONG with
 * attributes; beyond, the call is GARBAGE_ARGS.  The same for link targets.
 */
#define NFS3_NAME_MAX		255	/* bytes; ours, the RFC sets none */
#define NFS3_NAME_DECODE_MAX	1024	/* bytes */
#define NFS3_PATH_MAX		4096	/* bytes; a link's target, ours */
#define NFS3_PATH_DECODE_MAX	8192	/* bytes */

/* Section 3.3, in the order of the table there. */
enum nfs3_proc {
	NFS3_PROC_NULL,
	NFS3_PROC_GETATTR,
	NFS3_PROC_SETATTR,
	NFS3_PROC_LOOKUP,
	NFS3_PROC_ACCESS,
	NFS3_PROC_READLINK,
	NFS3_PROC_READ,
	NFS3_PROC_WRITE,
	NFS3_PROC_CREATE,
	NFS3_PROC_MKDIR,
	NFS3_PROC_SYMLINK,
	NFS3_PROC_MKNOD,
	NFS3_PROC_REMOVE,
	NFS3_PROC_RMDIR,
	NFS3_PROC_RENAME,
	NFS3_PROC_LINK,
	NFS3_PROC_READDIR,
	NFS3_PROC_READDIRPLUS,
	NFS3_PROC_FSSTAT,
	NFS3_PROC_FSINFO,
	NFS3_PROC_PATHCONF,
	NFS3_PROC_COMMIT,
};

/* Section 2.6. */
enum nfsstat3 {
	NFS3_OK = 0,
	NFS3ERR_PERM = 1,
	NFS3ERR_NOENT = 2,
	NFS3ERR_IO = 5,
	NFS3ERR_NXIO = 6,
	NFS3ERR_ACCES = 13,
	NFS3ERR_EXIST = 17,
	NFS3ERR_XDEV = 18,
	NFS3ERR_NODEV = 19,
	NFS3ERR_NOTDIR = 20,
	NFS3ERR_ISDIR = 21,
	NFS3ERR_INVAL = 22,
	NFS3ERR_FBIG = 27,
	NFS3ERR_NOSPC = 28,
	NFS3ERR_ROFS = 30,
	NFS3ERR_MLINK = 31,
	NFS3ERR_NAMETOOLONG = 63,
	NFS3ERR_NOTEMPTY = 66,
	NFS3ERR_DQUOT = 69,
	NFS3ERR_STALE = 70,
	NFS3ERR_REMOTE = 71,
	NFS3ERR_BADHANDLE = 10001,
	NFS3ERR_NOT_SYNC = 10002,
	NFS3ERR_BAD_COOKIE = 10003,
	NFS3ERR_NOTSUPP = 10004,
	NFS3ERR_TOOSMALL = 10005,
	NFS3ERR_SERVERFAULT = 10006,
	NFS3ERR_BADTYPE = 10007,
	NFS3ERR_JUKEBOX = 10008,
};

/* Section 2.6. */
enum ftype3 {
	NF3REG = 1,
	NF3DIR = 2,
	NF3BLK = 3,
	NF3CHR = 4,
	NF3LNK = 5,
	NF3SOCK = 6,
	NF3FIFO = 7,
};

/* ACCESS, section 3.3.4. */
enum {
	NFS3_ACCESS_READ = 0x01,
	NFS3_ACCESS_LOOKUP = 0x02,
	NFS3_ACCESS_MODIFY = 0x04,
	NFS3_ACCESS_EXTEND = 0x08,
	NFS3_ACCESS_DELETE = 0x10,
	NFS3_ACCESS_EXECUTE = 0x20,
};

/* Properties in FSINFO, section 3.3.19. */
enum {
	NFS3_FSF_LINK = 0x01,
	NFS3_FSF_SYMLINK = 0x02,
	NFS3_FSF_HOMOGENEOUS = 0x08,
	NFS3_FSF_CANSETTIME = 0x10,
};

/* WRITE's stable_how, section 3.3.7. */
enum nfs3_stable {
	NFS3_UNSTABLE = 0,
	NFS3_DATA_SYNC = 1,
	NFS3_FILE_SYNC = 2,
};

/* CREATE's createmode3, section 3.3.8. */
enum nfs3_createmode {
	NFS3_UNCHECKED = 0,
	NFS3_GUARDED = 1,
	NFS3_EXCLUSIVE = 2,
};

/* SETATTR's time_how, section 2.6. */
enum nfs3_time_how {
	NFS3_DONT_CHANGE = 0,
	NFS3_SET_TO_SERVER_TIME = 1,
	NFS3_SET_TO_CLIENT_TIME = 2,
};

struct nfs3_time {
	uint32_t	sec;
	uint32_t	nsec;	/* as sent: may be 10^9 or more */
};

struct nfs3_fh {
	uint32_t	len;	/* 0 to NFS3_FHSIZE */
	uint8_t		data[NFS3_FHSIZE];	/* len bytes are set */
};

struct nfs3_fattr {
	enum ftype3	type;
	uint32_t	mode;		/* 07777 at most */
	uint32_t	nlink;
	uint32_t	uid;
	uint32_t	gid;
	uint64_t	size;		/* bytes */
	uint64_t	used;		/* bytes on disk */
	uint32_t	rdev_major;
	uint32_t	rdev_minor;
	uint64_t	fsid;
	uint64_t	fileid;
	struct nfs3_time atime;
	struct nfs3_time mtime;
	struct nfs3_time ctime;
};

/* post_op_attr */
struct nfs3_attr {
	bool			present;
	struct nfs3_fattr	a;
};

/* wcc_data: before the change size, mtime, ctime; afterwards all. */
struct nfs3_wcc {
	bool			have_before;
	uint64_t		size;
	struct nfs3_time	mtime;
	struct nfs3_time	ctime;
	struct nfs3_attr	after;
};

/* sattr3: a value counts only if its set_* is true. */
struct nfs3_sattr {
	bool			set_mode;
	bool			set_uid;
	bool			set_gid;
	bool			set_size;
	uint32_t		mode;
	uint32_t		uid;
	uint32_t		gid;
	uint64_t		size;	/* bytes */
	enum nfs3_time_how	atime_how;
	enum nfs3_time_how	mtime_how;
	struct nfs3_time	atime;	/* only for SET_TO_CLIENT_TIME */
	struct nfs3_time	mtime;
};

/* What CREATE, MKDIR, SYMLINK and MKNOD answer, all four alike. */
struct nfs3_made {
	bool			have_fh;
	struct nfs3_fh		obj;
	struct nfs3_attr	obj_attr;
	struct nfs3_wcc		dir_wcc;
};

/*
 * Entries of READDIR or READDIRPLUS, encoded one after the other into a buffer
 * of the caller, which stays his until the reply has been sent.
 */
struct nfs3_dirlist {
	uint8_t		*buf;
	size_t		 max;		/* bytes that entries may take */
	size_t		 used;		/* bytes taken, a multiple of 4 */
	size_t		 dir_max;	/* by dircount; SIZE_MAX: none */
	size_t		 dir_used;
	unsigned	 n;		/* entries */
	bool		 plus;
};

struct nfs3_dirent {
	uint64_t		fileid;
	struct slice		name;
	uint64_t		cookie;	/* where the listing goes on after it */
	/* for READDIRPLUS only */
	struct nfs3_attr	attr;
	bool			have_fh;
	struct nfs3_fh		fh;
};

#endif /* XDR_NFS3_TYPES_H */
