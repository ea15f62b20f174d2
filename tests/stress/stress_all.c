/*
 * stress_all.c - all that a server does at once, for ThreadSanitizer and the
 * ranks of locks: clients that call every procedure, caches that are far too
 * small, a log of every failure, a control socket that is asked all the time
 * and told to lock and unlock, and a vault that locks itself when nobody calls.
 *
 * Runs for STRESS_SECONDS (3); tests/variant.sh tsan runs it for ten minutes
 * with STRESS_SECONDS=600.  At the end all that is listed is there, also for a
 * new server.
 */
#include "config.h"

#include <errno.h>
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
#include "tests/proto/raw.h"
#include "tests/stress/stress_mix.h"
#include "vault/host.h"
#include "vault/vault.h"

#define CACHE	65536u		/* bytes: two chunks, a dozen names */

static struct fix f;
static struct raw_server wire;
static const char *vaults[] = { f.dir };
static struct server_about about = { .address = "", .state_dir = "",
    .vaults = vaults };
static char path[256];			/* of the control socket */
static const struct vault_options small = { .cache_bytes = CACHE };
static atomic_uint asked, locked, idle_locked;
static time_t end;

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
	return f.vault = vault_open(f.dir, &small, pass, len, e);
}

static void
nap(unsigned ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

static bool
is_over(void)
{
	return time(NULL) >= end || atomic_load(&mix.failures) >= 10;
}

/* False: nobody answered. */
static bool
ask(const char *line, char *reply, size_t size)
{
	size_t len = 0;
	struct verr e;
	ssize_t n;
	int fd;

	if ((fd = rundir_connect(path, &e)) == -1)
		return false;
	(void)send(fd, line, strlen(line), MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	while (len < size - 1 &&
	    (n = recv(fd, reply + len, size - 1 - len, 0)) != 0)
		if (n > 0)
			len += (size_t)n;
		else
			nap(1);
	reply[len] = '\0';
	(void)close(fd);
	atomic_fetch_add(&asked, 1);
	return len > 0;
}

static void *
asker(void *arg)
{
	static const char *const lines[] = { "stats\n", "status\n",
	    "stats reset-max\n", "nonsense\n", "unlock 00\n" };
	static char reply[65536];
	unsigned i;

	(void)arg;
	for (i = 0; !is_over(); i++) {
		(void)ask(lines[i % 5], reply, sizeof(reply));
		nap(3);
	}
	return NULL;
}

/* FIX_PASS in the form that the control socket takes. */
static void
unlock_line(char line[128])
{
	size_t i, len = (size_t)snprintf(line, 128, "unlock ");

	for (i = 0; i < strlen(FIX_PASS); i++)
		len += (size_t)snprintf(line + len, 128 - len, "%02x",
		    (unsigned)FIX_PASS[i]);
	(void)snprintf(line + len, 128 - len, "\n");
}

static void
unlock(void)
{
	char line[128], reply[4096];

	unlock_line(line);
	while (atomic_load(&f.server->closed) != KEEPER_OPEN) {
		(void)ask(line, reply, sizeof(reply));
		nap(1);
	}
}

static void
wait_for_calls(unsigned n)
{
	unsigned before = atomic_load(&mix.done);

	while (atomic_load(&mix.done) - before < n && !is_over())
		nap(1);
}

static void *
client_main(void *arg)
{
	int n = *(int *)arg;

	mix_client(f.clients[n], (uint32_t)n * 7919 + 1, 1);
	while (!is_over())
		mix_client(f.clients[n], 0, 10);
	return NULL;
}

/* Storage that takes its time now and then, so that others come between. */
static int
dawdle(void *ctx, enum host_op op, const char *at)
{
	static _Thread_local uint32_t turn = 1;
	struct timespec t = { 0, 0 };
	int saved = errno;

	(void)ctx;
	(void)op;
	(void)at;
	turn = turn * 1664525u + 1013904223u +
	    (uint32_t)(uintptr_t)&turn;
	if ((turn >> 28) == 0) {
		t.tv_nsec = (long)(turn >> 12 & 0xffff) * 8;
		(void)nanosleep(&t, NULL);
	}
	errno = saved;
	return 0;
}

static void
begin(void)
{
	const struct server_keys keys = { .close = close_it, .open = open_it,
	    .idle_s = 1 };
	struct fix_options o = { .workers = 3, .loops = 2,
	    .more_workers = true, .cache_bytes = CACHE };
	char dir[160];
	struct verr e;
	int fd;

	fix_vault(&f, &o);
	fix_make(&f);
	(void)snprintf(dir, sizeof(dir), "%s/run", f.dir);
	FIX_MUST(rundir_make(dir, NULL, path, sizeof(path), &e) == 0);
	FIX_MUST((fd = rundir_listen(dir, 1, path, sizeof(path), &e)) != -1);
	FIX_MUST(server_keys(f.server, &keys, &e) == 0);
	FIX_MUST(server_control(f.server, fd, &about, &e) == 0);
	FIX_MUST(server_listen(f.server, "127.0.0.1", 0, &wire.port,
	    NULL) == 0);
	fix_run(&f);
	wire.srv = f.server;
	mix.f = &f;
	mix.wire = &wire;
	mix_begin();
	mix.may_wait = true;
	host_set_hook(dawdle, NULL);
}

/* Nobody calls, until it has locked itself. */
static void
let_it_idle(void)
{
	while (atomic_load(&f.server->closed) != KEEPER_LOCKED)
		nap(10);
	atomic_fetch_add(&idle_locked, 1);
	unlock();
}

static void
run_all(void)
{
	pthread_t threads[FIX_CLIENTS], twins, asks;
	int numbers[FIX_CLIENTS], i;
	char reply[4096];

	FIX_MUST(pthread_create(&twins, NULL, mix_twins, NULL) == 0);
	FIX_MUST(pthread_create(&asks, NULL, asker, NULL) == 0);
	for (i = 0; i < FIX_CLIENTS; i++) {
		numbers[i] = i;
		FIX_MUST(pthread_create(&threads[i], NULL, client_main,
		    &numbers[i]) == 0);
	}
	/* once at least, however slow the machine is */
	while (!is_over() || (atomic_load(&locked) == 0 &&
	    atomic_load(&mix.failures) == 0)) {
		wait_for_calls(300);
		if (!ask("lock\n", reply, sizeof(reply)))
			continue;
		if (atomic_load(&f.server->closed) == KEEPER_LOCKED)
			atomic_fetch_add(&locked, 1);
		nap(20);
		unlock();
	}
	for (i = 0; i < FIX_CLIENTS; i++)
		FIX_MUST(pthread_join(threads[i], NULL) == 0);
	FIX_MUST(pthread_join(asks, NULL) == 0);
	atomic_store(&mix.over, true);
	FIX_MUST(pthread_join(twins, NULL) == 0);
}

int
main(void)
{
	const char *text = getenv("STRESS_SECONDS");
	unsigned seconds = text != NULL ? (unsigned)atoi(text) : 3;
	time_t until = time(NULL) + seconds;
	size_t n, m;

	log_set_level(LOG_LEVEL_DEBUG);
	begin();
	do {	/* a minute of work, and a pause */
		atomic_store(&mix.over, false);
		end = time(NULL) + 60 < until ? time(NULL) + 60 : until;
		run_all();
		let_it_idle();
	} while (time(NULL) < until && atomic_load(&mix.failures) == 0);
	mix.may_wait = false;
	host_set_hook(NULL, NULL);
	n = mix_check_dir(f.c, &f.root);
	fix_restart(&f);
	if ((m = mix_check_dir(f.c, &f.root)) != n)
		mix_fail("entries after a restart", (int)m);
	mix_expect_no_leftovers();
	fix_stop(&f);
	log_flush();
	(void)printf("%u s: %u calls done, %u told to wait; %u questions; %u "
	    "locks and %u of an idle server; %zu entries, %u failures\n",
	    seconds, atomic_load(&mix.done), atomic_load(&mix.told_to_wait),
	    atomic_load(&asked), atomic_load(&locked),
	    atomic_load(&idle_locked), n, atomic_load(&mix.failures));
	return atomic_load(&mix.failures) == 0 ? 0 : 1;
}
