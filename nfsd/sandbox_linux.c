/*
 * sandbox_linux.c - Landlock, seccomp, capabilities.
 *
 * landlock(7).  The kernel's headers may be older than the kernel, so its
 * numbers are here: they are part of its interface and do not change.
 */
#include "config.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/sandbox.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset	444
#define SYS_landlock_add_rule		445
#define SYS_landlock_restrict_self	446
#endif

enum {
	FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4, FS_REMOVE_FILE = 1 << 5, FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8, FS_MAKE_SOCK = 1 << 9, FS_MAKE_SYM = 1 << 12,
	FS_REFER = 1 << 13,		/* since version 2 */
	FS_TRUNCATE = 1 << 14,		/* 3 */
	FS_READS = FS_READ_FILE | FS_READ_DIR,
	FS_WRITES = FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE |
	    FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SOCK | FS_MAKE_SYM |
	    FS_REFER | FS_TRUNCATE,
	NET_BOTH = 3,			/* 4: bind and connect of TCP */
	SCOPE_BOTH = 3,			/* 6: abstract sockets, signals */
};

struct rules {
	uint64_t	fs, net, scope;
};

struct beneath {
	uint64_t	allowed;
	int32_t		fd;
} __attribute__((packed));

/* All rights on files that a version knows. */
static uint64_t
known_rights(long version)
{
	if (version >= 5)
		return (1u << 16) - 1;
	return version >= 3 ? (1u << 15) - 1 :
	    version == 2 ? (1u << 14) - 1 : (1u << 13) - 1;
}

static int
add_folder(int rules, const char *path, uint64_t allowed)
{
	struct beneath b = { .allowed = allowed };
	long rc;

	if ((b.fd = open(path, O_PATH | O_CLOEXEC)) == -1)
		return -1;
	rc = syscall(SYS_landlock_add_rule, rules, 1, &b, 0);
	(void)close(b.fd);
	return (int)rc;
}

static int
restrict_folders(const struct sandbox_options *o, long version,
    struct verr *e)
{
	struct rules r = { .fs = known_rights(version) };
	size_t i, size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	uint64_t allowed;
	int fd, rc = 0;

	if (version >= 4 && !o->sockets)
		r.net = NET_BOTH;
	if (version >= 6)
		r.scope = SCOPE_BOTH;
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd == -1)
		return verr_sys(e, "cannot make Landlock's rules");
	for (i = 0; i < o->n && rc == 0; i++) {
		allowed = FS_READS | (o->folders[i].read_only ? 0 : FS_WRITES);
		if (add_folder(fd, o->folders[i].path, allowed & r.fs) == -1)
			rc = verr_sys(e, "cannot keep %s in the sandbox",
			    o->folders[i].path);
	}
	/* peer_proc.c; what cannot be opened now cannot later */
	(void)add_folder(fd, "/proc/self/net", FS_READS);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		rc = verr_sys(e, "cannot enter the sandbox");
	(void)close(fd);
	return rc;
}

/* Root keeps what it takes to act for the owners of files. */
static int
drop_capabilities(bool sockets)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct d[2];
	const uint32_t keep = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE |
	    1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | 1u << CAP_FSETID |
	    1u << CAP_IPC_LOCK |
	    (sockets ? 1u << CAP_NET_BIND_SERVICE : 0);	/* rpcbind */

	if (syscall(SYS_capget, &h, d) == -1)
		return -1;
	d[0].effective &= keep;
	d[0].permitted &= keep;
	d[0].inheritable = 0;
	memset(&d[1], 0, sizeof(d[1]));
	return (int)syscall(SYS_capset, &h, d);
}

static void
add_word(char *has, size_t cap, const char *word)
{
	size_t len = strlen(has);

	(void)snprintf(has + len, cap - len, "%s%s", len > 0 ? ", " : "",
	    word);
}

/* What fails is told, and the rest is done all the same. */
int
sandbox_enter(const struct sandbox_options *o, char *has, size_t cap,
    struct verr *e)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	char landlock[32];
	int rc = 0;

	has[0] = '\0';
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return verr_sys(e, "cannot enter the sandbox");
	if (drop_capabilities(o->sockets) == -1)
		rc = verr_sys(e, "cannot give capabilities up");
	if (version > 0 && restrict_folders(o, version, e) == 0) {
		(void)snprintf(landlock, sizeof(landlock), "landlock %ld",
		    version);
		add_word(has, cap, landlock);
	} else if (version > 0) {
		rc = -1;
	}
	if (sandbox_filter(o->sockets) == 0)
		add_word(has, cap, "seccomp");
	else if (errno != ENOSYS && errno != EINVAL)
		rc = verr_sys(e, "cannot restrict system calls");
	else if (rc == 0)
		add_word(has, cap, "capabilities");
	return rc;
}
