/*
 * cmd_status.c - vaultnfs status: the servers of this user that run.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "nfsd/cmd.h"
#include "nfsd/cmd_ask.h"
#include "nfsd/cmd_out.h"

struct args {
	struct cmd_ask_which	which;
	bool			json;
};

static const struct cmd_opt opts[] = {
	CMD_ASK_ROWS(struct args, which),
	CMD_JSON(struct args, json),
	CMD_END
};

static void
print_since(const json_t *o)
{
	time_t since = (time_t)cmd_ask_number(o, "since");
	char at[64], up[32];
	struct tm tm;

	cmd_ask_duration(cmd_ask_number(o, "uptime_us"), up, sizeof(up));
	if (localtime_r(&since, &tm) == NULL ||
	    strftime(at, sizeof(at), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		strcpy(at, "?");
	printf("since %s (%s)\n", at, up);
}

static void
print_one(const json_t *o)
{
	char address[80];
	const json_t *x;
	size_t i;

	cmd_ask_address(o, address, sizeof(address));
	printf("%s  pid %" PRIu64 "  %s  ", address, cmd_ask_number(o, "pid"),
	    json_is_true(json_object_get(o, "locked")) ? "locked" :
	    "unlocked");
	print_since(o);
	json_array_foreach(json_object_get(o, "exports"), i, x) {
		const char *name = cmd_ask_text(x, "name");
		const char *vault = cmd_ask_text(x, "vault");

		fputs("  /", stdout);
		cmd_out_name(name, strlen(name));
		fputs("  ", stdout);
		cmd_out_name(vault, strlen(vault));
		puts(json_is_true(json_object_get(x, "read_only")) ?
		    "  read-only" : "");
	}
}

static enum cmd_exit
print_json(struct cmd_ask_list *l)
{
	bool ok = true;
	size_t i;

	cmd_json_begin();
	for (i = 0; i < l->n && ok; i++)
		ok = cmd_json_add(json_incref(l->v[i].status));
	cmd_json_end();
	if (ok)
		return CMD_DONE;
	cmd_error("out of memory");
	return CMD_FAILED;
}

static enum cmd_exit
status_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	struct cmd_ask_list l;
	enum cmd_exit rc;
	size_t i;

	if ((rc = cmd_ask_all(&args->which, &l)) != CMD_DONE)
		return rc;
	if (args->json)
		rc = print_json(&l);
	else
		for (i = 0; i < l.n; i++)
			print_one(l.v[i].status);
	if (rc == CMD_DONE && l.n == 0) {
		if (!args->json)
			cmd_error("no server of this user runs");
		rc = CMD_NOTFOUND;
	}
	cmd_ask_free(&l);
	return rc;
}

const struct cmd cmd_status = {
	"status", "", 0, 0, "the servers of this user that run",
	"For each one, its address, pid, whether it is locked, since when it\n"
	"runs, and its exports with their vaults.  With none it ends with 7.\n",
	opts, sizeof(struct args), status_run
};
