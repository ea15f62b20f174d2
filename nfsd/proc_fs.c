/*
 * proc_fs.c - FSSTAT, FSINFO, PATHCONF (RFC 1813 3.3.18 to 3.3.20).
 */
#include "config.h"

#include "base/verr.h"
#include "nfsd/export.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "nfsd/server_int.h"
#include "nfsd/status.h"
#include "vault/size.h"
#include "vault/vault.h"

/* A page: what clients round their transfers to. */
#define MULT	4096

/* What the storage allows is known when it refuses; ext4 has 65,000. */
#define LINK_MAX_SHOWN	32000

enum nfsstat3
proc_fsstat(struct request *rq)
{
	const struct nfs3_fsstat_args *args = rq->args;
	struct nfs3_fsstat_res *res = rq->res;
	struct vault_space s;
	enum nfsstat3 status;
	struct verr e;
	struct obj o;

	if ((status = obj_get(rq, &args->obj, &o)) != NFS3_OK)
		return status;
	obj_attr(&o, &res->attr);
	if (vault_space(o.x->vault, &s, &e) == -1)
		status = status_of(&e);
	else {
		res->tbytes = s.total;
		res->fbytes = s.free;
		res->abytes = s.avail;
		res->tfiles = s.files;
		res->ffiles = s.files_free;
		res->afiles = s.files_avail;
	}
	obj_put(&o);
	return status;
}

enum nfsstat3
proc_fsinfo(struct request *rq)
{
	const struct nfs3_fsinfo_args *args = rq->args;
	struct nfs3_fsinfo_res *res = rq->res;
	enum nfsstat3 status;
	struct obj o;

	if ((status = obj_get(rq, &args->obj, &o)) != NFS3_OK)
		return status;
	obj_attr(&o, &res->attr);
	res->rtmax = res->rtpref = PROC_IO_MAX;
	res->wtmax = res->wtpref = PROC_IO_MAX;
	res->rtmult = res->wtmult = MULT;
	res->dtpref = PROC_DIR_MAX;
	res->maxfilesize = SIZE_CLEAR_MAX;
	res->time_delta = (struct nfs3_time){ 0, 1 };
	res->properties = NFS3_FSF_SYMLINK | NFS3_FSF_HOMOGENEOUS |
	    NFS3_FSF_CANSETTIME;
	if (!rq->srv->opt.no_links)
		res->properties |= NFS3_FSF_LINK;
	obj_put(&o);
	return NFS3_OK;
}

enum nfsstat3
proc_pathconf(struct request *rq)
{
	const struct nfs3_pathconf_args *args = rq->args;
	struct nfs3_pathconf_res *res = rq->res;
	enum nfsstat3 status;
	struct obj o;

	if ((status = obj_get(rq, &args->obj, &o)) != NFS3_OK)
		return status;
	obj_attr(&o, &res->attr);
	res->linkmax = rq->srv->opt.no_links ? 1 : LINK_MAX_SHOWN;
	res->name_max = NFS3_NAME_MAX;
	res->no_trunc = true;
	res->chown_restricted = true;
	res->case_insensitive = false;
	res->case_preserving = true;
	obj_put(&o);
	return NFS3_OK;
}
