/*
 * cmd_serve_box.c - vaultnfs serve --sandbox: which folders a server needs.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/cmd_serve.h"
#include "nfsd/sandbox.h"

/* The folder of a path, allocated; NULL: no memory. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? strdup(".") :
	    strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

enum cmd_exit
cmd_serve_enter(const struct serve *s)
{
	struct sandbox_options o = {
		.sockets = s->args->rpcbind || !s->at.loopback
	};
	struct verr e = { .code = VERR_NONE };
	struct sandbox_folder *f;
	enum cmd_exit rc = CMD_DONE;
	char *run = NULL, has[64];
	int i;

	if (!s->args->sandbox)
		return CMD_DONE;
	if ((f = calloc((size_t)s->n + 2, sizeof(*f))) == NULL ||
	    (s->control[0] != '\0' && (run = folder_of(s->control)) == NULL)) {
		free(f);
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	for (i = 0; i < s->n; i++) {
		f[o.n].path = s->share[i].path;
		f[o.n++].read_only = s->args->read_only;
	}
	if (s->state[0] != '\0')
		f[o.n++].path = s->state;
	if (run != NULL)
		f[o.n++].path = run;
	o.folders = f;
	if (sandbox_enter(&o, has, sizeof(has), &e) == -1)
		rc = cmd_fail(&e, "--sandbox");
	else if (has[0] == '\0')
		log_warn("--sandbox: this system has none that is known here");
	else
		log_info("in a sandbox: %s", has);
	free(run);
	free(f);
	return rc;
}
