/*
 * cmd_rm.c - vaultnfs rm: remove from a vault.
 *
 * What cannot be shown is not removed either: a directory that holds such an
 * entry stays (vault/dir.h, dir_rmdir).
 */
#include "config.h"

#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_edit.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/tree.h"

struct args {
	struct pass_source	pass;
	bool			recursive, force, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 'r', "recursive", NULL,
	    offsetof(struct args, recursive), 0, 0, NULL,
	    "remove directories with all that is in them" },
	{ CMD_OPT_FLAG, 'f', "force", NULL, offsetof(struct args, force),
	    0, 0, NULL, "what is not there is no error" },
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

struct rm {
	struct cmd_edit		 x;
	const struct args	*args;
};

/* What somebody else took away is gone as well. */
static int
settle(struct rm *rm, int r, const struct entry *ent, struct verr *e)
{
	arena_reset(rm->x.scratch);
	if (r == -1 && e->code != VERR_NOENT)
		return -1;
	if (r == 0)
		cmd_edit_count(&rm->x, ent);
	cmd_progress_add(1);
	return 0;
}

static int
rm_leaf(struct rm *rm, struct dir *d, const struct entry *ent,
    struct verr *e)
{
	return settle(rm, dir_unlink(d, rm->x.scratch, ent->name,
	    ent->name_len, NULL, e), ent, e);
}

static int
rm_empty(struct rm *rm, struct dir *d, const struct entry *ent,
    struct verr *e)
{
	int r;

	r = dir_rmdir(d, rm->x.scratch, ent->name, ent->name_len, NULL, e);
	if (r == -1 && e->code == VERR_NOTEMPTY)
		verr_fail(e, VERR_NOTEMPTY, "not empty: %s holds entries that "
		    "cannot be shown", dir_path(ent->dir));
	return settle(rm, r, ent, e);
}

static bool rm_below(struct rm *rm, struct dir *d, const char *path,
    const struct cmd_walk *up);

/* One entry of d, whatever it is; says what goes wrong. */
static void
rm_entry(struct rm *rm, struct dir *d, const struct entry *ent,
    const char *path, const struct cmd_walk *up)
{
	struct verr e = { .code = VERR_NONE };
	int r;

	if (ent->dir == NULL)
		r = rm_leaf(rm, d, ent, &e);
	else if (rm_below(rm, ent->dir, path, up))
		r = rm_empty(rm, d, ent, &e);
	else
		return;			/* said already */
	if (r == -1)
		cmd_edit_fail(&rm->x, &e, path);
}

static void
rm_item(struct rm *rm, struct dir *d, const struct cmd_item *it,
    const char *path, const struct cmd_walk *here)
{
	struct entry ent = {
		.name = it->name, .name_len = it->len, .loc = it->loc,
		.attr = it->attr
	};
	struct verr e = { .code = VERR_NONE };

	if (path == NULL)
		verr_code(&e, VERR_NOMEM);
	else if (it->dirid != NULL)
		ent.dir = dir_by_id(rm->x.v, it->dirid, it->dirid_len, &e);
	if (e.code != VERR_NONE)
		cmd_edit_fail(&rm->x, &e, it->name);
	else
		rm_entry(rm, d, &ent, path, here);
	dir_put(ent.dir);
}

/* All that is in d; true if nothing went wrong. */
static bool
rm_below(struct rm *rm, struct dir *d, const char *path,
    const struct cmd_walk *up)
{
	uint64_t failed = rm->x.did.failed;
	struct verr e = { .code = VERR_NONE };
	struct cmd_walk here;
	struct cmd_list l;
	size_t i;

	if (cmd_walk_enter(&here, up, d, &e) == -1 ||
	    cmd_list_read(&l, d, false, &e) == -1) {
		cmd_edit_fail(&rm->x, &e, path);
		return false;
	}
	for (i = 0; i < l.n && !cmd_stopped(); i++)
		rm_item(rm, d, l.item[i], arena_printf(l.a, "%s/%s", path,
		    l.item[i]->name), &here);
	cmd_list_fini(&l);
	return rm->x.did.failed == failed && !cmd_stopped();
}

static int
rm_operand(struct rm *rm, const char *path, struct verr *e)
{
	struct cmd_edit *x = &rm->x;
	struct entry ent;
	const char *name;
	struct dir *d;
	size_t len;
	int r = 0;

	if ((d = tree_parent(x->v, x->a, path, &name, &len, e)) == NULL)
		return -1;
	if (dir_lookup(d, x->a, name, len, &ent, e) == -1) {
		dir_put(d);
		return -1;
	}
	if (ent.dir != NULL && !rm->args->recursive)
		r = verr_fail(e, VERR_ISDIR, "is a directory; -r removes it");
	else
		rm_entry(rm, d, &ent, path, NULL);
	dir_put(ent.dir);
	dir_put(d);
	return r;
}

static enum cmd_exit
rm_run(const struct cmd_call *call)
{
	struct rm rm = { .args = call->args };
	struct verr e;
	enum cmd_exit rc;
	int i;

	if (!cmd_edit_begin(&rm.x, call->operand[0], &rm.args->pass, &rc))
		return rc;
	cmd_progress_start(0);
	cmd_progress_items();
	for (i = 1; i < call->n && !cmd_stopped(); i++) {
		memset(&e, 0, sizeof(e));
		if (rm_operand(&rm, call->operand[i], &e) == -1 &&
		    !(rm.args->force && (e.code == VERR_NOENT ||
		    e.code == VERR_NOTDIR)))
			cmd_edit_fail(&rm.x, &e, call->operand[i]);
		arena_reset(rm.x.a);
	}
	cmd_progress_end();
	return cmd_edit_end(&rm.x, rm.args->json);
}

const struct cmd cmd_rm = {
	"rm", "VAULT PATH...", 2, CMD_MANY, "remove from a vault",
	"Nothing is asked, and nothing can be taken back.  Directories need\n"
	"-r; one that holds damaged entries, which are not shown, stays.\n",
	opts, sizeof(struct args), rm_run
};
