/*
 * proc_table.c - which functions make a procedure, where it runs, whether its
 * reply is worth keeping, and who may call it.
 *
 * LOOP: caches and local metadata calls only, and PROC_HANDOVER if that turns
 * out wrong.  KEEP: a second run could answer something else (the ten of
 * RFC 1813 section 4.5 that are not idempotent, as Linux counts them).
 */
#include "config.h"

#include "nfsd/proc.h"
#include "xdr/mount3.h"

#define LOOP	.worker = false
#define WORKER	.worker = true
#define DROP	.keep = false
#define KEEP	.keep = true
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
	[NFS3_PROC_GETATTR]	= NFS("GETATTR", getattr, LOOP, DROP),
	[NFS3_PROC_SETATTR]	= NFS("SETATTR", setattr, WORKER, KEEP),
	[NFS3_PROC_LOOKUP]	= NFS("LOOKUP", lookup, LOOP, DROP),
	[NFS3_PROC_ACCESS]	= NFS("ACCESS", access, LOOP, DROP),
	[NFS3_PROC_READLINK]	= NFS("READLINK", readlink, LOOP, DROP),
	[NFS3_PROC_READ]	= NFS("READ", read, WORKER, DROP),
	[NFS3_PROC_WRITE]	= NFS("WRITE", write, WORKER, KEEP),
	[NFS3_PROC_CREATE]	= NFS("CREATE", create, WORKER, KEEP),
	[NFS3_PROC_MKDIR]	= NFS("MKDIR", mkdir, WORKER, KEEP),
	[NFS3_PROC_SYMLINK]	= NFS("SYMLINK", symlink, WORKER, KEEP),
	[NFS3_PROC_MKNOD]	= NFS("MKNOD", mknod, WORKER, KEEP),
	[NFS3_PROC_REMOVE]	= NFS("REMOVE", remove, WORKER, KEEP),
	[NFS3_PROC_RMDIR]	= NFS("RMDIR", rmdir, WORKER, KEEP),
	[NFS3_PROC_RENAME]	= NFS("RENAME", rename, WORKER, KEEP),
	[NFS3_PROC_LINK]	= NFS("LINK", link, WORKER, KEEP),
	[NFS3_PROC_READDIR]	= NFS("READDIR", readdir, LOOP, DROP),
	[NFS3_PROC_READDIRPLUS]	= NFS("READDIRPLUS", readdirplus, LOOP, DROP),
	[NFS3_PROC_FSSTAT]	= NFS("FSSTAT", fsstat, LOOP, DROP),
	[NFS3_PROC_FSINFO]	= NFS("FSINFO", fsinfo, LOOP, DROP),
	[NFS3_PROC_PATHCONF]	= NFS("PATHCONF", pathconf, LOOP, DROP),
	[NFS3_PROC_COMMIT]	= NFS("COMMIT", commit, WORKER, DROP),
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
