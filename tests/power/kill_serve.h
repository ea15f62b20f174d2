/*
 * kill_serve.h - what the client of kill_serve.c does, and what it knows.
 */
#ifndef TESTS_POWER_KILL_SERVE_H
#define TESTS_POWER_KILL_SERVE_H

#include <stdbool.h>
#include <stdint.h>

struct client;

uint32_t kill_draw(uint32_t n);
/* A line, and the end: something is wrong. */
void kill_die(const char *what, const char *more) __attribute__((noreturn));
struct client *kill_start(bool *same_port);

/* kill_work.c: make the files; work until the server is gone. */
void kill_begin(struct client *c);
void kill_work(struct client *c);
/*
 * Send again what had no reply, and read everything.  Who comes to another port
 * is not known there: nothing is sent again then.
 */
void kill_look(struct client *c, unsigned round, bool same_port);
/* How much that was. */
void kill_tell(unsigned kills);

#endif /* TESTS_POWER_KILL_SERVE_H */
