/*
 * sandbox_openbsd.c - unveil(2) and pledge(2).  Compiled against OpenBSD's
 * headers, never run.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/sandbox.h"

int
sandbox_enter(const struct sandbox_options *o, char *has, size_t cap,
    struct verr *e)
{
	size_t i;

	has[0] = '\0';
	for (i = 0; i < o->n; i++)
		if (unveil(o->folders[i].path,
		    o->folders[i].read_only ? "r" : "rwc") == -1)
			return verr_sys(e, "cannot keep %s in the sandbox",
			    o->folders[i].path);
	if (unveil(NULL, NULL) == -1 ||
	    pledge("stdio rpath wpath cpath fattr chown flock inet unix",
	    NULL) == -1)
		return verr_sys(e, "cannot enter the sandbox");
	(void)snprintf(has, cap, "pledge, unveil");
	return 0;
}
