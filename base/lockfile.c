/*
 * lockfile.c - a file that one process at a time has.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
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
