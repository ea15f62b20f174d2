/*
 * kill_serve.c - the real server is killed in the middle of its work, again and
 * again, and nothing that it said is wrong afterwards.
 *
 * A client overwrites records and larger pieces of one file, appends to
 * another, renames new files over a third one, and makes and removes names; at
 * some moment SIGKILL ends the server.  The next one is asked for the call that
 * had no reply, with the same xid: it must not be told of an effect of
 * its own.  Then everything is read: no error, nothing lost that was committed.
 *
 * KILLS=1000 is the long form.  SEED=N: other moments.  A plain program.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/verr.h"
#include "tests/client/client.h"
#include "tests/power/kill_serve.h"
#include "vault/check.h"
#include "vault/vault.h"

static uint32_t seed = 1;

uint32_t
kill_draw(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (uint32_t)((uint64_t)seed * n >> 32);
}

void
kill_die(const char *what, const char *more)
{
	(void)printf("# kill_serve: %s: %s\n", what, more);
	exit(1);
}

/* -- the server */

static char	 dir[128], vault[160], state[160], pass[160];
static char	 port[8] = "0";		/* the first one's: it is kept */
static pid_t	 server;

static void
exec_server(int out)
{
	const char *build = getenv("VAULTNFS_BUILD");
	char prog[4096], run[160];

	(void)snprintf(prog, sizeof(prog), "%s/vaultnfs",
	    build != NULL ? build : ".");
	(void)snprintf(run, sizeof(run), "%s/run", dir);
	(void)dup2(out, STDOUT_FILENO);
	(void)execl(prog, "vaultnfs", "serve", vault, "--port", port,
	    "--state-dir", state, "--run-dir", run, "--password-file", pass,
	    "--log-level", "error", (char *)NULL);
	_exit(127);
}

/* The port that it has; 0: it did not start. */
static unsigned
start_server(void)
{
	char line[512];
	unsigned at = 0;
	FILE *in;
	int p[2], st;

	if (pipe(p) == -1 || (server = fork()) == -1)
		kill_die("fork", "");
	if (server == 0)
		exec_server(p[1]);
	(void)close(p[1]);
	in = fdopen(p[0], "r");
	if (fgets(line, sizeof(line), in) == NULL ||
	    sscanf(line, "ready 127.0.0.1:%u", &at) != 1)
		(void)waitpid(server, &st, 0);
	(void)fclose(in);
	return at;
}

/* Somebody else may have the port by now: not for long, as a rule. */
struct client *
kill_start(bool *same_port)
{
	struct client *c;
	unsigned at, i;

	*same_port = true;
	for (i = 0; (at = start_server()) == 0 && i < 40; i++)
		(void)usleep(100000);
	if (at == 0) {
		*same_port = false;
		(void)strcpy(port, "0");
		at = start_server();
	}
	if (at == 0)
		kill_die("the server does not start", "");
	(void)snprintf(port, sizeof(port), "%u", at % 65536);
	if ((c = client_connect("127.0.0.1", (uint16_t)at)) == NULL)
		kill_die("cannot connect", "");
	client_auth_sys(c, geteuid(), getegid(), 0, NULL);
	return c;
}

static void
reap(int want)
{
	int st;

	if (waitpid(server, &st, 0) != server || !WIFSIGNALED(st) ||
	    WTERMSIG(st) != want)
		kill_die("the server ended by itself", "");
}

/* A child that kills the server in a while; nobody waits for a reply longer. */
static pid_t
killer(void)
{
	unsigned us = kill_draw(3) == 0 ? kill_draw(3000) : kill_draw(60000);
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)usleep(us);
	(void)kill(server, SIGKILL);
	_exit(0);
}

/* -- the whole */

static void
make_vault(void)
{
	struct vault_new n = { .cost = 2 };
	const char *tmp = getenv("TMPDIR");
	struct verr e;
	FILE *out;

	if (tmp == NULL)	/* in memory: more happens between two kills */
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(dir, sizeof(dir), "%.60s/vaultnfs-kill-XXXXXX", tmp);
	if (mkdtemp(dir) == NULL)
		kill_die("mkdtemp", dir);
	(void)snprintf(vault, sizeof(vault), "%s/v", dir);
	(void)snprintf(state, sizeof(state), "%s/state", dir);
	(void)snprintf(pass, sizeof(pass), "%s/pass", dir);
	if (vault_init(vault, &n, "kill", 4, &e) == -1)
		kill_die("vault_init", e.text);
	if (mkdir(state, 0700) == -1 || (out = fopen(pass, "w")) == NULL ||
	    fputs("kill\n", out) == EOF || fclose(out) != 0)
		kill_die("cannot write", pass);
	(void)chmod(pass, 0600);
}

static void
on_finding(void *ctx, const struct check_finding *f)
{
	unsigned *bad = ctx;

	if (f->severity < CHECK_WARN || f->repairable)
		return;
	(void)printf("# %s: %s\n", f->name, f->text);
	(*bad)++;
}

static unsigned
check_vault(void)
{
	struct check_options o = { .contents = true, .offline = true };
	struct check_summary sum;
	struct vault *v;
	struct verr e;
	unsigned bad = 0;

	if ((v = vault_open(vault, NULL, "kill", 4, &e)) == NULL ||
	    vault_check(v, &o, on_finding, &bad, &sum, &e) == -1)
		kill_die("check", e.text);
	vault_close(v);
	return bad;
}

static void
remove_all(void)
{
	char cmd[200];

	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	if (system(cmd) != 0)
		(void)printf("# cannot remove %s\n", dir);
}

static unsigned
number(const char *name, unsigned otherwise)
{
	const char *s = getenv(name);

	return s != NULL ? (unsigned)strtoul(s, NULL, 10) : otherwise;
}

int
main(void)
{
	unsigned kills = number("KILLS", 12), i, bad;
	struct client *c;
	bool same_port, good;
	pid_t pid;
	int st;

	seed = number("SEED", 1) * 2654435761u | 1;
	(void)signal(SIGPIPE, SIG_IGN);
	make_vault();
	c = kill_start(&same_port);
	kill_begin(c);
	for (i = 0; i < kills; i++) {
		pid = killer();
		kill_work(c);
		(void)waitpid(pid, &st, 0);
		reap(SIGKILL);
		client_free(c);
		c = kill_start(&same_port);
		kill_look(c, i, same_port);
	}
	good = kill_tell(kills);
	client_free(c);
	(void)kill(server, SIGTERM);
	if (waitpid(server, &st, 0) != server || !WIFEXITED(st) ||
	    WEXITSTATUS(st) != 0)
		kill_die("the server does not end", "");
	bad = check_vault();
	remove_all();
	return bad != 0 || !good;
}
