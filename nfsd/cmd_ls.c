/* cmd_ls.c - vaultnfs ls: the names in directories of a vault. */
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
	bool			long_form, nul, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 'l', "long", NULL, offsetof(struct args, long_form),
	    0, 0, NULL, "mode, size, time and target too" },
	{ CMD_OPT_FLAG, '0', "null", NULL, offsetof(struct args, nul),
	    0, 0, NULL, "end each name with a NUL; no headings" },
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

struct ls {
	const struct args	*args;
	struct vault		*v;
	struct arena		*a;	/* for one operand */
	enum cmd_exit		 rc;
};

static int
digits(uint64_t n)
{
	int d = 1;

	while ((n /= 10) != 0)
		d++;
	return d;
}

/* Target of a symlink; NULL if it is none or cannot be read (then said). */
static const char *
target_of(struct ls *ls, const char *path, const struct vattr *attr,
    const struct vloc *loc, size_t *len)
{
	struct verr e = { .code = VERR_NONE };
	const char *target;

	if (attr->type != VTYPE_SYMLINK)
		return NULL;
	if (symlink_read(ls->v, ls->a, loc, &target, len, &e) == 0)
		return target;
	ls->rc = cmd_first(ls->rc, cmd_fail(&e, "%s", path));
	return NULL;
}

static void
print_long(const struct vattr *attr, int width)
{
	char mode[11], when[32];
	struct tm tm;

	cmd_out_mode(attr, mode);
	if (localtime_r(&attr->mtime.tv_sec, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)strcpy(when, "?");
	printf("%s %*" PRIu64 " %s ", mode, width, attr->size, when);
}

/* One entry, shown as name; path is absolute. */
static void
print_entry(struct ls *ls, const char *name, const char *path,
    const struct vattr *attr, const struct vloc *loc, int width)
{
	const char *target = NULL;
	size_t len = 0;

	if (ls->args->long_form || ls->args->json)
		target = target_of(ls, path, attr, loc, &len);
	if (ls->args->json) {
		if (!cmd_json_add(cmd_json_entry(path,
		    strlen(cmd_path_name(path)), attr, target, len)))
			ls->rc = cmd_first(ls->rc, CMD_FAILED);
		return;
	}
	if (ls->args->long_form)
		print_long(attr, width);
	cmd_out_name(name, strlen(name));
	if (target != NULL) {
		(void)fputs(" -> ", stdout);
		cmd_out_name(target, len);
	}
	putchar(ls->args->nul ? '\0' : '\n');
}

static void
print_dir(struct ls *ls, struct dir *d, const char *path)
{
	const char *slash = strcmp(path, "/") == 0 ? "" : "/";
	bool want_attr = ls->args->long_form || ls->args->json;
	struct verr e = { .code = VERR_NONE };
	struct cmd_list l;
	const char *p;
	int width = 1;
	size_t i;

	if (cmd_list_read(&l, d, want_attr, &e) == -1) {
		ls->rc = cmd_first(ls->rc, cmd_fail(&e, "%s", path));
		return;
	}
	for (i = 0; i < l.n; i++)
		if (digits(l.item[i]->attr.size) > width)
			width = digits(l.item[i]->attr.size);
	for (i = 0; i < l.n; i++) {
		p = arena_printf(l.a, "%s%s%s", path, slash, l.item[i]->name);
		if (p == NULL) {
			cmd_error("out of memory");
			ls->rc = CMD_FAILED;
			break;
		}
		print_entry(ls, l.item[i]->name, p, &l.item[i]->attr,
		    &l.item[i]->loc, width);
	}
	cmd_list_fini(&l);
}

static void
print_operand(struct ls *ls, const char *given, bool heading, bool first)
{
	struct verr e = { .code = VERR_NONE };
	struct entry ent;
	const char *path;

	if ((path = cmd_path(ls->a, given)) == NULL) {
		cmd_error("out of memory");
		ls->rc = CMD_FAILED;
		return;
	}
	if (tree_lookup(ls->v, ls->a, given, &ent, &e) == -1) {
		ls->rc = cmd_first(ls->rc, cmd_fail(&e, "%s", given));
		return;
	}
	if (ent.dir == NULL) {
		print_entry(ls, given, path, &ent.attr, &ent.loc,
		    digits(ent.attr.size));
		return;
	}
	if (heading) {
		(void)fputs(first ? "" : "\n", stdout);
		cmd_out_name(given, strlen(given));
		puts(":");
	}
	print_dir(ls, ent.dir, path);
	dir_put(ent.dir);
}

static void
print_all(struct ls *ls, char **path, int n)
{
	bool heading = n > 1 && !ls->args->nul && !ls->args->json;
	int i;

	if (ls->args->json)
		cmd_json_begin();
	for (i = 0; i < n; i++) {
		print_operand(ls, path[i], heading, i == 0);
		arena_reset(ls->a);
	}
	if (ls->args->json)
		cmd_json_end();
}

static enum cmd_exit
ls_run(const struct cmd_call *call)
{
	struct ls ls = { .args = call->args };
	char root[] = "/";
	char *only_root[] = { root };

	if (ls.args->json && ls.args->nul)
		return cmd_usage(call, "-0 and --json exclude each other");
	ls.v = cmd_open(call->operand[0], &ls.args->pass, true, &ls.rc);
	if (ls.v == NULL)
		return ls.rc;
	if ((ls.a = arena_new(CMD_ARENA_MAX)) == NULL) {
		cmd_error("out of memory");
		ls.rc = CMD_FAILED;
	} else if (call->n == 1) {
		print_all(&ls, only_root, 1);
	} else {
		print_all(&ls, call->operand + 1, call->n - 1);
	}
	arena_free(ls.a);
	cmd_close(ls.v);
	return ls.rc;
}

const struct cmd cmd_ls = {
	"ls", "VAULT [PATH]...", 1, CMD_MANY,
	"list directories of a vault",
	"Names come one a line, sorted by their bytes; hidden ones too.  With\n"
	"--json: an array of objects with path, type (file, dir, symlink),\n"
	"size, mode, mtime, mtime_nsec and, for links, target.\n",
	opts, sizeof(struct args), ls_run
};
