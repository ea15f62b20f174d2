/*
 * cmd_mount_serve.c - vaultnfs mount: the process that serves.
 *
 * It is "vaultnfs serve" in a child: its options were parsed before the fork,
 * the password comes through a pipe, "ready" goes through another, and its
 * messages into the log, from which the mounter shows those of a start that
 * failed.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/cmd_mount.h"
#include "nfsd/statedir.h"

#define PRIVATE_PORT	2049	/* in a network where nobody else is */
#define LOG_KEPT	(1 << 20)	/* bytes: a longer one begins anew */
#define FD_LOOK_MAX	4096

/* As root: whose server is it? */
static enum cmd_exit
find_user(struct cmd_mounting *m)
{
	const struct passwd *pw = NULL;
	struct stat st;
	char *end;
	long n;

	m->uid = geteuid();
	m->gid = getegid();
	if (m->uid != 0) {
		if (m->user != NULL)
			return cmd_usage(m->call, "only root can serve as "
			    "another user");
		return CMD_DONE;
	}
	if (m->user != NULL) {
		n = strtol(m->user, &end, 10);
		pw = *end == '\0' && n >= 0 ? getpwuid((uid_t)n) :
		    getpwnam(m->user);
		if (pw == NULL && *end != '\0')
			return cmd_usage(m->call, "there is no user %s",
			    m->user);
		m->uid = pw != NULL ? pw->pw_uid : (uid_t)n;
	} else if (!m->multi_user && stat(m->vault, &st) == 0) {
		m->uid = st.st_uid;
		m->gid = st.st_gid;
		pw = getpwuid(st.st_uid);
	}
	if (pw != NULL) {
		m->gid = pw->pw_gid;
		(void)snprintf(m->login, sizeof(m->login), "%s", pw->pw_name);
		(void)snprintf(m->home, sizeof(m->home), "%s", pw->pw_dir);
	}
	return CMD_DONE;
}

static enum cmd_exit
parse_for_serve(struct cmd_mounting *m)
{
	static char dashes[] = "--";
	struct verr e = { .code = VERR_NONE };
	unsigned i;
	bool help;

	(void)snprintf(m->share, sizeof(m->share), "%s=%s", m->vault, m->name);
	for (i = 0; i < m->nserve; i++)
		m->serve_argv[i] = m->serve[i];
	m->serve_argv[i++] = dashes;
	m->serve_argv[i++] = m->share;
	m->serve_call.cmd = &cmd_serve;
	m->serve_call.args = &m->serve_args;
	if (cmd_parse(&m->serve_call, (int)i, m->serve_argv, &help, &e) == -1)
		return cmd_usage(m->call, "-o %s", e.text + (strncmp(e.text,
		    "--", 2) == 0 ? 2 : 0));
	return CMD_DONE;
}

/* Its port, and its network: the same again if it is mounted already. */
static int
find_place(struct cmd_mounting *m, struct verr *e)
{
	bool given = false;
	unsigned i;

	for (i = 0; i < m->nserve; i++)
		if (strncmp(m->serve[i], "--port=", 7) == 0)
			given = true;
	if (m->revived) {
		m->port = m->rec.port;
		if (m->rec.net[0] != '\0' &&
		    (m->net = mount_net_open(m->rec.net, e)) == -1)
			return -1;
		return 0;
	}
	if (m->by_entry)
		return 0;	/* what fstab says is in m->port */
	m->port = given ? (uint16_t)m->serve_args.port : 0;
	if (mount_opts_here != MOUNT_LINUX || geteuid() != 0 ||
	    m->no_private_net)
		return 0;
	if (!given)
		m->port = PRIVATE_PORT;
	if ((m->net = mount_net_new(e)) == -1)
		return -1;
	(void)snprintf(m->rec.net, sizeof(m->rec.net), "%.*s.net",
	    PATH_MAX - 8, m->rec.file);
	mount_net_forget(m->rec.net);	/* of a mount that is gone */
	if (mount_net_keep(m->net, m->rec.net, e) == -1)
		m->rec.net[0] = '\0';	/* then a restart is not possible */
	return 0;
}

static int
open_log(struct cmd_mounting *m, struct verr *e)
{
	char dir[PATH_MAX - 300];
	const char *path = m->args->log_file;

	if (path != NULL) {
		(void)snprintf(m->rec.log, sizeof(m->rec.log), "%s", path);
	} else {
		if (statedir_make(NULL, dir, sizeof(dir), e) == -1)
			return -1;
		(void)snprintf(m->rec.log, sizeof(m->rec.log), "%s/"
		    "mount-%.200s.log", dir, m->name);
	}
	m->log = open(m->rec.log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (m->log == -1)
		return verr_sys(e, "cannot write the log %s", m->rec.log);
	m->log_from = (long)lseek(m->log, 0, SEEK_END);
	if (m->log_from > LOG_KEPT && ftruncate(m->log, 0) == 0)
		m->log_from = 0;
	return 0;
}

enum cmd_exit
cmd_mount_parse(struct cmd_mounting *m)
{
	enum cmd_exit rc = find_user(m);

	return rc == CMD_DONE ? parse_for_serve(m) : rc;
}

enum cmd_exit
cmd_mount_prepare(struct cmd_mounting *m)
{
	struct verr e = { .code = VERR_NONE };

	if (find_place(m, &e) == -1 || open_log(m, &e) == -1)
		return cmd_fail(&e, "cannot serve %s", m->vault);
	m->serve_args.port = m->port;
	m->serve_args.read_only |= m->read_only;
	m->read_only = m->serve_args.read_only;
	m->serve_args.mounted = m->dir;
	return CMD_DONE;
}

struct watch {
	struct mount_table	*t;
	const char		*dir;
	char			 id[MOUNT_ID_MAX];	/* "": not seen yet */
	int			 mounter;	/* at its end: it has mounted,
						   or never will */
};

static bool
has_ended(int fd)
{
	char c;

	return read(fd, &c, 1) == 0;
}

/*
 * Once it has been seen, the table is read only when nobody is connected.  The
 * mounter may end between two looks, and somebody unmount by then, so the table
 * is read after that question.
 */
static bool
still_mounted(void *ctx, bool connected)
{
	struct watch *w = ctx;
	bool ended;

	if (w->id[0] != '\0')
		return connected || mount_table_has(w->t, w->id);
	ended = has_ended(w->mounter);
	if (mount_table_look(w->t, w->dir, w->id) == MOUNT_IS_NFS)
		return true;
	w->id[0] = '\0';
	return !ended;
}

static void
set_environment(const struct cmd_mounting *m)
{
	char run[64];

	(void)snprintf(run, sizeof(run), "/run/user/%lu",
	    (unsigned long)m->uid);
	(void)unsetenv("XDG_STATE_HOME");
	(void)unsetenv("XDG_RUNTIME_DIR");
	if (access(run, X_OK) == 0)
		(void)setenv("XDG_RUNTIME_DIR", run, 1);
	(void)setenv("HOME", m->home, 1);
	(void)setenv("USER", m->login, 1);
	(void)setenv("LOGNAME", m->login, 1);
}

/* Root gives up being root; what only root can do has been done. */
static int
become(const struct cmd_mounting *m, struct verr *e)
{
	int rc;

	if (m->uid == geteuid())
		return 0;
	rc = m->login[0] != '\0' ? initgroups(m->login, m->gid) :
	    setgroups(1, &m->gid);
	if (rc == -1 || setgid(m->gid) == -1 || setuid(m->uid) == -1)
		return verr_sys(e, "cannot become user %lu",
		    (unsigned long)m->uid);
	/* a change of user may undo what this does */
	secret_process_init();
	set_environment(m);
	return 0;
}

/* As much of it as this user may: keys in memory, and no waiting for itself. */
static void
ask_for_more(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

#ifdef RLIMIT_MEMLOCK
	if (geteuid() == 0)
		(void)setrlimit(RLIMIT_MEMLOCK, &r);
#endif
#ifdef PR_SET_IO_FLUSHER
	(void)prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
#endif
	(void)r;
}

/* Nothing of the caller's stays open in a server that outlives it. */
static void
close_others(const int *kept, unsigned n)
{
	int fd, null = open("/dev/null", O_RDWR);
	unsigned i;

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	for (fd = STDERR_FILENO + 1; fd < FD_LOOK_MAX; fd++) {
		for (i = 0; i < n && kept[i] != fd; i++)
			continue;
		if (i == n)
			(void)close(fd);
	}
}

static int
set_apart(struct cmd_mounting *m, struct verr *e)
{
	ask_for_more();
	/* a chroot, say, has no such thing: then without */
	if (geteuid() == 0 && mount_hide(m->dir, m->revived, e) == -1)
		log_warn("%s", e->text);
	/* not before: autofs would have other process groups wait at dir */
	(void)setsid();
	if (m->net != -1 && mount_net_enter(m->net, NULL, e) == -1)
		return -1;
	return become(m, e);
}

/* In the child; its exit. */
static int
serve(struct cmd_mounting *m, int pass_fd, int ready_fd, int mounter_fd)
{
	struct watch w = { .dir = m->dir, .mounter = mounter_fd };
	struct verr e = { .code = VERR_NONE };
	char number[16];
	int rc;

	(void)dup2(m->log, STDERR_FILENO);
	if ((w.t = mount_table_open(&e)) == NULL || set_apart(m, &e) == -1)
		return cmd_fail(&e, "cannot serve %s", m->vault);
	close_others((const int[]){ pass_fd, ready_fd, mounter_fd, m->rec.fd,
	    mount_table_fd(w.t) }, 5);
	if (chdir("/") == -1)
		log_warn("cannot leave the folder: %s", strerror(errno));
	(void)snprintf(number, sizeof(number), "%d", pass_fd);
	m->serve_args.pass.kind = PASS_FD;
	m->serve_args.pass.arg = number;
	m->serve_args.ready_fd = (uint64_t)ready_fd;
	m->serve_args.still = still_mounted;
	m->serve_args.still_ctx = &w;
	rc = cmd_serve.run(&m->serve_call);
	mount_record_ended(m->rec.fd, rc);
	return rc;
}

/* The password, with a newline that pass_read() takes off again. */
static void
give_password(int fd, const struct pass *pass)
{
	size_t sent = 0;
	ssize_t n = 1;

	while (sent < pass->len && n > 0) {
		n = write(fd, pass->text + sent, pass->len - sent);
		if (n > 0)
			sent += (size_t)n;
	}
	/* a server that ends early says why by itself */
	if (n > 0 && write(fd, "\n", 1) == -1)
		errno = 0;
}

/* "ready 127.0.0.1:PORT /NAME": false: it ended, or a signal ends us. */
static bool
wait_ready(struct cmd_mounting *m, int fd)
{
	char line[512], *colon;
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(line) - 1 && !cmd_stopped()) {
		n = read(fd, line + len, sizeof(line) - 1 - len);
		if (n == 0 || (n == -1 && errno != EINTR))
			break;
		if (n > 0)
			len += (size_t)n;
		line[len] = '\0';
		if (strchr(line, '\n') != NULL &&
		    (colon = strchr(line, ':')) != NULL) {
			m->port = (uint16_t)atoi(colon + 1);
			return true;
		}
	}
	return false;
}

/* What the server said, but for what is only of interest later. */
static bool
show_errors(struct cmd_mounting *m)
{
	char line[1024];
	bool shown = false;
	FILE *f;

	if ((f = fdopen(dup(m->log), "r")) == NULL)
		return false;
	if (fseek(f, m->log_from, SEEK_SET) == 0)
		while (fgets(line, sizeof(line), f) != NULL) {
			line[strcspn(line, "\n")] = '\0';
			if (strncmp(line, "vaultnfs: ", 10) != 0 ||
			    strncmp(line + 10, "info: ", 6) == 0 ||
			    strncmp(line + 10, "warn", 4) == 0 ||
			    strncmp(line + 10, "debug: ", 7) == 0)
				continue;
			cmd_error("%s", line + 10);
			shown = true;
		}
	(void)fclose(f);
	return shown;
}

static enum cmd_exit
start_failed(struct cmd_mounting *m)
{
	int status = 0;

	if (cmd_stopped())
		(void)kill(m->pid, SIGKILL);
	while (waitpid(m->pid, &status, 0) == -1 && errno == EINTR)
		continue;
	m->pid = 0;
	if (cmd_stopped())
		return CMD_FAILED;
	if (!show_errors(m))
		cmd_error("the server of %s ended before it was ready; see %s",
		    m->vault, m->rec.log);
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
	    (enum cmd_exit)WEXITSTATUS(status) : CMD_FAILED;
}

static enum cmd_exit
start_with(struct cmd_mounting *m, struct pass *pass)
{
	int to[2], from[2], mounting[2];
	bool ready;

	if (pipe(to) == -1 || pipe(from) == -1 || pipe(mounting) == -1 ||
	    fcntl(mounting[0], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(mounting[1], F_SETFD, FD_CLOEXEC) == -1) {
		cmd_error("cannot make a pipe: %s", strerror(errno));
		return CMD_FAILED;
	}
	if ((m->pid = fork()) == 0) {
		pass_fini(pass);
		(void)close(to[1]);
		(void)close(from[0]);
		(void)close(mounting[1]);
		_exit(serve(m, to[0], from[1], mounting[0]));
	}
	m->mounting = mounting[1];
	(void)close(to[0]);
	(void)close(from[1]);
	(void)close(mounting[0]);
	if (m->pid == -1) {
		cmd_error("cannot fork: %s", strerror(errno));
		m->pid = 0;
		return CMD_FAILED;
	}
	give_password(to[1], pass);
	(void)close(to[1]);
	ready = wait_ready(m, from[0]);
	(void)close(from[0]);
	return ready ? CMD_DONE : start_failed(m);
}

enum cmd_exit
cmd_mount_start(struct cmd_mounting *m)
{
	struct verr e = { .code = VERR_NONE };
	char prompt[PATH_MAX + 32];
	enum cmd_exit rc;
	struct pass pass;

	(void)snprintf(prompt, sizeof(prompt), "password of %s", m->vault);
	if (pass_read(&pass, &m->pass, prompt, false, &e) == -1)
		return cmd_fail(&e, "no password for %s", m->vault);
	(void)signal(SIGPIPE, SIG_IGN);
	rc = start_with(m, &pass);
	pass_fini(&pass);
	return rc;
}

void
cmd_mount_done(struct cmd_mounting *m)
{
	if (m->mounting > 0)
		(void)close(m->mounting);
	m->mounting = -1;
}

void
cmd_mount_stop(struct cmd_mounting *m)
{
	if (m->pid == 0)
		return;
	(void)kill(m->pid, SIGTERM);
	while (waitpid(m->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	m->pid = 0;
}
