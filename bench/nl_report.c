#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/nl.h"
#include "bench/nl_report.h"

/* The connections together. */
struct sum {
	uint64_t	 ops, bytes, rpcs, entries;
	double		 jain;
	struct nl_hist	 all;
	struct nl_hist	 by_proc[NL_PROCS];
};

/* Jain, Chiu, Hawe, DEC-TR-301: 1 is fair, 1/n is all to one. */
static double
jain(const struct nl_run *run)
{
	double x, sum = 0, squares = 0;
	unsigned i;

	for (i = 0; i < run->opt->connections; i++) {
		x = (double)run->conn[i].ops;
		sum += x;
		squares += x * x;
	}
	return squares == 0 ? 1 :
	    sum * sum / ((double)run->opt->connections * squares);
}

static void
add_up(const struct nl_run *run, struct sum *s)
{
	const struct nl_conn *c;
	unsigned i, k;

	for (i = 0; i < run->opt->connections; i++) {
		c = &run->conn[i];
		s->ops += c->ops;
		s->bytes += c->bytes;
		s->rpcs += c->rpcs;
		s->entries += c->entries;
		nl_hist_merge(&s->all, &c->all);
		for (k = 0; k < NL_PROCS; k++)
			nl_hist_merge(&s->by_proc[k], &c->by_proc[k]);
	}
	s->jain = jain(run);
}

static double
us(uint64_t ns)
{
	return (double)ns / 1000;
}

/* A JSON string of what may be anything. */
static void
quoted(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < ' ')
			printf("\\u%04x", (unsigned)*s);
		else if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else
			putchar(*s);
	}
	putchar('"');
}

/* Per operation, or null. */
static void
per_op(const char *name, bool known, double value, uint64_t ops)
{
	if (known && ops > 0)
		printf(",\"%s\":%.3f", name, value / (double)ops);
	else
		printf(",\"%s\":null", name);
}

static void
percentiles(const struct nl_hist *h)
{
	printf("\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,"
	    "\"max_us\":%.1f", us(nl_hist_at(h, 0.5)), us(nl_hist_at(h, 0.9)),
	    us(nl_hist_at(h, 0.99)), us(h->max));
}

static void
json(const struct nl_run *run, const struct nl_times *t, const struct sum *s)
{
	double secs = (double)t->ns / 1e9;
	const char *sep = "";
	unsigned i;

	printf("{\"version\":1,\"program\":\"nfsload\",\"proc\":\"%s\","
	    "\"depth\":%u,\"connections\":%u,\"size\":%u,\"calls\":%" PRIu64
	    ",\"bytes\":%" PRIu64 ",\"seconds\":%.6f,\"rate\":%.1f,"
	    "\"mib_s\":%.2f,\"passes\":%u", run->work->name, run->opt->depth,
	    run->opt->connections, (unsigned)run->opt->size, s->ops, s->bytes,
	    secs, (double)s->ops / secs, (double)s->bytes / 1048576 / secs,
	    run->passes);
	per_op("server_cpu_us", t->know_server, us(t->server_ns), s->ops);
	per_op("client_cpu_us", true, us(t->client_ns), s->ops);
	putchar(',');
	percentiles(&s->all);
	printf(",\"jain\":%.4f", s->jain);
	per_op("ctx_switches", t->know_server, (double)t->switches, s->ops);
	printf(",\"errors\":%" PRIu64 ",\"rpcs\":%" PRIu64 ",\"entries\":%"
	    PRIu64 ",\"procs\":{", run->errors, s->rpcs, s->entries);
	for (i = 0; i < NL_PROCS; i++) {
		if (s->by_proc[i].n == 0)
			continue;
		printf("%s\"%s\":{\"calls\":%" PRIu64 ",", sep,
		    nl_wire_proc(i), s->by_proc[i].n);
		percentiles(&s->by_proc[i]);
		printf("}");
		sep = ",";
	}
	printf("},\"first_error\":");
	if (run->errors > 0)
		quoted(run->first);
	else
		printf("null");
	printf("}\n");
}

static void
text(const struct nl_run *run, const struct nl_times *t, const struct sum *s)
{
	double secs = (double)t->ns / 1e9;
	double ops = s->ops == 0 ? 1 : (double)s->ops;
	unsigned i;

	printf("%s depth %u connections %u: %" PRIu64 " in %.3f s, %.0f/s",
	    run->work->name, run->opt->depth, run->opt->connections, s->ops,
	    secs, (double)s->ops / secs);
	if (s->bytes > 0)
		printf(", %.1f MiB/s", (double)s->bytes / 1048576 / secs);
	if (s->entries > 0)
		printf(", %.0f entries/s", (double)s->entries / secs);
	if (t->know_server)
		printf(", server %.2f us and %.2f switches for each",
		    us(t->server_ns) / ops, (double)t->switches / ops);
	printf(", client %.2f us, fairness %.3f\n", us(t->client_ns) / ops,
	    s->jain);
	for (i = 0; i < NL_PROCS; i++)
		if (s->by_proc[i].n > 0)
			printf("  %-12s %9" PRIu64 "  p50 %.1f  p90 %.1f  p99 "
			    "%.1f  max %.1f us\n", nl_wire_proc(i),
			    s->by_proc[i].n,
			    us(nl_hist_at(&s->by_proc[i], 0.5)),
			    us(nl_hist_at(&s->by_proc[i], 0.9)),
			    us(nl_hist_at(&s->by_proc[i], 0.99)),
			    us(s->by_proc[i].max));
}

void
nl_report(const struct nl_run *run, const struct nl_times *t)
{
	struct sum *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return;
	add_up(run, s);
	if (run->opt->json)
		json(run, t, s);
	else
		text(run, t, s);
	free(s);
}
