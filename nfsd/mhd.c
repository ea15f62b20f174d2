#include "config.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/mhd.h"

/* By its version, which the header's calls are of; else the only one. */
static const char *const names[] = {
	"libmicrohttpd.so.12", "libmicrohttpd.12.dylib", "libmicrohttpd.so",
};

static bool
fill(void *lib, struct mhd *calls)
{
	void *p;

	/* ISO C has no conversion between the two kinds of pointers. */
#define FIND(call)							\
	if ((p = dlsym(lib, "MHD_" #call)) == NULL)			\
		return false;						\
	memcpy(&calls->call, &p, sizeof(p));
	MHD_CALLS(FIND)
#undef FIND
	return true;
}

const struct mhd *
mhd_load(struct verr *e)
{
	static struct mhd calls;
	static bool loaded;
	void *lib = NULL;
	unsigned i;

	if (loaded)
		return &calls;
	for (i = 0; lib == NULL && i < sizeof(names) / sizeof(names[0]); i++)
		lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (lib != NULL && fill(lib, &calls)) {
		loaded = true;
		return &calls;
	}
	(void)verr_fail(e, VERR_UNSUPPORTED, "metrics need libmicrohttpd, and "
	    "it is not installed (Debian: libmicrohttpd12); 'vaultnfs stats "
	    "--json' tells the same numbers");
	return NULL;
}
