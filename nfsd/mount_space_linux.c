/*
 * mount_space_linux.c - Linux: namespaces of a server that is mounted.
 *
 * The network: a socket, and the connection that the NFS client makes, belong
 * to the network namespace of the task that makes them (mount(2)'s for the
 * client, for ever), while a mount belongs to the namespace of mounts.  So a
 * server in a network of its own can be mounted for everybody on the host, and
 * be reached by nobody.
 *
 * The mounts: a server that walks into its own mount waits for itself, so it
 * gets a namespace in which that mount never appears.
 */
#include "config.h"

#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <net/if.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/mount.h"

#define NET_SELF	"/proc/thread-self/ns/net"

static int
net_here(void)
{
	return open(NET_SELF, O_RDONLY | O_CLOEXEC);
}

/* A new network has its loopback interface, which is down. */
static int
raise_loopback(void)
{
	struct ifreq r;
	int fd, rc;

	if ((fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, "lo");
	rc = ioctl(fd, SIOCGIFFLAGS, &r);
	r.ifr_flags |= IFF_UP;
	if (rc == 0)
		rc = ioctl(fd, SIOCSIFFLAGS, &r);
	(void)close(fd);
	return rc;
}

int
mount_net_new(struct verr *e)
{
	int back, net = -1;

	if ((back = net_here()) == -1)
		return verr_sys(e, "cannot open " NET_SELF);
	if (unshare(CLONE_NEWNET) == -1) {
		(void)verr_sys(e, "cannot make a network namespace (-o "
		    "no-private-net does without)");
		(void)close(back);
		return -1;
	}
	if (raise_loopback() == -1 || (net = net_here()) == -1)
		(void)verr_sys(e, "cannot make a private network (-o "
		    "no-private-net does without)");
	if (setns(back, CLONE_NEWNET) == -1) {
		(void)verr_sys(e, "cannot leave a private network");
		if (net != -1)
			(void)close(net);
		net = -1;
	}
	(void)close(back);
	return net;
}

int
mount_net_open(const char *path, struct verr *e)
{
	int net = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return net != -1 ? net : verr_sys(e, "cannot open %s", path);
}

int
mount_net_keep(int net, const char *path, struct verr *e)
{
	char self[64];
	int fd;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", net);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd == -1)
		return verr_sys(e, "cannot make %s", path);
	(void)close(fd);
	if (mount(self, path, NULL, MS_BIND, NULL) == 0)
		return 0;
	(void)verr_sys(e, "cannot keep a network at %s", path);
	(void)unlink(path);
	return -1;
}

void
mount_net_forget(const char *path)
{
	(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)unlink(path);
}

int
mount_net_enter(int net, int *back, struct verr *e)
{
	if (back != NULL && (*back = net_here()) == -1)
		return verr_sys(e, "cannot open " NET_SELF);
	if (setns(net, CLONE_NEWNET) == 0)
		return 0;
	(void)verr_sys(e, "cannot enter a private network");
	if (back != NULL)
		(void)close(*back);
	return -1;
}

/*
 * What others mount and unmount is to be seen as before, so that no disk stays
 * busy because of us; but not what happens on the one mount in which dir lies.
 * Only the root of a mount can be changed so: it is the first above dir at
 * which that succeeds.
 */
static int
make_private_above(const char *dir)
{
	char path[PATH_MAX], *slash;

	if ((size_t)snprintf(path, sizeof(path), "%s", dir) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (;;) {
		if (mount(NULL, path, NULL, MS_PRIVATE, NULL) == 0)
			return 0;
		if (errno != EINVAL || strcmp(path, "/") == 0)
			return -1;
		slash = strrchr(path, '/');
		slash[slash == path ? 1 : 0] = '\0';
	}
}

int
mount_hide(const char *dir, bool mounted, struct verr *e)
{
	if (unshare(CLONE_NEWNS) == -1)
		return verr_sys(e, "cannot make a namespace of mounts");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0) {
		/* before anything walks there: it would wait for us */
		if (mounted)
			(void)umount2(dir, MNT_DETACH | UMOUNT_NOFOLLOW);
		if (make_private_above(dir) == 0)
			return 0;
	}
	/* in a chroot, "/" is not the root of a mount */
	return verr_sys(e, "cannot hide %s from the server", dir);
}
