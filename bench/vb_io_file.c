/*
 * vb_io_file.c - files: whole ones, pieces, attributes.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bench/vb.h"
#include "bench/vb_io.h"

static bool
failed(struct vb_io *io, const char *what, const char *path)
{
	return vb_error(io->job->vb, "%s: %s: %s", path, what,
	    strerror(errno));
}

static bool
odd_size(struct vb_io *io, const struct vb_file *f, uint64_t size)
{
	return vb_error(io->job->vb, "%s: %llu bytes instead of %llu", f->path,
	    (unsigned long long)size, (unsigned long long)f->size);
}

int
vb_io_open(struct vb_io *io, const struct vb_file *f, int flags)
{
	int fd;

	if (vb_stopped())
		return -1;
	if ((fd = open(f->path, flags, 0644)) == -1)
		(void)failed(io, "open", f->path);
	return fd;
}

bool
vb_io_close(struct vb_io *io, const struct vb_file *f, int fd)
{
	return close(fd) == 0 || failed(io, "close", f->path);
}

bool
vb_io_fsync(struct vb_io *io, const char *path, int fd)
{
	return fsync(fd) == 0 || failed(io, "fsync", path);
}

/* Writes buf by blocks. */
static bool
put(struct vb_io *io, const struct vb_file *f, int fd, const uint8_t *buf,
    size_t block)
{
	uint64_t done = 0, left;
	ssize_t n;

	while (done < f->size) {
		left = f->size - done;
		n = write(fd, buf + done, left < block ? (size_t)left : block);
		if (n <= 0)
			return failed(io, "write", f->path);
		done += (uint64_t)n;
		if (vb_stopped())
			return false;
	}
	io->bytes += done;
	return true;
}

bool
vb_io_put(struct vb_io *io, const struct vb_file *f, int fd, size_t block)
{
	uint64_t since = vb_io_stop();
	uint8_t *buf;

	buf = vb_io_buf(io, (size_t)f->size);
	vb_io_expect(f, 0, buf, (size_t)f->size);
	vb_io_start(io, since);
	return put(io, f, fd, buf, block);
}

bool
vb_io_write(struct vb_io *io, struct vb_file *f, size_t block, int how)
{
	int flags = O_WRONLY | O_CREAT, fd;
	bool well;

	flags |= how & VB_EXCL ? O_EXCL : O_TRUNC;
	if ((fd = vb_io_open(io, f, flags)) == -1)
		return false;
	well = vb_io_put(io, f, fd, block);
	if (well && how & VB_SYNC)
		well = vb_io_fsync(io, f->path, fd);
	well = vb_io_close(io, f, fd) && well;
	f->gone = false;
	io->ops++;
	return well;
}

/* Reads to the end of the file; -1: failed.  The buffer has room for more. */
static ssize_t
get(struct vb_io *io, const struct vb_file *f, int fd, uint8_t *buf,
    size_t cap, size_t block)
{
	size_t got = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, buf + got, cap - got < block ? cap - got : block);
		if (n == -1) {
			(void)failed(io, "read", f->path);
			return -1;
		}
		got += (size_t)n;
		if (n == 0 || got == cap)
			break;
		if (vb_stopped())
			return -1;
	}
	io->bytes += got;
	return (ssize_t)got;
}

bool
vb_io_read(struct vb_io *io, const struct vb_file *f, size_t block)
{
	uint64_t since = vb_io_stop();
	size_t cap = (size_t)f->size + block;
	uint8_t *buf;
	ssize_t n;
	bool well;
	int fd;

	buf = vb_io_buf(io, cap);
	vb_io_start(io, since);
	if ((fd = vb_io_open(io, f, O_RDONLY)) == -1)
		return false;
	n = get(io, f, fd, buf, cap, block);
	well = vb_io_close(io, f, fd) && n != -1;
	io->ops++;
	if (!well)
		return false;
	if ((uint64_t)n != f->size)
		return odd_size(io, f, (uint64_t)n);
	return vb_io_check(io, f, 0, buf, (size_t)n);
}

bool
vb_io_write_all(struct vb_io *io, struct vb_set *set, int how)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (!set->v[i].gone &&
		    !vb_io_write(io, &set->v[i], VB_BLOCK, how))
			return false;
	}
	return true;
}

bool
vb_io_read_all(struct vb_io *io, const struct vb_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (!set->v[i].gone && !vb_io_read(io, &set->v[i], VB_BLOCK))
			return false;
	}
	return true;
}

bool
vb_io_read_at(struct vb_io *io, const struct vb_file *f, int fd, uint64_t off,
    size_t len)
{
	uint8_t *buf = vb_io_buf(io, len);
	ssize_t n;

	if (vb_stopped())
		return false;
	n = pread(fd, buf, len, (off_t)off);
	io->ops++;
	if (n == -1)
		return failed(io, "read", f->path);
	if ((size_t)n != len)
		return vb_error(io->job->vb,
		    "%s: read of %zu bytes at %llu gave %zd", f->path, len,
		    (unsigned long long)off, n);
	io->bytes += len;
	return vb_io_check(io, f, off, buf, len);
}

bool
vb_io_write_at(struct vb_io *io, struct vb_file *f, int fd, uint64_t off,
    size_t len, uint64_t key)
{
	uint64_t since = vb_io_stop();
	uint8_t *buf = vb_io_buf(io, len);
	ssize_t n;

	vb_io_patch(f, off, len, key);
	vb_io_expect(f, off, buf, len);
	vb_io_start(io, since);
	if (vb_stopped())
		return false;
	n = pwrite(fd, buf, len, (off_t)off);
	io->ops++;
	if (n == -1)
		return failed(io, "write", f->path);
	if ((size_t)n != len)
		return vb_error(io->job->vb, "%s: short write", f->path);
	io->bytes += len;
	return true;
}

bool
vb_io_stat(struct vb_io *io, const struct vb_file *f)
{
	struct stat st;

	if (vb_stopped())
		return false;
	io->ops++;
	if (stat(f->path, &st) == -1)
		return failed(io, "stat", f->path);
	if ((uint64_t)st.st_size != f->size)
		return odd_size(io, f, (uint64_t)st.st_size);
	return true;
}

bool
vb_io_unlink(struct vb_io *io, struct vb_file *f)
{
	if (vb_stopped())
		return false;
	io->ops++;
	if (unlink(f->path) == -1)
		return failed(io, "unlink", f->path);
	f->gone = true;
	return true;
}

/* What was read is what is written: it is in the buffer, and was checked. */
bool
vb_io_copy(struct vb_io *io, const struct vb_file *from, struct vb_file *to,
    int how)
{
	bool well;
	int fd;

	if (!vb_io_read(io, from, VB_BLOCK))
		return false;
	vb_io_rekey(to, from->key, from->size);
	to->text = from->text;
	if ((fd = vb_io_open(io, to, O_WRONLY | O_CREAT | O_TRUNC)) == -1)
		return false;
	well = put(io, to, fd, io->buf, VB_BLOCK);
	if (well && how & VB_SYNC)
		well = vb_io_fsync(io, to->path, fd);
	well = vb_io_close(io, to, fd) && well;
	to->gone = false;
	io->ops++;
	return well;
}
