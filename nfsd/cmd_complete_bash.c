/*
 * cmd_complete_bash.c - a function for bash's complete(1).
 *
 * It needs nothing of the package bash-completion.  The word after an option
 * that takes a value is that value; what it may be is told by its name.
 */
#include "config.h"

#include <stdio.h>

#include "nfsd/cmd_complete.h"

/* What may stand after an option with a value, as a row of a case. */
static void
print_value(const struct cmd_opt *o)
{
	if (o->value == NULL)
		return;
	printf("\t--%s", o->name);
	if (o->letter != 0)
		printf(" | -%c", o->letter);
	fputs(") ", stdout);
	switch (o->type == CMD_OPT_WORD ? CMD_OFFER_NOTHING :
	    cmd_offer_of(o->value)) {
	case CMD_OFFER_FILES:
		fputs("_vaultnfs_reply -f --", stdout);
		break;
	case CMD_OFFER_FOLDERS:
		fputs("_vaultnfs_reply -d --", stdout);
		break;
	case CMD_OFFER_NOTHING:
		if (o->type == CMD_OPT_WORD) {
			fputs("_vaultnfs_reply -W '", stdout);
			cmd_print_words(o->value);
			fputs("' --", stdout);
		} else {
			putchar(':');
		}
		break;
	}
	puts(" ; return ;;");
}

static void
print_command(const struct cmd *c)
{
	const struct cmd_opt *o;

	printf("%s)\n\tcase $prev in\n", c->name);
	for (o = c->opts; o->type != CMD_OPT_END; o++)
		print_value(o);
	fputs("\tesac\n\toptions='--help ", stdout);
	for (o = c->opts; o->type != CMD_OPT_END; o++)
		printf("--%s ", o->name);
	puts("' ;;");
}

static const char head[] =
	"# bash completion of vaultnfs; made by: vaultnfs completion bash\n"
	"_vaultnfs_reply() {\n"
	"\tlocal word\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r word; do\n"
	"\t\tCOMPREPLY+=(\"$word\")\n"
	"\tdone < <(compgen \"$@\" \"$cur\")\n"
	"}\n\n"
	"_vaultnfs() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	"\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal options=\n"
	"\tCOMPREPLY=()\n"
	"\tif [ \"$COMP_CWORD\" = 1 ]; then\n";

void
cmd_complete_bash(const struct cmd_all *all)
{
	size_t i;

	fputs(head, stdout);
	fputs("\t\t_vaultnfs_reply -W '", stdout);
	for (i = 0; i < all->n; i++)
		printf("%s ", all->cmd[i]->name);
	puts("help completion --help --version' --\n\t\treturn\n\tfi");
	puts("\tcase ${COMP_WORDS[1]} in");
	for (i = 0; i < all->n; i++)
		print_command(all->cmd[i]);
	fputs("help) _vaultnfs_reply -W '", stdout);
	for (i = 0; i < all->n; i++)
		printf("%s ", all->cmd[i]->name);
	puts("' -- ; return ;;");
	puts("completion) _vaultnfs_reply -W 'bash fish zsh man table' -- ; "
	    "return ;;\n\tesac");
	puts("\tcase $cur in\n"
	    "\t-*) _vaultnfs_reply -W \"$options\" -- ;;\n"
	    "\t*) compopt -o filenames 2> /dev/null\n"
	    "\t\t_vaultnfs_reply -f -- ;;\n"
	    "\tesac\n}\n"
	    "complete -F _vaultnfs vaultnfs");
}
