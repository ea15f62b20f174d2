/*
 * control_report.c - what a server tells of itself, as JSON.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/cmd_out.h"
#include "nfsd/control.h"
#include "nfsd/export.h"
#include "nfsd/keeper.h"
#include "nfsd/loop.h"
#include "nfsd/node.h"
#include "nfsd/server_int.h"
#include "vault/vault.h"

json_t *
control_error(const char *code, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	json_t *o;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if ((o = json_pack("{s:s}", "code", code)) != NULL &&
	    cmd_json_bytes(o, "error", "error_hex", text, strlen(text)))
		return o;
	json_decref(o);
	return NULL;
}

static bool
set(json_t *o, const char *key, uint64_t n)
{
	return json_object_set_new(o, key, json_integer((json_int_t)n)) == 0;
}

static json_t *
export_of(const struct export *x, const char *folder)
{
	json_t *o = json_pack("{s:b, s:i, s:s}",
	    "read_only", (int)x->read_only, "format", x->format,
	    "cipher", x->cipher);

	if (o != NULL && cmd_json_bytes(o, "name", "name_hex", x->name,
	    strlen(x->name)) && cmd_json_bytes(o, "vault", "vault_hex",
	    folder, strlen(folder)))
		return o;
	json_decref(o);
	return NULL;
}

static json_t *
exports(const struct control *c)
{
	const struct export_table *t = control_server(c)->exports;
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < export_count(t); i++)
		if (json_array_append_new(all, export_of(export_at(t, i),
		    control_about(c)->vaults[i])) == -1) {
			json_decref(all);
			return NULL;
		}
	return all;
}

/* What every reply has; NULL: no memory. */
static json_t *
head(const struct control *c)
{
	const struct server_about *about = control_about(c);
	uint64_t up = loop_clock_us() - about->began_us;
	json_t *o;

	o = json_pack("{s:b, s:s, s:I, s:s, s:i, s:I, s:I, s:o}", "locked",
	    atomic_load(&control_server(c)->closed) == KEEPER_LOCKED,
	    "version", PACKAGE_VERSION, "pid", (json_int_t)getpid(),
	    "address", about->address, "port", (int)about->port,
	    "since", (json_int_t)about->since, "uptime_us", (json_int_t)up,
	    "exports", exports(c));
	if (o != NULL && cmd_json_bytes(o, "state_dir", "state_dir_hex",
	    about->state_dir, strlen(about->state_dir)) &&
	    (about->mounted == NULL || cmd_json_bytes(o, "mounted",
	    "mounted_hex", about->mounted, strlen(about->mounted))))
		return o;
	json_decref(o);
	return NULL;
}

static json_t *
buckets(const uint64_t n[STATS_BUCKETS])
{
	json_t *all = json_array();
	unsigned i;

	for (i = 0; i < STATS_BUCKETS; i++)
		if (n[i] > 0)
			(void)json_array_append_new(all, json_pack("[I, I]",
			    (json_int_t)stats_bucket_us(i),
			    (json_int_t)n[i]));
	return all;
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static json_t *
procedure(const struct server *s, unsigned i, uint64_t calls)
{
	const struct proc *p = i < PROC_NFS3_COUNT ? &proc_nfs3[i] :
	    &proc_mount3[i - PROC_NFS3_COUNT];
	uint64_t n[STATS_BUCKETS] = { 0 }, max = 0;
	unsigned lane;

	for (lane = 0; lane < s->nlanes; lane++)
		stats_sum_took(&s->lanes[lane]->stats, i, n, &max);
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o}",
	    "name", p->name, "program", i < PROC_NFS3_COUNT ? "nfs" : "mount",
	    "calls", (json_int_t)calls,
	    "p50_us", (json_int_t)smaller(stats_quantile(n, 500), max),
	    "p90_us", (json_int_t)smaller(stats_quantile(n, 900), max),
	    "p99_us", (json_int_t)smaller(stats_quantile(n, 990), max),
	    "max_us", (json_int_t)max, "latency_us", buckets(n));
}

/* Those that were called; *all is how often. */
static json_t *
procedures(const struct server *s, const struct server_counts *c,
    uint64_t *all)
{
	json_t *a = json_array();
	uint64_t calls;
	unsigned i;

	*all = 0;
	for (i = 0; i < STATS_PROCS; i++) {
		calls = i < PROC_NFS3_COUNT ? c->calls[i] :
		    c->mount_calls[i - PROC_NFS3_COUNT];
		*all += calls;
		if (calls > 0)
			(void)json_array_append_new(a, procedure(s, i, calls));
	}
	return a;
}

static bool
set_server(json_t *o, struct server *s)
{
	struct server_counts c;
	uint64_t calls;
	json_t *procs;

	server_counts(s, &c);
	procs = procedures(s, &c, &calls);
	return json_object_set_new(o, "procedures", procs) == 0 &&
	    set(o, "calls", calls) && set(o, "on_loop", c.on_loop) &&
	    set(o, "on_worker", c.on_worker) &&
	    set(o, "rejected", c.rejected) &&
	    set(o, "closed_bad", c.closed_bad) &&
	    set(o, "refused", c.refused) &&
	    set(o, "read_bytes", c.read_bytes) &&
	    set(o, "write_bytes", c.write_bytes) &&
	    set(o, "sends", c.writes) && set(o, "loop_max_us", c.loop_max_us) &&
	    set(o, "connections", c.conns) &&
	    set(o, "connections_max", s->opt.max_conns) &&
	    set(o, "workers", c.workers) && set(o, "loops", s->nlanes) &&
	    set(o, "inflight_bytes", c.inflight) &&
	    set(o, "arena_max_bytes", c.arena_max) &&
	    set(o, "nodes", node_count(s->nodes));
}

/* Of all vaults together, unless they are locked. */
static bool
set_vaults(json_t *o, const struct server *s)
{
	struct vault_counts sum;

	server_vault_counts(s, &sum);
	return set(o, "cache_hits", sum.chunk_hits) &&
	    set(o, "cache_misses", sum.chunk_misses) &&
	    set(o, "cache_bytes", sum.chunk_bytes) &&
	    set(o, "dirty_bytes", sum.dirty_bytes) &&
	    set(o, "listing_bytes", sum.listing_bytes) &&
	    set(o, "open_files", sum.files) &&
	    set(o, "directories", sum.dirs) && set(o, "hidden", sum.hidden);
}

static json_t *
stats(const struct control *c)
{
	struct server *s = control_server(c);
	json_t *o = head(c);

	if (o != NULL && set_server(o, s) && set_vaults(o, s))
		return o;
	json_decref(o);
	return NULL;
}

static json_t *
stats_anew(const struct control *c)
{
	struct server *s = control_server(c);
	json_t *o = stats(c);
	unsigned i;

	for (i = 0; o != NULL && i < s->nlanes; i++)
		stats_reset_max(&s->lanes[i]->stats);
	return o;
}

static const char *
word_of(enum verr_code code)
{
	switch (code) {
	case VERR_PASSWORD:
		return "password";
	case VERR_AUTH:
	case VERR_DAMAGED:
	case VERR_NOTVAULT:
	case VERR_UNSUPPORTED:
		return "vault";
	case VERR_ACCESS:
	case VERR_PERM:
	case VERR_ROFS:
		return "permission";
	case VERR_BUSY:
		return "busy";
	default:
		return "failed";
	}
}

json_t *
control_outcome(const struct control *c, const struct verr *e)
{
	json_t *o = e->code == VERR_NONE ? head(c) :
	    control_error(word_of(e->code), "%s", e->text);

	return o != NULL ? o : control_error("failed", "out of memory");
}

/* NULL: it is under way. */
static json_t *
lock(const struct control *c, uint64_t id)
{
	struct keeper *k = control_server(c)->keeper;

	if (k == NULL)
		return control_error("failed", "this server does not lock");
	if (keeper_lock(k, id))
		return NULL;
	return control_error("busy", "it is locked or unlocked just now");
}

/* From hex digits, in place; -1: they are none. */
static long
unhex(char *s)
{
	static const char digits[] = "0123456789abcdef";
	const char *hi, *lo;
	long n;

	for (n = 0; s[2 * n] != '\0'; n++) {
		if (s[2 * n + 1] == '\0' ||
		    (hi = strchr(digits, s[2 * n])) == NULL ||
		    (lo = strchr(digits, s[2 * n + 1])) == NULL)
			return -1;
		s[n] = (char)((hi - digits) << 4 | (lo - digits));
	}
	return n;
}

static json_t *
unlock(const struct control *c, uint64_t id, char *hex)
{
	struct keeper *k = control_server(c)->keeper;
	long n = unhex(hex);

	if (n == -1)
		return control_error("usage", "no such request");
	if (k == NULL)
		return control_error("failed", "this server does not lock");
	if (keeper_unlock(k, hex, (size_t)n, id))
		return NULL;
	return control_error("busy", "it is locked or unlocked just now");
}

json_t *
control_request(struct control *c, uint64_t id, char *line)
{
	json_t *o;

	if (strcmp(line, "lock") == 0)
		return lock(c, id);
	if (strncmp(line, "unlock ", 7) == 0)
		return unlock(c, id, line + 7);
	if (strcmp(line, "status") == 0)
		o = head(c);
	else if (strcmp(line, "stats") == 0)
		o = stats(c);
	else if (strcmp(line, "stats reset-max") == 0)
		o = stats_anew(c);
	else
		return control_error("usage", "no such request");
	return o != NULL ? o : control_error("failed", "out of memory");
}
