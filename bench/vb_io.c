/*
 * vb_io.c - the clock, and what a file must contain.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/vb.h"
#include "bench/vb_io.h"

void
vb_io_init(struct vb_io *io, struct vb_job *j)
{
	memset(io, 0, sizeof(*io));
	io->job = j;
}

void
vb_io_fini(struct vb_io *io)
{
	free(io->buf);
	memset(io, 0, sizeof(*io));
}

uint64_t
vb_io_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t
vb_io_stop(void)
{
	return vb_io_now();
}

void
vb_io_start(struct vb_io *io, uint64_t since)
{
	io->off_ns += vb_io_now() - since;
}

bool
vb_io_think(struct vb_io *io, unsigned ms)
{
	struct timespec t = { (time_t)(ms / 1000),
	    (long)(ms % 1000) * 1000000 };
	uint64_t since = vb_io_now();
	int rc;

	do
		rc = nanosleep(&t, &t);
	while (rc == -1 && errno == EINTR && !vb_stopped());
	io->slept_ns += vb_io_now() - since;
	return !vb_stopped();
}

uint8_t *
vb_io_buf(struct vb_io *io, size_t size)
{
	if (size > io->cap) {
		free(io->buf);
		io->buf = vb_alloc(size);
		/* not to be paid for by the first read */
		memset(io->buf, 0, size);
		io->cap = size;
	}
	return io->buf;
}

struct vb_file *
vb_io_add(struct vb_io *io, struct vb_set *set, uint64_t key, uint64_t size,
    const char *fmt, ...)
{
	char path[2 * VB_PATH], name[VB_PATH];
	struct vb_file *f;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	(void)snprintf(path, sizeof(path), "%s/%s", io->job->dir, name);
	if (set->n == set->cap) {
		set->cap = set->cap == 0 ? 64 : 2 * set->cap;
		set->v = vb_realloc(set->v, set->cap * sizeof(*set->v));
	}
	f = &set->v[set->n++];
	memset(f, 0, sizeof(*f));
	f->path = vb_strdup(path);
	f->key = key;
	f->size = size;
	return f;
}

void
vb_io_free(struct vb_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		free(set->v[i].path);
		free(set->v[i].patches);
	}
	free(set->v);
	memset(set, 0, sizeof(*set));
}

void
vb_io_rekey(struct vb_file *f, uint64_t key, uint64_t size)
{
	f->key = key;
	f->size = size;
	f->patch_count = 0;
}

/* The list has room for a power of two, so it is full when it is one. */
void
vb_io_patch(struct vb_file *f, uint64_t off, size_t len, uint64_t key)
{
	size_t n = f->patch_count;

	if ((n & (n - 1)) == 0)
		f->patches = vb_realloc(f->patches,
		    (n == 0 ? 1 : 2 * n) * sizeof(*f->patches));
	f->patches[n].off = off;
	f->patches[n].len = len;
	f->patches[n].key = key;
	f->patch_count = n + 1;
}

void
vb_io_expect(const struct vb_file *f, uint64_t off, void *buf, size_t len)
{
	const struct vb_patch *p;
	uint64_t from, to;
	size_t i;

	vb_rng_fill(f->key, f->text, off, buf, len);
	for (i = 0; i < f->patch_count; i++) {
		p = &f->patches[i];
		from = p->off > off ? p->off : off;
		to = p->off + p->len < off + len ? p->off + p->len : off + len;
		if (from < to)
			vb_rng_fill(p->key, f->text, from,
			    (uint8_t *)buf + (from - off), (size_t)(to - from));
	}
}

static bool
wrong_byte(struct vb_io *io, const struct vb_file *f, uint64_t off,
    const uint8_t *is, const uint8_t *must)
{
	size_t i = 0;

	while (is[i] == must[i])
		i++;
	return vb_error(io->job->vb,
	    "%s: wrong byte at offset %llu: 0x%02x instead of 0x%02x", f->path,
	    (unsigned long long)(off + i), is[i], must[i]);
}

bool
vb_io_check(struct vb_io *io, const struct vb_file *f, uint64_t off,
    const void *buf, size_t len)
{
	uint64_t since = vb_io_stop();
	const uint8_t *p = buf;
	uint8_t must[8192];
	bool right = true;
	size_t n;

	while (right && len > 0) {
		n = len < sizeof(must) ? len : sizeof(must);
		vb_io_expect(f, off, must, n);
		if (memcmp(p, must, n) != 0)
			right = wrong_byte(io, f, off, p, must);
		p += n;
		off += n;
		len -= n;
	}
	vb_io_start(io, since);
	return right;
}
