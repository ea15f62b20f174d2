/*
 * metrics.c - a server's numbers as Prometheus reads them.
 *
 * "Exposition formats", text format 0.0.4: a HELP and a TYPE line for each
 * name, base units (seconds, bytes), counters that end in _total.
 */
#include "config.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "nfsd/keeper.h"
#include "nfsd/loop.h"
#include "nfsd/metrics.h"
#include "nfsd/node.h"
#include "nfsd/proc.h"
#include "nfsd/server_int.h"
#include "vault/vault.h"

#define LE_STEP		4	/* buckets of stats.h to one that is told */

static void
head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP vaultnfs_%s %s\n# TYPE vaultnfs_%s %s\n", name,
	    help, name, type);
}

static void
gauge(FILE *f, const char *name, uint64_t n, const char *help)
{
	head(f, name, "gauge", help);
	fprintf(f, "vaultnfs_%s %" PRIu64 "\n", name, n);
}

static void
counter(FILE *f, const char *name, uint64_t n, const char *help)
{
	head(f, name, "counter", help);
	fprintf(f, "vaultnfs_%s %" PRIu64 "\n", name, n);
}

static uint64_t
calls_of(const struct server_counts *c, unsigned i)
{
	return i < PROC_NFS3_COUNT ? c->calls[i] :
	    c->mount_calls[i - PROC_NFS3_COUNT];
}

/* {program="nfs",procedure="READ" and no brace */
static void
labels(FILE *f, const char *name, unsigned i)
{
	const struct proc *p = i < PROC_NFS3_COUNT ? &proc_nfs3[i] :
	    &proc_mount3[i - PROC_NFS3_COUNT];

	fprintf(f, "vaultnfs_%s{program=\"%s\",procedure=\"%s\"", name,
	    i < PROC_NFS3_COUNT ? "nfs" : "mount", p->name);
}

/* One procedure's latencies: buckets add up to those with a larger bound. */
static void
histogram(FILE *f, const struct server *s, unsigned i)
{
	uint64_t n[STATS_BUCKETS] = { 0 }, max = 0, sum_us = 0, all = 0;
	unsigned lane, b;

	for (lane = 0; lane < s->nlanes; lane++) {
		stats_sum_took(&s->lanes[lane]->stats, i, n, &max);
		sum_us += stats_sum_us(&s->lanes[lane]->stats, i);
	}
	for (b = 0; b < STATS_BUCKETS; b++) {
		all += n[b];
		if (b % LE_STEP != LE_STEP - 1 || b == STATS_BUCKETS - 1)
			continue;
		labels(f, "call_seconds_bucket", i);
		fprintf(f, ",le=\"%.9g\"} %" PRIu64 "\n",
		    (double)stats_bucket_us(b) / 1e6, all);
	}
	labels(f, "call_seconds_bucket", i);
	fprintf(f, ",le=\"+Inf\"} %" PRIu64 "\n", all);
	labels(f, "call_seconds_sum", i);
	fprintf(f, "} %.6f\n", (double)sum_us / 1e6);
	labels(f, "call_seconds_count", i);
	fprintf(f, "} %" PRIu64 "\n", all);
}

static void
procedures(FILE *f, const struct server *s, const struct server_counts *c)
{
	unsigned i;

	head(f, "calls_total", "counter", "Calls by procedure.");
	for (i = 0; i < STATS_PROCS; i++)
		if (calls_of(c, i) > 0) {
			labels(f, "calls_total", i);
			fprintf(f, "} %" PRIu64 "\n", calls_of(c, i));
		}
	head(f, "call_seconds", "histogram",
	    "From the last byte of a call to its reply.");
	for (i = 0; i < STATS_PROCS; i++)
		if (calls_of(c, i) > 0)
			histogram(f, s, i);
}

static void
whole_server(FILE *f, struct server *s, const struct server_counts *c)
{
	counter(f, "loop_calls_total", c->on_loop, "Calls run on a loop.");
	counter(f, "worker_calls_total", c->on_worker,
	    "Calls run by a worker.");
	counter(f, "rejected_calls_total", c->rejected,
	    "Calls answered by an RPC error.");
	counter(f, "bad_connections_total", c->closed_bad,
	    "Connections that sent nonsense.");
	counter(f, "refused_connections_total", c->refused,
	    "Connections that the gate refused.");
	counter(f, "read_bytes_total", c->read_bytes, "Bytes that READ gave.");
	counter(f, "written_bytes_total", c->write_bytes,
	    "Bytes that WRITE took.");
	counter(f, "sends_total", c->writes, "System calls that sent replies.");
	gauge(f, "connections", c->conns, "Connections that are open.");
	gauge(f, "connections_max", s->opt.max_conns, "As many may be.");
	gauge(f, "workers", c->workers, "Threads that may wait.");
	gauge(f, "loops", s->nlanes, "Threads that own connections.");
	gauge(f, "inflight_bytes", c->inflight, "Calls and replies in hand.");
	gauge(f, "arena_max_bytes", c->arena_max,
	    "The most that one call took.");
	gauge(f, "nodes", node_count(s->nodes), "Objects that are known.");
	head(f, "loop_stall_max_seconds", "gauge",
	    "The longest callback of a loop.");
	fprintf(f, "vaultnfs_loop_stall_max_seconds %.6f\n",
	    (double)c->loop_max_us / 1e6);
}

static void
all_vaults(FILE *f, struct server *s)
{
	struct vault_counts c;

	server_vault_counts(s, &c);
	counter(f, "cache_hits_total", c.chunk_hits,
	    "Chunks found decrypted, since the vaults were unlocked.");
	counter(f, "cache_misses_total", c.chunk_misses, "Chunks not found.");
	gauge(f, "cache_bytes", c.chunk_bytes, "Decrypted chunks in memory.");
	gauge(f, "dirty_bytes", c.dirty_bytes, "Written and not on disk yet.");
	gauge(f, "listing_bytes", c.listing_bytes, "Listings in memory.");
	gauge(f, "open_files", c.files, "Files that are open.");
	gauge(f, "directories", c.dirs, "Directories that are known.");
	gauge(f, "hidden_entries", c.hidden, "Entries that cannot be shown.");
}

char *
metrics_text(struct server *s, uint64_t began_us, size_t *len)
{
	struct server_counts c;
	char *text = NULL;
	FILE *f;

	if ((f = open_memstream(&text, len)) == NULL)
		return NULL;
	server_counts(s, &c);
	head(f, "info", "gauge", "What runs.");
	fprintf(f, "vaultnfs_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	head(f, "uptime_seconds", "gauge", "Since it began.");
	fprintf(f, "vaultnfs_uptime_seconds %.3f\n",
	    (double)(loop_clock_us() - began_us) / 1e6);
	gauge(f, "locked", atomic_load(&s->closed) == KEEPER_LOCKED,
	    "1 while the vaults are locked.");
	whole_server(f, s, &c);
	all_vaults(f, s);
	procedures(f, s, &c);
	if (fclose(f) == EOF) {
		free(text);
		return NULL;
	}
	return text;
}
