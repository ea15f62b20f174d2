/*
 * lockfile.c - a file that one process at a time has.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/lockfile.h"
#include "base/verr.h"

int
lockfile_open(const char *path, bool make, off_t *size, struct verr *e)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW |
	    (make ? O_CREAT : 0), 0600);

	if (fd == -1)
		return verr_sys(e, "cannot open %s", path);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid()) {
		(void)close(fd);
		return verr_fail(e, VERR_INVAL, "%s: not a plain file of this "
		    "user", path);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		(void)close(fd);
		return verr_fail(e, VERR_BUSY, "%s is in use by another "
		    "server", path);
	}
	*size = st.st_size;
	return fd;
}

int
lockfile_zero(int fd, size_t len)
{
	static const uint8_t zeros[16384];
	size_t done = 0, part;
	ssize_t n;

	if (ftruncate(fd, 0) == -1)
		return -1;
	while (done < len) {
		part = len - done < sizeof(zeros) ? len - done : sizeof(zeros);
		n = pwrite(fd, zeros, part, (off_t)done);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

void
lockfile_rest(void *map, size_t len)
{
#ifdef MADV_DONTNEED
	(void)madvise(map, len, MADV_DONTNEED);
#else
	(void)map, (void)len;
#endif
}
