/*
 * cmd_status.c - vaultnfs status: the servers of this user that run.
 */
#include "config.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nfsd/cmd.h"
#include "nfsd/cmd_ask.h"
#include "nfsd/cmd_out.h"
#include "nfsd/mount.h"
#include "nfsd/mount_record.h"
#include "nfsd/rundir.h"
#include "nfsd/statedir.h"

struct args {
	struct cmd_ask_which	which;
	bool			json;
};

static const struct cmd_opt opts[] = {
	CMD_ASK_ROWS(struct args, which),
	CMD_JSON(struct args, json),
	CMD_END
};

static void
print_since(const json_t *o)
{
	time_t since = (time_t)cmd_ask_number(o, "since");
	char at[64], up[32];
	struct tm tm;

	cmd_ask_duration(cmd_ask_number(o, "uptime_us"), up, sizeof(up));
	if (localtime_r(&since, &tm) == NULL ||
	    strftime(at, sizeof(at), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		strcpy(at, "?");
	printf("since %s (%s)\n", at, up);
}

static void
print_one(const json_t *o)
{
	char address[80];
	const json_t *x;
	size_t i;

	cmd_ask_address(o, address, sizeof(address));
	printf("%s  pid %" PRIu64 "  %s  ", address, cmd_ask_number(o, "pid"),
	    json_is_true(json_object_get(o, "locked")) ? "locked" :
	    "unlocked");
	print_since(o);
	json_array_foreach(json_object_get(o, "exports"), i, x) {
		const char *name = cmd_ask_text(x, "name");
		const char *vault = cmd_ask_text(x, "vault");

		fputs("  /", stdout);
		cmd_out_name(name, strlen(name));
		fputs("  ", stdout);
		cmd_out_name(vault, strlen(vault));
		fputs(json_is_true(json_object_get(x, "read_only")) ?
		    "  read-only" : "", stdout);
		if (json_object_get(o, "mounted") != NULL) {
			const char *dir = cmd_ask_text(o, "mounted");

			fputs("  on ", stdout);
			cmd_out_name(dir, strlen(dir));
		}
		putchar('\n');
	}
}

/* Mounts whose servers did not answer: they are dead, or another user's. */
struct others {
	const struct cmd_ask_list *known;
	struct mount_table	*table;
	json_t			*list;
};

static void
look_at_mount(void *ctx, struct mount_record *r)
{
	struct others *k = ctx;
	json_t *o;
	size_t i;

	for (i = 0; i < k->known->n; i++)
		if (r->alive && cmd_ask_number(k->known->v[i].status, "pid") ==
		    (uint64_t)r->pid)
			return;
	if (!r->alive &&
	    mount_table_look(k->table, r->dir, NULL) != MOUNT_IS_NFS) {
		mount_record_remove(r);		/* of one that has ended */
		return;
	}
	o = json_pack("{s:b, s:I, s:I, s:i, s:b}", "alive", (int)r->alive,
	    "pid", (json_int_t)r->pid, "uid", (json_int_t)r->uid, "port",
	    (int)r->port, "read_only", (int)r->read_only);
	if (o != NULL && cmd_json_bytes(o, "mounted", "mounted_hex", r->dir,
	    strlen(r->dir)) && cmd_json_bytes(o, "vault", "vault_hex",
	    r->vault, strlen(r->vault)) && cmd_json_bytes(o, "name",
	    "name_hex", r->name, strlen(r->name)))
		(void)json_array_append_new(k->list, o);
	else
		json_decref(o);
}

/* NULL: no memory. */
static json_t *
other_mounts(const struct cmd_ask_which *w, const struct cmd_ask_list *known)
{
	char state[PATH_MAX], *place[RUNDIR_PLACES];
	struct others k = { .known = known };
	unsigned i;

	if ((k.list = json_array()) == NULL || w->port != 0 ||
	    w->state_dir != NULL || (k.table = mount_table_open(NULL)) == NULL)
		return k.list;
	if (w->run_dir != NULL) {
		mount_record_each(w->run_dir, look_at_mount, &k);
	} else {
		rundir_places(statedir_find(state, sizeof(state)) ? state :
		    NULL, place);
		for (i = 0; i < RUNDIR_PLACES; i++) {
			if (place[i] != NULL)
				mount_record_each(place[i], look_at_mount, &k);
			free(place[i]);
		}
	}
	mount_table_close(k.table);
	return k.list;
}

static void
print_mount(const json_t *o)
{
	const char *dir = cmd_ask_text(o, "mounted");
	const char *name = cmd_ask_text(o, "name");
	const char *vault = cmd_ask_text(o, "vault");

	cmd_out_name(dir, strlen(dir));
	fputs("  /", stdout);
	cmd_out_name(name, strlen(name));
	fputs("  ", stdout);
	cmd_out_name(vault, strlen(vault));
	if (json_is_true(json_object_get(o, "alive")))
		printf("  pid %" PRIu64 " of uid %" PRIu64 "\n",
		    cmd_ask_number(o, "pid"), cmd_ask_number(o, "uid"));
	else
		puts("  its server is dead: mount it again, and programs go "
		    "on, or umount it");
}

static enum cmd_exit
print_json(struct cmd_ask_list *l, const json_t *mounts)
{
	json_t *o;
	bool ok = true;
	size_t i;

	cmd_json_begin();
	for (i = 0; i < l->n && ok; i++)
		ok = cmd_json_add(json_incref(l->v[i].status));
	json_array_foreach(mounts, i, o)
		ok = ok && cmd_json_add(json_incref(o));
	cmd_json_end();
	if (ok)
		return CMD_DONE;
	cmd_error("out of memory");
	return CMD_FAILED;
}

static enum cmd_exit
status_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	struct cmd_ask_list l;
	enum cmd_exit rc;
	json_t *mounts, *o;
	size_t i;

	if ((rc = cmd_ask_all(&args->which, &l)) != CMD_DONE)
		return rc;
	mounts = other_mounts(&args->which, &l);
	if (args->json) {
		rc = print_json(&l, mounts);
	} else {
		for (i = 0; i < l.n; i++)
			print_one(l.v[i].status);
		json_array_foreach(mounts, i, o)
			print_mount(o);
	}
	if (rc == CMD_DONE && l.n == 0 && json_array_size(mounts) == 0) {
		if (!args->json)
			cmd_error("no server of this user runs");
		rc = CMD_NOTFOUND;
	}
	json_decref(mounts);
	cmd_ask_free(&l);
	return rc;
}

const struct cmd cmd_status = {
	"status", "", 0, 0, "the servers of this user that run",
	"For each one, its address, pid, whether it is locked, since when it\n"
	"runs, and its exports with their vaults and where they are mounted;\n"
	"then mounts whose servers are dead or another user's.  With none it\n"
	"ends with 7.\n",
	opts, sizeof(struct args), status_run
};
