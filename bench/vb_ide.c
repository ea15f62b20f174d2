/*
 * vb_ide.c - "Code Editor": sources are read, a few are edited and saved, and
 * a build writes its output.
 */
#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>

#include "bench/vb_loads.h"

enum { SOURCES, OUTPUTS };	/* sets; the first `hot' sources are edited */

static bool
prepare(struct vb_job *j)
{
	uint64_t n = vb_pair(j, 50, 10), i, key;
	struct vb_file *f;

	for (i = 0; i < n; i++) {
		key = vb_rng_next(&j->rng);
		f = vb_io_add(&j->io, &j->set[SOURCES], key,
		    vb_rng_range(&j->rng, 10240, 102400),
		    "src/module_%03u.rs", (unsigned)i);
		f->text = true;
	}
	return vb_io_mkdir(&j->io, "src") && vb_io_mkdir(&j->io, "target") &&
	    vb_io_write_all(&j->io, &j->set[SOURCES], VB_SYNC | VB_EXCL);
}

/* Looks into a file, twice: at a place, and a little further. */
static bool
look_into(struct vb_job *j, const struct vb_file *f)
{
	uint64_t off = vb_rng_below(&j->rng, f->size - 4096), near;
	struct stat st;
	bool well;
	int fd;

	if ((fd = vb_io_open(&j->io, f, O_RDONLY)) == -1)
		return false;
	if (fstat(fd, &st) == -1 || (uint64_t)st.st_size != f->size)
		well = vb_error(j->vb, "%s: not its size by fstat", f->path);
	else
		well = vb_io_read_at(&j->io, f, fd, off, 1024);
	j->io.ops++;
	if (!vb_io_close(&j->io, f, fd) || !well)
		return false;
	if ((fd = vb_io_open(&j->io, f, O_RDONLY)) == -1)
		return false;
	near = off + vb_rng_below(&j->rng, 2048);
	well = vb_io_read_at(&j->io, f, fd, near, 512);
	return vb_io_close(&j->io, f, fd) && well;
}

static bool
edit(struct vb_job *j, uint64_t hot)
{
	struct vb_set *s = &j->set[SOURCES];
	uint64_t cycles = vb_pair(j, 20, 5), cold;

	for (; cycles > 0; cycles--) {
		if (!look_into(j, &s->v[vb_rng_below(&j->rng, hot)]))
			return false;
		if (!vb_rng_chance(&j->rng, 20))
			continue;
		cold = hot + vb_rng_below(&j->rng, s->n - hot);
		if (!vb_io_read(&j->io, &s->v[cold], VB_BLOCK))
			return false;
	}
	return true;
}

/* The edits were made in memory: a saved file is new from end to end. */
static bool
save(struct vb_job *j, uint64_t hot)
{
	struct vb_file *f;
	uint64_t i;

	for (i = 0; i < hot; i++) {
		f = &j->set[SOURCES].v[i];
		vb_io_rekey(f, vb_rng_next(&j->rng), f->size);
		if (!vb_io_write(&j->io, f, VB_BLOCK, VB_SYNC))
			return false;
	}
	return true;
}

static bool
build(struct vb_job *j)
{
	uint64_t n = vb_pair(j, 10, 2), i, key;

	for (i = 0; i < n; i++) {
		key = vb_rng_next(&j->rng);
		(void)vb_io_add(&j->io, &j->set[OUTPUTS], key,
		    vb_rng_range(&j->rng, 51200, 102400),
		    "target/output_%02u.o", (unsigned)i);
	}
	return vb_io_write_all(&j->io, &j->set[OUTPUTS], VB_SYNC | VB_EXCL);
}

static bool
run(struct vb_job *j)
{
	struct vb_set *s = &j->set[SOURCES];
	uint64_t hot = vb_pair(j, 5, 2);
	char src[VB_PATH + 8];
	long count;

	(void)snprintf(src, sizeof(src), "%s/src", j->dir);
	if ((count = vb_io_count(&j->io, src)) == -1)
		return false;
	if ((size_t)count != s->n)
		return vb_error(j->vb, "%s: %ld entries instead of %zu", src,
		    count, s->n);
	return vb_io_read_all(&j->io, s) && vb_io_read_all(&j->io, s) &&
	    edit(j, hot) && save(j, hot) && vb_io_read_all(&j->io, s) &&
	    build(j);
}

static bool
check(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[SOURCES]) &&
	    vb_io_read_all(&j->io, &j->set[OUTPUTS]);
}

const struct vb_load vb_ide = {
	.name = "ide", .what = "code editor: read, edit, save, build",
	.seed = 0x1de0, .warm_ups = 1,
	.prepare = prepare,
	.steps = { { "ide", run, VB_FRESH } },
	.check = check,
};
