/*
 * apply - carry out a script of tests/interop on a vault, through vault/.
 *
 * usage: apply VAULT PASSWORD < SCRIPT
 *        apply --init VAULT PASSWORD CIPHER THRESHOLD COST
 *
 * README.md has the operations.  The first line that does not go as it should
 * is printed with its number and ends the program with status 1.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/digest.h"
#include "vault/dir.h"
#include "vault/file.h"
#include "vault/tree.h"
#include "vault/vault.h"

#define ARENA_MAX	(16u * 1024 * 1024)
#define WORDS_MAX	5

struct job {
	struct vault	*v;
	struct arena	*a;
	char		*word[WORDS_MAX];	/* of this line, clear */
	struct verr	 e;
};

static const struct {
	const char	*name;
	enum verr_code	 code;
} codes[] = {
	{ "NOENT", VERR_NOENT }, { "EXIST", VERR_EXIST },
	{ "NOTDIR", VERR_NOTDIR }, { "ISDIR", VERR_ISDIR },
	{ "NOTEMPTY", VERR_NOTEMPTY }, { "INVAL", VERR_INVAL },
};

/* -- words */

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 0;
}

/* %XX becomes the byte, in place. */
static void
unescape(char *s)
{
	char *out = s;

	for (; *s != '\0'; s++) {
		if (*s == '%' && s[1] != '\0' && s[2] != '\0') {
			*out++ = (char)(hex(s[1]) << 4 | hex(s[2]));
			s += 2;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

static void
split(struct job *j, char *line)
{
	static char none[] = "";
	char *save = NULL;
	int i;

	for (i = 0; i < WORDS_MAX; i++) {
		j->word[i] = strtok_r(i == 0 ? line : NULL, " \n", &save);
		if (j->word[i] == NULL)
			j->word[i] = none;
		else
			unescape(j->word[i]);
	}
}

static uint64_t
number(const char *s)
{
	return strtoull(s, NULL, 10);
}

/* SHA-256 of (seed, 0), of (seed, 1), ..., joined and cut to len; malloc. */
static uint8_t *
data(const char *seed, size_t len)
{
	uint8_t in[16], sum[DIGEST_LEN], *out = malloc(len + 1);
	uint64_t s = strtoull(seed, NULL, 16), block;
	struct digest *d = digest_new();
	size_t at, n;
	int i;

	if (out == NULL || d == NULL)
		abort();
	for (at = 0; at < len; at += n) {
		block = at / DIGEST_LEN;
		for (i = 0; i < 8; i++) {
			in[i] = (uint8_t)(s >> (56 - 8 * i));
			in[8 + i] = (uint8_t)(block >> (56 - 8 * i));
		}
		if (!digest_start(d) || !digest_add(d, in, sizeof(in)) ||
		    !digest_end(d, sum))
			abort();
		n = len - at < DIGEST_LEN ? len - at : DIGEST_LEN;
		memcpy(out + at, sum, n);
	}
	digest_free(d);
	return out;
}

/* -- operations: 0, or -1 with j->e filled */

/* The directory that word i is in, as a reference, and its last part. */
static struct dir *
parent(struct job *j, int i, const char **name, size_t *len)
{
	return tree_parent(j->v, j->a, j->word[i], name, len, &j->e);
}

/* The file at word 1; with make, a new one if there is none. */
static struct file *
open_file(struct job *j, bool make)
{
	struct entry ent = { .dir = NULL };
	struct file *f = NULL;
	const char *name;
	struct dir *d;
	size_t len;
	int r;

	if ((d = parent(j, 1, &name, &len)) == NULL)
		return NULL;
	r = dir_lookup(d, j->a, name, len, &ent, &j->e);
	if (r == -1 && make && j->e.code == VERR_NOENT)
		r = dir_create(d, j->a, name, len, NULL, &ent, NULL, &j->e);
	if (r == 0 && ent.loc.type == VTYPE_FILE)
		f = file_open(j->v, &ent.loc, ent.attr.fileid, true, &j->e);
	else if (r == 0)
		(void)verr_code(&j->e, VERR_INVAL);
	dir_put(ent.dir);
	dir_put(d);
	return f;
}

static int
write_at(struct job *j, struct file *f, uint64_t off, const char *seed,
    const char *count)
{
	size_t len = (size_t)number(count);
	uint8_t *p = data(seed, len);
	int r;

	r = file_write(f, off, p, len, NULL, &j->e);
	free(p);
	return r;
}

static int
op_write(struct job *j)
{
	struct file *f = open_file(j, true);
	int r;

	if (f == NULL)
		return -1;
	r = write_at(j, f, number(j->word[2]), j->word[3], j->word[4]);
	file_put(f);
	return r;
}

static int
op_append(struct job *j)
{
	struct file *f = open_file(j, false);
	struct vattr attr;
	int r;

	if (f == NULL)
		return -1;
	r = file_attr(f, &attr, &j->e);
	if (r == 0)
		r = write_at(j, f, attr.size, j->word[2], j->word[3]);
	file_put(f);
	return r;
}

static int
op_truncate(struct job *j)
{
	struct file *f = open_file(j, false);
	int r;

	if (f == NULL)
		return -1;
	r = file_truncate(f, number(j->word[2]), NULL, &j->e);
	file_put(f);
	return r;
}

static int
op_sync(struct job *j)
{
	struct file *f = open_file(j, false);
	int r;

	if (f == NULL)
		return -1;
	r = file_sync(f, &j->e);
	file_put(f);
	return r;
}

static int
op_make(struct job *j)
{
	struct entry ent = { .dir = NULL };
	const char *name, *kind = j->word[0], *to = j->word[2];
	struct dir *d;
	size_t len;
	int r;

	if ((d = parent(j, 1, &name, &len)) == NULL)
		return -1;
	if (strcmp(kind, "create") == 0)
		r = dir_create(d, j->a, name, len, NULL, &ent, NULL, &j->e);
	else if (strcmp(kind, "mkdir") == 0)
		r = dir_mkdir(d, j->a, name, len, NULL, &ent, NULL, &j->e);
	else
		r = dir_symlink(d, j->a, name, len, to, strlen(to), NULL,
		    &ent, NULL, &j->e);
	dir_put(ent.dir);
	dir_put(d);
	return r;
}

static int
op_remove(struct job *j)
{
	const char *name;
	struct dir *d;
	size_t len;
	int r;

	if ((d = parent(j, 1, &name, &len)) == NULL)
		return -1;
	if (strcmp(j->word[0], "rmdir") == 0)
		r = dir_rmdir(d, j->a, name, len, NULL, &j->e);
	else
		r = dir_unlink(d, j->a, name, len, NULL, &j->e);
	dir_put(d);
	return r;
}

static int
op_rename(struct job *j)
{
	struct entry ent = { .dir = NULL };
	struct dir *from, *to;
	const char *name, *new_name;
	size_t len, new_len;
	int r = -1;

	from = parent(j, 1, &name, &len);
	to = parent(j, 2, &new_name, &new_len);
	if (from != NULL && to != NULL)
		r = dir_rename(from, to, j->a, name, len, new_name, new_len,
		    &ent, NULL, NULL, &j->e);
	dir_put(ent.dir);
	dir_put(from);
	dir_put(to);
	return r;
}

static int
op_link(struct job *j)
{
	struct entry ent = { .dir = NULL }, made = { .dir = NULL };
	const char *name;
	struct dir *d;
	size_t len;
	int r = -1;

	if (tree_lookup(j->v, j->a, j->word[1], &ent, &j->e) == -1)
		return -1;
	if ((d = parent(j, 2, &name, &len)) != NULL)
		r = dir_link(d, j->a, name, len, &ent.loc, ent.attr.fileid,
		    &made, NULL, &j->e);
	dir_put(made.dir);
	dir_put(ent.dir);
	dir_put(d);
	return r;
}

static int
op_set(struct job *j)
{
	struct vset set = { .mask = VSET_MODE };
	struct entry ent;
	int r;

	if (strcmp(j->word[0], "utime") == 0) {
		set.mask = VSET_MTIME;
		set.mtime.tv_sec = (time_t)strtoll(j->word[2], NULL, 10);
		set.mtime.tv_nsec = strtol(j->word[3], NULL, 10);
	} else {
		set.mode = (uint32_t)strtoul(j->word[2], NULL, 8);
	}
	if (tree_lookup(j->v, j->a, j->word[1], &ent, &j->e) == -1)
		return -1;
	r = loc_set(j->v, &ent.loc, 0, &set, NULL, &j->e);
	dir_put(ent.dir);
	return r;
}

static const struct {
	const char	*name;
	int		(*run)(struct job *j);
} operations[] = {
	{ "write", op_write }, { "append", op_append },
	{ "truncate", op_truncate }, { "sync", op_sync },
	{ "create", op_make }, { "mkdir", op_make }, { "symlink", op_make },
	{ "delete", op_remove }, { "rmdir", op_remove },
	{ "rename", op_rename }, { "link", op_link },
	{ "utime", op_set }, { "chmod", op_set },
};

/* -- lines */

static int
operation(struct job *j)
{
	size_t i;

	j->e = (struct verr){ .code = VERR_NONE };
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].name, j->word[0]) == 0)
			return operations[i].run(j);
	return verr_fail(&j->e, VERR_UNSUPPORTED, "no operation %s",
	    j->word[0]);
}

static const char *
code_name(enum verr_code code)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].name;
	return "another error";
}

/* "fail CODE OPERATION ...": it must not work, for this reason. */
static bool
line_ok(struct job *j, char *line)
{
	char want[16] = "", *rest = line;
	int skip = 0, r;

	if (sscanf(line, "fail %15s %n", want, &skip) == 1 && skip > 0)
		rest += skip;
	split(j, rest);
	if (j->word[0][0] == '\0')
		return true;
	r = operation(j);
	if (want[0] == '\0' && r == -1)
		printf("%s: %s: %s\n", j->word[0], code_name(j->e.code),
		    j->e.text);
	else if (want[0] != '\0' && r == 0)
		printf("%s: went well instead of %s\n", j->word[0], want);
	else if (want[0] != '\0' && strcmp(want, code_name(j->e.code)) != 0)
		printf("%s: %s: %s instead of %s\n", j->word[0],
		    code_name(j->e.code), j->e.text, want);
	else
		return true;
	return false;
}

static int
apply(const char *path, const char *pass)
{
	struct job j = { .a = arena_new(ARENA_MAX) };
	char *line = NULL;
	size_t size = 0;
	bool ok = true;
	int n = 0;

	j.v = vault_open(path, NULL, pass, strlen(pass), &j.e);
	if (j.v == NULL || j.a == NULL) {
		printf("cannot open %s: %s\n", path, j.e.text);
		arena_free(j.a);
		return 1;
	}
	while (ok && getline(&line, &size, stdin) != -1) {
		n++;
		ok = line_ok(&j, line);
		arena_reset(j.a);
	}
	free(line);
	if (!ok)
		printf("in line %d\n", n);
	else if (!(ok = vault_sync_names(j.v, &j.e) == 0))
		printf("sync: %s\n", j.e.text);
	vault_close(j.v);
	arena_free(j.a);
	return ok ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct vault_new n;
	struct verr e;

	if (argc == 3)
		return apply(argv[1], argv[2]);
	if (argc != 7 || strcmp(argv[1], "--init") != 0) {
		fprintf(stderr, "usage: apply VAULT PASSWORD < SCRIPT\n"
		    "       apply --init VAULT PASSWORD CIPHER THRESHOLD "
		    "COST\n");
		return 2;
	}
	n = (struct vault_new){ argv[4], atoi(argv[5]),
		(uint32_t)number(argv[6]) };
	if (vault_init(argv[2], &n, argv[3], strlen(argv[3]), &e) == 0)
		return 0;
	printf("init: %s\n", e.text);
	return 1;
}
