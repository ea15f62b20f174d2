/*
 * cmd_path.c - vaultnfs path: clear paths to paths on disk, and back.
 *
 * A path on disk may come from anywhere: what counts of it are the last parts
 * d/XX/Y{30} and what follows.
 */
#include "config.h"

#include <sys/types.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/dirmap.h"
#include "vault/tree.h"

struct args {
	struct pass_source	pass;
	bool			decrypt, absolute, from_stdin, nul, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 'd', "decrypt", NULL, offsetof(struct args, decrypt),
	    0, 0, NULL, "PATHs are on disk: tell the clear ones" },
	{ CMD_OPT_FLAG, 'a', "absolute", NULL,
	    offsetof(struct args, absolute), 0, 0, NULL,
	    "paths on disk with that of the vault before them" },
	{ CMD_OPT_FLAG, 0, "stdin", NULL, offsetof(struct args, from_stdin),
	    0, 0, NULL, "more PATHs from standard input, one a line" },
	{ CMD_OPT_FLAG, '0', "null", NULL, offsetof(struct args, nul),
	    0, 0, NULL, "NUL, not newline, ends paths, in and out" },
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

struct paths {
	const struct args	*args;
	struct vault		*v;
	struct arena		*a;		/* for one path */
	struct dirmap		*map;		/* to decrypt */
	char			*top;		/* with --absolute */
	enum cmd_exit		 rc;
};

/* What is told of one path; strings in the arena, NULL if there is none. */
struct answer {
	const char	*clear;
	const char	*disk;
	const char	*link;		/* to a directory */
	const char	*name;		/* all that is known of an orphan */
	char		 buf[VLOC_MAX];
};

/* -- clear to ciphertext */

static int
encrypt(struct paths *p, const char *given, struct answer *an,
    struct verr *e)
{
	struct entry ent;

	if ((an->clear = cmd_path(p->a, given)) == NULL)
		return verr_code(e, VERR_NOMEM);
	if (tree_lookup(p->v, p->a, given, &ent, e) == -1)
		return -1;
	an->disk = arena_strndup(p->a, ent.loc.path, strlen(ent.loc.path));
	if (ent.dir != NULL && dir_link_of(ent.dir, an->buf))
		an->link = an->buf;
	dir_put(ent.dir);
	return an->disk == NULL ? verr_code(e, VERR_NOMEM) : 0;
}

/* -- ciphertext to clear */

/* A path on disk, taken apart. */
struct place {
	char		 folder[NAME_DIRPATH_LEN + 1];
	const char	*entry;		/* "": the folder itself */
	size_t		 len;
};

static bool
is_base32(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!(s[i] >= 'A' && s[i] <= 'Z') &&
		    !(s[i] >= '2' && s[i] <= '7'))
			return false;
	return true;
}

static bool
is_folder(const char *s)
{
	return strncmp(s, "d/", 2) == 0 && is_base32(s + 2, 2) &&
	    s[4] == '/' && is_base32(s + 5, NAME_DIRPATH_LEN - 5) &&
	    (s[NAME_DIRPATH_LEN] == '\0' || s[NAME_DIRPATH_LEN] == '/');
}

/* True if the part of the path at s is one of those inside an entry. */
static bool
is_leaf(const char *s)
{
	static const char *const leaves[] = {
		"", "dir.c9r", "symlink.c9r", "contents.c9r", "name.c9s"
	};
	size_t i;

	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (strcmp(s, leaves[i]) == 0)
			return true;
	return false;
}

static int
take_apart(const char *given, struct place *pl, struct verr *e)
{
	const char *s, *at = NULL;

	for (s = given; s != NULL; s = strchr(s, '/')) {
		s += *s == '/';
		if (is_folder(s))
			at = s;
	}
	if (at == NULL)
		return verr_fail(e, VERR_INVAL, "not a path on a vault's disk: "
		    "there is no d/XX/Y... with 30 characters in it");
	memcpy(pl->folder, at, NAME_DIRPATH_LEN);
	pl->folder[NAME_DIRPATH_LEN] = '\0';
	at += NAME_DIRPATH_LEN;
	at += strspn(at, "/");
	pl->entry = at;
	pl->len = strcspn(at, "/");
	at += pl->len;
	at += strspn(at, "/");
	if (pl->len == 9 && strncmp(pl->entry, "dirid.c9r", 9) == 0)
		pl->len = 0;		/* of the directory itself */
	if (!is_leaf(at) || (pl->len == 0 && *at != '\0'))
		return verr_fail(e, VERR_INVAL, "not a path on a vault's disk: "
		    "too many parts after the name");
	return 0;
}

/* No link leads to the folder; its names can be read if it tells its id. */
static void
look_at_orphan(struct paths *p, const struct place *pl, struct answer *an)
{
	struct dir *d;
	size_t len;

	if (pl->len == 0 || (d = dir_by_path(p->v, p->a, pl->folder, false,
	    NULL)) == NULL)
		return;
	if (dir_clear_name(d, p->a, pl->entry, pl->len, &an->name, &len,
	    NULL) == -1)
		an->name = NULL;
	dir_put(d);
}

static int
decrypt(struct paths *p, const char *given, struct answer *an,
    struct verr *e)
{
	const char *path, *name;
	struct place pl;
	struct dir *d;
	size_t len;
	int r;

	if (take_apart(given, &pl, e) == -1)
		return -1;
	an->disk = given;
	if (dirmap_find(p->map, p->a, pl.folder, &path, &d, e) == -1) {
		if (e->code == VERR_NOENT)
			look_at_orphan(p, &pl, an);
		return -1;
	}
	r = 0;
	an->clear = path;
	if (pl.len > 0) {
		r = dir_clear_name(d, p->a, pl.entry, pl.len, &name, &len, e);
		if (r == 0 && (an->clear = arena_printf(p->a, "%s%s%s", path,
		    path[1] == '\0' ? "" : "/", name)) == NULL)
			r = verr_code(e, VERR_NOMEM);
	}
	dir_put(d);
	return r;
}

/* -- in and out */

static bool
set_disk(const struct paths *p, json_t *o, const char *key, const char *path)
{
	const char *s = path;

	if (path == NULL)
		return true;
	if (p->top != NULL &&
	    (s = arena_printf(p->a, "%s/%s", p->top, path)) == NULL)
		return false;
	return json_object_set_new(o, key, json_string(s)) == 0;
}

static json_t *
to_json(const struct paths *p, const char *given, const struct answer *an,
    const struct verr *e)
{
	json_t *o = json_object();
	bool ok = o != NULL;

	if (ok && e->code != VERR_NONE)
		ok = cmd_json_bytes(o, "given", "given_hex", given,
		    strlen(given)) && json_object_set_new(o, "error",
		    json_string(cmd_sentence(e))) == 0 && (an->name == NULL ||
		    cmd_json_bytes(o, "name", "name_hex", an->name,
		    strlen(an->name)));
	else if (ok)
		ok = cmd_json_bytes(o, "path", "path_hex", an->clear,
		    strlen(an->clear)) &&
		    (p->args->decrypt ? cmd_json_bytes(o, "ciphertext",
		    "ciphertext_hex", an->disk, strlen(an->disk)) :
		    set_disk(p, o, "ciphertext", an->disk) &&
		    set_disk(p, o, "ciphertext_link", an->link));
	if (ok)
		return o;
	json_decref(o);
	return NULL;
}

static void
print_path(const struct paths *p, const struct answer *an)
{
	const char *s = p->args->decrypt ? an->clear : an->disk;

	if (!p->args->decrypt && p->top != NULL) {
		cmd_out_name(p->top, strlen(p->top));
		putchar('/');
	}
	cmd_out_name(s, strlen(s));
	putchar(p->args->nul ? '\0' : '\n');
}

static void
one(struct paths *p, const char *given)
{
	struct verr e = { .code = VERR_NONE };
	struct answer an = { .clear = NULL };
	int r;

	r = (p->args->decrypt ? decrypt : encrypt)(p, given, &an, &e);
	if (r == -1)
		p->rc = cmd_first(p->rc, cmd_fail(&e, "%s", given));
	if (an.name != NULL && !p->args->json)
		cmd_error("%s: that folder lost its place in the tree; in it, "
		    "this is called '%s'", given, an.name);
	if (p->args->json) {
		if (!cmd_json_add(to_json(p, given, &an, &e))) {
			cmd_error("out of memory");
			p->rc = cmd_first(p->rc, CMD_FAILED);
		}
	} else if (r == 0) {
		print_path(p, &an);
	}
	arena_reset(p->a);
}

static void
from_stdin(struct paths *p)
{
	int end = p->args->nul ? '\0' : '\n';
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getdelim(&line, &room, end, stdin)) > 0) {
		if (line[n - 1] == end)
			line[--n] = '\0';
		if (strlen(line) != (size_t)n) {
			cmd_error("standard input: a path with a NUL in it; "
			    "-0 is for those that end in one");
			p->rc = cmd_first(p->rc, CMD_USAGE);
		} else if (n > 0) {
			one(p, line);
		}
	}
	if (ferror(stdin)) {
		cmd_error("cannot read standard input: %s", strerror(errno));
		p->rc = cmd_first(p->rc, CMD_FAILED);
	}
	free(line);
}

static void
all(struct paths *p, const struct cmd_call *call)
{
	int i;

	if (p->args->json)
		cmd_json_begin();
	for (i = 1; i < call->n; i++)
		one(p, call->operand[i]);
	if (p->args->from_stdin)
		from_stdin(p);
	if (p->args->json)
		cmd_json_end();
}

static bool
prepare(struct paths *p, const char *vault)
{
	p->a = arena_new(CMD_ARENA_MAX);
	if (p->args->decrypt)
		p->map = dirmap_new(p->v, CMD_ARENA_MAX);
	if (p->a == NULL || (p->args->decrypt && p->map == NULL)) {
		cmd_error("out of memory");
		p->rc = CMD_FAILED;
		return false;
	}
	if (p->args->absolute && (p->top = realpath(vault, NULL)) == NULL) {
		cmd_error("%s: %s", vault, strerror(errno));
		p->rc = CMD_FAILED;
		return false;
	}
	return true;
}

static enum cmd_exit
path_run(const struct cmd_call *call)
{
	struct paths p = { .args = call->args };

	if (p.args->json && p.args->nul)
		return cmd_usage(call, "-0 and --json exclude each other");
	if (p.args->absolute && p.args->decrypt)
		return cmd_usage(call, "--absolute is for paths on disk, and "
		    "--decrypt tells clear ones");
	if (call->n == 1 && !p.args->from_stdin)
		return cmd_usage(call, "needs a PATH or --stdin");
	if (p.args->from_stdin && p.args->pass.kind == PASS_STDIN)
		return cmd_usage(call, "the password and PATHs cannot both "
		    "come from standard input");
	p.v = cmd_open(call->operand[0], &p.args->pass, true, &p.rc);
	if (p.v == NULL)
		return p.rc;
	if (prepare(&p, call->operand[0]))
		all(&p, call);
	free(p.top);
	dirmap_free(p.map);
	arena_free(p.a);
	cmd_close(p.v);
	return p.rc;
}

const struct cmd cmd_paths = {
	"path", "VAULT [PATH]...", 1, CMD_MANY,
	"clear paths to paths on disk, and back",
	"A path on disk is that of the object with the contents: a file, a\n"
	"link's symlink.c9r, a directory's folder; relative to the vault.\n"
	"With --decrypt any path that has d/XX/Y... in it will do, absolute,\n"
	"from another machine, or of a file inside an entry.  One line for\n"
	"each PATH, in order; those that fail have none.  With --json: an\n"
	"array with an object for each PATH, in order: path and ciphertext\n"
	"(and ciphertext_link of a directory), or given and error.\n",
	opts, sizeof(struct args), path_run
};
