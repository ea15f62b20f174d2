/*
 * host.h - every system call on the vault's files.
 *
 * The seam between the vault and the system: what differs between Linux,
 * macOS and the BSDs is settled here, and tests can make any call slow, fail or
 * be the last one (host_set_hook).  Paths are relative to the vault's folder,
 * given as a descriptor; symbolic links are never followed at the last part.
 *
 * Errors: -1 and errno, as the system call; the callers, who know what it was
 * for, write the sentence.  Interrupted and short transfers are gone on with.
 * Threads: any.  All of these may block.
 */
#ifndef VAULT_HOST_H
#define VAULT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

enum host_op {
	HOST_OPEN, HOST_CLOSE, HOST_STAT, HOST_FSTAT, HOST_READ, HOST_WRITE,
	HOST_TRUNCATE, HOST_SYNC, HOST_RENAME, HOST_LINK, HOST_UNLINK,
	HOST_RMDIR, HOST_MKDIR, HOST_CHMOD, HOST_CHOWN, HOST_UTIMES,
	HOST_OPENDIR, HOST_READDIR, HOST_EXCHANGE, HOST_ORDER, HOST_STATFS,
};

/*
 * Called before each system call with its kind and path (NULL for calls on a
 * descriptor).  Returns 0 to go on, or the errno with which the call is to fail
 * without being made.  Set and cleared while no vault is in use; NULL: none.
 */
typedef int host_hook_fn(void *ctx, enum host_op op, const char *path);
void host_set_hook(host_hook_fn *fn, void *ctx);

/*
 * What has just happened to contents and names of files.  For tests that cut
 * the power.
 *
 * HOST_WRITE of len bytes at data to off; HOST_TRUNCATE to off bytes; HOST_OPEN
 * of fd that may have made path; HOST_MKDIR, HOST_UNLINK, HOST_RMDIR of path;
 * HOST_RENAME, HOST_LINK, HOST_EXCHANGE of path and to; HOST_SYNC of fd, of
 * path, or with neither of everything; HOST_ORDER of fd.
 */
struct host_event {
	enum host_op	 op;
	int		 fd;		/* -1: by path */
	const char	*path, *to;
	const void	*data;
	size_t		 len;
	uint64_t	 off;
};
typedef void host_record_fn(void *ctx, const struct host_event *ev);
/* Told of each, in its order, after it succeeded; NULL: none. */
void host_set_recorder(host_record_fn *fn, void *ctx);

/* What stat tells, with the time of birth where the system knows it. */
struct host_stat {
	mode_t		mode;
	uint32_t	nlink;
	uint32_t	uid, gid;
	uint64_t	size;		/* bytes on disk */
	uint64_t	used;		/* bytes allocated */
	uint64_t	ino;
	uint64_t	dev;
	struct timespec	atime, mtime, ctime;
	struct timespec	btime;		/* zero if not known */
};

int host_root(const char *path);	/* the vault's folder: a descriptor */
int host_open(int root, const char *path, int flags, mode_t mode);
int host_close(int fd);
int host_stat(int root, const char *path, struct host_stat *st);
int host_fstat(int fd, struct host_stat *st);

/* Up to len bytes; less only at the end of the file. */
ssize_t host_read(int fd, void *buf, size_t len, uint64_t disk_off);
ssize_t host_readv(int fd, struct iovec *iov, int n, uint64_t disk_off);

/*
 * The same if it is in memory; what is not is left out or, if that is all,
 * EAGAIN.  EOPNOTSUPP: this system or storage cannot tell.
 */
ssize_t host_readv_now(int fd, const struct iovec *iov, int n,
    uint64_t disk_off);

/* All of it or -1 (what was written then is undefined). iov is used up. */
int host_write(int fd, const void *buf, size_t len, uint64_t disk_off);
int host_writev(int fd, struct iovec *iov, int n, uint64_t disk_off);

int host_truncate(int fd, uint64_t disk_size);
int host_sync(int fd);		/* data and what is needed to reach it */
int host_sync_path(int root, const char *path);	/* a folder or a file */
int host_sync_all(int root);	/* all of the file system */
/*
 * What was written is on the disk before any change of names that comes after
 * it, as far as the file system keeps an order: ext4 with its ordered data
 * does, on others bytes that are under way already arrive first, as a rule.  It
 * waits for nothing, but where the system has no call for it: that syncs.
 */
int host_order(int fd);
/*
 * Is one of these under way, on any thread?  A change of names may then have to
 * wait for it in the file system.
 */
bool host_syncing(void);

int host_rename(int root, const char *from, const char *to);
/* EEXIST if to is there already, also where the system has no such call. */
int host_rename_new(int root, const char *from, const char *to);
/* Both names, of whatever kind, at once; EINVAL or ENOSYS: cannot be had. */
int host_exchange(int root, const char *from, const char *to);
int host_link(int root, const char *from, const char *to);
int host_unlink(int root, const char *path);
int host_rmdir(int root, const char *path);
int host_mkdir(int root, const char *path, mode_t mode);
int host_chmod(int root, const char *path, mode_t mode);
int host_chown(int root, const char *path, uid_t uid, gid_t gid);
/* UTIME_NOW and UTIME_OMIT count. */
int host_utimes(int root, const char *path, const struct timespec ts[2]);
int host_futimes(int fd, const struct timespec ts[2]);
/*
 * Now, by the clock that file systems take times from; some milliseconds ahead
 * of it where that cannot be asked.
 */
void host_stamp(struct timespec *ts);

/* A whole small file, at most max bytes (EFBIG); -1 or its length. */
ssize_t host_read_file(int root, const char *path, void *buf, size_t max);
/* A new file (EEXIST) with these bytes, which are durable when they are. */
enum host_when { HOST_WHENEVER, HOST_DURABLE, HOST_BEFORE_NAMES };
int host_write_file(int root, const char *path, const void *buf, size_t len,
    mode_t mode, enum host_when when);

/* One entry of a folder; d_type as a hint. */
struct host_dirent {
	const char	*name;		/* until the next host_readdir() */
	uint64_t	 ino;
	enum { HOST_DT_UNKNOWN, HOST_DT_FILE, HOST_DT_DIR, HOST_DT_OTHER } type;
};
struct host_dir;
struct host_dir *host_opendir(int root, const char *path);
/* 1: an entry, 0: the end, -1: an error.  "." and ".." are left out. */
int host_readdir(struct host_dir *d, struct host_dirent *ent);
void host_closedir(struct host_dir *d);		/* NULL is ignored */

struct host_space {
	uint64_t	total, free, avail;		/* bytes */
	uint64_t	files, files_free, files_avail;
};
int host_space(int root, struct host_space *s);

/*
 * Lock the folder for as long as root is open, against others on this host who
 * ask: alone, or shared with those who share.  EWOULDBLOCK: it is taken; other
 * errors: this storage has no locks.
 */
int host_lock(int root, bool shared);

#endif /* VAULT_HOST_H */
