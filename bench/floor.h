/*
 * floor.h - servers that do only what nobody can leave out, to hold vaultnfs
 * against.
 *
 * `tcp' answers each record with the 28 bytes of an empty reply.  `read' takes
 * one file of a vault: it reads its chunks, decrypts and sends them, and knows
 * just enough of NFS for nfsload --file to ask for them.
 *
 * Threads: each connection has its own, one or more.  They take turns at
 * reading records and at sending replies, and work side by side in between.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct floor_file;
struct xout;

#define FLOOR_BATCH	16u		/* records taken in one turn */
#define FLOOR_ENOUGH	(128u * 1024)	/* bytes that end a turn */
#define FLOOR_RECORD	4096u		/* bytes of one, at most */

struct floor_opt {
	const char	*vault, *path, *password_file;	/* NULL: tcp */
	uint16_t	 port;
	unsigned	 threads;	/* of a connection */
	bool		 decrypt;
};

/* What a thread that works needs: buffers, a cipher's context. */
struct floor_worker;

/* -- floor_file.c.  NULL: said on standard error. */
struct floor_file *floor_file_open(const struct floor_opt *opt);
struct floor_worker *floor_file_worker(struct floor_file *f);
void floor_file_worker_free(struct floor_worker *w);

/* A new turn: data of earlier replies is given up. */
void floor_file_turn(struct floor_worker *w);

/*
 * The reply to a record, whose data lies in w until the next turn.  Adds the
 * bytes of data to *bytes.  false: it is nothing that this server knows.
 */
bool floor_file_answer(struct floor_worker *w, const uint8_t *rec, size_t len,
    struct xout *o, size_t *bytes);

/* -- floor_conn.c: serve fd until it ends, in threads of its own; f is NULL
 * for tcp. */
bool floor_conn_start(int fd, struct floor_file *f, unsigned threads);

#endif /* BENCH_FLOOR_H */
