/* main.c - the table of commands, in the order in which help lists them. */
#include "config.h"

#ifdef HAVE_MIMALLOC_H
#include <mimalloc.h>
#endif

#include "base/heap.h"
#include "nfsd/cmd.h"

static const struct cmd *const commands[] = {
	&cmd_init,
	&cmd_mount,
	&cmd_umount,
	&cmd_exec,
	&cmd_serve,
	&cmd_status,
	&cmd_stats,
	&cmd_lock,
	&cmd_unlock,
	&cmd_ping,
	&cmd_ls,
	&cmd_tree,
	&cmd_cat,
	&cmd_get,
	&cmd_put,
	&cmd_mkdir,
	&cmd_rm,
	&cmd_mv,
	&cmd_ln,
	&cmd_stat,
	&cmd_info,
	&cmd_check,
	&cmd_passwd,
	&cmd_paths,
};

int
main(int argc, char **argv)
{
	size_t n = sizeof(commands) / sizeof(commands[0]);

#ifdef HAVE_MIMALLOC_H
	heap_return_by(mi_collect);
#endif
	if (argc > 0 && cmd_is_helper(argv[0]))
		return cmd_helper(commands, n, argc, argv);
	return cmd_main(commands, n, argc, argv);
}
