/*
 * vb_run.h - run workloads, and keep what came out.
 *
 * One job: its folder is made, its files are made (not timed), the system
 * settles for a moment, the step is timed, what was written is read back (not
 * timed), all is removed.  With --cold the command runs before a cold step, and
 * before what was written is read back, so that this is not read from a cache.
 */
#ifndef BENCH_VB_RUN_H
#define BENCH_VB_RUN_H

#include "bench/vb.h"
#include "bench/vb_probe.h"

struct vb_sample {
	double		value;		/* the result: seconds without pauses */
	double		busy;		/* seconds without pauses and checks */
	double		wall;		/* with pauses, without checks */
	double		cpu;		/* of the server; -1: not known */
	uint64_t	ops;
	uint64_t	bytes;
	struct vb_rpcs	rpcs;
};

/* One step of a workload in one phase. */
struct vb_result {
	const struct vb_load	*load;
	const char		*name;
	const char		*phase;		/* "warm", "cold", "-" */
	struct vb_sample	*v;
	size_t			 n;
	long			 peak_kib;	/* server; -1: not known */
	json_t			*runs;		/* details of each, or NULL */
};

struct vb_results {
	struct vb_result	*v;
	size_t			 n;
};

/* Makes the session's folder.  Everything is below it. */
bool vb_run_begin(struct vb *vb);
/* Removes it: false if something is left.  Harmless without a folder. */
bool vb_run_end(struct vb *vb);

/* Adds to r; a workload that failed adds nothing. */
bool vb_run_load(struct vb *vb, const struct vb_load *load, double scale,
    unsigned iterations, struct vb_results *r);
void vb_run_free(struct vb_results *r);

#endif /* BENCH_VB_RUN_H */
