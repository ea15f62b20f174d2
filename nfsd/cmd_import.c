/*
 * cmd_import.c - files, links and folders of the host into a vault.
 *
 * A file is written under a temporary name in its directory, put on stable
 * storage, and then renamed to its place: who is interrupted finds the old
 * file or the new one.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd_copy.h"
#include "nfsd/cmd_import.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/file.h"

/* Bytes read and written at a time: 32 whole chunks. */
#define BUF_LEN		(1024u * 1024)
#define LINK_MAX_LEN	4096	/* bytes of a symlink's target */

/* What is copied, and the place in the vault that it goes to. */
struct job {
	const char	*src;		/* for messages */
	int		 at;		/* the folder that src_name is in */
	const char	*src_name;
	struct dir	*dir;
	const char	*name;		/* in dir */
	unsigned	 depth;
};

bool
cmd_import_init(struct cmd_import *p, struct vault *v, const char *path)
{
	memset(p, 0, sizeof(*p));
	p->v = v;
	/* without this a vault inside a copied folder would copy itself */
	if (stat(path, &p->self) == -1)
		memset(&p->self, 0, sizeof(p->self));
	p->a = arena_new(CMD_ARENA_MAX);
	p->buf = malloc(BUF_LEN);
	return p->a != NULL && p->buf != NULL;
}

void
cmd_import_fini(struct cmd_import *p)
{
	free(p->buf);
	arena_free(p->a);
}

static struct vset
set_of(const struct stat *st)
{
	struct vset s = {
		.mask = VSET_MODE | VSET_MTIME,
		.mode = st->st_mode & 07777, .mtime = cmd_mtime_of(st)
	};

	return s;
}

/*
 * What is at the place already?  0: nothing that hinders.  *d, if a directory
 * is wanted, becomes a reference to the one that is there, or NULL.
 */
static int
look(struct cmd_import *p, const struct job *j, struct dir **d, struct verr *e)
{
	struct entry ent;
	struct verr why;

	if (d != NULL)
		*d = NULL;
	if (dir_lookup(j->dir, p->a, j->name, strlen(j->name), &ent,
	    &why) == -1) {
		if (why.code == VERR_NOENT)
			return 0;
		if (e != NULL)
			*e = why;
		return -1;
	}
	if (ent.dir != NULL && d != NULL) {
		*d = ent.dir;
		return 0;
	}
	dir_put(ent.dir);
	if (ent.dir != NULL)
		return verr_fail(e, VERR_ISDIR,
		    "is a directory in the vault");
	if (d != NULL)
		return verr_fail(e, VERR_EXIST, "is in the vault already and "
		    "not a directory");
	if (!p->force)
		return verr_fail(e, VERR_EXIST,
		    "is in the vault already; --force replaces it");
	return 0;
}

/*
 * With resume: is it in the vault already?  A file of the same size and time;
 * a link with the same target.
 */
static bool
is_copied(struct cmd_import *p, const struct job *j, const struct stat *st,
    const char *target, size_t target_len)
{
	struct timespec t = cmd_mtime_of(st);
	const char *there;
	struct entry ent;
	bool same = false;
	size_t len;

	if (!p->did.resume || dir_lookup(j->dir, p->a, j->name,
	    strlen(j->name), &ent, NULL) == -1)
		return false;
	if (target == NULL)
		same = ent.attr.type == VTYPE_FILE && !ent.attr.damaged &&
		    ent.attr.size == (uint64_t)st->st_size &&
		    cmd_same_time(&t, &ent.attr.mtime);
	else if (ent.attr.type == VTYPE_SYMLINK)
		same = symlink_read(p->v, p->a, &ent.loc, &there, &len,
		    NULL) == 0 && len == target_len &&
		    memcmp(there, target, len) == 0;
	dir_put(ent.dir);
	if (same)
		p->did.skipped++;
	if (same && target == NULL)
		cmd_progress_add((uint64_t)st->st_size);
	return same;
}

/* All of fd into f. */
static int
fill(struct cmd_import *p, int fd, struct file *f, struct verr *e)
{
	uint64_t off = 0;
	size_t len;
	ssize_t n;

	for (;;) {
		/* whole chunks, also from a pipe that gives less */
		for (len = 0; len < BUF_LEN; len += (size_t)n) {
			n = read(fd, p->buf + len, BUF_LEN - len);
			if (cmd_stopped())
				return verr_fail(e, VERR_IO, "interrupted");
			if (n == -1 && errno == EINTR)
				n = 0;
			else if (n == -1)
				return verr_sys(e, "cannot be read");
			else if (n == 0)
				break;
		}
		if (len == 0)
			return 0;
		if (file_write(f, off, p->buf, len, NULL, e) == -1)
			return -1;
		off += len;
		p->did.bytes += len;
		cmd_progress_add(len);
	}
}

/* The new object temp takes its place, or is taken away again. */
static int
publish(struct cmd_import *p, const struct job *j, const char *temp, int rc,
    struct verr *e)
{
	if (rc == 0)
		rc = dir_rename(j->dir, j->dir, p->a, temp, strlen(temp),
		    j->name, strlen(j->name), NULL, NULL, NULL, e);
	if (rc == -1)
		(void)dir_unlink(j->dir, p->a, temp, strlen(temp), NULL,
		    NULL);
	return rc;
}

static int
write_file(struct cmd_import *p, const struct entry *ent, int fd,
    struct verr *e)
{
	struct file *f;
	int rc;

	f = file_open(p->v, &ent->loc, ent->attr.fileid, true, e);
	if (f == NULL)
		return -1;
	rc = fill(p, fd, f, e);
	if (rc == 0)
		rc = file_sync(f, e);
	file_put(f);
	return rc;
}

/* A file from fd; set says what it looks like then. */
static int
put_fd(struct cmd_import *p, const struct job *j, int fd,
    const struct vset *set, struct verr *e)
{
	static const struct vset mine = { .mask = VSET_MODE, .mode = 0600 };
	char temp[CMD_TEMP_LEN + 1];
	uint64_t before = p->did.bytes;
	struct entry ent;
	int rc;

	if (look(p, j, NULL, e) == -1 || cmd_temp_name(temp, e) == -1 ||
	    dir_create(j->dir, p->a, temp, CMD_TEMP_LEN, &mine, &ent, NULL,
	    e) == -1)
		return -1;
	rc = write_file(p, &ent, fd, e);
	if (rc == 0)
		rc = loc_set(p->v, &ent.loc, ent.attr.fileid, set, NULL, e);
	rc = publish(p, j, temp, rc, e);
	if (rc == 0)
		p->did.files++;
	else
		p->did.bytes = before;
	return rc;
}

/* flags: O_NOFOLLOW and O_NONBLOCK below the first level. */
static int
put_file(struct cmd_import *p, const struct job *j, int flags, struct verr *e)
{
	struct stat st;
	struct vset set;
	int fd, rc;

	fd = openat(j->at, j->src_name, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    flags);
	if (fd == -1)
		return verr_sys(e, "cannot be opened");
	if (fstat(fd, &st) == -1) {
		rc = verr_sys(e, "cannot be read");
	} else if (flags != 0 && !S_ISREG(st.st_mode)) {
		rc = verr_fail(e, VERR_UNSUPPORTED, "not a regular file");
	} else if (S_ISREG(st.st_mode) && is_copied(p, j, &st, NULL, 0)) {
		rc = 0;
	} else {
		set = set_of(&st);
		if (!S_ISREG(st.st_mode)) {	/* a pipe by name */
			set.mask = VSET_MODE;
			set.mode = 0644;
		}
		rc = put_fd(p, j, fd, &set, e);
	}
	(void)close(fd);
	return rc;
}

static int
put_link(struct cmd_import *p, const struct job *j, const struct stat *st,
    struct verr *e)
{
	struct vset set = { .mask = VSET_MTIME, .mtime = cmd_mtime_of(st) };
	char target[LINK_MAX_LEN], temp[CMD_TEMP_LEN + 1];
	ssize_t n;

	n = readlinkat(j->at, j->src_name, target, sizeof(target));
	if (n == -1)
		return verr_sys(e, "cannot be read");
	if ((size_t)n == sizeof(target))
		return verr_fail(e, VERR_NAMETOOLONG,
		    "the target of the link is too long");
	if (is_copied(p, j, st, target, (size_t)n))
		return 0;
	if (look(p, j, NULL, e) == -1 || cmd_temp_name(temp, e) == -1 ||
	    dir_symlink(j->dir, p->a, temp, CMD_TEMP_LEN, target, (size_t)n,
	    &set, NULL, NULL, e) == -1 || publish(p, j, temp, 0, e) == -1)
		return -1;
	p->did.links++;
	return 0;
}

/* The names in the open folder fd, sorted, in a new arena; fd is used up. */
static int
folder_names(struct cmd_list *l, int fd, struct verr *e)
{
	const struct dirent *ent;
	DIR *d;
	int rc = 0;

	if ((d = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return verr_sys(e, "cannot be listed");
	}
	if (!cmd_list_init(l))
		rc = verr_code(e, VERR_NOMEM);
	while (rc == 0 && (errno = 0, ent = readdir(d)) != NULL) {
		if (strcmp(ent->d_name, ".") == 0 ||
		    strcmp(ent->d_name, "..") == 0)
			continue;
		if (cmd_list_add(l, ent->d_name, strlen(ent->d_name)) == NULL)
			rc = verr_code(e, VERR_NOMEM);
	}
	if (rc == 0 && errno != 0)
		rc = verr_sys(e, "cannot be listed");
	(void)closedir(d);
	if (rc == -1)
		cmd_list_fini(l);
	else
		cmd_list_sort(l);
	return rc;
}

static void put_any(struct cmd_import *p, const struct job *j, bool follow);

/* All that is in the folder fd into d. */
static int
put_below(struct cmd_import *p, const struct job *j, int fd, struct dir *d,
    struct verr *e)
{
	struct cmd_list l;
	int again;
	size_t i;

	if ((again = dup(fd)) == -1)
		return verr_sys(e, "cannot be listed");
	if (folder_names(&l, again, e) == -1)
		return -1;
	for (i = 0; i < l.n && !cmd_stopped(); i++) {
		struct job below = {
			.at = fd, .src_name = l.item[i]->name, .dir = d,
			.name = l.item[i]->name, .depth = j->depth + 1
		};

		below.src = arena_printf(l.a, "%s/%s", j->src,
		    l.item[i]->name);
		if (below.src == NULL) {
			cmd_list_fini(&l);
			return verr_code(e, VERR_NOMEM);
		}
		put_any(p, &below, false);
	}
	cmd_list_fini(&l);
	return 0;
}

static int
put_dir(struct cmd_import *p, const struct job *j, int fd,
    const struct stat *st, struct verr *e)
{
	static const struct vset mine = { .mask = VSET_MODE, .mode = 0700 };
	struct vset set = set_of(st);
	struct entry ent;
	struct dir *d;
	bool made = false;
	int rc;

	if (j->name[0] == '\0')		/* FILE is "/": into dir itself */
		d = dir_ref(j->dir);
	else if (look(p, j, &d, e) == -1)
		return -1;
	if (d == NULL) {
		if (dir_mkdir(j->dir, p->a, j->name, strlen(j->name), &mine,
		    &ent, NULL, e) == -1)
			return -1;
		d = ent.dir;
		made = true;
	}
	rc = put_below(p, j, fd, d, e);
	if (rc == 0 && made)
		rc = loc_set(p->v, &ent.loc, ent.attr.fileid, &set, NULL, e);
	dir_put(d);
	p->did.dirs += made;
	return rc;
}

static int
enter(struct cmd_import *p, const struct job *j, int flags, struct verr *e)
{
	struct stat st;
	int fd, rc;

	fd = openat(j->at, j->src_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    flags);
	if (fd == -1)
		return verr_sys(e, "cannot be entered");
	if (fstat(fd, &st) == -1)
		rc = verr_sys(e, "cannot be entered");
	else if (st.st_dev == p->self.st_dev && st.st_ino == p->self.st_ino)
		rc = verr_fail(e, VERR_UNSUPPORTED,
		    "is the vault itself and left out");
	else if (j->depth > CMD_WALK_DEPTH)
		rc = verr_fail(e, VERR_UNSUPPORTED,
		    "more than %d directories deep", CMD_WALK_DEPTH);
	else
		rc = put_dir(p, j, fd, &st, e);
	(void)close(fd);
	return rc;
}

/* Whatever it is; says what goes wrong. */
static void
put_any(struct cmd_import *p, const struct job *j, bool follow)
{
	int flags = follow ? 0 : O_NOFOLLOW | O_NONBLOCK;
	struct verr e = { .code = VERR_NONE };
	struct stat st;
	int rc;

	arena_reset(p->a);
	if (fstatat(j->at, j->src_name, &st,
	    follow ? 0 : AT_SYMLINK_NOFOLLOW) == -1)
		rc = verr_sys(&e, "cannot be read");
	else if (S_ISLNK(st.st_mode))
		rc = put_link(p, j, &st, &e);
	else if (!S_ISDIR(st.st_mode))
		rc = put_file(p, j, flags, &e);
	else if (!p->recursive)
		rc = verr_fail(&e, VERR_ISDIR, "is a directory; -r copies it");
	else
		rc = enter(p, j, follow ? 0 : O_NOFOLLOW, &e);
	if (rc == -1)
		cmd_copied_fail(&p->did, cmd_fail(&e, "%s", j->src));
}

void
cmd_import_stdin(struct cmd_import *p, struct dir *d, const char *name)
{
	static const struct vset set = { .mask = VSET_MODE, .mode = 0644 };
	struct job j = { .src = "-", .dir = d, .name = name };
	struct verr e = { .code = VERR_NONE };

	arena_reset(p->a);
	if (put_fd(p, &j, STDIN_FILENO, &set, &e) == -1)
		cmd_copied_fail(&p->did, cmd_fail(&e, "standard input"));
}

void
cmd_import(struct cmd_import *p, const char *file, struct dir *d,
    const char *name)
{
	struct job j = {
		.src = file, .at = AT_FDCWD, .src_name = file, .dir = d,
		.name = name
	};

	put_any(p, &j, true);
}
