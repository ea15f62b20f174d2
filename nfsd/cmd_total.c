#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_total.h"
#include "nfsd/cmd_vault.h"
#include "vault/tree.h"

static uint64_t host_below(int fd, unsigned depth);

/* One entry of the folder at, not followed if it is a link. */
static uint64_t
host_entry(int at, const char *name, unsigned depth)
{
	struct stat st;
	int fd;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (S_ISREG(st.st_mode))
		return (uint64_t)st.st_size;
	if (!S_ISDIR(st.st_mode) || depth > CMD_WALK_DEPTH)
		return 0;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	return fd == -1 ? 0 : host_below(fd, depth + 1);
}

/* All that is in the open folder fd, which is used up. */
static uint64_t
host_below(int fd, unsigned depth)
{
	const struct dirent *ent;
	uint64_t sum = 0;
	DIR *d;

	if ((d = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return 0;
	}
	while (!cmd_stopped() && (ent = readdir(d)) != NULL)
		if (strcmp(ent->d_name, ".") != 0 &&
		    strcmp(ent->d_name, "..") != 0)
			sum += host_entry(dirfd(d), ent->d_name, depth);
	(void)closedir(d);
	return sum;
}

uint64_t
cmd_total_host(char **file, int n, bool recursive)
{
	uint64_t sum = 0;
	struct stat st;
	int i, fd;

	for (i = 0; cmd_progress_shown() && i < n; i++) {
		if (stat(file[i], &st) == -1)
			continue;
		if (S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
		else if (!S_ISDIR(st.st_mode))
			return 0;	/* a pipe: nobody knows */
		else if (recursive && (fd = open(file[i], O_RDONLY |
		    O_DIRECTORY | O_CLOEXEC)) != -1)
			sum += host_below(fd, 0);
	}
	return sum;
}

static uint64_t
vault_below(struct vault *v, struct dir *d, const struct cmd_walk *up)
{
	struct cmd_walk here;
	uint64_t sum = 0;
	struct cmd_list l;
	struct dir *sub;
	size_t i;

	if (cmd_walk_enter(&here, up, d, NULL) == -1 ||
	    cmd_list_read(&l, d, true, NULL) == -1)
		return 0;
	for (i = 0; i < l.n && !cmd_stopped(); i++) {
		if (l.item[i]->dirid == NULL) {
			if (l.item[i]->attr.type == VTYPE_FILE)
				sum += l.item[i]->attr.size;
			continue;
		}
		sub = dir_by_id(v, l.item[i]->dirid, l.item[i]->dirid_len,
		    NULL);
		if (sub != NULL)
			sum += vault_below(v, sub, &here);
		dir_put(sub);
	}
	cmd_list_fini(&l);
	return sum;
}

uint64_t
cmd_total_vault(struct vault *v, char **path, int n, bool recursive)
{
	struct arena *a;
	struct entry ent;
	uint64_t sum = 0;
	int i;

	if (!cmd_progress_shown() || (a = arena_new(CMD_ARENA_MAX)) == NULL)
		return 0;
	for (i = 0; i < n; i++) {
		if (tree_lookup(v, a, path[i], &ent, NULL) == -1)
			continue;
		if (ent.attr.type == VTYPE_FILE)
			sum += ent.attr.size;
		else if (ent.dir != NULL && recursive)
			sum += vault_below(v, ent.dir, NULL);
		dir_put(ent.dir);
		arena_reset(a);
	}
	arena_free(a);
	return sum;
}
