/*
 * Each procedure against each error that RFC 1813 section 3.3 lists for it.
 * An error is provoked, or is in the list of those that cannot be, with the
 * reason: the test fails if one is in neither.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "tests/proto/check.h"
#include "vault/host.h"
#include "vault/vault.h"

#define E(x)	WIRE_NFS3ERR_##x
#define PROCS	22

enum { GETATTR_ = 1, SETATTR_, LOOKUP_, ACCESS_, READLINK_, READ_, WRITE_,
	CREATE_, MKDIR_, SYMLINK_, MKNOD_, REMOVE_, RMDIR_, RENAME_, LINK_,
	READDIR_, READDIRPLUS_, FSSTAT_, FSINFO_, PATHCONF_, COMMIT_ };

static const char *const names[PROCS] = { "NULL", "GETATTR", "SETATTR",
	"LOOKUP", "ACCESS", "READLINK", "READ", "WRITE", "CREATE", "MKDIR",
	"SYMLINK", "MKNOD", "REMOVE", "RMDIR", "RENAME", "LINK", "READDIR",
	"READDIRPLUS", "FSSTAT", "FSINFO", "PATHCONF", "COMMIT" };

/* Section 3.3, but what every procedure has: IO STALE BADHANDLE. */
static const int listed[PROCS][16] = {
	[SETATTR_] = { E(PERM), E(ACCES), E(INVAL), E(NOSPC), E(ROFS),
	    E(DQUOT), E(NOT_SYNC), E(SERVERFAULT) },
	[LOOKUP_] = { E(NOENT), E(ACCES), E(NOTDIR), E(NAMETOOLONG) },
	[READLINK_] = { E(INVAL), E(ACCES), E(NOTSUPP) },
	[READ_] = { E(NXIO), E(ACCES), E(INVAL) },
	[WRITE_] = { E(ACCES), E(FBIG), E(DQUOT), E(NOSPC), E(ROFS),
	    E(INVAL) },
	[CREATE_] = { E(ACCES), E(EXIST), E(NOTDIR), E(NOSPC), E(ROFS),
	    E(NAMETOOLONG), E(DQUOT), E(NOTSUPP) },
	[MKDIR_] = { E(ACCES), E(EXIST), E(NOTDIR), E(NOSPC), E(ROFS),
	    E(NAMETOOLONG), E(DQUOT), E(NOTSUPP) },
	[SYMLINK_] = { E(ACCES), E(EXIST), E(NOTDIR), E(NOSPC), E(ROFS),
	    E(NAMETOOLONG), E(DQUOT), E(NOTSUPP) },
	[MKNOD_] = { E(ACCES), E(EXIST), E(NOTDIR), E(NOSPC), E(ROFS),
	    E(NAMETOOLONG), E(DQUOT), E(NOTSUPP), E(BADTYPE) },
	[REMOVE_] = { E(NOENT), E(ACCES), E(NOTDIR), E(NAMETOOLONG),
	    E(ROFS) },
	[RMDIR_] = { E(NOENT), E(ACCES), E(INVAL), E(EXIST), E(NOTDIR),
	    E(NAMETOOLONG), E(ROFS), E(NOTEMPTY), E(NOTSUPP) },
	[RENAME_] = { E(NOENT), E(ACCES), E(EXIST), E(XDEV), E(NOTDIR),
	    E(ISDIR), E(INVAL), E(NOSPC), E(ROFS), E(MLINK),
	    E(NAMETOOLONG), E(NOTEMPTY), E(DQUOT), E(NOTSUPP) },
	[LINK_] = { E(ACCES), E(EXIST), E(XDEV), E(NOTDIR), E(INVAL),
	    E(NOSPC), E(ROFS), E(MLINK), E(NAMETOOLONG), E(DQUOT),
	    E(NOTSUPP) },
	[READDIR_] = { E(ACCES), E(NOTDIR), E(BAD_COOKIE), E(TOOSMALL) },
	[READDIRPLUS_] = { E(ACCES), E(NOTDIR), E(BAD_COOKIE), E(TOOSMALL),
	    E(NOTSUPP) },
};

/* 0: all procedures. */
static const struct { int proc, error; const char *why; } never[] = {
	{ SETATTR_, E(SERVERFAULT), "every failure has a name of its own" },
	{ READLINK_, E(NOTSUPP), "links are supported" },
	{ READ_, E(NXIO), "there are no devices" },
	{ CREATE_, E(NOTSUPP), "files are supported, EXCLUSIVE too" },
	{ MKDIR_, E(NOTSUPP), "directories are supported" },
	{ SYMLINK_, E(NOTSUPP), "links are supported" },
	{ MKNOD_, E(EXIST), "no name is looked at for what cannot be made" },
	{ MKNOD_, E(NOSPC), "nothing is ever made" },
	{ MKNOD_, E(ROFS), "nothing is ever made" },
	{ MKNOD_, E(DQUOT), "nothing is ever made" },
	{ RMDIR_, E(NOTSUPP), "directories are supported" },
	{ RENAME_, E(NOTSUPP), "it is supported" },
	{ RENAME_, E(EXIST), "Linux and we say NOTEMPTY for a full one" },
	{ LINK_, E(INVAL), "is said of nothing that LINK can be asked" },
	{ READDIR_, E(BAD_COOKIE), "every cookie is a place to go on from" },
	{ READDIRPLUS_, E(BAD_COOKIE), "the same" },
	{ READDIRPLUS_, E(NOTSUPP), "it is supported" },
};

static bool seen[PROCS][20000];

static struct fh dir, file, lnk, gone_dir, gone_file;
static char bytes[8192];

/* One ordinary call: names exist or not as the procedure likes it. */
static int
ask(int proc, const struct fh *d, const struct fh *o, const char *name)
{
	struct list l = { .n = 0 };
	sattr3 s = call_mode(0640);
	FSSTAT3args fs = { .fsroot = call_fh(o) };
	FSSTAT3res sr;
	FSINFO3args fi = { .fsroot = call_fh(o) };
	FSINFO3res ir;
	PATHCONF3args pc = { .object = call_fh(o) };
	PATHCONF3res pr;
	uint32_t bits;
	struct read_reply rr;
	struct write_reply wr;
	struct reply r;
	wcc_data w;
	fattr3 a;

	memset(&sr, 0, sizeof(sr));
	memset(&ir, 0, sizeof(ir));
	memset(&pr, 0, sizeof(pr));
	switch (proc) {
	case GETATTR_:
		return call_getattr(f.c, o, &a);
	case SETATTR_:
		return call_setattr(f.c, o, &s, NULL, &w);
	case LOOKUP_:
		return call_lookup(f.c, d, name != NULL ? name : "file",
		    &r);
	case ACCESS_:
		return call_access(f.c, o, 63, &bits, NULL);
	case READLINK_:
		return call_readlink(f.c, o, bytes, NULL);
	case READ_:
		return call_read(f.c, o, 0, 10, bytes, &rr);
	case WRITE_:
		return call_write(f.c, o, 0, "text", 4, UNSTABLE, &wr);
	case CREATE_:
		return call_create(f.c, d, name != NULL ? name : "new",
		    GUARDED, &s, &r);
	case MKDIR_:
		return call_mkdir(f.c, d, name != NULL ? name : "new", &s,
		    &r);
	case SYMLINK_:
		return call_symlink(f.c, d, name != NULL ? name : "new",
		    "target", &r);
	case MKNOD_:
		return call_mknod(f.c, d, name != NULL ? name : "new",
		    WIRE_NF3FIFO, &r);
	case REMOVE_:
		return call_remove(f.c, d, name != NULL ? name : "file",
		    &r);
	case RMDIR_:
		return call_rmdir(f.c, d, name != NULL ? name : "sub", &r);
	case RENAME_:
		return call_rename(f.c, d, "file", d,
		    name != NULL ? name : "new", &r);
	case LINK_:
		return call_link(f.c, o, d, name != NULL ? name : "new",
		    &r);
	case READDIR_:
		return list_page(f.c, d, 0, 0, 4096, &l);
	case READDIRPLUS_:
		return list_page(f.c, d, 0, 4096, 4096, &l);
	case FSSTAT_:
		cr_assert_eq(client_nfs(f.c, FSSTAT, &fs, &sr), RPC_SUCCESS);
		return (int)sr.status;
	case FSINFO_:
		cr_assert_eq(client_nfs(f.c, FSINFO, &fi, &ir), RPC_SUCCESS);
		return (int)ir.status;
	case PATHCONF_:
		cr_assert_eq(client_nfs(f.c, PATHCONF, &pc, &pr),
		    RPC_SUCCESS);
		return (int)pr.status;
	default:
		return call_commit(f.c, o, &wr);
	}
}

static void
want(int proc, int error, int status)
{
	cr_expect_eq(status, error, "%s: %d instead of %d", names[proc],
	    status, error);
	if (status == error)
		seen[proc][error] = true;
}

/* -- provocations that many procedures share */

static int host_errno;
static unsigned host_ops;		/* bits */

static int
hook(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	return host_ops >> op & 1 ? host_errno : 0;
}

#define BIT(op)	(1u << HOST_##op)
#define CHANGES	(BIT(RENAME) | BIT(LINK) | BIT(UNLINK) | BIT(RMDIR) |	\
		    BIT(MKDIR) | BIT(WRITE) | BIT(TRUNCATE) | BIT(CHMOD) |\
		    BIT(UTIMES) | BIT(EXCHANGE))

static void
host(int proc, int err, unsigned ops, int error)
{
	host_errno = err;
	host_ops = ops;
	want(proc, error, ask(proc, &dir, proc == READLINK_ ? &lnk : &file,
	    NULL));
	host_ops = 0;
}

static void
bad_handles(void)
{
	struct fh bad = f.root;
	int p;

	bad.b[40] ^= 1;
	for (p = 1; p < PROCS; p++) {
		want(p, E(BADHANDLE), ask(p, &bad, &bad, NULL));
		want(p, E(STALE), ask(p, &gone_dir, &gone_file, NULL));
		/* Whatever is looked at, the storage does not answer. */
		host(p, EIO, ~0u, E(IO));
	}
}

static int
denied(void)
{
	char name[200];
	struct fh fh;
	int status;

	/* A new file is open, unless its name is a long one. */
	memset(name, 'c', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	fh = check_file(&f.root, name);
	host_errno = EACCES;
	host_ops = BIT(OPEN);
	status = ask(READ_, &dir, &fh, NULL);
	host_ops = 0;
	return status;
}

static void
storage(void)
{
	static const int full[] = { SETATTR_, WRITE_, CREATE_, MKDIR_,
	    SYMLINK_, RENAME_, LINK_ };
	static const int change[] = { SETATTR_, WRITE_, CREATE_, MKDIR_,
	    SYMLINK_, REMOVE_, RMDIR_, RENAME_, LINK_ };
	size_t i;

	for (i = 0; i < sizeof(full) / sizeof(full[0]); i++) {
		/* (what is full lets things be taken away) */
		host(full[i], ENOSPC, CHANGES & ~BIT(UNLINK), E(NOSPC));
		host(full[i], EDQUOT, CHANGES & ~BIT(UNLINK), E(DQUOT));
	}
	for (i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		host(change[i], EROFS, CHANGES | BIT(OPEN), E(ROFS));
		host(change[i], EACCES, CHANGES | BIT(OPEN), E(ACCES));
	}
	/* (a file that is open already is read without another open) */
	want(READ_, E(ACCES), denied());
	host(READLINK_, EACCES, BIT(OPEN), E(ACCES));
	host(LINK_, EMLINK, BIT(LINK), E(MLINK));
	host(RENAME_, EMLINK, CHANGES, E(MLINK));
	host(LINK_, EPERM, BIT(LINK), E(NOTSUPP));
}

static void
dirs_and_names(void)
{
	static const int by_name[] = { LOOKUP_, CREATE_, MKDIR_, SYMLINK_,
	    MKNOD_, REMOVE_, RMDIR_, RENAME_, LINK_ };
	static const int in_dir[] = { LOOKUP_, CREATE_, MKDIR_, SYMLINK_,
	    MKNOD_, REMOVE_, RMDIR_, RENAME_, LINK_, READDIR_, READDIRPLUS_ };
	char text[300];
	sattr3 s = call_mode(0);
	size_t i;

	memset(text, 'x', 256);
	text[256] = '\0';
	for (i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
		want(by_name[i], E(NAMETOOLONG), ask(by_name[i], &dir, &file,
		    text));
	for (i = 0; i < sizeof(in_dir) / sizeof(in_dir[0]); i++)
		want(in_dir[i], E(NOTDIR), ask(in_dir[i], &file, &file,
		    NULL));
	/* Mode 0: nothing is to be done in it, whoever it belongs to. */
	OK(call_setattr(f.c, &dir, &s, NULL, NULL));
	for (i = 0; geteuid() != 0 && i < sizeof(in_dir) / sizeof(in_dir[0]);
	    i++)
		want(in_dir[i], E(ACCES), ask(in_dir[i], &dir, &file, NULL));
	s = call_mode(0755);
	OK(call_setattr(f.c, &dir, &s, NULL, NULL));
}

/* -- the others, one by one */

static void
of_their_own(const struct fh *elsewhere)
{
	struct list l = { .n = 0 };
	nfstime3 never_then = { 1, 1 };
	sattr3 s = call_mode(0640), owner = call_mode(0), late = call_mode(0);

	owner.mode.set_it = FALSE;
	owner.uid.set_it = TRUE;
	owner.uid.set_uid3_u.uid = 4711;
	want(SETATTR_, E(PERM), call_setattr(f.c, &file, &owner, NULL, NULL));
	late.mtime.set_it = SET_TO_CLIENT_TIME;
	late.mtime.set_mtime_u.mtime.nseconds = 1000000000;
	want(SETATTR_, E(INVAL), call_setattr(f.c, &file, &late, NULL, NULL));
	want(SETATTR_, E(NOT_SYNC), call_setattr(f.c, &file, &s, &never_then,
	    NULL));
	want(LOOKUP_, E(NOENT), ask(LOOKUP_, &dir, &file, "no"));
	want(READLINK_, E(INVAL), ask(READLINK_, &dir, &file, NULL));
	want(WRITE_, E(FBIG), call_write(f.c, &file, INT64_MAX, "x", 1,
	    UNSTABLE, NULL));
	want(READ_, E(INVAL), ask(READ_, &dir, &lnk, NULL));
	want(WRITE_, E(INVAL), ask(WRITE_, &dir, &lnk, NULL));
	want(CREATE_, E(EXIST), ask(CREATE_, &dir, &file, "file"));
	want(MKDIR_, E(EXIST), ask(MKDIR_, &dir, &file, "file"));
	want(SYMLINK_, E(EXIST), ask(SYMLINK_, &dir, &file, "file"));
	want(MKNOD_, E(NOTSUPP), ask(MKNOD_, &dir, &file, "fifo"));
	want(MKNOD_, E(BADTYPE), call_mknod(f.c, &dir, "x", WIRE_NF3REG,
	    NULL));
	want(REMOVE_, E(NOENT), ask(REMOVE_, &dir, &file, "no"));
	want(RMDIR_, E(NOENT), ask(RMDIR_, &dir, &file, "no"));
	want(RMDIR_, E(INVAL), ask(RMDIR_, &dir, &file, "."));
	want(RMDIR_, E(EXIST), ask(RMDIR_, &dir, &file, ".."));
	want(RMDIR_, E(NOTEMPTY), ask(RMDIR_, &dir, &file, "full"));
	want(RENAME_, E(NOENT), call_rename(f.c, &dir, "no", &dir, "new",
	    NULL));
	want(RENAME_, E(ISDIR), ask(RENAME_, &dir, &file, "sub"));
	want(RENAME_, E(NOTDIR), call_rename(f.c, &dir, "sub", &dir, "file",
	    NULL));
	want(RENAME_, E(NOTEMPTY), call_rename(f.c, &dir, "sub", &dir,
	    "full", NULL));
	want(RENAME_, E(INVAL), ask(RENAME_, &dir, &file, "."));
	want(RENAME_, E(XDEV), call_rename(f.c, &dir, "file", elsewhere, "x",
	    NULL));
	want(LINK_, E(EXIST), ask(LINK_, &dir, &file, "lnk"));
	want(LINK_, E(XDEV), call_link(f.c, &file, elsewhere, "x", NULL));
	want(READDIR_, E(TOOSMALL), list_page(f.c, &dir, 0, 0, 16, &l));
	want(READDIRPLUS_, E(TOOSMALL), list_page(f.c, &dir, 0, 16, 16, &l));
	list_free(&l);
}

static bool
is_never(int proc, int error)
{
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (never[i].proc == proc && never[i].error == error)
			return true;
	return false;
}

static void
sum(void)
{
	unsigned provoked = 0, not = 0;
	int p, i, e;

	for (p = 1; p < PROCS; p++)
		for (i = 0; i < 16 && (e = listed[p][i]) != 0; i++) {
			if (e == E(ACCES) && geteuid() == 0 && !seen[p][e])
				continue;	/* cannot be shown to root */
			cr_expect(seen[p][e] || is_never(p, e),
			    "%s: error %d", names[p], e);
			if (seen[p][e])
				provoked++;
			else
				not++;
		}
	cr_log_info("%u provoked, %u that cannot be", provoked, not);
}

static struct fh
remove_again(const char *name, bool is_dir)
{
	struct fh fh = is_dir ? check_dir(&f.root, name) :
	    check_file(&f.root, name);

	OK(is_dir ? call_rmdir(f.c, &f.root, name, NULL) :
	    call_remove(f.c, &f.root, name, NULL));
	return fh;
}

Test(rfc, every_procedure_gives_the_errors_that_are_listed_for_it)
{
	struct fix_options o = { .as_user = true, .through = true };
	struct fix other;
	struct reply r;
	mountres3 res;
	nfs_fh3 fh;
	struct fh elsewhere;

	fix_vault(&f, &o);
	fix_vault(&other, &o);
	fix_make(&f);
	fix_make(&other);
	cr_assert_eq(server_export(f.server, other.vault, "other", NULL), 0);
	fix_run(&f);
	cr_assert_eq(client_mnt(f.c, "/other", &res), RPC_SUCCESS);
	fh.data.data_len = res.mountres3_u.mountinfo.fhandle.fhandle3_len;
	fh.data.data_val = res.mountres3_u.mountinfo.fhandle.fhandle3_val;
	elsewhere = call_keep_fh(&fh);
	xdr_free((xdrproc_t)xdr_mountres3, (void *)&res);

	dir = check_dir(&f.root, "dir");
	file = check_file(&dir, "file");
	OK(call_write(f.c, &file, 0, "text", 4, UNSTABLE, NULL));
	OK(call_symlink(f.c, &dir, "lnk", "target", &r));
	lnk = r.fh;
	(void)check_dir(&dir, "sub");
	r.fh = check_dir(&dir, "full");
	(void)check_file(&r.fh, "file");
	gone_dir = remove_again("gone", true);
	gone_file = remove_again("gone too", false);

	host_set_hook(hook, NULL);
	bad_handles();
	storage();
	dirs_and_names();
	of_their_own(&elsewhere);
	sum();
	host_set_hook(NULL, NULL);
	fix_down(&f);
	fix_stop(&other);
	fix_stop(&f);
}
