/*
 * fuzz_control.c - the control socket of a server that runs: one client's
 * bytes, in pieces.
 *
 * Input: the length of the first piece, and the bytes.  Who has sent a line
 * gets one line, which is a JSON object, whatever the line was; who has sent
 * none gets nothing; and the next client is answered.
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/verr.h"
#include "nfsd/control.h"
#include "nfsd/rundir.h"
#include "nfsd/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct server *srv;
static pthread_t thread;
static char dir[] = "/tmp/vaultnfs-fuzz-XXXXXX", path[256];
static const char *const vaults[] = { NULL };
static const struct server_about about = { .address = "127.0.0.1",
    .state_dir = "", .vaults = vaults };

static void
must(bool fact)
{
	if (!fact)
		abort();
}

/* There is no vault, so these are never asked. */
static void
close_none(void *ctx, size_t i)
{
	(void)ctx;
	(void)i;
	abort();
}

static struct vault *
open_none(void *ctx, size_t i, const char *pass, size_t len, struct verr *e)
{
	(void)pass;
	(void)len;
	(void)e;
	close_none(ctx, i);
	return NULL;
}

static void *
serve(void *arg)
{
	(void)arg;
	must(server_run(srv, NULL) == 0);
	return NULL;
}

static void
end(void)
{
	server_stop(srv);
	(void)pthread_join(thread, NULL);
	server_free(srv);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
begin(void)
{
	const struct server_options o = { .workers = 1 };
	const struct server_keys keys = { .close = close_none,
	    .open = open_none };
	int fd;

	log_set_level(LOG_LEVEL_ERROR);
	(void)signal(SIGPIPE, SIG_IGN);
	must(mkdtemp(dir) != NULL);
	must((fd = rundir_listen(dir, 1, path, sizeof(path), NULL)) != -1);
	must((srv = server_new(&o, NULL)) != NULL);
	must(server_keys(srv, &keys, NULL) == 0);
	must(server_control(srv, fd, &about, NULL) == 0);
	must(pthread_create(&thread, NULL, serve, NULL) == 0);
	must(atexit(end) == 0);
}

/* libFuzzer's alarm may come in between. */
static void
wait_for(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };
	int n;

	while ((n = poll(&p, 1, 20000)) == -1 && errno == EINTR)
		continue;
	must(n == 1);
}

/* All of it, unless the server has heard enough. */
static bool
say(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		wait_for(fd, POLLOUT);
		if ((n = write(fd, p, len)) <= 0)
			return false;
	}
	return true;
}

/* What it says until it closes; its length, or -1: it was cut. */
static ssize_t
hear(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	do {
		wait_for(fd, POLLIN);
		n = read(fd, buf + len, cap - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n == 0 ? (ssize_t)len : -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char buf[1 << 18];
	const uint8_t *line;
	json_t *o;
	ssize_t n;
	size_t first;
	int fd;

	if (size < 1)
		return 0;
	if (srv == NULL)
		begin();
	first = data[0] < size - 1 ? data[0] : size - 1;
	data++;
	size--;
	must((fd = rundir_connect(path, NULL)) != -1);
	if (say(fd, data, first) && say(fd, data + first, size - first))
		(void)shutdown(fd, SHUT_WR);
	n = hear(fd, buf, sizeof(buf) - 1);
	(void)close(fd);

	line = size == 0 ? NULL : memchr(data, '\n', size);
	if (line == NULL && size < CONTROL_LINE_MAX)
		must(n == 0);
	/* What it did not read makes the system cut what it said. */
	if (line == NULL || line + 1 != data + size || n == -1)
		return 0;
	must(n > 1 && memchr(buf, '\n', (size_t)n) == buf + n - 1);
	must((o = json_loadb(buf, (size_t)n, 0, NULL)) != NULL);
	must(json_is_object(o));
	json_decref(o);
	return 0;
}
