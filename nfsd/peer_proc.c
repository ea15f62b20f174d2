/*
 * peer_proc.c - the owner of a TCP socket from /proc/net/tcp and tcp6 (Linux
 * without NETLINK_SOCK_DIAG).
 *
 * A line is (proc(5)): number, local and remote address and port, state,
 * queues, timer, retransmits, uid, timeout, inode.  Addresses are words of 32
 * bits printed as this machine has them.  The fields of a line are not read
 * by the kernel in one moment, so what was found must be there twice.
 */
#include "config.h"

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nfsd/peer.h"

#define BLOCK	65536u

struct seen {
	unsigned	 state;
	unsigned	 uid;
	unsigned long	 inode;
};

static size_t
put_end(char *to, size_t cap, const struct sockaddr_storage *ss, bool mapped)
{
	size_t len, i, used = 0;
	const uint8_t *a = peer_address(ss, &len);
	uint8_t all[16] = { [10] = 0xff, [11] = 0xff };
	uint32_t word;

	if (mapped) {
		memcpy(all + 12, a, 4);
		a = all;
		len = 16;
	}
	for (i = 0; i < len; i += 4) {
		memcpy(&word, a + i, 4);
		used += (size_t)snprintf(to + used, cap - used, "%08" PRIX32,
		    word);
	}
	return used + (size_t)snprintf(to + used, cap - used, ":%04X",
	    (unsigned)peer_port(ss));
}

/* The line of the peer begins, behind its number, with this. */
static void
make_key(char *key, size_t cap, const struct peer_ends *ends, bool mapped)
{
	size_t used = put_end(key, cap, &ends->theirs, mapped);

	key[used++] = ' ';
	used += put_end(key + used, cap - used, &ends->ours, mapped);
	key[used++] = ' ';
	key[used] = '\0';
}

static bool
parse(const char *line, const char *key, struct seen *s)
{
	const char *at = strchr(line, ':');
	size_t len = strlen(key);

	/* behind "sl: " */
	return at != NULL && at[1] == ' ' && strncmp(at + 2, key, len) == 0 &&
	    sscanf(at + 2 + len, "%x %*x:%*x %*x:%*x %*x %u %*u %lu",
	    &s->state, &s->uid, &s->inode) == 3;
}

/* The lines in buf, which ends with '\n' or is the last; how much was whole. */
static size_t
scan(char *buf, size_t len, const char *key, struct seen *s, bool *found)
{
	char *line = buf, *end;

	while (!*found && (end = memchr(line, '\n',
	    len - (size_t)(line - buf))) != NULL) {
		*end = '\0';
		*found = parse(line, key, s);
		line = end + 1;
	}
	return (size_t)(line - buf);
}

static enum peer_answer
look_in(const char *path, const char *key, struct seen *s)
{
	static _Thread_local char buf[BLOCK];
	size_t have = 0, used, total = 0;
	bool found = false;
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return PEER_UNABLE;
	while (!found && total < PEER_PROC_MAX) {
		n = read(fd, buf + have, sizeof(buf) - have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		total += (size_t)n;
		have += (size_t)n;
		used = scan(buf, have, key, s, &found);
		memmove(buf, buf + used, have - used);
		have -= used;
	}
	(void)close(fd);
	return found ? PEER_FOUND : PEER_ELSEWHERE;
}

static enum peer_answer
look(const struct peer_ends *ends, struct seen *s)
{
	enum peer_answer a = PEER_ELSEWHERE, b;
	char key[128];

	if (ends->ours.ss_family == AF_INET) {
		make_key(key, sizeof(key), ends, false);
		if ((a = look_in("/proc/net/tcp", key, s)) == PEER_FOUND)
			return a;
	}
	/* a socket of IPv6 may be the end of a connection of IPv4 */
	make_key(key, sizeof(key), ends, ends->ours.ss_family == AF_INET);
	b = look_in("/proc/net/tcp6", key, s);
	return b == PEER_FOUND || ends->ours.ss_family == AF_INET6 ? b : a;
}

enum peer_answer
peer_proc_find(const struct peer_ends *ends, uint32_t *uid)
{
	struct seen first = { 0 }, again = { 0 };
	enum peer_answer a;

	if ((a = look(ends, &first)) != PEER_FOUND ||
	    (a = look(ends, &again)) != PEER_FOUND)
		return a;
	if (first.state != 1 || first.inode == 0 || again.state != 1 ||
	    again.inode != first.inode || again.uid != first.uid)
		return PEER_CLOSED;
	*uid = first.uid;
	return PEER_FOUND;
}
