/*
 * stream.h - bytes and records on a stream socket, with a time limit.
 *
 * end is a time of stream_now_ms(); nothing blocks beyond it.  Records are
 * RFC 5531 section 11.
 */
#ifndef TESTS_CLIENT_STREAM_H
#define TESTS_CLIENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int64_t stream_now_ms(void);

/* Make fd ready for the others: non-blocking, no SIGPIPE. */
void stream_prepare(int fd);

/* All of it, or false. */
bool stream_send(int fd, const void *buf, size_t len, int64_t end);

/* Some of it; 0: closed, -1: nothing came, or an error. */
ssize_t stream_recv(int fd, void *buf, size_t cap, int64_t end);

/* A record of at most max bytes in all its fragments, from the heap. */
uint8_t *stream_recv_record(int fd, size_t max, size_t *len, int64_t end);

#endif /* TESTS_CLIENT_STREAM_H */
