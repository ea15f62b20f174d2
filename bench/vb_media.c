/*
 * vb_media.c - "Video Playback": one large file is read by and by, with
 * pauses, from the start, after jumps, and on from a place.
 */
#include "config.h"

#include <fcntl.h>

#include "bench/vb_loads.h"

#define MIB		1048576u
#define PIECE		262144u

static bool
prepare(struct vb_job *j)
{
	uint64_t size = vb_scale(j, 100, 10) * MIB;
	struct vb_file *f;

	f = vb_io_add(&j->io, &j->set[0], vb_rng_next(&j->rng), size,
	    "video.mp4");
	return vb_io_write(&j->io, f, MIB, VB_SYNC | VB_EXCL);
}

/* len bytes from off on, with a pause after each piece. */
static bool
play(struct vb_job *j, int fd, uint64_t off, uint64_t len, unsigned pause_ms)
{
	const struct vb_file *f = &j->set[0].v[0];
	uint64_t end = off + len;

	for (; off < end; off += PIECE) {
		if (!vb_io_read_at(&j->io, f, fd, off, PIECE) ||
		    (pause_ms > 0 && !vb_io_think(&j->io, pause_ms)))
			return false;
	}
	return true;
}

static bool
seek(struct vb_job *j, int fd)
{
	const struct vb_file *f = &j->set[0].v[0];
	uint64_t seeks = vb_pair(j, 5, 2), len, off;

	len = j->scale >= 1 ? MIB : PIECE;
	for (; seeks > 0; seeks--) {
		off = vb_rng_below(&j->rng, (f->size - len) / PIECE + 1) *
		    PIECE;
		if (!play(j, fd, off, len, 0) || !vb_io_think(&j->io, 100))
			return false;
	}
	return true;
}

static bool
run(struct vb_job *j)
{
	const struct vb_file *f = &j->set[0].v[0];
	uint64_t first = j->scale >= 1 ? 2 * MIB : MIB / 2;
	uint64_t length = vb_pair(j, 20, 2) * MIB;
	bool well;
	int fd;

	if ((fd = vb_io_open(&j->io, f, O_RDONLY)) == -1)
		return false;
	well = play(j, fd, 0, first, 0) && play(j, fd, first, length, 50) &&
	    seek(j, fd) &&
	    play(j, fd, f->size / 2, vb_pair(j, 10, 1) * MIB, 50);
	return vb_io_close(&j->io, f, fd) && well;
}

const struct vb_load vb_media = {
	.name = "media", .what = "video playback, with pauses and jumps",
	.seed = 0xed1a57, .thinks = true,
	.prepare = prepare,
	.steps = { { "media", run, VB_SAME } },
};
