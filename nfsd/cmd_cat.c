/* cmd_cat.c - vaultnfs cat: contents of files on standard output. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_vault.h"
#include "vault/tree.h"

struct args {
	struct pass_source	pass;
};

static const struct cmd_opt opts[] = {
	CMD_PASS(struct args, pass),
	CMD_END
};

static int
cat(struct vault *v, struct arena *a, const char *path, struct verr *e)
{
	struct entry ent;
	int out = STDOUT_FILENO;

	if (tree_lookup(v, a, path, &ent, e) == -1)
		return -1;
	dir_put(ent.dir);
	if (ent.attr.type == VTYPE_DIR)
		return verr_code(e, VERR_ISDIR);
	if (ent.attr.type == VTYPE_SYMLINK)
		return verr_fail(e, VERR_UNSUPPORTED,
		    "a symbolic link is not followed");
	return cmd_read(v, &ent.loc, ent.attr.fileid, cmd_sink_fd, &out, e);
}

static enum cmd_exit
cat_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	enum cmd_exit rc = CMD_DONE;
	struct arena *a;
	struct vault *v;
	struct verr e;
	int i;

	if ((v = cmd_open(call->operand[0], &args->pass, true, &rc)) == NULL)
		return rc;
	if ((a = arena_new(CMD_ARENA_MAX)) == NULL) {
		cmd_error("out of memory");
		rc = CMD_FAILED;
	}
	for (i = 1; a != NULL && i < call->n; i++) {
		memset(&e, 0, sizeof(e));
		if (cat(v, a, call->operand[i], &e) == -1)
			rc = cmd_first(rc, cmd_fail(&e, "%s",
			    call->operand[i]));
		arena_reset(a);
	}
	arena_free(a);
	cmd_close(v);
	return rc;
}

const struct cmd cmd_cat = {
	"cat", "VAULT PATH...", 2, CMD_MANY,
	"write the contents of files to standard output", NULL,
	opts, sizeof(struct args), cat_run
};
