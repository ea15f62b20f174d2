/*
 * A storage that fails at random while three clients work, that is full and has
 * room again, and that goes away and comes back: each call says so or is
 * done; afterwards everything works, and nothing is lost that was committed.
 */
#include "config.h"

#ifdef __linux__
#include <sys/mount.h>
#endif
#include <sys/stat.h>

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "tests/proto/check.h"
#include "vault/check.h"
#include "vault/host.h"
#include "vault/vault.h"

#define RECORDS		(150000u / 16)
#define WORKERS		3u
#define NAMES		10u
#define PIECE		2500u		/* records in a large write */

/* -- the storage */

static atomic_uint dice, odds;		/* odds in 1000 that a call fails */
static atomic_bool away, no_room, moved;
static atomic_ulong failed;

static int
error_of(enum host_op op, unsigned r)
{
	switch (op) {
	case HOST_WRITE: case HOST_MKDIR: case HOST_RENAME: case HOST_LINK:
		return r % 2 == 0 ? ENOSPC : EIO;
	case HOST_CLOSE:
		return 0;
	default:
		return EIO;
	}
}

static int
hook(void *ctx, enum host_op op, const char *path)
{
	unsigned r = atomic_fetch_add(&dice, 0x9e3779b9u);
	int err = 0;

	(void)ctx, (void)path;
	if (atomic_load(&away))
		return op == HOST_CLOSE ? 0 : EIO;
	if (atomic_load(&no_room) && (op == HOST_WRITE || op == HOST_MKDIR))
		return ENOSPC;
	r = (r ^ r >> 15) * 0x85ebca6bu;
	r ^= r >> 13;
	if (r % 1000 < atomic_load(&odds) &&
	    (err = error_of(op, r / 1000)) != 0)
		atomic_fetch_add(&failed, 1);
	return err;
}

/* -- a client with one file of its own */

struct worker {
	struct client	*c;
	struct fh	 fh;
	unsigned	 id, ops;
	uint32_t	 seed, gen;
	uint32_t	 written[RECORDS], synced[RECORDS];
	unsigned long	 errors;
};

static struct worker workers[WORKERS];

static uint32_t
draw(struct worker *w, uint32_t n)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)w->seed * n >> 32);
}

/* Only what a storage may say, and never anything else. */
static bool
went_well(struct worker *w, int st)
{
	if (st == WIRE_NFS3_OK)
		return true;
	FIX_MUST(st == WIRE_NFS3ERR_IO || st == WIRE_NFS3ERR_NOSPC);
	w->errors++;
	return false;
}

static void
put(struct worker *w, uint32_t at, uint32_t n)
{
	static _Thread_local uint32_t buf[PIECE * 4];
	uint32_t i;

	w->gen++;
	for (i = 0; i < n; i++) {
		buf[4 * i] = at + i;
		buf[4 * i + 1] = buf[4 * i + 2] = buf[4 * i + 3] = w->gen;
	}
	if (went_well(w, call_write(w->c, &w->fh, at * UINT64_C(16), buf,
	    n * 16, UNSTABLE, NULL)))
		for (i = 0; i < n; i++)
			w->written[at + i] = w->gen;
}

/*
 * A record that was written holds its generation, or one that was begun later
 * and told to have failed; never an older one than was committed.
 */
static void
look(struct worker *w, uint32_t at, uint32_t n)
{
	static _Thread_local uint32_t buf[PIECE * 4];
	struct read_reply r;
	uint32_t i;

	if (!went_well(w, call_read(w->c, &w->fh, at * UINT64_C(16), n * 16,
	    buf, &r)))
		return;
	FIX_MUST(r.count == n * 16);
	for (i = 0; i < n; i++) {
		FIX_MUST(buf[4 * i] == at + i);
		FIX_MUST(buf[4 * i + 1] == buf[4 * i + 2] &&
		    buf[4 * i + 2] == buf[4 * i + 3]);
		FIX_MUST(buf[4 * i + 1] >= w->synced[at + i] &&
		    buf[4 * i + 1] <= w->gen);
	}
}

static void
look_at_all(struct worker *w)
{
	uint32_t at, n;

	for (at = 0; at < RECORDS; at += n) {
		n = RECORDS - at < PIECE ? RECORDS - at : PIECE;
		look(w, at, n);
	}
}

/* Anything that fails may have been done all the same. */
static void
names(struct worker *w)
{
	char name[32], other[32];
	sattr3 s = call_mode(0644);
	struct reply r;
	int st;

	(void)snprintf(name, sizeof(name), "w%u-%u", w->id, draw(w, NAMES));
	(void)snprintf(other, sizeof(other), "w%u-%u", w->id, draw(w, NAMES));
	switch (draw(w, 3)) {
	case 0:
		st = call_create(w->c, &f.root, name, UNCHECKED, &s, &r);
		break;
	case 1:
		st = call_remove(w->c, &f.root, name, NULL);
		break;
	default:
		st = call_rename(w->c, &f.root, name, &f.root, other, NULL);
	}
	/* Not there, or all is away: who does not know must not say so. */
	if (st != WIRE_NFS3ERR_NOENT || atomic_load(&moved))
		(void)went_well(w, st);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	uint32_t n;
	unsigned i;

	for (i = 0; i < w->ops; i++) {
		n = draw(w, 4) == 0 ? 1 + draw(w, PIECE - 1) : 1;
		switch (draw(w, 8)) {
		case 0:
			if (went_well(w, call_commit(w->c, &w->fh, NULL)))
				memcpy(w->synced, w->written,
				    sizeof(w->synced));
			else	/* what was not committed may be lost */
				memcpy(w->written, w->synced,
				    sizeof(w->synced));
			break;
		case 1: case 2:
			names(w);
			break;
		case 3:
			look(w, draw(w, RECORDS - n), n);
			break;
		default:
			put(w, draw(w, RECORDS - n), n);
		}
	}
	return NULL;
}

/* -- the tests */

static char state[200];

static void
setup(void)
{
	struct worker *w;
	unsigned mended, i;
	struct verr e;

	atomic_store(&odds, 0);
	atomic_store(&away, false);
	atomic_store(&no_room, false);
	atomic_store(&moved, false);
	host_set_hook(hook, NULL);
	fix_vault(&f, NULL);
	fix_make(&f);
	(void)snprintf(state, sizeof(state), "%s/state", f.dir);
	cr_assert_eq(mkdir(state, 0700), 0);
	cr_assert_eq(vault_journal(f.vault, state, &mended, &e), 0, "%s",
	    e.text);
	fix_run(&f);
	for (i = 0; i < WORKERS; i++) {
		char name[16];

		w = &workers[i];
		memset(w, 0, sizeof(*w));
		(void)snprintf(name, sizeof(name), "file-%u", i);
		w->c = f.clients[i];
		w->id = i;
		w->seed = i + 1;
		w->ops = getenv("VAULTNFS_LONG") != NULL ? 20000 : 150;
		w->fh = check_file(&f.root, name);
		for (uint32_t at = 0; at < RECORDS; at += PIECE)
			put(w, at, RECORDS - at < PIECE ? RECORDS - at :
			    PIECE);
		OK(call_commit(w->c, &w->fh, NULL));
		memcpy(w->synced, w->written, sizeof(w->synced));
	}
}

static void
teardown(void)
{
	fix_stop(&f);
	host_set_hook(NULL, NULL);
}

TestSuite(storm, .init = setup, .fini = teardown, .timeout = 600);

static void
all_work(void)
{
	pthread_t t[WORKERS];
	unsigned i;

	for (i = 0; i < WORKERS; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, work, &workers[i]),
		    0);
	for (i = 0; i < WORKERS; i++)
		cr_assert_eq(pthread_join(t[i], NULL), 0);
}

static void
on_finding(void *ctx, const struct check_finding *c)
{
	(void)ctx;
	cr_expect(c->severity < CHECK_WARN || c->repairable, "%s: %s",
	    c->name, c->text);
}

/* The storage is well: everything works, and is there, now and later. */
static void
all_is_well(void)
{
	struct check_options o = { .contents = true, .offline = true };
	struct check_summary sum;
	struct verr e;
	unsigned i;

	for (i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];

		w->errors = 0;
		OK(call_commit(w->c, &w->fh, NULL));
		look_at_all(w);
		put(w, 7, 1);
		OK(call_commit(w->c, &w->fh, NULL));
		w->synced[7] = w->gen;
		look_at_all(w);
		cr_expect_eq(w->errors, 0);
	}
	fix_restart(&f);
	for (i = 0; i < WORKERS; i++) {
		workers[i].c = f.clients[i];
		look_at_all(&workers[i]);
		cr_expect_eq(workers[i].errors, 0);
	}
	cr_assert_eq(vault_check(f.vault, &o, on_finding, NULL, &sum, &e), 0);
}

Test(storm, a_storage_that_fails_at_random_loses_nothing)
{
	unsigned long errors = 0;
	unsigned i, round;

	for (round = 0; round < 3; round++) {
		atomic_store(&odds, 5u << (2 * round));
		all_work();
		atomic_store(&odds, 0);
		for (i = 0; i < WORKERS; i++)
			errors += workers[i].errors;
		for (i = 0; i < WORKERS; i++)
			workers[i].errors = 0;
		for (i = 0; i < WORKERS; i++)
			look_at_all(&workers[i]);
	}
	(void)fprintf(stderr, "# %lu calls to the storage failed, and %lu of "
	    "the clients'\n", atomic_load(&failed), errors);
	cr_expect_gt(errors, 0);
	all_is_well();
}

Test(storm, a_disk_that_was_full_and_has_room_again_works)
{
	struct worker *w = &workers[0];

	atomic_store(&no_room, true);
	all_work();
	IS(NOSPC, (put(w, 3, 1), call_commit(w->c, &w->fh, NULL)));
	atomic_store(&no_room, false);
	all_is_well();
}

Test(storm, a_storage_that_goes_away_and_comes_back_loses_nothing)
{
	struct worker *w = &workers[1];

	all_work();
	atomic_store(&away, true);
	IS(IO, (put(w, 3, 1), call_commit(w->c, &w->fh, NULL)));
	all_work();
	atomic_store(&away, false);
	all_is_well();
}

/*
 * Its data folder is away, by the hand of somebody else: nobody is told that a
 * file is not there or stale, which clients believe for good.
 */
Test(storm, a_folder_that_is_moved_away_and_back_loses_nothing)
{
	char from[160], to[160];
	struct reply r;
	unsigned i;

	all_work();
	(void)snprintf(from, sizeof(from), "%s/d", f.dir);
	(void)snprintf(to, sizeof(to), "%s/d-away", f.dir);
	cr_assert_eq(rename(from, to), 0);
	atomic_store(&moved, true);
	IS(IO, call_lookup(f.c, &f.root, "file-0", &r));
	(void)usleep(1100000);	/* vault/dir_stat.c: so long it is believed */
	IS(IO, call_remove(f.c, &f.root, "file-0", NULL));
	all_work();
	for (i = 0; i < WORKERS; i++)
		cr_expect_gt(workers[i].errors, 0);
	cr_assert_eq(rename(to, from), 0);
	atomic_store(&moved, false);
	all_is_well();
}

Test(storm, a_vault_that_is_moved_away_and_back_is_served_all_the_time)
{
	char to[160];
	unsigned i;

	(void)snprintf(to, sizeof(to), "%s-away", f.dir);
	cr_assert_eq(rename(f.dir, to), 0);
	all_work();
	for (i = 0; i < WORKERS; i++)
		cr_expect_eq(workers[i].errors, 0);
	cr_assert_eq(rename(to, f.dir), 0);
	all_is_well();
}

/* -- a real one */

#ifdef CLONE_NEWNS
static char small[64];

/* A file system of 24 MiB, in a name space of our own; false: not to be had. */
static bool
mount_small(void)
{
	(void)strcpy(small, "/tmp/vaultnfs-small-XXXXXX");
	if (mkdtemp(small) == NULL)
		return false;
	if (unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", small, "tmpfs", 0, "size=24m") == 0)
		return setenv("TMPDIR", small, 1) == 0;
	(void)rmdir(small);
	return false;
}

/* Until there is no room. */
static void
fill(const struct fh *fh)
{
	static uint8_t data[1 << 20];
	uint64_t off = 0;
	int st = WIRE_NFS3_OK;

	while (st == WIRE_NFS3_OK && off < 40 * sizeof(data)) {
		st = call_write(f.c, fh, off, data, sizeof(data), UNSTABLE,
		    NULL);
		off += sizeof(data);
		if (st == WIRE_NFS3_OK)
			st = call_commit(f.c, fh, NULL);
	}
	cr_expect_eq(st, WIRE_NFS3ERR_NOSPC, "%d", st);
}

Test(storm_disk, a_small_disk_gets_full_and_has_room_again, .timeout = 600)
{
	struct fh fh;
	unsigned i;

	if (!mount_small())
		cr_skip_test("no right to mount a small file system");
	setup();
	for (i = 0; i < 3; i++) {
		fh = check_file(&f.root, "filler");
		fill(&fh);
		all_work();
		OK(call_remove(f.c, &f.root, "filler", NULL));
		all_is_well();
	}
	teardown();
	(void)umount(small);
	(void)rmdir(small);
}
#endif
