/*
 * cmd_serve_lock.c - vaultnfs serve: vaults are closed and opened again.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/cmd_serve.h"
#include "vault/vault.h"

/* "90", "90s", "15m", "8h", "2d" in seconds; false: it is none. */
static bool
parse_time(const char *text, uint64_t *seconds)
{
	static const struct {
		char		letter;
		unsigned	s;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	uintmax_t n;
	unsigned i;
	char *end;

	errno = 0;
	n = strtoumax(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno != 0 || n > UINT32_MAX)
		return false;
	*seconds = n;
	if (*end == '\0')
		return true;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*end == units[i].letter && end[1] == '\0') {
			*seconds = n * units[i].s;
			return true;
		}
	return false;
}

enum cmd_exit
cmd_serve_idle(const struct cmd_call *call, struct serve *s)
{
	const char *text = s->args->idle_lock;

	s->idle_s = 0;
	if (text == NULL)
		return CMD_DONE;
	if (!parse_time(text, &s->idle_s) || s->idle_s < 1 ||
	    s->idle_s > CMD_IDLE_MAX)
		return cmd_usage(call, "--idle-lock %s: must be a time from 1 "
		    "second to %d days, as 90, 15m or 8h", text,
		    CMD_IDLE_MAX / 86400);
	return CMD_DONE;
}

static void
close_one(void *ctx, size_t i)
{
	struct serve *s = ctx;

	vault_close(s->share[i].v);
	s->share[i].v = NULL;
}

void
cmd_serve_options(const struct serve *s, struct vault_options *o)
{
	*o = (struct vault_options){
		.read_only = s->args->read_only,
		.sync_names = s->args->sync_names,
		.cache_bytes = (size_t)s->args->cache_size
	};
}

/* As it was before the server ran. */
static struct vault *
open_one(void *ctx, size_t i, const char *pass, size_t len, struct verr *e)
{
	struct serve *s = ctx;
	struct share *sh = &s->share[i];
	struct vault_options o;
	unsigned mended;

	cmd_serve_options(s, &o);
	if ((sh->v = vault_open(sh->path, &o, pass, len, e)) == NULL) {
		if (e->code == VERR_ACCESS && s->boxed)
			(void)verr_fail(e, VERR_NOTVAULT, "%s may not be "
			    "opened, or is another vault than before: the "
			    "sandbox has only the folder that was there when "
			    "the server started", sh->path);
		return NULL;
	}
	if (!s->args->read_only &&
	    (vault_lock(sh->v, s->args->shared, e) == -1 || (s->journal &&
	    vault_journal(sh->v, s->state, &mended, e) == -1)))
		close_one(s, i);
	return sh->v;
}

int
cmd_serve_keys(struct serve *s, struct server *srv, struct verr *e)
{
	const struct server_keys o = {
		.idle_s = (unsigned)s->idle_s,
		.stale = strcmp(s->args->when_locked, "stale") == 0,
		.close = close_one, .open = open_one, .ctx = s
	};

	if (!secret_is_locked())
		log_warn("RLIMIT_MEMLOCK is too low: keys may get into the "
		    "swap");
	return server_keys(srv, &o, e);
}
