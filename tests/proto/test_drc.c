/*
 * A call that is sent twice runs once: over the same connection, another one,
 * while it runs, and to the next server after the first was killed at any
 * system call of it.
 */
#include "config.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/verr.h"
#include "nfsd/drc.h"
#include "tests/proto/check.h"
#include "tests/proto/raw.h"
#include "vault/host.h"

static struct raw_server wire;		/* f's server, by its port */
static char file_path[160];		/* of the kept replies */

/* -- raw calls */

static void
opaque(struct raw *r, const void *data, size_t len)
{
	raw_u32(r, (uint32_t)len);
	memset(r->b + r->len, 0, (len + 3) & ~(size_t)3);
	memcpy(r->b + r->len, data, len);
	r->len += (len + 3) & ~(size_t)3;
}

static void
begin(struct raw *r, uint32_t xid, uint32_t proc, const struct fh *fh)
{
	raw_begin(r, xid, 100003, 3, proc);
	raw_auth_sys(r, (uint32_t)geteuid());
	opaque(r, fh->b, fh->len);
}

static void
name(struct raw *r, const char *s)
{
	opaque(r, s, strlen(s));
}

/* sattr3 with a mode only. */
static void
mode(struct raw *r, uint32_t m)
{
	raw_u32(r, 1);
	raw_u32(r, m);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 0);
	raw_u32(r, 0);
}

static void
remove_call(struct raw *r, uint32_t xid, const struct fh *dir, const char *n)
{
	begin(r, xid, 12, dir);
	name(r, n);
	raw_end(r);
}

static void
mkdir_call(struct raw *r, uint32_t xid, const struct fh *dir, const char *n)
{
	begin(r, xid, 9, dir);
	name(r, n);
	mode(r, 0755);
	raw_end(r);
}

static struct raw got[2];

/* Send r and take the reply; the status, or -1: closed. */
static int
ask(int fd, const struct raw *r, struct raw *reply)
{
	ssize_t n;

	if (!raw_send(fd, r->b, r->len) ||
	    (n = raw_reply(fd, reply->b, sizeof(reply->b))) < 28)
		return -1;
	reply->len = (size_t)n;
	cr_assert_eq(raw_get(reply->b), raw_get(r->b + 4), "another xid");
	cr_assert_eq(raw_get(reply->b + 20), 0, "not accepted");
	return (int)raw_get(reply->b + 24);
}

static bool
same_reply(void)
{
	return got[0].len == got[1].len &&
	    memcmp(got[0].b, got[1].b, got[0].len) == 0;
}

/* -- in one server */

static void
setup(void)
{
	fix_vault(&f, NULL);
	fix_make(&f);
	cr_assert_eq(server_listen(f.server, "127.0.0.1", 0, &wire.port,
	    NULL), 0);
	fix_run(&f);
	wire.srv = f.server;
	(void)snprintf(file_path, sizeof(file_path), "%s/replies", f.dir);
}

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	fix_stop(&f);
}

TestSuite(drc, .init = setup, .fini = teardown);

Test(drc, a_call_that_comes_again_gets_the_same_reply)
{
	int fd = raw_connect(&wire);
	struct raw r;

	mkdir_call(&r, 7, &f.root, "new");
	cr_expect_eq(ask(fd, &r, &got[0]), 0);
	cr_expect_eq(ask(fd, &r, &got[1]), 0);
	cr_expect(same_reply());
	remove_call(&r, 8, &f.root, "not there");
	cr_expect_eq(ask(fd, &r, &got[0]), WIRE_NFS3ERR_NOENT);
	(void)check_file(&f.root, "not there");
	cr_expect_eq(ask(fd, &r, &got[1]), WIRE_NFS3ERR_NOENT,
	    "an error is a reply as well");
	cr_expect(same_reply());
	(void)close(fd);
}

Test(drc, so_it_is_on_another_connection)
{
	int fd = raw_connect(&wire), other = raw_connect(&wire);
	struct raw r;

	(void)check_file(&f.root, "file");
	remove_call(&r, 7, &f.root, "file");
	cr_expect_eq(ask(fd, &r, &got[0]), 0);
	(void)close(fd);
	cr_expect_eq(ask(other, &r, &got[1]), 0);
	cr_expect(same_reply());
	(void)close(other);
}

Test(drc, another_xid_or_name_or_caller_is_another_call)
{
	int fd = raw_connect(&wire);
	struct raw r;

	mkdir_call(&r, 7, &f.root, "new");
	cr_expect_eq(ask(fd, &r, &got[0]), 0);
	mkdir_call(&r, 8, &f.root, "new");
	cr_expect_eq(ask(fd, &r, &got[1]), WIRE_NFS3ERR_EXIST);
	mkdir_call(&r, 7, &f.root, "nev");
	cr_expect_eq(ask(fd, &r, &got[1]), 0);
	mkdir_call(&r, 7, &f.root, "new");
	r.b[4 + 24 + 8 + 12 + 3] ^= 1;		/* the gid */
	cr_expect_eq(ask(fd, &r, &got[1]), WIRE_NFS3ERR_EXIST);
	(void)close(fd);
}

Test(drc, it_remembers_so_many_calls_and_no_more)
{
	int fd = raw_connect(&wire);
	struct raw first, r;
	uint32_t i;

	mkdir_call(&first, 1, &f.root, "new");
	cr_expect_eq(ask(fd, &first, &got[0]), 0);
	for (i = 1; i < DRC_SLOTS; i++) {
		remove_call(&r, 1 + i, &f.root, "not there");
		cr_assert_eq(ask(fd, &r, &got[1]), WIRE_NFS3ERR_NOENT);
	}
	cr_expect_eq(ask(fd, &first, &got[1]), 0);
	remove_call(&r, 1 + i, &f.root, "not there");
	cr_assert_eq(ask(fd, &r, &got[1]), WIRE_NFS3ERR_NOENT);
	cr_expect_eq(ask(fd, &first, &got[1]), WIRE_NFS3ERR_EXIST);
	(void)close(fd);
}

/* -- while it runs */

static atomic_bool shut;
static atomic_uint waiting;

static int
gate(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	if (op != HOST_MKDIR)
		return 0;
	atomic_fetch_add(&waiting, 1);
	while (atomic_load(&shut))
		raw_sleep_ms(1);
	atomic_fetch_sub(&waiting, 1);
	return 0;
}

static unsigned calls_before;

static bool
has_taken_one_more(const struct server_counts *c)
{
	return c->calls[9] > calls_before;
}

/* Send it; true once the server has taken it. */
static bool
sent(int fd, const struct raw *r)
{
	struct server_counts c;

	server_counts(f.server, &c);
	calls_before = (unsigned)c.calls[9];
	return raw_send(fd, r->b, r->len) &&
	    raw_await(&wire, has_taken_one_more);
}

/* MKDIR waits in the storage; what the test does then; all that ran: once. */
static int
resend_while_it_runs(bool closed, bool same)
{
	int fd = raw_connect(&wire), other = same ? fd : raw_connect(&wire);
	struct server_counts c;
	uint64_t before;
	struct raw r;
	int status;
	ssize_t n;

	server_counts(f.server, &c);
	before = c.on_worker;
	host_set_hook(gate, NULL);
	atomic_store(&shut, true);
	mkdir_call(&r, 7, &f.root, "new");
	cr_assert(sent(fd, &r));
	while (atomic_load(&waiting) == 0)
		raw_sleep_ms(1);
	if (closed)
		(void)close(fd);
	cr_assert(sent(other, &r));
	atomic_store(&shut, false);
	n = raw_reply(other, got[0].b, sizeof(got[0].b));
	cr_assert_gt(n, 28);
	status = (int)raw_get(got[0].b + 24);
	/* and not a second one */
	cr_expect_eq(ask(other, &r, &got[1]), 0);
	server_counts(f.server, &c);
	cr_expect_eq(c.on_worker - before, 1);
	(void)close(other);
	return status;
}

Test(drc, a_copy_of_a_running_call_gets_its_reply_when_the_connection_went)
{
	cr_expect_eq(resend_while_it_runs(true, false), 0);
}

Test(drc, the_newest_connection_gets_the_reply)
{
	cr_expect_eq(resend_while_it_runs(false, false), 0);
}

Test(drc, on_one_connection_there_is_one_reply)
{
	cr_expect_eq(resend_while_it_runs(false, true), 0);
}

/* -- in the next server */

enum kind {
	CREATE, MKDIR, SYMLINK, LINK, REMOVE, RMDIR, RENAME, REPLACE, SETATTR,
	KINDS
};

static struct fh work, old_fh;		/* a directory and its "old" */
static nfstime3 old_ctime;

/* What the call is about, anew in a directory of its own. */
static void
prepare(enum kind kind, unsigned k)
{
	char dir[32];
	fattr3 a;

	(void)snprintf(dir, sizeof(dir), "%d-%u", (int)kind, k);
	work = check_dir(&f.root, dir);
	old_fh = check_file(&work, "old");
	if (kind == REPLACE)
		(void)check_file(&work, "new");
	(void)check_dir(&work, "sub");
	OK(call_getattr(f.c, &old_fh, &a));
	old_ctime = a.ctime;
}

static void
build(enum kind kind, struct raw *r, uint32_t xid)
{
	static const uint32_t proc[KINDS] = { 8, 9, 10, 15, 12, 13, 14, 14, 2 };

	if (kind == LINK || kind == SETATTR)
		begin(r, xid, proc[kind], &old_fh);
	else
		begin(r, xid, proc[kind], &work);
	switch (kind) {
	case CREATE:
		name(r, "new");
		raw_u32(r, 1);			/* GUARDED */
		mode(r, 0640);
		break;
	case MKDIR:
		name(r, "new");
		mode(r, 0750);
		break;
	case SYMLINK:
		name(r, "new");
		mode(r, 0777);
		name(r, "target");
		break;
	case LINK:
		opaque(r, work.b, work.len);
		name(r, "new");
		break;
	case REMOVE:
		name(r, "old");
		break;
	case RMDIR:
		name(r, "sub");
		break;
	case RENAME:
	case REPLACE:
		name(r, "old");
		opaque(r, work.b, work.len);
		name(r, "new");
		break;
	case SETATTR:
		mode(r, 0604);
		raw_u32(r, 1);			/* guarded by ctime */
		raw_u32(r, old_ctime.seconds);
		raw_u32(r, old_ctime.nseconds);
		break;
	case KINDS:
		break;
	}
	raw_end(r);
}

/* What must be there afterwards, once. */
static void
expect_done(enum kind kind)
{
	struct reply r;
	fattr3 a;

	switch (kind) {
	case CREATE:
	case MKDIR:
	case SYMLINK:
		OK(call_lookup(f.c, &work, "new", &r));
		cr_expect_eq((int)check_attr(&r.attr)->type,
		    kind == CREATE ? WIRE_NF3REG :
		    kind == MKDIR ? WIRE_NF3DIR : WIRE_NF3LNK);
		break;
	case LINK:
	case RENAME:
	case REPLACE:
		OK(call_lookup(f.c, &work, "new", &r));
		OK(call_getattr(f.c, &old_fh, &a));
		cr_expect_eq(check_attr(&r.attr)->fileid, a.fileid);
		if (kind != LINK)
			IS(NOENT, call_lookup(f.c, &work, "old", &r));
		break;
	case REMOVE:
		IS(NOENT, call_lookup(f.c, &work, "old", &r));
		break;
	case RMDIR:
		IS(NOENT, call_lookup(f.c, &work, "sub", &r));
		break;
	case SETATTR:
		OK(call_getattr(f.c, &old_fh, &a));
		cr_expect_eq(a.mode, 0604);
		break;
	case KINDS:
		break;
	}
}

static unsigned left;		/* system calls until the end; 0: none */

static int
kill_hook(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)op;
	(void)path;
	if (left > 0 && --left == 0)
		(void)kill(getpid(), SIGKILL);
	return 0;
}

/* A server in a process of its own; killed before its k-th call on files. */
static pid_t
spawn(unsigned k, int *fd)
{
	pid_t pid;
	int sv[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	if ((pid = fork()) == 0) {
		(void)close(sv[0]);
		fix_make(&f);
		FIX_MUST(server_keep_replies(f.server, file_path, NULL) == 0);
		FIX_MUST(server_attach(f.server, sv[1], NULL) == 0);
		left = k;
		host_set_hook(kill_hook, NULL);
		_exit(server_run(f.server, NULL) == 0 ? 0 : 1);
	}
	(void)close(sv[1]);
	raw_set_wait(sv[0]);
	*fd = sv[0];
	return pid;
}

static void
reap(pid_t pid, int fd)
{
	int st;

	(void)close(fd);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &st, 0);
}

/* One call, cut off before system call k; false: it was over before. */
static bool
killed_at(enum kind kind, unsigned k)
{
	uint32_t xid = (uint32_t)kind << 16 | k;
	struct raw r;
	int fd, status;
	bool killed;
	pid_t pid;

	fix_make(&f);
	fix_run(&f);
	prepare(kind, k);
	fix_down(&f);
	build(kind, &r, xid);

	pid = spawn(k, &fd);
	killed = ask(fd, &r, &got[0]) == -1;
	reap(pid, fd);
	pid = spawn(0, &fd);
	status = ask(fd, &r, &got[1]);
	cr_expect_eq(status, 0, "kind %d, call %u: status %d", (int)kind, k,
	    status);
	if (!killed)
		cr_expect(same_reply());
	reap(pid, fd);

	fix_make(&f);
	fix_run(&f);
	expect_done(kind);
	fix_down(&f);
	return killed;
}

Test(drc, a_server_killed_anywhere_in_a_call_leaves_it_to_the_next_one,
    .timeout = 300)
{
	unsigned k, n = 0;
	int kind;

	fix_down(&f);
	for (kind = 0; kind < KINDS; kind++)
		for (k = 1; killed_at((enum kind)kind, k); k++)
			n++;
	cr_log_info("%u moments of %d calls", n, KINDS);
	cr_expect_gt(n, 8 * KINDS);
}

Test(drc, what_was_removed_and_made_anew_is_not_removed_again)
{
	struct raw r;
	struct reply look;
	pid_t pid;
	int fd;

	(void)check_file(&f.root, "old");
	fix_down(&f);
	remove_call(&r, 9, &f.root, "old");
	pid = spawn(0, &fd);
	cr_assert_eq(ask(fd, &r, &got[0]), 0);
	reap(pid, fd);
	fix_make(&f);
	fix_run(&f);
	(void)check_file(&f.root, "old");
	fix_down(&f);
	pid = spawn(0, &fd);
	cr_expect_eq(ask(fd, &r, &got[1]), 0);
	cr_expect(same_reply());
	reap(pid, fd);
	fix_make(&f);
	fix_run(&f);
	OK(call_lookup(f.c, &f.root, "old", &look));
}

Test(drc, a_file_of_another_form_is_begun_anew)
{
	struct stat st;
	struct raw r;
	FILE *out;
	pid_t pid;
	int fd;

	fix_down(&f);
	cr_assert_not_null(out = fopen(file_path, "w"));
	(void)fputs("something else", out);
	(void)fclose(out);
	pid = spawn(0, &fd);
	mkdir_call(&r, 9, &f.root, "new");
	cr_expect_eq(ask(fd, &r, &got[0]), 0);
	cr_expect_eq(ask(fd, &r, &got[1]), 0);
	reap(pid, fd);
	cr_expect_eq(stat(file_path, &st), 0);
	cr_expect_eq((size_t)st.st_size, 4096 + 512 * (size_t)DRC_SLOTS);
}

Test(drc, two_servers_do_not_share_a_file)
{
	struct verr e;
	struct raw r;
	pid_t pid;
	int fd;

	fix_down(&f);
	pid = spawn(0, &fd);
	mkdir_call(&r, 9, &f.root, "new");
	cr_expect_eq(ask(fd, &r, &got[0]), 0);
	fix_make(&f);
	cr_expect_eq(server_keep_replies(f.server, file_path, &e), -1);
	cr_expect_eq(e.code, VERR_BUSY);
	reap(pid, fd);
}
