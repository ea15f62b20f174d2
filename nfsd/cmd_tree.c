/*
 * cmd_tree.c - vaultnfs tree: everything below a path, drawn or in JSON.
 *
 * A directory is listed before its own line is printed, so that an error of
 * the listing stands with the directory.  What cannot be read is marked and
 * does not end the walk; the exit code is that of the first error.
 */
#include "config.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/digest.h"
#include "vault/file.h"
#include "vault/tree.h"

struct args {
	struct pass_source	pass;
	bool			json, sha256;
};

static const struct cmd_opt opts[] = {
	CMD_JSON(struct args, json),
	{ CMD_OPT_FLAG, 0, "sha256", NULL, offsetof(struct args, sha256),
	    0, 0, NULL, "with --json: read each file, add its digest" },
	CMD_PASS(struct args, pass),
	CMD_END
};

/* What stands before a name, for one that others follow and for the last. */
struct strokes {
	const char	*branch[2], *below[2];
};

static const struct strokes strokes_utf8 = {
	{ "\u251c\u2500\u2500 ", "\u2514\u2500\u2500 " },
	{ "\u2502   ", "    " }
};
static const struct strokes strokes_ascii = {
	{ "|-- ", "`-- " }, { "|   ", "    " }
};

struct tree {
	const struct args	*args;
	struct vault		*v;
	struct digest		*digest;	/* NULL unless --sha256 */
	const struct strokes	*strokes;
	uint64_t		 dirs, files, links;
	enum cmd_exit		 rc;
};

/* An entry on its way to the output. */
struct shown {
	struct arena		*a;		/* of the listing it is in */
	const struct cmd_item	*item;
	const char		*path;		/* absolute */
	const char		*prefix;	/* drawn before it */
	bool			 last;
	const char		*target;	/* NULL: no link, or unread */
	size_t			 target_len;
	char			 sha256[2 * DIGEST_LEN + 1];	/* "" : none */
	struct verr		 e;		/* VERR_NONE: all went well */
};

static bool
sink_digest(void *ctx, const void *data, size_t len, struct verr *e)
{
	if (digest_add(ctx, data, len))
		return true;
	(void)verr_code(e, VERR_NOMEM);
	return false;
}

/* Read what the entry's own line needs. */
static int
examine(struct tree *t, struct shown *s)
{
	const struct cmd_item *it = s->item;
	uint8_t sum[DIGEST_LEN];

	if (it->attr.type == VTYPE_SYMLINK)
		return symlink_read(t->v, s->a, &it->loc, &s->target,
		    &s->target_len, &s->e);
	if (it->attr.type != VTYPE_FILE || t->digest == NULL)
		return 0;
	if (!digest_start(t->digest))
		return verr_code(&s->e, VERR_NOMEM);
	if (cmd_read(t->v, &it->loc, it->attr.fileid, sink_digest, t->digest,
	    &s->e) == -1)
		return -1;
	if (!digest_end(t->digest, sum))
		return verr_code(&s->e, VERR_NOMEM);
	cmd_out_hex(sum, sizeof(sum), s->sha256);
	return 0;
}

static void
no_memory(struct tree *t)
{
	if (t->rc == CMD_DONE)
		cmd_error("out of memory");
	t->rc = cmd_first(t->rc, CMD_FAILED);
}

static void
print_json(struct tree *t, const struct shown *s)
{
	const char *why;
	json_t *o;

	o = cmd_json_entry(s->path, strlen(cmd_path_name(s->path)),
	    &s->item->attr, s->target, s->target_len);
	if (o != NULL && s->sha256[0] != '\0')
		(void)json_object_set_new(o, "sha256",
		    json_string(s->sha256));
	if (o != NULL && s->e.code != VERR_NONE) {
		why = s->e.text[0] != '\0' ? s->e.text : "cannot be read";
		(void)cmd_json_bytes(o, "error", "error_hex", why,
		    strlen(why));
		t->rc = cmd_first(t->rc, cmd_exit_of(&s->e));
	}
	if (!cmd_json_add(o))
		no_memory(t);
}

static void
print_line(struct tree *t, const struct shown *s)
{
	(void)fputs(s->prefix, stdout);
	(void)fputs(t->strokes->branch[s->last], stdout);
	cmd_out_name(s->item->name, s->item->len);
	if (s->target != NULL) {
		(void)fputs(" -> ", stdout);
		cmd_out_name(s->target, s->target_len);
	}
	puts(s->e.code != VERR_NONE ? "  [unreadable]" : "");
	if (s->e.code != VERR_NONE)
		t->rc = cmd_first(t->rc, cmd_fail(&s->e, "%s", s->path));
}

static void
print(struct tree *t, const struct shown *s)
{
	switch (s->item->attr.type) {
	case VTYPE_FILE:
		t->files++;
		break;
	case VTYPE_DIR:
		t->dirs++;
		break;
	case VTYPE_SYMLINK:
		t->links++;
		break;
	}
	if (t->args->json)
		print_json(t, s);
	else
		print_line(t, s);
}

static void walk(struct tree *t, const struct cmd_list *l, const char *path,
    const char *prefix, const struct cmd_walk *here);

/* A directory: its line, then what is in it. */
static void
show_dir(struct tree *t, struct shown *s, const struct cmd_walk *up)
{
	const struct cmd_item *it = s->item;
	struct cmd_list l = { .n = 0 };
	struct cmd_walk here;
	const char *prefix;
	struct dir *d;

	d = dir_by_id(t->v, it->dirid, it->dirid_len, &s->e);
	if (d != NULL && cmd_walk_enter(&here, up, d, &s->e) == 0)
		(void)cmd_list_read(&l, d, t->args->json, &s->e);
	print(t, s);
	prefix = arena_printf(s->a, "%s%s", s->prefix,
	    t->strokes->below[s->last]);
	if (prefix == NULL)
		no_memory(t);
	else if (l.n != 0)
		walk(t, &l, s->path, prefix, &here);
	cmd_list_fini(&l);
	dir_put(d);
}

static void
walk(struct tree *t, const struct cmd_list *l, const char *path,
    const char *prefix, const struct cmd_walk *here)
{
	const char *slash = strcmp(path, "/") == 0 ? "" : "/";
	size_t i;

	for (i = 0; i < l->n && !cmd_stopped(); i++) {
		struct shown s = {
			.a = l->a, .item = l->item[i], .prefix = prefix,
			.last = i + 1 == l->n
		};

		s.path = arena_printf(l->a, "%s%s%s", path, slash,
		    s.item->name);
		if (s.path == NULL) {
			no_memory(t);
			return;
		}
		if (s.item->dirid != NULL) {
			show_dir(t, &s, here);
		} else {
			(void)examine(t, &s);
			print(t, &s);
		}
	}
}

/* The operand itself: its contents if it is a directory, else one entry. */
static int
show_root(struct tree *t, struct arena *a, const char *given, struct verr *e)
{
	struct cmd_list l = { .n = 0 };
	struct cmd_walk here;
	struct cmd_item item = { .name = given };
	struct shown s = { .a = a, .item = &item, .prefix = "", .last = true };
	struct entry ent;

	if (tree_lookup(t->v, a, given, &ent, e) == -1)
		return -1;
	if ((s.path = cmd_path(a, given)) == NULL) {
		dir_put(ent.dir);
		return verr_code(e, VERR_NOMEM);
	}
	if (ent.dir == NULL) {
		item.name = cmd_path_name(s.path);
		item.len = strlen(item.name);
		item.loc = ent.loc;
		item.attr = ent.attr;
		(void)examine(t, &s);
		print(t, &s);
		return 0;
	}
	if (cmd_walk_enter(&here, NULL, ent.dir, e) == -1 ||
	    cmd_list_read(&l, ent.dir, t->args->json, e) == -1) {
		dir_put(ent.dir);
		return -1;
	}
	if (!t->args->json) {
		cmd_out_name(s.path, strlen(s.path));
		putchar('\n');
	}
	walk(t, &l, s.path, "", &here);
	cmd_list_fini(&l);
	dir_put(ent.dir);
	return 0;
}

static void
print_counts(const struct tree *t)
{
	printf("\n%" PRIu64 " director%s, %" PRIu64 " file%s", t->dirs,
	    t->dirs == 1 ? "y" : "ies", t->files, t->files == 1 ? "" : "s");
	if (t->links != 0)
		printf(", %" PRIu64 " link%s", t->links,
		    t->links == 1 ? "" : "s");
	putchar('\n');
}

static void
show(struct tree *t, struct arena *a, const char *path)
{
	struct verr e = { .code = VERR_NONE };

	cmd_catch_signals();
	cmd_progress_start(0);
	if (t->args->json)
		cmd_json_begin();
	if (show_root(t, a, path, &e) == -1)
		t->rc = cmd_fail(&e, "%s", path);
	else if (!t->args->json)
		print_counts(t);
	if (t->args->json)
		cmd_json_end();
	cmd_progress_end();
}

static enum cmd_exit
tree_run(const struct cmd_call *call)
{
	struct tree t = { .args = call->args, .strokes = &strokes_ascii };
	struct arena *a;

	if (t.args->sha256 && !t.args->json)
		return cmd_usage(call, "--sha256 needs --json");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		t.strokes = &strokes_utf8;
	t.v = cmd_open(call->operand[0], &t.args->pass, true, &t.rc);
	if (t.v == NULL)
		return t.rc;
	a = arena_new(CMD_ARENA_MAX);
	if (t.args->sha256)
		t.digest = digest_new();
	if (a == NULL || (t.args->sha256 && t.digest == NULL))
		no_memory(&t);
	else
		show(&t, a, call->n > 1 ? call->operand[1] : "/");
	digest_free(t.digest);
	arena_free(a);
	cmd_close(t.v);
	return t.rc;
}

const struct cmd cmd_tree = {
	"tree", "VAULT [PATH]", 1, 2, "draw everything below a path",
	"With --json: a flat array of objects with path, type (file, dir,\n"
	"symlink), size, mode, mtime, mtime_nsec; target for links; sha256 on\n"
	"request.  What cannot be read has an error member, and the exit code\n"
	"is that of the first error, usually 4.\n",
	opts, sizeof(struct args), tree_run
};
