#include "config.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "nfsd/status.h"

static const struct {
	enum verr_code	code;
	enum nfsstat3	status;
	bool		tell;		/* worth a line in the log */
} table[] = {
	{ VERR_NOMEM,		NFS3ERR_JUKEBOX,	true },
	{ VERR_IO,		NFS3ERR_IO,		true },
	{ VERR_AUTH,		NFS3ERR_IO,		true },
	{ VERR_DAMAGED,		NFS3ERR_IO,		true },
	{ VERR_UNSUPPORTED,	NFS3ERR_NOTSUPP,	false },
	{ VERR_NOENT,		NFS3ERR_NOENT,		false },
	{ VERR_EXIST,		NFS3ERR_EXIST,		false },
	{ VERR_NOTDIR,		NFS3ERR_NOTDIR,		false },
	{ VERR_ISDIR,		NFS3ERR_ISDIR,		false },
	{ VERR_NOTEMPTY,	NFS3ERR_NOTEMPTY,	false },
	{ VERR_INVAL,		NFS3ERR_INVAL,		false },
	{ VERR_NAMETOOLONG,	NFS3ERR_NAMETOOLONG,	false },
	{ VERR_ACCESS,		NFS3ERR_ACCES,		false },
	{ VERR_PERM,		NFS3ERR_PERM,		false },
	{ VERR_ROFS,		NFS3ERR_ROFS,		false },
	{ VERR_NOSPC,		NFS3ERR_NOSPC,		true },
	{ VERR_DQUOT,		NFS3ERR_DQUOT,		true },
	{ VERR_FBIG,		NFS3ERR_FBIG,		false },
	{ VERR_STALE,		NFS3ERR_STALE,		false },
	{ VERR_XDEV,		NFS3ERR_XDEV,		false },
	{ VERR_MLINK,		NFS3ERR_MLINK,		false },
	{ VERR_BUSY,		NFS3ERR_JUKEBOX,	true },
};

enum nfsstat3
status_of(const struct verr *e)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == e->code) {
			if (table[i].tell)
				log_warn("%s", e->text);
			return table[i].status;
		}
	log_error("unexpected error %d: %s", (int)e->code, e->text);
	return NFS3ERR_SERVERFAULT;
}

enum nfsstat3
status_here(const struct request *rq, const struct verr *e)
{
	return rq->on_loop && e->code == VERR_BUSY ? PROC_HANDOVER :
	    status_of(e);
}
