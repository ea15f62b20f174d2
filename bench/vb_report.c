/*
 * vb_report.c - results for people and for programs.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "bench/vb_report.h"
#include "bench/vb_stats.h"

static void
summary(const struct vb_result *res, struct vb_summary *s)
{
	double v[VB_STATS_MAX];
	size_t i;

	for (i = 0; i < res->n; i++)
		v[i] = res->v[i].value;
	vb_stats_summary(v, res->n, s);
}

static uint64_t
ops_of(const struct vb_sample *s)
{
	return s->ops;
}

static uint64_t
bytes_of(const struct vb_sample *s)
{
	return s->bytes;
}

/* The median run's. */
static uint64_t
count(const struct vb_result *res, uint64_t (*of)(const struct vb_sample *))
{
	uint64_t v[VB_STATS_MAX];
	size_t i;

	for (i = 0; i < res->n; i++)
		v[i] = of(&res->v[i]);
	return vb_stats_count(v, res->n);
}

static bool
cpu_known(const struct vb_result *res)
{
	size_t i;

	for (i = 0; i < res->n; i++) {
		if (res->v[i].cpu < 0)
			return false;
	}
	return true;
}

/* Microseconds of the server for an operation: the median of the runs. */
static double
cpu_of_op(const struct vb_result *res)
{
	double v[VB_STATS_MAX];
	struct vb_summary s;
	size_t i;

	for (i = 0; i < res->n; i++)
		v[i] = 1e6 * res->v[i].cpu /
		    (double)(res->v[i].ops ? res->v[i].ops : 1);
	vb_stats_summary(v, res->n, &s);
	return s.median;
}

/* About three digits that mean something. */
static const char *
number(char *buf, size_t size, double v)
{
	int digits = v >= 100 ? 0 : v >= 10 ? 1 : v >= 1 ? 2 : 3;

	(void)snprintf(buf, size, "%.*f", digits, v);
	return buf;
}

static void
row(FILE *out, const struct vb_result *res)
{
	char med[32], lo[32], hi[32], rate[32], mib[32], cpu[32];
	struct vb_summary s;
	double busy, ops = (double)count(res, ops_of), ms;
	double bytes = (double)count(res, bytes_of);

	summary(res, &s);
	ms = res->load->unit == NULL ? 1000 : 1;
	/* of ops/s the median is the rate itself */
	busy = res->load->unit == NULL ? s.median : ops / s.median;
	(void)fprintf(out, "%-17s %-5s %3zu  %9s %-5s %9s %9s%s %9s %8s %9s\n",
	    res->name, res->phase, res->n,
	    number(med, sizeof(med), ms * s.median),
	    res->load->unit ? res->load->unit : "ms",
	    number(lo, sizeof(lo), ms * s.lo),
	    number(hi, sizeof(hi), ms * s.hi),
	    s.confidence > 0 ? " " : "*",
	    number(rate, sizeof(rate), busy > 0 ? ops / busy : 0),
	    bytes == 0 || busy <= 0 ? "-" :
	    number(mib, sizeof(mib), bytes / busy / 1048576),
	    cpu_known(res) ? number(cpu, sizeof(cpu), cpu_of_op(res)) : "-");
}

void
vb_report_table(FILE *out, const struct vb_results *r)
{
	bool few = false;
	size_t i;

	if (r->n == 0)
		return;
	(void)fprintf(out, "%-17s %-5s %3s  %9s %-5s %9s %9s  %9s %8s %9s\n",
	    "workload", "phase", "n", "median", "", "from", "to", "ops/s",
	    "MiB/s", "us/op");
	for (i = 0; i < r->n; i++) {
		row(out, &r->v[i]);
		few = few || r->v[i].n < 6;
	}
	(void)fprintf(out, "\nfrom, to: 95 %% interval of the median%s; "
	    "pauses are not counted; us/op: CPU time of the server\n",
	    few ? ", but *: least and most of less than 6 runs" : "");
	for (i = 0; i < r->n; i++) {
		if (r->v[i].load->note != NULL &&
		    (i == 0 || r->v[i].load != r->v[i - 1].load))
			(void)fprintf(out, "%s: %s\n", r->v[i].load->name,
			    r->v[i].load->note);
	}
}

/* Calls by procedure, of the median run for each; those never made are not. */
static json_t *
rpcs(const struct vb_result *res)
{
	const struct vb_rpcs *first = &res->v[0].rpcs;
	uint64_t v[VB_STATS_MAX], n;
	json_t *o;
	size_t i, p;

	for (i = 0; i < res->n; i++) {
		if (!res->v[i].rpcs.known || res->v[i].rpcs.n != first->n)
			return json_null();
	}
	o = json_object();
	for (p = 0; p < first->n; p++) {
		for (i = 0; i < res->n; i++)
			v[i] = res->v[i].rpcs.v[p].count;
		if ((n = vb_stats_count(v, res->n)) > 0)
			(void)json_object_set_new(o, first->v[p].name,
			    json_integer((json_int_t)n));
	}
	return o;
}

static double
value_of(const struct vb_sample *s)
{
	return s->value;
}

static double
busy_of(const struct vb_sample *s)
{
	return s->busy;
}

static double
wall_of(const struct vb_sample *s)
{
	return s->wall;
}

static double
cpu_of(const struct vb_sample *s)
{
	return s->cpu;
}

static json_t *
list(const struct vb_result *res, double (*of)(const struct vb_sample *))
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < res->n; i++)
		(void)json_array_append_new(a, json_real(of(&res->v[i])));
	return a;
}

static json_t *
detail(const struct vb_result *res)
{
	json_t *o = json_object();

	if (res->load->note != NULL)
		(void)json_object_set_new(o, "note",
		    json_string(res->load->note));
	if (res->load->thinks)
		(void)json_object_set_new(o, "wall_s", list(res, wall_of));
	if (res->runs != NULL)
		(void)json_object_set(o, "runs", res->runs);
	return o;
}

static json_t *
result(const struct vb_result *res)
{
	const char *unit = res->load->unit ? res->load->unit : "s";
	struct vb_summary s;
	json_t *o;

	summary(res, &s);
	o = json_pack("{s:s, s:s, s:s, s:o, s:f, s:[f,f], s:f, s:f, s:f, s:I,"
	    "s:I}", "name", res->name, "phase", res->phase, "unit", unit,
	    "samples", list(res, value_of), "median", s.median, "ci", s.lo,
	    s.hi, "confidence", s.confidence, "min", s.min, "max", s.max,
	    "ops", (json_int_t)count(res, ops_of), "bytes",
	    (json_int_t)count(res, bytes_of));
	if (res->load->thinks)
		(void)json_object_set_new(o, "net_of_sleeps",
		    list(res, busy_of));
	(void)json_object_set_new(o, "server_cpu_s",
	    cpu_known(res) ? list(res, cpu_of) : json_null());
	(void)json_object_set_new(o, "rpcs", rpcs(res));
	(void)json_object_set_new(o, "peak_rss_kib", res->peak_kib == -1 ?
	    json_null() : json_integer(res->peak_kib));
	(void)json_object_set_new(o, "detail", detail(res));
	return o;
}

json_t *
vb_report_json(const struct vb *vb, const struct vb_report *rep,
    const struct vb_results *r)
{
	json_t *results = json_array(), *errors = json_array();
	char fs[64];
	size_t i;

	vb_probe_fs(vb->dir, fs, sizeof(fs));
	for (i = 0; i < r->n; i++)
		(void)json_array_append_new(results, result(&r->v[i]));
	for (i = 0; i < vb->error_count && i < VB_ERRORS; i++)
		(void)json_array_append_new(errors,
		    json_string(vb->errors[i]));
	return json_pack("{s:i, s:s, s:s, s:s, s:f, s:s, s:s?, s:i, s:I, s:o,"
	    "s:o}", "version", 1, "program", "vaultbench", "label", rep->label,
	    "dir", vb->dir, "scale", vb->scale, "fs", fs, "suite", rep->suite,
	    "iterations", (int)rep->iterations, "seed", (json_int_t)vb->seed,
	    "results", results, "errors", errors);
}
