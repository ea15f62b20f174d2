/*
 * vb_io_tree.c - folders: made, listed, walked, removed.
 */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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

bool
vb_io_mkdir(struct vb_io *io, const char *fmt, ...)
{
	char path[2 * VB_PATH], name[VB_PATH];
	va_list ap;

	if (vb_stopped())
		return false;
	va_start(ap, fmt);
	(void)vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	(void)snprintf(path, sizeof(path), "%s/%s", io->job->dir, name);
	io->ops++;
	return mkdir(path, 0755) == 0 || failed(io, "mkdir", path);
}

bool
vb_io_fsync_dir(struct vb_io *io, const char *path)
{
	bool well = true;
	int fd;

	if ((fd = open(path, O_RDONLY | O_DIRECTORY)) == -1)
		return failed(io, "open", path);
	io->ops++;
	if (fsync(fd) == -1 && errno != EINVAL && errno != ENOTSUP)
		well = failed(io, "fsync", path);
	(void)close(fd);
	return well;
}

/* Names, in one piece of memory, so that the folder can be closed. */
struct names {
	char	*text;
	size_t	 len;
	size_t	 cap;
	size_t	 count;
};

static void
names_add(struct names *l, const char *name)
{
	size_t n = strlen(name) + 1;

	if (l->len + n > l->cap) {
		l->cap = 2 * (l->cap + n + 512);
		l->text = vb_realloc(l->text, l->cap);
	}
	memcpy(l->text + l->len, name, n);
	l->len += n;
	l->count++;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool
names_read(struct vb_io *io, const char *path, struct names *l, bool all)
{
	struct dirent *d;
	bool well = true;
	DIR *dir;

	memset(l, 0, sizeof(*l));
	if ((dir = opendir(path)) == NULL)
		return failed(io, "opendir", path);
	for (;;) {
		errno = 0;
		if ((d = readdir(dir)) == NULL)
			break;
		if (!is_dots(d->d_name) &&
		    (all || strncmp(d->d_name, "._", 2) != 0))
			names_add(l, d->d_name);
	}
	if (errno != 0)
		well = failed(io, "readdir", path);
	(void)closedir(dir);
	return well;
}

bool
vb_io_list(struct vb_io *io, const char *path, vb_io_entry *fn, void *arg)
{
	char child[2 * VB_PATH];
	const char *name;
	struct names l;
	bool well;
	size_t i;

	if (vb_stopped())
		return false;
	well = names_read(io, path, &l, false);
	io->ops++;
	for (i = 0, name = l.text; well && i < l.count; i++) {
		(void)snprintf(child, sizeof(child), "%s/%s", path, name);
		well = fn(io, child, arg);
		name += strlen(name) + 1;
	}
	free(l.text);
	return well && !vb_stopped();
}

static bool
count_one(struct vb_io *io, const char *path, void *arg)
{
	(void)io;
	(void)path;
	++*(long *)arg;
	return true;
}

long
vb_io_count(struct vb_io *io, const char *path)
{
	long count = 0;

	return vb_io_list(io, path, count_one, &count) ? count : -1;
}

static bool
stat_one(struct vb_io *io, const char *path, void *arg)
{
	long *count = arg;
	struct stat st;

	io->ops++;
	++*count;
	return (stat(path, &st) == 0 || failed(io, "stat", path)) &&
	    !vb_stopped();
}

long
vb_io_list_stat(struct vb_io *io, const char *path)
{
	long count = 0;

	return vb_io_list(io, path, stat_one, &count) ? count : -1;
}

static bool
walk_one(struct vb_io *io, const char *path, void *arg)
{
	struct vb_walk *w = arg;
	struct stat st;

	io->ops++;
	if (stat(path, &st) == -1)
		return failed(io, "stat", path);
	if (vb_stopped())
		return false;
	if (!S_ISDIR(st.st_mode)) {
		w->files++;
		return true;
	}
	w->dirs++;
	return vb_io_list(io, path, walk_one, w);
}

bool
vb_io_walk(struct vb_io *io, const char *path, struct vb_walk *w)
{
	return vb_io_list(io, path, walk_one, w);
}

/* Goes on after an error, so that as little as possible is left. */
bool
vb_io_remove(struct vb_io *io, const char *path)
{
	char child[2 * VB_PATH];
	const char *name;
	struct names l;
	struct stat st;
	bool well = true;
	size_t i;

	if (lstat(path, &st) == -1)
		return failed(io, "lstat", path);
	if (!S_ISDIR(st.st_mode))
		return unlink(path) == 0 || failed(io, "unlink", path);
	well = names_read(io, path, &l, true);
	for (i = 0, name = l.text; i < l.count; i++) {
		(void)snprintf(child, sizeof(child), "%s/%s", path, name);
		well = vb_io_remove(io, child) && well;
		name += strlen(name) + 1;
	}
	free(l.text);
	return (rmdir(path) == 0 || failed(io, "rmdir", path)) && well;
}
