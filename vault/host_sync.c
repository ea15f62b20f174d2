/*
 * host_sync.c - what makes things durable, and whether somebody is at it now.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "vault/host.h"
#include "vault/host_int.h"

static _Atomic unsigned under_way;

static int
sync_fd(int fd)
{
#ifdef F_FULLFSYNC
	/* macOS: fsync() leaves data in the drive's cache. */
	if (fcntl(fd, F_FULLFSYNC) == 0)
		return 0;
#endif
#ifdef HAVE_FDATASYNC
	return fdatasync(fd);
#else
	return fsync(fd);
#endif
}

bool
host_syncing(void)
{
	return atomic_load_explicit(&under_way, memory_order_relaxed) > 0;
}

int
host_sync(int fd)
{
	int r;

	if (host_hooked(HOST_SYNC, NULL))
		return -1;
	atomic_fetch_add(&under_way, 1);
	r = sync_fd(fd);
	atomic_fetch_sub(&under_way, 1);
	if (r == -1)
		return -1;
	host_record(&(struct host_event){ .op = HOST_SYNC, .fd = fd });
	return 0;
}

static int
order_fd(int fd)
{
#ifdef HAVE_SYNC_FILE_RANGE
	/* Its blocks are found now, so its transaction waits for the bytes. */
	if (sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == 0)
		return 0;
	if (errno == EIO || errno == ENOSPC)
		return -1;
#endif
#ifdef F_BARRIERFSYNC
	if (fcntl(fd, F_BARRIERFSYNC) == 0)
		return 0;
#endif
	return sync_fd(fd);
}

int
host_order(int fd)
{
	if (host_hooked(HOST_ORDER, NULL) || order_fd(fd) == -1)
		return -1;
	host_record(&(struct host_event){ .op = HOST_ORDER, .fd = fd });
	return 0;
}

int
host_sync_path(int root, const char *path)
{
	int fd, r, saved;

	if (host_hooked(HOST_SYNC, path))
		return -1;
	fd = openat(root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return -1;
	atomic_fetch_add(&under_way, 1);
	r = fsync(fd);
	atomic_fetch_sub(&under_way, 1);
	/* Some network file systems cannot sync a folder, and need not. */
	if (r == -1 && (errno == EINVAL || errno == ENOTSUP))
		r = 0;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return host_record_name(r, HOST_SYNC, path, NULL);
}

int
host_sync_all(int root)
{
	int r = 0;

	if (host_hooked(HOST_SYNC, NULL))
		return -1;
	atomic_fetch_add(&under_way, 1);
#ifdef HAVE_SYNCFS
	r = syncfs(root);
#else
	(void)root;
	sync();
#endif
	atomic_fetch_sub(&under_way, 1);
	return host_record_name(r, HOST_SYNC, NULL, NULL);
}
