/*
 * nl_paths.c - objects that are in the export already, by their paths.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/nl.h"
#include "bench/nl_sync.h"
#include "xdr/nfs3.h"

#define PATH_LEN	1024u	/* bytes of a line of --paths */

static bool
failed(struct nl_run *run, const struct nl_sync *s, const char *path)
{
	(void)nl_load_error(run, "%s: %s", path, s->err);
	return false;
}

bool
nl_paths_find(struct nl_run *run, struct nl_sync *s, const char *path,
    struct nl_obj *o, struct nfs3_fh *in, struct nfs3_fattr *a)
{
	struct nfs3_fh at = run->tree.root;
	const char *p = path;
	struct nfs3_attr any;
	char name[NFS3_NAME_MAX + 1];
	size_t len;

	o->fh = at;
	for (p += strspn(p, "/"); *p != '\0'; p += strspn(p, "/")) {
		len = strcspn(p, "/");
		if (len > NFS3_NAME_MAX)
			len = NFS3_NAME_MAX;
		memcpy(name, p, len);
		name[len] = '\0';
		if (!nl_sync_lookup(s, &at, name, &o->fh, &any))
			return failed(run, s, path);
		if (in != NULL)
			*in = at;
		at = o->fh;
		p += len;
		(void)snprintf(o->name, sizeof(o->name), "%.*s",
		    NL_NAME_MAX - 1, name);
	}
	if (!nl_sync_getattr(s, &at, a))
		return failed(run, s, path);
	o->fileid = a->fileid;
	return true;
}

static bool
more(struct nl_tree *t, uint64_t *cap)
{
	struct nl_obj *file;
	struct nfs3_fh *in;

	if (t->nfiles < *cap)
		return true;
	*cap = *cap * 2 + 1024;
	if ((file = realloc(t->file, *cap * sizeof(*file))) != NULL)
		t->file = file;
	if ((in = realloc(t->in, *cap * sizeof(*in))) != NULL)
		t->in = in;
	return file != NULL && in != NULL;
}

static bool
read_all(struct nl_run *run, struct nl_sync *s, FILE *f)
{
	struct nl_tree *t = &run->tree;
	char line[PATH_LEN];
	struct nfs3_fattr a;
	uint64_t cap = 0;

	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (!more(t, &cap)) {
			(void)nl_load_error(run, "out of memory");
			return false;
		}
		if (!nl_paths_find(run, s, line, &t->file[t->nfiles],
		    &t->in[t->nfiles], &a))
			return false;
		if (a.type != NF3REG) {
			(void)nl_load_error(run, "%s: not a file", line);
			return false;
		}
		t->nfiles++;
	}
	if (t->nfiles == 0)
		(void)nl_load_error(run, "%s has no paths", run->opt->paths);
	return t->nfiles > 0;
}

bool
nl_paths_read(struct nl_run *run, struct nl_sync *s)
{
	FILE *f = fopen(run->opt->paths, "r");
	bool ok;

	if (f == NULL) {
		(void)nl_load_error(run, "cannot open %s", run->opt->paths);
		return false;
	}
	ok = read_all(run, s, f);
	(void)fclose(f);
	return ok;
}

/* What create has made: one that is not there was never made. */
bool
nl_paths_remove(struct nl_run *run, struct nl_sync *s)
{
	const struct nl_tree *t = &run->tree;
	uint64_t i, n = 0;
	char name[NL_NAME_MAX];

	for (i = 0; i < run->opt->connections; i++)
		n += run->conn[i].ops;
	if (run->work != &nl_name_create)
		return true;
	for (i = 0; i < n; i++) {
		nl_name_new(run, i, name);
		if (!nl_sync_remove(s, &t->in[i % t->nfiles], name, false))
			return failed(run, s, name);
	}
	return true;
}
