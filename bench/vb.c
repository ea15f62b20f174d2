/*
 * vb.c - errors, signals, memory, scale.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/vb.h"

static volatile sig_atomic_t stopped;

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* What is ignored stays ignored: nohup, and shells' background jobs. */
void
vb_catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old, act;
	size_t i;

	memset(&act, 0, sizeof(act));
	act.sa_handler = stop;
	(void)sigemptyset(&act.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &act, NULL);
	}
}

bool
vb_stopped(void)
{
	return stopped != 0;
}

bool
vb_error(struct vb *vb, const char *fmt, ...)
{
	char text[3 * VB_PATH], line[4 * VB_PATH], *p;
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)pthread_mutex_lock(&vb->mtx);
	(void)snprintf(line, sizeof(line), "%s: %s",
	    vb->about ? vb->about : "vaultbench", text);
	/* JSON has to be able to hold it */
	for (p = line; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			*p = '?';
	}
	(void)fprintf(stderr, "vaultbench: %s\n", line);
	if (vb->error_count < VB_ERRORS)
		vb->errors[vb->error_count] = vb_strdup(line);
	vb->error_count++;
	(void)pthread_mutex_unlock(&vb->mtx);
	errno = saved;
	return false;
}

static void *
or_die(void *p)
{
	if (p == NULL) {
		(void)fputs("vaultbench: no memory\n", stderr);
		exit(1);
	}
	return p;
}

void *
vb_alloc(size_t size)
{
	return or_die(malloc(size > 0 ? size : 1));
}

void *
vb_realloc(void *p, size_t size)
{
	return or_die(realloc(p, size));
}

char *
vb_strdup(const char *s)
{
	return or_die(strdup(s));
}

uint64_t
vb_scale(const struct vb_job *j, uint64_t base, uint64_t min)
{
	uint64_t v = (uint64_t)((double)base * j->scale + 0.5);

	return v < min ? min : v > base && base > min ? base : v;
}

/*
 * Where a tenth of full is what is wanted at 0.1, smaller scales may go below;
 * where more is wanted, that is the least the workload makes sense with.
 */
uint64_t
vb_pair(const struct vb_job *j, uint64_t full, uint64_t tenth)
{
	uint64_t min = tenth > (full + 5) / 10 ? tenth : tenth / 10;

	return vb_scale(j, full, min > 0 ? min : 1);
}
