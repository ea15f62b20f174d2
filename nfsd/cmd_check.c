/* cmd_check.c - vaultnfs check: look for damage in a vault, and mend it. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/check.h"
#include "vault/vault.h"

#define CLEAR_MAX	1024	/* bytes of a path in a line */
#define HELD_MAX	(64u * 1024 * 1024)	/* bytes kept to be sorted */

struct args {
	struct pass_source	pass;
	bool			contents, repair, offline, quiet, json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 0, "contents", NULL, offsetof(struct args, contents),
	    0, 0, NULL, "read and authenticate every file, too" },
	{ CMD_OPT_FLAG, 0, "repair", NULL, offsetof(struct args, repair),
	    0, 0, NULL, "mend what can be mended; deletes no data" },
	{ CMD_OPT_FLAG, 0, "offline", NULL, offsetof(struct args, offline),
	    0, 0, NULL, "nothing else uses the vault: judge what is new, too" },
	{ CMD_OPT_FLAG, 'q', "quiet", NULL, offsetof(struct args, quiet),
	    0, 0, NULL, "print nothing; the exit code tells" },
	CMD_JSON(struct args, json),
	CMD_PASS(struct args, pass),
	CMD_END
};

/* Findings of one severity that wait for those that are less bad. */
struct held {
	FILE	*f;
	char	*text;
	size_t	 len;
};

struct report {
	const struct args *args;
	struct held	 held[CHECK_CRITICAL + 1];
	size_t		 bytes;
	uint64_t	 entries, done;	/* as the progress bar knows it */
	bool		 no_memory;
};

/* -- for people */

static void
print_bytes(FILE *f, const char *s, size_t len)
{
	for (; len > 0; len--, s++)
		(void)putc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s,
		    f);
}

/* Worst last: what is bad is kept until the rest is told. */
static FILE *
stream_for(struct report *r, enum check_severity s)
{
	struct held *h = &r->held[s];

	if (s < CHECK_WARN || r->bytes > HELD_MAX)
		return stdout;
	if (h->f == NULL)
		h->f = open_memstream(&h->text, &h->len);
	return h->f == NULL ? stdout : h->f;
}

static void
print_finding(struct report *r, const struct check_finding *f)
{
	FILE *out = stream_for(r, f->severity);
	bool cut;

	cmd_progress_clear();
	(void)fprintf(out, "%-8s  %s  ", f->repaired ? "repaired" :
	    check_severity_name(f->severity), f->name);
	if (f->clear != NULL) {
		cut = f->clear_len > CLEAR_MAX;
		print_bytes(out, f->clear, cut ? CLEAR_MAX : f->clear_len);
		(void)fputs(cut ? "...  " : "  ", out);
	}
	print_bytes(out, f->path, strlen(f->path));
	(void)fprintf(out, ": %s\n", f->text);
	if (out != stdout)
		r->bytes += strlen(f->path) + strlen(f->text) + f->clear_len +
		    40;
}

static void
print_held(struct report *r)
{
	struct held *h;
	int s;

	for (s = 0; s <= CHECK_CRITICAL; s++) {
		h = &r->held[s];
		if (h->f != NULL && fclose(h->f) == 0)
			(void)fwrite(h->text, 1, h->len, stdout);
		free(h->text);
	}
}

static void
print_summary(const struct check_summary *s, const struct args *args)
{
	printf("checked %" PRIu64 " files, %" PRIu64 " symlinks and %" PRIu64
	    " directories", s->files, s->symlinks, s->dirs);
	if (args->contents)
		printf(" (%" PRIu64 " bytes)", s->bytes);
	printf(": %" PRIu64 " critical, %" PRIu64 " warn, %" PRIu64 " info",
	    s->found[CHECK_CRITICAL], s->found[CHECK_WARN],
	    s->found[CHECK_INFO]);
	if (args->repair)
		printf(", %" PRIu64 " repaired", s->repaired);
	else if (s->repairable > 0)
		printf("; --repair can mend %" PRIu64, s->repairable);
	if (s->recent > 0)
		printf("; %" PRIu64 " too new to judge, see --offline",
		    s->recent);
	putchar('\n');
}

/* -- for programs */

static json_t *
finding_json(const struct check_finding *f)
{
	json_t *o;

	o = json_pack("{s:s, s:s, s:b, s:b, s:s}", "kind", f->name,
	    "severity", check_severity_name(f->severity),
	    "repairable", (int)f->repairable, "repaired", (int)f->repaired,
	    "text", f->text);
	if (o != NULL && (!cmd_json_bytes(o, "disk", "disk_hex", f->path,
	    strlen(f->path)) || (f->clear != NULL && !cmd_json_bytes(o, "path",
	    "path_hex", f->clear, f->clear_len)))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
summary_json(const struct check_summary *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
	    "s:I}", "entries", (json_int_t)s->entries,
	    "files", (json_int_t)s->files,
	    "symlinks", (json_int_t)s->symlinks,
	    "directories", (json_int_t)s->dirs,
	    "bytes", (json_int_t)s->bytes,
	    "recent", (json_int_t)s->recent,
	    "critical", (json_int_t)s->found[CHECK_CRITICAL],
	    "warn", (json_int_t)s->found[CHECK_WARN],
	    "info", (json_int_t)s->found[CHECK_INFO],
	    "repairable", (json_int_t)s->repairable,
	    "repaired", (json_int_t)s->repaired);
}

/* -- the check */

static void
see(void *ctx, const struct check_finding *f)
{
	struct report *r = ctx;

	if (r->args->quiet)
		return;
	if (!r->args->json)
		print_finding(r, f);
	else if (!cmd_json_add(finding_json(f)))
		r->no_memory = true;
}

/* A repair takes several passes: the counts start again with each. */
static bool
progress(void *ctx, uint64_t entries, uint64_t bytes)
{
	struct report *r = ctx;
	uint64_t now = r->args->contents ? bytes : entries;

	if (now > r->done)
		cmd_progress_add(now - r->done);
	r->done = now;
	return !cmd_stopped();
}

static enum cmd_exit
outcome(const struct check_summary *s)
{
	if (s->found[CHECK_CRITICAL] > 0)
		return CMD_BADVAULT;
	return s->found[CHECK_WARN] > 0 ? CMD_FAILED : CMD_DONE;
}

/* JSON is well-formed also when the check did not come to its end. */
static enum cmd_exit
finish(struct report *r, const struct check_summary *s, bool ok)
{
	const struct args *args = r->args;

	if (args->quiet)
		return outcome(s);
	if (!args->json) {
		print_held(r);
		if (ok)
			print_summary(s, args);
		return outcome(s);
	}
	cmd_json_end();
	(void)fputs(",\"summary\":", stdout);
	if (!cmd_json_print(summary_json(s)))
		r->no_memory = true;
	puts("}");
	if (!r->no_memory)
		return outcome(s);
	cmd_error("out of memory");
	return CMD_FAILED;
}

static enum cmd_exit
check_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	const char *path = call->operand[0];
	struct check_options o = {
		.contents = args->contents, .repair = args->repair,
		.offline = args->offline, .progress = progress
	};
	struct report r = { .args = args };
	struct verr e = { .code = VERR_NONE };
	struct check_summary sum;
	enum cmd_exit rc = CMD_DONE;
	struct vault *v;
	int done;

	cmd_catch_signals();
	if ((v = cmd_open(path, &args->pass, !args->repair, &rc)) == NULL)
		return rc;
	if (args->repair && vault_lock(v, false, &e) == -1) {
		cmd_close(v);
		return cmd_fail(&e, "cannot repair %s: stop it first", path);
	}
	if (args->json && !args->quiet) {
		(void)fputs("{\"findings\":", stdout);
		cmd_json_begin();
	}
	cmd_progress_start(0);
	if (!args->contents)
		cmd_progress_items();
	done = vault_check(v, &o, see, &r, &sum, &e);
	cmd_progress_end();
	rc = finish(&r, &sum, done == 0);
	if (done == -1)
		rc = cmd_fail_vault(&e, "check", path);
	cmd_close(v);
	return rc;
}

const struct cmd cmd_check = {
	"check", "VAULT", 1, 1, "look for damage, and mend it",
	"Looks at all that Cryptomator's own health check looks at, and more;\n"
	"with --contents also at every byte of every file. One thing nobody\n"
	"can find: a file that was cut exactly between two of its chunks of\n"
	"32 KiB is a shorter file.\n"
	"\n"
	"--repair never deletes data. What has lost its place goes to\n"
	"/LOST+FOUND. Stop servers and sync clients before; a vault is best\n"
	"copied before it is repaired. Things younger than five minutes may\n"
	"still be in the making, and are passed over without --offline.\n"
	"\n"
	"One line for each finding, the worst last: how bad, what (by the\n"
	"names that Cryptomator has for it), where in the vault, where on\n"
	"disk, and what to do.\n"
	"\n"
	"Exit codes: 0 nothing worse than info remains, 1 findings of warn\n"
	"remain, 4 critical ones remain or the vault cannot be opened; others\n"
	"as usual.\n",
	opts, sizeof(struct args), check_run
};
