/*
 * cmd_complete.c - vaultnfs completion: what is made from the tables.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "nfsd/cmd_complete.h"

static const struct {
	const char	*name;
	void		(*print)(const struct cmd_all *all);
} forms[] = {
	{ "bash", cmd_complete_bash },
	{ "fish", cmd_complete_fish },
	{ "zsh", cmd_complete_zsh },
	{ "man", cmd_complete_man },
	{ "table", cmd_complete_table },
};

enum cmd_offer
cmd_offer_of(const char *called)
{
	if (called == NULL)
		return CMD_OFFER_NOTHING;
	if (strcmp(called, "DIR") == 0 || strstr(called, "VAULT") != NULL)
		return CMD_OFFER_FOLDERS;
	if (strcmp(called, "F") == 0 || strcmp(called, "FILE") == 0)
		return CMD_OFFER_FILES;
	return CMD_OFFER_NOTHING;
}

void
cmd_print_flat(const char *text, const char *special)
{
	bool blank = false;
	const char *s;

	for (s = text; *s != '\0'; s++) {
		if (isspace((unsigned char)*s)) {
			blank = s != text;
			continue;
		}
		if (blank)
			putchar(' ');
		blank = false;
		if (strchr(special, *s) != NULL)
			putchar('\\');
		putchar(*s);
	}
}

void
cmd_print_words(const char *list)
{
	for (; *list != '\0'; list++)
		putchar(*list == '|' ? ' ' : *list);
	putchar(' ');
}

static const char help[] =
	"usage: vaultnfs completion FORM\n\n"
	"Print what is made from the tables of commands and options.\n\n"
	"  bash   completions: source them, or put them where bash-completion\n"
	"         looks, as share/bash-completion/completions/vaultnfs\n"
	"  fish   share/fish/vendor_completions.d/vaultnfs.fish\n"
	"  zsh    a file _vaultnfs in a folder of fpath\n"
	"  man    the manual's part about the commands\n"
	"  table  command, option, letter, value, default, between tabs\n";

enum cmd_exit
cmd_complete(const struct cmd *const *cmds, size_t n, int argc, char **argv)
{
	const struct cmd_all all = { cmds, n };
	size_t i;

	if (argc == 1 && (strcmp(argv[0], "--help") == 0 ||
	    strcmp(argv[0], "-h") == 0)) {
		fputs(help, stdout);
		return CMD_DONE;
	}
	for (i = 0; argc == 1 && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(argv[0], forms[i].name) == 0) {
			forms[i].print(&all);
			return CMD_DONE;
		}
	cmd_error("completion: needs one of bash, fish, zsh, man, table");
	return CMD_USAGE;
}
