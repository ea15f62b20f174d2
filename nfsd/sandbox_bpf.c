/*
 * sandbox_bpf.c - system calls that a server makes once it runs (Linux).
 *
 * The lists are what tests see under strace, and what takes its place on other
 * machines.  A call that is in none does not exist (ENOSYS), which libraries
 * know how to live with; clone3() is one, since its flags cannot be seen here.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#include "nfsd/sandbox.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#define OUR_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH	AUDIT_ARCH_AARCH64
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS	SECCOMP_RET_KILL
#endif

#ifdef OUR_ARCH

/*
 * What tests/e2e/t0103-sandbox.sh sees a server do, on x86-64 with glibc.  It
 * fails if one is missed, and if one of these is not made by any server there.
 */
static const int used[] = {
	/* waiting, threads, signals, time */
	SYS_epoll_ctl, SYS_futex, SYS_clock_nanosleep, SYS_exit,
	SYS_exit_group, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_getpid, SYS_set_robust_list,
	/* memory */
	SYS_munmap, SYS_madvise, SYS_mlock,
	/* sockets that are there */
	SYS_accept, SYS_accept4, SYS_getsockname, SYS_getpeername,
	SYS_getsockopt, SYS_setsockopt, SYS_sendmsg, SYS_sendto, SYS_recvfrom,
	/* files */
	SYS_openat, SYS_close, SYS_read, SYS_write, SYS_readv, SYS_preadv,
	SYS_pwritev, SYS_preadv2, SYS_fcntl, SYS_flock, SYS_getdents64,
	SYS_newfstatat, SYS_statx, SYS_fstatfs, SYS_mkdirat, SYS_unlinkat,
	SYS_renameat2, SYS_linkat, SYS_fchmodat, SYS_utimensat,
	SYS_ftruncate, SYS_fsync, SYS_fdatasync,
	/* what is asked about the process and the machine */
	SYS_getrandom, SYS_geteuid, SYS_sysinfo,
#ifdef SYS_rseq
	SYS_rseq,
#endif
#ifdef __x86_64__
	/* older forms, which arm64 does not have */
	SYS_epoll_wait, SYS_unlink,
#endif
};

/* What does the same elsewhere. */
static const int spare[] = {
	/* other C libraries, other versions, other processors */
	SYS_epoll_pwait, SYS_ppoll, SYS_nanosleep, SYS_clock_gettime,
	SYS_gettimeofday, SYS_gettid, SYS_brk, SYS_mremap,
	SYS_recvmsg, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek,
	SYS_fstat, SYS_statfs, SYS_faccessat, SYS_uname,
	SYS_getuid, SYS_getgid, SYS_getegid, SYS_prlimit64,
#ifdef __x86_64__
	SYS_poll, SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_rename,
	SYS_time, SYS_arch_prctl, SYS_getrlimit,
#endif
#ifdef SYS_renameat
	SYS_renameat,		/* glibc's rename(); without renameat2() */
#endif
	/* a signal in the middle of a call; abort() */
	SYS_restart_syscall, SYS_tgkill,
	/* mimalloc, the C library's allocator */
	SYS_sched_yield, SYS_sched_getaffinity, SYS_membarrier,
	/* many folders to sync; the journal; --multi-user; libmicrohttpd */
	SYS_syncfs, SYS_sync_file_range, SYS_msync, SYS_fchownat,
	SYS_shutdown,
};

/* Nothing of ours does this. */
static const int deadly[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_kill, SYS_tkill, SYS_mount, SYS_umount2,
	SYS_unshare, SYS_setns, SYS_bpf, SYS_init_module, SYS_finit_module,
#ifdef __x86_64__
	SYS_fork, SYS_vfork,
#endif
};

#define N(a)		(sizeof(a) / sizeof((a)[0]))
#define DATA(m)		((uint32_t)offsetof(struct seccomp_data, m))
#define ARG(i)		(DATA(args) + 8 * (i))	/* its lower half */
#define LOAD(at)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define RET(what)	BPF_STMT(BPF_RET | BPF_K, (what))
/* The next instruction is for those that are equal (or have a bit of k). */
#define IF(k)		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (k), 0, 1)
#define IF_BITS(k)	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (k), 0, 1)
#define CASE(nr, skip)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, (skip))
#define NO(err)		RET(SECCOMP_RET_ERRNO | (err))

static size_t
add_all(struct sock_filter *p, const int *nr, size_t n, uint32_t what)
{
	size_t i;

	for (i = 0; i < n; i++) {
		p[2 * i] = (struct sock_filter)IF((uint32_t)nr[i]);
		p[2 * i + 1] = (struct sock_filter)RET(what);
	}
	return 2 * n;
}

int
sandbox_filter(bool sockets)
{
	const struct sock_filter head[] = {
		LOAD(DATA(arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		RET(SECCOMP_RET_KILL_PROCESS),
		LOAD(DATA(nr)),
		/* no memory that can be executed */
		CASE(SYS_mmap, 4), LOAD(ARG(2)), IF_BITS(PROT_EXEC),
		NO(EPERM), RET(SECCOMP_RET_ALLOW),
		CASE(SYS_mprotect, 4), LOAD(ARG(2)), IF_BITS(PROT_EXEC),
		NO(EPERM), RET(SECCOMP_RET_ALLOW),
		/* threads, no processes */
		CASE(SYS_clone, 4), LOAD(ARG(0)), IF_BITS(CLONE_THREAD),
		RET(SECCOMP_RET_ALLOW), RET(SECCOMP_RET_KILL_PROCESS),
		/* glibc names its threads; nothing else */
		CASE(SYS_prctl, 4), LOAD(ARG(0)), IF(PR_SET_NAME),
		RET(SECCOMP_RET_ALLOW), NO(EPERM),
	};
	const int more[] = { SYS_socket, SYS_bind, SYS_connect };
	struct sock_filter p[N(head) + 2 * (N(used) + N(spare) + N(deadly) +
	    N(more)) + 1];
	struct sock_fprog prog = { .filter = p };
	size_t i, n;

	for (n = 0; n < N(head); n++)
		p[n] = head[n];
	n += add_all(p + n, used, N(used), SECCOMP_RET_ALLOW);
	n += add_all(p + n, spare, N(spare), SECCOMP_RET_ALLOW);
	i = sockets ? N(more) : 0;
	n += add_all(p + n, more, i, SECCOMP_RET_ALLOW);
	n += add_all(p + n, deadly, N(deadly), SECCOMP_RET_KILL_PROCESS);
	p[n++] = (struct sock_filter)NO(ENOSYS);
	prog.len = (unsigned short)n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0);
}

#else

int
sandbox_filter(bool sockets)
{
	(void)sockets;
	errno = ENOSYS;		/* no list for this processor */
	return -1;
}

#endif
