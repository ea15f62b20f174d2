/*
 * cmd_serve.c - vaultnfs serve: open vaults, listen, say "ready", run.
 *
 * Everything that can be refused is refused before the password is asked for:
 * addresses, names, folders that are no vaults.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_serve.h"
#include "nfsd/cmd_tune.h"
#include "nfsd/cmd_vault.h"
#include "nfsd/notify.h"
#include "nfsd/rpcbind.h"
#include "nfsd/server.h"
#include "nfsd/statedir.h"
#include "vault/vault.h"

/*
 * Writeback to ourselves must not wait for memory that only writeback frees.
 * Inherited by threads, so this comes before any.
 */
static void
become_flusher(void)
{
#ifdef PR_SET_IO_FLUSHER
	if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) == -1)
		log_debug("PR_SET_IO_FLUSHER: %s", strerror(errno));
#endif
}

static enum cmd_exit
open_one(const struct serve *s, struct share *sh, const struct pass *pass)
{
	struct verr e = { .code = VERR_NONE };
	struct vault_options o;
	enum cmd_exit rc = CMD_DONE;

	cmd_serve_options(s, &o);
	sh->v = cmd_open_with(sh->path, pass, &o, &rc);
	if (sh->v == NULL || s->args->read_only ||
	    vault_lock(sh->v, s->args->shared, &e) == 0)
		return rc;
	return cmd_fail(&e, "cannot serve %s: --shared, for all of them, "
	    "lets several write", sh->path);
}

static enum cmd_exit
open_all(struct serve *s)
{
	struct verr e = { .code = VERR_NONE };
	enum cmd_exit rc = CMD_DONE;
	struct pass pass;
	char prompt[256];
	int i;

	(void)snprintf(prompt, sizeof(prompt), "password of %s%s",
	    s->share[0].path, s->n > 1 ? " and the others" : "");
	if (pass_read(&pass, &s->args->pass, prompt, false, &e) == -1)
		return cmd_fail(&e, "no password for %s", s->share[0].path);
	for (i = 0; i < s->n && rc == CMD_DONE; i++)
		rc = open_one(s, &s->share[i], &pass);
	pass_fini(&pass);
	return rc;
}

static enum cmd_exit
export_all(struct serve *s, struct server *srv)
{
	struct verr e = { .code = VERR_NONE };
	int i;

	for (i = 0; i < s->n; i++)
		if (server_export(srv, s->share[i].v, s->share[i].name,
		    &e) == -1)
			return cmd_fail(&e, "cannot serve %s as /%s",
			    s->share[i].path, s->share[i].name);
	return CMD_DONE;
}

/* An export's name as in /proc/mounts: the line is split at blanks. */
static void
print_name(FILE *f, const char *name)
{
	for (; *name != '\0'; name++)
		if ((unsigned char)*name <= ' ' || *name == '\\' ||
		    *name == 0x7f)
			fprintf(f, "\\%03o", (unsigned)(unsigned char)*name);
		else
			putc(*name, f);
}

/* The one line, allocated; NULL: no memory. */
static char *
ready_line(const struct serve *s)
{
	char *line = NULL;
	size_t len;
	FILE *f;
	int i;

	if ((f = open_memstream(&line, &len)) == NULL)
		return NULL;
	fprintf(f, s->at.ip6 ? "ready [%s]:%u" : "ready %s:%u", s->at.addr,
	    (unsigned)s->port);
	for (i = 0; i < s->n; i++) {
		fputs(" /", f);
		print_name(f, s->share[i].name);
	}
	putc('\n', f);
	if (fclose(f) == EOF) {
		free(line);
		return NULL;
	}
	return line;
}

static enum cmd_exit
say_ready(const struct serve *s)
{
	enum cmd_exit rc = CMD_DONE;
	struct verr e = { .code = VERR_NONE };
	int fd = (int)s->args->ready_fd;
	char *line;

	if ((line = ready_line(s)) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	if (fputs(line, stdout) == EOF || fflush(stdout) == EOF) {
		cmd_error("cannot write to standard output: %s",
		    strerror(errno));
		rc = CMD_FAILED;
	} else if (fd != 0 && fd != STDOUT_FILENO &&
	    !cmd_sink_fd(&fd, line, strlen(line), &e)) {
		rc = cmd_fail(&e, "--ready-fd %d", fd);
	}
	if (fd > STDERR_FILENO)
		(void)close(fd);
	free(line);
	return rc;
}

static enum cmd_exit
start_listening(struct serve *s, struct server *srv)
{
	struct verr e = { .code = VERR_NONE };

	if (s->at.fd != -1) {
		if (server_listen_on(srv, s->at.fd, &s->port, &e) == -1)
			return cmd_fail(&e, "cannot use the socket that "
			    "LISTEN_FDS tells of");
	} else if (server_listen(srv, s->at.addr, (uint16_t)s->args->port,
	    &s->port, &e) == -1) {
		cmd_error("%s%s", cmd_sentence(&e), e.sys == EADDRINUSE ?
		    ": 'vaultnfs status' tells if it is a server of yours; "
		    "take another with --port (0 picks one)" : "");
		return cmd_exit_of(&e);
	}
	return CMD_DONE;
}

static bool
use_state(struct serve *s, struct server *srv, struct verr *e)
{
	const char *dir = s->state;
	unsigned mended;
	int i;

	if (s->state[0] == '\0' && statedir_make(s->args->state_dir, s->state,
	    sizeof(s->state), e) == -1) {
		s->state[0] = '\0';
		return false;
	}
	s->journal = true;
	for (i = 0; i < s->n; i++) {
		if (vault_journal(s->share[i].v, dir, &mended, e) == -1)
			return false;
		if (mended > 0)
			log_info("/%s: %u writes that a killed server left "
			    "half done were put right", s->share[i].name,
			    mended);
	}
	(void)snprintf(s->replies, sizeof(s->replies), "%s/replies-%08" PRIx32
	    "-%u", dir, vault_id(s->share[0].v), (unsigned)s->port);
	return server_keep_replies(srv, s->replies, e) == 0;
}

/*
 * What the next server needs if this one is killed: writes and replies under
 * way.  Asked for and impossible is an error; else it is done without.
 */
static enum cmd_exit
keep_state(struct serve *s, struct server *srv)
{
	struct verr e = { .code = VERR_NONE };

	if (s->args->read_only || use_state(s, srv, &e))
		return CMD_DONE;
	if (s->args->state_dir != NULL)
		return cmd_fail(&e, "--state-dir %s", s->args->state_dir);
	log_warn("%s: if this server is killed, a write under way may damage "
	    "what it was to replace", e.text);
	return CMD_DONE;
}

static enum cmd_exit
run(struct serve *s, struct server *srv)
{
	struct verr e = { .code = VERR_NONE };
	enum cmd_exit rc;

	if ((rc = export_all(s, srv)) != CMD_DONE)
		return rc;
	if ((rc = start_listening(s, srv)) != CMD_DONE ||
	    (rc = keep_state(s, srv)) != CMD_DONE)
		return rc;
	if (s->args->rpcbind && rpcbind_set(s->port, s->at.ip6, &e) == -1)
		return cmd_fail(&e, "--rpcbind");
	if (cmd_serve_keys(s, srv, &e) == -1 ||
	    cmd_serve_live(s, srv, &e) == -1 || (s->args->still != NULL &&
	    server_while(srv, s->args->still, s->args->still_ctx, &e) == -1))
		rc = cmd_fail(&e, "cannot start");
	if (rc == CMD_DONE && (rc = cmd_serve_show(s, srv)) == CMD_DONE &&
	    (rc = cmd_serve_tell(s, srv)) == CMD_DONE &&
	    (rc = cmd_serve_enter(s)) == CMD_DONE &&
	    (rc = say_ready(s)) == CMD_DONE) {
		cmd_serve_say_ready(s);
		if (server_run(srv, &e) == -1)
			rc = cmd_fail(&e, "serving ended");
	}
	cmd_serve_hide(s);
	if (s->args->rpcbind)
		rpcbind_unset(s->at.ip6);
	/* The next server will not get this port but by chance. */
	if (s->args->port == 0 && s->at.fd == -1 && s->replies[0] != '\0')
		(void)unlink(s->replies);
	return rc;
}

/* server.h bounds it. */
static unsigned
cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

static enum cmd_exit
serve(struct serve *s)
{
	struct server_options o = {
		.loops = s->args->loops == 0 ? cores() :
		    (unsigned)s->args->loops,
		.workers = (unsigned)s->args->workers, .signals = true,
		.multi_user = s->args->multi_user,
		.no_links = s->args->no_links,
		.dirty_max = (size_t)s->args->dirty_limit,
		.max_conns = (unsigned)s->args->max_conns,
		.max_pending = (size_t)s->args->max_pending,
		.gate = s->gate.o
	};
	struct verr e = { .code = VERR_NONE };
	struct server *srv;
	enum cmd_exit rc;
	int i;

	if ((rc = open_all(s)) != CMD_DONE)
		return rc;
	/* only now: a password command is to inherit neither */
	become_flusher();
	(void)signal(SIGPIPE, SIG_IGN);
	if ((srv = server_new(&o, &e)) == NULL)
		return cmd_fail(&e, "cannot start");
	rc = run(s, srv);
	server_free(srv);
	for (i = 0; i < s->n; i++)
		if (!s->args->read_only && s->share[i].v != NULL &&
		    vault_sync_names(s->share[i].v, &e) == -1)
			rc = cmd_first(rc, cmd_fail(&e, "%s",
			    s->share[i].path));
	return rc;
}

static enum cmd_exit
serve_run(const struct cmd_call *call)
{
	struct serve s = { .args = call->args, .n = call->n, .notify = -1 };
	enum cmd_exit rc;
	int i, fd = (int)s.args->ready_fd;

	cmd_serve_log_level(s.args->log_level);
	log_set_names(s.args->log_names);
	if (s.args->sandbox && s.args->no_sandbox)
		return cmd_usage(call, "--sandbox or --no-sandbox, not both");
	if ((rc = cmd_tune(call, s.args->tune)) != CMD_DONE)
		return rc;
	if (s.args->multi_user && geteuid() != 0)
		return cmd_usage(call, "--multi-user: only root can act for "
		    "other users");
	if ((rc = cmd_listen_find(call, s.args->listen, &s.at)) != CMD_DONE ||
	    (rc = cmd_gate_set(call, &s.args->gate, s.at.addr,
	    s.at.loopback, &s.gate)) != CMD_DONE)
		return rc;
	if ((rc = cmd_serve_idle(call, &s)) != CMD_DONE ||
	    (rc = cmd_serve_metrics(call, &s)) != CMD_DONE)
		return rc;
	/* no password command is to inherit it */
	if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		return cmd_usage(call, "--ready-fd %d: no such open "
		    "descriptor", fd);
	if ((s.share = calloc((size_t)s.n, sizeof(*s.share))) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	s.notify = notify_open();
	if ((rc = cmd_share_split(call, &s)) == CMD_DONE &&
	    (rc = cmd_share_probe(&s)) == CMD_DONE)
		rc = serve(&s);
	for (i = 0; i < s.n; i++) {
		vault_close(s.share[i].v);
		free(s.share[i].path);
		free(s.share[i].name);
	}
	log_flush();
	notify_close(s.notify);
	free(s.share);
	return rc;
}

const struct cmd cmd_serve = {
	"serve", "VAULT[=NAME]...", 1, CMD_MANY,
	"serve vaults over NFSv3 until SIGTERM or SIGINT",
	"Each vault is the export /NAME, by default its folder's name; one\n"
	"password opens them all.  When clients may come, one line goes to\n"
	"standard output: ready 127.0.0.1:PORT /NAME[ /NAME...], with blanks\n"
	"in names as \\040.  Logs go to standard error.\n",
	cmd_serve_opts, sizeof(struct serve_args), serve_run
};
