/*
 * mount_linux.c - Linux: mount(2) of type nfs, umount2(2), mountinfo.
 *
 * The kernel is given the handle of the root (struct nfs_mount_data, version
 * 6, include/uapi/linux/nfs_mount.h): it asks no MOUNT protocol then.  That
 * form has no words for some options, and an old one may go away; then the
 * options are text, and the kernel asks for the handle itself (nfs(5); the text
 * form of fs/nfs/fs_context.c needs no mount.nfs).
 */
#include "config.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <linux/nfs_mount.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/mount.h"

#define TEXT_MAX	4000	/* bytes of options; a page is the most */

/* Options that are flags of mount(2), and no words for the client. */
static const struct {
	const char	*word;
	unsigned long	 set;
} ms_flags[] = {
	{ "nosuid", MS_NOSUID }, { "nodev", MS_NODEV },
	{ "noexec", MS_NOEXEC }, { "noatime", MS_NOATIME },
	{ "nodiratime", MS_NODIRATIME }, { "relatime", MS_RELATIME },
	{ "sync", MS_SYNCHRONOUS },
	{ "suid", 0 }, { "dev", 0 }, { "exec", 0 }, { "atime", 0 },
	{ "async", 0 }, { "intr", 0 },
};

/* Flags of struct nfs_mount_data, and its numbers. */
static const struct {
	const char	*word;
	int		 set;
} data_flags[] = {
	{ "soft", NFS_MOUNT_SOFT }, { "nocto", NFS_MOUNT_NOCTO },
	{ "noac", NFS_MOUNT_NOAC }, { "nolock", NFS_MOUNT_NONLM },
	{ "noacl", NFS_MOUNT_NOACL }, { "nordirplus", NFS_MOUNT_NORDIRPLUS },
	{ "hard", 0 }, { "cto", 0 }, { "ac", 0 }, { "acl", 0 },
	{ "rdirplus", 0 },
};

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static int
ms_flag(const char *word, unsigned long *flags)
{
	size_t i;

	for (i = 0; i < N(ms_flags); i++)
		if (strcmp(ms_flags[i].word, word) == 0) {
			*flags |= ms_flags[i].set;
			return 0;
		}
	return -1;
}

/* One word into the struct; false: it has no place there. */
static bool
into_data(const struct mount_opts *o, const char *word,
    struct nfs_mount_data *d)
{
	struct {
		const char	*name;
		int		*to;
	} numbers[] = {
		{ "rsize", &d->rsize }, { "wsize", &d->wsize },
		{ "timeo", &d->timeo }, { "retrans", &d->retrans },
		{ "acregmin", &d->acregmin }, { "acregmax", &d->acregmax },
		{ "acdirmin", &d->acdirmin }, { "acdirmax", &d->acdirmax },
	};
	size_t i, len = strcspn(word, "=");
	long n;

	for (i = 0; i < N(data_flags); i++)
		if (strcmp(data_flags[i].word, word) == 0) {
			d->flags |= data_flags[i].set;
			return true;
		}
	for (i = 0; i < N(numbers); i++) {
		if (strncmp(numbers[i].name, word, len) != 0 ||
		    numbers[i].name[len] != '\0')
			continue;
		n = mount_opts_number(o, numbers[i].name, -1);
		*numbers[i].to = (int)n;
		return n >= 0 && n <= 1 << 30;
	}
	return false;
}

static bool
fill_data(const struct mount_how *how, struct nfs_mount_data *d)
{
	unsigned long ignored = 0;
	unsigned i;

	memset(d, 0, sizeof(*d));
	d->version = 6;
	d->fd = -1;
	d->flags = NFS_MOUNT_VER3 | NFS_MOUNT_TCP;
	/* nfs(5): what the text form has unless told otherwise */
	d->timeo = 600;
	d->retrans = 2;
	d->acregmin = 3;
	d->acregmax = 60;
	d->acdirmin = 30;
	d->acdirmax = 60;
	d->namlen = 255;
	d->addr.sin_family = AF_INET;
	d->addr.sin_port = htons(how->port);
	d->addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)snprintf(d->hostname, sizeof(d->hostname), "%s", MOUNT_HOST);
	d->root.size = (unsigned short)how->root_len;
	memcpy(d->root.data, how->root, how->root_len);
	for (i = 0; i < how->opts.n; i++)
		if (strncmp(how->opts.word[i], "readahead=", 10) != 0 &&
		    ms_flag(how->opts.word[i], &ignored) == -1 &&
		    !into_data(&how->opts, how->opts.word[i], d))
			return false;
	return how->root_len > 0;
}

static bool
fill_text(const struct mount_how *how, char *text, size_t cap)
{
	unsigned long ignored = 0;
	unsigned i;
	size_t n;

	n = (size_t)snprintf(text, cap, "addr=%s,vers=3,proto=tcp,port=%u,"
	    "mountvers=3,mountproto=tcp,mountport=%u", MOUNT_HOST,
	    (unsigned)how->port, (unsigned)how->port);
	for (i = 0; i < how->opts.n && n < cap; i++)
		if (strncmp(how->opts.word[i], "readahead=", 10) != 0 &&
		    ms_flag(how->opts.word[i], &ignored) == -1)
			n += (size_t)snprintf(text + n, cap - n, ",%s",
			    how->opts.word[i]);
	return n < cap;
}

/*
 * The device of the mount is that of its root, and the directory of its
 * read-ahead is called so.  A refusal costs speed only.
 */
static void
set_read_ahead(const struct mount_how *how)
{
	long kib = mount_opts_number(&how->opts, "readahead", 0);
	char path[64], text[24];
	struct stat st;
	int fd, n;

	if (kib <= 0 || stat(how->dir, &st) == -1)
		return;
	(void)snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/"
	    "read_ahead_kb", major(st.st_dev), minor(st.st_dev));
	if ((fd = open(path, O_WRONLY | O_CLOEXEC)) == -1)
		return;
	n = snprintf(text, sizeof(text), "%ld", kib);
	if (write(fd, text, (size_t)n) != n)
		n = 0;
	(void)close(fd);
}

static const char *
reason(int err)
{
	switch (err) {
	case ENODEV:
		return "this kernel has no NFS client; 'modprobe nfs' may load "
		    "it (Debian's cloud kernels lack it), or 'vaultnfs ls, "
		    "get, put' do without";
	case EPERM:
	case EACCES:
		return "not permitted: in a container, mounting takes "
		    "CAP_SYS_ADMIN; else be root, as by sudo";
	case EPROTONOSUPPORT:
		return "this kernel's NFS client has no version 3 "
		    "(CONFIG_NFS_V3); 'modprobe nfsv3' may load it";
	case EBUSY:
		return "something is mounted there already, or a program is "
		    "in it";
	case EINVAL:
		return "the kernel refuses these options";
	default:
		return strerror(err);
	}
}

static int
failed(struct verr *e, int err, const char *dir)
{
	(void)verr_fail(e, err == ENODEV ? VERR_UNSUPPORTED :
	    verr_of_errno(err), "cannot mount on %.90s: %s", dir, reason(err));
	if (e != NULL)
		e->sys = err;
	return -1;
}

/*
 * Without options the client finds nothing to mount (EINVAL), but first the
 * kernel has looked for it, loaded its module, and asked who we are.
 */
int
mount_can(const char *dir, struct verr *e)
{
	if (mount("none", dir, "nfs", 0, NULL) == 0) {
		(void)umount2(dir, MNT_DETACH);
		return 0;
	}
	if (errno == EINVAL)
		return 0;
	return failed(e, errno, dir);
}

/* Told the handle, else asked for it: 0, or -1 and errno. */
static int
try_both(const struct mount_how *how, const char *source,
    unsigned long flags)
{
	struct nfs_mount_data data;
	char text[TEXT_MAX];

	if (fill_data(how, &data)) {
		if (mount(source, how->dir, "nfs", flags, &data) == 0)
			return 0;
		if (errno != EINVAL)
			return -1;
	}
	if (!fill_text(how, text, sizeof(text))) {
		errno = E2BIG;
		return -1;
	}
	return mount(source, how->dir, "nfs", flags, text);
}

int
mount_do(const struct mount_how *how, struct verr *e)
{
	unsigned long flags = how->read_only ? MS_RDONLY : 0;
	char source[300];
	unsigned i;

	for (i = 0; i < how->opts.n; i++)
		(void)ms_flag(how->opts.word[i], &flags);
	(void)snprintf(source, sizeof(source), "%s:/%s", MOUNT_HOST,
	    how->name);
	if (try_both(how, source, flags) == -1)
		return failed(e, errno, how->dir);
	set_read_ahead(how);
	return 0;
}

int
mount_undo(const char *dir, enum mount_undo how, struct verr *e)
{
	int flags = UMOUNT_NOFOLLOW;

	if (how == MOUNT_FORCE)
		flags |= MNT_FORCE | MNT_DETACH;
	if (umount2(dir, flags) == 0)
		return 0;
	if (errno == EINVAL)
		return verr_fail(e, VERR_INVAL, "nothing is mounted on %s",
		    dir);
	if (errno == EBUSY)
		return verr_fail(e, VERR_BUSY, "%s is in use: a program has a "
		    "file open there, or is in it ('fuser -vm %s' lists them)",
		    dir, dir);
	if (errno == EPERM)
		return verr_fail(e, VERR_PERM, "only root may unmount %s", dir);
	return verr_sys(e, "cannot unmount %s", dir);
}

struct mount_table {
	int	fd;
};

struct mount_table *
mount_table_open(struct verr *e)
{
	struct mount_table *t = malloc(sizeof(*t));

	if (t != NULL && (t->fd = open("/proc/self/mountinfo", O_RDONLY |
	    O_CLOEXEC)) != -1)
		return t;
	free(t);
	(void)verr_sys(e, "cannot read /proc/self/mountinfo");
	return NULL;
}

void
mount_table_close(struct mount_table *t)
{
	if (t == NULL)
		return;
	(void)close(t->fd);
	free(t);
}

int
mount_table_fd(const struct mount_table *t)
{
	return t->fd;
}

/* The text as it is now, allocated; NULL: no memory, or it cannot be read. */
static char *
read_table(int fd)
{
	size_t len = 0, cap = 16384;
	char *text = malloc(cap), *grown;
	ssize_t n = lseek(fd, 0, SEEK_SET) == -1 ? -1 : 1;

	while (text != NULL && n > 0) {
		if (len + 1 == cap) {
			if ((grown = realloc(text, cap *= 2)) == NULL)
				break;
			text = grown;
		}
		n = read(fd, text + len, cap - len - 1);
		if (n > 0)
			len += (size_t)n;
	}
	if (text == NULL || n != 0) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* \040 and the like in place (proc(5)). */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++)
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' &&
		    s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
			    (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	*to = '\0';
}

/* A line of mountinfo (proc(5)), split in place. */
struct line {
	const char	*dev, *dir;
	bool		 nfs, autofs;
};

/* Third, the device; fifth, the place; behind " - ", the type. */
static bool
split_line(char *text, struct line *l)
{
	char *type = strstr(text, " - "), *field[6];
	int i;

	field[0] = text;
	for (i = 1; i < 6; i++) {
		if ((field[i] = strchr(field[i - 1], ' ')) == NULL)
			return false;
		*field[i]++ = '\0';
	}
	if (type == NULL)
		return false;
	unescape(field[4]);
	l->dev = field[2];
	l->dir = field[4];
	l->nfs = strncmp(type + 3, "nfs ", 4) == 0;
	l->autofs = strncmp(type + 3, "autofs ", 7) == 0;
	return true;
}

/* Until each() is true; false: it never was.  *bad: it cannot be read. */
static bool
find_line(struct mount_table *t, bool (*each)(void *, const struct line *),
    void *ctx, bool *bad)
{
	char *text, *line, *next;
	bool found = false;
	struct line l;

	text = read_table(t->fd);
	*bad = text == NULL;
	for (line = text; line != NULL && *line != '\0' && !found;
	    line = next) {
		next = line + strcspn(line, "\n");
		if (*next != '\0')
			*next++ = '\0';
		found = split_line(line, &l) && each(ctx, &l);
	}
	free(text);
	return found;
}

struct look {
	const char	*dir;
	char		*id;
	enum mount_seen	 seen;
};

static bool
look_at(void *ctx, const struct line *l)
{
	struct look *k = ctx;

	if (strcmp(l->dir, k->dir) == 0) {
		k->seen = l->nfs ? MOUNT_IS_NFS :
		    l->autofs ? MOUNT_AUTO : MOUNT_OTHER;
		if (k->id != NULL)
			(void)snprintf(k->id, MOUNT_ID_MAX, "%s", l->dev);
	}
	return false;		/* a later one is on top of it */
}

enum mount_seen
mount_table_look(struct mount_table *t, const char *dir,
    char id[MOUNT_ID_MAX])
{
	struct look k = { dir, id, MOUNT_NOTHING };
	bool bad;

	(void)find_line(t, look_at, &k, &bad);
	return bad ? MOUNT_UNKNOWN : k.seen;
}

static bool
has_device(void *ctx, const struct line *l)
{
	return l->nfs && strcmp(l->dev, ctx) == 0;
}

bool
mount_table_has(struct mount_table *t, const char *id)
{
	char dev[MOUNT_ID_MAX];
	bool bad;

	(void)snprintf(dev, sizeof(dev), "%s", id);
	return find_line(t, has_device, dev, &bad) || bad;
}
