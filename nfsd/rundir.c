/*
 * rundir.c - the folder where the servers of a user can be found.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/control_peer.h"
#include "nfsd/rundir.h"

#ifdef __linux__
#define ROOT_PLACE	"/run/vaultnfs"
#else
#define ROOT_PLACE	"/var/run/vaultnfs"
#endif

#define SUFFIX		".sock"
#define BACKLOG		8
#define TWINS		9	/* of one port and pid: other containers */

/* snprintf() into path; false: cut. */
static bool
join(char *path, size_t cap, const char *a, const char *b)
{
	int n = snprintf(path, cap, "%s%s", a, b);

	return n >= 0 && (size_t)n < cap;
}

static bool
usual_place(char *path, size_t cap)
{
	const char *s;

	if (geteuid() == 0)
		return join(path, cap, ROOT_PLACE, "");
	if ((s = getenv("XDG_RUNTIME_DIR")) != NULL && s[0] == '/')
		return join(path, cap, s, "/vaultnfs");
	return false;
}

/* The folder, opened; it is ours alone. */
static int
open_dir(const char *path, struct verr *e)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		(void)verr_sys(e, "cannot open the run directory %s", path);
	} else if (st.st_uid != geteuid()) {
		(void)verr_fail(e, VERR_PERM, "the run directory %s belongs "
		    "to uid %lu", path, (unsigned long)st.st_uid);
	} else if (st.st_mode & 077) {
		(void)verr_fail(e, VERR_PERM, "others may enter the run "
		    "directory %s: chmod 700 it", path);
	} else {
		return fd;
	}
	if (fd != -1)
		(void)close(fd);
	return -1;
}

static int
make_dir(const char *path, struct verr *e)
{
	int fd;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return verr_sys(e, "cannot make the run directory %s", path);
	if ((fd = open_dir(path, e)) == -1)
		return -1;
	(void)close(fd);
	return 0;
}

int
rundir_make(const char *given, const char *state_dir, char *path, size_t cap,
    struct verr *e)
{
	if (given != NULL) {
		if (!join(path, cap, given, ""))
			return verr_fail(e, VERR_NAMETOOLONG, "the path of "
			    "the run directory is too long");
		return make_dir(path, e);
	}
	if (usual_place(path, cap)) {
		if (make_dir(path, e) == 0)
			return 0;
		/* One that is there and not safe is not gone round. */
		if (access(path, F_OK) == 0 || state_dir == NULL)
			return -1;
	}
	if (state_dir == NULL || !join(path, cap, state_dir, "/run"))
		return verr_fail(e, VERR_NOENT, "no place for a run "
		    "directory: give one with --run-dir");
	return make_dir(path, e);
}

void
rundir_places(const char *state_dir, char *place[RUNDIR_PLACES])
{
	char path[PATH_MAX];

	place[0] = usual_place(path, sizeof(path)) ? strdup(path) : NULL;
	place[1] = state_dir != NULL &&
	    join(path, sizeof(path), state_dir, "/run") ? strdup(path) : NULL;
}

static int
set_address(struct sockaddr_un *sun, const char *path, struct verr *e)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun->sun_path))
		return verr_fail(e, VERR_NAMETOOLONG, "%s is too long for a "
		    "socket: give a shorter --run-dir", path);
	strcpy(sun->sun_path, path);
	return 0;
}

/* A socket with the flags that all of ours have. */
static int
new_socket(struct verr *e)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), flags;
#ifdef SO_NOSIGPIPE
	int on = 1;

	if (fd != -1)
		(void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on,
		    sizeof(on));
#endif
	if (fd != -1 && fcntl(fd, F_SETFD, FD_CLOEXEC) != -1 &&
	    (flags = fcntl(fd, F_GETFL)) != -1 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != -1)
		return fd;
	(void)verr_sys(e, "cannot make a local socket");
	if (fd != -1)
		(void)close(fd);
	return -1;
}

int
rundir_connect(const char *path, struct verr *e)
{
	struct sockaddr_un sun;
	int fd;

	if (set_address(&sun, path, e) == -1 || (fd = new_socket(e)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		if (errno == ECONNREFUSED || errno == ENOENT)
			(void)verr_fail(e, VERR_NOENT, "nobody listens at %s",
			    path);
		else if (errno == EAGAIN)
			(void)verr_fail(e, VERR_BUSY, "too many wait at %s",
			    path);
		else
			(void)verr_sys(e, "cannot connect to %s", path);
	} else if (!control_peer_ok(fd)) {
		(void)verr_fail(e, VERR_PERM, "%s is not a server of this "
		    "user", path);
	} else {
		return fd;
	}
	(void)close(fd);
	return -1;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_socket_name(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(SUFFIX) &&
	    strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* The paths of all, allocated, sorted; takes fd. */
static char **
list(int fd, const char *dir, size_t *n)
{
	char path[PATH_MAX], **all = NULL, **grown;
	const struct dirent *de;
	DIR *d = fdopendir(fd);

	*n = 0;
	if (d == NULL) {
		(void)close(fd);
		return NULL;
	}
	while ((de = readdir(d)) != NULL) {
		if (!is_socket_name(de->d_name) || (size_t)snprintf(path,
		    sizeof(path), "%s/%s", dir, de->d_name) >= sizeof(path))
			continue;
		if ((grown = realloc(all, (*n + 1) * sizeof(*all))) == NULL)
			break;
		all = grown;
		if ((all[*n] = strdup(path)) == NULL)
			break;
		++*n;
	}
	(void)closedir(d);
	if (*n > 1)
		qsort(all, *n, sizeof(*all), by_name);
	return all;
}

int
rundir_each(const char *dir, void (*each)(void *ctx, const char *path),
    void *ctx, struct verr *e)
{
	char **all;
	size_t i, n;
	int fd;

	if ((fd = open_dir(dir, e)) == -1)
		return -1;
	all = list(fd, dir, &n);
	for (i = 0; i < n; i++) {
		each(ctx, all[i]);
		free(all[i]);
	}
	free(all);
	return 0;
}

/* The folder is locked: who does not listen now never will. */
static void
clean_one(void *ctx, const char *path)
{
	struct verr e;
	int fd;

	(void)ctx;
	if ((fd = rundir_connect(path, &e)) != -1)
		(void)close(fd);
	else if (e.code == VERR_NOENT && unlink(path) == 0)
		log_info("%s: its server is dead: removed", path);
}

void
rundir_sweep(const char *dir)
{
	int lock = open_dir(dir, NULL);

	if (lock == -1)
		return;
	while (flock(lock, LOCK_EX) == -1 && errno == EINTR)
		continue;
	(void)rundir_each(dir, clean_one, NULL, NULL);
	(void)close(lock);
}

/* 0, or -1 and errno; EADDRINUSE: somebody has that name. */
static int
bind_as(int fd, const struct sockaddr_un *sun)
{
	mode_t mask = umask(077);
	int rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));

	(void)umask(mask);
	if (rc == 0 && (rc = listen(fd, BACKLOG)) == -1)
		(void)unlink(sun->sun_path);
	return rc;
}

static int
listen_in(const char *dir, uint16_t port, char *path, size_t cap,
    struct verr *e)
{
	struct sockaddr_un sun;
	char twin[8] = "";
	int fd, i;

	if ((fd = new_socket(e)) == -1)
		return -1;
	for (i = 1; i <= TWINS; i++) {
		if (i > 1)
			(void)snprintf(twin, sizeof(twin), "-%d", i);
		(void)snprintf(path, cap, "%s/%u-%ld%s" SUFFIX, dir,
		    (unsigned)port, (long)getpid(), twin);
		if (set_address(&sun, path, e) == -1)
			goto err;
		if (bind_as(fd, &sun) == 0)
			return fd;
		if (errno != EADDRINUSE)
			break;
	}
	(void)verr_sys(e, "cannot listen at %s", path);
err:
	(void)close(fd);
	return -1;
}

int
rundir_listen(const char *dir, uint16_t port, char *path, size_t cap,
    struct verr *e)
{
	int fd, lock;

	if ((lock = open_dir(dir, e)) == -1)
		return -1;
	while (flock(lock, LOCK_EX) == -1 && errno == EINTR)
		continue;
	(void)rundir_each(dir, clean_one, NULL, NULL);
	fd = listen_in(dir, port, path, cap, e);
	(void)close(lock);
	return fd;
}
