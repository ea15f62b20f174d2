/*
 * wire_res.h - attributes and handles in results: random ones of ours, and
 * comparison with what libtirpc read.
 */
#ifndef TESTS_UNIT_WIRE_RES_H
#define TESTS_UNIT_WIRE_RES_H

#include "tests/unit/wire.h"

static inline void
wire_fill_fh(struct nfs3_fh *fh)
{
	fh->len = wire_below(NFS3_FHSIZE + 1);
	memcpy(fh->data, wire_bytes(fh->len), fh->len);
}

static inline void
wire_fill_time(struct nfs3_time *t)
{
	t->sec = wire_u32();
	t->nsec = wire_u32();
}

static inline void
wire_fill_fattr(struct nfs3_fattr *a)
{
	a->type = 1 + wire_below(7);
	a->mode = wire_u32();
	a->nlink = wire_u32();
	a->uid = wire_u32();
	a->gid = wire_u32();
	a->size = wire_u64();
	a->used = wire_u64();
	a->rdev_major = wire_u32();
	a->rdev_minor = wire_u32();
	a->fsid = wire_u64();
	a->fileid = wire_u64();
	wire_fill_time(&a->atime);
	wire_fill_time(&a->mtime);
	wire_fill_time(&a->ctime);
}

static inline void
wire_fill_attr(struct nfs3_attr *a)
{
	a->present = wire_bool();
	wire_fill_fattr(&a->a);
}

static inline void
wire_fill_wcc(struct nfs3_wcc *w)
{
	w->have_before = wire_bool();
	w->size = wire_u64();
	wire_fill_time(&w->mtime);
	wire_fill_time(&w->ctime);
	wire_fill_attr(&w->after);
}

static inline void
wire_fill_made(struct nfs3_made *m)
{
	m->have_fh = wire_bool();
	wire_fill_fh(&m->obj);
	wire_fill_attr(&m->obj_attr);
	wire_fill_wcc(&m->dir_wcc);
}

static inline bool
wire_same_fattr(const fattr3 *w, const struct nfs3_fattr *a)
{
	return (int)w->type == (int)a->type && w->mode == a->mode &&
	    w->nlink == a->nlink && w->uid == a->uid && w->gid == a->gid &&
	    w->size == a->size && w->used == a->used &&
	    w->rdev.specdata1 == a->rdev_major &&
	    w->rdev.specdata2 == a->rdev_minor && w->fsid == a->fsid &&
	    w->fileid == a->fileid && wire_same_time(&w->atime, &a->atime) &&
	    wire_same_time(&w->mtime, &a->mtime) &&
	    wire_same_time(&w->ctime, &a->ctime);
}

static inline bool
wire_same_attr(const post_op_attr *w, const struct nfs3_attr *a)
{
	return (bool)w->attributes_follow == a->present && (!a->present ||
	    wire_same_fattr(&w->post_op_attr_u.attributes, &a->a));
}

static inline bool
wire_same_wcc(const wcc_data *w, const struct nfs3_wcc *c)
{
	const wcc_attr *b = &w->before.pre_op_attr_u.attributes;

	return (bool)w->before.attributes_follow == c->have_before &&
	    (!c->have_before || (b->size == c->size &&
		wire_same_time(&b->mtime, &c->mtime) &&
		wire_same_time(&b->ctime, &c->ctime))) &&
	    wire_same_attr(&w->after, &c->after);
}

static inline bool
wire_same_made(const post_op_fh3 *obj, const post_op_attr *attr,
    const wcc_data *wcc, const struct nfs3_made *m)
{
	return (bool)obj->handle_follows == m->have_fh && (!m->have_fh ||
	    wire_same_fh(&obj->post_op_fh3_u.handle, &m->obj)) &&
	    wire_same_attr(attr, &m->obj_attr) &&
	    wire_same_wcc(wcc, &m->dir_wcc);
}

#endif /* TESTS_UNIT_WIRE_RES_H */
