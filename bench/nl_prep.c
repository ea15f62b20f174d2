/*
 * nl_prep.c - what a run needs in the export, in a directory of its own.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/nl.h"
#include "bench/nl_pattern.h"
#include "bench/nl_sync.h"
#include "xdr/nfs3.h"

static bool
failed(struct nl_run *run, const struct nl_sync *s)
{
	(void)nl_load_error(run, "preparing: %s", s->err);
	return false;
}

static bool
make_dir(struct nl_run *run, struct nl_sync *s, struct nl_obj *o,
    const char *name)
{
	(void)snprintf(o->name, sizeof(o->name), "%s", name);
	return nl_sync_mkdir(s, &run->tree.top, name, &o->fh) ||
	    failed(run, s);
}

/* size bytes of the name's pattern, as they are before the run. */
static bool
fill_file(struct nl_run *run, struct nl_sync *s, const struct nl_obj *o,
    uint64_t size)
{
	uint64_t off, file = nl_pattern_file(o->name, 0);
	uint32_t part;

	for (off = 0; off < size; off += part) {
		part = run->tree.wtmax < NL_PATTERN_MAX ? run->tree.wtmax :
		    NL_PATTERN_MAX;
		if (part > size - off)
			part = (uint32_t)(size - off);
		if (!nl_sync_write(s, &o->fh, off, nl_pattern_at(file, off),
		    part))
			return failed(run, s);
	}
	return nl_sync_commit(s, &o->fh) || failed(run, s);
}

static bool
make_file(struct nl_run *run, struct nl_sync *s, const struct nfs3_fh *dir,
    struct nl_obj *o, const char *name)
{
	struct nfs3_attr a = { .present = false };

	(void)snprintf(o->name, sizeof(o->name), "%s", name);
	if (!nl_sync_create(s, dir, name, &o->fh, &a))
		return failed(run, s);
	o->fileid = a.a.fileid;
	return true;
}

/* n empty files called PREFIX-00000000 and so on; out: they, or NULL. */
static bool
make_files(struct nl_run *run, struct nl_sync *s, const struct nfs3_fh *dir,
    const char *prefix, uint64_t n, struct nl_obj *out)
{
	char name[NL_NAME_MAX];
	struct nl_obj o;
	uint64_t i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%s-%08" PRIu64, prefix, i);
		if (!make_file(run, s, dir, out == NULL ? &o : &out[i], name))
			return false;
	}
	return true;
}

static bool
make_links(struct nl_run *run, struct nl_sync *s)
{
	struct nl_obj *o;
	uint64_t i;

	for (i = 0; i < run->opt->files; i++) {
		o = &run->tree.link[i];
		(void)snprintf(o->name, sizeof(o->name), "link-%08" PRIu64, i);
		if (!nl_sync_symlink(s, &run->tree.dir.fh, o->name, o->name,
		    &o->fh))
			return failed(run, s);
	}
	return true;
}

/* A file that is there, by its path from the export's root. */
static bool
find_file(struct nl_run *run, struct nl_sync *s)
{
	struct nl_obj *o = &run->tree.big;
	struct nfs3_fattr f;

	if (!nl_paths_find(run, s, run->opt->file, o, NULL, &f))
		return false;
	run->tree.big_size = f.size;
	if (f.type == NF3REG && f.size >= run->opt->size)
		return true;
	(void)nl_load_error(run, "%s: not a file of --size at least",
	    run->opt->file);
	return false;
}

static bool
make_out(struct nl_run *run, struct nl_sync *s, struct nl_conn *c)
{
	char name[NL_NAME_MAX];

	(void)snprintf(name, sizeof(name), "out-%u-%u", c->n, run->passes);
	return make_file(run, s, &run->tree.top, &c->out, name);
}

/* For a connection: its directory, its file, its slots' files. */
static bool
make_for(struct nl_run *run, struct nl_sync *s, struct nl_conn *c)
{
	unsigned needs = run->work->needs;
	uint64_t blocks = nl_data_blocks(run);
	char name[NL_NAME_MAX];

	(void)snprintf(name, sizeof(name), "dir-%u", c->n);
	if ((needs & NL_NEED_DIRS) != 0 && !make_dir(run, s, &c->dir, name))
		return false;
	if ((needs & NL_NEED_TURNS) != 0) {
		unsigned i;
		struct nl_obj o;

		for (i = 0; i < run->opt->depth; i++) {
			(void)snprintf(name, sizeof(name), "turn-%04u", i);
			if (!make_file(run, s, &c->dir.fh, &o, name))
				return false;
		}
	}
	if ((needs & NL_NEED_OUT) == 0)
		return true;
	if (!make_out(run, s, c))
		return false;
	if (run->opt->verify &&
	    (c->written = calloc(1, blocks / 8 + 1)) == NULL) {
		(void)nl_load_error(run, "out of memory");
		return false;
	}
	if (!run->opt->random && (needs & NL_NEED_FULL) == 0)
		return true;
	return fill_file(run, s, &c->out, blocks * run->opt->size);
}

static bool
make_shared(struct nl_run *run, struct nl_sync *s)
{
	unsigned needs = run->work->needs;
	struct nl_tree *t = &run->tree;
	uint64_t n = run->opt->files;

	t->nfiles = n;
	t->file = calloc(n, sizeof(*t->file));
	t->link = calloc(n, sizeof(*t->link));
	if (t->file == NULL || t->link == NULL) {
		(void)nl_load_error(run, "out of memory");
		return false;
	}
	t->big_size = nl_data_blocks(run) * run->opt->size;
	if ((needs & (NL_NEED_FILES | NL_NEED_LINKS)) != 0 &&
	    !make_dir(run, s, &t->dir, "files"))
		return false;
	if ((needs & NL_NEED_FILES) != 0 &&
	    !make_files(run, s, &t->dir.fh, "file", n, t->file))
		return false;
	if ((needs & NL_NEED_LINKS) != 0 && !make_links(run, s))
		return false;
	if ((needs & NL_NEED_BIG) != 0 &&
	    (!make_file(run, s, &t->top, &t->big, "big") ||
	    !fill_file(run, s, &t->big, t->big_size)))
		return false;
	if ((needs & NL_NEED_LIST) != 0 &&
	    (!make_dir(run, s, &t->list, "list") || !make_files(run, s,
	    &t->list.fh, "entry", run->opt->entries, NULL)))
		return false;
	return (needs & NL_NEED_VICTIMS) == 0 ||
	    (make_dir(run, s, &t->victims, "victims") && make_files(run, s,
	    &t->victims.fh, "victim", run->opt->entries, NULL));
}

static bool
find_export(struct nl_run *run, struct nl_sync *s)
{
	struct nl_tree *t = &run->tree;

	if (!nl_sync_mnt(s, run->opt, &t->root) ||
	    !nl_sync_fsinfo(s, &t->root, &t->rtmax, &t->wtmax))
		return failed(run, s);
	if ((run->work->needs & NL_NEED_BIG) != 0 && run->opt->size > t->rtmax)
		(void)nl_load_error(run, "READs of this server are %u bytes "
		    "at most", (unsigned)t->rtmax);
	else if ((run->work->needs & NL_NEED_OUT) != 0 &&
	    run->opt->size > t->wtmax)
		(void)nl_load_error(run, "WRITEs of this server are %u bytes "
		    "at most", (unsigned)t->wtmax);
	return run->errors == 0;
}

static bool
make_all(struct nl_run *run, struct nl_sync *s)
{
	struct nl_tree *t = &run->tree;
	unsigned i;

	if (!find_export(run, s))
		return false;
	if (run->opt->file != NULL)
		return find_file(run, s);
	if (run->opt->paths != NULL)
		return nl_paths_read(run, s);
	(void)snprintf(t->top_name, sizeof(t->top_name), "nfsload-%08"
	    PRIx32, run->id);
	if (!nl_sync_mkdir(s, &t->root, t->top_name, &t->top))
		return failed(run, s);
	t->have_top = true;
	if (!make_shared(run, s))
		return false;
	for (i = 0; i < run->opt->connections; i++)
		if (!make_for(run, s, &run->conn[i]))
			return false;
	return true;
}

bool
nl_prep_make(struct nl_run *run)
{
	struct nl_sync s;
	bool ok;

	if ((run->work->needs & NL_NEED_NOTHING) != 0)
		return true;
	ok = nl_sync_init(&s, run->opt) ? make_all(run, &s) : failed(run, &s);
	nl_sync_fini(&s);
	return ok;
}

bool
nl_prep_again(struct nl_run *run)
{
	uint64_t blocks = nl_data_blocks(run);
	struct nl_conn *c;
	struct nl_sync s;
	unsigned i;
	bool ok;

	ok = nl_sync_init(&s, run->opt) || failed(run, &s);
	for (i = 0; i < run->opt->connections && ok; i++) {
		c = &run->conn[i];
		ok = nl_sync_remove(&s, &run->tree.top, c->out.name, false) ||
		    failed(run, &s);
		ok = ok && make_out(run, &s, c);
		if (c->written != NULL)
			memset(c->written, 0, blocks / 8 + 1);
	}
	nl_sync_fini(&s);
	return ok;
}

/* Names of a directory, to remove them afterwards. */
struct names {
	char	(*name)[NFS3_NAME_MAX + 1];
	size_t	 n, cap;
	bool	 full;
};

static void
keep_name(void *ctx, const char *name)
{
	struct names *l = ctx;
	void *p;

	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 64;
		if ((p = realloc(l->name, l->cap * sizeof(*l->name))) == NULL) {
			l->full = true;
			return;
		}
		l->name = p;
	}
	(void)snprintf(l->name[l->n++], sizeof(*l->name), "%s", name);
}

/* All names first: what changes under a listing is the server's affair. */
static bool
list_all(struct nl_sync *s, const struct nfs3_fh *dir, struct names *l)
{
	uint8_t verf[NFS3_VERFSIZE] = { 0 };
	uint64_t cookie = 0;
	bool eof = false, ok = true;

	while (!eof && ok)
		ok = nl_sync_names(s, dir, &cookie, verf, &eof, keep_name, l);
	return ok && !l->full;
}

static bool
remove_tree(struct nl_sync *s, const struct nfs3_fh *parent,
    const char *name, unsigned depth)
{
	struct names l = { .n = 0 };
	struct nfs3_attr a;
	struct nfs3_fh fh;
	bool ok;
	size_t i;

	ok = nl_sync_lookup(s, parent, name, &fh, &a) && list_all(s, &fh, &l);
	for (i = 0; i < l.n && ok; i++) {
		ok = nl_sync_remove(s, &fh, l.name[i], false);
		/* a directory: RFC 1813 leaves open how that is said */
		if (!ok && depth > 0)
			ok = remove_tree(s, &fh, l.name[i], depth - 1);
	}
	free(l.name);
	return ok && nl_sync_remove(s, parent, name, true);
}

bool
nl_prep_remove(struct nl_run *run)
{
	struct nl_sync s;
	bool ok;

	if (!run->tree.have_top && run->tree.in == NULL)
		return true;
	ok = nl_sync_init(&s, run->opt);
	if (run->tree.in != NULL) {
		ok = ok ? nl_paths_remove(run, &s) : failed(run, &s);
		nl_sync_fini(&s);
		return ok;
	}
	ok = ok && remove_tree(&s, &run->tree.root, run->tree.top_name, 1);
	if (!ok)
		(void)nl_load_error(run, "removing %s: %s",
		    run->tree.top_name, s.err);
	nl_sync_fini(&s);
	return ok;
}
