/*
 * stress_files.c - threads that write, cut, read, sync, name, link and remove
 * the same few files, without a server between: far more in a second than
 * clients can ask for.
 *
 * Small caches, storage that lets others go first, a thread that writes out,
 * and every half second a vault that is closed, checked with its contents, and
 * opened again.  What must hold: each block of a file is written as one and is
 * read as one; no chunk that is not authentic; no error but of losing a race.
 *
 * Runs for STRESS_SECONDS (3).  SEED=N: other choices.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/check.h"
#include "vault/dir.h"
#include "vault/file.h"
#include "vault/host.h"
#include "vault/vault.h"

enum { THREADS = 6, NAMES = 3, BLOCKS = 40, MANY = 24, ROUND_MS = 500 };

#define CHUNK	32768u
#define CACHE	(3u * 65536)		/* bytes: a few chunks */
#define DIRTY	(4u * 65536)

static struct vault *v;
static struct dir *dirs[2];
static size_t block;			/* bytes, of this round */
static atomic_bool over, crowded;
static atomic_uint failures, done;
static char top[160], path[200], state[200];
static unsigned first_seed = 1;

static _Thread_local uint32_t seed;

static uint32_t
rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * below >> 24);
}

static void
fail(const char *what, const char *why)
{
	(void)printf("stress_files: %s: %s\n", what, why);
	(void)fflush(stdout);
	atomic_fetch_add(&failures, 1);
}

/* r, of a call that may have been too late. */
static bool
fair(const char *what, int r, const struct verr *e)
{
	atomic_fetch_add(&done, 1);
	if (r == 0)
		return true;
	switch (e->code) {
	case VERR_NOENT:
	case VERR_EXIST:
	case VERR_STALE:
	case VERR_BUSY:
		return false;
	default:
		fail(what, e->text);
		return false;
	}
}

/* One of them has a folder of its own on disk. */
static const char *
pick(char name[224])
{
	uint32_t n = rnd(NAMES);

	memset(name, 'a' + (int)n, 224);
	name[n == NAMES - 1 ? 220 : 1] = '\0';
	return name;
}

/* -- contents */

static void
look_at(const struct iolist *l)
{
	static _Thread_local uint8_t all[MANY * 5000];
	size_t at = 0, i, k;
	unsigned n;

	for (n = 0; n < l->n; n++) {
		memcpy(all + at, l->piece[n].data, l->piece[n].len);
		at += l->piece[n].len;
	}
	if (at % block != 0)
		fail("read", "a block is cut");
	for (i = 0; i < at; i += block)
		for (k = 1; k < block; k++)
			if (all[i + k] != all[i]) {
				fail("read", "a block is mixed");
				return;
			}
}

static void
write_some(struct file *f)
{
	static _Thread_local uint8_t data[MANY * 5000];
	size_t n = rnd(2) == 0 ? 1 : 1 + rnd(MANY), i;
	uint64_t off = (uint64_t)rnd(BLOCKS) * block;
	struct file_change ch;
	struct file_seen seen;
	struct vattr a;
	struct verr e;

	/* whole chunks, which are sealed without the lock, mostly at the end */
	if (CHUNK % block == 0 && rnd(4) == 0) {
		n = (2 + rnd(2)) * CHUNK / block;
		off = CHUNK * rnd(BLOCKS * (uint32_t)block / CHUNK + 1);
	}
	for (i = 0; i < n; i++)
		memset(data + i * block, (int)(1 + rnd(255)), block);
	if (rnd(2) == 0 && file_see(f, &a, &seen, &e) == 0 &&
	    file_write_now(f, &seen, off, data, n * block, &ch, &e) == 0)
		atomic_fetch_add(&done, 1);
	else
		(void)fair("write", file_write(f, off, data, n * block,
		    rnd(2) == 0 ? &ch : NULL, &e), &e);
}

static void
use(struct file *f)
{
	struct iolist l;
	struct verr e;
	bool eof;

	switch (rnd(8)) {
	case 0: case 1: case 2:
		write_some(f);
		break;
	case 3: case 4: case 5:
		if (fair("read", file_read(f, (uint64_t)rnd(BLOCKS) * block,
		    (1 + rnd(MANY)) * block, &l, &eof, &e), &e)) {
			look_at(&l);
			iolist_free(&l);
		}
		break;
	case 6:
		if (rnd(4) == 0)
			(void)fair("empty", file_empty_now(f, &e), &e);
		(void)fair("truncate", file_truncate(f, rnd(3) == 0 ? 0 :
		    (uint64_t)rnd(BLOCKS) * block, NULL, &e), &e);
		break;
	case 7:
		if (rnd(8) == 0)
			(void)fair("sync", file_sync(f, &e), &e);
		break;
	}
}

/* A file that is found, or made. */
static void
use_one(struct dir *d, struct arena *a)
{
	struct vset set = { .mask = VSET_MODE, .mode = 0600 };
	struct entry ent;
	struct file *f;
	char name[224];
	struct verr e;
	unsigned n;

	(void)pick(name);
	if (rnd(3) == 0) {
		if (!fair("create", dir_create(d, a, name, strlen(name), NULL,
		    &ent, NULL, &e), &e))
			return;
	} else if (!fair("lookup", dir_lookup(d, a, name, strlen(name), &ent,
	    &e), &e))
		return;
	if (rnd(8) == 0)
		(void)fair("set", loc_set(v, &ent.loc, ent.attr.fileid, &set,
		    NULL, &e), &e);
	f = file_open(v, &ent.loc, ent.attr.fileid, true, &e);
	if (!fair("open", f == NULL ? -1 : 0, &e))
		return;
	for (n = rnd(4); n > 0; n--)
		use(f);
	file_put(f);
}

/* -- names */

static void
change_names(struct dir *d, struct dir *to, struct arena *a)
{
	char name[224], other[224];
	struct entry ent, second;
	struct verr e;

	(void)pick(name);
	(void)pick(other);
	switch (rnd(3)) {
	case 0:
		(void)fair("unlink", dir_unlink(d, a, name, strlen(name), NULL,
		    &e), &e);
		break;
	case 1:
		if (fair("lookup", dir_lookup(d, a, name, strlen(name), &ent,
		    &e), &e))
			(void)fair("link", dir_link(to, a, other,
			    strlen(other), &ent.loc, ent.attr.fileid, &second,
			    NULL, &e), &e);
		break;
	case 2:
		(void)fair("rename", dir_rename(d, to, a, name, strlen(name),
		    other, strlen(other), &ent, NULL, NULL, &e), &e);
		break;
	}
}

/* -- threads */

static void *
worker(void *arg)
{
	struct arena *a = arena_new(1 << 20);

	seed = *(uint32_t *)arg;
	while (a != NULL && !atomic_load(&over) &&
	    atomic_load(&failures) < 10) {
		if (rnd(3) == 0)
			change_names(dirs[rnd(2)], dirs[rnd(2)], a);
		else
			use_one(dirs[rnd(2)], a);
		arena_reset(a);
	}
	arena_free(a);
	return NULL;
}

static void *
flusher(void *arg)
{
	struct timespec t = { 0, 2000000 };
	struct verr e;
	unsigned next;

	(void)arg;
	while (!atomic_load(&over)) {
		if (atomic_exchange(&crowded, false))
			vault_write_down(v);
		(void)fair("write out", vault_write_out(v, 5, &next, &e), &e);
		(void)nanosleep(&t, NULL);
	}
	return NULL;
}

/* Storage that lets others go first, now and then. */
static int
dawdle(void *ctx, enum host_op op, const char *at)
{
	static _Thread_local uint32_t turn = 1;
	struct timespec t = { 0, 20000 };
	int saved = errno;

	(void)ctx;
	(void)op;
	(void)at;
	turn = turn * 1664525u + 1013904223u;
	if (turn >> 31 == 0)
		(void)sched_yield();
	if (turn >> 28 == 1)
		(void)nanosleep(&t, NULL);
	errno = saved;
	return 0;
}

/* -- the vault */

static void
must(bool fact, const char *what, const struct verr *e)
{
	if (fact)
		return;
	(void)printf("stress_files: %s: %s\n", what, e != NULL ? e->text : "");
	exit(1);
}

static void
nothing(void *ctx)
{
	(void)ctx;
}

static void
is_crowded(void *ctx)
{
	(void)ctx;
	atomic_store(&crowded, true);
}

static void
data_lost(void *ctx)
{
	(void)ctx;
	fail("write out", "data was lost");
}

static void
on_finding(void *ctx, const struct check_finding *f)
{
	(void)ctx;
	if (f->severity >= CHECK_WARN)
		fail(f->name, f->text);
}

static void
open_vault(unsigned round)
{
	const struct vault_options o = { .cache_bytes = CACHE };
	struct vault_write_back wb = { DIRTY, nothing, is_crowded, data_lost,
	    NULL };
	struct arena *a = arena_new(1 << 20);
	struct entry ent;
	struct verr e;
	unsigned n;

	v = vault_open(path, &o, "stress", 6, &e);
	must(v != NULL && a != NULL, "vault_open", &e);
	if (round % 2 == 0)
		must(vault_journal(v, state, &n, &e) == 0, "journal", &e);
	vault_write_back(v, &wb);
	must((dirs[0] = dir_root(v, &e)) != NULL, "dir_root", &e);
	if (dir_mkdir(dirs[0], a, "sub", 3, NULL, &ent, NULL, &e) == -1)
		must(e.code == VERR_EXIST, "sub", &e);
	dirs[1] = ent.dir;
	arena_free(a);
}

static void
close_vault(void)
{
	struct check_options o = { .contents = true, .offline = true };
	struct check_summary sum;
	struct verr e;
	unsigned next;

	(void)fair("write out", vault_write_out(v, 0, &next, &e), &e);
	if (vault_dirty(v) > 0)
		fail("write out", "something stayed dirty");
	dir_put(dirs[0]);
	dir_put(dirs[1]);
	vault_close(v);
	must((v = vault_open(path, NULL, "stress", 6, &e)) != NULL,
	    "vault_open", &e);
	must(vault_check(v, &o, on_finding, NULL, &sum, &e) == 0, "check", &e);
	vault_close(v);
}

static void
empty(void)
{
	struct arena *a = arena_new(1 << 20);
	char name[224];
	struct verr e;
	int i, n;

	for (i = 0; i < 2; i++)
		for (n = 0; n < NAMES; n++) {
			memset(name, 'a' + n, sizeof(name));
			name[n == NAMES - 1 ? 220 : 1] = '\0';
			(void)dir_unlink(dirs[i], a, name, strlen(name), NULL,
			    &e);
		}
	arena_free(a);
}

static void
play(unsigned round)
{
	struct timespec t = { 0, ROUND_MS * 1000000L };
	pthread_t threads[THREADS], writer;
	uint32_t seeds[THREADS];
	int i;

	open_vault(round);
	/* blocks that fit into chunks, and blocks that do not */
	if (round % 4 == 0)
		empty();
	block = round / 4 % 2 == 0 ? 5000 : 4096;
	atomic_store(&over, false);
	host_set_hook(dawdle, NULL);
	for (i = 0; i < THREADS; i++) {
		seeds[i] = (first_seed * 1000 + round) * 8191u + (uint32_t)i;
		must(pthread_create(&threads[i], NULL, worker,
		    &seeds[i]) == 0, "pthread_create", NULL);
	}
	must(pthread_create(&writer, NULL, flusher, NULL) == 0,
	    "pthread_create", NULL);
	(void)nanosleep(&t, NULL);
	atomic_store(&over, true);
	for (i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_join(writer, NULL);
	host_set_hook(NULL, NULL);
	close_vault();
}

int
main(void)
{
	const char *text = getenv("STRESS_SECONDS"), *tmp = getenv("TMPDIR");
	time_t end = time(NULL) + (text != NULL ? atoi(text) : 3);
	struct vault_new n = { .cost = 2 };
	unsigned round = 0;
	char cmd[256];
	struct verr e;

	if ((text = getenv("SEED")) != NULL)
		first_seed = (unsigned)atoi(text);
	if (tmp == NULL)	/* in memory: more happens */
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(top, sizeof(top), "%.100s/vaultnfs-stress-XXXXXX", tmp);
	must(mkdtemp(top) != NULL, "mkdtemp", NULL);
	(void)snprintf(path, sizeof(path), "%s/v", top);
	(void)snprintf(state, sizeof(state), "%s/state", top);
	must(mkdir(state, 0700) == 0, "mkdir", NULL);
	must(vault_init(path, &n, "stress", 6, &e) == 0, "vault_init", &e);
	do
		play(round++);
	while (time(NULL) < end && atomic_load(&failures) == 0);
	(void)printf("stress_files: %u rounds, %u calls, %u failures\n", round,
	    atomic_load(&done), atomic_load(&failures));
	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", top);
	if (atomic_load(&failures) == 0 && system(cmd) != 0)
		(void)printf("stress_files: cannot remove %s\n", top);
	return atomic_load(&failures) == 0 ? 0 : 1;
}
