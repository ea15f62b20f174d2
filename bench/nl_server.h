/*
 * nl_server.h - what a process has used so far: Linux's /proc.
 *
 * Processor time is the sum of /proc/PID/task/TID/schedstat (nanoseconds, exact
 * for threads that sleep), or of /proc/PID/stat where that is not kept (ticks
 * of 10 ms); context switches are of /proc/PID/task/TID/status.  What threads
 * did that ended in between is lost.  Elsewhere nothing is known.
 */
#ifndef BENCH_NL_SERVER_H
#define BENCH_NL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#define NL_SERVER_THREADS	512u	/* of others nothing is known */

struct nl_server {
	bool		known;
	bool		exact;		/* schedstat is kept */
	uint64_t	stat_ns;	/* of the whole process */
	unsigned	n;
	struct nl_server_thread {
		int		tid;
		uint64_t	cpu_ns;
		uint64_t	switches;	/* wanted and unwanted */
	} thread[NL_SERVER_THREADS];
};

/* Of all, up to the first 0. */
void nl_server_look(const int *pids, struct nl_server *s);

/* What was used between two looks.  false: it is not known. */
bool nl_server_used(const struct nl_server *before,
    const struct nl_server *after, uint64_t *cpu_ns, uint64_t *switches);

#endif /* BENCH_NL_SERVER_H */
