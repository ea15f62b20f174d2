/*
 * sendq.c - finished calls whose replies wait to be written.
 */
#include "config.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>

#include "base/tune.h"
#include "nfsd/sendq.h"

void
sendq_init(struct sendq *q)
{
	STAILQ_INIT(&q->list);
	q->sent = 0;
}

bool
sendq_is_empty(const struct sendq *q)
{
	return STAILQ_EMPTY(&q->list);
}

void
sendq_add(struct sendq *q, struct request *rq)
{
	STAILQ_INSERT_TAIL(&q->list, rq, link);
}

/* As many pieces as one write takes; *bytes: their length. */
static int
gather(const struct sendq *q, struct iovec *iov, size_t *bytes)
{
	const struct request *rq;
	size_t skip = q->sent;
	unsigned i;
	int n = 0;

	*bytes = 0;
	STAILQ_FOREACH(rq, &q->list, link) {
		if (n > 0 && (tune_off(TUNE_BATCH) || *bytes >= SENDQ_TURN))
			break;
		for (i = 0; i < rq->out.niov; i++) {
			if (n == SENDQ_IOV)
				return n;
			iov[n] = rq->out.iov[i];
			if (skip >= iov[n].iov_len) {
				skip -= iov[n].iov_len;
				continue;
			}
			iov[n].iov_base = (char *)iov[n].iov_base + skip;
			iov[n].iov_len -= skip;
			skip = 0;
			*bytes += iov[n++].iov_len;
		}
	}
	return n;
}

/* n bytes have left. */
static void
sent(struct sendq *q, size_t n, struct request_list *gone)
{
	struct request *rq;

	while (n > 0) {
		rq = STAILQ_FIRST(&q->list);
		if (n < rq->out.total - q->sent) {
			q->sent += n;
			return;
		}
		n -= rq->out.total - q->sent;
		q->sent = 0;
		STAILQ_REMOVE_HEAD(&q->list, link);
		STAILQ_INSERT_TAIL(gone, rq, link);
	}
}

/* writev() without SIGPIPE; where there is no flag conn.c saw to it. */
static ssize_t
write_pieces(int fd, struct iovec *iov, int n)
{
	struct msghdr msg;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = iov;
	msg.msg_iovlen = (unsigned)n;	/* an int here, a size_t there */
#ifdef MSG_NOSIGNAL
	return sendmsg(fd, &msg, MSG_NOSIGNAL);
#else
	return sendmsg(fd, &msg, 0);
#endif
}

enum sendq_state
sendq_write(struct sendq *q, int fd, struct iovec *scratch,
    struct request_list *gone, bool *moved, unsigned *writes)
{
	size_t bytes, all = 0;
	ssize_t n;
	int niov;

	while (!STAILQ_EMPTY(&q->list)) {
		niov = gather(q, scratch, &bytes);
		n = write_pieces(fd, scratch, niov);
		(*writes)++;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN || errno == EWOULDBLOCK ?
			    SENDQ_BLOCKED : SENDQ_BROKEN;
		*moved = true;
		sent(q, (size_t)n, gone);
		if ((size_t)n < bytes)
			return SENDQ_BLOCKED;
		if ((all += bytes) >= SENDQ_TURN && !STAILQ_EMPTY(&q->list))
			return SENDQ_MORE;
	}
	return SENDQ_EMPTY;
}
