/*
 * test_keeper.c - vaults are locked and unlocked while the server runs: nothing
 * is told meanwhile, nothing is lost, and handles go on.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "nfsd/keeper_int.h"
#include "nfsd/pass.h"
#include "nfsd/server_int.h"
#include "tests/proto/asking.h"
#include "vault/host.h"
#include "vault/vault.h"

static struct server_keys keys;
static char other[160];			/* a folder to be opened in its place */

static void
close_it(void *ctx, size_t i)
{
	(void)ctx;
	cr_assert_eq(i, 0);
	vault_close(f.vault);
	f.vault = NULL;
}

static struct vault *
open_it(void *ctx, size_t i, const char *pass, size_t len, struct verr *e)
{
	(void)ctx;
	cr_assert_eq(i, 0);
	return f.vault = vault_open(other[0] != '\0' ? other : f.dir, NULL,
	    pass, len, e);
}

static void
begin(unsigned idle_s, bool stale, unsigned loops)
{
	struct fix_options o = { .loops = loops };
	struct verr e;

	log_set_level(LOG_LEVEL_ERROR);
	fix_vault(&f, &o);
	fix_make(&f);
	ask_start();
	keys = (struct server_keys){ .idle_s = idle_s, .stale = stale,
	    .close = close_it, .open = open_it };
	cr_assert_eq(server_keys(f.server, &keys, &e), 0);
	fix_run(&f);
}

static void
setup(void)
{
	begin(0, false, 0);
}

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	fix_stop(&f);
}

TestSuite(keeper, .init = setup, .fini = teardown, .timeout = 120);
/* Those begin with options of their own. */
TestSuite(keeper_own, .fini = teardown, .timeout = 120);

/* The code of the error, or "" for success. */
static const char *
tell(const char *line)
{
	static char code[64];
	json_t *o = ask_line(line);

	code[0] = '\0';
	if (json_object_get(o, "error") != NULL)
		(void)snprintf(code, sizeof(code), "%s",
		    ask_text(o, "code"));
	else
		cr_expect_eq(json_is_true(json_object_get(o, "locked")),
		    line[0] == 'l');
	json_decref(o);
	return code;
}

#define LOCK	"lock\n"
#define UNLOCK	"unlock 636f727265637420686f727365\n"	/* FIX_PASS */
#define WRONG	"unlock 636f727265637420686f7273\n"
#define DONE(line)	cr_assert_str_eq(tell(line), "")
#define FAILS(line, c)	cr_assert_str_eq(tell(line), c)

static bool
is_locked(void)
{
	json_t *o = ask_line("status\n");
	bool locked = json_is_true(json_object_get(o, "locked"));

	json_decref(o);
	return locked;
}

static char data[70000], back[sizeof(data)];

static void
expect_data(const struct fh *file, const char *want, uint32_t len)
{
	struct read_reply rr;

	OK(call_read(f.c, file, 0, len, back, &rr));
	cr_assert_eq(rr.count, len);
	cr_assert_eq(memcmp(back, want, len), 0);
}

/* Every procedure that is about a file, with arguments that were good. */
static void
expect_all(int status, const struct fh *file, const struct fh *dir)
{
	static const char verf[8] = "verifier";
	sattr3 s = call_mode(0600);
	struct write_reply wr;
	struct read_reply rr;
	struct reply r;
	post_op_attr pa;
	wcc_data w;
	fattr3 a;
	uint32_t granted;
	char target[8192];

#define SAYS(call)	do {						\
		int st_ = (call);					\
		cr_expect_eq(st_, status, #call ": %d", st_);		\
	} while (0)
#define NOTHING(x)	cr_expect_not((x).attributes_follow, #x)
#define NO_WCC(x)	do {						\
		NOTHING((x).after);					\
		cr_expect_not((x).before.attributes_follow, #x);	\
	} while (0)
	SAYS(call_getattr(f.c, &f.root, &a));
	SAYS(call_setattr(f.c, file, &s, NULL, &w));
	NO_WCC(w);
	SAYS(call_lookup(f.c, dir, "in", &r));
	NOTHING(r.dir_attr);
	SAYS(call_lookup(f.c, dir, "not in", &r));
	SAYS(call_access(f.c, file, 63, &granted, &pa));
	NOTHING(pa);
	SAYS(call_readlink(f.c, file, target, &pa));
	NOTHING(pa);
	SAYS(call_read(f.c, file, 0, 100, back, &rr));
	NOTHING(rr.attr);
	SAYS(call_write(f.c, file, 0, data, 100, UNSTABLE, &wr));
	NO_WCC(wr.wcc);
	SAYS(call_create(f.c, dir, "new", UNCHECKED, &s, &r));
	NO_WCC(r.wcc);
	SAYS(call_exclusive(f.c, dir, "new", verf, &r));
	SAYS(call_mkdir(f.c, dir, "new", &s, &r));
	SAYS(call_symlink(f.c, dir, "new", "in", &r));
	SAYS(call_mknod(f.c, dir, "new", NF3FIFO, &r));
	SAYS(call_remove(f.c, dir, "in", &r));
	NO_WCC(r.wcc);
	SAYS(call_rmdir(f.c, &f.root, "dir", &r));
	SAYS(call_rename(f.c, dir, "in", dir, "out", &r));
	NO_WCC(r.wcc);
	NO_WCC(r.wcc2);
	SAYS(call_link(f.c, file, dir, "link", &r));
	SAYS(call_commit(f.c, file, &wr));
	NO_WCC(wr.wcc);
}

static void
expect_others(int status, const struct fh *dir)
{
	READDIR3args rd = { call_fh(dir), 0, "", 4096 };
	READDIRPLUS3args rp = { call_fh(dir), 0, "", 4096, 8192 };
	FSSTAT3args fs = { call_fh(dir) };
	FSINFO3args fi = { call_fh(dir) };
	PATHCONF3args pc = { call_fh(dir) };
	READDIRPLUS3res rpr;
	PATHCONF3res pcr;
	READDIR3res rdr;
	FSSTAT3res fsr;
	FSINFO3res fir;

	CALL(f.c, READDIR, &rd, &rdr);
	cr_expect_eq((int)rdr.status, status);
	NOTHING(rdr.READDIR3res_u.resfail.dir_attributes);
	CALL(f.c, READDIRPLUS, &rp, &rpr);
	cr_expect_eq((int)rpr.status, status);
	NOTHING(rpr.READDIRPLUS3res_u.resfail.dir_attributes);
	CALL(f.c, FSSTAT, &fs, &fsr);
	cr_expect_eq((int)fsr.status, status);
	NOTHING(fsr.FSSTAT3res_u.resfail.obj_attributes);
	CALL(f.c, FSINFO, &fi, &fir);
	cr_expect_eq((int)fir.status, status);
	NOTHING(fir.FSINFO3res_u.resfail.obj_attributes);
	CALL(f.c, PATHCONF, &pc, &pcr);
	cr_expect_eq((int)pcr.status, status);
	NOTHING(pcr.PATHCONF3res_u.resfail.obj_attributes);
}

static void
lock_and_look(int status)
{
	struct fh dir = check_dir(&f.root, "dir"), file;
	mountres3 m;

	file = check_file(&dir, "in");
	OK(call_write(f.c, &file, 0, data, sizeof(data), UNSTABLE, NULL));
	cr_assert_not(is_locked());
	DONE(LOCK);
	cr_assert(is_locked());
	cr_assert_null(f.vault);
	expect_all(status, &file, &dir);
	expect_others(status, &dir);
	memset(&m, 0, sizeof(m));
	cr_assert_eq(client_mnt(f.c, "/vault", &m), RPC_SUCCESS);
	cr_expect_eq((int)m.fhs_status, WIRE_MNT3ERR_SERVERFAULT);
	memset(&m, 0, sizeof(m));
	cr_assert_eq(client_mnt(f.c, "/vault/dir", &m), RPC_SUCCESS);
	cr_expect_eq((int)m.fhs_status, WIRE_MNT3ERR_SERVERFAULT);
	cr_expect_eq(client_null(f.c), RPC_SUCCESS);
	DONE(UNLOCK);
	cr_assert_not(is_locked());
	expect_data(&file, data, sizeof(data));
	IS(NOENT, call_lookup(f.c, &dir, "new", NULL));
	OK(call_lookup(f.c, &dir, "in", NULL));
}

Test(keeper, a_locked_vault_tells_nothing_and_says_jukebox)
{
	lock_and_look(WIRE_NFS3ERR_JUKEBOX);
}

Test(keeper_own, or_stale_if_that_is_asked_for)
{
	begin(0, true, 0);
	lock_and_look(WIRE_NFS3ERR_STALE);
}

Test(keeper_own, several_loops_are_locked_together)
{
	begin(0, false, 3);
	lock_and_look(WIRE_NFS3ERR_JUKEBOX);
}

Test(keeper, what_was_not_committed_is_there_after_an_unlock)
{
	struct fh file = check_file(&f.root, "file");
	struct write_reply before, after;
	int i;

	for (i = 0; i < 5; i++) {
		memset(data, 'a' + i, sizeof(data));
		OK(call_write(f.c, &file, 0, data, sizeof(data), UNSTABLE,
		    &before));
		DONE(LOCK);
		DONE(UNLOCK);
		expect_data(&file, data, sizeof(data));
		OK(call_commit(f.c, &file, &after));
		/* so nobody sends again what is there */
		cr_expect_eq(memcmp(before.verf, after.verf, 8), 0);
	}
}

Test(keeper, a_wrong_password_leaves_it_locked)
{
	fattr3 a;

	DONE(LOCK);
	FAILS(WRONG, "password");
	FAILS("unlock \n", "password");
	cr_expect(is_locked());
	IS(JUKEBOX, call_getattr(f.c, &f.root, &a));
	DONE(UNLOCK);
	OK(call_getattr(f.c, &f.root, &a));
}

Test(keeper, the_largest_password_that_there_can_be_is_tried)
{
	static char line[8 + 2 * PASS_LEN_MAX + 1] = "unlock ";

	memset(line + 7, '6', 2 * PASS_LEN_MAX);
	line[7 + 2 * PASS_LEN_MAX] = '\n';
	DONE(LOCK);
	FAILS(line, "password");
	DONE(UNLOCK);
}

Test(keeper, another_vault_is_not_taken_for_this_one)
{
	struct vault_new n = { .cost = 2 };
	struct verr e;
	fattr3 a;

	(void)snprintf(other, sizeof(other), "%s/other", f.dir);
	cr_assert_eq(vault_init(other, &n, FIX_PASS, strlen(FIX_PASS), &e),
	    0, "%s", e.text);
	DONE(LOCK);
	FAILS(UNLOCK, "vault");
	cr_expect(is_locked());
	cr_expect_null(f.vault);
	IS(JUKEBOX, call_getattr(f.c, &f.root, &a));
	other[0] = '\0';
	DONE(UNLOCK);
	OK(call_getattr(f.c, &f.root, &a));
}

Test(keeper, a_vault_that_is_gone_stays_locked)
{
	strcpy(other, "/nowhere/at all");
	DONE(LOCK);
	FAILS(UNLOCK, "vault");
	other[0] = '\0';
	DONE(UNLOCK);
}

Test(keeper, to_lock_twice_is_to_lock)
{
	DONE(LOCK);
	DONE(LOCK);
	DONE(UNLOCK);
}

Test(keeper, what_is_not_locked_is_not_unlocked)
{
	fattr3 a;

	FAILS(UNLOCK, "failed");
	FAILS(WRONG, "failed");
	OK(call_getattr(f.c, &f.root, &a));
}

static atomic_int fail_writes;

static int
full(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	return op == HOST_WRITE && atomic_load(&fail_writes) ? ENOSPC : 0;
}

Test(keeper, without_space_for_what_is_dirty_nothing_is_locked_or_lost)
{
	struct fh file = check_file(&f.root, "file");
	json_t *o;

	host_set_hook(full, NULL);
	memset(data, 'x', sizeof(data));
	OK(call_write(f.c, &file, 0, data, sizeof(data), UNSTABLE, NULL));
	atomic_store(&fail_writes, 1);
	o = ask_line(LOCK);
	cr_expect_str_eq(ask_text(o, "code"), "failed");
	cr_expect_not_null(strstr(ask_text(o, "error"), "No space"), "%s",
	    ask_text(o, "error"));
	json_decref(o);
	cr_expect_not(is_locked());
	expect_data(&file, data, sizeof(data));
	atomic_store(&fail_writes, 0);
	expect_data(&file, data, sizeof(data));
	DONE(LOCK);
	DONE(UNLOCK);
	expect_data(&file, data, sizeof(data));
}

static void
wait_for_lock(bool locked)
{
	int i;

	for (i = 0; i < 6000 && is_locked() != locked; i++)
		raw_sleep_ms(10);
	cr_assert_eq(is_locked(), locked);
}

/* As if it had begun with it: a slow machine may take a second for a call. */
static void
set_idle(unsigned seconds)
{
	struct keeper *k = f.server->keeper;

	(void)pthread_mutex_lock(&k->mtx);
	k->o.idle_s = seconds;
	(void)pthread_cond_signal(&k->cond);
	(void)pthread_mutex_unlock(&k->mtx);
}

Test(keeper, it_is_locked_when_nobody_calls_and_stays_so)
{
	struct fh file = check_file(&f.root, "file");
	fattr3 a;

	OK(call_write(f.c, &file, 0, data, 1000, UNSTABLE, NULL));
	set_idle(1);
	wait_for_lock(true);
	IS(JUKEBOX, call_getattr(f.c, &f.root, &a));
	cr_expect(is_locked());
	set_idle(0);
	DONE(UNLOCK);
	expect_data(&file, data, 1000);
	set_idle(1);
	wait_for_lock(true);
}

Test(keeper_own, who_calls_keeps_it_open)
{
	fattr3 a;
	int i;

	/* a minute of idleness does not pass while this runs */
	begin(60, false, 0);
	for (i = 0; i < 50; i++) {
		OK(call_getattr(f.c, &f.root, &a));
		raw_sleep_ms(20);
	}
	cr_expect_not(is_locked());
	cr_expect_gt(atomic_load(&f.server->lanes[0]->used_us), 0);
}

Test(keeper_own, a_server_that_does_not_lock_says_so)
{
	log_set_level(LOG_LEVEL_ERROR);
	fix_vault(&f, NULL);
	fix_make(&f);
	ask_start();
	fix_run(&f);
	FAILS(LOCK, "failed");
	FAILS(UNLOCK, "failed");
}

Test(keeper, a_server_ends_while_it_is_locked)
{
	DONE(LOCK);
	fix_down(&f);
}

/* -- a call that is under way */

static atomic_bool gate;		/* shut: the operation waits */
static atomic_int held;			/* so many do */
static enum host_op held_op;

static int
hold(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	if (op != held_op || !atomic_load(&gate))
		return 0;
	atomic_fetch_add(&held, 1);
	while (atomic_load(&gate))
		raw_sleep_ms(1);
	atomic_fetch_sub(&held, 1);
	return 0;
}

static void
wait_for(const _Atomic unsigned *what, unsigned value)
{
	int i;

	for (i = 0; i < 20000 && atomic_load(what) != value; i++)
		raw_sleep_ms(1);
	cr_assert_eq(atomic_load(what), value);
}

/* The call is held in its storage; a lock waits for it, and it ends well. */
static void
lock_beside(enum host_op op, uint32_t proc, xdrproc_t enc, const void *args,
    xdrproc_t dec, void *res)
{
	uint32_t xid;
	int i;

	held_op = op;
	atomic_store(&gate, true);
	host_set_hook(hold, NULL);
	cr_assert_neq(xid = client_send(f.c, proc, enc, args), 0);
	for (i = 0; i < 20000 && atomic_load(&held) == 0; i++)
		raw_sleep_ms(1);
	cr_assert_eq(atomic_load(&held), 1);
	cr_assert(keeper_lock(f.server->keeper, 0));
	wait_for(&f.server->closed, KEEPER_CLOSING);
	raw_sleep_ms(100);	/* if it does not wait it is done by now */
	cr_expect_not_null(f.vault);
	cr_expect_eq(atomic_load(&f.server->closed), KEEPER_CLOSING);
	atomic_store(&gate, false);
	cr_assert_eq(client_wait(f.c, xid, dec, res), RPC_SUCCESS);
	wait_for(&f.server->closed, KEEPER_LOCKED);
	cr_expect_null(f.vault);
}

Test(keeper, a_call_on_the_loop_ends_before_the_vault_is_closed)
{
	struct fh dir = check_dir(&f.root, "dir");
	GETATTR3args args = { call_fh(&dir) };
	GETATTR3res res;

	memset(&res, 0, sizeof(res));
	lock_beside(HOST_STAT, NFSPROC3_GETATTR, (xdrproc_t)xdr_GETATTR3args,
	    &args, (xdrproc_t)xdr_GETATTR3res, &res);
	cr_expect_eq((int)res.status, WIRE_NFS3_OK);
}

Test(keeper, a_call_on_a_worker_ends_before_the_vault_is_closed)
{
	struct fh file = check_file(&f.root, "file");
	READ3args args = { call_fh(&file), 0, 200000 };
	READ3res res;
	unsigned i;

	for (i = 0; i < 3; i++)
		OK(call_write(f.c, &file, i * sizeof(data), data,
		    sizeof(data), FILE_SYNC, NULL));
	DONE(LOCK);		/* so that nothing of it is in memory */
	DONE(UNLOCK);
	memset(&res, 0, sizeof(res));
	lock_beside(HOST_READ, NFSPROC3_READ, (xdrproc_t)xdr_READ3args,
	    &args, (xdrproc_t)xdr_READ3res, &res);
	cr_expect_eq((int)res.status, WIRE_NFS3_OK);
	cr_expect_eq(res.READ3res_u.resok.count, 200000);
	client_nfs_free(READ, &res);
}

Test(keeper, a_server_that_stops_gives_up_to_lock)
{
	struct fh dir = check_dir(&f.root, "dir");
	GETATTR3args args = { call_fh(&dir) };

	held_op = HOST_STAT;
	atomic_store(&gate, true);
	host_set_hook(hold, NULL);
	cr_assert_neq(client_send(f.c, NFSPROC3_GETATTR,
	    (xdrproc_t)xdr_GETATTR3args, &args), 0);
	while (atomic_load(&held) == 0)
		raw_sleep_ms(1);
	cr_assert(keeper_lock(f.server->keeper, 0));
	cr_expect_not(keeper_lock(f.server->keeper, 0), "one at a time");
	wait_for(&f.server->closed, KEEPER_CLOSING);
	server_stop(f.server);
	atomic_store(&gate, false);
	fix_down(&f);
}

/* -- under load */

#define WRITERS	3

static atomic_bool enough;
static atomic_ulong ran, waited;

struct writer {
	struct client	*c;
	struct fh	 file;
	unsigned	 n;
};

/* A byte at a time, each told twice: it is there or it was refused. */
static void *
write_on(void *arg)
{
	struct writer *w = arg;
	char b[64], got[64];
	struct read_reply rr;
	int st;

	while (!atomic_load(&enough)) {
		memset(b, 'a' + (int)(w->n % 26), sizeof(b));
		st = call_write(w->c, &w->file, w->n * sizeof(b), b,
		    sizeof(b), UNSTABLE, NULL);
		if (st == WIRE_NFS3_OK) {
			w->n++;
			atomic_fetch_add(&ran, 1);
			st = call_read(w->c, &w->file, (w->n - 1) *
			    sizeof(b), sizeof(b), got, &rr);
			if (st == WIRE_NFS3_OK &&
			    (rr.count != sizeof(b) || memcmp(b, got,
			    sizeof(b)) != 0))
				fix_die("the same", __FILE__, __LINE__);
		}
		if (st == WIRE_NFS3ERR_JUKEBOX)
			atomic_fetch_add(&waited, 1);
		else if (st != WIRE_NFS3_OK)
			fix_die("OK or JUKEBOX", __FILE__, __LINE__);
	}
	return NULL;
}

static void
check_writer(struct writer *w)
{
	struct read_reply rr;
	unsigned i, k;
	char b[64];

	for (i = 0; i < w->n; i++) {
		OK(call_read(w->c, &w->file, i * sizeof(b), sizeof(b), b,
		    &rr));
		cr_assert_eq(rr.count, sizeof(b));
		for (k = 0; k < sizeof(b); k++)
			cr_assert_eq(b[k], 'a' + (int)(i % 26));
	}
}

Test(keeper, nothing_is_lost_when_it_is_locked_under_load)
{
	struct writer w[WRITERS];
	pthread_t t[WRITERS];
	unsigned long before;
	char name[8] = "f0";
	int i, k;

	for (i = 0; i < WRITERS; i++) {
		name[1] = (char)('0' + i);
		w[i] = (struct writer){ f.clients[i + 1],
		    check_file(&f.root, name), 0 };
		cr_assert_eq(pthread_create(&t[i], NULL, write_on, &w[i]), 0);
	}
	for (k = 0; k < 10; k++) {
		before = atomic_load(&ran);
		while (atomic_load(&ran) < before + 50)
			raw_sleep_ms(1);
		DONE(LOCK);
		before = atomic_load(&waited);
		while (atomic_load(&waited) < before + 10)
			raw_sleep_ms(1);
		DONE(UNLOCK);
	}
	atomic_store(&enough, true);
	for (i = 0; i < WRITERS; i++)
		cr_assert_eq(pthread_join(t[i], NULL), 0);
	fix_down(&f);
	fix_make(&f);
	fix_run(&f);
	for (i = 0; i < WRITERS; i++) {
		w[i].c = f.c;
		check_writer(&w[i]);
	}
}
