/*
 * cmd_mount_opt.c - options of vaultnfs mount: its own, those of the server,
 * those of the kernel's client, and what only fstab is about.
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd_mount.h"

#define ROW(type, letter, name, value, member, help)			\
	{ type, letter, name, value, offsetof(struct cmd_mount_args, member), \
	    0, 0, NULL, help }
#define ROWS								\
	ROW(CMD_OPT_LIST, 'o', "options", "LIST", opts,			\
	    "options with commas between, as fstab has them; see"	\
	    "\n                            above (again for more)"),	\
	ROW(CMD_OPT_FLAG, 'r', "read-only", NULL, read_only,		\
	    "open nothing for writing"),				\
	ROW(CMD_OPT_TEXT, 0, "user", "NAME", user,			\
	    "as root: whose the server and the files are"		\
	    "\n                            [the owner of the vault]"),	\
	ROW(CMD_OPT_TEXT, 0, "config", "FILE", config,			\
	    "vaults by name [~/.config/vaultnfs/vaultnfs.conf,"		\
	    "\n                            then /etc/vaultnfs.conf]"),	\
	ROW(CMD_OPT_TEXT, 0, "log-file", "FILE", log_file,		\
	    "what the server logs [mount-NAME.log in its state"		\
	    "\n                            directory]"),		\
	ROW(CMD_OPT_TEXT, 0, "run-dir", "DIR", run_dir,			\
	    "where mounts are noted [/run/vaultnfs if root,"		\
	    "\n                            else $XDG_RUNTIME_DIR/vaultnfs]"), \
	CMD_PASS(struct cmd_mount_args, pass)

const struct cmd_opt cmd_mount_opts[] = {
	ROWS,
	CMD_JSON(struct cmd_mount_args, json),
	CMD_END
};

/* What the command prints is its own, so it has no report. */
const struct cmd_opt cmd_exec_opts[] = {
	ROWS,
	CMD_END
};

/* Words of fstab that are for others (mount(8), systemd.mount(5)). */
static const char *const ignored[] = {
	"defaults", "rw", "auto", "noauto", "user", "nouser", "users", "owner",
	"group", "nofail", "_netdev", "_rnetdev", "silent", "loud",
};
static const char *const ignored_starts[] = { "x-", "X-", "comment=" };

/* Options of serve that make no sense for a server of ours. */
static const char *const not_for_serve[] = {
	"listen", "ready-fd", "rpcbind", "allow", "tune", "run-dir",
	"password-fd", "password-stdin", "metrics",
};

static const struct {
	const char	*name;
	enum pass_kind	 kind;
} sources[] = {
	{ "password-file", PASS_FILE }, { "password-command", PASS_COMMAND },
	{ "password-env", PASS_ENV },
};

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static bool
is_ignored(const char *word)
{
	size_t i;

	for (i = 0; i < N(ignored); i++)
		if (strcmp(ignored[i], word) == 0)
			return true;
	for (i = 0; i < N(ignored_starts); i++)
		if (strncmp(ignored_starts[i], word,
		    strlen(ignored_starts[i])) == 0)
			return true;
	return false;
}

/* "name" or "name=..."; *value is what follows, or NULL. */
static bool
is_word(const char *word, const char *name, const char **value)
{
	size_t len = strlen(name);

	if (strncmp(word, name, len) != 0 ||
	    (word[len] != '\0' && word[len] != '='))
		return false;
	*value = word[len] == '=' ? word + len + 1 : NULL;
	return true;
}

static bool
is_for_serve(const char *word)
{
	const struct cmd_opt *o;
	const char *value;
	size_t i;

	for (i = 0; i < N(not_for_serve); i++)
		if (is_word(word, not_for_serve[i], &value))
			return false;
	for (o = cmd_serve_opts; o->type != CMD_OPT_END; o++)
		if (o->type != CMD_OPT_PASS && is_word(word, o->name, &value))
			return true;
	return false;
}

/* Ours from now on; NULL: no room. */
static char *
keep(char **list, unsigned *n, const char *before, const char *text)
{
	char *s;

	if (*n == CMD_MOUNT_OPTS ||
	    (s = malloc(strlen(before) + strlen(text) + 1)) == NULL)
		return NULL;
	strcpy(s, before);
	strcat(s, text);
	return list[(*n)++] = s;
}

static bool
set_flag(struct cmd_mounting *m, const char *word)
{
	const struct {
		const char	*word;
		bool		*to;
		bool		 value;
	} flags[] = {
		{ "ro", &m->read_only, true },
		{ "read-only", &m->read_only, true },
		{ "private-net", &m->no_private_net, false },
		{ "no-private-net", &m->no_private_net, true },
		{ "nonempty", &m->nonempty, true },
		{ CMD_MOUNT_AGAIN, &m->again, true },
	};
	size_t i;

	for (i = 0; i < N(flags); i++)
		if (strcmp(flags[i].word, word) == 0) {
			*flags[i].to = flags[i].value;
			return true;
		}
	if (strcmp(word, "multi-user") == 0)
		m->multi_user = true;
	return false;
}

/* 1: it was one of these; 0: none; -1: no memory. */
static int
set_text(struct cmd_mounting *m, const char *word)
{
	const char *value;
	size_t i;

	for (i = 0; i < N(sources); i++) {
		if (!is_word(word, sources[i].name, &value) || value == NULL)
			continue;
		/* what stands on the command line is stronger */
		if (m->args->pass.kind != PASS_ASK)
			return 1;
		m->pass.kind = sources[i].kind;
		m->pass.arg = keep(m->kept, &m->nkept, "", value);
		return m->pass.arg == NULL ? -1 : 1;
	}
	if (!is_word(word, "uid", &value) || value == NULL)
		return 0;
	if (m->args->user == NULL &&
	    (m->user = keep(m->kept, &m->nkept, "", value)) == NULL)
		return -1;
	return 1;
}

static enum cmd_exit
no_room(void)
{
	cmd_error("too many options, or out of memory");
	return CMD_FAILED;
}

static enum cmd_exit
one_word(struct cmd_mounting *m, const char *word, const char *origin)
{
	struct verr e;
	int rc;

	if (set_flag(m, word) || is_ignored(word))
		return CMD_DONE;
	if ((rc = set_text(m, word)) != 0)
		return rc == 1 ? CMD_DONE : no_room();
	if (mount_opts_known(word)) {
		if (mount_opts_add(&m->client, mount_opts_here, word,
		    &e) == 0)
			return CMD_DONE;
		return cmd_usage(m->call, "%s: %s", origin, e.text);
	}
	if (is_for_serve(word))
		return keep(m->serve, &m->nserve, "--", word) != NULL ?
		    CMD_DONE : no_room();
	return cmd_usage(m->call, "%s: there is no option %s", origin, word);
}

enum cmd_exit
cmd_mount_list(struct cmd_mounting *m, const char *list, const char *origin)
{
	enum cmd_exit rc = CMD_DONE;
	char *word, *to;

	if ((word = malloc(strlen(list) + 1)) == NULL)
		return no_room();
	while (rc == CMD_DONE && *list != '\0') {
		for (to = word; *list != '\0' && *list != ','; list++) {
			if (list[0] == '\\' && list[1] == ',')
				list++;
			*to++ = *list;
		}
		*to = '\0';
		if (*list == ',')
			list++;
		if (word[0] != '\0')
			rc = one_word(m, word, origin);
	}
	free(word);
	return rc;
}

enum cmd_exit
cmd_mount_all_lists(struct cmd_mounting *m)
{
	enum cmd_exit rc = CMD_DONE;
	unsigned i;

	for (i = 0; i < m->args->opts.n && rc == CMD_DONE; i++)
		rc = cmd_mount_list(m, m->args->opts.word[i], "-o");
	if (m->args->read_only)
		m->read_only = true;
	if (m->args->pass.kind != PASS_ASK)
		m->pass = m->args->pass;
	if (m->args->user != NULL)
		m->user = m->args->user;
	return rc;
}
