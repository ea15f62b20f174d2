/*
 * again.c - calls that a server which is dead now may have run already.
 */
#include "config.h"

#include "base/verr.h"
#include "nfsd/again.h"
#include "nfsd/drc.h"
#include "nfsd/obj.h"
#include "nfsd/request.h"

/* Files get their times from a clock that ticks every 10 ms or faster. */
#define TICK_NS	20000000L

/* The inode of an entry, 0 if it is not there. */
static uint64_t
look(struct request *rq, struct obj *dir, const struct slice *name,
    struct entry *ent)
{
	struct verr e;

	if (obj_lookup(rq, dir, name, ent, &e) == -1)
		return 0;
	return ent->attr.fileid;
}

static uint64_t
fileid_of(struct request *rq, struct obj *dir, const struct slice *name)
{
	struct entry ent;
	uint64_t fileid = look(rq, dir, name, &ent);

	if (fileid != 0)
		dir_put(ent.dir);
	return fileid;
}

bool
again_gone(struct request *rq, struct obj *dir, const struct slice *name)
{
	uint64_t was = drc_subject(rq), is;

	if (!drc_survives(rq) || rq->on_loop)
		return false;
	is = fileid_of(rq, dir, name);
	if (!rq->again || was == 0) {
		drc_set_subject(rq, is);
		return false;
	}
	return is != was;
}

void
again_meet(void *rq, uint64_t fileid)
{
	drc_set_subject(rq, fileid);
}

bool
again_moved(struct request *rq, struct obj *to, const struct slice *name)
{
	return fileid_of(rq, to, name) == drc_subject(rq);
}

bool
again_changed(const struct request *rq, const struct vattr *a)
{
	struct timespec t = drc_began(rq);

	if (!rq->again)
		return false;
	if ((t.tv_nsec -= TICK_NS) < 0) {
		t.tv_nsec += 1000000000L;
		t.tv_sec--;
	}
	return a->ctime.tv_sec > t.tv_sec ||
	    (a->ctime.tv_sec == t.tv_sec && a->ctime.tv_nsec >= t.tv_nsec);
}

bool
again_made(struct request *rq, struct obj *dir, const struct slice *name,
    enum vtype type, struct entry *ent)
{
	if (!rq->again || look(rq, dir, name, ent) == 0)
		return false;
	if (ent->attr.type == type && again_changed(rq, &ent->attr))
		return true;
	dir_put(ent->dir);
	ent->dir = NULL;
	return false;
}
