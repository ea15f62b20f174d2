/* cmd_ln.c - vaultnfs ln: hard and symbolic links in a vault. */
#include "config.h"

#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_edit.h"
#include "nfsd/cmd_vault.h"
#include "vault/tree.h"

struct args {
	struct pass_source	pass;
	bool			symbolic, force, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 's', "symbolic", NULL,
	    offsetof(struct args, symbolic), 0, 0, NULL,
	    "TARGET is any text, which the link holds" },
	{ CMD_OPT_FLAG, 'f', "force", NULL, offsetof(struct args, force),
	    0, 0, NULL, "replace files and links that are there already" },
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

struct ln {
	struct cmd_edit		 x;
	const struct args	*args;
	struct entry		 target;	/* of a hard link */
};

/* The link under this name, which is free. */
static int
make(struct ln *ln, struct dir *d, const char *text, const char *name,
    struct verr *e)
{
	if (ln->args->symbolic)
		return dir_symlink(d, ln->x.a, name, strlen(name), text,
		    strlen(text), NULL, NULL, NULL, e);
	return dir_link(d, ln->x.a, name, strlen(name), &ln->target.loc,
	    ln->target.attr.fileid, NULL, NULL, e);
}

/* Under a temporary name, which then takes the place of what is there. */
static int
replace(struct ln *ln, struct dir *d, const char *text, const char *name,
    struct verr *e)
{
	char temp[CMD_TEMP_LEN + 1];
	int r;

	if (cmd_temp_name(temp, e) == -1 || make(ln, d, text, temp, e) == -1)
		return -1;
	r = dir_rename(d, d, ln->x.a, temp, CMD_TEMP_LEN, name, strlen(name),
	    NULL, NULL, NULL, e);
	/* still there also if both are one file: rename(2) does nothing then */
	(void)dir_unlink(d, ln->x.a, temp, CMD_TEMP_LEN, NULL, NULL);
	return r;
}

static int
ln_at(struct ln *ln, struct dir *d, const char *text, const char *name,
    struct verr *e)
{
	struct entry there;
	int r;

	if ((r = cmd_edit_free(&ln->x, d, name, &there, e)) == -1)
		return -1;
	dir_put(there.dir);
	if (r == 1)
		r = make(ln, d, text, name, e);
	else if (there.dir != NULL)
		r = verr_fail(e, VERR_ISDIR, "is a directory in the vault");
	else if (!ln->args->force)
		r = verr_fail(e, VERR_EXIST, "is in the vault already; "
		    "--force replaces it");
	else
		r = replace(ln, d, text, name, e);
	if (r == 0 && ln->args->symbolic)
		ln->x.did.links++;
	else if (r == 0)
		cmd_edit_count(&ln->x, &ln->target);
	return r;
}

/* What a hard link is made of. */
static int
find_target(struct ln *ln, const char *path, struct verr *e)
{
	if (ln->args->symbolic)
		return 0;
	if (tree_lookup(ln->x.v, ln->x.a, path, &ln->target, e) == -1)
		return -1;
	if (ln->target.dir == NULL)
		return 0;
	dir_put(ln->target.dir);
	return verr_fail(e, VERR_ISDIR, "is a directory, and those have one "
	    "name only; -s makes a symbolic link");
}

static int
ln_operand(struct ln *ln, const char *target, const struct cmd_place *p,
    struct verr *e)
{
	const char *name = p->name, *path;

	if (find_target(ln, target, e) == -1)
		return -1;
	if (p->into == NULL && p->slash)
		return verr_fail(e, VERR_NOENT,
		    "no such directory in the vault to put a link in");
	if (p->into == NULL)
		return ln_at(ln, p->dir, target, name, e);
	if ((path = cmd_path(ln->x.a, target)) == NULL)
		return verr_code(e, VERR_NOMEM);
	if ((name = cmd_path_name(path))[0] == '\0')
		return verr_fail(e, VERR_INVAL, "has no last part that could "
		    "be the name of the link");
	return ln_at(ln, p->into, target, name, e);
}

static enum cmd_exit
ln_run(const struct cmd_call *call)
{
	struct ln ln = { .args = call->args };
	const char *dest = call->operand[call->n - 1];
	struct verr e = { .code = VERR_NONE };
	struct cmd_place place;
	enum cmd_exit rc;
	int i, n = call->n - 2;

	if (!cmd_edit_begin(&ln.x, call->operand[0], &ln.args->pass, &rc))
		return rc;
	if (cmd_edit_place(&ln.x, dest, n, &place, &e) == -1) {
		cmd_edit_fail(&ln.x, &e, dest);
		return cmd_edit_end(&ln.x, ln.args->json);
	}
	for (i = 1; i <= n && !cmd_stopped(); i++) {
		memset(&e, 0, sizeof(e));
		if (ln_operand(&ln, call->operand[i], &place, &e) == -1)
			cmd_edit_fail(&ln.x, &e, place.into == NULL &&
			    e.code == VERR_EXIST ? dest : call->operand[i]);
	}
	cmd_edit_place_fini(&place);
	return cmd_edit_end(&ln.x, ln.args->json);
}

const struct cmd cmd_ln = {
	"ln", "VAULT TARGET... LINK", 3, CMD_MANY, "make links in a vault",
	"TARGET is a file or symbolic link of the vault, and LINK its second\n"
	"name, or a directory of the vault where it gets the same name.  The\n"
	"vault's format has no hard links: they are links of the encrypted\n"
	"files, which the storage must be able to make, and a vault that is\n"
	"copied or synced elsewhere may have two files there.\n",
	opts, sizeof(struct args), ln_run
};
