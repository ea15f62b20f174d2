/*
 * cmd_share.c - what is to be served, and under which name: VAULT[=NAME].
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd_serve.h"
#include "vault/vault.h"

/* The last part of a folder's path, allocated; NULL: none, or no memory. */
static char *
folder_name(const char *path)
{
	char *full, *name;

	if ((full = realpath(path, NULL)) == NULL)
		return NULL;
	name = strrchr(full, '/') + 1;
	name = name[0] == '\0' ? NULL : strdup(name);
	free(full);
	return name;
}

/*
 * VAULT=NAME is split at the last '=', unless the whole is a folder or what
 * follows cannot be a name.
 */
static enum cmd_exit
split_share(const struct cmd_call *call, struct share *sh, const char *word)
{
	const char *eq = strrchr(word, '=');
	struct stat st;

	if (eq != NULL && (strchr(eq, '/') != NULL || stat(word, &st) == 0))
		eq = NULL;
	if (eq == NULL) {
		sh->path = strdup(word);
		sh->name = folder_name(word);
	} else {
		sh->path = strndup(word, (size_t)(eq - word));
		sh->name = strdup(eq + 1);
	}
	if (sh->path != NULL && eq == NULL && sh->name == NULL) {
		if (stat(word, &st) == -1) {
			bool denied = errno == EACCES;

			cmd_error("cannot open %s: %s", word,
			    errno != ENOENT ? strerror(errno) :
			    "there is no such folder ('vaultnfs init' makes "
			    "a new vault)");
			return denied ? CMD_PERMISSION : CMD_BADVAULT;
		}
		return cmd_usage(call, "%s: needs a name, as %s=NAME", word,
		    word);
	}
	if (sh->path == NULL || sh->name == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	if (sh->name[0] == '\0')
		return cmd_usage(call, "%s: the name after '=' is empty",
		    word);
	return CMD_DONE;
}

enum cmd_exit
cmd_share_split(const struct cmd_call *call, struct serve *s)
{
	enum cmd_exit rc = CMD_DONE;
	int i, k;

	for (i = 0; i < s->n && rc == CMD_DONE; i++) {
		rc = split_share(call, &s->share[i], call->operand[i]);
		for (k = 0; k < i && rc == CMD_DONE; k++)
			if (strcmp(s->share[k].name, s->share[i].name) == 0)
				rc = cmd_usage(call, "two vaults are called "
				    "/%s: give one another name, as %s=NAME",
				    s->share[i].name, s->share[i].path);
	}
	return rc;
}

enum cmd_exit
cmd_share_probe(const struct serve *s)
{
	struct verr e = { .code = VERR_NONE };
	struct vault_info info;
	int i;

	for (i = 0; i < s->n; i++) {
		if (vault_probe(s->share[i].path, &info, &e) == -1)
			return cmd_fail_vault(&e, "open", s->share[i].path);
		if (strncmp(info.kid, "hub+", 4) == 0) {
			cmd_error("cannot open %s: its key is kept by a "
			    "Cryptomator Hub, so no password opens it; "
			    "Cryptomator's own program does", s->share[i].path);
			return CMD_BADVAULT;
		}
	}
	return CMD_DONE;
}
