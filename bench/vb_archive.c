/*
 * vb_archive.c - a tree is made, counted, looked into, packed, removed.
 *
 * Packing is done by tar and gzip, as their users do it.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/vb_cmd.h"
#include "bench/vb_loads.h"

/* A folder, and n files in it. */
static bool
add_dir(struct vb_job *j, const char *dir, unsigned n)
{
	struct vb_file *f;
	uint64_t key;
	unsigned i;

	if (!vb_io_mkdir(&j->io, "%s", dir))
		return false;
	for (i = 0; i < n; i++) {
		key = vb_rng_next(&j->rng);
		f = vb_io_add(&j->io, &j->set[0], key,
		    vb_rng_range(&j->rng, 1024, 65536), "%s/f_%03u", dir, i);
		if (!vb_io_write(&j->io, f, VB_BLOCK, VB_SYNC | VB_EXCL))
			return false;
	}
	return true;
}

/* Every fifth folder has one in it. */
static bool
make_tree(struct vb_job *j, uint64_t *dirs)
{
	unsigned n = (unsigned)vb_pair(j, 50, 10), d;
	unsigned files = (unsigned)vb_pair(j, 20, 5);
	unsigned nested = (unsigned)vb_pair(j, 5, 2);
	char dir[64];

	*dirs = n + (n + 4) / 5;
	if (!vb_io_mkdir(&j->io, "tree"))
		return false;
	for (d = 0; d < n; d++) {
		(void)snprintf(dir, sizeof(dir), "tree/dir_%02u", d);
		if (!add_dir(j, dir, files))
			return false;
		(void)snprintf(dir, sizeof(dir), "tree/dir_%02u/nested", d);
		if (d % 5 == 0 && !add_dir(j, dir, nested))
			return false;
	}
	return true;
}

static bool
count_and_read(struct vb_job *j, uint64_t dirs)
{
	struct vb_set *s = &j->set[0];
	struct vb_walk w = { 0, 0 };
	char tree[VB_PATH + 8];
	uint64_t n = vb_pair(j, 100, 20);

	(void)snprintf(tree, sizeof(tree), "%s/tree", j->dir);
	if (!vb_io_walk(&j->io, tree, &w))
		return false;
	if (w.dirs != dirs || w.files != s->n)
		return vb_error(j->vb, "%s: not all files and folders", tree);
	for (; n > 0; n--) {
		if (!vb_io_read(&j->io, &s->v[vb_rng_below(&j->rng, s->n)],
		    VB_BLOCK))
			return false;
	}
	return true;
}

/* Quotes do not matter to a shell that gets the path as an argument. */
static bool
shell(struct vb_job *j, const char *script)
{
	const char *argv[] = { "sh", "-c", script, "sh", j->dir, NULL };

	j->io.ops++;
	return vb_cmd_run(j->vb, argv, false) ||
	    vb_error(j->vb, "failed: %s", script);
}

static bool
pack(struct vb_job *j)
{
	char path[VB_PATH + 16];
	bool well;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/tree.tar.gz", j->dir);
	if (!shell(j, "cd \"$1\" && tar -cf - tree | gzip -1 > tree.tar.gz"))
		return false;
	if ((fd = open(path, O_RDONLY)) == -1)
		return vb_error(j->vb, "%s: there is no archive", path);
	well = vb_io_fsync(&j->io, path, fd);
	(void)close(fd);
	return well;
}

static bool
run(struct vb_job *j)
{
	char tree[VB_PATH + 8];
	uint64_t dirs;
	size_t i;

	if (!make_tree(j, &dirs) || !count_and_read(j, dirs) || !pack(j))
		return false;
	for (i = 0; i < j->set[0].n; i++) {
		if (!vb_io_unlink(&j->io, &j->set[0].v[i]))
			return false;
	}
	(void)snprintf(tree, sizeof(tree), "%s/tree", j->dir);
	j->io.ops += dirs;
	return vb_io_remove(&j->io, tree);
}

/* What the archive holds is what was in the tree. */
static bool
check(struct vb_job *j)
{
	size_t i;

	if (!shell(j, "cd \"$1\" && gzip -dc tree.tar.gz | tar -xf -"))
		return false;
	for (i = 0; i < j->set[0].n; i++)
		j->set[0].v[i].gone = false;
	return vb_io_read_all(&j->io, &j->set[0]);
}

const struct vb_load vb_archive = {
	.name = "archive", .what = "make a tree, read, tar and gzip, delete",
	.seed = 0xa2c41fe,
	.note = "packed by tar and gzip -1",
	.steps = { { "archive", run, VB_ONCE } },
	.check = check,
};
