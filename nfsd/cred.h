/*
 * cred.h - who calls, and may they.
 *
 * AUTH_SYS (RFC 5531 section 14, appendix A) names a uid, a gid and up to 16
 * more groups.  Whose word for it is taken is the gate's business
 * (design: "The gate"); this is POSIX permission, on the attributes that the
 * vault gives.
 *
 * In the manner of several users (--multi-user, as root) objects have the owner
 * and mode that they were given, and every identity is admitted.  In the manner
 * "as a user" (the default) only the server's own uid and root
 * are admitted, and every object appears as the server's own, whatever the
 * storage says: export_owner() is applied before anything is checked.
 */
#ifndef NFSD_CRED_H
#define NFSD_CRED_H

#include <stdbool.h>
#include <stdint.h>

#include "vault/attr.h"

#define CRED_GROUPS_MAX	16


struct cred {
	uint32_t	flavor;		/* 0 AUTH_NONE, 1 AUTH_SYS */
	uint32_t	uid, gid;
	uint32_t	ngroups;
	uint32_t	groups[CRED_GROUPS_MAX];
};

enum { CRED_EXEC = 1, CRED_WRITE = 2, CRED_READ = 4 };

/* True if all the permissions in want are granted. */
bool cred_may(const struct cred *c, const struct vattr *a, unsigned want);

/* True for the object's owner and for root. */
bool cred_owns(const struct cred *c, const struct vattr *a);

bool cred_in_group(const struct cred *c, uint32_t gid);

/*
 * Sticky directories: may c take away an entry of dir that refers to obj?
 * (Write permission on dir is checked apart.)
 */
bool cred_may_delete(const struct cred *c, const struct vattr *dir,
    const struct vattr *obj);

/* May c make g the group of an object it owns?  (POSIX chown) */
bool cred_may_give(const struct cred *c, uint32_t gid);

/*
 * The mode of a file of mode a->mode after c has written to it or cut it: it
 * is no program any more that runs with its owner's or group's rights.
 */
uint32_t cred_mode_written(const struct cred *c, const struct vattr *a);

/* The mode that c may give to an object of group gid (POSIX chmod). */
uint32_t cred_mode_given(const struct cred *c, uint32_t gid, uint32_t mode);

#endif /* NFSD_CRED_H */
