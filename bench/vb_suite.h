/*
 * vb_suite.h - which workloads there are, and which belong together.
 */
#ifndef BENCH_VB_SUITE_H
#define BENCH_VB_SUITE_H

#include <stdio.h>

#include "bench/vb.h"

#define VB_SUITE_MAX	24u	/* workloads of one */

struct vb_suite {
	const char		*name;
	double			 scale;		/* 0: --scale */
	unsigned		 iterations;	/* unless --iterations */
	const struct vb_load	*loads[VB_SUITE_MAX];
};

/* NULL: there is none of that name. */
const struct vb_suite *vb_suite_find(const char *name);
const struct vb_load *vb_suite_load(const char *name);
void vb_suite_list(FILE *out);

#endif /* BENCH_VB_SUITE_H */
