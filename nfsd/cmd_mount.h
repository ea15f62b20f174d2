/*
 * cmd_mount.h - inside of vaultnfs mount, umount and exec, for
 * nfsd/cmd_mount*.c, cmd_umount.c and cmd_exec.c.
 *
 * The process that was called (the mounter) checks all that can be checked,
 * asks for the password, and forks the server; when that says "ready", it asks
 * for the root's handle and mounts.  The server is a process of its own, which
 * sees neither the terminal nor the mount.
 */
#ifndef NFSD_CMD_MOUNT_H
#define NFSD_CMD_MOUNT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "nfsd/cmd.h"
#include "nfsd/cmd_serve.h"
#include "nfsd/mount.h"
#include "nfsd/mount_record.h"

#define CMD_MOUNT_OPTS	32u	/* options for the server */

/* cmd_helper.c: "mount -a" calls us for what is mounted, too */
#define CMD_MOUNT_AGAIN	"x-vaultnfs.again"

struct cmd_mount_args {
	struct pass_source	 pass;
	struct cmd_words	 opts;		/* -o */
	const char		*user, *config, *log_file, *run_dir;
	bool			 read_only, json;
};

extern const struct cmd_opt cmd_mount_opts[], cmd_exec_opts[];

struct cmd_mounting {
	const struct cmd_call	*call;
	const struct cmd_mount_args *args;
	struct mount_table	*table;

	/* what, and where: as given (dir_word NULL: not), and as it is */
	const char		*vault_word, *dir_word;
	struct vaults_entry	*entry;		/* these may point into it */
	char			 vault[PATH_MAX];	/* absolute */
	char			 name[256];
	char			 dir[PATH_MAX];		/* absolute */
	char			 run[PATH_MAX];

	/* how; cmd_mount_opt.c */
	struct pass_source	 pass;
	const char		*user;		/* NULL: the vault's owner */
	struct mount_opts	 client;
	char			*serve[CMD_MOUNT_OPTS];	/* "--cache-size=1M":
							   allocated */
	unsigned		 nserve;
	char			*kept[CMD_MOUNT_OPTS];	/* other texts: the
							   same */
	unsigned		 nkept;
	bool			 read_only, no_private_net, nonempty;
	bool			 multi_user;
	bool			 again;		/* it may be there already */
	bool			 already;	/* and it is */

	/* the server; cmd_mount_serve.c */
	struct serve_args	 serve_args;
	struct cmd_call		 serve_call;
	char			*serve_argv[CMD_MOUNT_OPTS + 3];
	char			 share[PATH_MAX + 256];	/* VAULT=NAME */
	uid_t			 uid;
	gid_t			 gid;
	char			 login[64], home[PATH_MAX];
	uint16_t		 port;
	int			 net;		/* its network, or -1 */
	int			 log;		/* its standard error, or -1 */
	long			 log_from;	/* where that began */
	pid_t			 pid;		/* 0: none */
	int			 mounting;	/* the server waits for its
						   end; -1: closed */
	struct mount_record	 rec;		/* locked; fd -1: not open */
	bool			 by_entry;	/* fstab lets us */
	bool			 revived;	/* it was mounted already */
};

/*
 * cmd_mount_opt.c.  A list "a,b=c" (with "\," for a comma in a value) as -o has
 * it; origin is what an error names.
 */
enum cmd_exit cmd_mount_list(struct cmd_mounting *m, const char *list,
    const char *origin);
enum cmd_exit cmd_mount_all_lists(struct cmd_mounting *m);

/*
 * cmd_mount_dir.c.  path, absolute and without links; what is mounted there is
 * not touched, for its server may be dead.
 */
int cmd_mount_dir(const char *path, struct mount_table *t,
    char out[PATH_MAX], struct verr *e);

/* Can m->dir be mounted on; m->rec is open and ours then. */
enum cmd_exit cmd_mount_check(struct cmd_mounting *m);

/* The folder of records: given, or the usual one, made if need be. */
int cmd_mount_run_dir(const char *given, char out[PATH_MAX],
    struct verr *e);

/*
 * cmd_mount_serve.c.  Its options; its place, port and log; then fork the
 * server, and it is ready, or the line is printed.
 */
enum cmd_exit cmd_mount_parse(struct cmd_mounting *m);
enum cmd_exit cmd_mount_prepare(struct cmd_mounting *m);
enum cmd_exit cmd_mount_start(struct cmd_mounting *m);
void cmd_mount_done(struct cmd_mounting *m);	/* mounted, or not: the server
						   ends by itself when it is
						   not mounted (any more) */
void cmd_mount_stop(struct cmd_mounting *m);

/*
 * cmd_mount.c.  A zeroed m from the first operand, the configuration and the
 * options; then m->dir_word to mounted, with all that was said; and
 * cmd_mount_end(), which frees it, in any case.
 */
enum cmd_exit cmd_mount_words(struct cmd_mounting *m,
    const struct cmd_call *call);
enum cmd_exit cmd_mount_go(struct cmd_mounting *m);
void cmd_mount_end(struct cmd_mounting *m);

/* cmd_umount.c.  Unmount r->dir and end its server; the lines are printed. */
struct cmd_umount {
	bool	force;		/* nothing is waited for */
	bool	was_dead;	/* set: the server had died */
};
enum cmd_exit cmd_umount_record(struct mount_record *r,
    struct mount_table *t, struct cmd_umount *how);

#endif /* NFSD_CMD_MOUNT_H */
