/*
 * vb.h - vaultbench: the run, a workload, and one turn of a workload.
 *
 * A workload (struct vb_load) is a table entry: how its files are made, and
 * one or more steps that are timed.  A job is one iteration of it, in a folder
 * of its own.  The runner (vb_run.c) makes jobs, times steps, and keeps what
 * came out; a workload knows neither options nor results.
 *
 * Threads: struct vb is constant after the options are read, but for the list
 * of errors, which has a lock.  A job belongs to the thread that runs it; a
 * workload with threads gives each its own struct vb_io.
 */
#ifndef BENCH_VB_H
#define BENCH_VB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "bench/vb_io.h"
#include "bench/vb_rng.h"

#define VB_PATH		4096u	/* bytes of a path, with its NUL */
#define VB_ERRORS	50u	/* kept; more are only counted */
#define VB_PIDS		16u
#define VB_SETS		4u
#define VB_STEPS	8u

struct vb {
	char		 dir[VB_PATH];		/* absolute */
	char		 session[VB_PATH];	/* below dir; "": none yet */
	const char	*cold;			/* --cold, or NULL */
	double		 scale;			/* 0.01 to 1 */
	uint64_t	 seed;			/* added to every workload's */
	unsigned	 seconds;		/* of concurrent; 0: by scale */
	int		 warm_ups;		/* -1: the workload's own */
	unsigned	 settle_ms;		/* before a timed part */
	pid_t		 pids[VB_PIDS];		/* of the server */
	size_t		 pid_count;
	const char	*pid_file;		/* a pid on a line, or NULL */

	pthread_mutex_t	 mtx;			/* guards the rest */
	const char	*about;			/* what errors are about */
	char		*errors[VB_ERRORS];
	size_t		 error_count;
};

/* How a step runs a second time, after --cold. */
enum vb_again {
	VB_ONCE,	/* not at all: it reads nothing that was made before */
	VB_SAME,	/* on the same files */
	VB_FRESH,	/* it changes them: in a job with files of its own */
};

struct vb_step {
	const char	*name;		/* of the result */
	bool		(*run)(struct vb_job *j);
	enum vb_again	 again;
};

struct vb_load {
	const char	*name;		/* for --workload */
	const char	*what;		/* for --list */
	uint64_t	 seed;
	unsigned	 warm_ups;
	const char	*unit;		/* of the samples; NULL: seconds */
	bool		 thinks;	/* has pauses that are no work */
	const char	*note;		/* into the results, or NULL */
	bool		(*prepare)(struct vb_job *j);	/* NULL: nothing */
	struct vb_step	 steps[VB_STEPS];	/* up to one without name */
	/* Reads back what was written; or NULL. */
	bool		(*check)(struct vb_job *j);
	const char	*missing;	/* why it was not built, or NULL */
};

struct vb_job {
	struct vb		*vb;
	const struct vb_load	*load;
	char			 dir[VB_PATH];	/* exists, empty */
	double			 scale;
	unsigned		 iter;
	unsigned		 turn;		/* counts runs on these files */
	struct vb_rng		 rng;
	struct vb_io		 io;
	struct vb_set		 set[VB_SETS];	/* freed by the runner */
	/* > 0: the sample, if that is no time, and the seconds it is from */
	double			 value;
	double			 busy;
	json_t			*detail;	/* of this run, or NULL */
};

/*
 * base at scale 1 and in proportion below, but not under min (nor over base).
 * vb_pair: the least is what has to stand at scale 0.1, given as `tenth'.
 */
uint64_t vb_scale(const struct vb_job *j, uint64_t base, uint64_t min);
uint64_t vb_pair(const struct vb_job *j, uint64_t full, uint64_t tenth);

/*
 * Writes down that something is wrong; always false.  errno is kept.  The text
 * gets the workload's name before it.
 */
bool vb_error(struct vb *vb, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* SIGINT, SIGTERM and SIGHUP ask for the end from here on. */
void vb_catch_signals(void);
/* A signal asked for the end: stop, as after an error. */
bool vb_stopped(void);

/* malloc, or exit(1) after the session's folder has been removed. */
void *vb_alloc(size_t size);
void *vb_realloc(void *p, size_t size);
char *vb_strdup(const char *s);

#endif /* BENCH_VB_H */
