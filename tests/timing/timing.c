/*
 * timing.c - do comparisons with secrets tell by their time what they saw?
 *
 *	timing --count [N]	under valgrind --tool=callgrind
 *				--collect-atstart=no: dumps the instructions of
 *				N calls of each class
 *	timing [SECONDS [SEED]]	measures each comparison for so long (10), and
 *				prints Welch's t of the two classes; TAP
 *
 * By the clock, |t| over 4.5 in each of three runs is told as a leak; one that
 * is made on purpose must be found, or the machine is too noisy to say
 * anything.  Counts are exact: what test_timing.sh compares is the same on any
 * machine and under any load.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/timing/timing.h"

#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif
#endif

#define SAMPLES_MAX	200000u
#define LEAK		4.5	/* as in the paper */

static uint64_t state;

/* xorshift64*: the same sequence from the same seed, everywhere. */
static uint32_t
draw(uint32_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1dull) >> 33) % n;
}

/* -- counts */

#ifdef CALLGRIND_DUMP_STATS_AT

static void
count_class(const struct op *o, bool fixed, unsigned calls)
{
	char name[80];
	unsigned i, wrong = 0;
	bool equal;

	state = 1;
	o->spoil(fixed, draw);
	(void)o->run();		/* whatever is done only once */
	CALLGRIND_ZERO_STATS;
	for (i = 0; i < calls; i++) {
		o->spoil(fixed, draw);
		CALLGRIND_TOGGLE_COLLECT;
		equal = o->run();
		CALLGRIND_TOGGLE_COLLECT;
		wrong += equal;
	}
	(void)snprintf(name, sizeof(name), "%s/%s", o->name,
	    fixed ? "fixed" : "random");
	CALLGRIND_DUMP_STATS_AT(name);
	if (wrong > 0)
		printf("# %s: %u were equal\n", name, wrong);
}

static int
count_all(unsigned calls)
{
	const struct op *o;

	for (o = timing_ops; o->name != NULL; o++) {
		count_class(o, true, calls);
		count_class(o, false, calls);
	}
	return 0;
}

#else

static int
count_all(unsigned calls)
{
	(void)calls;
	fputs("timing: built without valgrind's headers\n", stderr);
	return 77;
}

#endif

/* -- the clock */

static uint64_t
ticks(void)
{
#if defined(__x86_64__)
	uint32_t lo, hi;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(lo), "=d"(hi) ::
	    "memory");
	return (uint64_t)hi << 32 | lo;
#else
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
#endif
}

static double
seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct sample {
	uint64_t	took;
	bool		fixed;
} samples[SAMPLES_MAX];

static int
by_time(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return x->took < y->took ? -1 : x->took > y->took;
}

/* Welch's t of the quicker nine tenths: interrupts make the others. */
static double
welch(unsigned n)
{
	double sum[2] = { 0, 0 }, sq[2] = { 0, 0 }, mean[2], var[2];
	unsigned i, k, many[2] = { 0, 0 };

	qsort(samples, n, sizeof(samples[0]), by_time);
	n -= n / 10;
	for (i = 0; i < n; i++) {
		k = samples[i].fixed;
		sum[k] += (double)samples[i].took;
		many[k]++;
	}
	for (k = 0; k < 2; k++)
		mean[k] = sum[k] / many[k];
	for (i = 0; i < n; i++) {
		k = samples[i].fixed;
		sq[k] += ((double)samples[i].took - mean[k]) *
		    ((double)samples[i].took - mean[k]);
	}
	for (k = 0; k < 2; k++)
		var[k] = sq[k] / (many[k] - 1) / many[k];
	return (mean[0] - mean[1]) / sqrt(var[0] + var[1] + 1e-12);
}

static double
measure(const struct op *o, double limit, unsigned *n)
{
	double until = seconds() + limit;
	uint64_t began;
	bool fixed;

	for (*n = 0; *n < SAMPLES_MAX &&
	    (*n % 256 != 0 || seconds() < until); (*n)++) {
		fixed = draw(2);
		o->spoil(fixed, draw);
		/* what was stored just now is read slowly, and tells where */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		began = ticks();
		(void)o->run();		/* by a pointer: it is called */
		samples[*n].took = ticks() - began;
		samples[*n].fixed = fixed;
	}
	return welch(*n);
}

/* The smallest |t| of three runs; the first that is no leak is enough. */
static double
least_of_three(const struct op *o, double limit, unsigned *n)
{
	double t, least = INFINITY;
	unsigned i;

	for (i = 0; i < 3 && least > LEAK; i++) {
		t = fabs(measure(o, limit, n));
		least = t < least ? t : least;
	}
	return least;
}

int
main(int argc, char **argv)
{
	double limit = 10, t;
	unsigned n, number = 0, bad = 0;
	const struct op *o;
	bool good;
	int rc;

	timing_ops_init();
	if (argc > 1 && strcmp(argv[1], "--count") == 0) {
		rc = count_all(argc > 2 ? (unsigned)atoi(argv[2]) : 50);
		timing_ops_fini();
		return rc;
	}
	if (argc > 1)
		limit = atof(argv[1]);
	state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 1;
	for (o = timing_ops; o->name != NULL; o++) {
		if (o->kind == OP_COUNTED)
			continue;
		t = least_of_three(o, limit / 3, &n);
		good = o->kind == OP_CONTROL ? t > LEAK : t <= LEAK;
		bad += !good;
		printf("%s %u - %s: |t| = %.2f of %u calls%s\n", good ? "ok" :
		    "not ok", ++number, o->name, t, n, o->kind == OP_CONTROL ?
		    ", which must be over 4.5" : "");
		(void)fflush(stdout);
	}
	printf("1..%u\n# PASS:  %u\n# FAIL:  %u\n", number, number - bad, bad);
	timing_ops_fini();
	return bad != 0;
}
