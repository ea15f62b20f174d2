/*
 * nl_conn.c - the connections of a run: made, and given back.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <stdlib.h>
#include <unistd.h>

#include "bench/nl.h"
#include "bench/nl_sync.h"

#define IN_MIN		(4u * 1024 * 1024)	/* bytes of replies */

static bool
init(struct nl_conn *c, struct nl_run *run, unsigned n)
{
	unsigned i, depth = run->opt->depth;

	c->run = run;
	c->n = n;
	c->fd = -1;
	/* Not the xids of the run before: servers remember calls. */
	c->generation = run->id * 257 + n * 4099;
	c->rng = (run->opt->seed * 0x9e3779b97f4a7c15u + n) | 1;
	c->slot = calloc(depth, sizeof(*c->slot));
	c->ready = calloc(depth, sizeof(*c->ready));
	c->by_proc = calloc(NL_PROCS, sizeof(*c->by_proc));
	c->head = malloc(NL_HEAD);
	c->in_cap = IN_MIN;
	c->in = malloc(c->in_cap);
	if (c->slot == NULL || c->ready == NULL || c->by_proc == NULL ||
	    c->head == NULL || c->in == NULL) {
		(void)nl_load_error(run, "out of memory");
		return false;
	}
	for (i = 0; i < depth; i++) {
		c->slot[i].conn = c;
		c->slot[i].n = i;
	}
	return true;
}

void
nl_conn_again(struct nl_run *run, uint64_t quota)
{
	struct nl_conn *c;
	unsigned i, k;

	for (i = 0; i < run->opt->connections; i++) {
		c = &run->conn[i];
		c->quota = quota;
		c->pos = 0;
		c->ended = false;
		c->idle = c->nready = c->ready_at = 0;
		for (k = 0; k < run->opt->depth; k++) {
			c->slot[k].step = 0;
			c->ready[c->nready++] = &c->slot[k];
		}
	}
}

bool
nl_conn_init(struct nl_run *run)
{
	unsigned i, n = run->opt->connections;

	if ((run->conn = calloc(n, sizeof(*run->conn))) == NULL) {
		(void)nl_load_error(run, "out of memory");
		return false;
	}
	for (i = 0; i < n; i++)
		if (!init(&run->conn[i], run, i))
			return false;
	return true;
}

bool
nl_conn_open(struct nl_run *run)
{
	struct timeval tv = { .tv_sec = NL_STALL_MS / 1000 };
	struct nl_conn *c;
	char err[200];
	unsigned i;

	for (i = 0; i < run->opt->connections; i++) {
		c = &run->conn[i];
		c->fd = nl_sync_connect(run->opt, err, sizeof(err));
		if (c->fd == -1) {
			(void)nl_load_error(run, "connection %u: %s", i, err);
			return false;
		}
		(void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
		    sizeof(tv));
	}
	return true;
}

void
nl_conn_close(struct nl_run *run)
{
	unsigned i;

	for (i = 0; i < run->opt->connections; i++) {
		if (run->conn[i].fd != -1)
			(void)close(run->conn[i].fd);
		run->conn[i].fd = -1;
	}
}

void
nl_conn_fini(struct nl_run *run)
{
	struct nl_conn *c;
	unsigned i, k;

	for (i = 0; run->conn != NULL && i < run->opt->connections; i++) {
		c = &run->conn[i];
		for (k = 0; c->slot != NULL && k < run->opt->depth; k++)
			free(c->slot[k].seen);
		free(c->slot);
		free(c->ready);
		free(c->by_proc);
		free(c->head);
		free(c->in);
		free(c->written);
	}
	free(run->conn);
	free(run->tree.file);
	free(run->tree.link);
	free(run->tree.in);
}
