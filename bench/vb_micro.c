/*
 * vb_micro.c - one kind of operation at a time, many of it: what a call costs
 * the server.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/vb_loads.h"

#define MIB	1048576u
#define PAGE	4096u

/* Files of 4 KiB in one folder: set 0. */
static bool
files_prepare(struct vb_job *j)
{
	uint64_t n = vb_scale(j, 10000, 10), i;

	for (i = 0; i < n; i++)
		(void)vb_io_add(&j->io, &j->set[0], vb_rng_next(&j->rng), PAGE,
		    "small_%05u", (unsigned)i);
	return true;
}

static bool
files_create(struct vb_job *j)
{
	return vb_io_write_all(&j->io, &j->set[0], VB_EXCL);
}

static bool
files_stat(struct vb_job *j)
{
	size_t i;

	for (i = 0; i < j->set[0].n; i++) {
		if (!vb_io_stat(&j->io, &j->set[0].v[i]))
			return false;
	}
	return true;
}

static bool
files_read(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[0]);
}

static bool
files_list(struct vb_job *j)
{
	long n = vb_io_list_stat(&j->io, j->dir);

	if (n != -1 && (size_t)n != j->set[0].n)
		return vb_error(j->vb, "%s: %ld entries instead of %zu",
		    j->dir, n, j->set[0].n);
	return n != -1;
}

static bool
files_rename(struct vb_job *j)
{
	struct vb_file *f;
	char *to;
	size_t i;

	for (i = 0; i < j->set[0].n; i++) {
		if (vb_stopped())
			return false;
		f = &j->set[0].v[i];
		to = vb_alloc(strlen(f->path) + 5);
		(void)sprintf(to, "%s.new", f->path);
		j->io.ops++;
		if (rename(f->path, to) == -1) {
			free(to);
			return vb_error(j->vb, "%s: rename: %s", f->path,
			    strerror(errno));
		}
		free(f->path);
		f->path = to;
	}
	return true;
}

static bool
files_unlink(struct vb_job *j)
{
	size_t i;

	for (i = 0; i < j->set[0].n; i++) {
		if (!vb_io_unlink(&j->io, &j->set[0].v[i]))
			return false;
	}
	return true;
}

static bool
files_check(struct vb_job *j)
{
	long n = vb_io_count(&j->io, j->dir);

	return n == 0 || (n > 0 && vb_error(j->vb,
	    "%s: %ld entries that were removed", j->dir, n));
}

const struct vb_load vb_micro_files = {
	.name = "micro-files", .what = "10,000 files of 4 KiB, call by call",
	.seed = 0x311c0,
	.prepare = files_prepare,
	.steps = {
		{ "micro-create", files_create, VB_ONCE },
		{ "micro-stat", files_stat, VB_SAME },
		{ "micro-list", files_list, VB_SAME },
		{ "micro-read", files_read, VB_SAME },
		{ "micro-rename", files_rename, VB_ONCE },
		{ "micro-unlink", files_unlink, VB_ONCE },
	},
	.check = files_check,
};

/* One large file: set 0. */
static bool
data_prepare(struct vb_job *j)
{
	(void)vb_io_add(&j->io, &j->set[0], vb_rng_next(&j->rng),
	    vb_scale(j, 64, 8) * MIB, "large");
	return true;
}

/* io counts a file; here a block counts. */
static bool
data_write(struct vb_job *j)
{
	struct vb_file *f = &j->set[0].v[0];
	bool well = vb_io_write(&j->io, f, MIB, VB_SYNC | VB_EXCL);

	j->io.ops = f->size / MIB;
	return well;
}

static bool
data_read(struct vb_job *j)
{
	struct vb_file *f = &j->set[0].v[0];
	bool well = vb_io_read(&j->io, f, MIB);

	j->io.ops = f->size / MIB;
	return well;
}

static bool
data_random(struct vb_job *j, bool writes)
{
	struct vb_file *f = &j->set[0].v[0];
	uint64_t n = vb_scale(j, 10000, 100), off;
	bool well = true;
	int fd;

	if ((fd = vb_io_open(&j->io, f, writes ? O_RDWR : O_RDONLY)) == -1)
		return false;
	for (; well && n > 0; n--) {
		off = vb_rng_below(&j->rng, f->size / PAGE) * PAGE;
		well = writes ? vb_io_write_at(&j->io, f, fd, off, PAGE,
		    vb_rng_next(&j->rng)) :
		    vb_io_read_at(&j->io, f, fd, off, PAGE);
	}
	if (well && writes)
		well = vb_io_fsync(&j->io, f->path, fd);
	return vb_io_close(&j->io, f, fd) && well;
}

static bool
data_rand_read(struct vb_job *j)
{
	return data_random(j, false);
}

static bool
data_rand_write(struct vb_job *j)
{
	return data_random(j, true);
}

static bool
data_check(struct vb_job *j)
{
	return vb_io_read(&j->io, &j->set[0].v[0], MIB);
}

const struct vb_load vb_micro_data = {
	.name = "micro-data", .what = "a file of 64 MiB: in order, and 4 KiB",
	.seed = 0x311c1,
	.prepare = data_prepare,
	.steps = {
		{ "micro-seq-write", data_write, VB_ONCE },
		{ "micro-seq-read", data_read, VB_SAME },
		{ "micro-rand-read", data_rand_read, VB_SAME },
		{ "micro-rand-write", data_rand_write, VB_ONCE },
	},
	.check = data_check,
};

/*
 * A source tree, written as tar does: folders of twenty, each file made,
 * filled, given its time and its mode.
 */
static bool
untar_prepare(struct vb_job *j)
{
	uint64_t n = vb_scale(j, 2000, 20), i, key, size;

	for (i = 0; i < n; i++) {
		key = vb_rng_next(&j->rng);
		/* most are small, as sources are */
		size = (uint64_t)1 << vb_rng_range(&j->rng, 8, 15);
		size = vb_rng_range(&j->rng, size / 2, size);
		(void)vb_io_add(&j->io, &j->set[0], key, size,
		    "tree/dir_%03u/file_%04u.c", (unsigned)(i / 20),
		    (unsigned)i);
	}
	return true;
}

static bool
extract(struct vb_job *j, struct vb_file *f)
{
	struct timespec times[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	bool well;
	int fd;

	fd = vb_io_open(&j->io, f, O_WRONLY | O_CREAT | O_EXCL);
	if (fd == -1)
		return false;
	well = vb_io_put(&j->io, f, fd, 10240);
	if (well && (futimens(fd, times) == -1 || fchmod(fd, 0640) == -1))
		well = vb_error(j->vb, "%s: time, mode: %s", f->path,
		    strerror(errno));
	j->io.ops++;
	return vb_io_close(&j->io, f, fd) && well;
}

static bool
untar(struct vb_job *j)
{
	size_t i;

	if (!vb_io_mkdir(&j->io, "tree"))
		return false;
	for (i = 0; i < j->set[0].n; i++) {
		if (i % 20 == 0 && !vb_io_mkdir(&j->io, "tree/dir_%03u",
		    (unsigned)(i / 20)))
			return false;
		if (!extract(j, &j->set[0].v[i]))
			return false;
	}
	return true;
}

static bool
untar_check(struct vb_job *j)
{
	struct stat st;
	size_t i;

	for (i = 0; i < j->set[0].n; i++) {
		if (stat(j->set[0].v[i].path, &st) == -1 ||
		    st.st_mtime != 1000000000 || (st.st_mode & 0777) != 0640)
			return vb_error(j->vb, "%s: not the time and the mode "
			    "it was given", j->set[0].v[i].path);
	}
	return vb_io_read_all(&j->io, &j->set[0]);
}

const struct vb_load vb_micro_untar = {
	.name = "micro-untar", .what = "2,000 files written as tar does",
	.seed = 0x311c2,
	.prepare = untar_prepare,
	.steps = { { "micro-untar", untar, VB_ONCE } },
	.check = untar_check,
};
