/*
 * cmd_copy.h - what get and put share: counts, reports, temporary names.
 */
#ifndef NFSD_CMD_COPY_H
#define NFSD_CMD_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "nfsd/cmd.h"

struct verr;

struct cmd_copied {
	uint64_t	files, dirs, links, bytes, failed;
	enum cmd_exit	rc;		/* of the first that failed */
};

/* One more that failed; its line is printed already. */
void cmd_copied_fail(struct cmd_copied *c, enum cmd_exit rc);

/* The JSON report if asked for; returns the exit of the command. */
enum cmd_exit cmd_copied_report(const struct cmd_copied *c, bool json);

/* ".vaultnfs-", 16 random digits, ".tmp" */
#define CMD_TEMP_LEN	30
int cmd_temp_name(char out[CMD_TEMP_LEN + 1], struct verr *e);

#endif /* NFSD_CMD_COPY_H */
