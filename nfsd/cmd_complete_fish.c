/*
 * cmd_complete_fish.c - a line of complete(1) for each command and option.
 */
#include "config.h"

#include <stdio.h>

#include "nfsd/cmd_complete.h"

#define QUOTED	"'\\"	/* in fish's single quotes */

static void
print_option(const struct cmd *c, const struct cmd_opt *o)
{
	printf("complete -c vaultnfs -n "
	    "'__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
	if (o->letter != 0)
		printf(" -s %c", o->letter);
	if (o->type == CMD_OPT_WORD) {
		fputs(" -x -a '", stdout);
		cmd_print_words(o->value);
		putchar('\'');
	} else if (o->value != NULL) {
		switch (cmd_offer_of(o->value)) {
		case CMD_OFFER_FILES:
			fputs(" -r -F", stdout);
			break;
		case CMD_OFFER_FOLDERS:
			fputs(" -x -a '(__fish_complete_directories)'",
			    stdout);
			break;
		case CMD_OFFER_NOTHING:
			fputs(" -x", stdout);
			break;
		}
	}
	fputs(" -d '", stdout);
	cmd_print_flat(o->help, QUOTED);
	puts("'");
}

void
cmd_complete_fish(const struct cmd_all *all)
{
	const struct cmd_opt *o;
	size_t i;

	puts("# fish completion of vaultnfs; made by: "
	    "vaultnfs completion fish");
	for (i = 0; i < all->n; i++) {
		printf("complete -c vaultnfs -f -n __fish_use_subcommand "
		    "-a %s -d '", all->cmd[i]->name);
		cmd_print_flat(all->cmd[i]->summary, QUOTED);
		puts("'");
	}
	puts("complete -c vaultnfs -f -n __fish_use_subcommand -a help "
	    "-d 'all commands, or all about one'\n"
	    "complete -c vaultnfs -f -n __fish_use_subcommand -a completion "
	    "-d 'completions for a shell'\n"
	    "complete -c vaultnfs -x -n '__fish_seen_subcommand_from "
	    "completion' -a 'bash fish zsh man table'\n"
	    "complete -c vaultnfs -l help -s h -d 'what it does'\n"
	    "complete -c vaultnfs -n __fish_use_subcommand -l version "
	    "-d 'the version'");
	for (i = 0; i < all->n; i++)
		for (o = all->cmd[i]->opts; o->type != CMD_OPT_END; o++)
			print_option(all->cmd[i], o);
}
