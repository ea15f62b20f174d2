/*
 * cmd_gate.c - who may connect, as the command line says.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd_gate.h"

static enum cmd_exit
add_net(const struct cmd_call *call, const char *text, struct cmd_gate *g)
{
	struct verr e;

	if (g->o.nnets == GATE_NETS_MAX)
		return cmd_usage(call, "--allow: %d networks are the most",
		    GATE_NETS_MAX);
	if (gate_parse_net(text, &g->nets[g->o.nnets], &e) == -1)
		return cmd_usage(call, "--allow %s", e.text);
	g->o.nnets++;
	return CMD_DONE;
}

static enum cmd_exit
add_uid(const struct cmd_call *call, const char *text, struct cmd_gate *g)
{
	uintmax_t v;
	char *end;

	/* root and our own have two of the places */
	if (g->o.nuids == GATE_USERS_MAX - 2)
		return cmd_usage(call, "--allow-uid: %d users are the most",
		    GATE_USERS_MAX - 2);
	errno = 0;
	v = strtoumax(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    v >= UINT32_MAX)
		return cmd_usage(call, "--allow-uid %s: not a user's number",
		    text);
	g->uids[g->o.nuids++] = (uint32_t)v;
	return CMD_DONE;
}

enum cmd_exit
cmd_gate_set(const struct cmd_call *call, const struct cmd_gate_args *a,
    const char *listen, bool loopback, struct cmd_gate *g)
{
	enum cmd_exit rc = CMD_DONE;
	unsigned i;

	memset(g, 0, sizeof(*g));
	g->o.nets = g->nets;
	g->o.uids = g->uids;
	g->o.reserved_port = a->reserved_port;
	for (i = 0; i < a->nets.n && rc == CMD_DONE; i++)
		rc = add_net(call, a->nets.word[i], g);
	for (i = 0; i < a->uids.n && rc == CMD_DONE; i++)
		rc = add_uid(call, a->uids.word[i], g);
	if (rc != CMD_DONE)
		return rc;
	if (!loopback && g->o.nnets == 0)
		return cmd_usage(call, "--listen %s: other hosts could "
		    "connect, and would be believed whatever user they say "
		    "they are; name those that may with --allow NET, as "
		    "--allow 192.168.1.0/24", listen);
	if (loopback && g->o.nnets > 0)
		return cmd_usage(call, "--allow %s: no other host can connect "
		    "to %s; users of this one are named with --allow-uid",
		    a->nets.word[0], listen);
	return CMD_DONE;
}
