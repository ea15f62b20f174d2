/*
 * mount_record.h - what is known of a mount: a file in the run directory.
 *
 * One for each mount point, made by who mounts, read by who unmounts, or asks.
 * The server holds a lock on it (flock) as long as it lives, so whether it is
 * dead is known without a pid that may be another's by now.  When it ends by
 * itself it writes how.  Nobody but the folder's owner reads or writes it.
 */
#ifndef NFSD_MOUNT_RECORD_H
#define NFSD_MOUNT_RECORD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verr;

struct mount_record {
	char		file[PATH_MAX];		/* its own path */
	char		dir[PATH_MAX];		/* the mount point */
	char		vault[PATH_MAX];
	char		name[256];		/* of the export */
	char		net[PATH_MAX];		/* its network, or "" */
	char		log[PATH_MAX];
	long		pid, uid;		/* the server's */
	uint16_t	port;
	bool		read_only;
	int		ended;			/* its exit, or -1 */

	int		fd;			/* -1: not open */
	bool		alive;			/* somebody has the lock */
};

/*
 * The record of dir in the folder run: r->alive, or it is locked by us until
 * mount_record_close().  It is made if need be with make, and r->dir is set;
 * r->pid is 0 if it is new.  VERR_NOENT: there is none.
 */
int mount_record_open(struct mount_record *r, const char *run,
    const char *dir, bool make, struct verr *e);

/* The members into the file; we have the lock. */
int mount_record_write(struct mount_record *r, struct verr *e);

/* By the server, at its end; any descriptor of the file will do. */
void mount_record_ended(int fd, int code);

/* Wait until the server has ended; false: not in that time. */
bool mount_record_wait(struct mount_record *r, unsigned timeout_ms);

/* It and its network's name are gone; nothing is mounted any more. */
void mount_record_remove(struct mount_record *r);

/* The lock goes with it, unless a child has it too.  -1 is ignored. */
void mount_record_close(struct mount_record *r);

/* All in run; each() closes none.  Nothing if there is no such folder. */
void mount_record_each(const char *run,
    void (*each)(void *ctx, struct mount_record *r), void *ctx);

#endif /* NFSD_MOUNT_RECORD_H */
