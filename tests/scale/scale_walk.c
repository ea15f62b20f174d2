/*
 * scale_walk.c - an NFS client that looks at everything, and counts.
 *
 * usage: scale_walk PORT EXPORT COMMAND...
 *   walk [FILE]       READDIRPLUS of every directory, and LOOKUP and GETATTR of
 *                     every entry, as "ls -lR" and "find -ls" do between them;
 *                     handles of files, up to 100,000 chosen at random, to
 *                     FILE, of directories to FILE.dirs
 *   old FILE G R      G GETATTRs and R READs by handles from FILE, at random
 *   again FILE.dirs N READDIRPLUS of N directories by their handles
 *   create PATH N     CREATE of N files in a directory, one call at a time
 *   mixed PATH N      the same; before each a LOOKUP that misses, behind each
 *                     a page of READDIR that goes on where the last one ended
 *   stale PATH N      N files are made, removed, and asked for by their handles
 *
 * Prints "COMMAND ENTRIES CALLS SECONDS LONGEST-MS".  It speaks through
 * tests/client, with up to DEPTH calls on their way.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/client/client.h"

#define DEPTH	32
#define SAMPLE	100000u
#define PAGE	32768u

struct fh {
	unsigned	len;
	char		b[64];
};

static struct client	*c;
static unsigned long	 entries, calls, files_seen;
static double		 longest;
static struct fh	*sample;
static size_t		 nsample, nfiles;
static uint64_t		 dice = 88172645463325252u;

static void
die(const char *what, int status)
{
	(void)fprintf(stderr, "scale_walk: %s: %d\n", what, status);
	exit(1);
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t
roll(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return dice;
}

static nfs_fh3
wire(const struct fh *fh)
{
	return (nfs_fh3){ { fh->len, (char *)(uintptr_t)fh->b } };
}

static struct fh
keep(const nfs_fh3 *w)
{
	struct fh fh = { .len = w->data.data_len };

	memcpy(fh.b, w->data.data_val, fh.len);
	return fh;
}

/* One call, waited for; what RPC says must be success. */
#define CALL(P, args, res)						\
	do {								\
		double t_ = now();					\
		int s_ = (int)client_nfs(c, P, (args), (res));		\
									\
		if (s_ != RPC_SUCCESS)					\
			die(#P, s_);					\
		calls++;						\
		if (now() - t_ > longest)				\
			longest = now() - t_;				\
	} while (0)

/* -- names and handles of one page, asked for again with DEPTH on their way */

struct seen {
	struct fh	fh;
	bool		is_dir;
	uint64_t	fileid;
	char		name[256];
};

static void
send_lookup(const struct fh *dir, const struct seen *s, uint32_t *xid)
{
	LOOKUP3args args = { { wire(dir), (char *)(uintptr_t)s->name } };

	*xid = client_send(c, NFSPROC3_LOOKUP, (xdrproc_t)xdr_LOOKUP3args,
	    &args);
	if (*xid == 0)
		die("LOOKUP is not sent", 0);
}

static void
wait_lookup(const struct seen *s, uint32_t xid)
{
	LOOKUP3res res;
	LOOKUP3resok *ok = &res.LOOKUP3res_u.resok;
	int r;

	memset(&res, 0, sizeof(res));
	r = (int)client_wait(c, xid, (xdrproc_t)xdr_LOOKUP3res, &res);
	if (r != RPC_SUCCESS || res.status != WIRE_NFS3_OK)
		die(s->name, r != RPC_SUCCESS ? r : (int)res.status);
	if (ok->object.data.data_len != s->fh.len ||
	    memcmp(ok->object.data.data_val, s->fh.b, s->fh.len) != 0)
		die("LOOKUP gives another handle than READDIRPLUS", 0);
	client_nfs_free(LOOKUP, &res);
	calls++;
}

static void
send_getattr(const struct fh *fh, uint32_t *xid)
{
	GETATTR3args args = { wire(fh) };

	*xid = client_send(c, NFSPROC3_GETATTR, (xdrproc_t)xdr_GETATTR3args,
	    &args);
	if (*xid == 0)
		die("GETATTR is not sent", 0);
}

/* The object's number; 0: STALE. */
static uint64_t
wait_getattr(uint32_t xid)
{
	GETATTR3res res;
	int r;

	memset(&res, 0, sizeof(res));
	r = (int)client_wait(c, xid, (xdrproc_t)xdr_GETATTR3res, &res);
	calls++;
	if (r == RPC_SUCCESS && res.status == WIRE_NFS3ERR_STALE)
		return 0;
	if (r != RPC_SUCCESS || res.status != WIRE_NFS3_OK)
		die("GETATTR", r != RPC_SUCCESS ? r : (int)res.status);
	return res.GETATTR3res_u.resok.obj_attributes.fileid;
}

static void
ask_again(const struct fh *dir, const struct seen *s, size_t n)
{
	uint32_t look[DEPTH], get[DEPTH];
	size_t i, k;

	for (i = 0; i < n; i += DEPTH) {
		for (k = 0; k < DEPTH && i + k < n; k++) {
			send_lookup(dir, &s[i + k], &look[k]);
			send_getattr(&s[i + k].fh, &get[k]);
		}
		for (k = 0; k < DEPTH && i + k < n; k++) {
			wait_lookup(&s[i + k], look[k]);
			if (wait_getattr(get[k]) != s[i + k].fileid)
				die("GETATTR gives another object", 0);
		}
	}
}

/* -- walk */

static struct fh	*todo;
static size_t		 ntodo, room;

static void
push(const struct fh *fh)
{
	if (ntodo == room) {
		room = room * 2 + 1024;
		if ((todo = realloc(todo, room * sizeof(*todo))) == NULL)
			die("no memory", 0);
	}
	todo[ntodo++] = *fh;
}

static void
take_sample(const struct fh *fh)
{
	uint64_t at;

	files_seen++;
	if (nfiles < SAMPLE)
		sample[nfiles++] = *fh;
	else if ((at = roll() % files_seen) < SAMPLE)
		sample[at] = *fh;
}

static struct fh	*dir_sample;
static size_t		 ndirs;
static unsigned long	 dirs_seen;

static void
take_dir(const struct fh *fh)
{
	uint64_t at;

	dirs_seen++;
	if (ndirs < SAMPLE)
		dir_sample[ndirs++] = *fh;
	else if ((at = roll() % dirs_seen) < SAMPLE)
		dir_sample[at] = *fh;
}

/* The entries of one page; the cookie after them. */
static size_t
read_page(const struct fh *dir, uint64_t *cookie, struct seen *s, size_t max,
    bool *eof)
{
	READDIRPLUS3args args = { wire(dir), *cookie, { 0 }, PAGE, PAGE };
	READDIRPLUS3res res;
	dirlistplus3 *l = &res.READDIRPLUS3res_u.resok.reply;
	entryplus3 *e;
	size_t n = 0;

	CALL(READDIRPLUS, &args, &res);
	if (res.status != WIRE_NFS3_OK)
		die("READDIRPLUS", (int)res.status);
	for (e = l->entries; e != NULL && n < max; e = e->nextentry) {
		*cookie = e->cookie;
		if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
			continue;
		if (!e->name_handle.handle_follows ||
		    !e->name_attributes.attributes_follow)
			die("an entry without handle or attributes", 0);
		s[n].fh = keep(&e->name_handle.post_op_fh3_u.handle);
		s[n].fileid = e->fileid;
		s[n].is_dir = e->name_attributes.post_op_attr_u.attributes
		    .type == WIRE_NF3DIR;
		(void)snprintf(s[n++].name, sizeof(s->name), "%s", e->name);
	}
	*eof = l->eof;
	client_nfs_free(READDIRPLUS, &res);
	return n;
}

static void
walk(const struct fh *root)
{
	static struct seen s[PAGE / 64];
	uint64_t cookie;
	struct fh dir;
	bool eof;
	size_t i, n;

	push(root);
	while (ntodo > 0) {
		dir = todo[--ntodo];
		for (cookie = 0, eof = false; !eof;) {
			n = read_page(&dir, &cookie, s, PAGE / 64, &eof);
			ask_again(&dir, s, n);
			entries += n;
			for (i = 0; i < n; i++)
				if (s[i].is_dir) {
					push(&s[i].fh);
					take_dir(&s[i].fh);
				} else
					take_sample(&s[i].fh);
		}
	}
}

/* -- old handles */

static void
save(const char *file, const struct fh *v, size_t n)
{
	FILE *f = fopen(file, "w");

	if (f == NULL || fwrite(v, sizeof(*v), n, f) != n || fclose(f) != 0)
		die(file, 0);
}

static void
load(const char *file)
{
	FILE *f = fopen(file, "r");

	if (f == NULL)
		die(file, 0);
	nsample = fread(sample, sizeof(*sample), SAMPLE, f);
	(void)fclose(f);
	if (nsample == 0)
		die("an empty sample", 0);
}

static void
read_file(const struct fh *fh)
{
	READ3args args = { wire(fh), 0, 4096 };
	READ3res res;

	CALL(READ, &args, &res);
	if (res.status != WIRE_NFS3_OK || !res.READ3res_u.resok.eof)
		die("READ", (int)res.status);
	client_nfs_free(READ, &res);
}

static void
old(unsigned long gets, unsigned long reads)
{
	uint32_t xid[DEPTH];
	unsigned long i;
	size_t k;

	for (i = 0; i < gets; i += DEPTH) {
		for (k = 0; k < DEPTH; k++)
			send_getattr(&sample[roll() % nsample], &xid[k]);
		for (k = 0; k < DEPTH; k++)
			if (wait_getattr(xid[k]) == 0)
				die("a file that is there is stale", 0);
	}
	for (i = 0; i < reads; i++)
		read_file(&sample[roll() % nsample]);
	entries = gets + reads;
}

static void
again(unsigned long n)
{
	static struct seen s[PAGE / 64];
	uint64_t cookie;
	unsigned long i;
	bool eof;

	for (i = 0; i < n; i++) {
		cookie = 0;
		(void)read_page(&sample[roll() % nsample], &cookie, s,
		    PAGE / 64, &eof);
	}
	entries = n;
}

/* -- changes */

static int
lookup(const struct fh *dir, const char *name, struct fh *out)
{
	LOOKUP3args args = { { wire(dir), (char *)(uintptr_t)name } };
	LOOKUP3res res;
	int status;

	CALL(LOOKUP, &args, &res);
	if ((status = (int)res.status) == WIRE_NFS3_OK)
		*out = keep(&res.LOOKUP3res_u.resok.object);
	client_nfs_free(LOOKUP, &res);
	return status;
}

static struct fh
find(struct fh at, char *path)
{
	char *part;

	for (part = strtok(path, "/"); part != NULL; part = strtok(NULL, "/"))
		if (lookup(&at, part, &at) != WIRE_NFS3_OK)
			die(part, WIRE_NFS3ERR_NOENT);
	return at;
}

static struct fh
create(const struct fh *dir, const char *name)
{
	CREATE3args args = { { wire(dir), (char *)(uintptr_t)name },
	    { .mode = UNCHECKED } };
	CREATE3res res;
	struct fh fh;

	CALL(CREATE, &args, &res);
	if (res.status != WIRE_NFS3_OK)
		die("CREATE", (int)res.status);
	fh = keep(&res.CREATE3res_u.resok.obj.post_op_fh3_u.handle);
	client_nfs_free(CREATE, &res);
	return fh;
}

static void
remove_file(const struct fh *dir, const char *name)
{
	REMOVE3args args = { { wire(dir), (char *)(uintptr_t)name } };
	REMOVE3res res;

	CALL(REMOVE, &args, &res);
	if (res.status != WIRE_NFS3_OK)
		die("REMOVE", (int)res.status);
	client_nfs_free(REMOVE, &res);
}

static void
next_page(const struct fh *dir, uint64_t *cookie)
{
	READDIR3args args = { wire(dir), *cookie, { 0 }, 4096 };
	READDIR3res res;
	dirlist3 *l = &res.READDIR3res_u.resok.reply;
	entry3 *e;

	CALL(READDIR, &args, &res);
	if (res.status != WIRE_NFS3_OK)
		die("READDIR", (int)res.status);
	for (e = l->entries; e != NULL; e = e->nextentry)
		*cookie = e->cookie;
	if (l->eof)
		*cookie = 0;
	client_nfs_free(READDIR, &res);
}

static void
change(const struct fh *dir, unsigned long n, bool mixed)
{
	char name[64], missing[64];
	uint64_t cookie = 0;
	unsigned long i;
	struct fh fh;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "new-%c-%ld-%lu",
		    mixed ? 'm' : 'c', (long)getpid(), i);
		(void)snprintf(missing, sizeof(missing), "not-there-%lu", i);
		if (mixed && lookup(dir, missing, &fh) != WIRE_NFS3ERR_NOENT)
			die("LOOKUP of nothing", 0);
		(void)create(dir, name);
		if (mixed)
			next_page(dir, &cookie);
	}
	entries = n;
}

static void
stale(const struct fh *dir, unsigned long n)
{
	struct fh *gone = calloc(n, sizeof(*gone));
	unsigned long i;
	uint32_t xid;
	double t;
	char name[64];

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "gone-%lu", i);
		gone[i] = create(dir, name);
		remove_file(dir, name);
	}
	calls = 0;
	for (i = 0; i < n; i++) {
		t = now();
		send_getattr(&gone[i], &xid);
		if (wait_getattr(xid) != 0)
			die("a file that is gone is there", 0);
		if (now() - t > longest)
			longest = now() - t;
	}
	entries = n;
	free(gone);
}

/* -- */

static struct fh
mount_root(const char *export)
{
	mountres3 res;
	struct fh fh;
	char path[256];

	(void)snprintf(path, sizeof(path), "/%s", export);
	memset(&res, 0, sizeof(res));
	if (client_mnt(c, path, &res) != RPC_SUCCESS ||
	    res.fhs_status != WIRE_MNT3_OK)
		die("MNT", (int)res.fhs_status);
	fh.len = res.mountres3_u.mountinfo.fhandle.fhandle3_len;
	memcpy(fh.b, res.mountres3_u.mountinfo.fhandle.fhandle3_val, fh.len);
	xdr_free((xdrproc_t)xdr_mountres3, (void *)&res);
	return fh;
}

static void
run(int n, char **arg, const struct fh *root)
{
	unsigned long many = n > 2 ? strtoul(arg[2], NULL, 10) : 0;
	char path[4096];
	struct fh dir;
	double t;

	if ((strcmp(arg[0], "old") == 0 && n == 4) ||
	    (strcmp(arg[0], "again") == 0 && n == 3))
		load(arg[1]);
	else if (strcmp(arg[0], "walk") != 0) {
		if (n != 3)
			die("wrong arguments", n);
		dir = find(*root, arg[1]);
	}
	calls = 0;
	longest = 0;
	t = now();
	if (strcmp(arg[0], "walk") == 0)
		walk(root);
	else if (strcmp(arg[0], "old") == 0)
		old(many, strtoul(arg[3], NULL, 10));
	else if (strcmp(arg[0], "again") == 0)
		again(many);
	else if (strcmp(arg[0], "stale") == 0)
		stale(&dir, many);
	else
		change(&dir, many, strcmp(arg[0], "mixed") == 0);
	printf("%s %lu %lu %.3f %.1f\n", arg[0], entries, calls, now() - t,
	    longest * 1000);
	if (strcmp(arg[0], "walk") == 0 && n > 1) {
		(void)snprintf(path, sizeof(path), "%s.dirs", arg[1]);
		save(arg[1], sample, nfiles);
		save(path, dir_sample, ndirs);
	}
}

int
main(int argc, char **argv)
{
	struct fh root;

	if (argc < 4 || (c = client_connect("127.0.0.1",
	    (uint16_t)strtoul(argv[1], NULL, 10))) == NULL) {
		perror("scale_walk");
		return 2;
	}
	if ((sample = calloc(SAMPLE, sizeof(*sample))) == NULL ||
	    (dir_sample = calloc(SAMPLE, sizeof(*sample))) == NULL)
		die("no memory", 0);
	client_auth_sys(c, geteuid(), getegid(), 0, NULL);
	client_timeout(c, 300000);
	root = mount_root(argv[2]);
	run(argc - 3, argv + 3, &root);
	client_free(c);
	free(sample);
	free(dir_sample);
	free(todo);
	return 0;
}
