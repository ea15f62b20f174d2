/* cmd_mkdir.c - vaultnfs mkdir: new directories in a vault. */
#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_edit.h"
#include "nfsd/cmd_vault.h"
#include "vault/tree.h"

struct args {
	struct pass_source	pass;
	bool			parents, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 'p', "parents", NULL, offsetof(struct args, parents),
	    0, 0, NULL, "make what is missing above it too" },
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

/* As mkdir(1) does it. */
static struct vset
mode_by_umask(void)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return (struct vset){ .mask = VSET_MODE, .mode = 0777 & ~mask };
}

static int
make_one(struct cmd_edit *x, const char *path, const struct vset *set,
    struct verr *e)
{
	const char *name;
	struct dir *d;
	size_t len;
	int r;

	if ((d = tree_parent(x->v, x->a, path, &name, &len, e)) == NULL)
		return -1;
	r = dir_mkdir(d, x->a, name, len, set, NULL, NULL, e);
	dir_put(d);
	x->did.dirs += r == 0;
	return r;
}

/* The directory name in d, which it takes; made if it is not there. */
static struct dir *
step_down(struct cmd_edit *x, struct dir *d, const char *name, size_t len,
    const struct vset *set, struct verr *e)
{
	struct entry ent;
	int r;

	r = dir_lookup(d, x->a, name, len, &ent, e);
	if (r == -1 && e->code == VERR_NOENT) {
		r = dir_mkdir(d, x->a, name, len, set, &ent, NULL, e);
		x->did.dirs += r == 0;
	}
	dir_put(d);
	if (r == -1)
		return NULL;
	if (ent.dir == NULL)
		verr_code(e, VERR_NOTDIR);
	return ent.dir;
}

static int
make_all(struct cmd_edit *x, const char *path, const struct vset *set,
    struct verr *e)
{
	const char *p = cmd_path(x->a, path);
	struct dir *d;
	size_t len;

	if (p == NULL)
		return verr_code(e, VERR_NOMEM);
	d = dir_root(x->v, e);
	while (d != NULL && *++p != '\0') {
		len = strcspn(p, "/");
		d = step_down(x, d, p, len, set, e);
		p += len - (p[len] == '\0');
	}
	dir_put(d);
	return d == NULL ? -1 : 0;
}

static enum cmd_exit
mkdir_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	struct vset set = mode_by_umask();
	struct verr e = { .code = VERR_NONE };
	struct cmd_edit x;
	enum cmd_exit rc;
	int i;

	if (!cmd_edit_begin(&x, call->operand[0], &args->pass, &rc))
		return rc;
	for (i = 1; i < call->n && !cmd_stopped(); i++) {
		memset(&e, 0, sizeof(e));
		if ((args->parents ? make_all : make_one)(&x,
		    call->operand[i], &set, &e) == -1)
			cmd_edit_fail(&x, &e, call->operand[i]);
		arena_reset(x.a);
	}
	return cmd_edit_end(&x, args->json);
}

const struct cmd cmd_mkdir = {
	"mkdir", "VAULT PATH...", 2, CMD_MANY, "make directories in a vault",
	"The mode is 777 less the umask.  With -p a directory that is there\n"
	"already is no error.\n",
	opts, sizeof(struct args), mkdir_run
};
