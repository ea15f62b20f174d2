/*
 * vb_browse.c - "Folder Browse" and "coldstart": trees of folders that are
 * walked and looked into.
 *
 * Set 0 holds the files, and each file's folders follow from its path.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/vb_loads.h"

struct shape {
	uint64_t	levels;		/* of folders below this one */
	uint64_t	fan;		/* folders in each */
	uint64_t	files;		/* in each */
	uint64_t	lo, hi;		/* bytes of a file */
	int		how;		/* to write one */
};

/* rel is "" or ends in "/". */
static bool
make_tree(struct vb_job *j, const struct shape *s, const char *rel,
    uint64_t levels)
{
	struct vb_set *set = &j->set[0];
	char sub[512];
	uint64_t i, key;

	for (i = 0; i < s->files; i++) {
		key = vb_rng_next(&j->rng);
		(void)vb_io_add(&j->io, set, key,
		    vb_rng_range(&j->rng, s->lo, s->hi), "%sfile_%03u.txt", rel,
		    (unsigned)i);
		if (!vb_io_write(&j->io, &set->v[set->n - 1], VB_BLOCK,
		    s->how))
			return false;
	}
	for (i = 0; levels > 0 && i < s->fan; i++) {
		(void)snprintf(sub, sizeof(sub), "%sdir_%02u/", rel,
		    (unsigned)i);
		if (!vb_io_mkdir(&j->io, "%s", sub) ||
		    !make_tree(j, s, sub, levels - 1))
			return false;
	}
	return true;
}

/* stat of every folder from the file's own up to the job's. */
static bool
stat_ancestors(struct vb_job *j, const struct vb_file *f)
{
	char path[2 * VB_PATH], *slash;
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s", f->path);
	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		j->io.ops++;
		if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode))
			return vb_error(j->vb, "%s: no folder: %s", path,
			    strerror(errno));
		if (strcmp(path, j->dir) == 0)
			break;
	}
	return true;
}

static bool
walk(struct vb_job *j, uint64_t dirs)
{
	struct vb_walk w = { 0, 0 };

	if (!vb_io_walk(&j->io, j->dir, &w))
		return false;
	if (w.files == j->set[0].n && w.dirs == dirs)
		return true;
	return vb_error(j->vb, "%s: a walk found %llu folders and %llu files, "
	    "not %llu and %zu", j->dir, (unsigned long long)w.dirs,
	    (unsigned long long)w.files, (unsigned long long)dirs,
	    j->set[0].n);
}

/* Folders below one with that many levels. */
static uint64_t
folders(uint64_t fan, uint64_t levels)
{
	return levels == 0 ? 0 : fan * (1 + folders(fan, levels - 1));
}

static bool
prepare_browse(struct vb_job *j)
{
	struct shape s = { vb_pair(j, 5, 3) - 1, vb_pair(j, 6, 3),
	    vb_pair(j, 5, 2), 256, 1279, VB_SYNC | VB_EXCL };

	return make_tree(j, &s, "", s.levels);
}

static bool
run_browse(struct vb_job *j)
{
	uint64_t dirs = folders(vb_pair(j, 6, 3), vb_pair(j, 5, 3) - 1);
	uint64_t walks = vb_pair(j, 4, 2), looks = vb_pair(j, 20, 5);
	const struct vb_file *f;

	for (; walks > 0; walks--) {
		if (!walk(j, dirs))
			return false;
	}
	for (; looks > 0; looks--) {
		f = &j->set[0].v[vb_rng_below(&j->rng, j->set[0].n)];
		if (!vb_io_read(&j->io, f, VB_BLOCK) || !stat_ancestors(j, f))
			return false;
	}
	return true;
}

const struct vb_load vb_browse = {
	.name = "tree", .what = "folder browse: walks, files, their folders",
	.seed = 0x7eea1, .warm_ups = 1,
	.prepare = prepare_browse,
	.steps = { { "tree", run_browse, VB_SAME } },
};

static bool
prepare_start(struct vb_job *j)
{
	uint64_t top = vb_pair(j, 10, 3), i;
	struct shape s = { vb_pair(j, 3, 2), vb_pair(j, 3, 2),
	    vb_pair(j, 20, 5), 65536, 65536, VB_EXCL };
	char rel[32];

	for (i = 0; i < top; i++) {
		(void)snprintf(rel, sizeof(rel), "top_%02u/", (unsigned)i);
		if (!vb_io_mkdir(&j->io, "%s", rel) ||
		    !make_tree(j, &s, rel, s.levels))
			return false;
	}
	return true;
}

/* Lists every folder on the way to each file, each once. */
static bool
list_folders(struct vb_job *j)
{
	char path[2 * VB_PATH], last[2 * VB_PATH] = "";
	size_t i;

	for (i = 0; i < j->set[0].n; i++) {
		(void)snprintf(path, sizeof(path), "%s", j->set[0].v[i].path);
		*strrchr(path, '/') = '\0';
		if (strcmp(path, last) == 0)
			continue;
		memcpy(last, path, sizeof(last));
		if (vb_io_count(&j->io, path) == -1)
			return false;
	}
	return true;
}

/* A tenth of the files, but fifty. */
static bool
read_some(struct vb_job *j)
{
	struct vb_set *s = &j->set[0];
	uint64_t n = s->n / 10 > 50 ? s->n / 10 : s->n < 50 ? s->n : 50;

	for (; n > 0; n--) {
		if (!vb_io_read(&j->io, &s->v[vb_rng_below(&j->rng, s->n)],
		    VB_BLOCK))
			return false;
	}
	return true;
}

static bool
run_start(struct vb_job *j)
{
	uint64_t top = vb_pair(j, 10, 3), fan = vb_pair(j, 3, 2);
	size_t i;

	if (vb_io_count(&j->io, j->dir) == -1 || !list_folders(j))
		return false;
	for (i = 0; i < j->set[0].n; i++) {
		if (!vb_io_stat(&j->io, &j->set[0].v[i]))
			return false;
	}
	return read_some(j) &&
	    walk(j, top * (1 + folders(fan, vb_pair(j, 3, 2))));
}

const struct vb_load vb_coldstart = {
	.name = "coldstart", .what = "first look: list, stat, read some, walk",
	.seed = 0xc01d57a2,
	.prepare = prepare_start,
	.steps = { { "coldstart", run_start, VB_SAME } },
};
