/*
 * cmd_gate.h - who may connect, as the command line says.
 */
#ifndef NFSD_CMD_GATE_H
#define NFSD_CMD_GATE_H

#include "nfsd/cmd.h"
#include "nfsd/gate.h"

/* --allow NET and --allow-uid UID, each as often as it was given. */
struct cmd_gate_args {
	struct cmd_words nets, uids;
	bool		reserved_port;
};

struct cmd_gate {
	struct gate_net		nets[GATE_NETS_MAX];
	uint32_t		uids[GATE_USERS_MAX];
	struct gate_options	o;		/* points into these */
};

/*
 * loopback: no other host can connect.  Where one could, it is an error not to
 * say which may.
 */
enum cmd_exit cmd_gate_set(const struct cmd_call *call,
    const struct cmd_gate_args *a, const char *listen, bool loopback,
    struct cmd_gate *g);

#endif /* NFSD_CMD_GATE_H */
