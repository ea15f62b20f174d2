/*
 * vb_synth.c - one file: read and written in order and at random places.
 *
 * Set 0 holds the file.
 */
#include "config.h"

#include <fcntl.h>

#include "bench/vb_loads.h"

#define RANDOM_READS	100u
#define RANDOM_WRITES	50u
#define PIECE		4096u

static uint64_t
file_size(const struct vb_job *j)
{
	return j->scale < 0.25 ? 32768 : j->scale < 0.5 ? 102400 :
	    j->scale < 0.75 ? 1048576 : 10485760;
}

static struct vb_file *
add_file(struct vb_job *j)
{
	return vb_io_add(&j->io, &j->set[0], j->load->seed + j->vb->seed +
	    j->iter, file_size(j), "data_%u.bin", j->iter);
}

static bool
prepare_file(struct vb_job *j)
{
	return vb_io_write(&j->io, add_file(j), VB_BLOCK, VB_SYNC | VB_EXCL);
}

static bool
check_file(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[0]);
}

static bool
seq_read(struct vb_job *j)
{
	bool well = vb_io_read_all(&j->io, &j->set[0]);

	j->io.ops = (file_size(j) + VB_BLOCK - 1) / VB_BLOCK;
	return well;
}

const struct vb_load vb_seq_read = {
	.name = "seq-read", .what = "a file, by 64 KiB",
	.seed = 42, .warm_ups = 3,
	.prepare = prepare_file,
	.steps = { { "seq-read", seq_read, VB_SAME } },
};

static bool
rand_read(struct vb_job *j)
{
	struct vb_file *f = &j->set[0].v[0];
	bool well = true;
	uint64_t off;
	unsigned i;
	int fd;

	if ((fd = vb_io_open(&j->io, f, O_RDONLY)) == -1)
		return false;
	for (i = 0; well && i < RANDOM_READS; i++) {
		off = vb_rng_below(&j->rng, f->size - PIECE + 1);
		well = vb_io_read_at(&j->io, f, fd, off, PIECE);
	}
	return vb_io_close(&j->io, f, fd) && well;
}

const struct vb_load vb_rand_read = {
	.name = "rand-read", .what = "100 times 4 KiB of a file, anywhere",
	.seed = 12345, .warm_ups = 3,
	.prepare = prepare_file,
	.steps = { { "rand-read", rand_read, VB_SAME } },
};

static bool
seq_write(struct vb_job *j)
{
	bool well = prepare_file(j);

	j->io.ops = (file_size(j) + VB_BLOCK - 1) / VB_BLOCK;
	return well;
}

const struct vb_load vb_seq_write = {
	.name = "seq-write", .what = "a new file, by 64 KiB, fsync",
	.seed = 4242, .warm_ups = 3,
	.steps = { { "seq-write", seq_write, VB_ONCE } },
	.check = check_file,
};

static bool
rand_write(struct vb_job *j)
{
	struct vb_file *f = &j->set[0].v[0];
	bool well = true;
	uint64_t off;
	unsigned i;
	int fd;

	if ((fd = vb_io_open(&j->io, f, O_RDWR)) == -1)
		return false;
	for (i = 0; well && i < RANDOM_WRITES; i++) {
		off = vb_rng_below(&j->rng, f->size - PIECE + 1);
		well = vb_io_write_at(&j->io, f, fd, off, PIECE,
		    vb_rng_next(&j->rng));
	}
	well = well && vb_io_fsync(&j->io, f->path, fd);
	return vb_io_close(&j->io, f, fd) && well;
}

const struct vb_load vb_rand_write = {
	.name = "rand-write", .what = "50 times 4 KiB of a file, one fsync",
	.seed = 54321, .warm_ups = 3,
	.prepare = prepare_file,
	.steps = { { "rand-write", rand_write, VB_FRESH } },
	.check = check_file,
};
