/*
 * vb_run.c - jobs, phases, samples.
 */
#include "config.h"

#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/vb_cmd.h"
#include "bench/vb_run.h"

bool
vb_run_begin(struct vb *vb)
{
	char path[sizeof(vb->dir) + 64];

	(void)snprintf(path, sizeof(path), "%s/vaultbench-%lx-%lx", vb->dir,
	    (unsigned long)getpid(), (unsigned long)time(NULL));
	if (strlen(path) + 300 > sizeof(vb->session))
		return vb_error(vb, "%s: the path is too long", vb->dir);
	if (mkdir(path, 0755) == -1)
		return vb_error(vb, "%s: %s", path, strerror(errno));
	memcpy(vb->session, path, strlen(path) + 1);
	return true;
}

bool
vb_run_end(struct vb *vb)
{
	struct vb_job j = { .vb = vb };
	struct vb_io io;
	bool well;

	if (vb->session[0] == '\0')
		return true;
	vb->about = "clean-up";
	vb_io_init(&io, &j);
	well = vb_io_remove(&io, vb->session);
	vb_io_fini(&io);
	vb->session[0] = '\0';
	return well;
}

/* Of all processes of the server; -1 if one of them cannot be asked. */
static double
server_cpu(struct vb *vb, const pid_t *pids, size_t n)
{
	double sum = 0, one;
	size_t i;

	for (i = 0; i < n; i++) {
		if ((one = vb_probe_cpu(pids[i])) < 0) {
#ifdef __linux__
			(void)vb_error(vb, "process %ld of the server is gone",
			    (long)pids[i]);
#endif
			return -1;
		}
		sum += one;
	}
	return n == 0 ? -1 : sum;
}

/* The file is read each time: --cold's command may start another server. */
static size_t
server_pids(struct vb *vb, pid_t pids[VB_PIDS])
{
	size_t n = vb->pid_count;
	long pid;
	FILE *f;

	memcpy(pids, vb->pids, n * sizeof(*pids));
	if (vb->pid_file == NULL)
		return n;
	if ((f = fopen(vb->pid_file, "r")) != NULL) {
		while (n < VB_PIDS && fscanf(f, "%ld", &pid) == 1 && pid > 0)
			pids[n++] = (pid_t)pid;
		(void)fclose(f);
	}
	if (n == vb->pid_count)
		(void)vb_error(vb, "%s: no process id", vb->pid_file);
	return n;
}

static struct vb_result *
find_result(struct vb_results *r, const struct vb_load *load, const char *name,
    const char *phase)
{
	struct vb_result *res;
	size_t i;

	for (i = 0; i < r->n; i++) {
		res = &r->v[i];
		if (res->load == load && strcmp(res->name, name) == 0 &&
		    strcmp(res->phase, phase) == 0)
			return res;
	}
	r->v = vb_realloc(r->v, (r->n + 1) * sizeof(*r->v));
	res = &r->v[r->n++];
	memset(res, 0, sizeof(*res));
	res->load = load;
	res->name = name;
	res->phase = phase;
	res->peak_kib = -1;
	return res;
}

static void
keep(struct vb_result *res, const struct vb_sample *s, struct vb_job *j,
    const pid_t *pids, size_t npids)
{
	long kib, sum = 0;
	size_t i;

	res->v = vb_realloc(res->v, (res->n + 1) * sizeof(*res->v));
	res->v[res->n++] = *s;
	if (j->detail != NULL) {
		if (res->runs == NULL)
			res->runs = json_array();
		(void)json_array_append_new(res->runs, j->detail);
		j->detail = NULL;
	}
	for (i = 0; i < npids && sum != -1; i++) {
		kib = vb_probe_peak_kib(pids[i]);
		sum = kib == -1 ? -1 : sum + kib;
	}
	if (npids > 0 && sum > res->peak_kib)
		res->peak_kib = sum;
}

/* Runs a step once; results is NULL for a warm-up. */
static bool
timed(struct vb_job *j, size_t step, const char *phase, struct vb_results *r)
{
	const struct vb_step *st = &j->load->steps[step];
	struct vb_sample s = { 0 };
	struct vb_rpcs before;
	pid_t pids[VB_PIDS];
	size_t npids;
	uint64_t t0;
	bool well;

	vb_rng_init(&j->rng, j->load->seed + j->vb->seed + 1 + step);
	(void)vb_io_think(&j->io, j->vb->settle_ms);
	j->value = j->busy = 0;
	j->io.ops = j->io.bytes = j->io.off_ns = j->io.slept_ns = 0;
	npids = server_pids(j->vb, pids);
	s.cpu = server_cpu(j->vb, pids, npids);
	vb_probe_rpcs(j->vb->dir, &before);
	t0 = vb_io_now();
	well = st->run(j);
	s.wall = (double)(vb_io_now() - t0 - j->io.off_ns) / 1e9;
	if (s.cpu >= 0)
		s.cpu = server_cpu(j->vb, pids, npids) - s.cpu;
	vb_probe_rpcs(j->vb->dir, &s.rpcs);
	vb_probe_since(&s.rpcs, &before);
	j->turn++;
	s.busy = j->value > 0 ? j->busy :
	    s.wall - (double)j->io.slept_ns / 1e9;
	s.value = j->value > 0 ? j->value : s.busy;
	s.ops = j->io.ops;
	s.bytes = j->io.bytes;
	if (well && r != NULL)
		keep(find_result(r, j->load, st->name, phase), &s, j, pids,
		    npids);
	json_decref(j->detail);
	j->detail = NULL;
	return well && !vb_stopped();
}

static bool
job_begin(struct vb_job *j, struct vb *vb, const struct vb_load *load,
    double scale, unsigned iter)
{
	static unsigned count;
	int n;

	memset(j, 0, sizeof(*j));
	j->vb = vb;
	j->load = load;
	j->scale = scale;
	j->iter = iter;
	vb_io_init(&j->io, j);
	vb_rng_init(&j->rng, load->seed + vb->seed);
	n = snprintf(j->dir, sizeof(j->dir), "%s/%s-%llx-%u", vb->session,
	    load->name, (unsigned long long)(load->seed + vb->seed), count++);
	assert(n > 0 && (size_t)n < sizeof(j->dir));
	if (mkdir(j->dir, 0755) == -1)
		return vb_error(vb, "%s: %s", j->dir, strerror(errno));
	return load->prepare == NULL || load->prepare(j);
}

static bool
job_end(struct vb_job *j)
{
	bool well = vb_io_remove(&j->io, j->dir);
	size_t i;

	for (i = 0; i < VB_SETS; i++)
		vb_io_free(&j->set[i]);
	vb_io_fini(&j->io);
	return well;
}

/* What was written is right, and not only in a cache. */
static bool
read_back(struct vb_job *j, bool warm_up)
{
	return j->load->check == NULL || warm_up ||
	    (vb_cmd_cold(j->vb) && j->load->check(j));
}

/* A job in which every step runs, on the same files if again. */
static bool
job_warm(struct vb *vb, const struct vb_load *load, double scale,
    unsigned iter, struct vb_results *r)
{
	const struct vb_step *st;
	struct vb_job j;
	bool well;
	size_t i;

	well = job_begin(&j, vb, load, scale, iter);
	for (i = 0; well && i < VB_STEPS && load->steps[i].name; i++) {
		st = &load->steps[i];
		well = timed(&j, i, st->again == VB_ONCE ? "-" : "warm", r);
		if (well && r != NULL && vb->cold && st->again == VB_SAME)
			well = vb_cmd_cold(vb) && timed(&j, i, "cold", r);
	}
	well = well && read_back(&j, r == NULL);
	return job_end(&j) && well;
}

static bool
job_cold(struct vb *vb, const struct vb_load *load, double scale,
    unsigned iter, struct vb_results *r)
{
	struct vb_job j;
	bool well;

	well = job_begin(&j, vb, load, scale, iter) && vb_cmd_cold(vb) &&
	    timed(&j, 0, "cold", r) && read_back(&j, false);
	return job_end(&j) && well;
}

static void
show_progress(const struct vb_load *load, unsigned i, unsigned n)
{
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "\r\033[K%s%s%u/%u%s", load->name,
		    i < n ? " " : "", i, n, i < n ? "" : "\r\033[K");
}

static void
free_result(struct vb_result *res)
{
	free(res->v);
	json_decref(res->runs);
}

bool
vb_run_load(struct vb *vb, const struct vb_load *load, double scale,
    unsigned iterations, struct vb_results *r)
{
	size_t had = r->n, errors = vb->error_count;
	unsigned i, warm = load->warm_ups;
	bool well = true;

	vb->about = load->name;
	if (load->missing != NULL)
		return vb_error(vb, "%s", load->missing);
	if (vb->warm_ups >= 0)
		warm = (unsigned)vb->warm_ups;
	else if (iterations == 1)
		warm = 0;
	for (i = 0; well && i < warm; i++)
		well = job_warm(vb, load, scale, 1000 + i, NULL);
	for (i = 0; well && i < iterations; i++) {
		show_progress(load, i, iterations);
		well = job_warm(vb, load, scale, i, r);
		if (well && vb->cold && load->steps[0].again == VB_FRESH)
			well = job_cold(vb, load, scale, i, r);
	}
	show_progress(load, iterations, iterations);
	if (well && vb->error_count == errors)
		return true;
	while (r->n > had)
		free_result(&r->v[--r->n]);
	return false;
}

void
vb_run_free(struct vb_results *r)
{
	while (r->n > 0)
		free_result(&r->v[--r->n]);
	free(r->v);
	r->v = NULL;
}
