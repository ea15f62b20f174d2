/*
 * cmd_stats.c - vaultnfs stats: what a server has done, and how long it took.
 *
 * With --watch each table after the first is of what came since the one before
 * it: counts and the buckets of latencies are subtracted.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nfsd/cmd.h"
#include "nfsd/cmd_ask.h"
#include "nfsd/cmd_out.h"
#include "nfsd/stats.h"

struct args {
	struct cmd_ask_which	which;
	bool			json, watch, reset_max;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 0, "watch", NULL, offsetof(struct args, watch), 0, 0,
	    NULL, "again and again, each time what is new" },
	{ CMD_OPT_FLAG, 0, "reset-max", NULL, offsetof(struct args, reset_max),
	    0, 0, NULL, "then measure the loop's longest callback anew" },
	CMD_ASK_ROWS(struct args, which),
	CMD_JSON(struct args, json),
	CMD_END
};

#define WATCH_MAX_S	86400

/* "12.3 MiB" */
static const char *
size_text(uint64_t bytes, char out[16])
{
	static const char units[] = "KMGTPE";
	double v = (double)bytes;
	int u = -1;

	while (v >= 1000 && u + 1 < (int)sizeof(units) - 1) {
		v /= 1024;
		u++;
	}
	if (u == -1)
		(void)snprintf(out, 16, "%.0f B", v);
	else
		(void)snprintf(out, 16, "%.*f %ciB", v < 10, v, units[u]);
	return out;
}

/* "850 us", "1.2 ms", "3.4 s" */
static const char *
time_text(uint64_t us, char out[16])
{
	double v = (double)us;

	if (us < 1000)
		(void)snprintf(out, 16, "%" PRIu64 " us", us);
	else if (us < 1000000)
		(void)snprintf(out, 16, "%.*f ms", v < 1e4, v / 1e3);
	else
		(void)snprintf(out, 16, "%.*f s", v < 1e7, v / 1e6);
	return out;
}

/* What has been added to a number since the last table. */
static uint64_t
since(const json_t *o, const json_t *last, const char *key)
{
	uint64_t now = cmd_ask_number(o, key);
	uint64_t then = last == NULL ? 0 : cmd_ask_number(last, key);

	return now < then ? 0 : now - then;
}

/* The same procedure in the last table, or NULL. */
static const json_t *
same_proc(const json_t *last, const json_t *p)
{
	const json_t *q;
	size_t i;

	json_array_foreach(json_object_get(last, "procedures"), i, q)
		if (strcmp(cmd_ask_text(p, "name"),
		    cmd_ask_text(q, "name")) == 0)
			return q;
	return NULL;
}

/* Add the buckets of p to n, or take them away. */
static void
add_buckets(const json_t *p, uint64_t n[STATS_BUCKETS], bool add)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(json_object_get(p, "latency_us"), i, pair) {
		json_int_t us = json_integer_value(json_array_get(pair, 0));
		json_int_t k = json_integer_value(json_array_get(pair, 1));
		uint64_t *at = &n[stats_bucket(us < 0 ? 0 : (uint64_t)us)];

		if (k <= 0)
			continue;
		if (add)
			*at += (uint64_t)k;
		else
			*at -= *at < (uint64_t)k ? *at : (uint64_t)k;
	}
}

static void
print_proc(const json_t *p, const json_t *last, double seconds)
{
	uint64_t n[STATS_BUCKETS] = { 0 }, calls, max;
	const json_t *q = same_proc(last, p);
	char t[4][16];
	int i;

	if ((calls = since(p, q, "calls")) == 0)
		return;
	max = cmd_ask_number(p, "max_us");
	add_buckets(p, n, true);
	add_buckets(q, n, false);
	for (i = 0; i < 3; i++) {
		static const unsigned permille[] = { 500, 900, 990 };
		uint64_t us = stats_quantile(n, permille[i]);

		(void)time_text(us < max ? us : max, t[i]);
	}
	printf("%-12s %11" PRIu64 " %10.1f %9s %9s %9s %9s\n",
	    cmd_ask_text(p, "name"), calls, (double)calls / seconds, t[0],
	    t[1], t[2], time_text(max, t[3]));
}

static void
print_server(const json_t *o)
{
	char address[80], up[32];
	const json_t *x;
	size_t i;

	cmd_ask_address(o, address, sizeof(address));
	cmd_ask_duration(cmd_ask_number(o, "uptime_us"), up, sizeof(up));
	printf("%s  pid %" PRIu64 "  up %s ", address,
	    cmd_ask_number(o, "pid"), up);
	json_array_foreach(json_object_get(o, "exports"), i, x) {
		const char *name = cmd_ask_text(x, "name");

		fputs(" /", stdout);
		cmd_out_name(name, strlen(name));
	}
	putchar('\n');
}

static void
print_numbers(const json_t *o, const json_t *last, double seconds)
{
	char a[16], b[16], c[16], d[16];
	uint64_t hits = since(o, last, "cache_hits");
	uint64_t all = hits + since(o, last, "cache_misses");

	printf("calls     %" PRIu64 " (%.1f/s), %" PRIu64 " on the loop, %"
	    PRIu64 " by workers, %" PRIu64 " refused\n",
	    since(o, last, "calls"), (double)since(o, last, "calls") / seconds,
	    since(o, last, "on_loop"), since(o, last, "on_worker"),
	    since(o, last, "rejected"));
	printf("data      %s read (%s/s), %s written (%s/s)\n",
	    size_text(since(o, last, "read_bytes"), a),
	    size_text((uint64_t)((double)since(o, last, "read_bytes") /
	    seconds), b), size_text(since(o, last, "write_bytes"), c),
	    size_text((uint64_t)((double)since(o, last, "write_bytes") /
	    seconds), d));
	printf("cache     %s, %.0f%% of %" PRIu64 " found; %s not written "
	    "yet; listings %s\n", size_text(cmd_ask_number(o, "cache_bytes"),
	    a), all == 0 ? 0. : 100. * (double)hits / (double)all, all,
	    size_text(cmd_ask_number(o, "dirty_bytes"), b),
	    size_text(cmd_ask_number(o, "listing_bytes"), c));
	printf("in hand   %" PRIu64 " of %" PRIu64 " connections, %" PRIu64
	    " open files, %" PRIu64 " workers, %s of calls\n",
	    cmd_ask_number(o, "connections"),
	    cmd_ask_number(o, "connections_max"),
	    cmd_ask_number(o, "open_files"), cmd_ask_number(o, "workers"),
	    size_text(cmd_ask_number(o, "inflight_bytes"), a));
	printf("at most   %s in the loop at a stretch, %s of memory for a "
	    "call\n", time_text(cmd_ask_number(o, "loop_max_us"), a),
	    size_text(cmd_ask_number(o, "arena_max_bytes"), b));
}

static void
print_text(const json_t *o, const json_t *last)
{
	double seconds = (double)since(o, last, "uptime_us") / 1e6;
	const json_t *p;
	size_t i;

	if (seconds <= 0)
		seconds = 1e-6;
	print_server(o);
	print_numbers(o, last, seconds);
	printf("\n%-12s %11s %10s %9s %9s %9s %9s\n", "procedure", "calls",
	    "/s", "p50", "p90", "p99", "max");
	json_array_foreach(json_object_get(o, "procedures"), i, p)
		print_proc(p, last, seconds);
}

static json_t *
ask(const struct args *args, const char *path, enum cmd_exit *rc)
{
	const char *line = args->reset_max ? "stats reset-max\n" : "stats\n";

	return cmd_ask(path, line, strlen(line), CMD_ASK_S, rc);
}

/* Until the next table is due; a signal ends it. */
static void
pause_for(uint64_t seconds)
{
	struct timespec t = { (time_t)seconds, 0 };

	while (!cmd_stopped() && nanosleep(&t, &t) == -1 && errno == EINTR)
		continue;
}

static enum cmd_exit
report(const struct args *args, json_t *now, const json_t *last)
{
	if (!args->json)
		print_text(now, last);
	else if (!cmd_json_print(json_incref(now))) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	return fflush(stdout) == EOF ? CMD_FAILED : CMD_DONE;
}

static enum cmd_exit
watch(const struct args *args, const char *path, uint64_t seconds)
{
	bool clear = !args->json && isatty(STDOUT_FILENO);
	json_t *last = NULL, *now;
	enum cmd_exit rc = CMD_DONE;

	cmd_catch_signals();
	while (!cmd_stopped() && rc == CMD_DONE &&
	    (now = ask(args, path, &rc)) != NULL) {
		if (clear)
			fputs("\033[H\033[2J", stdout);
		else if (last != NULL && !args->json)
			putchar('\n');
		rc = report(args, now, last);
		json_decref(last);
		last = now;
		if (rc == CMD_DONE)
			pause_for(seconds);
	}
	json_decref(last);
	return rc;
}

/* SECONDS is an operand, since --watch alone must do. */
static enum cmd_exit
interval(const struct cmd_call *call, uint64_t *seconds)
{
	const struct args *args = call->args;
	char *end;

	*seconds = 1;
	if (call->n == 0)
		return CMD_DONE;
	if (!args->watch)
		return cmd_usage(call, "too many operands at '%s'",
		    call->operand[0]);
	errno = 0;
	*seconds = strtoumax(call->operand[0], &end, 10);
	if (call->operand[0][0] < '0' || call->operand[0][0] > '9' ||
	    *end != '\0' || errno != 0 || *seconds < 1 ||
	    *seconds > WATCH_MAX_S)
		return cmd_usage(call, "--watch %s: must be 1 to %d seconds",
		    call->operand[0], WATCH_MAX_S);
	return CMD_DONE;
}

static enum cmd_exit
stats_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	char *path = NULL;
	enum cmd_exit rc;
	uint64_t seconds;
	json_t *o;

	if ((rc = interval(call, &seconds)) != CMD_DONE ||
	    (rc = cmd_ask_one(call, &args->which, &path)) != CMD_DONE)
		return rc;
	if (args->watch) {
		rc = watch(args, path, seconds);
	} else if ((o = ask(args, path, &rc)) != NULL) {
		rc = report(args, o, NULL);
		json_decref(o);
	}
	free(path);
	return rc;
}

const struct cmd cmd_stats = {
	"stats", "[SECONDS]", 0, 1, "what a server has done, and how fast",
	"Calls by procedure with their rate and latency (from the last byte\n"
	"of a call to its reply), data, caches, and what is in hand.  --watch\n"
	"says it again every second, or every SECONDS, each time what came\n"
	"since; max is since the start.  With --json a line for each time.\n",
	opts, sizeof(struct args), stats_run
};
