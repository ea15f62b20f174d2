/*
 * cmd_get.c - vaultnfs get: copy out of a vault.
 *
 * A file is written under a name of its own beside its place and takes its
 * place when it is whole, so an interrupted copy leaves nothing half done.
 *
 * The vault may be another's: below the destination no symlink is followed
 * (a vault could hold a link and, in other case, a directory of one name),
 * and set-id bits are not copied.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_copy.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_total.h"
#include "nfsd/cmd_vault.h"
#include "vault/file.h"
#include "vault/tree.h"

struct args {
	struct pass_source	pass;
	bool			recursive, force, resume, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 'r', "recursive", NULL,
	    offsetof(struct args, recursive), 0, 0, NULL,
	    "copy directories with all that is in them" },
	{ CMD_OPT_FLAG, 'f', "force", NULL, offsetof(struct args, force),
	    0, 0, NULL, "replace files that are there already" },
	{ CMD_OPT_FLAG, 0, "resume", NULL, offsetof(struct args, resume),
	    0, 0, NULL, "skip files of the same size and time" },
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

struct get {
	const struct args	*args;
	struct vault		*v;
	struct cmd_copied	 did;
};

/* One object of the vault and the place it goes to. */
struct job {
	const char		*path;		/* in the vault, for messages */
	const struct vloc	*loc;
	const struct vattr	*attr;
	int			 dirfd;
	const char		*name;		/* in dirfd */
};

/*
 * Give the finished temporary name its place.  Without force a link is made
 * rather than a rename, as it fails if anything is there; where there are no
 * links, a look first must do.
 */
static int
publish(const struct get *g, const struct job *j, const char *temp,
    struct verr *e)
{
	struct stat st;

	if (!g->args->force) {
		if (linkat(j->dirfd, temp, j->dirfd, j->name, 0) == 0) {
			(void)unlinkat(j->dirfd, temp, 0);
			return 0;
		}
		if (errno == EEXIST || fstatat(j->dirfd, j->name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0)
			return verr_code(e, VERR_EXIST);
	}
	if (renameat(j->dirfd, temp, j->dirfd, j->name) == -1)
		return verr_sys(e, "cannot write %s", j->name);
	return 0;
}

/* With --resume: it is there already.  target: of a link, else NULL. */
static bool
is_copied(const struct job *j, const struct stat *st, const char *target)
{
	struct timespec t = cmd_mtime_of(st);
	char there[4096];
	ssize_t n;

	if (target == NULL)
		return S_ISREG(st->st_mode) &&
		    (uint64_t)st->st_size == j->attr->size &&
		    cmd_same_time(&t, &j->attr->mtime);
	n = readlinkat(j->dirfd, j->name, there, sizeof(there));
	return n >= 0 && (size_t)n == strlen(target) &&
	    memcmp(there, target, (size_t)n) == 0;
}

/* What is there already must not be in the way.  1: it is the same. */
static int
may_write(struct get *g, const struct job *j, const char *target,
    struct verr *e)
{
	struct stat st;

	if (fstatat(j->dirfd, j->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (g->args->resume && is_copied(j, &st, target)) {
		g->did.skipped++;
		return 1;
	}
	if (S_ISDIR(st.st_mode))
		return verr_fail(e, VERR_ISDIR,
		    "%s is a directory at the destination", j->name);
	if (!g->args->force)
		return verr_fail(e, VERR_EXIST, "%s is there already; "
		    "--force replaces it", j->name);
	return 0;
}

static int
fill(struct get *g, const struct job *j, int fd, struct verr *e)
{
	struct timespec times[2] = { j->attr->atime, j->attr->mtime };

	if (cmd_read(g->v, j->loc, j->attr->fileid, cmd_sink_fd, &fd,
	    e) == -1)
		return -1;
	if (fchmod(fd, j->attr->mode & 0777) == -1 ||
	    futimens(fd, times) == -1)
		return verr_sys(e, "cannot set mode and time of %s", j->name);
	return 0;
}

static int
get_file(struct get *g, const struct job *j, struct verr *e)
{
	char temp[CMD_TEMP_LEN + 1];
	int fd, rc;

	if ((rc = may_write(g, j, NULL, e)) != 0) {
		if (rc == 1)
			cmd_progress_add(j->attr->size);
		return rc;
	}
	if (cmd_temp_name(temp, e) == -1)
		return -1;
	fd = openat(j->dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd == -1)
		return verr_sys(e, "cannot write to the destination");
	rc = fill(g, j, fd, e);
	if (close(fd) == -1 && rc == 0)
		rc = verr_sys(e, "cannot write %s", j->name);
	if (rc == 0)
		rc = publish(g, j, temp, e);
	if (rc == -1) {
		(void)unlinkat(j->dirfd, temp, 0);
		return -1;
	}
	g->did.files++;
	g->did.bytes += j->attr->size;
	return 0;
}

static int
get_link(struct get *g, const struct job *j, struct arena *a, struct verr *e)
{
	struct timespec times[2] = { j->attr->atime, j->attr->mtime };
	char temp[CMD_TEMP_LEN + 1];
	const char *target;
	size_t len;
	int rc;

	if (symlink_read(g->v, a, j->loc, &target, &len, e) == -1)
		return -1;
	if (strlen(target) != len)
		return verr_fail(e, VERR_UNSUPPORTED,
		    "the target of the link has a NUL in it");
	if ((rc = may_write(g, j, target, e)) != 0)
		return rc;
	if (cmd_temp_name(temp, e) == -1)
		return -1;
	if (symlinkat(target, j->dirfd, temp) == -1)
		return verr_sys(e, "cannot make a symbolic link");
	/* not all systems can; a link's time matters little */
	(void)utimensat(j->dirfd, temp, times, AT_SYMLINK_NOFOLLOW);
	if (publish(g, j, temp, e) == -1) {
		(void)unlinkat(j->dirfd, temp, 0);
		return -1;
	}
	g->did.links++;
	return 0;
}

/* One entry that is no directory; says what goes wrong. */
static void
get_leaf(struct get *g, const struct job *j, struct arena *a)
{
	struct verr e = { .code = VERR_NONE };
	int rc;

	if (j->attr->type == VTYPE_SYMLINK)
		rc = get_link(g, j, a, &e);
	else
		rc = get_file(g, j, &e);
	if (rc == -1)
		cmd_copied_fail(&g->did, cmd_fail(&e, "%s", j->path));
}

/*
 * The directory name in dirfd, made if it is not there.  It is open to nobody
 * else until it is complete.
 */
static int
make_dir(int dirfd, const char *name, bool *made, struct verr *e)
{
	int fd;

	*made = mkdirat(dirfd, name, 0700) == 0;
	if (!*made && errno != EEXIST)
		return verr_sys(e, "cannot make the directory %s", name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	if (fd == -1)
		return verr_sys(e, "cannot enter %s", name);
	return fd;
}

static void get_below(struct get *g, const struct cmd_list *l,
    const char *path, int dirfd, const struct cmd_walk *here);

/*
 * The contents of d into the directory j->name of j->dirfd; mode and time
 * come last, when nothing changes in it any more.
 */
static int
get_dir(struct get *g, const struct job *j, struct dir *d,
    const struct cmd_walk *up, struct verr *e)
{
	struct timespec times[2] = { j->attr->atime, j->attr->mtime };
	struct cmd_walk here;
	struct cmd_list l;
	bool made;
	int fd;

	if (cmd_walk_enter(&here, up, d, e) == -1 ||
	    cmd_list_read(&l, d, true, e) == -1)
		return -1;
	if ((fd = make_dir(j->dirfd, j->name, &made, e)) == -1) {
		cmd_list_fini(&l);
		return -1;
	}
	get_below(g, &l, j->path, fd, &here);
	if (made && (fchmod(fd, j->attr->mode & 0777) == -1 ||
	    futimens(fd, times) == -1)) {
		(void)verr_sys(e, "cannot set mode and time of %s", j->name);
		cmd_copied_fail(&g->did, cmd_fail(e, "%s", j->path));
	}
	(void)close(fd);
	cmd_list_fini(&l);
	g->did.dirs += made;
	return 0;
}

static void
get_below(struct get *g, const struct cmd_list *l, const char *path,
    int dirfd, const struct cmd_walk *here)
{
	const char *slash = strcmp(path, "/") == 0 ? "" : "/";
	struct verr e = { .code = VERR_NONE };
	struct dir *d;
	size_t i;

	for (i = 0; i < l->n && !cmd_stopped(); i++) {
		const struct cmd_item *it = l->item[i];
		struct job j = {
			.loc = &it->loc, .attr = &it->attr, .dirfd = dirfd,
			.name = it->name
		};

		j.path = arena_printf(l->a, "%s%s%s", path, slash, it->name);
		if (j.path == NULL) {
			(void)verr_code(&e, VERR_NOMEM);
			cmd_copied_fail(&g->did, cmd_fail(&e, "%s", path));
			return;
		}
		if (it->dirid == NULL) {
			get_leaf(g, &j, l->a);
			continue;
		}
		memset(&e, 0, sizeof(e));
		d = dir_by_id(g->v, it->dirid, it->dirid_len, &e);
		if (d == NULL || get_dir(g, &j, d, here, &e) == -1)
			cmd_copied_fail(&g->did, cmd_fail(&e, "%s", j.path));
		dir_put(d);
	}
}

/* One PATH to name in dirfd. */
static void
get_operand(struct get *g, const char *given, int dirfd, const char *name)
{
	struct verr e = { .code = VERR_NONE };
	struct entry ent = { .dir = NULL };
	struct arena *a;
	struct job j = {
		.path = given, .loc = &ent.loc, .attr = &ent.attr,
		.dirfd = dirfd, .name = name
	};
	int rc = 0;

	if ((a = arena_new(CMD_ARENA_MAX)) == NULL ||
	    (j.path = cmd_path(a, given)) == NULL) {
		rc = verr_code(&e, VERR_NOMEM);
		j.path = given;
	} else if (tree_lookup(g->v, a, given, &ent, &e) == -1) {
		rc = -1;
	} else if (ent.dir == NULL) {
		get_leaf(g, &j, a);
	} else if (!g->args->recursive) {
		rc = verr_fail(&e, VERR_ISDIR, "is a directory; -r copies it");
	} else {
		rc = get_dir(g, &j, ent.dir, NULL, &e);
	}
	if (rc == -1)
		cmd_copied_fail(&g->did, cmd_fail(&e, "%s", given));
	dir_put(ent.dir);
	arena_free(a);
}

/* One PATH into the directory dirfd, under its own name. */
static void
get_into(struct get *g, const char *given, int dirfd)
{
	struct arena *a;
	const char *path;

	if ((a = arena_new(CMD_ARENA_MAX)) == NULL ||
	    (path = cmd_path(a, given)) == NULL) {
		cmd_error("out of memory");
		cmd_copied_fail(&g->did, CMD_FAILED);
	} else {
		/* the root has no name: what is in it goes in directly */
		path = cmd_path_name(path);
		get_operand(g, given, dirfd, path[0] != '\0' ? path : ".");
	}
	arena_free(a);
}

static void
get_stdout(struct get *g, const char *given)
{
	struct verr e = { .code = VERR_NONE };
	struct entry ent = { .dir = NULL };
	struct arena *a;
	int rc, out = STDOUT_FILENO;

	if ((a = arena_new(CMD_ARENA_MAX)) == NULL)
		rc = verr_code(&e, VERR_NOMEM);
	else
		rc = tree_lookup(g->v, a, given, &ent, &e);
	if (rc == 0 && ent.attr.type != VTYPE_FILE)
		rc = verr_fail(&e, ent.dir != NULL ? VERR_ISDIR :
		    VERR_UNSUPPORTED, "only a file can go to standard output");
	dir_put(ent.dir);
	if (rc == 0)
		rc = cmd_read(g->v, &ent.loc, ent.attr.fileid, cmd_sink_fd,
		    &out, &e);
	if (rc == -1)
		cmd_copied_fail(&g->did, cmd_fail(&e, "%s", given));
	arena_free(a);
}

/* A single PATH to a name that is not a directory yet. */
static void
get_as(struct get *g, const char *given, const char *dest)
{
	struct verr e = { .code = VERR_NONE };
	char *copy, *slash;
	const char *folder = ".", *name;
	size_t len = strlen(dest);
	int fd;

	if (len > 0 && dest[len - 1] == '/' && !g->args->recursive) {
		cmd_error("%s: no such folder", dest);
		cmd_copied_fail(&g->did, CMD_NOTFOUND);
		return;
	}
	if ((copy = strdup(dest)) == NULL) {
		cmd_error("out of memory");
		cmd_copied_fail(&g->did, CMD_FAILED);
		return;
	}
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	name = copy;
	if ((slash = strrchr(copy, '/')) != NULL) {
		*slash = '\0';
		name = slash + 1;
		folder = slash == copy ? "/" : copy;
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		(void)verr_sys(&e, "no such folder");
		cmd_copied_fail(&g->did, cmd_fail(&e, "%s", folder));
	} else {
		get_operand(g, given, fd, name);
		(void)close(fd);
	}
	free(copy);
}

static void
get_all(struct get *g, char **path, int n, const char *dest)
{
	struct stat st;
	bool folder = stat(dest, &st) == 0 && S_ISDIR(st.st_mode);
	int i, fd;

	if (strcmp(dest, "-") == 0) {
		for (i = 0; i < n; i++)
			get_stdout(g, path[i]);
	} else if (!folder && n > 1) {
		cmd_error("%s: not a folder, so only one PATH can go there",
		    dest);
		cmd_copied_fail(&g->did, CMD_FAILED);
	} else if (!folder) {
		get_as(g, path[0], dest);
	} else if ((fd = open(dest, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    -1) {
		cmd_error("cannot enter %s: %s", dest, strerror(errno));
		cmd_copied_fail(&g->did, errno == EACCES ? CMD_PERMISSION :
		    CMD_FAILED);
	} else {
		for (i = 0; i < n && !cmd_stopped(); i++)
			get_into(g, path[i], fd);
		(void)close(fd);
	}
}

static enum cmd_exit
get_run(const struct cmd_call *call)
{
	struct get g = { .args = call->args };
	bool here = call->n == 2;
	const char *dest = here ? "." : call->operand[call->n - 1];
	int n = here ? 1 : call->n - 2;
	enum cmd_exit rc;

	if (g.args->json && strcmp(dest, "-") == 0)
		return cmd_usage(call,
		    "--json and '-' both want standard output");
	g.v = cmd_open(call->operand[0], &g.args->pass, true, &rc);
	if (g.v == NULL)
		return rc;
	g.did.resume = g.args->resume;
	cmd_catch_signals();
	cmd_progress_start(0);
	cmd_progress_total(cmd_total_vault(g.v, call->operand + 1, n,
	    g.args->recursive));
	get_all(&g, call->operand + 1, n, dest);
	cmd_progress_end();
	cmd_close(g.v);
	return cmd_copied_report(&g.did, g.args->json);
}

const struct cmd cmd_get = {
	"get", "VAULT PATH... [DEST]", 2, CMD_MANY, "copy out of a vault",
	"DEST is a folder, or for one PATH a new name; '-' is standard\n"
	"output.  With one PATH it may be left out: the current folder.\n"
	"Modes and times are kept.  Nothing is replaced without --force; a\n"
	"folder that is there already is filled up.  With --resume a copy\n"
	"that was interrupted goes on where it was: whole files, and links\n"
	"with the same target, are not copied again.\n",
	opts, sizeof(struct args), get_run
};
