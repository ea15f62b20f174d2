/*
 * sendq.h - finished calls whose replies wait to be written, oldest first.
 *
 * One write takes the pieces of as many replies as the system allows, and may
 * end anywhere; the next goes on there.  Threads: the loop.
 */
#ifndef NFSD_SENDQ_H
#define NFSD_SENDQ_H

#include <stdbool.h>
#include <stddef.h>

#include "nfsd/request.h"

#define SENDQ_IOV	1024	/* pieces in one write: IOV_MAX of most */
#define SENDQ_TURN	(2u * 1024 * 1024)	/* bytes, then others */

struct iovec;

struct sendq {
	struct request_list	 list;
	size_t			 sent;	/* bytes of the first that have left */
};

enum sendq_state {
	SENDQ_EMPTY,
	SENDQ_BLOCKED,		/* the socket takes no more now */
	SENDQ_MORE,		/* much has left, and there is more */
	SENDQ_BROKEN,
};

void sendq_init(struct sendq *q);
bool sendq_is_empty(const struct sendq *q);
void sendq_add(struct sendq *q, struct request *rq);

/*
 * Write to the non-blocking socket fd until one of the four holds.  scratch
 * has room for SENDQ_IOV pieces.  Requests whose last byte has left are moved
 * to the end of gone.  True in *moved if any byte left, and in *writes how many
 * system calls it took; neither is cleared.
 */
enum sendq_state sendq_write(struct sendq *q, int fd, struct iovec *scratch,
    struct request_list *gone, bool *moved, unsigned *writes);

#endif /* NFSD_SENDQ_H */
