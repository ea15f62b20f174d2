/*
 * nl_name.c - calls that change directories: CREATE (with WRITE and COMMIT),
 * REMOVE, RENAME.
 *
 * New files go to the connection's directory under the number of the
 * operation; a slot renames its own file there and back; victims lie in one
 * directory.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/nl.h"
#include "bench/nl_pattern.h"
#include "bench/nl_sync.h"
#include "xdr/nfs3.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

#define RENAMED	"renamed-"
#define SMALL	4096u	/* bytes of a file that is created and written */

void
nl_name_new(const struct nl_run *run, uint64_t index, char name[NL_NAME_MAX])
{
	if (run->tree.in == NULL)
		(void)snprintf(name, NL_NAME_MAX, "new-%08" PRIu64 ".txt",
		    index);
	else	/* where a run before this one may have left some */
		(void)snprintf(name, NL_NAME_MAX, "new-%u-%08" PRIu64,
		    (unsigned)(run->opt->seed & 0xffff), index);
}

/* Beside the files of --paths, if they were given. */
static const struct nfs3_fh *
dir_of(const struct nl_slot *sl)
{
	const struct nl_tree *t = &sl->conn->run->tree;

	return t->in == NULL ? &sl->conn->dir.fh :
	    &t->in[sl->index % t->nfiles];
}

static void
put_create(struct nl_slot *sl, struct xout *o)
{
	char name[NL_NAME_MAX];

	nl_name_new(sl->conn->run, sl->index, name);
	nl_load_call(sl, o, NFS3_PROC_CREATE);
	nl_wire_put_name(o, dir_of(sl), name);
	xout_u32(o, NFS3_UNCHECKED);
	nl_wire_put_mode(o, 0644);
}

static void
put_write(struct nl_slot *sl, struct xout *o)
{
	char name[NL_NAME_MAX];

	nl_name_new(sl->conn->run, sl->index, name);
	nl_load_call(sl, o, NFS3_PROC_WRITE);
	nl_wire_put_fh(o, &sl->fh);
	xout_u64(o, 0);
	xout_u32(o, SMALL);
	xout_u32(o, NFS3_UNSTABLE);
	xout_u32(o, SMALL);
	xout_ref(o, nl_pattern_at(nl_pattern_file(name, 0), 0), SMALL);
}

static void
call_create(struct nl_slot *sl, struct xout *o)
{
	if (sl->step == 0) {
		put_create(sl, o);
	} else if (sl->step == 1) {
		put_write(sl, o);
	} else {
		nl_load_call(sl, o, NFS3_PROC_COMMIT);
		nl_wire_put_fh(o, &sl->fh);
		xout_u64(o, 0);
		xout_u32(o, 0);
	}
}

/* How many calls make one operation? */
static unsigned
steps(const struct nl_slot *sl)
{
	if (sl->work == &nl_name_create)
		return 1;
	return sl->work == &nl_name_create_write_commit ? 3 : 2;
}

static bool
results(struct nl_slot *sl, struct xin *in)
{
	uint8_t verf[NFS3_VERFSIZE];
	struct nfs3_made m;
	uint32_t count, how;

	switch (sl->proc) {
	case NFS3_PROC_CREATE:
		if (!nl_wire_get_made(in, &m) || !m.have_fh)
			return false;
		sl->fh = m.obj;
		return true;
	case NFS3_PROC_WRITE:
		sl->conn->bytes += SMALL;
		return nl_wire_get_wcc(in) && xin_u32(in, &count) &&
		    count == SMALL && xin_u32(in, &how) &&
		    xin_fixed(in, verf, sizeof(verf));
	case NFS3_PROC_COMMIT:
		return nl_wire_get_wcc(in) &&
		    xin_fixed(in, verf, sizeof(verf));
	default:	/* REMOVE */
		return nl_wire_get_wcc(in);
	}
}

static enum nl_next
reply_create(struct nl_slot *sl, struct xin *in)
{
	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	return nl_load_end(sl, in, results(sl, in),
	    sl->step + 1 < steps(sl) ? NL_AGAIN : NL_DONE);
}

/* For mix: it leaves nothing behind. */
static void
call_come_and_go(struct nl_slot *sl, struct xout *o)
{
	char name[NL_NAME_MAX];

	if (sl->step == 0) {
		put_create(sl, o);
		return;
	}
	nl_name_new(sl->conn->run, sl->index, name);
	nl_load_call(sl, o, NFS3_PROC_REMOVE);
	nl_wire_put_name(o, &sl->conn->dir.fh, name);
}

static void
call_remove(struct nl_slot *sl, struct xout *o)
{
	char name[NL_NAME_MAX];

	(void)snprintf(name, sizeof(name), "victim-%08" PRIu64, sl->index);
	nl_load_call(sl, o, NFS3_PROC_REMOVE);
	nl_wire_put_name(o, &sl->conn->run->tree.victims.fh, name);
}

static enum nl_next
reply_remove(struct nl_slot *sl, struct xin *in)
{
	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	return nl_load_end(sl, in, nl_wire_get_wcc(in), NL_DONE);
}

static void
turn_name(const struct nl_slot *sl, bool turned, char name[NL_NAME_MAX])
{
	(void)snprintf(name, NL_NAME_MAX, "%s-%04u", turned ? "back" : "turn",
	    sl->n);
}

static void
call_rename(struct nl_slot *sl, struct xout *o)
{
	char from[NL_NAME_MAX], to[NL_NAME_MAX];

	turn_name(sl, sl->turned, from);
	turn_name(sl, !sl->turned, to);
	nl_load_call(sl, o, NFS3_PROC_RENAME);
	nl_wire_put_name(o, &sl->conn->dir.fh, from);
	nl_wire_put_name(o, &sl->conn->dir.fh, to);
}

static enum nl_next
reply_rename(struct nl_slot *sl, struct xin *in)
{
	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	sl->turned = !sl->turned;	/* rename-each: no matter */
	return nl_load_end(sl, in, nl_wire_get_wcc(in) &&
	    nl_wire_get_wcc(in), NL_DONE);
}

/* Of many files each once, as a program does that tidies up. */
static void
call_rename_each(struct nl_slot *sl, struct xout *o)
{
	const struct nfs3_fh *dir = &sl->conn->run->tree.victims.fh;
	char from[NL_NAME_MAX], to[NL_NAME_MAX];

	(void)snprintf(from, sizeof(from), "victim-%08" PRIu64, sl->index);
	(void)snprintf(to, sizeof(to), RENAMED "%08" PRIu64, sl->index);
	nl_load_call(sl, o, NFS3_PROC_RENAME);
	nl_wire_put_name(o, dir, from);
	nl_wire_put_name(o, dir, to);
}

/* What a listing is asked for. */
struct look {
	const char	*prefix;	/* names that count; NULL: all */
	struct nl_run	*run;
	struct nl_sync	*other;		/* for calls meanwhile */
	const struct nfs3_fh *dir;
	uint64_t	 n;
	bool		 content, ok;
};

static void
look_at(void *ctx, const char *name)
{
	const uint8_t *data;
	struct look *l = ctx;
	struct nfs3_attr a;
	struct nfs3_fh fh;

	l->n += l->prefix == NULL ||
	    strncmp(name, l->prefix, strlen(l->prefix)) == 0;
	if (!l->content || !l->ok)
		return;
	l->ok = nl_sync_lookup(l->other, l->dir, name, &fh, &a) &&
	    nl_sync_read(l->other, &fh, 0, SMALL, &data);
	if (!l->ok)
		(void)nl_load_error(l->run, "reading back %s: %s", name,
		    l->other->err);
	else if (memcmp(data, nl_pattern_at(nl_pattern_file(name, 0), 0),
	    SMALL) != 0)
		(void)nl_load_error(l->run, "reading back: what is in %s is "
		    "not what was written", name);
}

static bool
look_through(struct look *l, struct nl_sync *s)
{
	uint8_t verf[NFS3_VERFSIZE] = { 0 };
	uint64_t cookie = 0;
	bool eof = false;

	while (!eof)
		if (!nl_sync_names(s, l->dir, &cookie, verf, &eof, look_at,
		    l)) {
			(void)nl_load_error(l->run, "looking: %s", s->err);
			return false;
		}
	return l->ok;
}

/* All that was made is there, with its content. */
static bool
verify_create(struct nl_run *run)
{
	struct nl_sync s, other;
	struct look l = { .run = run, .other = &other, .ok = true };
	uint64_t ops = 0;
	unsigned i;
	bool up, up_too;

	l.content = run->work != &nl_name_create;
	up = nl_sync_init(&s, run->opt);
	up_too = nl_sync_init(&other, run->opt);
	up = up && up_too;
	for (i = 0; i < run->opt->connections && up && l.ok; i++) {
		l.dir = &run->conn[i].dir.fh;
		ops += run->conn[i].ops;
		l.ok = look_through(&l, &s);
	}
	if (up && l.ok && l.n != ops)
		(void)nl_load_error(run, "%" PRIu64 " files are there, %"
		    PRIu64 " were made", l.n, ops);
	if (!up)
		(void)nl_load_error(run, "%s%s", s.err, other.err);
	nl_sync_fini(&s);
	nl_sync_fini(&other);
	return up && l.ok && l.n == ops;
}

static bool
verify_remove(struct nl_run *run)
{
	struct look l = { .run = run, .ok = true };
	uint64_t ops = 0;
	struct nl_sync s;
	unsigned i;

	l.dir = &run->tree.victims.fh;
	if (nl_sync_init(&s, run->opt))
		l.ok = look_through(&l, &s);
	nl_sync_fini(&s);
	for (i = 0; i < run->opt->connections; i++)
		ops += run->conn[i].ops;
	if (l.ok && l.n != run->opt->entries - ops)
		(void)nl_load_error(run, "%" PRIu64 " files are left of %"
		    PRIu64 ", but %" PRIu64 " were removed", l.n,
		    run->opt->entries, ops);
	return l.ok && l.n == run->opt->entries - ops;
}

static bool
verify_rename_each(struct nl_run *run)
{
	struct look l = { .prefix = RENAMED, .run = run, .ok = true };
	uint64_t ops = 0;
	struct nl_sync s;
	unsigned i;

	l.dir = &run->tree.victims.fh;
	if (nl_sync_init(&s, run->opt))
		l.ok = look_through(&l, &s);
	nl_sync_fini(&s);
	for (i = 0; i < run->opt->connections; i++)
		ops += run->conn[i].ops;
	if (l.ok && l.n != ops)
		(void)nl_load_error(run, "%" PRIu64 " files have their new "
		    "name, %" PRIu64 " were renamed", l.n, ops);
	return l.ok && l.n == ops;
}

/* Each slot's file has the name it should have and not the other. */
static bool
verify_rename(struct nl_run *run)
{
	char name[NL_NAME_MAX];
	struct nfs3_attr a;
	struct nl_slot *sl;
	struct nl_sync s;
	struct nfs3_fh fh;
	unsigned i, k;
	bool ok;

	ok = nl_sync_init(&s, run->opt);
	for (i = 0; i < run->opt->connections && ok; i++)
		for (k = 0; k < run->opt->depth && ok; k++) {
			sl = &run->conn[i].slot[k];
			turn_name(sl, sl->turned, name);
			ok = nl_sync_lookup(&s, &run->conn[i].dir.fh, name,
			    &fh, &a);
			turn_name(sl, !sl->turned, name);
			ok = ok && !nl_sync_lookup(&s, &run->conn[i].dir.fh,
			    name, &fh, &a) && s.status == NFS3ERR_NOENT;
		}
	if (!ok)
		(void)nl_load_error(run, "after the renames: %s has not the "
		    "state it should have: %s", name, s.err);
	nl_sync_fini(&s);
	return ok;
}

const struct nl_work nl_name_create = {
	"create", NL_NEED_DIRS, NULL, call_create, reply_create, NULL,
	verify_create
};
const struct nl_work nl_name_create_write = {
	"create-write", NL_NEED_DIRS, NULL, call_create, reply_create, NULL,
	verify_create
};
const struct nl_work nl_name_create_write_commit = {
	"create-write-commit", NL_NEED_DIRS, NULL, call_create, reply_create,
	NULL, verify_create
};
const struct nl_work nl_name_come_and_go = {
	"create-remove", NL_NEED_DIRS, NULL, call_come_and_go, reply_create,
	NULL, NULL
};
const struct nl_work nl_name_remove = {
	"remove", NL_NEED_VICTIMS, NULL, call_remove, reply_remove, NULL,
	verify_remove
};
const struct nl_work nl_name_rename = {
	"rename", NL_NEED_DIRS | NL_NEED_TURNS, NULL, call_rename,
	reply_rename, NULL, verify_rename
};
const struct nl_work nl_name_rename_each = {
	"rename-each", NL_NEED_VICTIMS, NULL, call_rename_each, reply_rename,
	NULL, verify_rename_each
};
