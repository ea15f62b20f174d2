#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/client/stream.h"

#ifdef MSG_NOSIGNAL
#define SEND_FLAGS	MSG_NOSIGNAL
#else
#define SEND_FLAGS	0	/* stream_prepare() sets SO_NOSIGPIPE instead */
#endif

int64_t
stream_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
stream_prepare(int fd)
{
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
#ifdef SO_NOSIGPIPE
	(void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){ 1 },
	    sizeof(int));
#endif
}

/* True when fd is ready for events before end. */
static bool
ready(int fd, short events, int64_t end)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = end - stream_now_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n == -1 && errno == EINTR);
	return n == 1;
}

bool
stream_send(int fd, const void *buf, size_t len, int64_t end)
{
	const uint8_t *p = buf;
	ssize_t n;

	while (len > 0) {
		n = send(fd, p, len, SEND_FLAGS);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return false;
		if (!ready(fd, POLLOUT, end))
			return false;
	}
	return true;
}

ssize_t
stream_recv(int fd, void *buf, size_t cap, int64_t end)
{
	ssize_t n;

	for (;;) {
		n = recv(fd, buf, cap, 0);
		if (n >= 0)
			return n;
		if (errno == ECONNRESET || errno == EPIPE)
			return 0;
		if ((errno != EAGAIN && errno != EINTR) ||
		    !ready(fd, POLLIN, end))
			return -1;
	}
}

/* Exactly len bytes. */
static bool
recv_all(int fd, uint8_t *p, size_t len, int64_t end)
{
	ssize_t n;

	while (len > 0) {
		n = stream_recv(fd, p, len, end);
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

uint8_t *
stream_recv_record(int fd, size_t max, size_t *len, int64_t end)
{
	uint8_t *rec = NULL, *more;
	uint32_t mark;
	size_t frag;

	*len = 0;
	do {
		if (!recv_all(fd, (uint8_t *)&mark, sizeof(mark), end))
			goto fail;
		mark = ntohl(mark);
		frag = mark & 0x7fffffffu;
		if (frag > max - *len ||
		    (more = realloc(rec, *len + frag + 1)) == NULL)
			goto fail;
		rec = more;
		if (!recv_all(fd, rec + *len, frag, end))
			goto fail;
		*len += frag;
	} while ((mark & 0x80000000u) == 0);
	return rec;
fail:
	free(rec);
	return NULL;
}
