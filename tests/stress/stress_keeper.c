/*
 * stress_keeper.c - vaults are locked and unlocked while clients work and
 * others ask the control socket, for ThreadSanitizer.
 *
 * What must hold: a call ends well or is told to wait, and what was written is
 * there, also for a new server.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/keeper.h"
#include "nfsd/rundir.h"
#include "nfsd/server_int.h"
#include "tests/proto/list.h"
#include "vault/vault.h"

enum { ROUNDS = 12, BLOCK = 4096, CALLS = 20 };

/* libtirpc reads the padding of every string into one static buffer. */
const char *__tsan_default_suppressions(void);
const char *
__tsan_default_suppressions(void)
{
	return "called_from_lib:libtirpc.so";
}

static struct fix f;
static const char *vaults[] = { f.dir };
static struct server_about about = { .address = "", .state_dir = "",
    .vaults = vaults };
static char path[256];			/* of the control socket */
static atomic_bool over;
static atomic_uint ran, told_to_wait;
static unsigned written[FIX_CLIENTS];	/* blocks; its thread's */
static struct fh files[FIX_CLIENTS];

static void
close_it(void *ctx, size_t i)
{
	(void)ctx;
	(void)i;
	vault_close(f.vault);
	f.vault = NULL;
}

static struct vault *
open_it(void *ctx, size_t i, const char *pass, size_t len, struct verr *e)
{
	(void)ctx;
	(void)i;
	return f.vault = vault_open(f.dir, NULL, pass, len, e);
}

static void
nap(void)
{
	struct timespec t = { 0, 1000000 };

	(void)nanosleep(&t, NULL);
}

/* True: it was done. */
static bool
fair(int status)
{
	FIX_MUST(status == WIRE_NFS3_OK || status == WIRE_NFS3ERR_JUKEBOX);
	if (status != WIRE_NFS3_OK)
		atomic_fetch_add(&told_to_wait, 1);
	return status == WIRE_NFS3_OK;
}

static void
fill(char b[BLOCK], unsigned client, unsigned i)
{
	memset(b, (int)('a' + (client * 7 + i) % 26), BLOCK);
}

static void *
work(void *arg)
{
	unsigned me = *(const unsigned *)arg, n = 0;
	struct client *c = f.clients[me];
	char b[BLOCK], got[BLOCK], name[32];
	struct read_reply rr;
	struct reply r;

	while (!atomic_load(&over)) {
		atomic_fetch_add(&ran, 1);
		fill(b, me, n);
		if (fair(call_write(c, &files[me], (uint64_t)n * BLOCK, b,
		    BLOCK, n % 5 == 0 ? FILE_SYNC : UNSTABLE, NULL)))
			n++;
		if (n > 0 && fair(call_read(c, &files[me],
		    (uint64_t)(n - 1) * BLOCK, BLOCK, got, &rr))) {
			fill(b, me, n - 1);
			FIX_MUST(rr.count == BLOCK &&
			    memcmp(b, got, BLOCK) == 0);
		}
		(void)snprintf(name, sizeof(name), "%u-%u", me, n % 9);
		(void)fair(call_create(c, &f.root, name, UNCHECKED, NULL,
		    &r));
		(void)fair(call_lookup(c, &f.root, "file 0", &r));
	}
	written[me] = n;
	return NULL;
}

static void *
ask(void *arg)
{
	char buf[65536];
	struct verr e;
	int fd;

	(void)arg;
	while (!atomic_load(&over)) {
		if ((fd = rundir_connect(path, &e)) == -1)
			continue;
		FIX_MUST(send(fd, "stats\n", 6, 0) == 6);
		(void)shutdown(fd, SHUT_WR);
		while (recv(fd, buf, sizeof(buf), MSG_WAITALL) == -1)
			nap();
		(void)close(fd);
	}
	return NULL;
}

static void
wait_for(unsigned state)
{
	while (atomic_load(&f.server->closed) != state)
		nap();
}

/* So many more; a machine may be slow. */
static void
wait_more(const atomic_uint *count)
{
	unsigned before = atomic_load(count);

	while (atomic_load(count) - before < CALLS)
		nap();
}

static void
begin(void)
{
	const struct server_keys keys = { .close = close_it,
	    .open = open_it };
	struct fix_options o = { .workers = 3, .loops = 2 };
	char dir[160], name[32];
	struct reply r;
	struct verr e;
	int i, fd;

	log_set_level(LOG_LEVEL_ERROR);
	fix_vault(&f, &o);
	fix_make(&f);
	(void)snprintf(dir, sizeof(dir), "%s/run", f.dir);
	FIX_MUST(rundir_make(dir, NULL, path, sizeof(path), &e) == 0);
	FIX_MUST((fd = rundir_listen(dir, 1, path, sizeof(path), &e)) != -1);
	FIX_MUST(server_keys(f.server, &keys, &e) == 0);
	FIX_MUST(server_control(f.server, fd, &about, &e) == 0);
	fix_run(&f);
	for (i = 0; i < FIX_CLIENTS; i++) {
		(void)snprintf(name, sizeof(name), "file %d", i);
		FIX_MUST(call_create(f.c, &f.root, name, GUARDED, NULL,
		    &r) == WIRE_NFS3_OK);
		files[i] = r.fh;
	}
}

static void
check_files(void)
{
	char b[BLOCK], got[BLOCK];
	struct read_reply rr;
	unsigned i, k;

	for (i = 0; i < FIX_CLIENTS; i++)
		for (k = 0; k < written[i]; k++) {
			fill(b, i, k);
			FIX_MUST(call_read(f.c, &files[i],
			    (uint64_t)k * BLOCK, BLOCK, got, &rr) ==
			    WIRE_NFS3_OK);
			FIX_MUST(rr.count == BLOCK &&
			    memcmp(b, got, BLOCK) == 0);
		}
}

int
main(void)
{
	pthread_t threads[FIX_CLIENTS], asker;
	unsigned numbers[FIX_CLIENTS], i;

	begin();
	FIX_MUST(pthread_create(&asker, NULL, ask, NULL) == 0);
	for (i = 0; i < FIX_CLIENTS; i++) {
		numbers[i] = i;
		FIX_MUST(pthread_create(&threads[i], NULL, work,
		    &numbers[i]) == 0);
	}
	for (i = 0; i < ROUNDS; i++) {
		wait_more(&ran);
		while (!keeper_lock(f.server->keeper, 0))
			nap();
		wait_for(KEEPER_LOCKED);
		wait_more(&told_to_wait);
		while (!keeper_unlock(f.server->keeper, FIX_PASS,
		    strlen(FIX_PASS), 0))
			nap();
		wait_for(KEEPER_OPEN);
	}
	atomic_store(&over, true);
	for (i = 0; i < FIX_CLIENTS; i++)
		FIX_MUST(pthread_join(threads[i], NULL) == 0);
	FIX_MUST(pthread_join(asker, NULL) == 0);
	fix_restart(&f);
	check_files();
	fix_stop(&f);
	(void)printf("%u calls, %u told to wait, %d locks\n",
	    atomic_load(&ran), atomic_load(&told_to_wait), ROUNDS);
	return 0;
}
