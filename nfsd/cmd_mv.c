/* cmd_mv.c - vaultnfs mv: other names for what is in a vault. */
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
	bool			force, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 'f', "force", NULL, offsetof(struct args, force),
	    0, 0, NULL, "replace what is there already" },
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

/* What is moved, and the name it gets. */
struct move {
	struct dir	*from, *to;
	const char	*name, *new_name;
	size_t		 len, new_len;
	bool		 force;
	bool		 slash;		/* must be a directory */
};

/* Nothing is in the way, or it is the object itself or may be replaced. */
static int
check(struct cmd_edit *x, const struct move *m, struct verr *e)
{
	struct entry src, there;
	int r;

	if (dir_lookup(m->from, x->a, m->name, m->len, &src, e) == -1)
		return -1;
	r = cmd_edit_free(x, m->to, m->new_name, &there, e);
	if (r == 1 && m->slash && src.dir == NULL)
		r = verr_fail(e, VERR_NOENT, "no such directory in the vault");
	else if (r == 0 && !m->force &&
	    there.attr.fileid != src.attr.fileid)
		r = verr_fail(e, VERR_EXIST, "is in the vault already; "
		    "--force replaces it");
	dir_put(there.dir);
	dir_put(src.dir);
	return r < 0 ? -1 : 0;
}

static int
move(struct cmd_edit *x, const struct move *m, struct verr *e)
{
	struct entry ent;

	if (check(x, m, e) == -1)
		return -1;
	if (dir_rename(m->from, m->to, x->a, m->name, m->len, m->new_name,
	    m->new_len, &ent, NULL, NULL, e) == -1) {
		if (e->code == VERR_INVAL)
			verr_fail(e, VERR_INVAL, "a directory cannot be moved "
			    "into itself, nor anything to such a name");
		return -1;
	}
	cmd_edit_count(x, &ent);
	dir_put(ent.dir);
	return 0;
}

static int
mv_operand(struct cmd_edit *x, const char *path, const struct cmd_place *p,
    bool force, struct verr *e)
{
	struct move m = {
		.force = force, .slash = p->into == NULL && p->slash
	};
	int r;

	m.from = tree_parent(x->v, x->a, path, &m.name, &m.len, e);
	if (m.from == NULL)
		return -1;
	m.to = p->into != NULL ? p->into : p->dir;
	m.new_name = p->into != NULL ? m.name : p->name;
	m.new_len = strlen(m.new_name);
	r = move(x, &m, e);
	dir_put(m.from);
	return r;
}

static enum cmd_exit
mv_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	const char *dest = call->operand[call->n - 1];
	struct verr e = { .code = VERR_NONE };
	struct cmd_place place;
	struct cmd_edit x;
	enum cmd_exit rc;
	int i, n = call->n - 2;

	if (!cmd_edit_begin(&x, call->operand[0], &args->pass, &rc))
		return rc;
	if (cmd_edit_place(&x, dest, n, &place, &e) == -1) {
		cmd_edit_fail(&x, &e, dest);
		return cmd_edit_end(&x, args->json);
	}
	for (i = 1; i <= n && !cmd_stopped(); i++) {
		memset(&e, 0, sizeof(e));
		if (mv_operand(&x, call->operand[i], &place, args->force,
		    &e) == -1)
			cmd_edit_fail(&x, &e, place.into == NULL &&
			    e.code == VERR_EXIST ? dest : call->operand[i]);
	}
	cmd_edit_place_fini(&place);
	return cmd_edit_end(&x, args->json);
}

const struct cmd cmd_mv = {
	"mv", "VAULT PATH... DEST", 3, CMD_MANY, "move or rename in a vault",
	"DEST is a directory of the vault, or for one PATH a new name.\n"
	"Nothing is replaced without --force; a directory replaces only an\n"
	"empty one.  Contents are not touched, whatever their size.\n",
	opts, sizeof(struct args), mv_run
};
