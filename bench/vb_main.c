/*
 * vb_main.c - vaultbench: workloads over a folder, whatever it lies on.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/vb_report.h"
#include "bench/vb_run.h"
#include "bench/vb_stats.h"
#include "bench/vb_suite.h"

#define USAGE	2
#define LOADS	64u

struct options {
	const struct vb_suite	*suite;
	const struct vb_load	*loads[LOADS];	/* --workload */
	size_t			 load_count;
	unsigned		 iterations;	/* 0: the suite's */
	const char		*json;
	const char		*label;
};

static struct vb vb;

static const char help[] =
"usage: vaultbench DIR [options]\n"
"       vaultbench --list\n"
"Times work in DIR, in a folder of its own that is removed at the end, and\n"
"checks every byte that it reads.\n"
"  --suite NAME           quick (default), read, write, metadata, synthetic,\n"
"                         large, workloads, full, micro\n"
"  --workload NAME        one workload; more than once: more\n"
"  --iterations N         of each (10; quick: 3)\n"
"  --warm-ups N           before them (the workload's own; none if N is 1)\n"
"  --scale S              0.01 to 1 (0.1): how much work\n"
"  --seconds N            of `concurrent' (30 in proportion, 5 at least)\n"
"  --settle MS            to wait before a timed part (100)\n"
"  --seed N               added to the workloads' seeds\n"
"  --cold CMD             shell command that empties the caches, and may\n"
"                         mount again: what reads is also timed after it\n"
"  --server-pid PID       its CPU time and memory are told; more: their sum\n"
"  --server-pid-file F    the same, one on a line; F is read before each\n"
"                         timed part, as --cold may start another server\n"
"  --json FILE            results for programs, too; -: to standard output\n"
"  --label TEXT           into the results\n"
"Ends with 0, with 1 if any workload failed, with 2 for a wrong option.\n";

static int
usage(const char *what, const char *arg)
{
	(void)fprintf(stderr, "vaultbench: %s%s%s; see --help\n", what,
	    arg ? ": " : "", arg ? arg : "");
	return USAGE;
}

/* A whole number of lo to hi. */
static bool
whole(const char *text, unsigned long long lo, unsigned long long hi,
    unsigned long long *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	return errno == 0 && end != text && *end == '\0' &&
	    text[0] != '-' && *out >= lo && *out <= hi;
}

enum { SUITE = 256, WORKLOAD, ITERATIONS, WARM_UPS, SCALE, SECONDS, SETTLE,
	SEED, COLD, PID, PID_FILE, JSON, LABEL, LIST, HELP };

static const struct option longs[] = {
	{ "suite", required_argument, NULL, SUITE },
	{ "workload", required_argument, NULL, WORKLOAD },
	{ "iterations", required_argument, NULL, ITERATIONS },
	{ "warm-ups", required_argument, NULL, WARM_UPS },
	{ "scale", required_argument, NULL, SCALE },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "settle", required_argument, NULL, SETTLE },
	{ "seed", required_argument, NULL, SEED },
	{ "cold", required_argument, NULL, COLD },
	{ "server-pid", required_argument, NULL, PID },
	{ "server-pid-file", required_argument, NULL, PID_FILE },
	{ "json", required_argument, NULL, JSON },
	{ "label", required_argument, NULL, LABEL },
	{ "list", no_argument, NULL, LIST },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

/* Options that are numbers.  False: out of bounds. */
static bool
set_number(struct options *o, int opt, const char *arg)
{
	unsigned long long n;
	char *end;

	switch (opt) {
	case ITERATIONS:
		if (!whole(arg, 1, VB_STATS_MAX, &n))
			return false;
		o->iterations = (unsigned)n;
		return true;
	case WARM_UPS:
		if (!whole(arg, 0, 1000, &n))
			return false;
		vb.warm_ups = (int)n;
		return true;
	case SECONDS:
		if (!whole(arg, 1, 3600, &n))
			return false;
		vb.seconds = (unsigned)n;
		return true;
	case SETTLE:
		if (!whole(arg, 0, 60000, &n))
			return false;
		vb.settle_ms = (unsigned)n;
		return true;
	case SEED:
		if (!whole(arg, 0, INT64_MAX, &n))
			return false;
		vb.seed = n;
		return true;
	case PID:
		if (!whole(arg, 1, INT32_MAX, &n) || vb.pid_count == VB_PIDS)
			return false;
		vb.pids[vb.pid_count++] = (pid_t)n;
		return true;
	default:
		vb.scale = strtod(arg, &end);
		return *arg != '\0' && *end == '\0' && vb.scale >= 0.01 &&
		    vb.scale <= 1;
	}
}

/* -1: go on; else the program's end. */
static int
set(struct options *o, int opt, char *arg)
{
	switch (opt) {
	case SUITE:
		o->suite = vb_suite_find(arg);
		return o->suite ? -1 : usage("there is no such suite", arg);
	case WORKLOAD:
		if (o->load_count == LOADS)
			return usage("too many workloads", NULL);
		o->loads[o->load_count] = vb_suite_load(arg);
		return o->loads[o->load_count++] ? -1 :
		    usage("there is no such workload", arg);
	case COLD:
		vb.cold = arg;
		return -1;
	case PID_FILE:
		vb.pid_file = arg;
		return -1;
	case JSON:
		o->json = arg;
		return -1;
	case LABEL:
		o->label = arg;
		return -1;
	case LIST:
		vb_suite_list(stdout);
		return 0;
	case HELP:
		(void)fputs(help, stdout);
		return 0;
	case '?':
		return USAGE;	/* getopt has said why */
	default:
		return set_number(o, opt, arg) ? -1 :
		    usage("a number that cannot be", arg);
	}
}

static int
read_options(struct options *o, int argc, char *argv[])
{
	struct stat st;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if ((rc = set(o, opt, optarg)) != -1)
			return rc;
	}
	if (argc - optind != 1)
		return usage("one folder is needed", NULL);
	if (realpath(argv[optind], vb.dir) == NULL ||
	    stat(vb.dir, &st) == -1) {
		(void)fprintf(stderr, "vaultbench: %s: %s\n", argv[optind],
		    strerror(errno));
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return usage("not a folder", argv[optind]);
	if (o->suite == NULL && o->load_count == 0)
		o->suite = vb_suite_find("quick");
	return -1;
}

/* Better now than after an hour. */
static bool
json_can_be_written(const char *path)
{
	FILE *f;

	if (path == NULL || strcmp(path, "-") == 0)
		return true;
	if ((f = fopen(path, "a")) == NULL) {
		(void)fprintf(stderr, "vaultbench: %s: %s\n", path,
		    strerror(errno));
		return false;
	}
	(void)fclose(f);
	return true;
}

static bool
write_json(const struct options *o, const struct vb_report *rep,
    const struct vb_results *r)
{
	bool to_stdout = strcmp(o->json, "-") == 0, well;
	json_t *j = vb_report_json(&vb, rep, r);
	FILE *f = to_stdout ? stdout : fopen(o->json, "w");

	well = j != NULL && f != NULL &&
	    json_dumpf(j, f, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) == 0 &&
	    fputc('\n', f) != EOF && fflush(f) == 0;
	if (f != NULL && !to_stdout && fclose(f) != 0)
		well = false;
	json_decref(j);
	if (!well)
		(void)fprintf(stderr, "vaultbench: %s: cannot be written\n",
		    o->json);
	return well;
}

static unsigned
iterations_of(const struct options *o)
{
	return o->iterations ? o->iterations :
	    o->suite ? o->suite->iterations : 10;
}

/* Named twice, or in the suite too: once is enough. */
static bool
was_run(const struct options *o, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (o->loads[i] == o->loads[at])
			return true;
	}
	for (i = 0; o->suite && i < VB_SUITE_MAX && o->suite->loads[i]; i++) {
		if (o->suite->loads[i] == o->loads[at])
			return true;
	}
	return false;
}

static void
run_all(const struct options *o, struct vb_results *r)
{
	unsigned n = iterations_of(o);
	size_t i;

	for (i = 0; o->suite && i < VB_SUITE_MAX && o->suite->loads[i]; i++) {
		if (!vb_stopped())
			(void)vb_run_load(&vb, o->suite->loads[i],
			    o->suite->scale > 0 ? o->suite->scale : vb.scale,
			    n, r);
	}
	for (i = 0; i < o->load_count; i++) {
		if (!vb_stopped() && !was_run(o, i))
			(void)vb_run_load(&vb, o->loads[i], vb.scale, n, r);
	}
	vb.about = NULL;
	if (vb_stopped())
		(void)vb_error(&vb, "interrupted");
}

/* exit() inside a workload: there was no memory. */
static void
clean_up(void)
{
	(void)vb_run_end(&vb);
}

int
main(int argc, char *argv[])
{
	struct options o = { .label = "" };
	struct vb_results results = { NULL, 0 };
	struct vb_report rep;
	bool well;
	size_t i;
	int rc;

	vb.scale = 0.1;
	vb.warm_ups = -1;
	vb.settle_ms = 100;
	(void)pthread_mutex_init(&vb.mtx, NULL);
	if ((rc = read_options(&o, argc, argv)) != -1)
		return rc;
	if (!json_can_be_written(o.json))
		return 1;
	vb_catch_signals();
	(void)atexit(clean_up);
	if (vb_run_begin(&vb))
		run_all(&o, &results);
	(void)vb_run_end(&vb);
	rep.label = o.label;
	rep.suite = o.suite ? o.suite->name : NULL;
	rep.iterations = iterations_of(&o);
	vb_report_table(o.json && strcmp(o.json, "-") == 0 ? stderr : stdout,
	    &results);
	well = vb.error_count == 0;
	if (o.json != NULL && !write_json(&o, &rep, &results))
		well = false;
	vb_run_free(&results);
	for (i = 0; i < vb.error_count && i < VB_ERRORS; i++)
		free(vb.errors[i]);
	return well ? 0 : 1;
}
