/*
 * cmd_copy.h - what get and put share: counts, reports, temporary names.
 */
#ifndef NFSD_CMD_COPY_H
#define NFSD_CMD_COPY_H

#include <sys/types.h>
#include <sys/stat.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "nfsd/cmd.h"

struct verr;

struct cmd_copied {
	uint64_t	files, dirs, links, bytes, failed;
	bool		resume;		/* what is there already is skipped */
	uint64_t	skipped;
	enum cmd_exit	rc;		/* of the first that failed */
};

/* One more that failed; its line is printed already. */
void cmd_copied_fail(struct cmd_copied *c, enum cmd_exit rc);

/* The JSON report if asked for; returns the exit of the command. */
enum cmd_exit cmd_copied_report(const struct cmd_copied *c, bool json);

/* The mtime of a file of the host, whatever the system calls it. */
struct timespec cmd_mtime_of(const struct stat *st);

/* The same moment, as far as both sides can tell. */
bool cmd_same_time(const struct timespec *a, const struct timespec *b);

/* ".vaultnfs-", 16 random digits, ".tmp" */
#define CMD_TEMP_LEN	30
int cmd_temp_name(char out[CMD_TEMP_LEN + 1], struct verr *e);

#endif /* NFSD_CMD_COPY_H */
