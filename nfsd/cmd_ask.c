/*
 * cmd_ask.c - find the servers of this user that run, and ask them.
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/cmd_ask.h"
#include "nfsd/loop.h"
#include "nfsd/rundir.h"
#include "nfsd/statedir.h"

#define REPLY_MAX	(1u << 20)	/* bytes; ours are some KiB */

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL	0
#endif

/* Wait for the socket; false: the time is up, or a signal ends the command. */
static bool
wait_for(int fd, short events, uint64_t until_us)
{
	struct pollfd p = { fd, events, 0 };
	uint64_t now;
	int n;

	while ((now = loop_clock_us()) < until_us && !cmd_stopped()) {
		n = poll(&p, 1, (int)((until_us - now) / 1000 + 1));
		if (n > 0)
			return true;
		if (n == -1 && errno != EINTR)
			return false;
	}
	return false;
}

static bool
send_all(int fd, const char *line, size_t len, uint64_t until_us)
{
	ssize_t n;

	while (len > 0) {
		if (!wait_for(fd, POLLOUT, until_us))
			return false;
		n = send(fd, line, len, MSG_NOSIGNAL);
		if (n > 0) {
			line += n;
			len -= (size_t)n;
		} else if (n == -1 && errno != EAGAIN && errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* All that comes, allocated, NUL-terminated; NULL: not in time, or too much. */
static char *
take_all(int fd, uint64_t until_us)
{
	size_t len = 0, cap = 16384;
	char *buf = malloc(cap), *grown;
	ssize_t n = 1;

	while (buf != NULL && n != 0 && wait_for(fd, POLLIN, until_us)) {
		if (len + 1 == cap) {
			cap *= 2;
			grown = cap > REPLY_MAX ? NULL : realloc(buf, cap);
			if (grown == NULL)
				break;
			buf = grown;
		}
		n = recv(fd, buf + len, cap - len - 1, 0);
		if (n > 0)
			len += (size_t)n;
		else if (n == -1 && errno != EAGAIN && errno != EINTR)
			break;
	}
	if (buf == NULL || n != 0) {
		free(buf);
		return NULL;
	}
	buf[len] = '\0';
	return buf;
}

/* One question; NULL: no answer that makes sense. */
static json_t *
ask(const char *path, const char *line, size_t len, unsigned seconds,
    struct verr *e)
{
	uint64_t until = loop_clock_us() + (uint64_t)seconds * 1000000;
	json_t *reply = NULL;
	char *text;
	int fd;

	if ((fd = rundir_connect(path, e)) == -1)
		return NULL;
	if (!send_all(fd, line, len, until) ||
	    (text = take_all(fd, until)) == NULL) {
		(void)verr_fail(e, VERR_IO, "the server at %s gives no answer",
		    path);
	} else {
		reply = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_object(reply)) {
			(void)verr_fail(e, VERR_IO, "the server at %s gives "
			    "an answer that is none", path);
			json_decref(reply);
			reply = NULL;
		}
		free(text);
	}
	(void)close(fd);
	return reply;
}

static enum cmd_exit
exit_of(const char *code)
{
	static const struct {
		const char	*code;
		enum cmd_exit	 exit;
	} exits[] = {
		{ "usage", CMD_USAGE }, { "password", CMD_PASSWORD },
		{ "vault", CMD_BADVAULT }, { "permission", CMD_PERMISSION },
		{ "notfound", CMD_NOTFOUND },
	};
	size_t i;

	for (i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		if (strcmp(code, exits[i].code) == 0)
			return exits[i].exit;
	return CMD_FAILED;
}

json_t *
cmd_ask(const char *path, const char *line, size_t len, unsigned seconds,
    enum cmd_exit *rc)
{
	struct verr e = { .code = VERR_NONE };
	json_t *reply;

	if ((reply = ask(path, line, len, seconds, &e)) == NULL) {
		cmd_error("%s", cmd_sentence(&e));
		*rc = cmd_exit_of(&e);
		return NULL;
	}
	if (json_object_get(reply, "error") == NULL)
		return reply;
	cmd_error("%s", cmd_ask_text(reply, "error"));
	*rc = exit_of(cmd_ask_text(reply, "code"));
	json_decref(reply);
	return NULL;
}

uint64_t
cmd_ask_number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n < 0 ? 0 : (uint64_t)n;
}

const char *
cmd_ask_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL ? "" : s;
}

void
cmd_ask_address(const json_t *o, char *out, size_t cap)
{
	const char *addr = cmd_ask_text(o, "address");

	(void)snprintf(out, cap, strchr(addr, ':') != NULL ?
	    "[%s]:%" PRIu64 : "%s:%" PRIu64, addr, cmd_ask_number(o, "port"));
}

void
cmd_ask_duration(uint64_t us, char *out, size_t cap)
{
	uint64_t s = us / 1000000;

	if (s < 60)
		(void)snprintf(out, cap, "%" PRIu64 " s", s);
	else if (s < 3600)
		(void)snprintf(out, cap, "%" PRIu64 " min %02" PRIu64 " s",
		    s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(out, cap, "%" PRIu64 " h %02" PRIu64 " min",
		    s / 3600, s / 60 % 60);
	else
		(void)snprintf(out, cap, "%" PRIu64 " d %02" PRIu64 " h",
		    s / 86400, s / 3600 % 24);
}

struct search {
	const struct cmd_ask_which *which;
	const char		*state_dir;	/* resolved; or NULL */
	struct cmd_ask_list	*list;
};

static bool
is_wanted(const struct search *s, const json_t *status)
{
	return (s->which->port == 0 ||
	    s->which->port == cmd_ask_number(status, "port")) &&
	    (s->which->state_dir == NULL || (s->state_dir != NULL &&
	    strcmp(s->state_dir, cmd_ask_text(status, "state_dir")) == 0));
}

/* Who does not answer is dead, or is asked to end just now. */
static void
look_at(void *ctx, const char *path)
{
	static const char line[] = "status\n";
	struct search *s = ctx;
	struct cmd_ask_server *grown, *one;
	json_t *status;
	struct verr e;

	if ((status = ask(path, line, sizeof(line) - 1, CMD_ASK_S,
	    &e)) == NULL) {
		if (e.code != VERR_NOENT)
			cmd_error("%s", cmd_sentence(&e));
		return;
	}
	grown = realloc(s->list->v, (s->list->n + 1) * sizeof(*grown));
	if (grown != NULL)
		s->list->v = grown;
	if (grown == NULL || !is_wanted(s, status)) {
		json_decref(status);
		return;
	}
	one = &s->list->v[s->list->n];
	one->status = status;
	if ((one->socket = strdup(path)) != NULL)
		s->list->n++;
	else
		json_decref(status);
}

/* A place that is not there holds no server; one that was named must be. */
static enum cmd_exit
look_in(struct search *s, const char *dir)
{
	struct verr e = { .code = VERR_NONE };

	if (rundir_each(dir, look_at, s, &e) == 0 ||
	    (s->which->run_dir == NULL && e.code == VERR_NOENT))
		return CMD_DONE;
	return cmd_fail(&e, "cannot look for servers");
}

enum cmd_exit
cmd_ask_all(const struct cmd_ask_which *w, struct cmd_ask_list *l)
{
	char usual[PATH_MAX], *place[RUNDIR_PLACES] = { NULL, NULL };
	struct search s = { .which = w, .list = l };
	const char *state = w->state_dir;
	enum cmd_exit rc = CMD_DONE;
	char *resolved = NULL;
	unsigned i;

	memset(l, 0, sizeof(*l));
	if (state != NULL)
		s.state_dir = resolved = realpath(state, NULL);
	else if (statedir_find(usual, sizeof(usual)))
		state = usual;
	if (w->run_dir != NULL) {
		rc = look_in(&s, w->run_dir);
	} else {
		rundir_places(state, place);
		for (i = 0; i < RUNDIR_PLACES && rc == CMD_DONE; i++)
			if (place[i] != NULL)
				rc = look_in(&s, place[i]);
	}
	for (i = 0; i < RUNDIR_PLACES; i++)
		free(place[i]);
	free(resolved);
	if (rc != CMD_DONE)
		cmd_ask_free(l);
	return rc;
}

void
cmd_ask_free(struct cmd_ask_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->v[i].socket);
		json_decref(l->v[i].status);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static enum cmd_exit
several(const struct cmd_call *call, const struct cmd_ask_list *l)
{
	char text[256] = "";
	size_t i, len;

	for (i = 0; i < l->n; i++) {
		len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, " %" PRIu64,
		    cmd_ask_number(l->v[i].status, "port"));
	}
	return cmd_usage(call, "%zu servers run: say which by --port:%s",
	    l->n, text);
}

enum cmd_exit
cmd_ask_one(const struct cmd_call *call, const struct cmd_ask_which *w,
    char **socket)
{
	struct cmd_ask_list l;
	enum cmd_exit rc;

	if ((rc = cmd_ask_all(w, &l)) != CMD_DONE)
		return rc;
	if (l.n == 1) {
		*socket = l.v[0].socket;
		l.v[0].socket = NULL;
	} else if (l.n > 1) {
		rc = several(call, &l);
	} else {
		cmd_error("no server of this user runs%s", w->port != 0 ||
		    w->state_dir != NULL || w->run_dir != NULL ?
		    " there" : "");
		rc = CMD_NOTFOUND;
	}
	cmd_ask_free(&l);
	return rc;
}
