/*
 * loop.h - threads that own connections: events, listeners, signals, waking.
 *
 * There is a loop for each lane.  The first runs on the thread that called
 * server_run(); it also has the listeners, whose connections it spreads over
 * all, and the signals.
 *
 * Everything a loop does happens in a callback between loop_enter() and
 * loop_leave(), which measure it: the longest is a number of server_counts().
 */
#ifndef NFSD_LOOP_H
#define NFSD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct ev_loop;
struct lane;
struct loop;
struct verr;

struct loop *loop_new(struct lane *lane, struct verr *e);
void loop_free(struct loop *l);		/* NULL is ignored */

/* As server_listen(); the first loop's. */
int loop_listen(struct loop *l, const char *addr, uint16_t port,
    uint16_t *bound, struct verr *e);
int loop_listen_on(struct loop *l, int fd, uint16_t *bound,
    struct verr *e);		/* server_listen_on() */

/* Accept from fd, which listens and is the loop's if that succeeds. */
int loop_watch(struct loop *l, int fd, struct verr *e);

/* Until stopped and drained, or SERVER_DRAIN_S after the stop. */
void loop_run(struct loop *l);

/* The same on a thread of its own, with all signals blocked. */
int loop_start(struct loop *l, struct verr *e);
void loop_join(struct loop *l);

/* Any thread: there are results or connections; stop. */
void loop_wake(struct loop *l);
void loop_stop(struct loop *l);

/* A connection has gone: perhaps the last one, which was waited for. */
void loop_conn_gone(struct loop *l);

/* Take what workers have finished until now: conn_done() for each. */
void loop_collect(struct loop *l);

/* Calls wait for a worker: look after them (worker_tend()). */
void loop_tend(struct loop *l);

/* loop_beat.c: server_life(). */
struct loop_beat;
struct server;
struct server_life;
struct loop_beat *loop_beat_new(struct server *s,
    const struct server_life *life, struct verr *e);
void loop_beat_stopping(struct loop_beat *b);	/* NULL is ignored */
void loop_beat_free(struct loop_beat *b);	/* NULL is ignored */

/* A socket that listens and does not block, or -1.  As server_listen(). */
int loop_socket(const char *addr, uint16_t port, struct verr *e);

/*
 * loop_while.c: server_while(); asked on this loop, so it must be quick.  NULL:
 * no memory.
 */
struct loop_while;
struct loop_while *loop_while_new(struct loop *l,
    bool (*still)(void *ctx, bool connected), void *ctx, struct verr *e);
void loop_while_free(struct loop_while *k);	/* NULL is ignored */

/*
 * Told to stop: true if it will stop by itself, some seconds after it got the
 * last call; false if nobody has it mounted, it is told twice, or k is NULL.
 */
bool loop_while_linger(struct loop_while *k);

/* Microseconds of the monotonic clock; any thread. */
uint64_t loop_clock_us(void);

/* For conn.c. */
struct ev_loop *loop_ev(struct loop *l);
void loop_enter(struct loop *l);
void loop_leave(struct loop *l);

#endif /* NFSD_LOOP_H */
