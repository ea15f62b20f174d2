/*
 * nl_report.h - what a run has found, for people or as one line of JSON.
 */
#ifndef BENCH_NL_REPORT_H
#define BENCH_NL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

struct nl_run;

struct nl_times {
	int64_t		ns;		/* from first to last, all passes */
	uint64_t	client_ns;	/* processor time of this process */
	bool		know_server;
	uint64_t	server_ns, switches;
};

void nl_report(const struct nl_run *run, const struct nl_times *t);

#endif /* BENCH_NL_REPORT_H */
