/*
 * vb_git.c - a repository: status, changes, commits, history, by the git
 * program.
 *
 * Set TREE holds the source tree, which is made here: 200 text files in
 * folders of ten.  The number does not follow --scale.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/vb_cmd.h"
#include "bench/vb_loads.h"

#define FILES		200u
#define COMMITS		5u
#define ARGS		16u

enum { TREE, ADDED };

/* git -C job's folder with these, up to a NULL; out of the user's settings. */
static bool
git(struct vb_job *j, const char *const args[])
{
	const char *argv[ARGS] = { "git", "-C", j->dir, "-c",
	    "user.name=vaultbench", "-c", "user.email=vaultbench@localhost",
	    NULL };
	size_t i, n = 7;

	for (i = 0; args[i] != NULL; i++) {
		if (n == ARGS - 1)
			return vb_error(j->vb, "git: too many arguments");
		argv[n++] = args[i];
	}
	argv[n] = NULL;
	j->io.ops++;
	return vb_cmd_run(j->vb, argv, false) ||
	    vb_error(j->vb, "git %s failed in %s", args[0], j->dir);
}

#define GIT(j, ...)	git(j, (const char *const[]){ __VA_ARGS__, NULL })

/*
 * No setting of the user's counts, and no repository of theirs is touched: one
 * who runs this from a hook of git has variables that lead to it.
 */
static bool
set_environment(struct vb_job *j)
{
	static const char *const others[] = { "GIT_DIR", "GIT_WORK_TREE",
	    "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
	    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE" };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		(void)unsetenv(others[i]);
	return (setenv("GIT_CONFIG_NOSYSTEM", "1", 1) == 0 &&
	    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1) == 0 &&
	    setenv("GIT_CEILING_DIRECTORIES", j->vb->session, 1) == 0) ||
	    vb_error(j->vb, "setenv failed");
}

static bool
prepare(struct vb_job *j)
{
	struct vb_file *f;
	unsigned i;
	uint64_t key;

	if (!set_environment(j) || !vb_io_mkdir(&j->io, "crates"))
		return false;
	for (i = 0; i < FILES; i++) {
		if (i % 10 == 0 &&
		    !vb_io_mkdir(&j->io, "crates/part_%02u", i / 10))
			return false;
		key = vb_rng_next(&j->rng);
		f = vb_io_add(&j->io, &j->set[TREE], key,
		    vb_rng_range(&j->rng, 500, 12000),
		    "crates/part_%02u/file_%03u.c", i / 10, i);
		f->text = true;
	}
	return vb_io_write_all(&j->io, &j->set[TREE], VB_EXCL) &&
	    GIT(j, "init", "-q") && GIT(j, "config", "gc.auto", "0") &&
	    GIT(j, "add", "-A") && GIT(j, "commit", "-q", "-m", "first");
}

/* A few bytes at the end. */
static bool
append(struct vb_job *j, struct vb_file *f)
{
	uint64_t len = vb_rng_range(&j->rng, 20, 200);

	f->size += len;
	return vb_io_write(&j->io, f, VB_BLOCK, VB_SYNC);
}

static bool
modify(struct vb_job *j)
{
	struct vb_set *s = &j->set[TREE];
	size_t n = s->n / 3 < 20 ? s->n / 3 : 20, i;

	for (i = 0; i < n; i++) {
		if (!vb_io_read(&j->io, &s->v[i], VB_BLOCK) ||
		    !append(j, &s->v[i]))
			return false;
	}
	return true;
}

static bool
add_and_delete(struct vb_job *j)
{
	struct vb_set *s = &j->set[TREE];
	size_t n = s->n / 10 < 5 ? s->n / 10 : 5, i;
	struct vb_file *f;
	uint64_t key;

	if (!vb_io_mkdir(&j->io, "crates/bench_generated"))
		return false;
	for (i = 0; i < 10; i++) {
		key = vb_rng_next(&j->rng);
		f = vb_io_add(&j->io, &j->set[ADDED], key,
		    vb_rng_range(&j->rng, 512, 2560),
		    "crates/bench_generated/new_%02zu.c", i);
		f->text = true;
	}
	if (!vb_io_write_all(&j->io, &j->set[ADDED], VB_SYNC | VB_EXCL))
		return false;
	for (i = 0; i < n; i++) {
		if (!vb_io_unlink(&j->io, &s->v[s->n - 1 - i]))
			return false;
	}
	return true;
}

static bool
run(struct vb_job *j)
{
	unsigned i;

	if (!GIT(j, "status", "--porcelain") ||
	    !GIT(j, "status", "--porcelain") || !modify(j) ||
	    !add_and_delete(j) || !GIT(j, "status", "--porcelain"))
		return false;
	for (i = 0; i < COMMITS; i++) {
		if (i > 0 && !append(j, &j->set[TREE].v[20 + i]))
			return false;
		if (!GIT(j, "add", "-A") ||
		    !GIT(j, "commit", "-q", "-m", "another"))
			return false;
	}
	return GIT(j, "log", "-20", "--format=%H %s") &&
	    GIT(j, "diff", "HEAD~1", "HEAD");
}

/* git finds its own objects whole and nothing uncommitted, and so do we. */
static bool
check(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[TREE]) &&
	    vb_io_read_all(&j->io, &j->set[ADDED]) &&
	    GIT(j, "fsck", "--strict") &&
	    GIT(j, "diff", "--quiet", "HEAD");
}

const struct vb_load vb_git = {
	.name = "git", .what = "status, changes, five commits, log, diff",
	.seed = 0x617c0de, .warm_ups = 1,
	.note = "by the git program, on a source tree of 200 files made by "
	    "vaultbench",
	.prepare = prepare,
	.steps = { { "git", run, VB_FRESH } },
	.check = check,
};
