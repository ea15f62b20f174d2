/*
 * sandbox.h - a server that runs gives up what it does not need.
 *
 * When everything is open and nothing has been served yet: other folders than
 * these, other programs, other processes, new connections to anywhere.  There
 * is no way back, and threads that start later are in it too.
 *
 *	Linux	Landlock (folders, TCP), seccomp (system calls),
 *		capabilities; each as far as the kernel has it
 *	OpenBSD	pledge(2), unveil(2)
 *	others	nothing
 *
 * What is missed answers ENOSYS, EPERM or EACCES; what only an intruder does
 * (another program, a new process) ends the process.
 */
#ifndef NFSD_SANDBOX_H
#define NFSD_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

struct verr;

struct sandbox_folder {
	char		*path;
	bool		 read_only;
};

struct sandbox_options {
	const struct sandbox_folder *folders;
	size_t		 n;
	bool		 sockets;	/* new ones: rpcbind, peer_is_here() */
};

/*
 * Before the process has a second thread.  *has becomes words for what is in
 * force, as "landlock 3, seccomp"; "" if this system has nothing.  -1: what the
 * system has was refused, in part at least; has says what is in force then.
 */
int sandbox_enter(const struct sandbox_options *o, char *has, size_t cap,
    struct verr *e);

/* -- inside */

/* sandbox_bpf.c: allow what the list there says; 0, or -1 and errno. */
int sandbox_filter(bool sockets);

#endif /* NFSD_SANDBOX_H */
