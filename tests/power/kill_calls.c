/*
 * kill_calls.c - the calls of the client of kill_serve.c.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/client/client.h"
#include "tests/power/kill_serve.h"

unsigned long kill_calls, kill_commits;

static struct kill_handle root;
static uint32_t next_xid = 1;

static nfs_fh3
fh_of(const struct kill_handle *h)
{
	nfs_fh3 fh = { { h->len, (char *)(uintptr_t)h->b } };

	return fh;
}

static void
keep(struct kill_handle *h, const nfs_fh3 *fh)
{
	h->len = fh->data.data_len;
	if (h->len > sizeof(h->b))
		kill_die("a handle", "too long");
	memcpy(h->b, fh->data.data_val, h->len);
}

void
kill_must(bool fact, const char *what, unsigned how)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%u", how);
	if (!fact)
		kill_die(what, text);
}

uint32_t
kill_next(struct client *c)
{
	kill_calls++;
	client_next_xid(c, ++next_xid);
	return next_xid;
}

/* -- names */

int
kill_make(struct client *c, const char *name, struct kill_handle *h)
{
	CREATE3args a;
	CREATE3res r;
	int st;

	memset(&a, 0, sizeof(a));
	a.where.dir = fh_of(&root);
	a.where.name = (char *)(uintptr_t)name;
	a.how.mode = GUARDED;
	if (client_nfs(c, CREATE, &a, &r) != RPC_SUCCESS)
		return -1;
	st = (int)r.status;
	if (r.status == WIRE_NFS3_OK && h != NULL)
		keep(h, &r.CREATE3res_u.resok.obj.post_op_fh3_u.handle);
	client_nfs_free(CREATE, &r);
	return st;
}

int
kill_drop(struct client *c, const char *name)
{
	REMOVE3args a;
	REMOVE3res r;
	int st;

	a.object.dir = fh_of(&root);
	a.object.name = (char *)(uintptr_t)name;
	if (client_nfs(c, REMOVE, &a, &r) != RPC_SUCCESS)
		return -1;
	st = (int)r.status;
	client_nfs_free(REMOVE, &r);
	return st;
}

int
kill_move(struct client *c, const char *name, const char *to)
{
	RENAME3args a;
	RENAME3res r;
	int st;

	a.from.dir = a.to.dir = fh_of(&root);
	a.from.name = (char *)(uintptr_t)name;
	a.to.name = (char *)(uintptr_t)to;
	if (client_nfs(c, RENAME, &a, &r) != RPC_SUCCESS)
		return -1;
	st = (int)r.status;
	client_nfs_free(RENAME, &r);
	return st;
}

bool
kill_find(struct client *c, const char *name, struct kill_handle *h)
{
	LOOKUP3args a;
	LOOKUP3res r;
	bool is;

	kill_next(c);
	a.what.dir = fh_of(&root);
	a.what.name = (char *)(uintptr_t)name;
	kill_must(client_nfs(c, LOOKUP, &a, &r) == RPC_SUCCESS, "LOOKUP", 0);
	is = r.status == WIRE_NFS3_OK;
	kill_must(is || r.status == WIRE_NFS3ERR_NOENT, "LOOKUP", r.status);
	if (is)
		keep(h, &r.LOOKUP3res_u.resok.object);
	client_nfs_free(LOOKUP, &r);
	return is;
}

bool
kill_put(struct client *c, const struct kill_handle *h, uint32_t at, uint32_t n,
    uint32_t gen, int stable)
{
	static uint32_t buf[KILL_PIECE * 4];
	WRITE3args a;
	WRITE3res r;
	uint32_t i;

	for (i = 0; i < n; i++) {
		buf[4 * i] = at + i;
		buf[4 * i + 1] = buf[4 * i + 2] = buf[4 * i + 3] = gen;
	}
	kill_next(c);
	a.file = fh_of(h);
	a.offset = (uint64_t)at * KILL_RECORD;
	a.count = a.data.data_len = n * KILL_RECORD;
	a.data.data_val = (char *)buf;
	a.stable = (stable_how)stable;
	if (client_nfs(c, WRITE, &a, &r) != RPC_SUCCESS)
		return false;
	kill_must(r.status == WIRE_NFS3_OK, "WRITE", r.status);
	client_nfs_free(WRITE, &r);
	return true;
}

bool
kill_commit(struct client *c, const struct kill_handle *h)
{
	COMMIT3args a = { fh_of(h), 0, 0 };
	COMMIT3res r;

	kill_next(c);
	if (client_nfs(c, COMMIT, &a, &r) != RPC_SUCCESS)
		return false;
	kill_must(r.status == WIRE_NFS3_OK, "COMMIT", r.status);
	client_nfs_free(COMMIT, &r);
	kill_commits++;
	return true;
}


void
kill_mount(struct client *c)
{
	mountres3 r;

	kill_must(client_mnt(c, "/v", &r) == RPC_SUCCESS &&
	    r.fhs_status == WIRE_MNT3_OK, "MNT", 0);
	root.len = r.mountres3_u.mountinfo.fhandle.fhandle3_len;
	kill_must(root.len <= sizeof(root.b), "MNT", root.len);
	memcpy(root.b, r.mountres3_u.mountinfo.fhandle.fhandle3_val, root.len);
	xdr_free((xdrproc_t)xdr_mountres3, (void *)&r);
}

int
kill_read(struct client *c, const struct kill_handle *h, uint64_t off,
    uint8_t *buf, uint32_t *n, bool *eof)
{
	READ3args a = { fh_of(h), off, KILL_READ };
	READ3res r;
	int st;

	kill_next(c);
	kill_must(client_nfs(c, READ, &a, &r) == RPC_SUCCESS, "READ", 0);
	if ((st = (int)r.status) == WIRE_NFS3_OK) {
		*n = r.READ3res_u.resok.count;
		*eof = r.READ3res_u.resok.eof;
		kill_must(*n <= KILL_READ, "READ", *n);
		if (*n > 0)
			memcpy(buf, r.READ3res_u.resok.data.data_val, *n);
	}
	client_nfs_free(READ, &r);
	return st;
}
