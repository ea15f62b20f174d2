/*
 * nl_opt.h - the command line of nfsload.
 */
#ifndef BENCH_NL_OPT_H
#define BENCH_NL_OPT_H

#include <stdbool.h>
#include <stdint.h>

#define NL_DEPTH_MAX	1024u
#define NL_CONN_MAX	1024u
#define NL_PIDS_MAX	16u

struct nl_opt {
	const char	*host, *port;	/* of --server */
	const char	*mount_port;	/* of MOUNT, or NULL: the same */
	const char	*export;	/* "/NAME" */
	const char	*proc;
	const char	*file;		/* one that is there; or NULL */
	const char	*paths;		/* a file with paths of such; or NULL */
	unsigned	 depth, connections, threads;
	uint32_t	 size;		/* bytes; 0: as proc wants */
	uint64_t	 file_size;	/* bytes; 0: as proc wants */
	uint64_t	 count;		/* operations; 0: no bound */
	uint64_t	 entries;	/* of a directory; 0: not given */
	uint64_t	 files;
	double		 seconds;	/* 0: no bound */
	bool		 random, verify, keep, json;
	uint32_t	 uid, gid;
	int		 server_pid[NL_PIDS_MAX];	/* up to the first 0 */
	uint64_t	 seed;
};

/* false: said on standard error. */
bool nl_opt_parse(struct nl_opt *opt, int argc, char **argv);

#endif /* BENCH_NL_OPT_H */
