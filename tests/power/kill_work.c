/*
 * kill_work.c - a client that knows what it was told.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/client/client.h"
#include "tests/power/kill_serve.h"

#define RECORD	16u
#define RECORDS	(220000u / RECORD)	/* of "over": seven chunks */
#define TAIL	(16u * 1024 * 1024 / RECORD)	/* of "tail", at most */
#define NAMES	40u
#define PIECE	3000u			/* records in a large write */

struct handle {
	unsigned	len;
	char		b[64];
};

/* Each record holds its own number, and three times when it was written. */
static struct {
	struct handle	root, over, tail;
	uint32_t	gen;			/* the last one begun */
	uint32_t	written[RECORDS], synced[RECORDS];
	uint32_t	tail_written, tail_synced;
	uint32_t	cur;			/* of "cur", answered */
	uint32_t	cur_asked;
	bool		there[NAMES];		/* as it was answered */
} k;

/* The last call about names, if it had no reply. */
enum asked { NOTHING, MAKE, DROP, MOVE };
static struct {
	enum asked	what;
	uint32_t	xid;
	char		name[32], to[32];
} open_call;

static unsigned long calls, commits, again, moves;
static uint32_t next_xid = 1;

static nfs_fh3
fh_of(const struct handle *h)
{
	nfs_fh3 fh = { { h->len, (char *)(uintptr_t)h->b } };

	return fh;
}

static void
keep(struct handle *h, const nfs_fh3 *fh)
{
	h->len = fh->data.data_len;
	if (h->len > sizeof(h->b))
		kill_die("a handle", "too long");
	memcpy(h->b, fh->data.data_val, h->len);
}

static void
must(bool fact, const char *what, unsigned how)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%u", how);
	if (!fact)
		kill_die(what, text);
}

static void
count_call(struct client *c)
{
	calls++;
	client_next_xid(c, ++next_xid);
}

/* -- names: -1 if there was no reply */

static int
make(struct client *c, const char *name, struct handle *h)
{
	CREATE3args a;
	CREATE3res r;
	int st;

	memset(&a, 0, sizeof(a));
	a.where.dir = fh_of(&k.root);
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

static int
drop(struct client *c, const char *name)
{
	REMOVE3args a;
	REMOVE3res r;
	int st;

	a.object.dir = fh_of(&k.root);
	a.object.name = (char *)(uintptr_t)name;
	if (client_nfs(c, REMOVE, &a, &r) != RPC_SUCCESS)
		return -1;
	st = (int)r.status;
	client_nfs_free(REMOVE, &r);
	return st;
}

static int
move(struct client *c, const char *name, const char *to)
{
	RENAME3args a;
	RENAME3res r;
	int st;

	a.from.dir = a.to.dir = fh_of(&k.root);
	a.from.name = (char *)(uintptr_t)name;
	a.to.name = (char *)(uintptr_t)to;
	if (client_nfs(c, RENAME, &a, &r) != RPC_SUCCESS)
		return -1;
	st = (int)r.status;
	client_nfs_free(RENAME, &r);
	return st;
}

static bool
find(struct client *c, const char *name, struct handle *h)
{
	LOOKUP3args a;
	LOOKUP3res r;
	bool is;

	count_call(c);
	a.what.dir = fh_of(&k.root);
	a.what.name = (char *)(uintptr_t)name;
	must(client_nfs(c, LOOKUP, &a, &r) == RPC_SUCCESS, "LOOKUP", 0);
	is = r.status == WIRE_NFS3_OK;
	must(is || r.status == WIRE_NFS3ERR_NOENT, "LOOKUP", r.status);
	if (is)
		keep(h, &r.LOOKUP3res_u.resok.object);
	client_nfs_free(LOOKUP, &r);
	return is;
}

/* One of them; true if there was a reply. */
static bool
ask(struct client *c, enum asked what, const char *name, const char *to,
    struct handle *h)
{
	int st;

	count_call(c);
	open_call.what = what;
	open_call.xid = next_xid;
	(void)snprintf(open_call.name, sizeof(open_call.name), "%s", name);
	(void)snprintf(open_call.to, sizeof(open_call.to), "%s", to);
	st = what == MAKE ? make(c, name, h) : what == DROP ? drop(c, name) :
	    move(c, name, to);
	if (st == -1)
		return false;
	must(st == WIRE_NFS3_OK, name, (unsigned)st);
	open_call.what = NOTHING;
	return true;
}

/* -- contents */

static bool
put(struct client *c, const struct handle *h, uint32_t at, uint32_t n,
    int stable)
{
	static uint32_t buf[PIECE * 4];
	WRITE3args a;
	WRITE3res r;
	uint32_t i;

	for (i = 0; i < n; i++) {
		buf[4 * i] = at + i;
		buf[4 * i + 1] = buf[4 * i + 2] = buf[4 * i + 3] = k.gen;
	}
	count_call(c);
	a.file = fh_of(h);
	a.offset = (uint64_t)at * RECORD;
	a.count = a.data.data_len = n * RECORD;
	a.data.data_val = (char *)buf;
	a.stable = (stable_how)stable;
	if (client_nfs(c, WRITE, &a, &r) != RPC_SUCCESS)
		return false;
	must(r.status == WIRE_NFS3_OK, "WRITE", r.status);
	client_nfs_free(WRITE, &r);
	return true;
}

static bool
commit(struct client *c, const struct handle *h)
{
	COMMIT3args a = { fh_of(h), 0, 0 };
	COMMIT3res r;

	count_call(c);
	if (client_nfs(c, COMMIT, &a, &r) != RPC_SUCCESS)
		return false;
	must(r.status == WIRE_NFS3_OK, "COMMIT", r.status);
	client_nfs_free(COMMIT, &r);
	commits++;
	return true;
}

static bool
overwrite(struct client *c)
{
	uint32_t n = kill_draw(3) == 0 ? 1 + kill_draw(PIECE) : 1;
	uint32_t at = kill_draw(RECORDS - n), i;

	k.gen++;
	for (i = 0; i < n; i++)
		k.written[at + i] = k.gen;
	if (!put(c, &k.over, at, n, UNSTABLE))
		return false;
	if (kill_draw(3) != 0)
		return true;
	if (!commit(c, &k.over))
		return false;
	memcpy(k.synced, k.written, sizeof(k.synced));
	return true;
}

static bool
append(struct client *c)
{
	uint32_t n = 1 + kill_draw(kill_draw(4) == 0 ? PIECE : 20);
	bool stable = kill_draw(4) == 0;

	if (k.tail_written + n > TAIL)
		return true;
	k.gen++;
	k.tail_written += n;
	if (!put(c, &k.tail, k.tail_written - n, n, stable ? FILE_SYNC :
	    UNSTABLE))
		return false;
	if (!stable && (kill_draw(3) != 0 || !commit(c, &k.tail)))
		return true;
	k.tail_synced = k.tail_written;
	return true;
}

/* A new file takes the name of the old one. */
static bool
replace(struct client *c)
{
	struct handle h;

	k.gen++;
	if (!ask(c, MAKE, "new", "", &h) ||
	    !put(c, &h, 0, 1 + kill_draw(100), UNSTABLE) || !commit(c, &h))
		return false;
	k.cur_asked = k.gen;
	if (!ask(c, MOVE, "new", "cur", NULL))
		return false;
	k.cur = k.gen;
	moves++;
	return true;
}

static bool
name_one(struct client *c)
{
	uint32_t i = kill_draw(NAMES);
	char name[32];

	(void)snprintf(name, sizeof(name), "name-%u", i);
	if (!ask(c, k.there[i] ? DROP : MAKE, name, "", NULL))
		return false;
	k.there[i] = !k.there[i];
	return true;
}

/* -- the whole */

static void
get_root(struct client *c)
{
	mountres3 r;

	must(client_mnt(c, "/v", &r) == RPC_SUCCESS &&
	    r.fhs_status == WIRE_MNT3_OK, "MNT", 0);
	k.root.len = r.mountres3_u.mountinfo.fhandle.fhandle3_len;
	must(k.root.len <= sizeof(k.root.b), "MNT", k.root.len);
	memcpy(k.root.b, r.mountres3_u.mountinfo.fhandle.fhandle3_val,
	    k.root.len);
	xdr_free((xdrproc_t)xdr_mountres3, (void *)&r);
}

void
kill_begin(struct client *c)
{
	struct handle cur;
	uint32_t at;

	get_root(c);
	must(ask(c, MAKE, "over", "", &k.over) &&
	    ask(c, MAKE, "tail", "", &k.tail) &&
	    ask(c, MAKE, "cur", "", &cur), "begin", 0);
	for (at = 0; at < RECORDS; at += PIECE)
		must(put(c, &k.over, at, RECORDS - at < PIECE ? RECORDS - at :
		    PIECE, UNSTABLE), "begin", at);
	must(put(c, &cur, 0, 1, UNSTABLE) && commit(c, &cur) &&
	    commit(c, &k.over), "begin", 1);
}

void
kill_work(struct client *c)
{
	bool fine = true;

	while (fine)
		switch (kill_draw(8)) {
		case 0: case 1: case 2:
			fine = overwrite(c);
			break;
		case 3: case 4: case 5:
			fine = append(c);
			break;
		case 6:
			fine = replace(c);
			break;
		default:
			fine = name_one(c);
		}
}

/* The call that had no reply, once more: it must have gone well, once. */
static void
send_again(struct client *c)
{
	enum asked what = open_call.what;
	uint32_t i;
	int st;

	if (what == NOTHING)
		return;
	open_call.what = NOTHING;
	client_next_xid(c, open_call.xid);
	st = what == MAKE ? make(c, open_call.name, NULL) :
	    what == DROP ? drop(c, open_call.name) :
	    move(c, open_call.name, open_call.to);
	must(st == WIRE_NFS3_OK, what == MAKE ? "CREATE, again" :
	    what == DROP ? "REMOVE, again" : "RENAME, again", (unsigned)st);
	again++;
	if (sscanf(open_call.name, "name-%u", &i) == 1)
		k.there[i] = what == MAKE;
	if (what == MOVE)
		k.cur = k.cur_asked;
}

/* All of a file, whose records must be good; how many there are. */
static uint32_t
read_records(struct client *c, const struct handle *h, uint32_t *gens,
    uint32_t max)
{
	READ3args a = { fh_of(h), 0, 65536 };
	uint32_t at = 0, rec[4], i;
	bool eof = false;
	READ3res r;

	while (!eof) {
		count_call(c);
		must(client_nfs(c, READ, &a, &r) == RPC_SUCCESS, "READ", 0);
		must(r.status == WIRE_NFS3_OK, "READ", r.status);
		eof = r.READ3res_u.resok.eof;
		for (i = 0; i + RECORD <= r.READ3res_u.resok.count;
		    i += RECORD, at++) {
			memcpy(rec, r.READ3res_u.resok.data.data_val + i,
			    RECORD);
			must(at < max, "a file is too long", at);
			must(rec[0] == at && rec[1] == rec[2] &&
			    rec[2] == rec[3], "a record is torn", at);
			gens[at] = rec[1];
		}
		a.offset += r.READ3res_u.resok.count;
		client_nfs_free(READ, &r);
	}
	return at;
}

static void
look_at_names(struct client *c)
{
	struct handle h;
	char name[32];
	uint32_t i;

	for (i = 0; i < NAMES; i++) {
		(void)snprintf(name, sizeof(name), "name-%u", i);
		must(find(c, name, &h) == k.there[i], "a name is wrong", i);
	}
	if (find(c, "new", &h))		/* left in the middle of replace() */
		must(ask(c, DROP, "new", "", NULL), "REMOVE", 0);
}

/* It was done, or not. */
static void
find_out(struct client *c)
{
	struct handle h;
	uint32_t i;

	if (open_call.what != NOTHING &&
	    sscanf(open_call.name, "name-%u", &i) == 1)
		k.there[i] = find(c, open_call.name, &h);
	open_call.what = NOTHING;
}

void
kill_look(struct client *c, unsigned round, bool same_port)
{
	static uint32_t gens[TAIL];
	struct handle h;
	uint32_t n, at;

	get_root(c);
	if (same_port)
		send_again(c);
	else
		find_out(c);
	must(read_records(c, &k.over, gens, RECORDS) == RECORDS,
	    "a file has another length, in round", round);
	for (at = 0; at < RECORDS; at++) {
		must(gens[at] >= k.synced[at] && gens[at] <= k.gen,
		    "committed, and lost: record", at);
		k.written[at] = gens[at];	/* the rest never was */
	}
	n = read_records(c, &k.tail, gens, TAIL);
	must(n >= k.tail_synced, "appended, committed, and lost", n);
	must(n <= k.tail_written, "more than was appended", n);
	k.tail_written = n;
	must(find(c, "cur", &h), "the name that was replaced is gone", round);
	must(read_records(c, &h, gens, TAIL) > 0, "it is empty", round);
	must(gens[0] >= k.cur && gens[0] <= k.gen, "it is an old one", gens[0]);
	k.cur = gens[0];
	look_at_names(c);
}

void
kill_tell(unsigned kills)
{
	(void)printf("# %u kills: %lu calls, %lu commits, %lu renames over a "
	    "file, %lu calls sent again; nothing lost\n", kills, calls,
	    commits, moves, again);
}
