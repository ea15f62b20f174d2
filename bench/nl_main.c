/*
 * nl_main.c - nfsload: one kind of NFSv3 call, as fast as a server answers.
 *
 * Exit: 0 all as it should be, 1 not (what and how often is on standard error),
 * 2 usage.
 */
#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/nl.h"
#include "bench/nl_pattern.h"
#include "bench/nl_report.h"

#define MIB	(1024u * 1024u)

/* As much as count operations write, so that nothing is written twice. */
static uint64_t
all_that_is_written(const struct nl_opt *opt)
{
	const uint64_t most = (uint64_t)1024 * MIB;
	uint64_t n = opt->count;

	if (opt->random)
		return 64 * MIB;
	return n == 0 || n > most / opt->size ? most : n * opt->size;
}

/* What depends on the kind of operation. */
static void
settle(struct nl_opt *opt, const struct nl_work *w)
{
	if ((w->needs & (NL_NEED_BIG | NL_NEED_OUT | NL_NEED_LIST)) == 0)
		opt->size = 0;
	else if (opt->size == 0)
		opt->size = w == &nl_mix ? 4096 :
		    w == &nl_list_plus ? 32768 : MIB;
	if (opt->file_size == 0)
		opt->file_size = (w->needs & NL_NEED_OUT) != 0 && w != &nl_mix
		    ? all_that_is_written(opt) : 64 * MIB;
	if ((w->needs & NL_NEED_VICTIMS) != 0) {
		if (opt->count == 0)
			opt->count = opt->entries == 0 ? 10000 : opt->entries;
		if (opt->entries < opt->count)
			opt->entries = opt->count;
	}
	if (w == &nl_list_plus && opt->entries == 0) {
		opt->entries = opt->count == 0 ? 1000 : opt->count;
		opt->count = 0;
	} else if (opt->entries == 0) {
		opt->entries = 1000;
	}
}

static void
measure(struct nl_run *run)
{
	struct nl_times t = { .ns = 0, .know_server = true };

	if (!nl_conn_open(run)) {
		nl_conn_close(run);
		return;
	}
	nl_pass_all(run, &t);
	nl_conn_close(run);
	nl_report(run, &t);
}

static uint32_t
make_id(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint32_t)getpid() << 16 ^ (uint32_t)t.tv_sec ^
	    (uint32_t)t.tv_nsec << 2;
}

int
main(int argc, char **argv)
{
	struct nl_run run = { .errors = 0 };
	struct nl_opt opt;

	if (!nl_opt_parse(&opt, argc, argv))
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	run.opt = &opt;
	run.id = make_id();
	run.cred.uid = opt.uid;
	run.cred.gid = opt.gid;
	run.work = nl_works_find(opt.proc);
	settle(&opt, run.work);
	run.count = opt.count == 0 ? UINT64_MAX : opt.count;
	(void)pthread_mutex_init(&run.error_lock, NULL);
	if (!nl_pattern_init()) {
		fprintf(stderr, "nfsload: out of memory\n");
		return 1;
	}
	if (nl_conn_init(&run) && nl_prep_make(&run))
		measure(&run);
	if (!opt.keep)
		(void)nl_prep_remove(&run);
	nl_conn_fini(&run);
	nl_pattern_fini();
	if (run.errors == 0)
		return 0;
	fprintf(stderr, "nfsload: %" PRIu64 " errors; the first: %s\n",
	    run.errors, run.first);
	return 1;
}
