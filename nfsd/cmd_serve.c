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
#include "nfsd/cmd_listen.h"
#include "nfsd/cmd_tune.h"
#include "nfsd/cmd_vault.h"
#include "nfsd/rpcbind.h"
#include "nfsd/server.h"
#include "nfsd/statedir.h"
#include "vault/vault.h"

struct args {
	struct pass_source	 pass;
	const char		*listen, *log_level, *state_dir, *tune;
	uint64_t		 port, loops, workers, cache_size, ready_fd;
	uint64_t		 dirty_limit;
	bool			 read_only, rpcbind, shared, multi_user;
	bool			 no_links;
};

#define OPT(type, name, value, member, min, max, preset, help)		\
	{ type, 0, name, value, offsetof(struct args, member), min, max, \
	    preset, help }

static const struct cmd_opt opts[] = {
	OPT(CMD_OPT_TEXT, "listen", "ADDR", listen, 0, 0, "127.0.0.1",
	    "numeric address to listen on"),
	OPT(CMD_OPT_NUMBER, "port", "N", port, 0, 65535, "2049",
	    "TCP port of NFS and MOUNT; 0 picks one"),
	OPT(CMD_OPT_FLAG, "read-only", NULL, read_only, 0, 0, NULL,
	    "open nothing for writing"),
	OPT(CMD_OPT_NUMBER, "loops", "N", loops, 0, SERVER_LOOPS_MAX, "1",
	    "threads that own connections; 0: one per core"),
	OPT(CMD_OPT_NUMBER, "workers", "N", workers, 1, 256, NULL,
	    "threads that read and write [2]"),
	OPT(CMD_OPT_SIZE, "cache-size", "BYTES", cache_size, 65536,
	    (uint64_t)1 << 40, NULL,
	    "of names, and of clear data, for each vault [32M]"),
	OPT(CMD_OPT_SIZE, "dirty-limit", "BYTES", dirty_limit, 0,
	    (uint64_t)1 << 36, "32M",
	    "what may wait in memory for COMMIT; 0: nothing"),
	OPT(CMD_OPT_NUMBER, "ready-fd", "N", ready_fd, 1, 1 << 20, NULL,
	    "write the ready line to this descriptor too"),
	OPT(CMD_OPT_FLAG, "rpcbind", NULL, rpcbind, 0, 0, NULL,
	    "register with rpcbind while serving"),
	OPT(CMD_OPT_FLAG, "multi-user", NULL, multi_user, 0, 0, NULL,
	    "as root: files keep their owners, all users come in"),
	OPT(CMD_OPT_FLAG, "no-hard-links", NULL, no_links, 0, 0, NULL,
	    "refuse LINK: a copy of the vault has two files"),
	OPT(CMD_OPT_FLAG, "shared", NULL, shared, 0, 0, NULL,
	    "other servers that say it may write, too"),
	OPT(CMD_OPT_TEXT, "state-dir", "DIR", state_dir, 0, 0, NULL,
	    "its own files [/var/lib/vaultnfs if root, else"
	    "\n                            ~/.local/state/vaultnfs]"),
	OPT(CMD_OPT_TEXT, "tune", "LIST", tune, 0, 0, NULL,
	    "for measuring: without ideas, as no-arena,no-inline"),
	OPT(CMD_OPT_WORD, "log-level", "error|warn|info|debug", log_level,
	    0, 0, "info", "what is logged to standard error"),
	CMD_PASS(struct args, pass),
	CMD_END
};

/* One VAULT[=NAME]. */
struct share {
	char		*path, *name;	/* allocated */
	struct vault	*v;
};

struct serve {
	const struct args	*args;
	struct share		*share;
	int			 n;
	struct cmd_listen	 at;
	uint16_t		 port;		/* where it listens */
	char			 replies[PATH_MAX];	/* file, or "" */
};

static void
set_log_level(const char *word)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug"
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			log_set_level((enum log_level)i);
}

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

/* The last part of a folder's path, allocated; NULL: none, or no memory. */
static char *
folder_name(const char *path)
{
	char *full, *name;

	if ((full = realpath(path, NULL)) == NULL)
		return NULL;
	name = strrchr(full, '/') + 1;
	name = name[0] == '\0' ? NULL : strdup(name);
	free(full);
	return name;
}

/*
 * VAULT=NAME is split at the last '=', unless the whole is a folder or what
 * follows cannot be a name.
 */
static enum cmd_exit
split_share(const struct cmd_call *call, struct share *sh, const char *word)
{
	const char *eq = strrchr(word, '=');
	struct stat st;

	if (eq != NULL && (strchr(eq, '/') != NULL || stat(word, &st) == 0))
		eq = NULL;
	if (eq == NULL) {
		sh->path = strdup(word);
		sh->name = folder_name(word);
	} else {
		sh->path = strndup(word, (size_t)(eq - word));
		sh->name = strdup(eq + 1);
	}
	if (sh->path != NULL && eq == NULL && sh->name == NULL) {
		if (stat(word, &st) == -1) {
			cmd_error("cannot open %s: %s", word,
			    strerror(errno));
			return errno == EACCES ? CMD_PERMISSION :
			    CMD_BADVAULT;
		}
		return cmd_usage(call, "%s: needs a name, as %s=NAME", word,
		    word);
	}
	if (sh->path == NULL || sh->name == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	if (sh->name[0] == '\0')
		return cmd_usage(call, "%s: the name after '=' is empty",
		    word);
	return CMD_DONE;
}

static enum cmd_exit
split_all(const struct cmd_call *call, struct serve *s)
{
	enum cmd_exit rc = CMD_DONE;
	int i, k;

	for (i = 0; i < s->n && rc == CMD_DONE; i++) {
		rc = split_share(call, &s->share[i], call->operand[i]);
		for (k = 0; k < i && rc == CMD_DONE; k++)
			if (strcmp(s->share[k].name, s->share[i].name) == 0)
				rc = cmd_usage(call, "two vaults are called "
				    "/%s: give one another name, as %s=NAME",
				    s->share[i].name, s->share[i].path);
	}
	return rc;
}

static enum cmd_exit
probe_all(const struct serve *s)
{
	struct verr e = { .code = VERR_NONE };
	struct vault_info info;
	int i;

	for (i = 0; i < s->n; i++)
		if (vault_probe(s->share[i].path, &info, &e) == -1)
			return cmd_fail_vault(&e, "open", s->share[i].path);
	return CMD_DONE;
}

static enum cmd_exit
open_one(const struct serve *s, struct share *sh, const struct pass *pass)
{
	struct verr e = { .code = VERR_NONE };
	enum cmd_exit rc = CMD_DONE;

	sh->v = cmd_open_with(sh->path, pass, s->args->read_only,
	    s->args->cache_size, &rc);
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
	    &s->port, &e) == -1)
		return cmd_fail(&e, "cannot listen on %s port %" PRIu64,
		    s->at.addr, s->args->port);
	return CMD_DONE;
}

static bool
use_state(struct serve *s, struct server *srv, struct verr *e)
{
	char dir[PATH_MAX - 64];
	unsigned mended;
	int i;

	if (statedir_make(s->args->state_dir, dir, sizeof(dir), e) == -1)
		return false;
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
	if ((rc = say_ready(s)) == CMD_DONE &&
	    server_run(srv, &e) == -1)
		rc = cmd_fail(&e, "serving ended");
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
		.dirty_max = (size_t)s->args->dirty_limit
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
		if (!s->args->read_only &&
		    vault_sync_names(s->share[i].v, &e) == -1)
			rc = cmd_first(rc, cmd_fail(&e, "%s",
			    s->share[i].path));
	return rc;
}

static enum cmd_exit
serve_run(const struct cmd_call *call)
{
	struct serve s = { .args = call->args, .n = call->n };
	enum cmd_exit rc;
	int i, fd = (int)s.args->ready_fd;

	set_log_level(s.args->log_level);
	if ((rc = cmd_tune(call, s.args->tune)) != CMD_DONE)
		return rc;
	if (s.args->multi_user && geteuid() != 0)
		return cmd_usage(call, "--multi-user: only root can act for "
		    "other users");
	if ((rc = cmd_listen_find(call, s.args->listen, &s.at)) != CMD_DONE)
		return rc;
	/* no password command is to inherit it */
	if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		return cmd_usage(call, "--ready-fd %d: no such open "
		    "descriptor", fd);
	if ((s.share = calloc((size_t)s.n, sizeof(*s.share))) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	if ((rc = split_all(call, &s)) == CMD_DONE &&
	    (rc = probe_all(&s)) == CMD_DONE)
		rc = serve(&s);
	for (i = 0; i < s.n; i++) {
		vault_close(s.share[i].v);
		free(s.share[i].path);
		free(s.share[i].name);
	}
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
	opts, sizeof(struct args), serve_run
};
