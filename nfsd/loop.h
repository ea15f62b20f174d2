/*
 * loop.h - the one thread that owns connections: listeners, signals, waking.
 *
 * Everything the loop does happens in a callback between loop_enter() and
 * loop_leave(), which measure it: the longest is a number of server_counts().
 */
#ifndef NFSD_LOOP_H
#define NFSD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct ev_loop;
struct loop;
struct server;
struct verr;

struct loop *loop_new(struct server *srv, struct verr *e);
void loop_free(struct loop *l);		/* NULL is ignored */

/* As server_listen(). */
int loop_listen(struct loop *l, const char *addr, uint16_t port,
    uint16_t *bound, struct verr *e);
int loop_listen_on(struct loop *l, int fd, uint16_t *bound,
    struct verr *e);		/* server_listen_on() */

/* Until stopped and drained, or SERVER_DRAIN_S after the stop. */
void loop_run(struct loop *l);

/* Any thread: there are results; stop. */
void loop_wake(struct loop *l);
void loop_stop(struct loop *l);

/* A connection has gone: there is a place, or the last one was waited for. */
void loop_conn_gone(struct loop *l);

/* For conn.c. */
struct ev_loop *loop_ev(struct loop *l);
void loop_enter(struct loop *l);
void loop_leave(struct loop *l);

#endif /* NFSD_LOOP_H */
