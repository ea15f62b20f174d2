/*
 * cmd_lock.c - vaultnfs lock and vaultnfs unlock: a server that runs forgets
 * its keys, and gets them back.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_ask.h"
#include "nfsd/cmd_out.h"

#define LOCK_S		120	/* to write everything to a slow disk */
#define UNLOCK_S	600	/* for scrypt on a small machine, each vault */

struct args {
	struct cmd_ask_which	which;
	struct pass_source	pass;
	bool			json;
};

static const struct cmd_opt lock_opts[] = {
	CMD_ASK_ROWS(struct args, which),
	CMD_JSON(struct args, json),
	CMD_END
};

static const struct cmd_opt unlock_opts[] = {
	CMD_ASK_ROWS(struct args, which),
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

/* Send it, and with --json say what the server says. */
static enum cmd_exit
tell(const struct args *args, const char *socket, const char *line,
    unsigned seconds)
{
	enum cmd_exit rc = CMD_DONE;
	json_t *o;

	if ((o = cmd_ask(socket, line, strlen(line), seconds, &rc)) == NULL)
		return rc;
	if (!args->json)
		json_decref(o);
	else if (!cmd_json_print(o)) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	return CMD_DONE;
}

static enum cmd_exit
lock_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	char *socket = NULL;
	enum cmd_exit rc;

	if ((rc = cmd_ask_one(call, &args->which, &socket)) == CMD_DONE)
		rc = tell(args, socket, "lock\n", LOCK_S);
	free(socket);
	return rc;
}

static enum cmd_exit
send_password(const struct args *args, const char *socket,
    const struct pass *pass)
{
	static const char word[] = "unlock ";
	size_t size = sizeof(word) + 2 * pass->len + 1;
	enum cmd_exit rc;
	char *line;

	if ((line = secret_alloc(size)) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	memcpy(line, word, sizeof(word));
	cmd_out_hex(pass->text, pass->len, line + sizeof(word) - 1);
	memcpy(line + size - 2, "\n", 2);
	rc = tell(args, socket, line, UNLOCK_S);
	secret_free(line, size);
	return rc;
}

static enum cmd_exit
unlock_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	struct verr e = { .code = VERR_NONE };
	char *socket = NULL;
	struct pass pass;
	enum cmd_exit rc;

	if ((rc = cmd_ask_one(call, &args->which, &socket)) != CMD_DONE)
		return rc;
	if (pass_read(&pass, &args->pass, "password", false, &e) == -1) {
		rc = cmd_fail(&e, "no password");
	} else {
		rc = send_password(args, socket, &pass);
		pass_fini(&pass);
	}
	free(socket);
	return rc;
}

const struct cmd cmd_lock = {
	"lock", "", 0, 0, "a server forgets its keys, and waits",
	"Everything is written to the disk first; if that fails, nothing is\n"
	"locked.  Then keys, names and data are gone from the server's\n"
	"memory, and programs that use its files wait until it is unlocked\n"
	"(or see stale handles: serve --when-locked).  SIGUSR1 does the\n"
	"same.\n",
	lock_opts, sizeof(struct args), lock_run
};

const struct cmd cmd_unlock = {
	"unlock", "", 0, 0, "give a locked server its keys back",
	"One password opens all its vaults, as when it was started.  Files\n"
	"that programs have open go on where they were.\n",
	unlock_opts, sizeof(struct args), unlock_run
};
