/*
 * host_dir.c - reading folders.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/host.h"
#include "vault/host_int.h"

struct host_dir {
	DIR	*dir;
};

struct host_dir *
host_opendir(int root, const char *path)
{
	struct host_dir *d;
	int fd;

	if (host_hooked(HOST_OPENDIR, path))
		return NULL;
	fd = openat(root, path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return NULL;
	if ((d = malloc(sizeof(*d))) == NULL) {
		(void)close(fd);
		return NULL;
	}
	if ((d->dir = fdopendir(fd)) == NULL) {
		(void)close(fd);
		free(d);
		return NULL;
	}
	return d;
}

int
host_readdir(struct host_dir *d, struct host_dirent *ent)
{
	struct dirent *de;

	do {
		if (host_hooked(HOST_READDIR, NULL))
			return -1;
		errno = 0;
		if ((de = readdir(d->dir)) == NULL)
			return errno == 0 ? 0 : -1;
	} while (strcmp(de->d_name, ".") == 0 ||
	    strcmp(de->d_name, "..") == 0);
	ent->name = de->d_name;
	ent->ino = de->d_ino;
	ent->type = de->d_type == DT_REG ? HOST_DT_FILE :
	    de->d_type == DT_DIR ? HOST_DT_DIR :
	    de->d_type == DT_UNKNOWN ? HOST_DT_UNKNOWN : HOST_DT_OTHER;
	return 1;
}

void
host_closedir(struct host_dir *d)
{
	if (d == NULL)
		return;
	(void)closedir(d->dir);
	free(d);
}
