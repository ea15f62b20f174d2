/*
 * cmd_serve.h - inside of vaultnfs serve, for nfsd/cmd_serve*.c.
 *
 * cmd_serve.c runs the server; cmd_serve_opt.c has its options, cmd_share.c
 * the words VAULT[=NAME].
 */
#ifndef NFSD_CMD_SERVE_H
#define NFSD_CMD_SERVE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "nfsd/cmd.h"
#include "nfsd/cmd_gate.h"
#include "nfsd/cmd_listen.h"
#include "nfsd/server.h"

struct vault;
struct vault_options;

struct serve_args {
	struct pass_source	 pass;
	const char		*listen, *log_level, *state_dir, *tune;
	const char		*run_dir, *idle_lock, *when_locked, *metrics;
	uint64_t		 port, loops, workers, cache_size, ready_fd;
	uint64_t		 dirty_limit;
	bool			 read_only, rpcbind, shared, multi_user;
	bool			 no_links, sync_names;
	uint64_t		 max_conns, max_pending;
	bool			 sandbox, no_sandbox, log_names;
	struct cmd_gate_args	 gate;

	/* by cmd_mount_serve.c, not by options: where it is mounted, and
	   whether it still is; or NULL */
	const char		*mounted;
	bool			(*still)(void *ctx, bool connected);
	void			*still_ctx;
};

/* One VAULT[=NAME]. */
struct share {
	char		*path, *name;	/* allocated */
	struct vault	*v;
};

struct serve {
	const struct serve_args *args;
	struct share		*share;
	int			 n;
	struct cmd_listen	 at;
	struct cmd_gate		 gate;
	uint16_t		 port;		/* where it listens */
	char			 state[PATH_MAX - 64];	/* folder, or "" */
	char			 replies[PATH_MAX];	/* file, or "" */
	struct server_about	 about;
	char			**vaults;	/* its: allocated */
	char			*state_dir;	/* its: allocated */
	char			 control[PATH_MAX];	/* socket, or "" */
	uint64_t		 idle_s;	/* --idle-lock, or 0 */
	int			 notify;	/* notify.h, or -1 */
	char			 metrics_at[64];	/* --metrics */
	uint16_t		 metrics_port;
	bool			 metrics_far;	/* other hosts can connect */
	bool			 journal;	/* the vaults have one */
	bool			 boxed;		/* in the sandbox */
};

extern const struct cmd_opt cmd_serve_opts[];

/* --log-level. */
void cmd_serve_log_level(const char *word);

/* Fill s->share from the operands; they are freed with s. */
enum cmd_exit cmd_share_split(const struct cmd_call *call, struct serve *s);

/*
 * cmd_serve_ctl.c: be found and asked in the run directory, until
 * cmd_serve_hide().  The server listens, and its state directory is known.
 */
enum cmd_exit cmd_serve_show(struct serve *s, struct server *srv);
void cmd_serve_hide(struct serve *s);

#define CMD_IDLE_MAX	(365 * 86400)	/* seconds */

/* cmd_serve_lock.c: --idle-lock; and let the vaults be locked. */
enum cmd_exit cmd_serve_idle(const struct cmd_call *call, struct serve *s);
int cmd_serve_keys(struct serve *s, struct server *srv, struct verr *e);
/* How the vaults are opened, now and after a lock. */
void cmd_serve_options(const struct serve *s, struct vault_options *o);

/*
 * cmd_serve_box.c: give up what serving does not need.  Everything is open, and
 * no thread there yet.
 */
enum cmd_exit cmd_serve_enter(struct serve *s);

/*
 * cmd_serve_life.c: --metrics, looked at and then begun; the calls for systemd
 * are made ready, and it is told that clients may come.
 */
enum cmd_exit cmd_serve_metrics(const struct cmd_call *call, struct serve *s);
enum cmd_exit cmd_serve_tell(struct serve *s, struct server *srv);
int cmd_serve_live(struct serve *s, struct server *srv, struct verr *e);
void cmd_serve_say_ready(const struct serve *s);

/* Is each of them a vault at all? */
enum cmd_exit cmd_share_probe(const struct serve *s);

#endif /* NFSD_CMD_SERVE_H */
