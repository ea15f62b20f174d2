/*
 * host_file.c - small files as a whole, on the calls of host.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>

#include "vault/host.h"

ssize_t
host_read_file(int root, const char *path, void *buf, size_t max)
{
	char more;
	ssize_t n;
	int fd, saved;

	/* O_NONBLOCK: a fifo put there by somebody must not stop us. */
	if ((fd = host_open(root, path, O_RDONLY | O_NONBLOCK, 0)) == -1)
		return -1;
	n = host_read(fd, buf, max, 0);
	if (n == (ssize_t)max && host_read(fd, &more, 1, max) == 1) {
		errno = EFBIG;
		n = -1;
	}
	saved = errno;
	(void)host_close(fd);
	errno = saved;
	return n;
}

int
host_write_file(int root, const char *path, const void *buf, size_t len,
    mode_t mode, enum host_when when)
{
	int fd, saved;

	if ((fd = host_open(root, path, O_WRONLY | O_CREAT | O_EXCL,
	    mode)) == -1)
		return -1;
	if (host_write(fd, buf, len, 0) == -1 ||
	    (when == HOST_DURABLE && host_sync(fd) == -1) ||
	    (when == HOST_BEFORE_NAMES && host_order(fd) == -1))
		goto err;
	if (host_close(fd) == -1) {
		fd = -1;
		goto err;
	}
	return 0;
err:
	saved = errno;
	if (fd != -1)
		(void)host_close(fd);
	(void)host_unlink(root, path);
	errno = saved;
	return -1;
}
