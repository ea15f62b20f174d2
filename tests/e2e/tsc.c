/*
 * tsc.c - the rate of this machine's time stamp counter, in kHz.
 *
 * A guest under emulation measures it wrongly when the host is busy, and its
 * clock is then off for good; guest-run tells it instead (tsc_early_khz).
 * The shortest of several naps is the one that was disturbed least.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int
main(void)
{
	const struct timespec nap = { 0, 40000000 };
	double best = 1e9, khz = 0;
	int i;

	for (i = 0; i < 5; i++) {
		double start = now(), secs;
		uint64_t ticks = __rdtsc();

		nanosleep(&nap, NULL);
		ticks = __rdtsc() - ticks;
		secs = now() - start;
		if (secs < best) {
			best = secs;
			khz = ticks / secs / 1000;
		}
	}
	return printf("%.0f\n", khz) < 0;
}
