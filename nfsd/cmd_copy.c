/* cmd_copy.c - see cmd_copy.h */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/entropy.h"
#include "base/verr.h"
#include "nfsd/cmd_copy.h"
#include "nfsd/cmd_out.h"

void
cmd_copied_fail(struct cmd_copied *c, enum cmd_exit rc)
{
	c->failed++;
	c->rc = cmd_first(c->rc, rc);
}

enum cmd_exit
cmd_copied_report(const struct cmd_copied *c, bool json)
{
	json_t *o;

	if (!json)
		return c->rc;
	o = json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}",
	    "ok", c->rc == CMD_DONE, "files", (json_int_t)c->files,
	    "dirs", (json_int_t)c->dirs, "symlinks", (json_int_t)c->links,
	    "bytes", (json_int_t)c->bytes, "failed", (json_int_t)c->failed);
	if (o != NULL && c->resume && json_object_set_new(o, "skipped",
	    json_integer((json_int_t)c->skipped)) == -1) {
		json_decref(o);
		o = NULL;
	}
	if (!cmd_json_print(o)) {
		cmd_error("out of memory");
		return cmd_first(c->rc, CMD_FAILED);
	}
	return c->rc;
}

struct timespec
cmd_mtime_of(const struct stat *st)
{
#ifdef HAVE_STRUCT_STAT_ST_MTIMESPEC
	return st->st_mtimespec;
#else
	return st->st_mtim;
#endif
}

/* File systems keep nanoseconds, microseconds, or whole seconds. */
bool
cmd_same_time(const struct timespec *a, const struct timespec *b)
{
	long x = a->tv_nsec, y = b->tv_nsec;

	if (a->tv_sec != b->tv_sec)
		return false;
	return x == y || x == 0 || y == 0 ||
	    ((x % 1000 == 0 || y % 1000 == 0) && x / 1000 == y / 1000);
}

int
cmd_temp_name(char out[CMD_TEMP_LEN + 1], struct verr *e)
{
	uint64_t r;

	if (!entropy_fill(&r, sizeof(r)))
		return verr_fail(e, VERR_IO, "no random numbers to be had");
	(void)snprintf(out, CMD_TEMP_LEN + 1, ".vaultnfs-%016" PRIx64 ".tmp",
	    r);
	return 0;
}
