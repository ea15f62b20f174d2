/*
 * mount_record.c - what is known of a mount: a file in the run directory.
 *
 * Lines "key=value".  Its name comes from the mount point (FNV-1a, 64 bits, in
 * hex): two mounts of one name would be one mount over the other.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/loop.h"
#include "nfsd/mount.h"
#include "nfsd/mount_record.h"

#define PREFIX		"mount-"
#define RECORD_MAX	(5u * PATH_MAX)
#define LOOK_MS		20	/* between two looks at a lock */

static uint64_t
hash(const char *s)
{
	uint64_t h = 14695981039346656037u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

static void
set_text(char *to, size_t cap, const char *value)
{
	(void)snprintf(to, cap, "%s", value);
}

static void
set_member(struct mount_record *r, const char *key, const char *value)
{
	if (strcmp(key, "dir") == 0)
		set_text(r->dir, sizeof(r->dir), value);
	else if (strcmp(key, "vault") == 0)
		set_text(r->vault, sizeof(r->vault), value);
	else if (strcmp(key, "name") == 0)
		set_text(r->name, sizeof(r->name), value);
	else if (strcmp(key, "net") == 0)
		set_text(r->net, sizeof(r->net), value);
	else if (strcmp(key, "log") == 0)
		set_text(r->log, sizeof(r->log), value);
	else if (strcmp(key, "pid") == 0)
		r->pid = atol(value);
	else if (strcmp(key, "uid") == 0)
		r->uid = atol(value);
	else if (strcmp(key, "port") == 0)
		r->port = (uint16_t)atol(value);
	else if (strcmp(key, "read-only") == 0)
		r->read_only = atol(value) != 0;
	else if (strcmp(key, "ended") == 0)
		r->ended = (int)atol(value);
}

static int
read_members(struct mount_record *r, struct verr *e)
{
	char *text, *line, *eq, *rest;
	ssize_t n;

	r->ended = -1;
	if ((text = malloc(RECORD_MAX + 1)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory");
	if ((n = pread(r->fd, text, RECORD_MAX, 0)) == -1) {
		free(text);
		return verr_sys(e, "cannot read %s", r->file);
	}
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		if ((eq = strchr(line, '=')) == NULL)
			continue;
		*eq = '\0';
		set_member(r, line, eq + 1);
	}
	free(text);
	return 0;
}

/* Somebody may have removed it between our open() and our lock. */
static bool
is_still_there(const struct mount_record *r)
{
	struct stat a, b;

	return fstat(r->fd, &a) == 0 && lstat(r->file, &b) == 0 &&
	    a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Open r->file, and lock it if nobody else has. */
static int
open_file(struct mount_record *r, int flags, struct verr *e)
{
	for (;;) {
		r->fd = open(r->file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags,
		    0600);
		if (r->fd == -1)
			return verr_sys(e, "cannot open %s", r->file);
		r->alive = flock(r->fd, LOCK_EX | LOCK_NB) == -1;
		if (r->alive && errno != EWOULDBLOCK) {
			(void)verr_sys(e, "cannot lock %s", r->file);
			mount_record_close(r);
			return -1;
		}
		if (is_still_there(r))
			return 0;
		mount_record_close(r);
	}
}

int
mount_record_open(struct mount_record *r, const char *run, const char *dir,
    bool make, struct verr *e)
{
	memset(r, 0, sizeof(*r));
	r->fd = -1;
	if ((size_t)snprintf(r->file, sizeof(r->file), "%s/" PREFIX "%016"
	    PRIx64, run, hash(dir)) >= sizeof(r->file))
		return verr_fail(e, VERR_NAMETOOLONG, "the path of the run "
		    "directory is too long");
	if (strchr(dir, '\n') != NULL)
		return verr_fail(e, VERR_INVAL, "a mount point's path must "
		    "not have a line break");
	if (open_file(r, make ? O_CREAT : 0, e) == -1)
		return -1;
	if (read_members(r, e) == -1) {
		mount_record_close(r);
		return -1;
	}
	set_text(r->dir, sizeof(r->dir), dir);
	return 0;
}

int
mount_record_write(struct mount_record *r, struct verr *e)
{
	char *text = malloc(RECORD_MAX);
	int n, rc = 0;

	if (text == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory");
	n = snprintf(text, RECORD_MAX, "dir=%s\nvault=%s\nname=%s\nnet=%s\n"
	    "log=%s\npid=%ld\nuid=%ld\nport=%u\nread-only=%d\n", r->dir,
	    r->vault, r->name, r->net, r->log, r->pid, r->uid,
	    (unsigned)r->port, r->read_only);
	if (n < 0 || (unsigned)n >= RECORD_MAX || ftruncate(r->fd, 0) == -1 ||
	    pwrite(r->fd, text, (size_t)n, 0) != n)
		rc = verr_sys(e, "cannot write %s", r->file);
	free(text);
	return rc;
}

void
mount_record_ended(int fd, int code)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "ended=%d\n", code);

	if (lseek(fd, 0, SEEK_END) == -1 || write(fd, text, (size_t)n) != n)
		return;		/* then nobody knows, which is told so */
}

bool
mount_record_wait(struct mount_record *r, unsigned timeout_ms)
{
	uint64_t until = loop_clock_us() + (uint64_t)timeout_ms * 1000;

	while (r->alive) {
		r->alive = flock(r->fd, LOCK_EX | LOCK_NB) == -1;
		if (!r->alive)
			break;
		if (loop_clock_us() >= until)
			return false;
		(void)poll(NULL, 0, LOOK_MS);
	}
	(void)read_members(r, NULL);
	return true;
}

void
mount_record_remove(struct mount_record *r)
{
	if (r->net[0] != '\0')
		mount_net_forget(r->net);
	(void)unlink(r->file);
}

void
mount_record_close(struct mount_record *r)
{
	if (r->fd != -1)
		(void)close(r->fd);
	r->fd = -1;
}

void
mount_record_each(const char *run,
    void (*each)(void *ctx, struct mount_record *r), void *ctx)
{
	struct mount_record *r;
	const struct dirent *de;
	DIR *d = opendir(run);

	if (d == NULL || (r = malloc(sizeof(*r))) == NULL) {
		if (d != NULL)
			(void)closedir(d);
		return;
	}
	while ((de = readdir(d)) != NULL) {
		memset(r, 0, sizeof(*r));
		r->fd = -1;
		if (strncmp(de->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    (size_t)snprintf(r->file, sizeof(r->file), "%s/%s", run,
		    de->d_name) >= sizeof(r->file) ||
		    open_file(r, 0, NULL) == -1)
			continue;
		if (read_members(r, NULL) == 0 && r->dir[0] == '/')
			each(ctx, r);
		mount_record_close(r);
	}
	free(r);
	(void)closedir(d);
}
