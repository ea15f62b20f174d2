/* cmd_stat.c - vaultnfs stat: all that is known of an object of a vault. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/file.h"
#include "vault/tree.h"

struct args {
	struct pass_source	pass;
	bool			json;
};

static const struct cmd_opt opts[] = {
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

/* One object. */
struct object {
	const char	*path;		/* absolute, in the vault */
	struct entry	 ent;
	const char	*target;	/* of a symlink, else NULL */
	size_t		 target_len;
	char		 link[VLOC_MAX];/* of a directory's link; or "" */
};

static int
look(struct object *o, struct vault *v, struct arena *a, const char *given,
    struct verr *e)
{
	memset(o, 0, sizeof(*o));
	if ((o->path = cmd_path(a, given)) == NULL)
		return verr_code(e, VERR_NOMEM);
	if (tree_lookup(v, a, given, &o->ent, e) == -1) {
		o->ent.dir = NULL;
		return -1;
	}
	if (o->ent.dir != NULL && !dir_link_of(o->ent.dir, o->link))
		o->link[0] = '\0';
	if (o->ent.attr.type != VTYPE_SYMLINK)
		return 0;
	return symlink_read(v, a, &o->ent.loc, &o->target, &o->target_len, e);
}

/* -- JSON: what `ls --json' has, and more */

static bool
add_time(json_t *j, const char *key, const char *nsec_key,
    const struct timespec *t)
{
	return json_object_set_new(j, key,
	    json_integer((json_int_t)t->tv_sec)) == 0 &&
	    json_object_set_new(j, nsec_key, json_integer(t->tv_nsec)) == 0;
}

static bool
add_number(json_t *j, const char *key, uint64_t n)
{
	return json_object_set_new(j, key, json_integer((json_int_t)n)) == 0;
}

static bool
add_disk(json_t *j, const struct object *o)
{
	const char *id;
	size_t len;

	if (json_object_set_new(j, "ciphertext",
	    json_string(o->ent.loc.path)) == -1)
		return false;
	if (o->ent.dir == NULL)
		return true;
	id = dir_id(o->ent.dir, &len);
	return cmd_json_bytes(j, "dir_id", "dir_id_hex", id, len) &&
	    (o->link[0] == '\0' || json_object_set_new(j, "ciphertext_link",
	    json_string(o->link)) == 0);
}

static json_t *
to_json(const struct object *o)
{
	const struct vattr *at = &o->ent.attr;
	json_t *j;

	j = cmd_json_entry(o->path, strlen(cmd_path_name(o->path)), at,
	    o->target, o->target_len);
	if (j != NULL && add_time(j, "atime", "atime_nsec", &at->atime) &&
	    add_time(j, "ctime", "ctime_nsec", &at->ctime) &&
	    add_number(j, "uid", at->uid) && add_number(j, "gid", at->gid) &&
	    add_number(j, "nlink", at->nlink) &&
	    add_number(j, "used", at->used) &&
	    add_number(j, "fileid", at->fileid) &&
	    add_number(j, "generation", at->gen) &&
	    json_object_set_new(j, "damaged", json_boolean(at->damaged)) == 0
	    && add_disk(j, o))
		return j;
	json_decref(j);
	return NULL;
}

/* -- text */

static void
print_field(const char *label, const char *text, size_t len)
{
	printf("%-10s ", label);
	cmd_out_name(text, len);
	putchar('\n');
}

static void
print_time(const char *label, const struct timespec *t)
{
	char when[64], zone[16];
	struct tm tm;

	if (localtime_r(&t->tv_sec, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm) == 0 ||
	    strftime(zone, sizeof(zone), "%z", &tm) == 0)
		printf("%-10s %jd\n", label, (intmax_t)t->tv_sec);
	else
		printf("%-10s %s.%09ld %s\n", label, when, t->tv_nsec, zone);
}

static void
print_disk(const struct object *o)
{
	const char *id;
	size_t len;

	print_field("ciphertext", o->ent.loc.path, strlen(o->ent.loc.path));
	if (o->ent.dir == NULL)
		return;
	if (o->link[0] != '\0')
		print_field("link", o->link, strlen(o->link));
	id = dir_id(o->ent.dir, &len);
	if (len > 0)			/* the root's is empty */
		print_field("id", id, len);
}

static void
print_text(const struct object *o)
{
	const struct vattr *at = &o->ent.attr;
	char mode[11];

	cmd_out_mode(at, mode);
	print_field("path", o->path, strlen(o->path));
	printf("%-10s %s%s\n", "type", at->type == VTYPE_DIR ? "directory" :
	    at->type == VTYPE_SYMLINK ? "symbolic link" : "file",
	    at->damaged ? ", damaged: too short for a header" : "");
	if (o->target != NULL)
		print_field("target", o->target, o->target_len);
	printf("%-10s %" PRIu64 " bytes, %" PRIu64 " on disk\n", "size",
	    at->size, at->used);
	printf("%-10s %04o %s\n", "mode", (unsigned)at->mode & 07777, mode);
	printf("%-10s uid %" PRIu32 ", gid %" PRIu32 "\n", "owner", at->uid,
	    at->gid);
	printf("%-10s %" PRIu32 "\n", "links", at->nlink);
	printf("%-10s %" PRIu64 "\n", "fileid", at->fileid);
	print_time("modified", &at->mtime);
	print_time("changed", &at->ctime);
	print_time("accessed", &at->atime);
	print_disk(o);
}

static enum cmd_exit
stat_one(struct vault *v, struct arena *a, const char *given, bool json,
    bool first)
{
	struct verr e = { .code = VERR_NONE };
	enum cmd_exit rc = CMD_DONE;
	struct object o;

	if (look(&o, v, a, given, &e) == -1) {
		rc = cmd_fail(&e, "%s", given);
	} else if (json) {
		if (!cmd_json_add(to_json(&o))) {
			cmd_error("out of memory");
			rc = CMD_FAILED;
		}
	} else {
		(void)fputs(first ? "" : "\n", stdout);
		print_text(&o);
	}
	dir_put(o.ent.dir);
	return rc;
}

static enum cmd_exit
stat_all(const struct cmd_call *call, struct vault *v, struct arena *a)
{
	const struct args *args = call->args;
	enum cmd_exit rc = CMD_DONE, one;
	bool first = true;
	int i;

	if (args->json)
		cmd_json_begin();
	for (i = 1; i < call->n; i++) {
		one = stat_one(v, a, call->operand[i], args->json, first);
		first = first && one != CMD_DONE;
		rc = cmd_first(rc, one);
		arena_reset(a);
	}
	if (args->json)
		cmd_json_end();
	return rc;
}

static enum cmd_exit
stat_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	enum cmd_exit rc;
	struct vault *v;
	struct arena *a;

	if ((v = cmd_open(call->operand[0], &args->pass, true, &rc)) == NULL)
		return rc;
	if ((a = arena_new(CMD_ARENA_MAX)) == NULL) {
		cmd_error("out of memory");
		rc = CMD_FAILED;
	} else {
		rc = stat_all(call, v, a);
	}
	arena_free(a);
	cmd_close(v);
	return rc;
}

const struct cmd cmd_stat = {
	"stat", "VAULT PATH...", 2, CMD_MANY,
	"tell all about what is in a vault",
	"ciphertext is the object that carries the attributes, below the\n"
	"vault's folder; a directory also has a link there, and an id, which\n"
	"both lead to it.  With --json: an array of the objects that\n"
	"'ls --json' has, with atime, ctime, uid, gid, nlink, used (bytes on\n"
	"disk), fileid, generation, damaged, ciphertext, and for directories\n"
	"ciphertext_link and dir_id.\n",
	opts, sizeof(struct args), stat_run
};
