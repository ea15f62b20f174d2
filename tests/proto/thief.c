#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tune.h"
#include "tests/proto/thief.h"

/* What the server's process says when it is ready. */
struct hello {
	uint16_t	port;
	struct fh	root, secret, large;
};

static void
become(uint32_t uid)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) != 0 || setgid((gid_t)uid) != 0 ||
	    setuid((uid_t)uid) != 0)
		_exit(99);
}

static void
put_files(struct fix *f, struct hello *h)
{
	static uint8_t data[1024 * 1024];
	sattr3 s = call_mode(0600);
	struct reply r;
	size_t off;

	FIX_MUST(call_create(f->c, &f->root, "secret", GUARDED, &s, &r) == 0);
	h->secret = r.fh;
	FIX_MUST(call_write(f->c, &h->secret, 0, THIEF_SECRET,
	    sizeof(THIEF_SECRET), FILE_SYNC, NULL) == 0);
	FIX_MUST(call_create(f->c, &f->root, "large", GUARDED, &s, &r) == 0);
	h->large = r.fh;
	memset(data, 'L', sizeof(data));
	for (off = 0; off < THIEF_LARGE; off += sizeof(data))
		FIX_MUST(call_write(f->c, &h->large, off, data, sizeof(data),
		    UNSTABLE, NULL) == 0);
	FIX_MUST(call_commit(f->c, &h->large, NULL) == 0);
	h->root = f->root;
}

/* What may be asked of the server's process, by a byte. */
enum { ASK_COUNTS, ASK_RAN };

static void
answer(struct fix *f, char what, int tell)
{
	struct server_counts c;
	struct timespec ts;

	if (what == ASK_RAN) {
		FIX_MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0);
		FIX_MUST(write(tell, &ts, sizeof(ts)) == (ssize_t)sizeof(ts));
		return;
	}
	server_counts(f->server, &c);
	FIX_MUST(write(tell, &c, sizeof(c)) == (ssize_t)sizeof(c));
}

/* The server's process: until its pipe is closed. */
static void
serve(const struct server_options *o, bool no_gate, int from, int tell)
{
	struct fix_options fo = { .server = o };
	struct hello h;
	struct fix f;
	char byte;

	become(THIEF_OWNER);
	log_set_level(LOG_LEVEL_ERROR);
	if (no_gate)
		FIX_MUST(tune_set("no-gate", NULL) == 0);
	memset(&h, 0, sizeof(h));
	fix_vault(&f, &fo);
	fix_make(&f);
	FIX_MUST(server_listen(f.server, "127.0.0.1", 0, &h.port, NULL) == 0);
	fix_run(&f);
	put_files(&f, &h);
	FIX_MUST(write(tell, &h, sizeof(h)) == (ssize_t)sizeof(h));
	while (read(from, &byte, 1) == 1)
		answer(&f, byte, tell);
	fix_stop(&f);
	_exit(0);
}

void
thief_serve(struct thief_server *s, const struct server_options *o,
    bool no_gate)
{
	struct hello h;
	int to[2], from[2];

	s->owner = geteuid() == 0 ? THIEF_OWNER : (uint32_t)geteuid();
	FIX_MUST(pipe(to) == 0 && pipe(from) == 0);
	FIX_MUST((s->pid = fork()) != -1);
	if (s->pid == 0) {
		(void)close(to[1]);
		(void)close(from[0]);
		serve(o, no_gate, to[0], from[1]);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	s->ask = to[1];
	s->told = from[0];
	FIX_MUST(read(s->told, &h, sizeof(h)) == (ssize_t)sizeof(h));
	s->port = h.port;
	s->root = h.root;
	s->secret = h.secret;
	s->large = h.large;
}

void
thief_end(struct thief_server *s)
{
	int st;

	(void)close(s->ask);
	(void)close(s->told);
	FIX_MUST(waitpid(s->pid, &st, 0) == s->pid);
	FIX_MUST(WIFEXITED(st) && WEXITSTATUS(st) == 0);
}

static void
ask(struct thief_server *s, char what, void *said, size_t size)
{
	char *at = said;
	size_t len = 0;
	ssize_t n;

	FIX_MUST(write(s->ask, &what, 1) == 1);
	while (len < size) {
		n = read(s->told, at + len, size - len);
		FIX_MUST(n > 0);
		len += (size_t)n;
	}
}

void
thief_counts(struct thief_server *s, struct server_counts *c)
{
	ask(s, ASK_COUNTS, c, sizeof(*c));
}

uint64_t
thief_ran_us(struct thief_server *s)
{
	struct timespec ts;
#if defined(_POSIX_CPUTIME) && _POSIX_CPUTIME >= 0
	clockid_t id;

	if (clock_getcpuclockid(s->pid, &id) != 0 ||
	    clock_gettime(id, &ts) != 0)
#endif
		ask(s, ASK_RAN, &ts, sizeof(ts));
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

size_t
thief_rss(const struct thief_server *s)
{
	unsigned long pages = 0;
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/statm", (long)s->pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	if (fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	(void)fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

int
thief_connect(const struct thief_server *s)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd;

	in.sin_port = htons(s->port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

size_t
thief_drain(int fd, int ms, uint8_t *keep, size_t cap)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint8_t buf[65536];
	size_t all = 0, part;
	ssize_t n;

	while (poll(&pfd, 1, ms) == 1 &&
	    (n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		part = all < cap ? cap - all : 0;
		if (part > (size_t)n)
			part = (size_t)n;
		if (part > 0)
			memcpy(keep + all, buf, part);
		all += (size_t)n;
		ms = ms < 20 ? ms : 20;
	}
	return all;
}

pid_t
thief_start(uint32_t uid, int (*body)(const struct thief_server *s),
    const struct thief_server *s)
{
	pid_t child;

	FIX_MUST((child = fork()) != -1);
	if (child == 0) {
		(void)close(s->ask);
		(void)close(s->told);
		(void)signal(SIGPIPE, SIG_IGN);
		become(uid != 0 ? uid : THIEF_UID);
		_exit(body(s));
	}
	return child;
}

int
thief_run(uint32_t uid, int (*body)(const struct thief_server *s),
    const struct thief_server *s)
{
	pid_t child = thief_start(uid, body, s);
	int st;

	FIX_MUST(waitpid(child, &st, 0) == child);
	return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}
