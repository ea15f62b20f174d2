/*
 * box.h - for the vault's unit tests: a vault in a folder of its own.
 *
 * A box is a new vault, or an archive of tests/vectors unpacked, opened, with
 * an arena.  box_tree() writes down all that can be seen in it, one line for
 * each entry, so that two states are compared as texts: with each other, with
 * a manifest, or with what an independent reader finds (box_oracle.h).
 */
#ifndef TESTS_UNIT_BOX_H
#define TESTS_UNIT_BOX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/bufpool.h"
#include "tests/unit/kat.h"
#include "vault/digest.h"
#include "vault/dir.h"
#include "vault/file.h"
#include "vault/host.h"
#include "vault/tree.h"
#include "vault/vault.h"

#define BOX_COST	1024	/* scrypt: for tests only */

struct box {
	char		*dir;		/* temporary; the vault is in it */
	char		 path[4096];	/* of the vault */
	char		 pass[64];
	struct vault	*v;
	struct dir	*root;
	struct arena	*a;
	struct verr	 e;
};

/* A name that is shortened at a threshold of 220: 147 to 255 bytes. */
#define BOX_N50		"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define BOX_LONG	BOX_N50 BOX_N50 BOX_N50 BOX_N50

/* Open descriptors of this process, 0 where that cannot be told. */
static inline int
box_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static inline void
box_open_as(struct box *b, const struct vault_options *o)
{
	b->v = vault_open(b->path, o, b->pass, strlen(b->pass), &b->e);
	cr_assert_not_null(b->v, "%s: %s", b->path, b->e.text);
	b->root = dir_root(b->v, &b->e);
}

static inline void
box_close(struct box *b)
{
	dir_put(b->root);
	vault_close(b->v);
	b->root = NULL;
	b->v = NULL;
}

/* Everything that was only in memory is gone. */
static inline void
box_reopen(struct box *b)
{
	box_close(b);
	arena_reset(b->a);
	box_open_as(b, NULL);
}

/*
 * A new folder: in $TMPDIR, or in memory where that is possible, because
 * thousands of small things are made in it and synced.
 */
static inline char *
box_tmp(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = malloc(4096);

	cr_assert_not_null(dir);
	if (tmp == NULL && access("/dev/shm", W_OK) == 0)
		tmp = "/dev/shm";
	(void)snprintf(dir, 4096, "%s/vaultnfs-test-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(dir));
	return dir;
}

static inline void
box_init(struct box *b)
{
	memset(b, 0, sizeof(*b));
	b->a = arena_new(16 * 1024 * 1024);
	cr_assert_not_null(b->a);
}

static inline void
box_make(struct box *b, const char *cipher, int threshold)
{
	struct vault_new n = { cipher, threshold, BOX_COST };

	box_init(b);
	b->dir = box_tmp();
	(void)snprintf(b->path, sizeof(b->path), "%s/vault", b->dir);
	(void)strcpy(b->pass, "box");
	cr_assert_eq(vault_init(b->path, &n, b->pass, strlen(b->pass), &b->e),
	    0, "%s", b->e.text);
	box_open_as(b, NULL);
}

static inline void
box_unpack(struct box *b, const char *archive, const char *pass)
{
	box_init(b);
	b->dir = kat_unpack(archive);
	(void)snprintf(b->path, sizeof(b->path), "%s/vault", b->dir);
	(void)strcpy(b->pass, pass);
	box_open_as(b, NULL);
}

static inline void
box_end(struct box *b)
{
	host_set_hook(NULL, NULL);
	box_close(b);
	arena_free(b->a);
	kat_forget(b->dir);
	cr_expect_eq(bufpool_in_use(), 0, "buffers were lost");
}

/* -- paths, clear and on disk */

/* The object at a clear path; VERR_NONE or what went wrong. */
static inline enum verr_code
box_find(struct box *b, const char *path, struct entry *ent)
{
	b->e.code = VERR_NONE;
	memset(ent, 0, sizeof(*ent));
	if (tree_lookup(b->v, b->a, path, ent, &b->e) == 0)
		return VERR_NONE;
	ent->dir = NULL;
	return b->e.code;
}

static inline bool
box_has(struct box *b, const char *path)
{
	struct entry ent;
	enum verr_code c = box_find(b, path, &ent);

	dir_put(ent.dir);
	cr_expect(c == VERR_NONE || c == VERR_NOENT, "%s: %s", path,
	    b->e.text);
	return c == VERR_NONE;
}

/* A reference to the directory at a clear path. */
static inline struct dir *
box_dir(struct box *b, const char *path)
{
	struct entry ent;

	cr_assert_eq(box_find(b, path, &ent), VERR_NONE, "%s: %s", path,
	    b->e.text);
	cr_assert_not_null(ent.dir, "%s", path);
	return ent.dir;
}

/* Where something in the vault's folder is; valid until the next but one. */
static inline const char *
box_disk(const struct box *b, const char *path)
{
	static char out[2][8192];
	static int turn;

	turn = !turn;
	(void)snprintf(out[turn], sizeof(out[turn]), "%s/%s", b->path, path);
	return out[turn];
}

/* The path on disk of the object at a clear path. */
static inline const char *
box_disk_of(struct box *b, const char *path)
{
	struct entry ent;

	cr_assert_eq(box_find(b, path, &ent), VERR_NONE, "%s: %s", path,
	    b->e.text);
	dir_put(ent.dir);
	return box_disk(b, ent.loc.path);
}

/* -- making things */

static inline void
box_write(struct box *b, struct dir *d, const char *name, const void *data,
    size_t len)
{
	struct entry ent;
	struct file *f;

	cr_assert_eq(dir_create(d, b->a, name, strlen(name), NULL, &ent, NULL,
	    &b->e), 0, "%s", b->e.text);
	f = file_open(b->v, &ent.loc, ent.attr.fileid, true, &b->e);
	cr_assert_not_null(f, "%s", b->e.text);
	cr_assert_eq(file_write(f, 0, data, len, NULL, &b->e), 0, "%s",
	    b->e.text);
	file_put(f);
}

static inline void
box_file(struct box *b, struct dir *d, const char *name, const char *text)
{
	box_write(b, d, name, text, strlen(text));
}

/* A reference. */
static inline struct dir *
box_mkdir(struct box *b, struct dir *d, const char *name)
{
	struct entry ent;

	cr_assert_eq(dir_mkdir(d, b->a, name, strlen(name), NULL, &ent, NULL,
	    &b->e), 0, "%s", b->e.text);
	return ent.dir;
}

static inline void
box_symlink(struct box *b, struct dir *d, const char *name, const char *to)
{
	cr_assert_eq(dir_symlink(d, b->a, name, strlen(name), to, strlen(to),
	    NULL, NULL, NULL, &b->e), 0, "%s", b->e.text);
}

/* The code of the error, VERR_NONE if it went well. */
#define BOX_CODE(b, call) \
	((b)->e.code = VERR_NONE, (call) == 0 ? VERR_NONE : (b)->e.code)

static inline enum verr_code
box_unlink(struct box *b, struct dir *d, const char *name)
{
	return BOX_CODE(b, dir_unlink(d, b->a, name, strlen(name), NULL,
	    &b->e));
}

static inline enum verr_code
box_rmdir(struct box *b, struct dir *d, const char *name)
{
	return BOX_CODE(b, dir_rmdir(d, b->a, name, strlen(name), NULL,
	    &b->e));
}

static inline enum verr_code
box_rename(struct box *b, struct dir *from, const char *name, struct dir *to,
    const char *new_name)
{
	return BOX_CODE(b, dir_rename(from, to, b->a, name, strlen(name),
	    new_name, strlen(new_name), NULL, NULL, NULL, &b->e));
}

/* -- reading */

/* All that the file at ent holds, from malloc; NULL: b->e says why not. */
static inline uint8_t *
box_read(struct box *b, const struct entry *ent, size_t *len)
{
	struct iolist io;
	uint8_t *buf = NULL;
	struct file *f;
	bool eof = false;
	int r = 0;

	*len = 0;
	b->e.code = VERR_NONE;
	f = file_open(b->v, &ent->loc, ent->attr.fileid, false, &b->e);
	if (f == NULL)
		return NULL;
	while (!eof && r == 0) {
		r = file_read(f, *len, FILE_READ_MAX, &io, &eof, &b->e);
		buf = realloc(buf, *len + io.total + 1);
		cr_assert_not_null(buf);
		for (unsigned i = 0; r == 0 && i < io.n; i++) {
			memcpy(buf + *len, io.piece[i].data, io.piece[i].len);
			*len += io.piece[i].len;
		}
		iolist_free(&io);
	}
	file_put(f);
	if (r == 0)
		return buf;
	free(buf);
	return NULL;
}

struct box_lines {
	char		**line;
	size_t		  n;
	struct box	 *b;
	const char	 *at;		/* the path so far */
	struct dir	**dirs;		/* references, still to be listed */
	char		**paths;
	size_t		  todo;
};

static inline void
box_add(struct box_lines *l, char *line)
{
	l->line = realloc(l->line, (l->n + 1) * sizeof(*l->line));
	cr_assert_not_null(l->line);
	l->line[l->n++] = line;
}

static inline char *
box_text(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	cr_assert_geq(n, 0);
	return s;
}

static inline void
box_hex(const void *data, size_t len, char out[2 * DIGEST_LEN + 1])
{
	struct digest *g = digest_new();
	uint8_t sum[DIGEST_LEN];

	cr_assert(g != NULL && digest_add(g, data, len) &&
	    digest_end(g, sum));
	digest_free(g);
	for (size_t i = 0; i < sizeof(sum); i++)
		(void)sprintf(out + 2 * i, "%02x", sum[i]);
}

static inline char *
box_line(struct box *b, const char *path, const struct entry *ent)
{
	char hex[2 * DIGEST_LEN + 1];
	const char *target;
	uint8_t *data;
	char *line;
	size_t len;

	if (ent->attr.type == VTYPE_DIR)
		return box_text("%s dir", path);
	if (ent->attr.type == VTYPE_SYMLINK) {
		if (symlink_read(b->v, b->a, &ent->loc, &target, &len,
		    &b->e) == -1)
			return box_text("%s symlink error %d", path,
			    b->e.code);
		cr_expect_eq(len, ent->attr.size, "%s", path);
		return box_text("%s symlink %s", path, target);
	}
	if ((data = box_read(b, ent, &len)) == NULL)
		return box_text("%s file %ju error %d", path,
		    (uintmax_t)ent->attr.size, b->e.code);
	cr_expect_eq(len, ent->attr.size, "%s", path);
	box_hex(data, len, hex);
	line = box_text("%s file %zu %s", path, len, hex);
	free(data);
	return line;
}

static inline bool
box_see(void *ctx, const struct entry *ent)
{
	struct box_lines *l = ctx;
	char *path = box_text("%s/%.*s", l->at, (int)ent->name_len, ent->name);

	box_add(l, box_line(l->b, path, ent));
	if (ent->dir == NULL) {
		free(path);
		return true;
	}
	l->dirs = realloc(l->dirs, (l->todo + 1) * sizeof(*l->dirs));
	l->paths = realloc(l->paths, (l->todo + 1) * sizeof(*l->paths));
	cr_assert(l->dirs != NULL && l->paths != NULL);
	l->dirs[l->todo] = dir_ref(ent->dir);
	l->paths[l->todo++] = path;
	return true;
}

static inline int
box_by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order as one text from malloc; the lines are freed. */
static inline char *
box_join(struct box_lines *l)
{
	size_t len = 1, i;
	char *out;

	if (l->n > 0)
		qsort(l->line, l->n, sizeof(*l->line), box_by_text);
	for (i = 0; i < l->n; i++)
		len += strlen(l->line[i]) + 1;
	out = calloc(1, len);
	cr_assert_not_null(out);
	for (len = 0, i = 0; i < l->n; i++) {
		len += (size_t)sprintf(out + len, "%s\n", l->line[i]);
		free(l->line[i]);
	}
	free(l->line);
	return out;
}

/* All that is below d, in lines "PATH TYPE ...", from malloc. */
static inline char *
box_tree(struct box *b, struct dir *d)
{
	struct box_lines l = { .b = b, .at = "" };
	char *path = NULL;
	struct verr e;

	d = dir_ref(d);
	for (;;) {
		cr_assert_eq(dir_list(d, b->a, 0, true, box_see, &l, &e), 0,
		    "%s: %s", l.at, e.text);
		dir_put(d);
		free(path);
		if (l.todo == 0)
			break;
		d = l.dirs[--l.todo];
		l.at = path = l.paths[l.todo];
	}
	free(l.dirs);
	free(l.paths);
	return box_join(&l);
}

/* The tree is this text, which is freed. */
static inline void
box_expect_tree(struct box *b, struct dir *d, const char *want)
{
	char *is = box_tree(b, d);

	cr_expect_str_eq(is, want, "is:\n%swanted:\n%s", is, want);
	free(is);
}

/* -- faults */

struct box_fault {
	unsigned	at;	/* fail this call, from 1; 0: none */
	bool		all;	/* and all after it: as if the power failed */
	int		err;
	unsigned	calls;
	unsigned	count[HOST_STATFS + 1];
};

static inline int
box_hook(void *ctx, enum host_op op, const char *path)
{
	struct box_fault *f = ctx;

	(void)path;
	f->calls++;
	f->count[op]++;
	if (f->at == 0)
		return 0;
	return f->calls == f->at || (f->all && f->calls > f->at) ? f->err : 0;
}

#endif /* TESTS_UNIT_BOX_H */
