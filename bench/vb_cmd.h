/*
 * vb_cmd.h - other programs: --cold's command, git, tar.
 */
#ifndef BENCH_VB_CMD_H
#define BENCH_VB_CMD_H

#include <stdbool.h>

struct vb;

/*
 * Runs argv[0], found by PATH, with no input, and waits.  Its output goes to
 * standard error if loud, else nowhere; its errors always to standard error.
 * True: it ended with 0.
 */
bool vb_cmd_run(struct vb *vb, const char *const argv[], bool loud);

/* --cold's command, if there is one.  True if there is none. */
bool vb_cmd_cold(struct vb *vb);

#endif /* BENCH_VB_CMD_H */
