#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/proto/calls.h"

void
call_must(const char *what, enum clnt_stat st)
{
	if (st == RPC_SUCCESS)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, clnt_sperrno(st));
	abort();
}

#define STR(s)	((char *)(uintptr_t)(s))

nfs_fh3
call_fh(const struct fh *fh)
{
	nfs_fh3 w;

	w.data.data_len = fh->len;
	w.data.data_val = STR(fh->b);
	return w;
}

struct fh
call_keep_fh(const nfs_fh3 *w)
{
	struct fh fh = { .len = w->data.data_len };

	FIX_MUST(fh.len <= sizeof(fh.b));
	memcpy(fh.b, w->data.data_val, fh.len);
	return fh;
}

bool
call_same_fh(const struct fh *a, const struct fh *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

sattr3
call_mode(uint32_t mode)
{
	sattr3 s;

	memset(&s, 0, sizeof(s));
	s.mode.set_it = TRUE;
	s.mode.set_mode3_u.mode = mode;
	return s;
}

sattr3
call_size(uint64_t size)
{
	sattr3 s;

	memset(&s, 0, sizeof(s));
	s.size.set_it = TRUE;
	s.size.set_size3_u.size = size;
	return s;
}

static diropargs3
dirop(const struct fh *dir, const char *name)
{
	diropargs3 d = { call_fh(dir), STR(name) };

	return d;
}

static struct reply *
cleared(struct reply *r)
{
	static _Thread_local struct reply scratch;

	if (r == NULL)
		r = &scratch;
	memset(r, 0, sizeof(*r));
	return r;
}

int
call_getattr(struct client *c, const struct fh *fh, fattr3 *a)
{
	GETATTR3args args = { call_fh(fh) };
	GETATTR3res res;

	CALL(c, GETATTR, &args, &res);
	memset(a, 0, sizeof(*a));
	if (res.status == WIRE_NFS3_OK)
		*a = res.GETATTR3res_u.resok.obj_attributes;
	return res.status;
}

int
call_setattr(struct client *c, const struct fh *fh, const sattr3 *s,
    const nfstime3 *guard, wcc_data *w)
{
	SETATTR3args args = { .object = call_fh(fh), .new_attributes = *s };
	SETATTR3res res;

	if (guard != NULL) {
		args.guard.check = TRUE;
		args.guard.sattrguard3_u.obj_ctime = *guard;
	}
	CALL(c, SETATTR, &args, &res);
	if (w != NULL)		/* the same in both arms of the union */
		*w = res.SETATTR3res_u.resok.obj_wcc;
	return res.status;
}

int
call_lookup(struct client *c, const struct fh *dir, const char *name,
    struct reply *r)
{
	LOOKUP3args args = { dirop(dir, name) };
	LOOKUP3res res;

	r = cleared(r);
	CALL(c, LOOKUP, &args, &res);
	if (res.status == WIRE_NFS3_OK) {
		r->have_fh = true;
		r->fh = call_keep_fh(&res.LOOKUP3res_u.resok.object);
		r->attr = res.LOOKUP3res_u.resok.obj_attributes;
		r->dir_attr = res.LOOKUP3res_u.resok.dir_attributes;
	} else
		r->dir_attr = res.LOOKUP3res_u.resfail.dir_attributes;
	client_nfs_free(LOOKUP, &res);
	return res.status;
}

int
call_access(struct client *c, const struct fh *fh, uint32_t want,
    uint32_t *granted, post_op_attr *a)
{
	ACCESS3args args = { call_fh(fh), want };
	ACCESS3res res;

	CALL(c, ACCESS, &args, &res);
	*granted = res.status == WIRE_NFS3_OK ?
	    res.ACCESS3res_u.resok.access : 0;
	if (a != NULL)
		*a = res.status == WIRE_NFS3_OK ?
		    res.ACCESS3res_u.resok.obj_attributes :
		    res.ACCESS3res_u.resfail.obj_attributes;
	return res.status;
}

int
call_readlink(struct client *c, const struct fh *fh, char *target,
    post_op_attr *a)
{
	READLINK3args args = { call_fh(fh) };
	READLINK3res res;

	CALL(c, READLINK, &args, &res);
	target[0] = '\0';
	if (res.status == WIRE_NFS3_OK) {
		(void)snprintf(target, 8192, "%s",
		    res.READLINK3res_u.resok.data);
		if (a != NULL)
			*a = res.READLINK3res_u.resok.symlink_attributes;
	} else if (a != NULL)
		*a = res.READLINK3res_u.resfail.symlink_attributes;
	client_nfs_free(READLINK, &res);
	return res.status;
}

/* -- data */

int
call_read(struct client *c, const struct fh *fh, uint64_t off,
    uint32_t count, void *buf, struct read_reply *r)
{
	READ3args args = { call_fh(fh), off, count };
	struct read_reply mine;
	READ3resok *ok;
	READ3res res;

	if (r == NULL)
		r = &mine;
	memset(r, 0, sizeof(*r));
	CALL(c, READ, &args, &res);
	if (res.status == WIRE_NFS3_OK) {
		ok = &res.READ3res_u.resok;
		FIX_MUST(ok->data.data_len == ok->count);
		FIX_MUST(ok->count <= count);
		r->count = ok->count;
		r->eof = ok->eof;
		r->attr = ok->file_attributes;
		if (buf != NULL && ok->count > 0)
			memcpy(buf, ok->data.data_val, ok->count);
	} else
		r->attr = res.READ3res_u.resfail.file_attributes;
	client_nfs_free(READ, &res);
	return res.status;
}

int
call_write(struct client *c, const struct fh *fh, uint64_t off,
    const void *data, uint32_t len, int stable, struct write_reply *r)
{
	WRITE3args args = { .file = call_fh(fh), .offset = off, .count = len,
	    .stable = stable, .data = { len, STR(data) } };
	struct write_reply mine;
	WRITE3res res;

	if (r == NULL)
		r = &mine;
	memset(r, 0, sizeof(*r));
	CALL(c, WRITE, &args, &res);
	if (res.status == WIRE_NFS3_OK) {
		r->count = res.WRITE3res_u.resok.count;
		r->committed = (int)res.WRITE3res_u.resok.committed;
		memcpy(r->verf, res.WRITE3res_u.resok.verf, 8);
		r->wcc = res.WRITE3res_u.resok.file_wcc;
	} else
		r->wcc = res.WRITE3res_u.resfail.file_wcc;
	return res.status;
}

int
call_commit(struct client *c, const struct fh *fh, struct write_reply *r)
{
	COMMIT3args args = { call_fh(fh), 0, 0 };
	struct write_reply mine;
	COMMIT3res res;

	if (r == NULL)
		r = &mine;
	memset(r, 0, sizeof(*r));
	CALL(c, COMMIT, &args, &res);
	if (res.status == WIRE_NFS3_OK) {
		memcpy(r->verf, res.COMMIT3res_u.resok.verf, 8);
		r->wcc = res.COMMIT3res_u.resok.file_wcc;
	} else
		r->wcc = res.COMMIT3res_u.resfail.file_wcc;
	return res.status;
}

/* -- new names: four procedures, one form of reply */

#define KEEP_MADE(P, res, r)						\
	do {								\
		if ((res).status == WIRE_NFS3_OK) {			\
			keep_made((r),					\
			    &(res).P##3res_u .resok.obj,		\
			    &(res).P##3res_u .resok.obj_attributes);	\
			(r)->wcc = (res).P##3res_u .resok.dir_wcc;	\
		} else							\
			(r)->wcc = (res).P##3res_u .resfail.dir_wcc;	\
		client_nfs_free(P, &(res));				\
	} while (0)

static void
keep_made(struct reply *r, const post_op_fh3 *fh, const post_op_attr *a)
{
	r->have_fh = fh->handle_follows;
	if (r->have_fh)
		r->fh = call_keep_fh(&fh->post_op_fh3_u.handle);
	r->attr = *a;
}

int
call_create(struct client *c, const struct fh *dir, const char *name,
    int how, const sattr3 *s, struct reply *r)
{
	CREATE3args args = { .where = dirop(dir, name), .how.mode = how };
	CREATE3res res;

	r = cleared(r);
	if (s != NULL)
		args.how.createhow3_u.obj_attributes = *s;
	CALL(c, CREATE, &args, &res);
	KEEP_MADE(CREATE, res, r);
	return res.status;
}

int
call_exclusive(struct client *c, const struct fh *dir, const char *name,
    const char verf[8], struct reply *r)
{
	CREATE3args args = { .where = dirop(dir, name),
	    .how.mode = EXCLUSIVE };
	CREATE3res res;

	r = cleared(r);
	memcpy(args.how.createhow3_u.verf, verf, 8);
	CALL(c, CREATE, &args, &res);
	KEEP_MADE(CREATE, res, r);
	return res.status;
}

int
call_mkdir(struct client *c, const struct fh *dir, const char *name,
    const sattr3 *s, struct reply *r)
{
	MKDIR3args args = { .where = dirop(dir, name) };
	MKDIR3res res;

	r = cleared(r);
	if (s != NULL)
		args.attributes = *s;
	CALL(c, MKDIR, &args, &res);
	KEEP_MADE(MKDIR, res, r);
	return res.status;
}

int
call_symlink(struct client *c, const struct fh *dir, const char *name,
    const char *target, struct reply *r)
{
	SYMLINK3args args = { .where = dirop(dir, name),
	    .symlink.symlink_data = STR(target) };
	SYMLINK3res res;

	r = cleared(r);
	CALL(c, SYMLINK, &args, &res);
	KEEP_MADE(SYMLINK, res, r);
	return res.status;
}

int
call_mknod(struct client *c, const struct fh *dir, const char *name,
    int type, struct reply *r)
{
	MKNOD3args args = { .where = dirop(dir, name), .what.type = type };
	MKNOD3res res;

	r = cleared(r);
	CALL(c, MKNOD, &args, &res);
	KEEP_MADE(MKNOD, res, r);
	return res.status;
}

/* -- names that go and move; the same in both arms of each union */

int
call_remove(struct client *c, const struct fh *dir, const char *name,
    struct reply *r)
{
	REMOVE3args args = { dirop(dir, name) };
	REMOVE3res res;

	r = cleared(r);
	CALL(c, REMOVE, &args, &res);
	r->wcc = res.REMOVE3res_u.resok.dir_wcc;
	return res.status;
}

int
call_rmdir(struct client *c, const struct fh *dir, const char *name,
    struct reply *r)
{
	RMDIR3args args = { dirop(dir, name) };
	RMDIR3res res;

	r = cleared(r);
	CALL(c, RMDIR, &args, &res);
	r->wcc = res.RMDIR3res_u.resok.dir_wcc;
	return res.status;
}

int
call_rename(struct client *c, const struct fh *from, const char *name,
    const struct fh *to, const char *new_name, struct reply *r)
{
	RENAME3args args = { dirop(from, name), dirop(to, new_name) };
	RENAME3res res;

	r = cleared(r);
	CALL(c, RENAME, &args, &res);
	r->wcc = res.RENAME3res_u.resok.fromdir_wcc;
	r->wcc2 = res.RENAME3res_u.resok.todir_wcc;
	return res.status;
}

int
call_link(struct client *c, const struct fh *fh, const struct fh *dir,
    const char *name, struct reply *r)
{
	LINK3args args = { call_fh(fh), dirop(dir, name) };
	LINK3res res;

	r = cleared(r);
	CALL(c, LINK, &args, &res);
	r->attr = res.LINK3res_u.resok.file_attributes;
	r->wcc = res.LINK3res_u.resok.linkdir_wcc;
	return res.status;
}
