#include "config.h"

#define OPENSSL_SUPPRESS_DEPRECATED	/* RAND_METHOD: to make it fail */

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/rand.h>

#include "base/entropy.h"

/* A generator that counts, and fails when told to. */
static int calls, fail_at;	/* fail_at: the number of that call, or 0 */
static uint8_t next_byte;
static int all_ones;		/* gives 0xff only */

static int
fake_bytes(unsigned char *buf, int num)
{
	int i;

	for (i = 0; i < num; i++)
		buf[i] = all_ones ? 0xff : next_byte++;
	return ++calls == fail_at ? 0 : 1;	/* fails late, if at all */
}

static int
fake_status(void)
{
	return 1;
}

static const RAND_METHOD fake = {
	.bytes = fake_bytes,
	.pseudorand = fake_bytes,
	.status = fake_status,
};

static void
use_fake(void)
{
	cr_assert_eq(RAND_set_rand_method(&fake), 1);
}

Test(entropy, two_requests_of_any_size_differ)
{
	static const size_t sizes[] = { 12, 16, 255, 256, 1024, 1025, 70000 };
	static uint8_t a[70000], b[70000];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cr_assert(entropy_fill(a, sizes[i]));
		cr_assert(entropy_fill(b, sizes[i]));
		cr_expect_neq(memcmp(a, b, sizes[i]), 0);
	}
}

Test(entropy, just_the_bytes_asked_for_are_written)
{
	uint8_t b[400];
	size_t len, i, zeros;

	for (len = 0; len <= 300; len += 60) {
		memset(b, 0, sizeof(b));
		cr_assert(entropy_fill(b, len));
		for (i = len, zeros = 0; i < sizeof(b); i++)
			zeros += b[i] == 0;
		cr_expect_eq(zeros, sizeof(b) - len);
		for (i = 0, zeros = 0; i < len; i++)
			zeros += b[i] == 0;
		cr_expect_lt(zeros, 20);
	}
}

Test(entropy, small_requests_share_one_call_of_the_generator,
    .init = use_fake)
{
	uint8_t b[12], want = 0;
	int i;
	size_t j;

	/* no byte is given out twice, and none is lost within a buffer */
	for (i = 0; i < 1024 / 12; i++) {
		cr_assert(entropy_fill(b, sizeof(b)));
		for (j = 0; j < sizeof(b); j++)
			cr_assert_eq(b[j], want++);
	}
	cr_expect_eq(calls, 1);
	cr_assert(entropy_fill(b, sizeof(b)));
	cr_expect_eq(calls, 2);
}

Test(entropy, a_large_request_is_not_buffered, .init = use_fake)
{
	uint8_t b[1000];

	cr_assert(entropy_fill(b, sizeof(b)));
	cr_expect_eq(calls, 1);
	cr_expect_eq(next_byte, 1000 & 0xff, "just that many were taken");
}

Test(entropy, nothing_takes_nothing, .init = use_fake)
{
	cr_expect(entropy_fill(NULL, 0));
	cr_expect_eq(calls, 0);
}

Test(entropy, a_failed_generator_is_told_and_writes_nothing,
    .init = use_fake)
{
	uint8_t b[300], was[300];
	char uuid[37] = "untouched";

	memset(b, 0, sizeof(b));
	memcpy(was, b, sizeof(b));
	fail_at = 1;
	cr_expect_not(entropy_fill(b, 12));
	cr_expect_arr_eq(b, was, sizeof(b));
	calls = 0;
	cr_expect_not(entropy_fill(b, sizeof(b)));
	cr_expect_arr_eq(b, was, sizeof(b));
	calls = 0;
	cr_expect_not(entropy_uuid(uuid));
	cr_expect_str_eq(uuid, "untouched");
	cr_expect(entropy_fill(b, 12), "and it is asked again the next time");
}

Test(entropy, a_failed_refill_does_not_give_out_old_bytes,
    .init = use_fake)
{
	uint8_t b[200];
	int i;

	for (i = 0; i < 5; i++)
		cr_assert(entropy_fill(b, sizeof(b)));
	fail_at = 2;		/* 24 bytes are left, which is too few */
	cr_expect_not(entropy_fill(b, sizeof(b)));
	cr_assert(entropy_fill(b, 12));
	cr_expect_eq(calls, 3, "the rest of the old buffer was thrown away");
}

Test(entropy, a_forked_child_does_not_get_its_parents_bytes)
{
	uint8_t mine[16], its[16];
	int ends[2], status;
	pid_t pid;

	cr_assert(entropy_fill(mine, sizeof(mine)));	/* fills the buffer */
	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	cr_assert_neq(pid, -1);
	if (pid == 0) {
		_exit(entropy_fill(its, sizeof(its)) &&
		    write(ends[1], its, sizeof(its)) == sizeof(its) ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	cr_assert_eq(read(ends[0], its, sizeof(its)), sizeof(its));
	cr_assert(entropy_fill(mine, sizeof(mine)));
	cr_expect_neq(memcmp(mine, its, sizeof(its)), 0);
	close(ends[0]);
	close(ends[1]);
}

static void *
fill_thread(void *arg)
{
	return entropy_fill(arg, 16) ? arg : NULL;
}

Test(entropy, two_threads_get_different_bytes)
{
	uint8_t b[2][16];
	pthread_t t[2];
	void *res;
	size_t i;

	for (i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, fill_thread, b[i]), 0);
	for (i = 0; i < 2; i++) {
		pthread_join(t[i], &res);
		cr_expect_not_null(res);
	}
	cr_expect_neq(memcmp(b[0], b[1], 16), 0);
}

Test(entropy, a_uuid_of_all_ones_shows_version_and_variant,
    .init = use_fake)
{
	char uuid[37];

	all_ones = 1;
	cr_assert(entropy_uuid(uuid));
	cr_expect_str_eq(uuid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

Test(entropy, a_uuid_holds_its_bytes_in_order, .init = use_fake)
{
	char uuid[37];

	cr_assert(entropy_uuid(uuid));
	cr_expect_str_eq(uuid, "00010203-0405-4607-8809-0a0b0c0d0e0f");
}
