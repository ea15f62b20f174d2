/*
 * vb_report.h - the table, and the JSON form (bench/README.md, "vaultbench").
 */
#ifndef BENCH_VB_REPORT_H
#define BENCH_VB_REPORT_H

#include <stdio.h>

#include "bench/vb_run.h"

struct vb_report {
	const char	*label;
	const char	*suite;		/* NULL: workloads were named */
	unsigned	 iterations;
};

void vb_report_table(FILE *out, const struct vb_results *r);

/* Owned by the caller. */
json_t *vb_report_json(const struct vb *vb, const struct vb_report *rep,
    const struct vb_results *r);

#endif /* BENCH_VB_REPORT_H */
