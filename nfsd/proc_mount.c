/*
 * proc_mount.c - MOUNT version 3: MNT DUMP UMNT UMNTALL EXPORT (RFC 1813
 * appendix I).
 *
 * No list of mounts is kept: clients do not tell when they go (Linux sends no
 * UMNT), so it would only be wrong.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/export.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "nfsd/server_int.h"
#include "nfsd/storage.h"
#include "vault/tree.h"
#include "xdr/mount3.h"

#define AUTH_SYS_FLAVOR	1

/* enum mountstat3 travels as the procedures' status (mount3.h). */
static enum nfsstat3
mnt_status(const struct verr *e)
{
	switch (e->code) {
	case VERR_NOENT:
		return (enum nfsstat3)MNT3ERR_NOENT;
	case VERR_NOTDIR:
		return (enum nfsstat3)MNT3ERR_NOTDIR;
	case VERR_ACCESS:
		return (enum nfsstat3)MNT3ERR_ACCES;
	case VERR_NAMETOOLONG:
		return (enum nfsstat3)MNT3ERR_NAMETOOLONG;
	default:
		return (enum nfsstat3)MNT3ERR_IO;
	}
}

/* The directory at rest below the export's root, as a reference. */
static enum nfsstat3
find_dir(struct request *rq, const struct export *x, const char *rest,
    size_t len, struct dir **d)
{
	struct entry ent;
	struct verr e;
	char *path;

	/* No name holds a NUL, so none of these is there. */
	if (memchr(rest, '\0', len) != NULL)
		return (enum nfsstat3)MNT3ERR_NOENT;
	if ((path = arena_strndup(rq->arena, rest, len)) == NULL)
		return (enum nfsstat3)MNT3ERR_SERVERFAULT;
	if (tree_lookup(x->vault, rq->arena, path, &ent, &e) == -1)
		return mnt_status(&e);
	if (ent.dir == NULL)
		return (enum nfsstat3)MNT3ERR_NOTDIR;
	*d = ent.dir;
	return NFS3_OK;
}

enum nfsstat3
proc_mnt(struct request *rq)
{
	const struct mount3_mnt_args *args = rq->args;
	struct mount3_mnt_res *res = rq->res;
	const struct export *x;
	enum nfsstat3 status;
	const char *rest;
	struct dir *d;
	size_t len;
	bool ok;

	x = export_by_path(rq->srv->exports, args->path.s, args->path.len,
	    &rest, &len);
	if (x == NULL)
		return (enum nfsstat3)MNT3ERR_NOENT;
	/* A path into the vault is walked: not on the loop. */
	while (len > 0 && rest[len - 1] == '/')
		len--;
	rq->export = x;
	if (rq->on_loop && (len > 0 ||
	    storage_state(x->storage) != STORAGE_QUICK))
		return PROC_HANDOVER;
	if ((status = find_dir(rq, x, rest, len, &d)) != NFS3_OK)
		return status;
	ok = obj_dir_fh(x, d, &res->fh);
	dir_put(d);
	res->flavors[0] = AUTH_SYS_FLAVOR;
	res->nflavors = 1;
	return ok ? NFS3_OK : (enum nfsstat3)MNT3ERR_SERVERFAULT;
}

enum nfsstat3
proc_dump(struct request *rq)
{
	(void)rq;
	return NFS3_OK;
}

enum nfsstat3
proc_umnt(struct request *rq)
{
	(void)rq;
	return NFS3_OK;
}

enum nfsstat3
proc_umntall(struct request *rq)
{
	(void)rq;
	return NFS3_OK;
}

enum nfsstat3
proc_export(struct request *rq)
{
	struct mount3_export_res *res = rq->res;
	const struct export_table *t = rq->srv->exports;
	size_t i, cap = export_count(t) * (EXPORT_NAME_MAX + 32);
	char path[EXPORT_NAME_MAX + 2];
	struct slice s;
	void *buf;

	if ((buf = arena_alloc(rq->arena, cap)) == NULL)
		return NFS3_OK;		/* EXPORT has no status: nothing */
	mount3_list_init(&res->list, buf, cap);
	for (i = 0; i < export_count(t); i++) {
		(void)snprintf(path, sizeof(path), "/%s",
		    export_at(t, i)->name);
		s.s = path;
		s.len = (uint32_t)strlen(path);
		(void)mount3_list_add_export(&res->list, s, NULL, 0);
	}
	return NFS3_OK;
}
