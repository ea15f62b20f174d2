/*
 * refresh.h - calls of the server to itself: attributes that are kept (attrs.h)
 * are looked at again before they are too old, and with that the storage is
 * measured.
 */
#ifndef NFSD_REFRESH_H
#define NFSD_REFRESH_H

struct request;

/*
 * A request without a connection, for a worker, that looks at the object of
 * rq->args; NULL: no memory.  rq->refresh was set.  Loop.
 */
struct request *refresh_make(const struct request *rq);

#endif /* NFSD_REFRESH_H */
