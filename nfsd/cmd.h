/*
 * cmd.h - what a command is, how it ends, and what all commands share.
 *
 * A command is one file cmd_NAME.c that defines one struct cmd.  Its options
 * stand in one table, which both the parser and --help read, so that the two
 * never disagree.  An option writes into a member of the command's own struct,
 * which is zeroed before; a command never sees argv.
 *
 * Errors: a command says what went wrong in one line on standard error,
 * "vaultnfs: text", and returns one of the exit codes below; cmd_fail() does
 * both from a struct verr.  Standard output is for what was asked for.
 */
#ifndef NFSD_CMD_H
#define NFSD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nfsd/pass.h"

struct verr;

/* Documented to users: never renumber. */
enum cmd_exit {
	CMD_DONE,
	CMD_FAILED,
	CMD_USAGE,
	CMD_PASSWORD,		/* wrong password or key */
	CMD_BADVAULT,		/* not a vault, or damaged */
	CMD_PERMISSION,
	CMD_MOUNT,		/* mount failed */
	CMD_NOTFOUND,
};

/* What an option takes, and the type of the member it fills. */
enum cmd_opt_type {
	CMD_OPT_END,
	CMD_OPT_FLAG,		/* nothing; bool */
	CMD_OPT_TEXT,		/* anything; const char * */
	CMD_OPT_LIST,		/* the same, each time; struct cmd_words */
	CMD_OPT_WORD,		/* a word of value, A|B; const char * */
	CMD_OPT_NUMBER,		/* min to max; uint64_t */
	CMD_OPT_SIZE,		/* the same with K, M, G, T; uint64_t */
	CMD_OPT_PASS,		/* struct pass_source; min is its kind */
};

#define CMD_WORDS_MAX	32u

struct cmd_words {
	const char	*word[CMD_WORDS_MAX];
	unsigned	 n;
};

struct cmd_opt {
	enum cmd_opt_type	 type;
	char			 letter;	/* 0: long form only */
	const char		*name;		/* without the dashes */
	const char		*value;		/* what help calls it */
	size_t			 off;		/* of the member */
	uint64_t		 min, max;
	const char		*preset;	/* as if given first */
	const char		*help;
};

struct cmd_call {
	const struct cmd	 *cmd;
	void			 *args;		/* the command's own struct */
	int			  n;
	char			**operand;	/* n of them, then NULL */
	int			  first_after;	/* the first behind "--"; -1:
						   there was none */
};

struct cmd {
	const char		*name;
	const char		*operands;	/* as usage shows them */
	int			 min, max;	/* how many operands */
	const char		*summary;	/* one line, no full stop */
	const char		*about;		/* paragraphs; may be NULL */
	const struct cmd_opt	*opts;		/* up to CMD_OPT_END */
	size_t			 args_size;
	enum cmd_exit		(*run)(const struct cmd_call *call);
};

#define CMD_MANY	65536		/* operands without a bound */

/* Rows that several tables share. */
#define CMD_JSON(st, m)							\
	{ CMD_OPT_FLAG, 0, "json", NULL, offsetof(st, m), 0, 0, NULL,	\
	    "report in JSON" }
#define CMD_PASS_ROW(st, m, kind, name, value, help)			\
	{ CMD_OPT_PASS, 0, name, value, offsetof(st, m), kind, 0, NULL, help }
#define CMD_PASS(st, m)							\
	CMD_PASS_ROW(st, m, PASS_FILE, "password-file", "F",		\
	    "take the password from file F"),				\
	CMD_PASS_ROW(st, m, PASS_FD, "password-fd", "N",		\
	    "... from open descriptor N"),				\
	CMD_PASS_ROW(st, m, PASS_STDIN, "password-stdin", NULL,		\
	    "... from standard input"),					\
	CMD_PASS_ROW(st, m, PASS_COMMAND, "password-command", "CMD",	\
	    "... from the first line that CMD prints"),			\
	CMD_PASS_ROW(st, m, PASS_ENV, "password-env", "NAME",		\
	    "... from environment variable NAME")
#define CMD_END								\
	{ CMD_OPT_END, 0, NULL, NULL, 0, 0, 0, NULL, NULL }

/* The program: find the command among the n, parse, run.  Returns its exit. */
int cmd_main(const struct cmd *const *cmds, size_t n, int argc, char **argv);

/* cmd_helper.c: the same program, called as mount(8) calls its helpers. */
bool cmd_is_helper(const char *argv0);
int cmd_helper(const struct cmd *const *cmds, size_t n, int argc,
    char **argv);

/* cmd_complete.c: vaultnfs completion; see cmd_complete.h. */
enum cmd_exit cmd_complete(const struct cmd *const *cmds, size_t n, int argc,
    char **argv);

/*
 * cmd_opt.c: fill args (args_size zeroed bytes) from the words after the
 * command's name.  Options and operands may be mixed; "--" ends the options.
 * Operands are moved to the front of argv.  VERR_INVAL: a usage error, the
 * text says which.  *help: --help or -h was seen; nothing else matters then.
 */
int cmd_parse(struct cmd_call *call, int argc, char **argv, bool *help,
    struct verr *e);

/* The same table as help text, on standard output. */
void cmd_help(const struct cmd *cmd);

/* "vaultnfs: text" on standard error; control characters become '?'. */
void cmd_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for a command line that makes no sense; returns CMD_USAGE. */
enum cmd_exit cmd_usage(const struct cmd_call *call, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The exit code that stands for an error. */
enum cmd_exit cmd_exit_of(const struct verr *e);

/* The text of e, or words for its code if it has none. */
const char *cmd_sentence(const struct verr *e);

/* "vaultnfs: what: sentence of e"; returns cmd_exit_of(e). */
enum cmd_exit cmd_fail(const struct verr *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The same for a vault: texts that name its path already stand alone, others
 * become "cannot VERB PATH: sentence".
 */
enum cmd_exit cmd_fail_vault(const struct verr *e, const char *verb,
    const char *path);

/*
 * Of two exits the one to report: the first that is not CMD_DONE, so that a
 * command that goes on after an error ends with that error.
 */
enum cmd_exit cmd_first(enum cmd_exit a, enum cmd_exit b);

/*
 * From here on SIGINT, SIGTERM and SIGHUP do not kill at once: cmd_stopped()
 * becomes true, the command cleans up and returns, and cmd_main() lets the
 * signal kill the process then.
 */
void cmd_catch_signals(void);
bool cmd_stopped(void);

/* One in each cmd_NAME.c; main.c lists them. */
extern const struct cmd cmd_init, cmd_serve, cmd_ls, cmd_tree, cmd_cat,
    cmd_get, cmd_put, cmd_mkdir, cmd_rm, cmd_mv, cmd_ln, cmd_stat, cmd_info,
    cmd_passwd, cmd_paths, cmd_check, cmd_status, cmd_stats, cmd_lock,
    cmd_unlock, cmd_mount, cmd_umount, cmd_exec, cmd_ping;

#endif /* NFSD_CMD_H */
