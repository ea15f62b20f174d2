/* cmd_put.c - vaultnfs put: what goes where in the vault. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_import.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_total.h"
#include "nfsd/cmd_vault.h"
#include "vault/tree.h"
#include "vault/vault.h"

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

static bool
is_stdin(const char *file)
{
	return strcmp(file, "-") == 0;
}

static void
put_as(struct cmd_import *p, const char *file, struct dir *d,
    const char *name)
{
	if (is_stdin(file))
		cmd_import_stdin(p, d, name);
	else
		cmd_import(p, file, d, name);
}

/* The last part of path, which loses its trailing slashes. */
static char *
last_part(char *path)
{
	char *end = path + strlen(path), *slash;

	while (end > path && end[-1] == '/')
		*--end = '\0';
	slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

/* FILE under its own name in d; what ends in "." or ".." has one elsewhere. */
static void
put_into(struct cmd_import *p, const char *file, struct dir *d)
{
	char *copy, *name = NULL;

	if ((copy = strdup(file)) != NULL)
		name = last_part(copy);
	if (name != NULL && (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)) {
		free(copy);
		if ((copy = realpath(file, NULL)) != NULL)
			name = last_part(copy);
	}
	if (copy == NULL) {
		cmd_error("%s: %s", file, strerror(errno));
		cmd_copied_fail(&p->did, CMD_FAILED);
	} else {
		put_as(p, file, d, name);
	}
	free(copy);
}

/* To a name that is no directory. */
static int
put_new(struct cmd_import *p, char **file, int n, const char *dest,
    struct verr *e)
{
	const char *name;
	struct dir *d;
	char *copy;
	size_t len = strlen(dest);

	if (n > 1)
		return verr_fail(e, VERR_NOTDIR, "not a directory in the "
		    "vault, so only one FILE can go there");
	if (len > 0 && dest[len - 1] == '/' && !p->recursive)
		return verr_fail(e, VERR_NOENT,
		    "no such directory in the vault");
	if ((d = tree_parent(p->v, p->a, dest, &name, &len, e)) == NULL)
		return -1;
	/* the arena is reset for each object */
	if ((copy = strndup(name, len)) == NULL) {
		dir_put(d);
		return verr_code(e, VERR_NOMEM);
	}
	put_as(p, file[0], d, copy);
	free(copy);
	dir_put(d);
	return 0;
}

static int
put_all(struct cmd_import *p, char **file, int n, const char *dest,
    struct verr *e)
{
	struct entry ent = { .dir = NULL };
	int i;

	if (tree_lookup(p->v, p->a, dest, &ent, e) == -1 &&
	    e->code != VERR_NOENT)
		return -1;
	if (ent.dir == NULL)
		return put_new(p, file, n, dest, e);
	for (i = 0; i < n && !cmd_stopped(); i++) {
		if (!is_stdin(file[i])) {
			put_into(p, file[i], ent.dir);
			continue;
		}
		cmd_error("standard input needs a name: %s is a directory",
		    dest);
		cmd_copied_fail(&p->did, CMD_USAGE);
	}
	dir_put(ent.dir);
	return 0;
}

static void
put(struct cmd_import *p, char **file, int n, const char *dest)
{
	struct verr e = { .code = VERR_NONE };

	cmd_catch_signals();
	cmd_progress_start(0);
	cmd_progress_total(cmd_total_host(file, n, p->recursive));
	if (put_all(p, file, n, dest, &e) == -1)
		cmd_copied_fail(&p->did, cmd_fail(&e, "%s", dest));
	memset(&e, 0, sizeof(e));
	if (vault_sync_names(p->v, &e) == -1)
		cmd_copied_fail(&p->did, cmd_fail(&e, "%s", dest));
	cmd_progress_end();
}

static enum cmd_exit
put_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	struct cmd_import p;
	struct vault *v;
	int i, n = call->n - 2;
	enum cmd_exit rc;

	for (i = 1; i <= n; i++)
		if (is_stdin(call->operand[i]) &&
		    args->pass.kind == PASS_STDIN)
			return cmd_usage(call, "the password and '-' cannot "
			    "both come from standard input");
	if ((v = cmd_open(call->operand[0], &args->pass, false, &rc)) == NULL)
		return rc;
	if (cmd_import_init(&p, v, call->operand[0])) {
		p.recursive = args->recursive;
		p.force = args->force;
		p.did.resume = args->resume;
		put(&p, call->operand + 1, n, call->operand[call->n - 1]);
	} else {
		cmd_error("out of memory");
		cmd_copied_fail(&p.did, CMD_FAILED);
	}
	cmd_import_fini(&p);
	cmd_close(v);
	return cmd_copied_report(&p.did, args->json);
}

const struct cmd cmd_put = {
	"put", "VAULT FILE... DESTPATH", 3, CMD_MANY, "copy into a vault",
	"DESTPATH is a directory of the vault, or for one FILE a new name;\n"
	"'-' as FILE is standard input.  Modes and times are kept; below a\n"
	"directory symbolic links are copied as links.  Nothing is replaced\n"
	"without --force; a directory that is there already is filled up.\n"
	"With --resume a copy that was interrupted goes on where it was:\n"
	"whole files, and links with the same target, are not copied again.\n",
	opts, sizeof(struct args), put_run
};
