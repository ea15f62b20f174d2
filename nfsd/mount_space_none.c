/*
 * mount_space_none.c - a system without namespaces: the gate (gate.h) and a
 * mount point in a folder of one's own are what keeps others out.
 */
#include "config.h"

#include "base/verr.h"
#include "nfsd/mount.h"

static int
none(struct verr *e)
{
	return verr_fail(e, VERR_UNSUPPORTED, "this system has no private "
	    "networks");
}

int
mount_net_new(struct verr *e)
{
	return none(e);
}

int
mount_net_open(const char *path, struct verr *e)
{
	(void)path;
	return none(e);
}

int
mount_net_keep(int net, const char *path, struct verr *e)
{
	(void)net;
	(void)path;
	return none(e);
}

void
mount_net_forget(const char *path)
{
	(void)path;
}

int
mount_net_enter(int net, int *back, struct verr *e)
{
	(void)net;
	(void)back;
	return none(e);
}

int
mount_hide(const char *dir, bool mounted, struct verr *e)
{
	(void)dir;
	(void)mounted;
	(void)e;
	return 0;
}
