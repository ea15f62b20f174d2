/*
 * proc_table.c - which functions make a procedure, where it runs, whether its
 * reply is worth keeping, and who may call it.
 *
 * LOOP: caches and local metadata calls only, and PROC_HANDOVER if that turns
 * out wrong; ATTRS: the same, and only the attributes of its object.  TRY: a
 * worker's, which the loop tries first: what is small and in memory; ALTER: the
 * same, with a few calls that change the storage.
 *
 * KEEP: a second run could answer something else (the ten of RFC 1813 section
 * 4.5 that are not idempotent, as Linux counts them).  MORE: the same, and it
 * changes more objects than the one that it names first.  FLUSH: only
 * attributes may change.
 */
#include "config.h"

#include "nfsd/proc.h"
#include "xdr/mount3.h"

#define LOOP	.worker = false
#define ATTRS	.worker = false, .attrs_only = true
#define WORKER	.worker = true
#define TRY	.worker = true, .loop_first = true
#define ALTER	.worker = true, .loop_first = true, .alters = true
#define DROP	.keep = false
#define FLUSH	.keep = false, .changes = PROC_CHANGES_ONE
#define KEEP	.keep = true, .changes = PROC_CHANGES_ONE
#define MORE	.keep = true, .changes = PROC_CHANGES_MORE
#define USERS	.open = false
#define ANYONE	.open = true

#define NFS(text, verb, where, reply) {					\
	.name = text,							\
	.decode = nfs3_args_##verb,					\
	.run = proc_##verb,						\
	.encode = nfs3_res_##verb,					\
	.args_size = sizeof(struct nfs3_##verb##_args),			\
	.res_size = sizeof(struct nfs3_##verb##_res),			\
	where, reply, USERS						\
}

const struct proc proc_nfs3[PROC_NFS3_COUNT] = {
	[NFS3_PROC_NULL] = {
		.name = "NULL",
		.decode = nfs3_args_null,
		.run = proc_null,
		.encode = nfs3_res_null,
		LOOP, DROP, ANYONE
	},
	[NFS3_PROC_GETATTR]	= NFS("GETATTR", getattr, ATTRS, DROP),
	[NFS3_PROC_SETATTR]	= NFS("SETATTR", setattr, ALTER, KEEP),
	[NFS3_PROC_LOOKUP]	= NFS("LOOKUP", lookup, LOOP, DROP),
	[NFS3_PROC_ACCESS]	= NFS("ACCESS", access, ATTRS, DROP),
	[NFS3_PROC_READLINK]	= NFS("READLINK", readlink, LOOP, DROP),
	[NFS3_PROC_READ]	= NFS("READ", read, TRY, DROP),
	[NFS3_PROC_WRITE]	= NFS("WRITE", write, TRY, KEEP),
	[NFS3_PROC_CREATE]	= NFS("CREATE", create, ALTER, KEEP),
	[NFS3_PROC_MKDIR]	= NFS("MKDIR", mkdir, WORKER, KEEP),
	[NFS3_PROC_SYMLINK]	= NFS("SYMLINK", symlink, WORKER, KEEP),
	[NFS3_PROC_MKNOD]	= NFS("MKNOD", mknod, WORKER, KEEP),
	[NFS3_PROC_REMOVE]	= NFS("REMOVE", remove, ALTER, MORE),
	[NFS3_PROC_RMDIR]	= NFS("RMDIR", rmdir, WORKER, MORE),
	[NFS3_PROC_RENAME]	= NFS("RENAME", rename, ALTER, MORE),
	[NFS3_PROC_LINK]	= NFS("LINK", link, WORKER, MORE),
	[NFS3_PROC_READDIR]	= NFS("READDIR", readdir, LOOP, DROP),
	[NFS3_PROC_READDIRPLUS]	= NFS("READDIRPLUS", readdirplus, LOOP, DROP),
	[NFS3_PROC_FSSTAT]	= NFS("FSSTAT", fsstat, LOOP, DROP),
	[NFS3_PROC_FSINFO]	= NFS("FSINFO", fsinfo, ATTRS, DROP),
	[NFS3_PROC_PATHCONF]	= NFS("PATHCONF", pathconf, ATTRS, DROP),
	[NFS3_PROC_COMMIT]	= NFS("COMMIT", commit, WORKER, FLUSH),
};

const struct proc proc_mount3[PROC_MOUNT3_COUNT] = {
	[MOUNT3_PROC_NULL] = {
		.name = "MOUNT NULL",
		.decode = mount3_args_null,
		.run = proc_null,
		.encode = mount3_res_null,
		LOOP, DROP, ANYONE
	},
	[MOUNT3_PROC_MNT] = {
		.name = "MNT",
		.decode = mount3_args_mnt,
		.run = proc_mnt,
		.encode = mount3_res_mnt,
		.args_size = sizeof(struct mount3_mnt_args),
		.res_size = sizeof(struct mount3_mnt_res),
		LOOP, DROP, USERS
	},
	[MOUNT3_PROC_DUMP] = {
		.name = "DUMP",
		.decode = mount3_args_null,
		.run = proc_dump,
		.encode = mount3_res_dump,
		.res_size = sizeof(struct mount3_dump_res),
		LOOP, DROP, ANYONE
	},
	[MOUNT3_PROC_UMNT] = {
		.name = "UMNT",
		.decode = mount3_args_umnt,
		.run = proc_umnt,
		.encode = mount3_res_null,
		.args_size = sizeof(struct mount3_umnt_args),
		LOOP, DROP, USERS
	},
	[MOUNT3_PROC_UMNTALL] = {
		.name = "UMNTALL",
		.decode = mount3_args_null,
		.run = proc_umntall,
		.encode = mount3_res_null,
		LOOP, DROP, USERS
	},
	[MOUNT3_PROC_EXPORT] = {
		.name = "EXPORT",
		.decode = mount3_args_null,
		.run = proc_export,
		.encode = mount3_res_export,
		.res_size = sizeof(struct mount3_export_res),
		LOOP, DROP, ANYONE
	},
};

enum nfsstat3
proc_null(struct request *rq)
{
	(void)rq;
	return NFS3_OK;
}
