/*
 * vb_conc.c - "Multi-Process": an editor, a watcher, a builder and a terminal
 * work on the same files for a given time.
 *
 * The time is given, so it is no result: what is told is how many operations
 * were done for each second in which a thread was not asleep, and how long
 * they took.
 *
 * Threads: the editor alone changes the hot files and their struct vb_file; the
 * others read those without a look at what is in them, for they may see one
 * cut short.  All else is constant while the threads run, but for OUTPUTS,
 * which is the builder's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/vb_loads.h"
#include "bench/vb_stats.h"

#define THREADS	4u
#define CAP	51200u		/* bytes of a hot file */

enum { FILES, OUTPUTS };	/* sets */

struct table {
	struct vb_job	*job;
	char		 src[VB_PATH + 8];
	size_t		 hot;		/* the first of FILES */
	uint64_t	 until;		/* ns */
	atomic_bool	 failed;
};

struct hand {
	struct table	*table;
	const char	*name;
	bool		(*round)(struct hand *h);
	uint64_t	 seed;
	pthread_t	 thread;
	bool		 runs;
	struct vb_io	 io;
	struct vb_rng	 rng;
	double		*took;		/* seconds, of each operation */
	size_t		 n;
	size_t		 cap;
	double		 busy;		/* their sum */
};

static bool
prepare(struct vb_job *j)
{
	uint64_t n = vb_pair(j, 30, 10), i, key;

	for (i = 0; i < n; i++) {
		key = vb_rng_next(&j->rng);
		(void)vb_io_add(&j->io, &j->set[FILES], key,
		    vb_rng_range(&j->rng, 5120, 15360), "src/file_%03u.txt",
		    (unsigned)i);
	}
	n = vb_pair(j, 5, 2);
	for (i = 0; i < n; i++)
		vb_io_add(&j->io, &j->set[OUTPUTS], 0, 0, "out/output_%02u.o",
		    (unsigned)i)->gone = true;
	return vb_io_mkdir(&j->io, "src") && vb_io_mkdir(&j->io, "out") &&
	    vb_io_write_all(&j->io, &j->set[FILES], VB_SYNC | VB_EXCL);
}

static bool
is_over(const struct hand *h)
{
	return vb_io_now() >= h->table->until || vb_stopped() ||
	    atomic_load(&h->table->failed);
}

/* An operation that began at t0, when the clock had stood for off_ns. */
static void
done(struct hand *h, uint64_t t0, uint64_t off_ns)
{
	uint64_t ns = vb_io_now() - t0 - (h->io.off_ns - off_ns);

	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 256 : 2 * h->cap;
		h->took = vb_realloc(h->took, h->cap * sizeof(*h->took));
	}
	h->took[h->n++] = (double)ns / 1e9;
	h->busy += (double)ns / 1e9;
}

/* Sleeps in short pieces, not over the end. */
static bool
rest(struct hand *h, unsigned ms)
{
	unsigned piece;

	for (; ms > 0 && !is_over(h); ms -= piece) {
		piece = ms < 50 ? ms : 50;
		if (!vb_io_think(&h->io, piece))
			return false;
	}
	return true;
}

static bool
read_any(struct hand *h, const struct vb_file *f)
{
	uint8_t *buf = vb_io_buf(&h->io, VB_BLOCK);
	ssize_t n;
	int fd;

	if ((fd = vb_io_open(&h->io, f, O_RDONLY)) == -1)
		return false;
	while ((n = read(fd, buf, VB_BLOCK)) > 0)
		h->io.bytes += (uint64_t)n;
	h->io.ops++;
	if (n == -1)
		(void)vb_error(h->io.job->vb, "%s: read: %s", f->path,
		    strerror(errno));
	return vb_io_close(&h->io, f, fd) && n == 0;
}

static bool
read_one(struct hand *h, size_t i)
{
	const struct vb_file *f = &h->table->job->set[FILES].v[i];
	uint64_t t0 = vb_io_now(), off = h->io.off_ns;
	bool well;

	well = i < h->table->hot ? read_any(h, f) :
	    vb_io_read(&h->io, f, VB_BLOCK);
	done(h, t0, off);
	return well;
}

static bool
editor(struct hand *h)
{
	struct vb_file *f = &h->table->job->set[FILES].v[
	    vb_rng_below(&h->rng, h->table->hot)];
	uint64_t t0 = vb_io_now(), off = h->io.off_ns;
	bool well;

	well = vb_io_read(&h->io, f, VB_BLOCK);
	done(h, t0, off);
	if (!well)
		return false;
	f->size += vb_rng_range(&h->rng, 100, 1000);
	if (f->size > CAP)
		vb_io_rekey(f, vb_rng_next(&h->rng), 5120);
	t0 = vb_io_now();
	off = h->io.off_ns;
	well = vb_io_write(&h->io, f, VB_BLOCK, VB_SYNC);
	done(h, t0, off);
	return well && rest(h, 100);
}

static bool
list(struct hand *h, bool with_stat)
{
	const struct table *t = h->table;
	uint64_t t0 = vb_io_now(), off = h->io.off_ns;
	long n;

	n = with_stat ? vb_io_list_stat(&h->io, t->src) :
	    vb_io_count(&h->io, t->src);
	done(h, t0, off);
	if (n != -1 && (size_t)n != t->job->set[FILES].n)
		return vb_error(t->job->vb, "%s: %ld entries instead of %zu",
		    t->src, n, t->job->set[FILES].n);
	return n != -1;
}

static bool
watcher(struct hand *h)
{
	return list(h, true) && rest(h, 500);
}

static bool
builder(struct hand *h)
{
	struct vb_set *out = &h->table->job->set[OUTPUTS];
	uint64_t t0, off;
	size_t i;
	bool well;

	for (i = 0; i < h->table->job->set[FILES].n; i++) {
		if (!read_one(h, i))
			return false;
	}
	for (i = 0; i < out->n; i++) {
		vb_io_rekey(&out->v[i], vb_rng_next(&h->rng),
		    vb_rng_range(&h->rng, 10240, 30720));
		t0 = vb_io_now();
		off = h->io.off_ns;
		well = vb_io_write(&h->io, &out->v[i], VB_BLOCK, VB_SYNC);
		done(h, t0, off);
		if (!well)
			return false;
	}
	return rest(h, 5000);
}

static bool
terminal(struct hand *h)
{
	return read_one(h, vb_rng_below(&h->rng,
	    h->table->job->set[FILES].n)) && list(h, false) &&
	    rest(h, (unsigned)vb_rng_range(&h->rng, 50, 199));
}

/* One round at least: a short time on a busy machine is not nothing. */
static void *
work(void *arg)
{
	struct hand *h = arg;

	do {
		if (!h->round(h))
			atomic_store(&h->table->failed, true);
	} while (!is_over(h));
	return NULL;
}

static json_t *
told(struct hand *h)
{
	if (h->n == 0)
		return json_pack("{s:i}", "ops", 0);
	return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f}",
	    "ops", (json_int_t)h->n,
	    "p50_us", 1e6 * vb_stats_percentile(h->took, h->n, 50),
	    "p90_us", 1e6 * vb_stats_percentile(h->took, h->n, 90),
	    "p99_us", 1e6 * vb_stats_percentile(h->took, h->n, 99),
	    "max_us", 1e6 * vb_stats_percentile(h->took, h->n, 100),
	    "busy_s", h->busy, "slept_s", (double)h->io.slept_ns / 1e9);
}

/* What the threads did becomes what the job did. */
static void
add_up(struct vb_job *j, struct hand *hands, double seconds)
{
	uint64_t ops = 0;
	size_t i;

	j->detail = json_pack("{s:f}", "seconds", seconds);
	j->busy = 0;
	for (i = 0; i < THREADS; i++) {
		ops += hands[i].n;
		j->busy += hands[i].busy;
		j->io.bytes += hands[i].io.bytes;
		(void)json_object_set_new(j->detail, hands[i].name,
		    told(&hands[i]));
	}
	j->io.ops = ops;
	j->value = j->busy > 0 ? (double)ops / j->busy : 0;
}

static bool
run(struct vb_job *j)
{
	struct hand hands[THREADS] = {
		{ .name = "editor", .round = editor, .seed = 0xc0c0 },
		{ .name = "watcher", .round = watcher, .seed = 0xc0c1 },
		{ .name = "builder", .round = builder, .seed = 0xb01d },
		{ .name = "terminal", .round = terminal, .seed = 0x7ea0 },
	};
	uint64_t seconds = j->vb->seconds ? j->vb->seconds : vb_pair(j, 30, 5);
	struct table t = { .job = j, .hot = (size_t)vb_pair(j, 3, 2) };
	uint64_t t0 = vb_io_now();
	size_t i;

	(void)snprintf(t.src, sizeof(t.src), "%s/src", j->dir);
	t.until = t0 + seconds * 1000000000u;
	for (i = 0; i < THREADS; i++) {
		hands[i].table = &t;
		vb_io_init(&hands[i].io, j);
		vb_rng_init(&hands[i].rng, hands[i].seed + j->vb->seed);
		hands[i].runs = pthread_create(&hands[i].thread, NULL, work,
		    &hands[i]) == 0;
		if (!hands[i].runs)
			atomic_store(&t.failed, true);
	}
	for (i = 0; i < THREADS; i++) {
		if (hands[i].runs)
			(void)pthread_join(hands[i].thread, NULL);
		else
			(void)vb_error(j->vb, "no thread");
	}
	add_up(j, hands, (double)(vb_io_now() - t0) / 1e9);
	for (i = 0; i < THREADS; i++) {
		vb_io_fini(&hands[i].io);
		free(hands[i].took);
	}
	return !atomic_load(&t.failed) && (j->value > 0 || vb_stopped() ||
	    vb_error(j->vb, "nothing was done in the time that was given"));
}

static bool
check(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[FILES]) &&
	    vb_io_read_all(&j->io, &j->set[OUTPUTS]);
}

const struct vb_load vb_concurrent = {
	.name = "concurrent", .what = "editor, watcher, builder, terminal",
	.seed = 0xc0c0, .unit = "ops/s", .thinks = true,
	.note = "operations for each second that a thread was not asleep; "
	    "latency by thread is in the JSON form",
	.prepare = prepare,
	.steps = { { "concurrent", run, VB_FRESH } },
	.check = check,
};
