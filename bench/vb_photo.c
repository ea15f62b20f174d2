/*
 * vb_photo.c - "Photo Library": heads of all pictures, a few whole ones, a
 * slide show, copies.
 */
#include "config.h"

#include <fcntl.h>

#include "bench/vb_loads.h"

#define MIB	1048576u

enum { PICTURES, COPIES };

static void
add(struct vb_job *j, uint64_t n, uint64_t size, const char *kind)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		(void)vb_io_add(&j->io, &j->set[PICTURES],
		    vb_rng_next(&j->rng), size, "%s_%03u.jpg", kind,
		    (unsigned)i);
}

static bool
prepare(struct vb_job *j)
{
	add(j, vb_pair(j, 50, 10), 2 * MIB, "phone");
	add(j, vb_pair(j, 20, 5), 8 * MIB, "camera");
	add(j, vb_pair(j, 10, 2), 25 * MIB, "raw");
	return vb_io_mkdir(&j->io, "copies") &&
	    vb_io_write_all(&j->io, &j->set[PICTURES], VB_SYNC | VB_EXCL);
}

/* What a viewer makes its small pictures from. */
static bool
heads(struct vb_job *j)
{
	struct vb_set *s = &j->set[PICTURES];
	bool well = true;
	size_t i;
	int fd;

	for (i = 0; well && i < s->n; i++) {
		if ((fd = vb_io_open(&j->io, &s->v[i], O_RDONLY)) == -1)
			return false;
		well = vb_io_read_at(&j->io, &s->v[i], fd, 0, 65536);
		well = vb_io_close(&j->io, &s->v[i], fd) && well;
	}
	return well;
}

/* Where and when a picture was taken. */
static bool
tags(struct vb_job *j)
{
	static const uint64_t at[] = { 0, 12, 64, 128, 256, 512, 1024, 2048,
	    4096 };
	struct vb_set *s = &j->set[PICTURES];
	bool well = true;
	size_t i, k;
	int fd;

	for (i = 0; well && i < s->n; i++) {
		if ((fd = vb_io_open(&j->io, &s->v[i], O_RDONLY)) == -1)
			return false;
		for (k = 0; well && k < sizeof(at) / sizeof(at[0]); k++)
			well = vb_io_read_at(&j->io, &s->v[i], fd, at[k], 256);
		well = vb_io_close(&j->io, &s->v[i], fd) && well;
	}
	return well;
}

static bool
show(struct vb_job *j, uint64_t n, unsigned pause_ms)
{
	struct vb_set *s = &j->set[PICTURES];

	for (; n > 0; n--) {
		if (!vb_io_read(&j->io, &s->v[vb_rng_below(&j->rng, s->n)],
		    VB_BLOCK) ||
		    (pause_ms > 0 && !vb_io_think(&j->io, pause_ms)))
			return false;
	}
	return true;
}

static bool
copy(struct vb_job *j)
{
	struct vb_set *s = &j->set[PICTURES];
	uint64_t n = vb_pair(j, 5, 2), i;
	struct vb_file *to;

	for (i = 0; i < n; i++) {
		to = vb_io_add(&j->io, &j->set[COPIES], 0, 0,
		    "copies/%u_%02u.jpg", j->turn, (unsigned)i);
		if (!vb_io_copy(&j->io,
		    &s->v[vb_rng_below(&j->rng, s->n)], to, 0))
			return false;
	}
	return true;
}

static bool
run(struct vb_job *j)
{
	return heads(j) && tags(j) && show(j, vb_pair(j, 10, 2), 0) &&
	    show(j, vb_pair(j, 20, 5), 100) && copy(j);
}

static bool
check(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[COPIES]);
}

const struct vb_load vb_photo = {
	.name = "photo", .what = "photo library: heads, slide show, copies",
	.seed = 0xf0701ab, .thinks = true,
	.prepare = prepare,
	.steps = { { "photo", run, VB_SAME } },
	.check = check,
};
