/*
 * kill_serve.h - what the client of kill_serve.c does, and what it knows.
 */
#ifndef TESTS_POWER_KILL_SERVE_H
#define TESTS_POWER_KILL_SERVE_H

#include <stdbool.h>
#include <stdint.h>

struct client;

#define KILL_RECORD	16u
#define KILL_PIECE	3000u	/* records in a large WRITE */
#define KILL_READ	65536u	/* bytes of a READ */

uint32_t kill_draw(uint32_t n);
/* A line, and the end: something is wrong. */
void kill_die(const char *what, const char *more) __attribute__((noreturn));
struct client *kill_start(bool *same_port);

/*
 * kill_calls.c: the status; -1 or false: there was no reply.  Names are in the
 * root, which kill_mount() gets.
 */
struct kill_handle {
	unsigned	len;
	char		b[64];
};
extern unsigned long kill_calls, kill_commits;
void kill_must(bool fact, const char *what, unsigned how);
void kill_mount(struct client *c);
/* The call that comes now is a new one: its xid. */
uint32_t kill_next(struct client *c);
int kill_make(struct client *c, const char *name, struct kill_handle *h);
int kill_drop(struct client *c, const char *name);
int kill_move(struct client *c, const char *name, const char *to);
bool kill_find(struct client *c, const char *name, struct kill_handle *h);
/* Records number at to at + n - 1, written in generation gen. */
bool kill_put(struct client *c, const struct kill_handle *h, uint32_t at,
    uint32_t n, uint32_t gen, int stable);
bool kill_commit(struct client *c, const struct kill_handle *h);
/* There is one: who does not answer now never does. */
int kill_read(struct client *c, const struct kill_handle *h, uint64_t off,
    uint8_t *buf, uint32_t *n, bool *eof);

/* kill_work.c: make the files; work until the server is gone. */
void kill_begin(struct client *c);
void kill_work(struct client *c);
/*
 * Send again what had no reply, and read everything.  Who comes to another port
 * is not known there: nothing is sent again then.
 */
void kill_look(struct client *c, unsigned round, bool same_port);
/* How much that was; false: something was wrong. */
bool kill_tell(unsigned kills);

#endif /* TESTS_POWER_KILL_SERVE_H */
