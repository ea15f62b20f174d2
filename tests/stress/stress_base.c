/*
 * stress_base.c - what threads share in base/, used by all of them at once.
 *
 * For ThreadSanitizer.  For about a second: two threads take buffers and send
 * them over a queue to two others, which check and put them back; all of
 * them draw random bytes, log, and count under ranked locks.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bufpool.h"
#include "base/entropy.h"
#include "base/lock.h"
#include "base/log.h"

enum { PAIRS = 2, QUEUE = 100, RUN_MS = 1000 };

static struct {
	struct lock	 lock;		/* guards the rest */
	pthread_cond_t	 changed;
	uint8_t		*bufs[QUEUE];
	unsigned	 n;
	unsigned	 givers;	/* that have not ended */
} queue = { .changed = PTHREAD_COND_INITIALIZER, .givers = PAIRS };

static struct lock even, odd;		/* one rank: a pair */
static unsigned long moves;		/* guarded by both of them */
static struct rwlock rates_lock;
static unsigned long rates[2];		/* guarded by rates_lock; equal */

static atomic_bool stop;
static atomic_uint failures;

/* Standard error is /dev/null here, so reports of races go elsewhere. */
const char *__tsan_default_options(void);

const char *
__tsan_default_options(void)
{
	return "log_path=stdout";
}

static void
expect(bool fact, const char *what)
{
	if (fact)
		return;
	atomic_fetch_add(&failures, 1);
	printf("stress_base: not so: %s\n", what);
}

/* What every thread does on each round besides its own part. */
static void
use_the_rest(unsigned long round)
{
	uint8_t nonce[12], key[300];
	char uuid[37];

	expect(entropy_fill(nonce, sizeof(nonce)), "12 random bytes");
	if (round % 16 == 0) {
		expect(entropy_fill(key, sizeof(key)), "300 random bytes");
		expect(entropy_uuid(uuid), "a UUID");
		log_info("round %lu of %s", round, uuid);
		log_set_level(round % 32 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG);
		log_debug("in use: %zu", bufpool_in_use());
	}

	if (round & 1)
		lock_take_pair(&even, &odd);
	else
		lock_take_pair(&odd, &even);
	moves++;
	lock_drop_pair(&even, &odd);

	if (round % 64 == 0) {
		rwlock_take_write(&rates_lock);
		rates[0]++;
		rates[1]++;
		rwlock_drop(&rates_lock);
	}
	rwlock_take_read(&rates_lock);
	expect(rates[0] == rates[1], "a reader sees whole updates");
	rwlock_drop(&rates_lock);
}

static void
send_buf(uint8_t *buf)
{
	lock_take(&queue.lock);
	while (queue.n == QUEUE)
		(void)pthread_cond_wait(&queue.changed, &queue.lock.mtx);
	queue.bufs[queue.n++] = buf;
	(void)pthread_cond_broadcast(&queue.changed);
	lock_drop(&queue.lock);
}

/* NULL when there is no more to come. */
static uint8_t *
receive_buf(void)
{
	uint8_t *buf = NULL;

	lock_take(&queue.lock);
	while (queue.n == 0 && queue.givers > 0)
		(void)pthread_cond_wait(&queue.changed, &queue.lock.mtx);
	if (queue.n > 0)
		buf = queue.bufs[--queue.n];
	(void)pthread_cond_broadcast(&queue.changed);
	lock_drop(&queue.lock);
	return buf;
}

static void *
giver(void *arg)
{
	unsigned long round;
	uint8_t *buf;

	(void)arg;
	for (round = 0; !atomic_load(&stop); round++) {
		if ((buf = bufpool_get()) == NULL)
			break;
		memset(buf, (int)(round & 0xff), BUFPOOL_SIZE);
		send_buf(buf);
		use_the_rest(round);
	}
	lock_take(&queue.lock);
	queue.givers--;
	(void)pthread_cond_broadcast(&queue.changed);
	lock_drop(&queue.lock);
	bufpool_thread_fini();
	return NULL;
}

static void *
taker(void *arg)
{
	unsigned long round;
	uint8_t *buf;

	(void)arg;
	for (round = 0; (buf = receive_buf()) != NULL; round++) {
		expect(buf[0] == buf[BUFPOOL_SIZE - 1] &&
		    memcmp(buf, buf + 1, BUFPOOL_SIZE - 1) == 0,
		    "a buffer has one owner");
		bufpool_put(buf);
		use_the_rest(round);
	}
	bufpool_thread_fini();
	return NULL;
}

int
main(void)
{
	const struct timespec run = {
		.tv_sec = RUN_MS / 1000,
		.tv_nsec = RUN_MS % 1000 * 1000000L,
	};
	pthread_t threads[2 * PAIRS];
	int i, null;

	if ((null = open("/dev/null", O_WRONLY)) == -1 ||
	    dup2(null, STDERR_FILENO) == -1)
		return 1;
	close(null);
	lock_init(&queue.lock, 0);
	lock_init(&even, LOCK_FILE);
	lock_init(&odd, LOCK_FILE);
	rwlock_init(&rates_lock, LOCK_DIRCACHE);

	for (i = 0; i < 2 * PAIRS; i++)
		if (pthread_create(&threads[i], NULL,
		    i < PAIRS ? giver : taker, NULL) != 0)
			return 1;
	log_set_level(LOG_LEVEL_INFO);
	(void)nanosleep(&run, NULL);
	atomic_store(&stop, true);
	for (i = 0; i < 2 * PAIRS; i++)
		(void)pthread_join(threads[i], NULL);

	expect(bufpool_in_use() == 0, "every buffer was put back");
	expect(moves > 0, "something was done");
	bufpool_fini();
	lock_fini(&queue.lock);
	lock_fini(&even);
	lock_fini(&odd);
	rwlock_fini(&rates_lock);
	return atomic_load(&failures) == 0 ? 0 : 1;
}
