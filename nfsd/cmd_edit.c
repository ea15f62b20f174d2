#include "config.h"

#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd_edit.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/tree.h"
#include "vault/vault.h"

bool
cmd_edit_begin(struct cmd_edit *x, const char *path,
    const struct pass_source *pass, enum cmd_exit *rc)
{
	memset(x, 0, sizeof(*x));
	x->path = path;
	if ((x->v = cmd_open(path, pass, false, rc)) == NULL)
		return false;
	x->a = arena_new(CMD_ARENA_MAX);
	x->scratch = arena_new(CMD_ARENA_MAX);
	if (x->a != NULL && x->scratch != NULL) {
		cmd_catch_signals();
		return true;
	}
	cmd_error("out of memory");
	*rc = CMD_FAILED;
	arena_free(x->a);
	arena_free(x->scratch);
	cmd_close(x->v);
	return false;
}

enum cmd_exit
cmd_edit_end(struct cmd_edit *x, bool json)
{
	struct verr e = { .code = VERR_NONE };

	if (vault_sync_names(x->v, &e) == -1)
		cmd_edit_fail(x, &e, x->path);
	arena_free(x->a);
	arena_free(x->scratch);
	cmd_close(x->v);
	return cmd_copied_report(&x->did, json);
}

void
cmd_edit_fail(struct cmd_edit *x, const struct verr *e, const char *what)
{
	cmd_copied_fail(&x->did, cmd_fail(e, "%s", what));
}

void
cmd_edit_count(struct cmd_edit *x, const struct entry *ent)
{
	if (ent->dir != NULL)
		x->did.dirs++;
	else if (ent->attr.type == VTYPE_SYMLINK)
		x->did.links++;
	else
		x->did.files++;
}

int
cmd_edit_place(struct cmd_edit *x, const char *dest, int n,
    struct cmd_place *p, struct verr *e)
{
	size_t len = strlen(dest);
	struct entry ent;
	int r;

	memset(p, 0, sizeof(*p));
	p->slash = len > 0 && dest[len - 1] == '/';
	r = tree_lookup(x->v, x->a, dest, &ent, e);
	if (r == 0 && ent.dir != NULL) {
		p->into = ent.dir;
		return 0;
	}
	if (r == -1 && e->code != VERR_NOENT)
		return -1;
	if (n > 1)
		return verr_fail(e, VERR_NOTDIR, "not a directory in the "
		    "vault, so only one can go there");
	if (r == 0 && p->slash)
		return verr_fail(e, VERR_NOTDIR,
		    "not a directory in the vault");
	p->dir = tree_parent(x->v, x->a, dest, &p->name, &len, e);
	return p->dir == NULL ? -1 : 0;
}

void
cmd_edit_place_fini(struct cmd_place *p)
{
	dir_put(p->into);
	dir_put(p->dir);
}

int
cmd_edit_free(struct cmd_edit *x, struct dir *d, const char *name,
    struct entry *ent, struct verr *e)
{
	if (dir_lookup(d, x->a, name, strlen(name), ent, e) == 0)
		return 0;
	ent->dir = NULL;
	return e->code == VERR_NOENT ? 1 : -1;
}
