/*
 * stress_nfs.c - real procedures from several clients on one vault, for
 * ThreadSanitizer and for the locks (stress_mix.h).
 *
 * At the end all that is listed is there, also for a new server, and nothing
 * else.  Two rounds, with two loops: as it is, and with storage that counts as
 * slow as soon as a call takes half a millisecond.  Meanwhile somebody sends
 * each of his calls on two connections.
 */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "tests/proto/list.h"
#include "tests/proto/raw.h"
#include "tests/stress/stress_mix.h"

enum { SECONDS = 2 };

static struct fix f;
static struct raw_server wire;

static void *
client_main(void *arg)
{
	int n = *(int *)arg;
	time_t end = time(NULL) + SECONDS;

	mix_client(f.clients[n], (uint32_t)n * 7919 + 1, 1);
	while (time(NULL) < end && atomic_load(&mix.failures) < 10)
		mix_client(f.clients[n], 0, 10);
	return NULL;
}

static void
begin(uint32_t slow_us)
{
	struct fix_options o = { .workers = 3, .loops = 2,
	    .slow_us = slow_us, .more_workers = slow_us != 0 };

	fix_vault(&f, &o);
	fix_make(&f);
	FIX_MUST(server_listen(f.server, "127.0.0.1", 0, &wire.port,
	    NULL) == 0);
	fix_run(&f);
	wire.srv = f.server;
	mix.f = &f;
	mix.wire = &wire;
	mix_begin();
}

static void
run_all(void)
{
	pthread_t threads[FIX_CLIENTS], twins;
	int numbers[FIX_CLIENTS], i;

	atomic_store(&mix.over, false);
	FIX_MUST(pthread_create(&twins, NULL, mix_twins, NULL) == 0);
	for (i = 0; i < FIX_CLIENTS; i++) {
		numbers[i] = i;
		FIX_MUST(pthread_create(&threads[i], NULL, client_main,
		    &numbers[i]) == 0);
	}
	for (i = 0; i < FIX_CLIENTS; i++)
		FIX_MUST(pthread_join(threads[i], NULL) == 0);
	atomic_store(&mix.over, true);
	FIX_MUST(pthread_join(twins, NULL) == 0);
}

int
main(void)
{
	static const uint32_t slow_us[] = { 0, 500 };
	size_t n = 0, m;
	int i;

	for (i = 0; i < 2; i++) {
		begin(slow_us[i]);
		run_all();
		n = mix_check_dir(f.c, &f.root);
		fix_restart(&f);
		if ((m = mix_check_dir(f.c, &f.root)) != n)
			mix_fail("entries after a restart", (int)m);
		mix_expect_no_leftovers();
		fix_stop(&f);
	}
	(void)printf("%u calls, %zu entries, %u failures\n",
	    atomic_load(&mix.done), n, atomic_load(&mix.failures));
	return atomic_load(&mix.failures) == 0 ? 0 : 1;
}
