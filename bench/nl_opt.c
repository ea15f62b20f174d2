#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/nl.h"
#include "bench/nl_opt.h"
#include "bench/nl_pattern.h"

enum {
	O_SERVER = 256, O_EXPORT, O_PROC, O_DEPTH, O_CONNECTIONS, O_THREADS,
	O_SIZE, O_RANDOM, O_FILE_SIZE, O_FILE, O_FILES, O_PATHS, O_ENTRIES, O_COUNT,
	O_SECONDS, O_MOUNT_PORT, O_SERVER_PID, O_VERIFY, O_KEEP, O_UID,
	O_SEED, O_JSON, O_HELP,
};

static const struct option options[] = {
	{ "server", required_argument, NULL, O_SERVER },
	{ "export", required_argument, NULL, O_EXPORT },
	{ "proc", required_argument, NULL, O_PROC },
	{ "depth", required_argument, NULL, O_DEPTH },
	{ "connections", required_argument, NULL, O_CONNECTIONS },
	{ "threads", required_argument, NULL, O_THREADS },
	{ "size", required_argument, NULL, O_SIZE },
	{ "random", no_argument, NULL, O_RANDOM },
	{ "file-size", required_argument, NULL, O_FILE_SIZE },
	{ "file", required_argument, NULL, O_FILE },
	{ "files", required_argument, NULL, O_FILES },
	{ "paths", required_argument, NULL, O_PATHS },
	{ "entries", required_argument, NULL, O_ENTRIES },
	{ "count", required_argument, NULL, O_COUNT },
	{ "seconds", required_argument, NULL, O_SECONDS },
	{ "mount-port", required_argument, NULL, O_MOUNT_PORT },
	{ "server-pid", required_argument, NULL, O_SERVER_PID },
	{ "verify", no_argument, NULL, O_VERIFY },
	{ "keep", no_argument, NULL, O_KEEP },
	{ "uid", required_argument, NULL, O_UID },
	{ "seed", required_argument, NULL, O_SEED },
	{ "json", no_argument, NULL, O_JSON },
	{ "help", no_argument, NULL, O_HELP },
	{ NULL, 0, NULL, 0 }
};

static void
usage(FILE *f)
{
	fprintf(f, "usage: nfsload --server HOST:PORT --export /NAME "
	    "--proc P [OPTION]...\n"
	    "  P: %s\n"
	    "  --depth N        operations under way on a connection [1]\n"
	    "  --connections N  [1]\n"
	    "  --threads N      of this client [1 for 16 connections]\n"
	    "  --size BYTES     of a READ or WRITE [1M; mix: 4K], of a page "
	    "of READDIRPLUS [32K]\n"
	    "  --file-size BYTES  [64M; write without --random: all that is "
	    "written, up to 1G;\n"
	    "                   what is written beyond goes to a new file]\n"
	    "  --random         places in the file, else in order\n"
	    "  --files N        that GETATTR, LOOKUP ... go round [100]\n"
	    "  --entries N      of the directory that is listed, or of what "
	    "remove has [--count]\n"
	    "  --count N        operations [1000]; readdirplus without "
	    "--entries: entries\n"
	    "  --seconds S      instead, or whichever is over first\n"
	    "  --paths FILE     getattr, lookup, access, create: go round these, "
	    "which are there;\n"
	    "                   a path from the export's root in each line\n"
	    "  --file PATH      read, getattr, access: this one, which is "
	    "there\n"
	    "  --mount-port N   of MOUNT, if it is not that of NFS\n"
	    "  --server-pid PID whose processor time is counted; may be "
	    "repeated\n"
	    "  --verify         content, names, attributes too\n"
	    "  --keep           what was made stays in the export\n"
	    "  --uid N          of AUTH_SYS [one's own]\n"
	    "  --seed N         of --random and mix\n"
	    "  --json\n", nl_works_names());
}

static bool
number(const char *name, const char *text, uint64_t min, uint64_t max,
    uint64_t *v)
{
	unsigned shift = 0;
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 10);
	if (*end == 'K' || *end == 'k')
		shift = 10;
	else if (*end == 'M' || *end == 'm')
		shift = 20;
	else if (*end == 'G' || *end == 'g')
		shift = 30;
	if (shift != 0)
		end++;
	if (errno != 0 || end == text || *end != '\0' || *text == '-' ||
	    *v > UINT64_MAX >> shift || *v << shift < min ||
	    *v << shift > max) {
		fprintf(stderr, "nfsload: --%s %s: a number from %" PRIu64
		    " to %" PRIu64 " is wanted\n", name, text, min, max);
		return false;
	}
	*v <<= shift;
	return true;
}

/* HOST:PORT or [HOST]:PORT; the word is cut. */
static bool
server(struct nl_opt *opt, char *word)
{
	char *colon = strrchr(word, ':');

	if (colon == NULL || colon == word || colon[1] == '\0') {
		fprintf(stderr, "nfsload: --server %s: HOST:PORT is wanted\n",
		    word);
		return false;
	}
	*colon = '\0';
	opt->port = colon + 1;
	opt->host = word;
	if (word[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		opt->host = word + 1;
	}
	return true;
}

static bool
seconds(struct nl_opt *opt, const char *text)
{
	char *end;

	opt->seconds = strtod(text, &end);
	if (end != text && *end == '\0' && opt->seconds > 0 &&
	    opt->seconds <= 86400)
		return true;
	fprintf(stderr, "nfsload: --seconds %s: up to a day\n", text);
	return false;
}

static bool
add_pid(struct nl_opt *opt, int pid)
{
	unsigned i;

	for (i = 0; i < NL_PIDS_MAX - 1; i++) {
		if (opt->server_pid[i] == 0) {
			opt->server_pid[i] = pid;
			return true;
		}
	}
	fprintf(stderr, "nfsload: --server-pid: too many\n");
	return false;
}

static bool
numbers(struct nl_opt *opt, int c, const char *name, const char *text)
{
	const uint64_t any = UINT64_C(1) << 40;
	uint64_t v = 0;
	bool ok;

	switch (c) {
	case O_DEPTH:
		ok = number(name, text, 1, NL_DEPTH_MAX, &v);
		opt->depth = (unsigned)v;
		return ok;
	case O_CONNECTIONS:
		ok = number(name, text, 1, NL_CONN_MAX, &v);
		opt->connections = (unsigned)v;
		return ok;
	case O_THREADS:
		ok = number(name, text, 1, 256, &v);
		opt->threads = (unsigned)v;
		return ok;
	case O_SIZE:
		ok = number(name, text, 1, NL_PATTERN_MAX, &v);
		opt->size = (uint32_t)v;
		return ok;
	case O_UID:
		ok = number(name, text, 0, UINT32_MAX, &v);
		opt->uid = (uint32_t)v;
		return ok;
	case O_SERVER_PID:
		ok = number(name, text, 1, INT32_MAX, &v);
		return ok && add_pid(opt, (int)v);
	case O_FILE_SIZE:
		return number(name, text, 1, any, &opt->file_size);
	case O_FILES:
		return number(name, text, 1, 1000000, &opt->files);
	case O_ENTRIES:
		return number(name, text, 1, 10000000, &opt->entries);
	case O_COUNT:
		return number(name, text, 1, any, &opt->count);
	default:
		return number(name, text, 0, UINT64_MAX, &opt->seed);
	}
}

static bool
one(struct nl_opt *opt, int c, const char *name)
{
	switch (c) {
	case O_SERVER:
		return server(opt, optarg);
	case O_EXPORT:
		opt->export = optarg;
		return true;
	case O_MOUNT_PORT:
		opt->mount_port = optarg;
		return true;
	case O_PROC:
		opt->proc = optarg;
		return true;
	case O_FILE:
		opt->file = optarg;
		return true;
	case O_PATHS:
		opt->paths = optarg;
		return true;
	case O_SECONDS:
		return seconds(opt, optarg);
	case O_RANDOM:
		opt->random = true;
		return true;
	case O_VERIFY:
		opt->verify = true;
		return true;
	case O_KEEP:
		opt->keep = true;
		return true;
	case O_JSON:
		opt->json = true;
		return true;
	default:
		return numbers(opt, c, name, optarg);
	}
}

static bool
complete(const struct nl_opt *opt)
{
	const struct nl_work *w;

	if (opt->host == NULL || opt->proc == NULL) {
		fprintf(stderr, "nfsload: --server and --proc are needed\n");
		return false;
	}
	if ((w = nl_works_find(opt->proc)) == NULL) {
		fprintf(stderr, "nfsload: --proc %s: one of %s\n", opt->proc,
		    nl_works_names());
		return false;
	}
	if (opt->export == NULL && (w->needs & NL_NEED_NOTHING) == 0) {
		fprintf(stderr, "nfsload: --export is needed\n");
		return false;
	}
	if (opt->file != NULL && w != &nl_data_read &&
	    w != &nl_meta_getattr && w != &nl_meta_access) {
		fprintf(stderr, "nfsload: --file is for read, getattr and "
		    "access\n");
		return false;
	}
	if (opt->paths != NULL && (opt->file != NULL || (w != &nl_meta_getattr
	    && w != &nl_meta_lookup && w != &nl_meta_access &&
	    w != &nl_name_create))) {
		fprintf(stderr, "nfsload: --paths is for getattr, lookup, "
		    "access and create\n");
		return false;
	}
	return true;
}

bool
nl_opt_parse(struct nl_opt *opt, int argc, char **argv)
{
	int c, which = 0;

	memset(opt, 0, sizeof(*opt));
	opt->depth = opt->connections = 1;
	opt->files = 100;
	opt->uid = (uint32_t)geteuid();
	opt->gid = (uint32_t)getegid();
	opt->seed = 1;
	while ((c = getopt_long(argc, argv, "", options, &which)) != -1) {
		if (c == O_HELP) {
			usage(stdout);
			exit(0);
		}
		if (c == '?' || !one(opt, c, options[which].name))
			return false;
	}
	if (optind != argc) {
		fprintf(stderr, "nfsload: %s: no operands are taken\n",
		    argv[optind]);
		return false;
	}
	if (opt->count == 0 && opt->seconds == 0)
		opt->count = 1000;
	if (opt->threads == 0)
		opt->threads = 1 + (opt->connections - 1) / 16;
	if (opt->threads > opt->connections)
		opt->threads = opt->connections;
	return complete(opt);
}
