/*
 * metrics_http.c - metrics over HTTP, by libmicrohttpd on the first loop.
 */
#include "config.h"

#include <sys/socket.h>

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/gate.h"
#include "nfsd/loop.h"
#include "nfsd/metrics.h"
#include "nfsd/mhd.h"
#include "nfsd/server_int.h"

#define REST_S		0.1	/* after a refusal, or without descriptors */
#define REQUEST_MAX	((size_t)16 * 1024)	/* bytes, and of its reply */
#define CONTENT_TYPE	"text/plain; version=0.0.4; charset=utf-8"

struct metrics {
	struct server		*srv;
	struct loop		*loop;
	uint64_t		 began_us;
	struct gate		*gate;
	const struct mhd	*lib;
	struct MHD_Daemon	*http;
	ev_io			 listener;
	ev_io			 ready;		/* its epoll descriptor */
	ev_timer		 due;		/* what else it waits for */
	ev_timer		 rest;
};

static enum MHD_Result
answer(struct metrics *m, struct MHD_Connection *c, unsigned status,
    char *text, size_t len, const char *type)
{
	enum MHD_ResponseMemoryMode mode = status == MHD_HTTP_OK ?
	    MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT;
	struct MHD_Response *r;
	enum MHD_Result rc;

	r = m->lib->create_response_from_buffer(len, text, mode);
	if (r == NULL) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	(void)m->lib->add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
	    type);
	rc = m->lib->queue_response(c, status, r);
	m->lib->destroy_response(r);
	return rc;
}

static enum MHD_Result
request(void *ctx, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *body,
    size_t *body_len, void **state)
{
	static char not_found[] = "the metrics are at /metrics\n";
	static char not_allowed[] = "only GET and HEAD\n";
	struct metrics *m = ctx;
	size_t len;
	char *text;

	(void)version;
	(void)body;
	(void)body_len;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer(m, c, MHD_HTTP_METHOD_NOT_ALLOWED, not_allowed,
		    sizeof(not_allowed) - 1, "text/plain");
	if (strcmp(url, "/metrics") != 0)
		return answer(m, c, MHD_HTTP_NOT_FOUND, not_found,
		    sizeof(not_found) - 1, "text/plain");
	if ((text = metrics_text(m->srv, m->began_us, &len)) == NULL)
		return MHD_NO;
	return answer(m, c, MHD_HTTP_OK, text, len, CONTENT_TYPE);
}

/* Let it do what can be done, and wait for what it waits for. */
static void
run(struct metrics *m)
{
	struct ev_loop *ev = loop_ev(m->loop);
	MHD_UNSIGNED_LONG_LONG ms;

	(void)m->lib->run(m->http);
	ev_timer_stop(ev, &m->due);
	if (m->lib->get_timeout(m->http, &ms) == MHD_YES) {
		ev_timer_set(&m->due, (double)ms / 1e3, 0.);
		ev_timer_start(ev, &m->due);
	}
}

static void
is_ready(struct ev_loop *ev, ev_io *w, int revents)
{
	struct metrics *m = w->data;

	(void)ev;
	(void)revents;
	loop_enter(m->loop);
	run(m);
	loop_leave(m->loop);
}

static void
is_due(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct metrics *m = w->data;

	(void)ev;
	(void)revents;
	loop_enter(m->loop);
	run(m);
	loop_leave(m->loop);
}

static void
rested(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct metrics *m = w->data;

	(void)revents;
	ev_io_start(ev, &m->listener);
}

static void
have_rest(struct metrics *m)
{
	struct ev_loop *ev = loop_ev(m->loop);

	ev_io_stop(ev, &m->listener);
	ev_timer_set(&m->rest, REST_S, 0.);
	ev_timer_start(ev, &m->rest);
}

/* fd, just accepted, is the daemon's or closed. */
static void
admit(struct metrics *m, int fd, const struct sockaddr *sa, socklen_t len)
{
	struct gate_peer peer;
	int flags;

	if (!gate_admit(m->gate, fd, &peer)) {
		(void)close(fd);
		have_rest(m);
	} else if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		(void)close(fd);
	} else if (m->lib->add_connection(m->http, fd, sa, len) == MHD_YES) {
		run(m);
	} else {
		have_rest(m);		/* too many; it has closed it */
	}
}

static void
acceptable(struct ev_loop *ev, ev_io *w, int revents)
{
	struct metrics *m = w->data;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int fd;

	(void)ev;
	(void)revents;
	loop_enter(m->loop);
	fd = accept(w->fd, (struct sockaddr *)&ss, &len);
	if (fd != -1)
		admit(m, fd, (struct sockaddr *)&ss, len);
	else if (errno == EMFILE || errno == ENFILE)
		have_rest(m);
	loop_leave(m->loop);
}

static int
start_http(struct metrics *m, struct verr *e)
{
	const union MHD_DaemonInfo *info;
	int fd;

	if ((m->lib = mhd_load(e)) == NULL)
		return -1;
	if (m->lib->is_feature_supported(MHD_FEATURE_EPOLL) != MHD_YES)
		return verr_fail(e, VERR_UNSUPPORTED, "libmicrohttpd has no "
		    "epoll on this system; 'vaultnfs stats --json' tells the "
		    "same numbers");
	m->http = m->lib->start_daemon(MHD_USE_EPOLL |
	    MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, request, m,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)METRICS_CONNS,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)METRICS_IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_MAX, MHD_OPTION_END);
	if (m->http == NULL)
		return verr_fail(e, VERR_NOMEM, "libmicrohttpd does not start");
	info = m->lib->get_daemon_info(m->http, MHD_DAEMON_INFO_EPOLL_FD);
	fd = info == NULL ? -1 : info->epoll_fd;
	if (fd == -1)
		return verr_fail(e, VERR_UNSUPPORTED, "libmicrohttpd does not "
		    "tell its epoll descriptor");
	ev_io_set(&m->ready, fd, EV_READ);
	ev_io_start(loop_ev(m->loop), &m->ready);
	return 0;
}

struct metrics *
metrics_new(struct server *s, int fd, const struct gate_options *gate,
    uint64_t began_us, struct verr *e)
{
	struct metrics *m;

	if ((m = calloc(1, sizeof(*m))) == NULL) {
		(void)close(fd);
		(void)verr_fail(e, VERR_NOMEM, "no memory for metrics");
		return NULL;
	}
	m->srv = s;
	m->loop = s->lanes[0]->loop;
	m->began_us = began_us;
	ev_io_init(&m->listener, acceptable, fd, EV_READ);
	ev_io_init(&m->ready, is_ready, -1, EV_READ);
	ev_init(&m->due, is_due);
	ev_init(&m->rest, rested);
	m->listener.data = m->ready.data = m;
	m->due.data = m->rest.data = m;
	if ((m->gate = gate_new(gate, e)) == NULL || start_http(m, e) == -1) {
		metrics_free(m);
		return NULL;
	}
	ev_io_start(loop_ev(m->loop), &m->listener);
	return m;
}

void
metrics_free(struct metrics *m)
{
	struct ev_loop *ev;

	if (m == NULL)
		return;
	ev = loop_ev(m->loop);
	ev_io_stop(ev, &m->listener);
	ev_io_stop(ev, &m->ready);
	ev_timer_stop(ev, &m->due);
	ev_timer_stop(ev, &m->rest);
	(void)close(m->listener.fd);
	if (m->http != NULL)
		m->lib->stop_daemon(m->http);
	gate_free(m->gate);
	free(m);
}
