#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#ifdef HAVE_SYS_SYSMACROS_H
#include <sys/sysmacros.h>
#endif

#include "vault/host.h"
#include "vault/host_int.h"

int
host_root(const char *path)
{
	if (host_hooked(HOST_OPEN, path))
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
host_open(int root, const char *path, int flags, mode_t mode)
{
	int fd;

	if (host_hooked(HOST_OPEN, path))
		return -1;
	do
		fd = openat(root, path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
	while (fd == -1 && errno == EINTR);
	if (fd != -1 && flags & O_CREAT)
		host_record(&(struct host_event){ .op = HOST_OPEN, .fd = fd,
		    .path = path });
	return fd;
}

int
host_close(int fd)
{
	int err = host_hooked(HOST_CLOSE, NULL) ? errno : 0;

	if (close(fd) == -1 && errno != EINTR)
		return -1;
	if (err != 0) {
		errno = err;
		return -1;
	}
	return 0;
}

#ifdef HAVE_STATX
/* statx tells the time of birth, which makes inode numbers unmistakable. */
static int
stat_at(int fd, const char *path, int flags, struct host_stat *st)
{
	struct statx sx;

	if (statx(fd, path, flags | AT_SYMLINK_NOFOLLOW,
	    STATX_BASIC_STATS | STATX_BTIME, &sx) == -1)
		return -1;
	memset(st, 0, sizeof(*st));
	st->mode = sx.stx_mode;
	st->nlink = sx.stx_nlink;
	st->uid = sx.stx_uid;
	st->gid = sx.stx_gid;
	st->size = sx.stx_size;
	st->used = sx.stx_blocks * 512;
	st->ino = sx.stx_ino;
	st->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	st->atime = (struct timespec){ sx.stx_atime.tv_sec,
	    sx.stx_atime.tv_nsec };
	st->mtime = (struct timespec){ sx.stx_mtime.tv_sec,
	    sx.stx_mtime.tv_nsec };
	st->ctime = (struct timespec){ sx.stx_ctime.tv_sec,
	    sx.stx_ctime.tv_nsec };
	if (sx.stx_mask & STATX_BTIME)
		st->btime = (struct timespec){ sx.stx_btime.tv_sec,
		    sx.stx_btime.tv_nsec };
	return 0;
}

int
host_stat(int root, const char *path, struct host_stat *st)
{
	if (host_hooked(HOST_STAT, path))
		return -1;
	return stat_at(root, path, 0, st);
}

int
host_fstat(int fd, struct host_stat *st)
{
	if (host_hooked(HOST_FSTAT, NULL))
		return -1;
	return stat_at(fd, "", AT_EMPTY_PATH, st);
}
#else
static void
from_stat(struct host_stat *st, const struct stat *sb)
{
	memset(st, 0, sizeof(*st));
	st->mode = sb->st_mode;
	st->nlink = (uint32_t)sb->st_nlink;
	st->uid = sb->st_uid;
	st->gid = sb->st_gid;
	st->size = (uint64_t)sb->st_size;
	st->used = (uint64_t)sb->st_blocks * 512;
	st->ino = sb->st_ino;
	st->dev = (uint64_t)sb->st_dev;
#ifdef __APPLE__
	st->atime = sb->st_atimespec;
	st->mtime = sb->st_mtimespec;
	st->ctime = sb->st_ctimespec;
	st->btime = sb->st_birthtimespec;
#else
	st->atime = sb->st_atim;
	st->mtime = sb->st_mtim;
	st->ctime = sb->st_ctim;
#if defined(__FreeBSD__)
	st->btime = sb->st_birthtim;
#elif defined(__NetBSD__)
	st->btime = sb->st_birthtimespec;
#elif defined(__OpenBSD__)
	st->btime = sb->__st_birthtim;
#endif
#endif
}

int
host_stat(int root, const char *path, struct host_stat *st)
{
	struct stat sb;

	if (host_hooked(HOST_STAT, path) ||
	    fstatat(root, path, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	from_stat(st, &sb);
	return 0;
}

int
host_fstat(int fd, struct host_stat *st)
{
	struct stat sb;

	if (host_hooked(HOST_FSTAT, NULL) || fstat(fd, &sb) == -1)
		return -1;
	from_stat(st, &sb);
	return 0;
}
#endif

ssize_t
host_read(int fd, void *buf, size_t len, uint64_t disk_off)
{
	struct iovec iov = { buf, len };

	return host_readv(fd, &iov, 1, disk_off);
}

/* Take n bytes off the front of the list; returns what is left of it. */
static int
advance(struct iovec **iov, int n, size_t done)
{
	while (n > 0 && done >= (*iov)->iov_len) {
		done -= (*iov)->iov_len;
		(*iov)++;
		n--;
	}
	if (n > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + done;
		(*iov)->iov_len -= done;
	}
	return n;
}

ssize_t
host_readv(int fd, struct iovec *iov, int n, uint64_t disk_off)
{
	size_t got = 0;
	ssize_t r;

	n = advance(&iov, n, 0);
	while (n > 0) {
		if (host_hooked(HOST_READ, NULL))
			return -1;
		r = preadv(fd, iov, n, (off_t)(disk_off + got));
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
		n = advance(&iov, n, (size_t)r);
	}
	return (ssize_t)got;
}

ssize_t
host_readv_now(int fd, const struct iovec *iov, int n, uint64_t disk_off)
{
#if defined(HAVE_PREADV2) && defined(RWF_NOWAIT)
	if (host_hooked(HOST_READ, NULL))
		return -1;
	return preadv2(fd, iov, n, (off_t)disk_off, RWF_NOWAIT);
#else
	(void)fd, (void)iov, (void)n, (void)disk_off;
	errno = EOPNOTSUPP;
	return -1;
#endif
}

int
host_write(int fd, const void *buf, size_t len, uint64_t disk_off)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };

	return host_writev(fd, &iov, 1, disk_off);
}

int
host_writev(int fd, struct iovec *iov, int n, uint64_t disk_off)
{
	ssize_t r;

	n = advance(&iov, n, 0);
	while (n > 0) {
		if (host_hooked(HOST_WRITE, NULL))
			return -1;
		r = pwritev(fd, iov, n, (off_t)disk_off);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		host_record_write(fd, iov, (size_t)r, disk_off);
		disk_off += (size_t)r;
		n = advance(&iov, n, (size_t)r);
	}
	return 0;
}

int
host_truncate(int fd, uint64_t disk_size)
{
	int r;

	if (host_hooked(HOST_TRUNCATE, NULL))
		return -1;
	do
		r = ftruncate(fd, (off_t)disk_size);
	while (r == -1 && errno == EINTR);
	if (r == 0)
		host_record(&(struct host_event){ .op = HOST_TRUNCATE,
		    .fd = fd, .off = disk_size });
	return r;
}

static int
move(int root, const char *from, const char *to)
{
	return host_record_name(renameat(root, from, root, to), HOST_RENAME,
	    from, to);
}

int
host_rename(int root, const char *from, const char *to)
{
	if (host_hooked(HOST_RENAME, to))
		return -1;
	return move(root, from, to);
}

int
host_rename_new(int root, const char *from, const char *to)
{
	struct stat sb;

	if (host_hooked(HOST_RENAME, to))
		return -1;
#if defined(HAVE_RENAMEAT2)
	if (renameat2(root, from, root, to, RENAME_NOREPLACE) == 0)
		return host_record_name(0, HOST_RENAME, from, to);
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
#elif defined(__APPLE__)
	if (renameatx_np(root, from, root, to, RENAME_EXCL) == 0)
		return host_record_name(0, HOST_RENAME, from, to);
	if (errno != ENOTSUP)
		return -1;
#endif
	/*
	 * A file system without the atomic form.  Our own threads hold the
	 * directory's lock; only a foreign writer could come in between.
	 */
	if (fstatat(root, to, &sb, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (errno != ENOENT)
		return -1;
	return move(root, from, to);
}

int
host_exchange(int root, const char *from, const char *to)
{
	if (host_hooked(HOST_EXCHANGE, to))
		return -1;
#if defined(HAVE_RENAMEAT2)
	return host_record_name(renameat2(root, from, root, to,
	    RENAME_EXCHANGE), HOST_EXCHANGE, from, to);
#elif defined(__APPLE__)
	return host_record_name(renameatx_np(root, from, root, to,
	    RENAME_SWAP), HOST_EXCHANGE, from, to);
#else
	(void)root, (void)from;
	errno = ENOSYS;
	return -1;
#endif
}

int
host_link(int root, const char *from, const char *to)
{
	if (host_hooked(HOST_LINK, to))
		return -1;
	return host_record_name(linkat(root, from, root, to, 0), HOST_LINK,
	    from, to);
}

int
host_unlink(int root, const char *path)
{
	if (host_hooked(HOST_UNLINK, path))
		return -1;
	return host_record_name(unlinkat(root, path, 0), HOST_UNLINK, path,
	    NULL);
}

int
host_rmdir(int root, const char *path)
{
	if (host_hooked(HOST_RMDIR, path))
		return -1;
	return host_record_name(unlinkat(root, path, AT_REMOVEDIR),
	    HOST_RMDIR, path, NULL);
}

int
host_mkdir(int root, const char *path, mode_t mode)
{
	if (host_hooked(HOST_MKDIR, path))
		return -1;
	return host_record_name(mkdirat(root, path, mode), HOST_MKDIR, path,
	    NULL);
}

int
host_chmod(int root, const char *path, mode_t mode)
{
	struct stat sb;

	if (host_hooked(HOST_CHMOD, path))
		return -1;
	/* fchmodat() follows links, and glibc cannot be told not to. */
	if (fstatat(root, path, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (S_ISLNK(sb.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	return fchmodat(root, path, mode, 0);
}

int
host_chown(int root, const char *path, uid_t uid, gid_t gid)
{
	if (host_hooked(HOST_CHOWN, path))
		return -1;
	return fchownat(root, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int
host_utimes(int root, const char *path, const struct timespec ts[2])
{
	if (host_hooked(HOST_UTIMES, path))
		return -1;
	return utimensat(root, path, ts, AT_SYMLINK_NOFOLLOW);
}

int
host_futimes(int fd, const struct timespec ts[2])
{
	if (host_hooked(HOST_UTIMES, NULL))
		return -1;
	return futimens(fd, ts);
}

void
host_stamp(struct timespec *ts)
{
#ifdef CLOCK_REALTIME_COARSE
	(void)clock_gettime(CLOCK_REALTIME_COARSE, ts);
#else
	(void)clock_gettime(CLOCK_REALTIME, ts);
#endif
}

int
host_space(int root, struct host_space *s)
{
	struct statvfs sv;
	uint64_t unit;

	if (host_hooked(HOST_STATFS, NULL) || fstatvfs(root, &sv) == -1)
		return -1;
	unit = sv.f_frsize != 0 ? sv.f_frsize : sv.f_bsize;
	s->total = sv.f_blocks * unit;
	s->free = sv.f_bfree * unit;
	s->avail = sv.f_bavail * unit;
	s->files = sv.f_files;
	s->files_free = sv.f_ffree;
	s->files_avail = sv.f_favail;
	return 0;
}
