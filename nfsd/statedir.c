/*
 * statedir.c - the folder for what belongs to a server and not to its vaults.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/statedir.h"

/* As hier(7) has it. */
#ifdef __linux__
#define ROOT_PLACE	"/var/lib/vaultnfs"
#else
#define ROOT_PLACE	"/var/db/vaultnfs"
#endif

/* snprintf() into path; false: too long, or cut. */
static bool
join(char *path, size_t cap, const char *a, const char *b)
{
	int n = snprintf(path, cap, "%s%s", a, b);

	return n >= 0 && (size_t)n < cap;
}

bool
statedir_find(char *path, size_t cap)
{
	const char *s;

	if (geteuid() == 0)
		return join(path, cap, ROOT_PLACE, "");
	if ((s = getenv("XDG_STATE_HOME")) != NULL && s[0] == '/')
		return join(path, cap, s, "/vaultnfs");
	if ((s = getenv("HOME")) != NULL && s[0] == '/')
		return join(path, cap, s, "/.local/state/vaultnfs");
	return false;
}

/* mkdir -p, for us alone; path is the same again afterwards. */
static int
make_all(char *path)
{
	char *p;
	int rc;

	for (p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		rc = mkdir(path, 0700);
		*p = '/';
		if (rc == -1 && errno != EEXIST && errno != EROFS &&
		    errno != EACCES)
			return -1;
	}
	return mkdir(path, 0700) == -1 && errno != EEXIST ? -1 : 0;
}

int
statedir_make(const char *given, char *path, size_t cap, struct verr *e)
{
	struct stat st;

	if (given == NULL ? !statedir_find(path, cap) :
	    !join(path, cap, given, ""))
		return verr_fail(e, VERR_NOENT, "no place for a state "
		    "directory: give one with --state-dir");
	if (make_all(path) == -1 || stat(path, &st) == -1)
		return verr_sys(e, "cannot make the state directory %s", path);
	if (!S_ISDIR(st.st_mode))
		return verr_fail(e, VERR_INVAL, "%s is no folder", path);
	if (st.st_uid != geteuid())
		return verr_fail(e, VERR_PERM, "the state directory %s "
		    "belongs to uid %lu", path, (unsigned long)st.st_uid);
	if (st.st_mode & 022)
		return verr_fail(e, VERR_PERM, "others can write into the "
		    "state directory %s: chmod 700 it", path);
	return 0;
}
