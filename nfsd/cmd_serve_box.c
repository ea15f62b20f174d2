/*
 * cmd_serve_box.c - vaultnfs serve gives up what it does not need (sandbox.h).
 *
 * That is the default.  --sandbox insists on it, --no-sandbox does without.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/cmd_serve.h"
#include "nfsd/sandbox.h"

/* A sanitizer's runtime makes system calls of its own, at exit most of all. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASK_FIRST	true
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ASK_FIRST	true
#endif
#ifndef ASK_FIRST
#define ASK_FIRST	false
#endif

/* The folder of a path, allocated; NULL: no memory. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? strdup(".") :
	    strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* PATH/d, allocated: it may be a link to another disk. */
static char *
content_of(const char *path)
{
	size_t size = strlen(path) + sizeof("/d");
	char *d = malloc(size);

	if (d != NULL)
		(void)snprintf(d, size, "%s/d", path);
	return d;
}

static bool
add(struct sandbox_options *o, struct sandbox_folder *f, char *path,
    bool read_only)
{
	if (path == NULL)
		return false;
	f[o->n].path = path;
	f[o->n++].read_only = read_only;
	return true;
}

/* Room for all of them is there; each path is allocated. */
static bool
add_folders(struct sandbox_options *o, struct sandbox_folder *f,
    const struct serve *s)
{
	bool ro = s->args->read_only;
	int i;

	for (i = 0; i < s->n; i++)
		if (!add(o, f, strdup(s->share[i].path), ro) ||
		    !add(o, f, content_of(s->share[i].path), ro))
			return false;
	return (s->state[0] == '\0' || add(o, f, strdup(s->state), false)) &&
	    (s->control[0] == '\0' || add(o, f, folder_of(s->control), false));
}

static enum cmd_exit
enter(const struct serve *s, const struct sandbox_options *o)
{
	struct verr e = { .code = VERR_NONE };
	bool insist = s->args->sandbox;
	char has[64];

	if (sandbox_enter(o, has, sizeof(has), &e) == -1) {
		if (insist)
			return cmd_fail(&e, "--sandbox");
		log_warn("%s: the sandbox is not whole (%s)", e.text,
		    has[0] != '\0' ? has : "nothing");
	} else if (has[0] != '\0') {
		log_info("in a sandbox: %s", has);
	} else if (insist) {
		cmd_error("--sandbox: this system has none that is known here");
		return CMD_FAILED;
	} else {
		log_debug("this system has no sandbox that is known here");
	}
	return CMD_DONE;
}

enum cmd_exit
cmd_serve_enter(struct serve *s)
{
	struct sandbox_options o = {
		.sockets = s->args->rpcbind || !s->at.loopback ||
		    s->metrics_far
	};
	struct sandbox_folder *f;
	enum cmd_exit rc;

	if (s->args->no_sandbox || (ASK_FIRST && !s->args->sandbox))
		return CMD_DONE;
	f = calloc(2 * (size_t)s->n + 2, sizeof(*f));
	if (f != NULL && add_folders(&o, f, s)) {
		o.folders = f;
		rc = enter(s, &o);
		s->boxed = true;
	} else {
		cmd_error("out of memory");
		rc = CMD_FAILED;
	}
	while (o.n > 0)
		free(f[--o.n].path);
	free(f);
	return rc;
}
