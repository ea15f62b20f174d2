/*
 * vb_probe.h - what the system says of the mount and of the server.
 *
 * Linux, through /proc (proc(5); the format of mountstats is in the kernel's
 * net/sunrpc/stats.c and fs/nfs/super.c).  Elsewhere there is less to know, and
 * the functions say so.
 */
#ifndef BENCH_VB_PROBE_H
#define BENCH_VB_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define VB_PROBE_PROCS	80u	/* of one mount; NFSv4.2 has fewer */

struct vb_rpc {
	char		name[24];
	uint64_t	count;
};

struct vb_rpcs {
	bool		known;
	size_t		n;
	struct vb_rpc	v[VB_PROBE_PROCS];
};

/* "nfs", "ext4", "fuse.name"; "unknown" where the system does not say. */
void vb_probe_fs(const char *dir, char *name, size_t size);

/*
 * CPU time, user and system, that the process has used, in seconds, to the
 * nanosecond where the system has that clock, else by ticks.  -1: no such
 * process, or no way to know.
 */
double vb_probe_cpu(pid_t pid);

/* The most memory it ever had resident, since it began.  -1: not known. */
long vb_probe_peak_kib(pid_t pid);

/* Calls that the kernel's NFS client made for the mount that holds dir. */
void vb_probe_rpcs(const char *dir, struct vb_rpcs *r);

/*
 * The same from an open file: of the mount with the longest path that leads to
 * dir, if that is NFS.
 */
void vb_probe_mountstats(FILE *f, const char *dir, struct vb_rpcs *r);

/*
 * now - before, in now.  Not known if either is not, or if a count went down:
 * there was another mount between.
 */
void vb_probe_since(struct vb_rpcs *now, const struct vb_rpcs *before);

#endif /* BENCH_VB_PROBE_H */
