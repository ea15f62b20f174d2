/*
 * control.c - the control socket: connections, limits, one line each way.
 */
#include "config.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/control.h"
#include "nfsd/control_peer.h"
#include "nfsd/loop.h"
#include "nfsd/server_int.h"

#define LINE_FIRST	4096u	/* bytes of a request; more only if it has */
#define READ_MAX	4096u	/* bytes in one callback */
#define ACCEPT_PAUSE_S	0.5	/* when descriptors have run out */

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL	0	/* serve ignores SIGPIPE */
#endif

struct asker {
	struct control		*control;
	uint64_t		 id;
	int			 fd;
	ev_io			 io;
	ev_timer		 timer;		/* the end, whatever happens */

	/* A request may hold a password: secret memory. */
	char			*line;
	size_t			 len, cap;

	char			*reply;		/* NULL: not known yet */
	size_t			 reply_len, sent;
	TAILQ_ENTRY(asker)	 link;
};

struct control {
	struct server			*srv;
	const struct server_about	*about;
	struct loop			*loop;
	ev_io				 io;	/* the listener's, while there
						   is room */
	ev_timer			 pause;	/* out of descriptors */
	TAILQ_HEAD(, asker)		 askers;
	unsigned			 n;
	uint64_t			 last_id;
};

struct server *
control_server(const struct control *c)
{
	return c->srv;
}

const struct server_about *
control_about(const struct control *c)
{
	return c->about;
}

static void
drop(struct asker *a)
{
	struct control *c = a->control;

	ev_io_stop(loop_ev(c->loop), &a->io);
	ev_timer_stop(loop_ev(c->loop), &a->timer);
	(void)close(a->fd);
	secret_free(a->line, a->cap);
	free(a->reply);
	TAILQ_REMOVE(&c->askers, a, link);
	c->n--;
	ev_io_start(loop_ev(c->loop), &c->io);	/* there is room again */
	free(a);
}

/* As much of the reply as the socket takes. */
static void
send_reply(struct asker *a)
{
	ssize_t n = 1;

	while (a->sent < a->reply_len && n > 0) {
		n = send(a->fd, a->reply + a->sent, a->reply_len - a->sent,
		    MSG_NOSIGNAL);
		if (n > 0)
			a->sent += (size_t)n;
	}
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR))
		ev_io_start(loop_ev(a->control->loop), &a->io);
	else
		drop(a);
}

/* Takes reply; the asker may be gone afterwards. */
static void
answer(struct asker *a, json_t *reply)
{
	struct ev_loop *ev = loop_ev(a->control->loop);
	size_t len;

	a->reply = reply == NULL ? NULL : json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	if (a->reply == NULL) {
		log_warn("no memory for an answer on the control socket");
		drop(a);
		return;
	}
	len = strlen(a->reply);
	a->reply[len] = '\n';		/* in place of the NUL */
	a->reply_len = len + 1;
	ev_io_stop(ev, &a->io);
	ev_io_set(&a->io, a->fd, EV_WRITE);
	ev_timer_again(ev, &a->timer);
	send_reply(a);
}

void
control_answer(struct control *c, uint64_t id, json_t *reply)
{
	struct asker *a;

	TAILQ_FOREACH(a, &c->askers, link)
		if (a->id == id) {
			answer(a, reply);
			return;
		}
	json_decref(reply);
}

/* The line is whole: len bytes before its newline. */
static void
run(struct asker *a, size_t len)
{
	struct ev_loop *ev = loop_ev(a->control->loop);
	json_t *reply;

	ev_io_stop(ev, &a->io);
	a->line[len] = '\0';
	if (strlen(a->line) != len)
		reply = control_error("usage", "a request is text");
	else
		reply = control_request(a->control, a->id, a->line);
	secret_free(a->line, a->cap);
	a->line = NULL;
	if (reply != NULL)
		answer(a, reply);
	else
		ev_timer_stop(ev, &a->timer);	/* it is ours to hurry */
}

/* Room for more of the line; false: there is none, the asker is done with. */
static bool
grow(struct asker *a)
{
	size_t cap = a->cap == 0 ? LINE_FIRST : 2 * a->cap;
	char *line;

	if (a->len < a->cap)
		return true;
	if (a->len >= CONTROL_LINE_MAX) {
		answer(a, control_error("usage", "a request has at most %u "
		    "bytes", CONTROL_LINE_MAX));
		return false;
	}
	if ((line = secret_alloc(cap)) == NULL) {
		drop(a);
		return false;
	}
	if (a->line != NULL)
		memcpy(line, a->line, a->len);
	secret_free(a->line, a->cap);
	a->line = line;
	a->cap = cap;
	return true;
}

static void
take(struct asker *a)
{
	size_t room;
	ssize_t n;
	char *end;

	if (!grow(a))
		return;
	room = a->cap - a->len < READ_MAX ? a->cap - a->len : READ_MAX;
	n = recv(a->fd, a->line + a->len, room, 0);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR))
		return;
	if (n <= 0) {
		drop(a);	/* half a line is none */
		return;
	}
	end = memchr(a->line + a->len, '\n', (size_t)n);
	a->len += (size_t)n;
	if (end != NULL)
		run(a, (size_t)(end - a->line));
}

static void
ready(struct ev_loop *ev, ev_io *w, int revents)
{
	struct asker *a = w->data;
	struct loop *loop = a->control->loop;

	(void)ev;
	loop_enter(loop);
	if (revents & EV_WRITE)
		send_reply(a);
	else
		take(a);
	loop_leave(loop);
}

static void
timed_out(struct ev_loop *ev, ev_timer *w, int revents)
{
	(void)ev;
	(void)revents;
	drop(w->data);
}

/* A new connection, which is fd from now on. */
static void
admit(struct control *c, int fd)
{
	struct asker *a;
	int flags;

	if (!control_peer_ok(fd) ||
	    (flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    (a = calloc(1, sizeof(*a))) == NULL) {
		(void)close(fd);
		return;
	}
	a->control = c;
	a->id = ++c->last_id;
	a->fd = fd;
	ev_io_init(&a->io, ready, fd, EV_READ);
	ev_init(&a->timer, timed_out);
	a->timer.repeat = c->srv->opt.record_timeout_s;
	a->io.data = a->timer.data = a;
	TAILQ_INSERT_TAIL(&c->askers, a, link);
	if (++c->n == CONTROL_CONNS)
		ev_io_stop(loop_ev(c->loop), &c->io);
	ev_io_start(loop_ev(c->loop), &a->io);
	ev_timer_again(loop_ev(c->loop), &a->timer);
}

static void
accept_again(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct control *c = w->data;

	(void)revents;
	ev_timer_stop(ev, w);
	if (c->n < CONTROL_CONNS)
		ev_io_start(ev, &c->io);
}

/* One in each callback; who finds no room waits in the socket's queue. */
static void
acceptable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct control *c = w->data;
	int fd;

	(void)revents;
	loop_enter(c->loop);
	if ((fd = accept(w->fd, NULL, NULL)) != -1) {
		admit(c, fd);
	} else if (errno == EMFILE || errno == ENFILE) {
		/* A level-triggered loop would spin. */
		ev_io_stop(ev, w);
		ev_timer_again(ev, &c->pause);
	}
	loop_leave(c->loop);
}

struct control *
control_new(struct server *s, int fd, const struct server_about *about,
    struct verr *e)
{
	struct control *c;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		(void)close(fd);
		(void)verr_fail(e, VERR_NOMEM, "no memory for a socket");
		return NULL;
	}
	c->srv = s;
	c->about = about;
	c->loop = s->lanes[0]->loop;
	TAILQ_INIT(&c->askers);
	ev_io_init(&c->io, acceptable, fd, EV_READ);
	ev_init(&c->pause, accept_again);
	c->pause.repeat = ACCEPT_PAUSE_S;
	c->io.data = c->pause.data = c;
	ev_io_start(loop_ev(c->loop), &c->io);
	return c;
}

void
control_free(struct control *c)
{
	struct asker *a;

	if (c == NULL)
		return;
	while ((a = TAILQ_FIRST(&c->askers)) != NULL)
		drop(a);
	ev_io_stop(loop_ev(c->loop), &c->io);
	ev_timer_stop(loop_ev(c->loop), &c->pause);
	(void)close(c->io.fd);
	free(c);
}
