/*
 * cmd_listen.h - where a server is to listen: at an address, or on a socket
 * that it was given.
 */
#ifndef NFSD_CMD_LISTEN_H
#define NFSD_CMD_LISTEN_H

#include <stdbool.h>

#include "nfsd/cmd.h"

struct cmd_listen {
	int	fd;		/* listens already, or -1 */
	char	addr[64];	/* numeric, without brackets */
	bool	ip6;
	bool	loopback;	/* no other host can connect */
};

/*
 * The socket of sd_listen_fds(3), if there is one, else given, a numeric
 * address.  Loopback only.  CMD_USAGE with a message otherwise.
 */
enum cmd_exit cmd_listen_find(const struct cmd_call *call, const char *given,
    struct cmd_listen *l);

#endif /* NFSD_CMD_LISTEN_H */
