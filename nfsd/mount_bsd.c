/*
 * mount_bsd.c - FreeBSD: nmount(2); OpenBSD and NetBSD: mount(2) with struct
 * nfs_args.
 *
 * The handle of the root is given, so nobody is asked for it: mount_nfs(8) of
 * these systems would look for mountd through rpcbind, which is not told of us.
 */
#include "config.h"

#include <sys/param.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>
#ifdef __NetBSD__
#include <sys/statvfs.h>
#include <nfs/rpcv2.h>
#include <nfs/nfsmount.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/mount.h"

int
mount_can(const char *dir, struct verr *e)
{
	/* FreeBSD: sysctl vfs.usermount lets users, on folders of their own */
	if (geteuid() != 0 && access(dir, W_OK) == -1)
		return verr_fail(e, VERR_PERM, "cannot mount on %s: only root "
		    "may", dir);
	return 0;
}

static int
failed(struct verr *e, const char *dir)
{
	int err = errno;

	(void)verr_sys(e, "cannot mount on %s", dir);
	if (e != NULL)
		e->sys = err;
	return -1;
}

static void
set_address(const struct mount_how *how, struct sockaddr_in *sin)
{
	memset(sin, 0, sizeof(*sin));
	sin->sin_len = sizeof(*sin);
	sin->sin_family = AF_INET;
	sin->sin_port = htons(how->port);
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

#ifdef __FreeBSD__

#define PAIRS_MAX	(2 * (MOUNT_WORDS_MAX + 12))

struct pairs {
	struct iovec	iov[PAIRS_MAX];
	unsigned	n;
};

static void
add(struct pairs *p, const char *name, const void *value, size_t len)
{
	if (p->n + 2 > PAIRS_MAX)
		return;
	p->iov[p->n].iov_base = (void *)(uintptr_t)name;
	p->iov[p->n++].iov_len = strlen(name) + 1;
	p->iov[p->n].iov_base = (void *)(uintptr_t)value;
	p->iov[p->n++].iov_len = len;
}

static void
add_text(struct pairs *p, const char *name, const char *value)
{
	add(p, name, value, value == NULL ? 0 : strlen(value) + 1);
}

/* "name=value" becomes two strings in place; suid and the like are none. */
static void
add_word(struct pairs *p, char *word)
{
	char *eq = strchr(word, '=');

	if (eq != NULL)
		*eq++ = '\0';
	else if (strcmp(word, "suid") == 0 || strcmp(word, "exec") == 0)
		return;
	add_text(p, word, eq);
}

int
mount_do(const struct mount_how *how, struct verr *e)
{
	struct mount_opts opts = how->opts;
	struct pairs p = { .n = 0 };
	struct sockaddr_in sin;
	char from[300], why[256] = "";
	unsigned i;

	set_address(how, &sin);
	(void)snprintf(from, sizeof(from), "%s:/%s", MOUNT_HOST, how->name);
	add_text(&p, "fstype", "nfs");
	add_text(&p, "fspath", how->dir);
	add_text(&p, "from", from);
	add_text(&p, "hostname", from);
	add(&p, "addr", &sin, sizeof(sin));
	add(&p, "fh", how->root, how->root_len);
	add_text(&p, "nfsv3", NULL);
	add_text(&p, "tcp", NULL);
	if (how->read_only)
		add_text(&p, "ro", NULL);
	for (i = 0; i < opts.n; i++)
		add_word(&p, opts.word[i]);
	add(&p, "errmsg", why, sizeof(why));
	if (nmount(p.iov, p.n, 0) == 0)
		return 0;
	if (why[0] == '\0')
		return failed(e, how->dir);
	return verr_fail(e, VERR_IO, "cannot mount on %s: %s", how->dir, why);
}

#else

static int
flags_of(const struct mount_how *how)
{
	int flags = how->read_only ? MNT_RDONLY : 0;

	if (mount_opts_get(&how->opts, "nosuid") != NULL)
		flags |= MNT_NOSUID;
	if (mount_opts_get(&how->opts, "nodev") != NULL)
		flags |= MNT_NODEV;
	if (mount_opts_get(&how->opts, "noexec") != NULL)
		flags |= MNT_NOEXEC;
	if (mount_opts_get(&how->opts, "noatime") != NULL)
		flags |= MNT_NOATIME;
	return flags;
}

static void
set_sizes(const struct mount_opts *o, struct nfs_args *a)
{
	a->flags = NFSMNT_NFSV3 | NFSMNT_WSIZE | NFSMNT_RSIZE |
	    NFSMNT_READAHEAD;
	a->wsize = (int)mount_opts_number(o, "wsize", 32768);
	a->rsize = (int)mount_opts_number(o, "rsize", 32768);
	a->readahead = (int)mount_opts_number(o, "readahead", 4);
	if (mount_opts_get(o, "soft") != NULL)
		a->flags |= NFSMNT_SOFT;
	if (mount_opts_get(o, "intr") != NULL)
		a->flags |= NFSMNT_INT;
	if (mount_opts_get(o, "rdirplus") != NULL)
		a->flags |= NFSMNT_RDIRPLUS;
}

int
mount_do(const struct mount_how *how, struct verr *e)
{
	struct nfs_args a;
	struct sockaddr_in sin;
	uint8_t fh[MOUNT_FH_MAX];
	char host[300];

	set_address(how, &sin);
	memcpy(fh, how->root, sizeof(fh));
	(void)snprintf(host, sizeof(host), "%s:/%s", MOUNT_HOST, how->name);
	memset(&a, 0, sizeof(a));
	a.version = NFS_ARGSVERSION;
	a.addr = (struct sockaddr *)&sin;
	a.addrlen = sizeof(sin);
	a.sotype = SOCK_STREAM;
	a.fh = fh;
	a.fhsize = (int)how->root_len;
	a.hostname = host;
	set_sizes(&how->opts, &a);
#ifdef __NetBSD__
	if (mount("nfs", how->dir, flags_of(how), &a, sizeof(a)) == 0)
		return 0;
#else
	if (mount("nfs", how->dir, flags_of(how), &a) == 0)
		return 0;
#endif
	return failed(e, how->dir);
}

#endif

int
mount_undo(const char *dir, enum mount_undo how, struct verr *e)
{
	if (unmount(dir, how == MOUNT_FORCE ? MNT_FORCE : 0) == 0)
		return 0;
	if (errno == EINVAL)
		return verr_fail(e, VERR_INVAL, "nothing is mounted on %s",
		    dir);
	if (errno == EBUSY)
		return verr_fail(e, VERR_BUSY, "%s is in use: a program has a "
		    "file open there, or is in it ('fstat -f %s' lists them)",
		    dir, dir);
	return verr_sys(e, "cannot unmount %s", dir);
}

struct mount_table {
	int	nothing;
};

struct mount_table *
mount_table_open(struct verr *e)
{
	struct mount_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		(void)verr_fail(e, VERR_NOMEM, "out of memory");
	return t;
}

void
mount_table_close(struct mount_table *t)
{
	free(t);
}

int
mount_table_fd(const struct mount_table *t)
{
	(void)t;
	return -1;
}

#ifdef __NetBSD__
typedef struct statvfs mount_row;
#define GET_ALL	getvfsstat
#define FSID	f_fsidx
#else
typedef struct statfs mount_row;
#define GET_ALL	getfsstat
#define FSID	f_fsid
#endif

/* MNT_NOWAIT: what the kernel knows, without asking a server. */
static int
get_all(mount_row **all)
{
	int n;

	if ((n = GET_ALL(NULL, 0, MNT_NOWAIT)) < 0 ||
	    (*all = calloc((size_t)n + 8, sizeof(**all))) == NULL)
		return -1;
	n = GET_ALL(*all, ((size_t)n + 8) * sizeof(**all), MNT_NOWAIT);
	if (n < 0)
		free(*all);
	return n;
}

static void
set_id(const mount_row *row, char id[MOUNT_ID_MAX])
{
	uint32_t v[2];

	memcpy(v, &row->FSID, sizeof(v));
	(void)snprintf(id, MOUNT_ID_MAX, "%08lx%08lx", (unsigned long)v[0],
	    (unsigned long)v[1]);
}

enum mount_seen
mount_table_look(struct mount_table *t, const char *dir,
    char id[MOUNT_ID_MAX])
{
	enum mount_seen seen = MOUNT_NOTHING;
	mount_row *all;
	int i, n;

	(void)t;
	if ((n = get_all(&all)) < 0)
		return MOUNT_UNKNOWN;
	for (i = 0; i < n; i++) {
		if (strcmp(all[i].f_mntonname, dir) != 0)
			continue;
		seen = strcmp(all[i].f_fstypename, "nfs") == 0 ? MOUNT_IS_NFS :
		    MOUNT_OTHER;
		if (id != NULL)
			set_id(&all[i], id);
	}
	free(all);
	return seen;
}

bool
mount_table_has(struct mount_table *t, const char *id)
{
	char one[MOUNT_ID_MAX];
	bool found = false;
	mount_row *all;
	int i, n;

	(void)t;
	if ((n = get_all(&all)) < 0)
		return true;
	for (i = 0; i < n && !found; i++) {
		set_id(&all[i], one);
		found = strcmp(one, id) == 0;
	}
	free(all);
	return found;
}
