/*
 * vaults.h - the file in which a user gives vaults names.
 *
 *	vault photos {
 *		path = "/srv/Photos"
 *		mount = "~/Photos"
 *		options = "idle-lock=30m,cache-size=64M"
 *	}
 *
 * libconfuse reads it.  A file that others could write is refused: it may say
 * which program is run for a password.
 */
#ifndef NFSD_VAULTS_H
#define NFSD_VAULTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct verr;

#define VAULTS_OPTIONS_MAX	2048

/* One of them; members that are not given are "". */
struct vaults_entry {
	char	file[PATH_MAX];		/* where it stands */
	int	line;
	char	path[PATH_MAX];
	char	mount[PATH_MAX];
	char	options[VAULTS_OPTIONS_MAX];	/* as -o has them */
};

/*
 * The vault called name, in the file given, or, if that is NULL, in the user's
 * and then in the system's.  VERR_NOENT: there is none of that name;
 * VERR_INVAL: the file is not as it should be, the text has file and line;
 * VERR_PERM: others could write it.
 */
int vaults_find(const char *given, const char *name, struct vaults_entry *v,
    struct verr *e);

#endif /* NFSD_VAULTS_H */
