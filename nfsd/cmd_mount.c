/*
 * cmd_mount.c - vaultnfs mount: serve a vault, and have the kernel mount it.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/callout.h"
#include "nfsd/cmd_mount.h"
#include "nfsd/cmd_out.h"
#include "nfsd/vaults.h"
#include "vault/vault.h"
#include "xdr/nfs3.h"

#define ROOT_MS		30000	/* for the root's handle, on a slow disk */

/* A word that is no path may be a vault's name in the configuration. */
static enum cmd_exit
look_up_name(struct cmd_mounting *m, struct vaults_entry *v)
{
	struct verr e = { .code = VERR_NONE };
	const char *word = m->vault_word;
	struct stat st;

	if (strchr(word, '/') != NULL || (m->args->config == NULL &&
	    stat(word, &st) == 0))
		return CMD_DONE;
	if (vaults_find(m->args->config, word, v, &e) == 0) {
		m->vault_word = v->path;
		return CMD_DONE;
	}
	if (e.code != VERR_NOENT)
		return cmd_fail(&e, "configuration");
	if (strchr(word, '=') != NULL)
		return CMD_DONE;
	cmd_error("%s: there is no such folder, and no vault of that name in a "
	    "configuration (%s)", word, e.text);
	return CMD_NOTFOUND;
}

/* Its options come first, so that the command line's replace them. */
static enum cmd_exit
take_entry(struct cmd_mounting *m, const struct vaults_entry *v)
{
	char origin[PATH_MAX + 16];

	if (v->path[0] == '\0')
		return CMD_DONE;
	(void)snprintf(origin, sizeof(origin), "%s:%d", v->file, v->line);
	if (m->dir_word == NULL && v->mount[0] != '\0')
		m->dir_word = v->mount;
	return cmd_mount_list(m, v->options, origin);
}

/* The vault's folder and the export's name, as serve has them. */
static enum cmd_exit
find_vault(struct cmd_mounting *m)
{
	char *word[] = { (char *)(uintptr_t)m->vault_word, NULL };
	struct cmd_call call = { .cmd = m->call->cmd, .n = 1,
	    .operand = word };
	struct share share = { .path = NULL };
	struct serve s = { .share = &share, .n = 1 };
	enum cmd_exit rc;
	char *full;

	if ((rc = cmd_share_split(&call, &s)) == CMD_DONE &&
	    (rc = cmd_share_probe(&s)) == CMD_DONE) {
		full = realpath(share.path, NULL);
		if (full == NULL || strlen(full) >= sizeof(m->vault) ||
		    strlen(share.name) >= sizeof(m->name)) {
			cmd_error("cannot open %s: the path is too long",
			    share.path);
			rc = CMD_FAILED;
		} else {
			strcpy(m->vault, full);
			strcpy(m->name, share.name);
		}
		free(full);
	}
	free(share.path);
	free(share.name);
	return rc;
}

/* Could it work at all?  Who is not root may have an entry in fstab. */
static enum cmd_exit
check_client(struct cmd_mounting *m)
{
	struct verr e = { .code = VERR_NONE };
	char advice[PATH_MAX + 512];

	if (m->revived || mount_can(m->dir, &e) == 0)
		return CMD_DONE;
	if (e.code != VERR_PERM || geteuid() == 0) {
		cmd_error("%s", e.text);
		return e.code == VERR_PERM ? CMD_PERMISSION : CMD_MOUNT;
	}
	if (mount_entry(m->dir, &m->port)) {
		m->by_entry = true;
		return CMD_DONE;
	}
	mount_advice(m->dir, m->name, advice, sizeof(advice));
	cmd_error("cannot mount on %s: %s", m->dir, advice);
	return CMD_PERMISSION;
}

static enum cmd_exit
prepare(struct cmd_mounting *m)
{
	struct verr e = { .code = VERR_NONE };
	enum cmd_exit rc;

	if ((rc = find_vault(m)) != CMD_DONE ||
	    (rc = cmd_mount_parse(m)) != CMD_DONE)
		return rc;
	if (cmd_mount_dir(m->dir_word, m->table, m->dir, &e) == -1) {
		cmd_error("cannot mount on %s", e.text);
		return e.code == VERR_NOENT ? CMD_NOTFOUND : CMD_MOUNT;
	}
	if ((rc = cmd_mount_check(m)) != CMD_DONE || m->already ||
	    (rc = check_client(m)) != CMD_DONE)
		return rc;
	return cmd_mount_prepare(m);
}

/* In the server's network: its root's handle, and the mount itself. */
static int
mount_there(struct cmd_mounting *m, struct verr *e)
{
	struct mount_how *how;
	struct nfs3_fh root;
	int fd, rc = -1;

	if ((how = calloc(1, sizeof(*how))) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory");
	how->dir = m->dir;
	how->name = m->name;
	how->port = m->port;
	how->read_only = m->read_only;
	how->opts = m->client;
	if ((fd = callout_open(MOUNT_HOST, m->port, ROOT_MS, e)) != -1) {
		rc = callout_mnt(fd, m->name, ROOT_MS, &root, e);
		callout_close(fd);
	}
	if (rc == 0) {
		how->root_len = root.len;
		memcpy(how->root, root.data, root.len);
		rc = mount_do(how, e);
	}
	free(how);
	return rc;
}

static int
do_mount(struct cmd_mounting *m, struct verr *e)
{
	int back = -1, rc;

	if (m->revived)
		return 0;
	if (m->by_entry)
		return mount_by_entry(m->dir, false, e);
	if (m->net != -1 && mount_net_enter(m->net, &back, e) == -1)
		return -1;
	rc = mount_there(m, e);
	if (back != -1) {
		(void)mount_net_enter(back, NULL, NULL);
		(void)close(back);
	}
	return rc;
}

/* It is there before the mount is, so that a crash of ours is cleaned up. */
static enum cmd_exit
note(struct cmd_mounting *m)
{
	struct verr e = { .code = VERR_NONE };
	struct mount_record *r = &m->rec;

	strcpy(r->vault, m->vault);
	strcpy(r->name, m->name);
	r->pid = (long)m->pid;
	r->uid = (long)m->uid;
	r->port = m->port;
	r->read_only = m->read_only;
	if (mount_record_write(r, &e) == 0)
		return CMD_DONE;
	return cmd_fail(&e, "cannot note the mount");
}

enum cmd_exit
cmd_mount_go(struct cmd_mounting *m)
{
	struct verr e = { .code = VERR_NONE };
	enum cmd_exit rc;

	m->net = m->log = m->rec.fd = m->mounting = -1;
	cmd_catch_signals();
	if ((m->table = mount_table_open(&e)) == NULL)
		return cmd_fail(&e, "cannot mount");
	if ((rc = prepare(m)) != CMD_DONE || m->already ||
	    (rc = cmd_mount_start(m)) != CMD_DONE)
		return rc;
	if ((rc = note(m)) == CMD_DONE && do_mount(m, &e) == -1) {
		cmd_error("%s", cmd_sentence(&e));
		rc = e.code == VERR_PERM ? CMD_PERMISSION : CMD_MOUNT;
	}
	cmd_mount_done(m);
	if (rc != CMD_DONE)
		cmd_mount_stop(m);
	return rc;
}

void
cmd_mount_end(struct cmd_mounting *m)
{
	unsigned i;

	/* Not mounted: nothing is left of it. */
	if (m->rec.fd > 0 && !m->rec.alive && m->pid == 0 && !m->revived)
		mount_record_remove(&m->rec);
	if (m->rec.file[0] != '\0')
		mount_record_close(&m->rec);
	cmd_mount_done(m);
	if (m->net > 0)
		(void)close(m->net);
	if (m->log > 0)
		(void)close(m->log);
	mount_table_close(m->table);
	free(m->entry);
	for (i = 0; i < m->nserve; i++)
		free(m->serve[i]);
	for (i = 0; i < m->nkept; i++)
		free(m->kept[i]);
	free(m);
}

static enum cmd_exit
report(const struct cmd_mounting *m)
{
	json_t *o;

	if (!m->args->json) {
		fputs("mounted ", stdout);
		cmd_out_name(m->name, strlen(m->name));
		fputs(" on ", stdout);
		cmd_out_name(m->dir, strlen(m->dir));
		puts(m->revived ? " (its server had died: programs go on)" :
		    m->read_only ? " (read-only)" : "");
		return CMD_DONE;
	}
	o = json_pack("{s:i, s:I, s:I, s:b, s:b, s:b}", "port", (int)m->port,
	    "pid", (json_int_t)m->pid, "uid", (json_int_t)m->uid,
	    "read_only", m->read_only, "private_net", m->net != -1,
	    "revived", m->revived);
	if (o != NULL && cmd_json_bytes(o, "mounted", "mounted_hex", m->dir,
	    strlen(m->dir)) && cmd_json_bytes(o, "vault", "vault_hex",
	    m->vault, strlen(m->vault)) && cmd_json_bytes(o, "name",
	    "name_hex", m->name, strlen(m->name)) && cmd_json_print(o))
		return CMD_DONE;
	cmd_error("out of memory");
	return CMD_FAILED;
}

enum cmd_exit
cmd_mount_words(struct cmd_mounting *m, const struct cmd_call *call)
{
	struct vaults_entry *v;
	enum cmd_exit rc;

	m->call = call;
	m->args = call->args;
	m->vault_word = call->operand[0];
	mount_opts_init(&m->client, mount_opts_here);
	if ((v = calloc(1, sizeof(*v))) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	m->entry = v;
	if ((rc = look_up_name(m, v)) != CMD_DONE ||
	    (rc = take_entry(m, v)) != CMD_DONE)
		return rc;
	return cmd_mount_all_lists(m);
}

static enum cmd_exit
mount_run(const struct cmd_call *call)
{
	struct cmd_mounting *m;
	enum cmd_exit rc;

	if ((m = calloc(1, sizeof(*m))) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	m->dir_word = call->n > 1 ? call->operand[1] : NULL;
	if ((rc = cmd_mount_words(m, call)) == CMD_DONE &&
	    m->dir_word == NULL)
		rc = cmd_usage(call, "needs a folder to mount %s on",
		    call->operand[0]);
	/* mount(8) is silent when all is well */
	if (rc == CMD_DONE && (rc = cmd_mount_go(m)) == CMD_DONE && !m->again)
		rc = report(m);
	cmd_mount_end(m);
	return rc;
}

const struct cmd cmd_mount = {
	"mount", "VAULT[=NAME] [DIR]", 1, 2,
	"serve a vault in the background, and mount it on DIR",
	"VAULT is a folder, or a name in the configuration, which may say DIR\n"
	"too:\n\n"
	"  vault photos {\n"
	"      path = \"/srv/Photos\"\n"
	"      mount = \"~/Photos\"\n"
	"      options = \"idle-lock=30m,password-file=/etc/photos.pw\"\n"
	"  }\n\n"
	"-o takes options of this command (ro, uid=NAME, nonempty,\n"
	"password-file=F, password-command=CMD, password-env=NAME), of serve\n"
	"(cache-size=64M, idle-lock=30m, state-dir=DIR, no-sandbox ...), and\n"
	"of the NFS client (rsize=N, actimeo=N, nocto, noexec ...).  A comma\n"
	"in a value is \"\\,\".  As root on Linux the server is in a network\n"
	"of its own, where nobody else can connect (-o no-private-net: it is\n"
	"not).\n"
	"Who is not root needs an entry in fstab; it is told which.\n\n"
	"If the server of a mount has died, the same command starts it again,\n"
	"and programs that wait go on.  'vaultnfs umount DIR' ends both; so "
	"does\numount(8).\n",
	cmd_mount_opts, sizeof(struct cmd_mount_args), mount_run
};
