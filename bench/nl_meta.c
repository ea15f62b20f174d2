/*
 * nl_meta.c - calls that look at objects: NULL, GETATTR, LOOKUP, ACCESS,
 * READLINK.  They go round the prepared files, or links.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "bench/nl.h"
#include "xdr/nfs3.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

#define ACCESS_ALL	(NFS3_ACCESS_READ | NFS3_ACCESS_MODIFY | \
			    NFS3_ACCESS_EXTEND | NFS3_ACCESS_EXECUTE)

static const struct nl_obj *
file_of(const struct nl_slot *sl)
{
	const struct nl_run *run = sl->conn->run;

	if (run->opt->file != NULL)
		return &run->tree.big;
	return &run->tree.file[sl->index % run->tree.nfiles];
}

static const struct nfs3_fh *
dir_of(const struct nl_slot *sl)
{
	const struct nl_tree *t = &sl->conn->run->tree;

	return t->in == NULL ? &t->dir.fh : &t->in[sl->index % t->nfiles];
}

static void
call_null(struct nl_slot *sl, struct xout *o)
{
	nl_load_call(sl, o, NFS3_PROC_NULL);
}

static enum nl_next
reply_null(struct nl_slot *sl, struct xin *in)
{
	return nl_load_end(sl, in, true, NL_DONE);
}

static void
call_getattr(struct nl_slot *sl, struct xout *o)
{
	nl_load_call(sl, o, NFS3_PROC_GETATTR);
	nl_wire_put_fh(o, &file_of(sl)->fh);
}

static enum nl_next
reply_getattr(struct nl_slot *sl, struct xin *in)
{
	struct nfs3_fattr a;
	bool ok;

	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	ok = nl_wire_get_fattr(in, &a) && a.type == NF3REG &&
	    a.fileid == file_of(sl)->fileid;
	return nl_load_end(sl, in, ok, NL_DONE);
}

static void
call_lookup(struct nl_slot *sl, struct xout *o)
{
	nl_load_call(sl, o, NFS3_PROC_LOOKUP);
	nl_wire_put_name(o, dir_of(sl), file_of(sl)->name);
}

static enum nl_next
reply_lookup(struct nl_slot *sl, struct xin *in)
{
	const struct nl_obj *want = file_of(sl);
	struct nfs3_attr a, dir;
	struct nfs3_fh fh;
	bool ok;

	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	ok = nl_wire_get_fh(in, &fh) && nl_wire_get_attr(in, &a) &&
	    nl_wire_get_attr(in, &dir) && fh.len == want->fh.len &&
	    memcmp(fh.data, want->fh.data, fh.len) == 0 &&
	    (!a.present || a.a.fileid == want->fileid);
	return nl_load_end(sl, in, ok, NL_DONE);
}

/* As many names that are not there as there are files. */
static void
call_absent(struct nl_slot *sl, struct xout *o)
{
	const struct nl_run *run = sl->conn->run;
	char name[NL_NAME_MAX];

	(void)snprintf(name, sizeof(name), "absent-%06u.h",
	    (unsigned)(sl->index % run->opt->files));
	nl_load_call(sl, o, NFS3_PROC_LOOKUP);
	nl_wire_put_name(o, &run->tree.dir.fh, name);
}

static enum nl_next
reply_absent(struct nl_slot *sl, struct xin *in)
{
	uint32_t status = nl_load_status(sl, in, NFS3ERR_NOENT);
	struct nfs3_attr dir;

	if (status == UINT32_MAX)
		return NL_BAD;
	return nl_load_end(sl, in, status == NFS3ERR_NOENT &&
	    nl_wire_get_attr(in, &dir), NL_DONE);
}

static void
call_access(struct nl_slot *sl, struct xout *o)
{
	nl_load_call(sl, o, NFS3_PROC_ACCESS);
	nl_wire_put_fh(o, &file_of(sl)->fh);
	xout_u32(o, ACCESS_ALL);
}

static enum nl_next
reply_access(struct nl_slot *sl, struct xin *in)
{
	struct nfs3_attr a;
	uint32_t granted;
	bool ok;

	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	ok = nl_wire_get_attr(in, &a) && xin_u32(in, &granted) &&
	    (granted & ~ACCESS_ALL) == 0 && (granted & NFS3_ACCESS_READ) != 0;
	return nl_load_end(sl, in, ok, NL_DONE);
}

static const struct nl_obj *
link_of(const struct nl_slot *sl)
{
	const struct nl_run *run = sl->conn->run;

	return &run->tree.link[sl->index % run->opt->files];
}

static void
call_readlink(struct nl_slot *sl, struct xout *o)
{
	nl_load_call(sl, o, NFS3_PROC_READLINK);
	nl_wire_put_fh(o, &link_of(sl)->fh);
}

/* A link leads to the name it has itself. */
static enum nl_next
reply_readlink(struct nl_slot *sl, struct xin *in)
{
	const char *want = link_of(sl)->name;
	struct nfs3_attr a;
	struct slice s;
	bool ok;

	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	ok = nl_wire_get_attr(in, &a) &&
	    xin_slice(in, NFS3_PATH_MAX, &s) && s.len == strlen(want) &&
	    memcmp(s.s, want, s.len) == 0;
	return nl_load_end(sl, in, ok, NL_DONE);
}

const struct nl_work nl_meta_null = {
	"null", NL_NEED_NOTHING, NULL, call_null, reply_null, NULL, NULL
};
const struct nl_work nl_meta_tcp = {
	"tcp", NL_NEED_NOTHING, NULL, call_null, reply_null, NULL, NULL
};
const struct nl_work nl_meta_getattr = {
	"getattr", NL_NEED_FILES, NULL, call_getattr, reply_getattr, NULL,
	NULL
};
const struct nl_work nl_meta_lookup = {
	"lookup", NL_NEED_FILES, NULL, call_lookup, reply_lookup, NULL, NULL
};
const struct nl_work nl_meta_absent = {
	"lookup-absent", NL_NEED_FILES, NULL, call_absent, reply_absent,
	NULL, NULL
};
const struct nl_work nl_meta_access = {
	"access", NL_NEED_FILES, NULL, call_access, reply_access, NULL, NULL
};
const struct nl_work nl_meta_readlink = {
	"readlink", NL_NEED_LINKS, NULL, call_readlink, reply_readlink, NULL,
	NULL
};
