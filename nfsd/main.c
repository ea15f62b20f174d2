/* main.c - the table of commands, in the order in which help lists them. */
#include "config.h"

#include "nfsd/cmd.h"

static const struct cmd *const commands[] = {
	&cmd_init,
	&cmd_serve,
	&cmd_ls,
	&cmd_tree,
	&cmd_cat,
	&cmd_get,
	&cmd_put,
	&cmd_info,
};

int
main(int argc, char **argv)
{
	return cmd_main(commands, sizeof(commands) / sizeof(commands[0]),
	    argc, argv);
}
