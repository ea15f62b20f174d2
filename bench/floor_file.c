/*
 * floor_file.c - one file of a vault: read chunks, open them, point at them.
 *
 * No cache, no locks, no attributes that are asked for: the file does not
 * change.  One pread() for each call; chunks are opened where they were read.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "bench/floor.h"
#include "vault/cipher.h"
#include "vault/host.h"
#include "vault/keys.h"
#include "vault/size.h"
#include "vault/vault_int.h"
#include "xdr/mount3.h"
#include "xdr/nfs3.h"
#include "xdr/rpcmsg.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

#define READ_MAX	(1024u * 1024)
/* A READ of 1 MiB anywhere, behind 15 that touch two chunks each. */
#define CHUNKS		(2 * FLOOR_BATCH + READ_MAX / CIPHER_CHUNK + 4)

struct floor_file {
	struct vault	*v;
	int		 fd;
	bool		 decrypt;
	struct filekey	 fk;
	uint64_t	 size, disk_size;
	struct nfs3_attr attr;
	struct nfs3_fh	 fh;
};

struct floor_worker {
	struct floor_file *f;
	struct kctx	*k;
	uint8_t		*buf;		/* CHUNKS chunks on disk */
	size_t		 used;		/* bytes of it in this turn */
	struct iovec	 data[FLOOR_BATCH][XOUT_IOV_MAX];
	unsigned	 n;		/* calls in this turn */
};

static bool
fail(const char *what, const struct verr *e)
{
	fprintf(stderr, "floor: %s: %s\n", what, e->text);
	return false;
}

static bool
open_vault(struct floor_file *f, const struct floor_opt *opt)
{
	struct vault_options o = { .read_only = true };
	struct verr e = { .code = VERR_NONE };
	char pass[256];
	FILE *p;

	if ((p = fopen(opt->password_file, "r")) == NULL ||
	    fgets(pass, sizeof(pass), p) == NULL) {
		perror(opt->password_file);
		if (p != NULL)
			(void)fclose(p);
		return false;
	}
	(void)fclose(p);
	pass[strcspn(pass, "\n")] = '\0';
	f->v = vault_open(opt->vault, &o, pass, strlen(pass), &e);
	return f->v != NULL || fail(opt->vault, &e);
}

/* Where the file is on disk; its parts are looked up one by one. */
static bool
find(struct floor_file *f, const char *path, struct vloc *loc)
{
	struct verr e = { .code = VERR_NONE };
	struct arena *a = arena_new(1u << 20);
	const char *p = path;
	struct entry ent;
	struct dir *d;
	bool ok = a != NULL;
	size_t len;

	memset(loc, 0, sizeof(*loc));
	d = dir_root(f->v, &e);
	for (p += strspn(p, "/"); ok && d != NULL && *p != '\0';
	    p += strspn(p, "/")) {
		len = strcspn(p, "/");
		ok = dir_lookup(d, a, p, len, &ent, &e) == 0;
		dir_put(d);
		d = ok ? ent.dir : NULL;
		if (ok)
			*loc = ent.loc;
		p += len;
	}
	dir_put(d);
	arena_free(a);
	if (ok && loc->type == VTYPE_FILE)
		return true;
	fprintf(stderr, "floor: %s: no such file in the vault\n", path);
	return false;
}

static bool
open_file(struct floor_file *f, const struct vloc *loc)
{
	uint8_t disk[CIPHER_HEADER_MAX];
	enum size_class class;
	struct host_stat st;
	struct kctx *k;
	bool ok;

	if ((f->fd = host_open(f->v->root, loc->path, O_RDONLY, 0)) == -1 ||
	    host_fstat(f->fd, &st) == -1 ||
	    host_read(f->fd, disk, f->v->cipher->header_len, 0) !=
	    (ssize_t)f->v->cipher->header_len) {
		perror(loc->path);
		return false;
	}
	f->disk_size = st.size;
	f->size = size_clear(f->v->cipher, st.size, &class);
	if ((k = keys_take(f->v->keys)) == NULL)
		return false;
	ok = f->v->cipher->header_read(k, disk, &f->fk);
	keys_drop(f->v->keys, k);
	if (!ok)
		fprintf(stderr, "floor: %s: the header is not authentic\n",
		    loc->path);
	return ok;
}

struct floor_file *
floor_file_open(const struct floor_opt *opt)
{
	struct floor_file *f = calloc(1, sizeof(*f));
	struct vloc loc;

	if (f == NULL)
		return NULL;
	f->decrypt = opt->decrypt;
	if (!open_vault(f, opt) || !find(f, opt->path, &loc) ||
	    !open_file(f, &loc)) {
		vault_close(f->v);
		free(f);
		return NULL;
	}
	f->attr.present = true;
	f->attr.a.type = NF3REG;
	f->attr.a.mode = 0644;
	f->attr.a.nlink = 1;
	f->attr.a.size = f->size;
	f->attr.a.fileid = 1;
	f->fh.len = 52;		/* as long as vaultnfs's */
	return f;
}

struct floor_worker *
floor_file_worker(struct floor_file *f)
{
	struct floor_worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->f = f;
	w->k = keys_take(f->v->keys);
	w->buf = malloc(CHUNKS * (CIPHER_CHUNK + CIPHER_OVERHEAD_MAX));
	if (w->k != NULL && w->buf != NULL)
		return w;
	floor_file_worker_free(w);
	return NULL;
}

void
floor_file_worker_free(struct floor_worker *w)
{
	if (w == NULL)
		return;
	if (w->k != NULL)
		keys_drop(w->f->v->keys, w->k);
	free(w->buf);
	free(w);
}

void
floor_file_turn(struct floor_worker *w)
{
	w->used = 0;
	w->n = 0;
}

/* Open the chunks in disk[0 .. len) and point iov at what was asked for. */
static bool
open_chunks(struct floor_worker *w, uint8_t *disk, size_t len,
    uint64_t index, size_t skip, size_t count, struct nfs3_read_res *res)
{
	const struct cipher *c = w->f->v->cipher;
	struct iovec *iov = w->data[w->n];
	size_t part, clear;

	for (res->ndata = 0; count > 0; index++, disk += part, len -= part) {
		part = CIPHER_CHUNK + c->overhead;
		if (part > len)
			part = len;
		if (w->f->decrypt &&
		    !c->open(w->k, &w->f->fk, index, disk, part))
			return false;
		clear = part - c->overhead - skip;
		if (clear > count)
			clear = count;
		iov[res->ndata].iov_base = disk + c->nonce_len + skip;
		iov[res->ndata++].iov_len = clear;
		count -= clear;
		skip = 0;
	}
	res->data = iov;
	return true;
}

static bool
answer_read(struct floor_worker *w, struct xin *in, struct xout *o,
    size_t *bytes)
{
	const struct cipher *c = w->f->v->cipher;
	struct nfs3_read_res res = { .attr = w->f->attr };
	struct nfs3_read_args args;
	uint64_t first, at, len;
	uint8_t *disk = w->buf + w->used;

	if (!nfs3_args_read(in, &args) || args.offset >= w->f->size ||
	    args.count > READ_MAX || args.count == 0)
		return false;
	if (args.count > w->f->size - args.offset)
		args.count = (uint32_t)(w->f->size - args.offset);
	first = args.offset / CIPHER_CHUNK;
	at = size_chunk_off(c, first);
	len = size_chunk_off(c, (args.offset + args.count - 1) /
	    CIPHER_CHUNK + 1) - at;
	if (len > w->f->disk_size - at)
		len = w->f->disk_size - at;
	if (w->used + len > CHUNKS * (CIPHER_CHUNK + CIPHER_OVERHEAD_MAX) ||
	    w->n == FLOOR_BATCH)
		return false;
	if (host_read(w->f->fd, disk, len, at) != (ssize_t)len ||
	    !open_chunks(w, disk, len, first,
	    (size_t)(args.offset % CIPHER_CHUNK), args.count, &res))
		return false;
	res.count = args.count;
	res.eof = args.offset + args.count == w->f->size;
	w->used += len;
	w->n++;
	*bytes += args.count;
	return nfs3_res_read(o, NFS3_OK, &res);
}

/* What is asked before the READs come. */
static bool
answer_other(struct floor_worker *w, uint32_t proc, struct xout *o)
{
	struct nfs3_getattr_res getattr = { .attr = w->f->attr.a };
	struct nfs3_lookup_res lookup = { .obj = w->f->fh,
		.obj_attr = w->f->attr };
	struct nfs3_fsinfo_res fsinfo = { .rtmax = READ_MAX,
		.rtpref = READ_MAX, .wtmax = READ_MAX, .wtpref = READ_MAX };

	switch (proc) {
	case NFS3_PROC_GETATTR:
		return nfs3_res_getattr(o, NFS3_OK, &getattr);
	case NFS3_PROC_LOOKUP:
		return nfs3_res_lookup(o, NFS3_OK, &lookup);
	case NFS3_PROC_FSINFO:
		return nfs3_res_fsinfo(o, NFS3_OK, &fsinfo);
	default:
		return proc == NFS3_PROC_NULL;
	}
}

bool
floor_file_answer(struct floor_worker *w, const uint8_t *rec, size_t len,
    struct xout *o, size_t *bytes)
{
	struct mount3_mnt_res mnt = { .fh = w->f->fh, .nflavors = 1 };
	struct rpcmsg_call call;
	struct xin in;
	bool ok;

	xin_init(&in, rec, len);
	if (rpcmsg_call_decode(&in, &call) != RPCMSG_OK)
		return false;
	mnt.flavors[0] = RPCMSG_AUTH_SYS;
	xout_begin_record(o);
	rpcmsg_reply_success(o, call.xid);
	if (call.prog == MOUNT3_PROGRAM)
		ok = call.proc == MOUNT3_PROC_MNT &&
		    mount3_res_mnt(o, NFS3_OK, &mnt);
	else if (call.proc == NFS3_PROC_READ)
		ok = answer_read(w, &in, o, bytes);
	else
		ok = answer_other(w, call.proc, o);
	xout_end_record(o);
	return ok && xout_ok(o);
}
