/*
 * vb_synth_dir.c - one folder: listed, asked about, filled, emptied.
 *
 * Set 0 holds its files.
 */
#include "config.h"

#include "bench/vb_loads.h"

#define STAT_ROUNDS	100u

/* n files, not made yet, of lo to hi bytes. */
static void
add_files(struct vb_job *j, uint64_t n, uint64_t lo, uint64_t hi)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		(void)vb_io_add(&j->io, &j->set[0], vb_rng_next(&j->rng),
		    vb_rng_range(&j->rng, lo, hi), "file_%05u.txt",
		    (unsigned)i);
}

static bool
check_files(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[0]);
}

static bool
prepare_readdir(struct vb_job *j)
{
	add_files(j, vb_scale(j, 1000, 10), 1024, 1024);
	return vb_io_write_all(&j->io, &j->set[0], VB_EXCL);
}

static bool
list_all(struct vb_job *j)
{
	long n = vb_io_list_stat(&j->io, j->dir);

	if (n != -1 && (size_t)n != j->set[0].n)
		return vb_error(j->vb, "%s: %ld entries instead of %zu",
		    j->dir, n, j->set[0].n);
	return n != -1;
}

const struct vb_load vb_readdir = {
	.name = "readdir", .what = "a folder, and stat of each entry",
	.seed = 0x4ead, .warm_ups = 3,
	.prepare = prepare_readdir,
	.steps = { { "readdir", list_all, VB_SAME } },
};

static bool
prepare_stat(struct vb_job *j)
{
	add_files(j, vb_scale(j, 100, 10), 1024, 10240);
	return vb_io_write_all(&j->io, &j->set[0], VB_EXCL);
}

static bool
stat_all(struct vb_job *j)
{
	unsigned round;
	size_t i;

	for (round = 0; round < STAT_ROUNDS; round++) {
		for (i = 0; i < j->set[0].n; i++) {
			if (!vb_io_stat(&j->io, &j->set[0].v[i]))
				return false;
		}
	}
	return true;
}

const struct vb_load vb_stat = {
	.name = "stat", .what = "every file of a folder, 100 times",
	.seed = 0x57a7, .warm_ups = 5,
	.prepare = prepare_stat,
	.steps = { { "stat", stat_all, VB_SAME } },
};

static bool
create_all(struct vb_job *j)
{
	add_files(j, vb_scale(j, 100, 10), 1024, 1024);
	return vb_io_write_all(&j->io, &j->set[0], VB_EXCL) &&
	    vb_io_fsync_dir(&j->io, j->dir);
}

const struct vb_load vb_create = {
	.name = "create", .what = "files of 1 KiB, one fsync of the folder",
	.seed = 0xc4ea, .warm_ups = 3,
	.steps = { { "create", create_all, VB_ONCE } },
	.check = check_files,
};

static bool
prepare_delete(struct vb_job *j)
{
	add_files(j, vb_scale(j, 100, 10), 1024, 1024);
	return vb_io_write_all(&j->io, &j->set[0], VB_EXCL);
}

static bool
delete_all(struct vb_job *j)
{
	size_t i;

	for (i = 0; i < j->set[0].n; i++) {
		if (!vb_io_unlink(&j->io, &j->set[0].v[i]))
			return false;
	}
	return true;
}

/* Nothing is left to be listed. */
static bool
check_delete(struct vb_job *j)
{
	long n = vb_io_list_stat(&j->io, j->dir);

	return n == 0 || (n > 0 && vb_error(j->vb,
	    "%s: %ld entries that were removed", j->dir, n));
}

const struct vb_load vb_delete = {
	.name = "delete", .what = "every file of a folder",
	.seed = 0xde1e, .warm_ups = 3,
	.prepare = prepare_delete,
	.steps = { { "delete", delete_all, VB_FRESH } },
	.check = check_delete,
};
