/*
 * cmd_serve_ctl.c - vaultnfs serve can be found and asked.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/cmd_serve.h"
#include "nfsd/loop.h"
#include "nfsd/rundir.h"
#include "nfsd/statedir.h"

/* The folder as it is called everywhere, allocated; NULL: no memory. */
static char *
whole_path(const char *path)
{
	char *full = realpath(path, NULL);

	return full != NULL || errno == ENOMEM ? full : strdup(path);
}

static bool
describe(struct serve *s)
{
	int i;

	s->vaults = calloc((size_t)s->n, sizeof(*s->vaults));
	for (i = 0; s->vaults != NULL && i < s->n; i++)
		if ((s->vaults[i] = whole_path(s->share[i].path)) == NULL)
			return false;
	s->about.address = s->at.addr;
	s->about.port = s->port;
	s->about.mounted = s->args->mounted;
	s->about.state_dir = s->state_dir = whole_path(s->state);
	s->about.since = (int64_t)time(NULL);
	s->about.began_us = loop_clock_us();
	s->about.vaults = (const char *const *)s->vaults;
	return s->vaults != NULL && s->about.state_dir != NULL;
}

/* s->state is the state directory then. */
static bool
make_state(struct serve *s)
{
	if (s->state[0] == '\0' && statedir_make(s->args->state_dir, s->state,
	    sizeof(s->state), NULL) == -1)
		s->state[0] = '\0';
	return s->state[0] != '\0';
}

/*
 * A server that only reads needs no state directory, unless there is no other
 * place.
 */
static int
make_place(struct serve *s, char *dir, size_t cap, struct verr *e)
{
	bool have = s->args->state_dir != NULL ? make_state(s) :
	    s->state[0] != '\0';

	if (rundir_make(s->args->run_dir, have ? s->state : NULL, dir, cap,
	    e) == 0)
		return 0;
	if (have || s->args->run_dir != NULL || !make_state(s))
		return -1;
	return rundir_make(NULL, s->state, dir, cap, e);
}

static int
show(struct serve *s, struct server *srv, struct verr *e)
{
	char dir[PATH_MAX];
	int fd;

	if (make_place(s, dir, sizeof(dir), e) == -1)
		return -1;
	if (!describe(s))
		return verr_fail(e, VERR_NOMEM, "out of memory");
	fd = rundir_listen(dir, s->port, s->control, sizeof(s->control), e);
	if (fd == -1) {
		s->control[0] = '\0';
		return -1;
	}
	return server_control(srv, fd, &s->about, e);
}

enum cmd_exit
cmd_serve_show(struct serve *s, struct server *srv)
{
	struct verr e = { .code = VERR_NONE };

	if (show(s, srv, &e) == 0)
		return CMD_DONE;
	if (s->args->run_dir != NULL)
		return cmd_fail(&e, "--run-dir %s", s->args->run_dir);
	log_warn("%s: 'vaultnfs status' will not find this server", e.text);
	return CMD_DONE;
}

void
cmd_serve_hide(struct serve *s)
{
	int i;

	if (s->control[0] != '\0')
		(void)unlink(s->control);
	s->control[0] = '\0';
	for (i = 0; s->vaults != NULL && i < s->n; i++)
		free(s->vaults[i]);
	free(s->vaults);
	s->vaults = NULL;
	free(s->state_dir);
	s->state_dir = NULL;
}
