/*
 * cmd_ask.h - find the servers of this user that run, and ask them (control.h).
 */
#ifndef NFSD_CMD_ASK_H
#define NFSD_CMD_ASK_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "nfsd/cmd.h"

/* Which server: all that are NULL or 0 do not matter. */
struct cmd_ask_which {
	const char	*run_dir, *state_dir;
	uint64_t	 port;
};

#define CMD_ASK_ROWS(st, m)						\
	{ CMD_OPT_NUMBER, 0, "port", "N", offsetof(st, m.port), 1, 65535, \
	    NULL, "the server at port N, if several run" },		\
	{ CMD_OPT_TEXT, 0, "state-dir", "DIR", offsetof(st, m.state_dir), 0, \
	    0, NULL, "the server that has this state directory" },	\
	{ CMD_OPT_TEXT, 0, "run-dir", "DIR", offsetof(st, m.run_dir), 0, 0, \
	    NULL, "look for servers in DIR" }

/* One that runs, and what it said to "status". */
struct cmd_ask_server {
	char	*socket;
	json_t	*status;
};

struct cmd_ask_list {
	struct cmd_ask_server	*v;
	size_t			 n;
};

#define CMD_ASK_S	10	/* a server has so long to answer */

/*
 * All of them.  CMD_DONE also if there is none; otherwise the line is printed:
 * a folder was named and is none, or is not safe.
 */
enum cmd_exit cmd_ask_all(const struct cmd_ask_which *w,
    struct cmd_ask_list *l);
void cmd_ask_free(struct cmd_ask_list *l);

/*
 * The path of the socket of the only one, allocated.  The line is printed:
 * CMD_NOTFOUND, none; CMD_USAGE, several.
 */
enum cmd_exit cmd_ask_one(const struct cmd_call *call,
    const struct cmd_ask_which *w, char **socket);

/*
 * Send line (with its newline) and take the reply, within so many seconds.
 * NULL: the line is printed, and *rc is the exit; also for a reply that is an
 * error.
 */
json_t *cmd_ask(const char *socket, const char *line, size_t len,
    unsigned seconds, enum cmd_exit *rc);

/* A member, or 0 or "" if it is none of that kind. */
uint64_t cmd_ask_number(const json_t *o, const char *key);
const char *cmd_ask_text(const json_t *o, const char *key);

/* "127.0.0.1:2049", or "[::1]:2049". */
void cmd_ask_address(const json_t *o, char *out, size_t cap);

/* "2 h 03 min", for people. */
void cmd_ask_duration(uint64_t us, char *out, size_t cap);

#endif /* NFSD_CMD_ASK_H */
