/*
 * mount.h - the kernel's NFS client is told to mount, and to let go.
 *
 * What differs between systems is in mount_linux.c, mount_darwin.c and
 * mount_bsd.c, one of which is compiled; what none of them has is in
 * mount_none.c.  Not for the process that serves: what walks into its own mount
 * waits for itself.
 */
#ifndef NFSD_MOUNT_H
#define NFSD_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "nfsd/mount_opts.h"

struct verr;

/* As mount tables show it; no host of that name is asked for. */
#define MOUNT_HOST	"127.0.0.1"

/* RFC 1813 section 2.4; systems' headers have xdr/nfs3.h's names, too */
#define MOUNT_FH_MAX	64

struct mount_how {
	const char	*dir;		/* absolute, without links */
	const char	*name;		/* of the export, without '/' */
	uint16_t	 port;		/* on 127.0.0.1, NFS and MOUNT */
	uint8_t		 root[MOUNT_FH_MAX];	/* handle of its root */
	size_t		 root_len;		/* 0: it is not known */
	bool		 read_only;
	struct mount_opts opts;
};

/*
 * Could this user mount on dir at all?  Before anybody types a password.
 * VERR_UNSUPPORTED: the kernel has no NFS client; VERR_PERM: only root may.
 * The text says what to do.
 */
int mount_can(const char *dir, struct verr *e);

/*
 * Mount.  Whatever it is, the errno is in e->sys; the text says what to do
 * where that is known.
 */
int mount_do(const struct mount_how *how, struct verr *e);

enum mount_undo {
	MOUNT_GENTLY,	/* what was written is sent first; VERR_BUSY: in use */
	MOUNT_FORCE,	/* no call of it is waited for; it may be in use */
};

/* Never follows a link.  VERR_INVAL: nothing is mounted there. */
int mount_undo(const char *dir, enum mount_undo how, struct verr *e);

/*
 * The table of mounts as this process sees it now, to be asked later, also from
 * another namespace.  It asks no server, so it does not wait for one.
 */
struct mount_table;
struct mount_table *mount_table_open(struct verr *e);
void mount_table_close(struct mount_table *t);	/* NULL is ignored */
int mount_table_fd(const struct mount_table *t);	/* or -1: it has none */

enum mount_seen {
	MOUNT_NOTHING,
	MOUNT_AUTO,		/* autofs, which mounts when somebody looks */
	MOUNT_IS_NFS,
	MOUNT_OTHER,
	MOUNT_UNKNOWN
};

#define MOUNT_ID_MAX	48u

/*
 * What is mounted on dir (absolute, without links): the last one there.  Its
 * file system, which keeps its name when the mount moves, in id unless NULL.
 */
enum mount_seen mount_table_look(struct mount_table *t, const char *dir,
    char id[MOUNT_ID_MAX]);

/* Is it mounted anywhere?  Also if that is not known. */
bool mount_table_has(struct mount_table *t, const char *id);

/*
 * A network of its own, with nothing but a loopback interface, in which a
 * server listens and from which it is mounted: nobody else gets in.  Linux, as
 * root; elsewhere VERR_UNSUPPORTED.
 */
int mount_net_new(struct verr *e);		/* a descriptor for it */
int mount_net_open(const char *path, struct verr *e);	/* one that was kept */
/* Give it a name in the file system, so that it outlives its processes. */
int mount_net_keep(int net, const char *path, struct verr *e);
void mount_net_forget(const char *path);
/* The calling thread is in it from now on; *back is where it was, or NULL. */
int mount_net_enter(int net, int *back, struct verr *e);

/*
 * For the process that will serve, before it opens anything: what is mounted
 * on dir, now (if it is mounted) or later, is not seen by it.  Nothing where
 * this is unknown.
 */
int mount_hide(const char *dir, bool mounted, struct verr *e);

/*
 * For who is not root: "" or the options of an entry for dir in the system's
 * table (fstab) that lets users mount NFS there, and its port.  false: there
 * is none.
 */
bool mount_entry(const char *dir, uint16_t *port);

/* The system's own program does it, by that entry; -1: it has said why. */
int mount_by_entry(const char *dir, bool undo, struct verr *e);

/* What a user who may not mount can do; dir is named in it. */
void mount_advice(const char *dir, const char *name, char *out, size_t cap);

#endif /* NFSD_MOUNT_H */
