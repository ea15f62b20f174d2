/*
 * cmd_complete.h - what is made from the tables of commands and options beside
 * the parser and --help: completions for shells, the manual's part about
 * commands, a plain table for tests.
 *
 * cmd_complete.c chooses; one file for each of the others.  All write to
 * standard output.
 */
#ifndef NFSD_CMD_COMPLETE_H
#define NFSD_CMD_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "nfsd/cmd.h"

/* The n commands that there are. */
struct cmd_all {
	const struct cmd	*const *cmd;
	size_t			 n;
};

/* What a value or an operand is called tells what a shell may offer. */
enum cmd_offer { CMD_OFFER_NOTHING, CMD_OFFER_FILES, CMD_OFFER_FOLDERS };
enum cmd_offer cmd_offer_of(const char *called);

/*
 * text as one line: white space becomes a blank.  Characters of special get a
 * backslash.
 */
void cmd_print_flat(const char *text, const char *special);

/* The words of "A|B|C" with a blank after each. */
void cmd_print_words(const char *list);

void cmd_complete_bash(const struct cmd_all *all);
void cmd_complete_fish(const struct cmd_all *all);
void cmd_complete_zsh(const struct cmd_all *all);
void cmd_complete_man(const struct cmd_all *all);
void cmd_complete_table(const struct cmd_all *all);

#endif /* NFSD_CMD_COMPLETE_H */
