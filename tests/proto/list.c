#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/proto/list.h"

static struct item *
add_item(struct list *l, const char *name, uint64_t fileid, uint64_t cookie)
{
	struct item *it;

	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 64;
		FIX_MUST((l->v = realloc(l->v,
		    l->cap * sizeof(*l->v))) != NULL);
	}
	it = &l->v[l->n++];
	memset(it, 0, sizeof(*it));
	(void)snprintf(it->name, sizeof(it->name), "%s", name);
	it->fileid = fileid;
	it->cookie = cookie;
	return it;
}

static int
page(struct client *c, const struct fh *dir, uint64_t cookie, uint32_t count,
    struct list *l)
{
	READDIR3args args = { .dir = call_fh(dir), .cookie = cookie,
	    .count = count };
	READDIR3res res;
	const entry3 *e;

	CALL(c, READDIR, &args, &res);
	l->wire = xdr_sizeof((xdrproc_t)xdr_READDIR3res, &res);
	/* Attributes come first in both arms. */
	l->dir_attr = res.READDIR3res_u.resfail.dir_attributes;
	if (res.status == WIRE_NFS3_OK) {
		memcpy(l->verf, res.READDIR3res_u.resok.cookieverf, 8);
		l->eof = res.READDIR3res_u.resok.reply.eof;
		for (e = res.READDIR3res_u.resok.reply.entries; e != NULL;
		    e = e->nextentry)
			(void)add_item(l, e->name, e->fileid, e->cookie);
	}
	client_nfs_free(READDIR, &res);
	return res.status;
}

static int
page_plus(struct client *c, const struct fh *dir, uint64_t cookie,
    uint32_t dircount, uint32_t count, struct list *l)
{
	READDIRPLUS3args args = { .dir = call_fh(dir), .cookie = cookie,
	    .dircount = dircount, .maxcount = count };
	READDIRPLUS3res res;
	const entryplus3 *e;
	struct item *it;

	CALL(c, READDIRPLUS, &args, &res);
	l->wire = xdr_sizeof((xdrproc_t)xdr_READDIRPLUS3res, &res);
	l->dir_attr = res.READDIRPLUS3res_u.resfail.dir_attributes;
	if (res.status == WIRE_NFS3_OK) {
		memcpy(l->verf, res.READDIRPLUS3res_u.resok.cookieverf, 8);
		l->eof = res.READDIRPLUS3res_u.resok.reply.eof;
		for (e = res.READDIRPLUS3res_u.resok.reply.entries;
		    e != NULL; e = e->nextentry) {
			it = add_item(l, e->name, e->fileid, e->cookie);
			it->attr = e->name_attributes;
			it->have_fh = e->name_handle.handle_follows;
			if (it->have_fh)
				it->fh = call_keep_fh(
				    &e->name_handle.post_op_fh3_u.handle);
		}
	}
	client_nfs_free(READDIRPLUS, &res);
	return res.status;
}

int
list_page(struct client *c, const struct fh *dir, uint64_t cookie,
    uint32_t dircount, uint32_t count, struct list *l)
{
	l->eof = false;
	l->pages++;
	return dircount == 0 ? page(c, dir, cookie, count, l) :
	    page_plus(c, dir, cookie, dircount, count, l);
}

int
list_all(struct client *c, const struct fh *dir, uint32_t dircount,
    uint32_t count, struct list *l)
{
	uint64_t cookie = 0;
	size_t before;
	int status;

	memset(l, 0, sizeof(*l));
	do {
		before = l->n;
		status = list_page(c, dir, cookie, dircount, count, l);
		if (status != WIRE_NFS3_OK)
			return status;
		/* An empty page that is not the last is an endless loop. */
		FIX_MUST(l->n > before || l->eof);
		if (l->n > 0)
			cookie = l->v[l->n - 1].cookie;
	} while (!l->eof);
	return status;
}

struct item *
list_find(const struct list *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

void
list_free(struct list *l)
{
	free(l->v);
	memset(l, 0, sizeof(*l));
}
