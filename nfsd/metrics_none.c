/*
 * metrics_none.c - built without libmicrohttpd.
 */
#include "config.h"

#include <unistd.h>

#include "base/verr.h"
#include "nfsd/metrics.h"

struct metrics *
metrics_new(struct server *s, int fd, const struct gate_options *gate,
    uint64_t began_us, struct verr *e)
{
	(void)s;
	(void)gate;
	(void)began_us;
	(void)close(fd);
	(void)verr_fail(e, VERR_UNSUPPORTED, "this vaultnfs was built without "
	    "libmicrohttpd; 'vaultnfs stats --json' tells the same numbers");
	return NULL;
}

void
metrics_free(struct metrics *m)
{
	(void)m;
}
