/*
 * call_log.c - which call failed, about which name.
 *
 * The arguments of a call are in the client's words, so names in them are
 * clear: log_name() makes hashes of them unless the user wants them as they
 * are.  Targets of links are contents and are not told at all.
 */
#include "config.h"

#include "base/log.h"
#include "nfsd/call_log.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"

/* The names in a call's arguments; returns how many, two at most. */
static unsigned
names_of(const struct request *rq, struct slice names[2])
{
	const void *args = rq->args;
	const struct nfs3_rename_args *rename;

	switch (rq->number) {
	case 3:
		names[0] = ((const struct nfs3_lookup_args *)args)->name;
		return 1;
	case 8:
		names[0] = ((const struct nfs3_create_args *)args)->name;
		return 1;
	case 9:
		names[0] = ((const struct nfs3_mkdir_args *)args)->name;
		return 1;
	case 10:
		names[0] = ((const struct nfs3_symlink_args *)args)->name;
		return 1;
	case 11:
		names[0] = ((const struct nfs3_mknod_args *)args)->name;
		return 1;
	case 12:
		names[0] = ((const struct nfs3_remove_args *)args)->name;
		return 1;
	case 13:
		names[0] = ((const struct nfs3_rmdir_args *)args)->name;
		return 1;
	case 14:
		rename = args;
		names[0] = rename->from_name;
		names[1] = rename->to_name;
		return 2;
	case 15:
		names[0] = ((const struct nfs3_link_args *)args)->name;
		return 1;
	default:
		return 0;
	}
}

void
call_log(const struct request *rq)
{
	char text[2][LOG_NAME_SIZE] = { "", "" };
	struct slice names[2];
	unsigned i, n = names_of(rq, names);

	for (i = 0; i < n; i++)
		(void)log_name(text[i], (const char *)names[i].s,
		    names[i].len);
	log_debug("%s by uid %lu: status %u%s%s%s%s", rq->proc->name,
	    (unsigned long)rq->cred.uid, (unsigned)rq->status,
	    n > 0 ? ", " : "", text[0], n > 1 ? " to " : "", text[1]);
}
