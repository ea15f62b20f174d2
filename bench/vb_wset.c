/*
 * vb_wset.c - "working-set": a few files of many are asked for again and again.
 */
#include "config.h"

#include <fcntl.h>

#include "bench/vb_loads.h"

#define PER_DIR	100u

/* Half are small, one of twenty is large. */
static uint64_t
some_size(struct vb_rng *r)
{
	uint64_t p = vb_rng_below(r, 100);

	if (p < 50)
		return vb_rng_range(r, 1024, 10240);
	if (p < 80)
		return vb_rng_range(r, 10240, 102400);
	if (p < 95)
		return vb_rng_range(r, 102400, 512000);
	return vb_rng_range(r, 512000, 1048576);
}

static bool
prepare(struct vb_job *j)
{
	uint64_t n = vb_pair(j, 1000, 100), i, key;

	for (i = 0; i < n; i++) {
		if (i % PER_DIR == 0 &&
		    !vb_io_mkdir(&j->io, "dir_%02u", (unsigned)(i / PER_DIR)))
			return false;
		key = vb_rng_next(&j->rng);
		(void)vb_io_add(&j->io, &j->set[0], key, some_size(&j->rng),
		    "dir_%02u/file_%04u.dat", (unsigned)(i / PER_DIR),
		    (unsigned)i);
	}
	return vb_io_write_all(&j->io, &j->set[0], VB_SYNC | VB_EXCL);
}

/* The first 5 of 100 in 80 of 100 cases, the next 15 in 15, the rest in 5. */
static struct vb_file *
pick(struct vb_job *j)
{
	uint64_t n = j->set[0].n, hot = n * 5 / 100, warm = n * 20 / 100;
	uint64_t p = vb_rng_below(&j->rng, 100), i;

	hot = hot > 0 ? hot : 1;
	warm = warm > hot ? warm : hot + 1;
	if (p < 80)
		i = vb_rng_below(&j->rng, hot);
	else if (p < 95)
		i = vb_rng_range(&j->rng, hot, warm - 1);
	else
		i = vb_rng_range(&j->rng, warm, n - 1);
	return &j->set[0].v[i];
}

static bool
read_a_page(struct vb_job *j, const struct vb_file *f)
{
	uint64_t len = f->size < 4096 ? f->size : 4096;
	bool well;
	int fd;

	if (!vb_io_stat(&j->io, f) ||
	    (fd = vb_io_open(&j->io, f, O_RDONLY)) == -1)
		return false;
	well = vb_io_read_at(&j->io, f, fd,
	    vb_rng_below(&j->rng, f->size - len + 1), (size_t)len);
	return vb_io_close(&j->io, f, fd) && well;
}

/* Reads it, changes 256 bytes, writes all of it. */
static bool
change(struct vb_job *j, struct vb_file *f)
{
	uint64_t off = vb_rng_below(&j->rng, f->size - 256 + 1);

	if (!vb_io_read(&j->io, f, VB_BLOCK))
		return false;
	vb_io_patch(f, off, 256, vb_rng_next(&j->rng));
	return vb_io_write(&j->io, f, VB_BLOCK, VB_SYNC);
}

static bool
run(struct vb_job *j)
{
	uint64_t ops = vb_pair(j, 500, 50), p;
	struct vb_file *f;
	bool well = true;

	for (; well && ops > 0; ops--) {
		f = pick(j);
		p = vb_rng_below(&j->rng, 100);
		if (p < 70)
			well = vb_io_read(&j->io, f, VB_BLOCK);
		else if (p < 90)
			well = read_a_page(j, f);
		else
			well = change(j, f);
	}
	return well;
}

static bool
check(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[0]);
}

const struct vb_load vb_wset = {
	.name = "working-set", .what = "few files of many, over and over",
	.seed = 0x505e7, .warm_ups = 1,
	.prepare = prepare,
	.steps = { { "working-set", run, VB_FRESH } },
	.check = check,
};
