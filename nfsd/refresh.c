#include "config.h"

#include "base/arena.h"
#include "nfsd/attrs.h"
#include "nfsd/obj.h"
#include "nfsd/proc.h"
#include "nfsd/refresh.h"
#include "nfsd/request.h"
#include "nfsd/server_int.h"

static enum nfsstat3
look_again(struct request *rq)
{
	enum nfsstat3 status;
	struct obj o;

	if ((status = obj_get(rq, rq->args, &o)) == NFS3_OK)
		obj_put(&o);
	else
		attrs_forget(rq->srv->attrs, rq->args);
	attrs_asked(rq->srv->attrs);
	return status;
}

static const struct proc again = {
	.name = "(look again)",
	.run = look_again,
	.args_size = sizeof(struct nfs3_fh),
	.attrs_only = true,
};

struct request *
refresh_make(const struct request *rq)
{
	struct nfs3_fh *fh;
	struct request *own;

	if ((own = request_get(rq->lane)) == NULL) {
		attrs_asked(rq->srv->attrs);
		return NULL;
	}
	if ((fh = arena_alloc(own->arena, sizeof(*fh))) == NULL) {
		request_put(own);
		attrs_asked(rq->srv->attrs);
		return NULL;
	}
	/* All that ask for attributes only have the handle first: proc.h. */
	*fh = *(const struct nfs3_fh *)rq->args;
	own->proc = &again;
	own->args = fh;
	own->internal = true;
	return own;
}
