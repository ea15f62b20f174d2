/*
 * cred.c - POSIX permission (IEEE Std 1003.1, "File Access Permissions").
 *
 * One class of bits decides and no other is looked at: an owner without a
 * right that "others" have does not have it.
 */
#include "config.h"

#include "nfsd/cred.h"
#include "vault/attr.h"
#include "xdr/rpcmsg.h"

#define MODE_STICKY	01000u
#define MODE_ANY_EXEC	0111u
#define MODE_SETUID	04000u
#define MODE_SETGID	02000u
#define MODE_GROUP_EXEC	0010u

/* A struct cred of zeroes is AUTH_NONE and must not be root. */
static bool
is_user(const struct cred *c)
{
	return c->flavor == RPCMSG_AUTH_SYS;
}

static bool
is_root(const struct cred *c)
{
	return is_user(c) && c->uid == 0;
}

bool
cred_in_group(const struct cred *c, uint32_t gid)
{
	uint32_t i;

	if (!is_user(c))
		return false;
	if (c->gid == gid)
		return true;
	for (i = 0; i < c->ngroups; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}

bool
cred_owns(const struct cred *c, const struct vattr *a)
{
	return is_root(c) || (is_user(c) && c->uid == a->uid);
}

/* Root reads and writes everything, but does not execute a plain document. */
static bool
root_may(const struct vattr *a, unsigned want)
{
	return !(want & CRED_EXEC) || a->type == VTYPE_DIR ||
	    (a->mode & MODE_ANY_EXEC) != 0;
}

bool
cred_may(const struct cred *c, const struct vattr *a, unsigned want)
{
	unsigned shift;

	if (is_root(c))
		return root_may(a, want);
	if (is_user(c) && c->uid == a->uid)
		shift = 6;
	else if (cred_in_group(c, a->gid))
		shift = 3;
	else
		shift = 0;
	return (a->mode >> shift & want) == want;
}

bool
cred_may_delete(const struct cred *c, const struct vattr *dir,
    const struct vattr *obj)
{
	if (!(dir->mode & MODE_STICKY))
		return true;
	return cred_owns(c, dir) || cred_owns(c, obj);
}

bool
cred_may_give(const struct cred *c, uint32_t gid)
{
	return is_root(c) || cred_in_group(c, gid);
}

uint32_t
cred_mode_written(const struct cred *c, const struct vattr *a)
{
	uint32_t mode = a->mode;

	if (is_root(c) || a->type != VTYPE_FILE)
		return mode;
	mode &= ~MODE_SETUID;
	/* Without the right to execute it was mandatory locking once. */
	if (mode & MODE_GROUP_EXEC || !cred_in_group(c, a->gid))
		mode &= ~MODE_SETGID;
	return mode;
}

uint32_t
cred_mode_given(const struct cred *c, uint32_t gid, uint32_t mode)
{
	if (!is_root(c) && !cred_in_group(c, gid))
		mode &= ~MODE_SETGID;
	return mode;
}
