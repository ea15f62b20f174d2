/*
 * nl_pass.c - what is timed: one run of the loop, or several over new files.
 */
#include "config.h"

#include <sys/resource.h>

#include "bench/nl.h"
#include "bench/nl_report.h"
#include "bench/nl_server.h"

/* Processor time of this process so far, in ns. */
static uint64_t
used(void)
{
	struct rusage r;

	(void)getrusage(RUSAGE_SELF, &r);
	return ((uint64_t)r.ru_utime.tv_sec + (uint64_t)r.ru_stime.tv_sec) *
	    1000000000u + ((uint64_t)r.ru_utime.tv_usec +
	    (uint64_t)r.ru_stime.tv_usec) * 1000u;
}

static void
pass(struct nl_run *run, struct nl_times *t)
{
	static struct nl_server before, after;
	uint64_t client, server_ns, switches;
	int64_t began;

	atomic_store(&run->issued, 0);
	nl_server_look(run->opt->server_pid, &before);
	client = used();
	began = nl_load_now();
	nl_load_run(run);
	t->ns += nl_load_now() - began;
	t->client_ns += used() - client;
	nl_server_look(run->opt->server_pid, &after);
	if (nl_server_used(&before, &after, &server_ns, &switches)) {
		t->server_ns += server_ns;
		t->switches += switches;
	} else {
		t->know_server = false;
	}
	if (run->opt->verify && run->errors == 0 && run->work->verify != NULL)
		(void)run->work->verify(run);
	run->passes++;
}

/* What time is left ends a run at once, but a file is written to its end. */
void
nl_pass_all(struct nl_run *run, struct nl_times *t)
{
	int64_t limit = run->opt->seconds == 0 ? INT64_MAX :
	    (int64_t)(run->opt->seconds * 1e9);
	bool fresh = run->work == &nl_data_write && !run->opt->random;
	uint64_t left = run->count, all;

	all = nl_data_blocks(run) * run->opt->connections;
	run->deadline = fresh || limit == INT64_MAX ? INT64_MAX :
	    nl_load_now() + limit;
	for (;;) {
		run->count = fresh && left > all ? all : left;
		nl_conn_again(run, fresh ? nl_data_blocks(run) : UINT64_MAX);
		pass(run, t);
		left -= run->count;
		if (!fresh || left == 0 || t->ns >= limit || run->errors > 0 ||
		    !nl_prep_again(run))
			return;
	}
}
