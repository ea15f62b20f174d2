/*
 * control.h - how a server that runs is asked, and told, by its own user.
 *
 * A socket in the run directory (rundir.h).  Who connects sends one line, gets
 * one line that is a JSON object, and the server closes.  Only root and the
 * server's own user are answered.
 *
 *	status			what is served, where, since when, locked or not
 *	stats			the numbers of control_report.c
 *	stats reset-max		the same, and loop_max_us begins anew
 *	lock			write everything, forget the keys
 *	unlock HEX		the password's bytes, two digits each
 *
 * A request that fails gets {"error": TEXT, "code": WORD}; the words are
 * usage (no such request, too long), password (a wrong one), vault (damaged, or
 * another one than before), permission, busy, failed.  lock and unlock answer
 * as status does, when they are done.
 *
 * Members that both replies have: version, pid, address, port, state_dir ("" if
 * there is none), since (seconds of the epoch), uptime_us, locked, and exports,
 * an array with name, vault (its folder), read_only, format, cipher; and, if
 * "vaultnfs mount" started it, mounted, the mount point.  Members stay what
 * they are; more may come.
 *
 * stats has, as numbers since the start or of this moment:
 *	calls, on_loop, on_worker, rejected, closed_bad	calls, where they ran
 *	refused				connections, by the gate
 *	read_bytes, write_bytes		of files, by READ and WRITE
 *	sends				system calls that sent replies
 *	loop_max_us			longest callback of a loop
 *	connections, connections_max, workers, loops
 *	inflight_bytes			calls and replies in hand
 *	arena_max_bytes			the most that one call took
 *	cache_hits, cache_misses	of clear chunks; these and what follows
 *					begin anew when it is unlocked
 *	cache_bytes, dirty_bytes, listing_bytes
 *	open_files, directories, nodes, hidden
 *	procedures			an array of those that were called:
 *	    name, program ("nfs" or "mount"), calls,
 *	    p50_us, p90_us, p99_us, max_us	record complete to reply queued
 *	    latency_us	[[longest, calls], ...]: the buckets of stats.h
 *
 * Nothing here can stall the loop: at most CONTROL_CONNS at a time, who comes
 * then waits; record_timeout_s (server.h) for a whole request, and again for
 * its reply to be taken; requests of at most CONTROL_LINE_MAX bytes; sockets
 * that do not block.  What cannot be told at once waits, and control_answer()
 * sends it.
 *
 * Threads: the first loop's.
 */
#ifndef NFSD_CONTROL_H
#define NFSD_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct control;
struct server;
struct server_about;
struct verr;

#define CONTROL_CONNS		8
#define CONTROL_LINE_MAX	(132u * 1024)

/*
 * Serve fd, which listens and is the control's, also after a failure, on the
 * first loop of s.  about is kept.
 */
struct control *control_new(struct server *s, int fd,
    const struct server_about *about, struct verr *e);
void control_free(struct control *c);		/* NULL is ignored */

/* Answer a connection that waits, if it is still there; takes reply. */
void control_answer(struct control *c, uint64_t id, json_t *reply);

/*
 * control_report.c: the reply to one request, which is changed (len bytes and
 * a NUL).  NULL: control_answer() will give it to the connection id.
 */
json_t *control_request(struct control *c, uint64_t id, char *line);

/* What is told of a lock or unlock that is over: status, or an error. */
json_t *control_outcome(const struct control *c, const struct verr *e);

/* {"error": ..., "code": code} */
json_t *control_error(const char *code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* For control_report.c. */
struct server *control_server(const struct control *c);
const struct server_about *control_about(const struct control *c);

#endif /* NFSD_CONTROL_H */
