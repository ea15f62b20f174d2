/*
 * cmd_complete_zsh.c - a function for zsh's completion system: a list of
 * commands, and _arguments for the options of each.
 */
#include "config.h"

#include <stdio.h>

#include "nfsd/cmd_complete.h"

#define QUOTED	"[]:\\`$\""	/* in a spec in double quotes */

static void
print_action(const struct cmd_opt *o)
{
	putchar(':');
	cmd_print_flat(o->type == CMD_OPT_WORD ? o->name : o->value, QUOTED);
	putchar(':');
	if (o->type == CMD_OPT_WORD) {
		putchar('(');
		cmd_print_words(o->value);
		putchar(')');
		return;
	}
	switch (cmd_offer_of(o->value)) {
	case CMD_OFFER_FILES:
		fputs("_files", stdout);
		break;
	case CMD_OFFER_FOLDERS:
		fputs("_files -/", stdout);
		break;
	case CMD_OFFER_NOTHING:
		putchar(' ');
		break;
	}
}

static void
print_spec(const struct cmd_opt *o, const char *dashes, const char *name)
{
	printf("\t\t\"%s%s%s%s[", o->type == CMD_OPT_LIST ? "*" : "", dashes,
	    name, o->value != NULL && dashes[1] != '\0' ? "=" : "");
	cmd_print_flat(o->help, QUOTED);
	putchar(']');
	if (o->value != NULL)
		print_action(o);
	puts("\" \\");
}

static void
print_command(const struct cmd *c)
{
	const struct cmd_opt *o;

	printf("\t%s)\n\t\t_arguments -S \\\n", c->name);
	for (o = c->opts; o->type != CMD_OPT_END; o++) {
		char letter[2] = { o->letter, '\0' };

		if (o->letter != 0)
			print_spec(o, "-", letter);
		print_spec(o, "--", o->name);
	}
	puts("\t\t\"(-h --help)\"{-h,--help}\"[what it does]\" \\\n"
	    "\t\t\"*:operand:_files\" ;;");
}

void
cmd_complete_zsh(const struct cmd_all *all)
{
	size_t i;

	puts("#compdef vaultnfs\n"
	    "# zsh completion of vaultnfs; made by: vaultnfs completion zsh\n"
	    "_vaultnfs() {\n"
	    "\tlocal -a commands\n"
	    "\tcommands=(");
	for (i = 0; i < all->n; i++) {
		printf("\t\t\"%s:", all->cmd[i]->name);
		cmd_print_flat(all->cmd[i]->summary, QUOTED);
		puts("\"");
	}
	puts("\t\t\"help:all commands, or all about one\"\n"
	    "\t\t\"completion:completions for a shell\"\n"
	    "\t)\n"
	    "\tif (( CURRENT == 2 )); then\n"
	    "\t\t_describe command commands\n"
	    "\t\treturn\n"
	    "\tfi\n"
	    "\tlocal verb=${words[2]}\n"
	    "\tshift words\n"
	    "\t(( CURRENT-- ))\n"
	    "\tcase $verb in");
	for (i = 0; i < all->n; i++)
		print_command(all->cmd[i]);
	puts("\thelp) _describe command commands ;;\n"
	    "\tcompletion) _values form bash fish zsh man table ;;\n"
	    "\tesac\n}\n"
	    "if [ \"$funcstack[1]\" = _vaultnfs ]; then\n"
	    "\t_vaultnfs \"$@\"\n"
	    "else\n"
	    "\tcompdef _vaultnfs vaultnfs\n"
	    "fi");
}
