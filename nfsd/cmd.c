/* cmd.c - from main() to a command and back: help, errors, exit codes. */
#include "config.h"

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"

#define NOFILE_MAX	65536	/* descriptors; more would cost kernel memory */

/*
 * The one table from errors to exits.  The words are for errors that carry no
 * sentence of their own.
 */
static const struct {
	enum cmd_exit	 exit;
	const char	*words;
} outcomes[] = {
	[VERR_NONE]	   = { CMD_FAILED,     "failed" },
	[VERR_NOMEM]	   = { CMD_FAILED,     "out of memory" },
	[VERR_IO]	   = { CMD_FAILED,     "input/output error" },
	[VERR_AUTH]	   = { CMD_BADVAULT,   "not authentic" },
	[VERR_DAMAGED]	   = { CMD_BADVAULT,   "damaged" },
	[VERR_NOTVAULT]	   = { CMD_BADVAULT,   "not a vault" },
	[VERR_PASSWORD]	   = { CMD_PASSWORD,   "wrong password" },
	[VERR_UNSUPPORTED] = { CMD_BADVAULT,   "not supported" },
	[VERR_NOENT]	   = { CMD_NOTFOUND,   "not found" },
	[VERR_EXIST]	   = { CMD_FAILED,     "is there already" },
	[VERR_NOTDIR]	   = { CMD_NOTFOUND,   "not a directory" },
	[VERR_ISDIR]	   = { CMD_FAILED,     "is a directory" },
	[VERR_NOTEMPTY]	   = { CMD_FAILED,     "not empty" },
	[VERR_INVAL]	   = { CMD_USAGE,      "invalid" },
	[VERR_NAMETOOLONG] = { CMD_FAILED,     "the name is too long" },
	[VERR_ACCESS]	   = { CMD_PERMISSION, "permission denied" },
	[VERR_PERM]	   = { CMD_PERMISSION, "not permitted" },
	[VERR_ROFS]	   = { CMD_PERMISSION, "read-only" },
	[VERR_NOSPC]	   = { CMD_FAILED,     "no space left" },
	[VERR_DQUOT]	   = { CMD_FAILED,     "quota exceeded" },
	[VERR_FBIG]	   = { CMD_FAILED,     "too large" },
	[VERR_STALE]	   = { CMD_FAILED,     "was removed meanwhile" },
	[VERR_XDEV]	   = { CMD_FAILED,     "on another file system" },
	[VERR_MLINK]	   = { CMD_FAILED,     "too many links" },
	[VERR_BUSY]	   = { CMD_FAILED,     "busy, try again later" },
};

static volatile sig_atomic_t stopped_by;

static void
note_signal(int sig)
{
	stopped_by = sig;
}

void
cmd_catch_signals(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa, old;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	(void)sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		sa.sa_handler = note_signal;
		(void)sigaction(sigs[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			(void)sigaction(sigs[i], &sa, NULL);
	}
}

bool
cmd_stopped(void)
{
	return stopped_by != 0;
}

/* One line, whatever the text holds. */
static void
print_error(const char *text)
{
	char line[4096];
	size_t n;

	n = (size_t)snprintf(line, sizeof(line) - 1, "vaultnfs: %s", text);
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n] = '\0';
	for (char *s = line; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	line[n++] = '\n';
	(void)fflush(stdout);
	cmd_progress_clear();
	/* nobody is left to tell if this fails */
	if (write(STDERR_FILENO, line, n) == -1)
		return;
}

void
cmd_error(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_error(text);
}

enum cmd_exit
cmd_usage(const struct cmd_call *call, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cmd_error("%s: %s; see 'vaultnfs help %s'", call->cmd->name, text,
	    call->cmd->name);
	return CMD_USAGE;
}

enum cmd_exit
cmd_exit_of(const struct verr *e)
{
	if ((size_t)e->code >= sizeof(outcomes) / sizeof(outcomes[0]))
		return CMD_FAILED;
	return outcomes[e->code].exit;
}

const char *
cmd_sentence(const struct verr *e)
{
	if (e->text[0] == '\0' &&
	    (size_t)e->code < sizeof(outcomes) / sizeof(outcomes[0]))
		return outcomes[e->code].words;
	return e->text;
}

enum cmd_exit
cmd_fail(const struct verr *e, const char *fmt, ...)
{
	char what[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	cmd_error("%s: %s", what, cmd_sentence(e));
	return cmd_exit_of(e);
}

enum cmd_exit
cmd_fail_vault(const struct verr *e, const char *verb, const char *path)
{
	if (strstr(e->text, path) == NULL)
		return cmd_fail(e, "cannot %s %s", verb, path);
	cmd_error("%s", e->text);
	return cmd_exit_of(e);
}

enum cmd_exit
cmd_first(enum cmd_exit a, enum cmd_exit b)
{
	return a != CMD_DONE ? a : b;
}

static void
list_commands(const struct cmd *const *cmds, size_t n)
{
	size_t i;

	puts("usage: vaultnfs COMMAND [OPTION]... VAULT ...\n\n"
	    "Serve Cryptomator vaults over NFSv3, or work on them directly.\n");
	for (i = 0; i < n; i++)
		printf("  %-6s  %s\n", cmds[i]->name, cmds[i]->summary);
	puts("  completion  for bash, fish or zsh: what may come next\n"
	    "  help    this list, or all about one COMMAND\n\n"
	    "vaultnfs --version tells the version.\n\n"
	    "The password is asked for on the terminal unless one of the\n"
	    "--password options says where it comes from.\n\n"
	    "Exit codes: 0 done, 1 failed, 2 usage, 3 wrong password or key,\n"
	    "4 not a vault or damaged, 5 permission, 6 mount failed, "
	    "7 not found.");
}

static const struct cmd *
find(const struct cmd *const *cmds, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(cmds[i]->name, name) == 0)
			return cmds[i];
	cmd_error("unknown command '%s'; 'vaultnfs help' lists them", name);
	return NULL;
}

static enum cmd_exit
help(const struct cmd *const *cmds, size_t n, int argc, char **argv)
{
	const struct cmd *cmd;

	if (argc == 0) {
		list_commands(cmds, n);
		return CMD_DONE;
	}
	if (argc > 1) {
		cmd_error("help: one command at a time");
		return CMD_USAGE;
	}
	if ((cmd = find(cmds, n, argv[0])) == NULL)
		return CMD_USAGE;
	cmd_help(cmd);
	return CMD_DONE;
}

static enum cmd_exit
run(const struct cmd *cmd, int argc, char **argv)
{
	struct cmd_call call = { .cmd = cmd };
	enum cmd_exit rc = CMD_DONE;
	struct verr e;
	bool wants_help;

	if ((call.args = calloc(1, cmd->args_size)) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	if (cmd_parse(&call, argc, argv, &wants_help, &e) == -1)
		rc = cmd_usage(&call, "%s", e.text);
	else if (wants_help)
		cmd_help(cmd);
	else
		rc = cmd->run(&call);
	free(call.args);
	return rc;
}

static enum cmd_exit
dispatch(const struct cmd *const *cmds, size_t n, int argc, char **argv)
{
	const struct cmd *cmd;

	if (argc < 2) {
		cmd_error("no command given; 'vaultnfs help' lists them");
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("vaultnfs " PACKAGE_VERSION);
		return CMD_DONE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return help(cmds, n, argc - 2, argv + 2);
	if (strcmp(argv[1], "completion") == 0)
		return cmd_complete(cmds, n, argc - 2, argv + 2);
	if (argv[1][0] == '-') {
		cmd_error("unknown option %s; a command comes first, "
		    "'vaultnfs help' lists them", argv[1]);
		return CMD_USAGE;
	}
	if ((cmd = find(cmds, n, argv[1])) == NULL)
		return CMD_USAGE;
	return run(cmd, argc - 2, argv + 2);
}

/*
 * Descriptors 0 to 2 are open, whoever started us: else a file of the vault
 * could become standard output.
 */
static void
open_std_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

/* A descriptor for each open file and connection: as many as we may have. */
static void
raise_nofile(void)
{
	struct rlimit r;
	rlim_t want;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	want = r.rlim_max == RLIM_INFINITY || r.rlim_max > NOFILE_MAX ?
	    NOFILE_MAX : r.rlim_max;
	if (r.rlim_cur == RLIM_INFINITY || r.rlim_cur >= want)
		return;
	r.rlim_cur = want;
	/* a refusal costs cached files, nothing else */
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

int
cmd_main(const struct cmd *const *cmds, size_t n, int argc, char **argv)
{
	enum cmd_exit rc;

	open_std_fds();
	secret_process_init();
	raise_nofile();
	(void)setlocale(LC_CTYPE, "");
	rc = dispatch(cmds, n, argc, argv);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		cmd_error("cannot write to standard output: %s",
		    strerror(errno));
		rc = cmd_first(rc, CMD_FAILED);
	}
	if (stopped_by != 0) {
		(void)signal(stopped_by, SIG_DFL);
		(void)raise(stopped_by);
	}
	return rc;
}
