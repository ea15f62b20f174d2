/*
 * log.h - one line for each event, on standard error.
 *
 * A line is "vaultnfs: LEVEL: text".  No line ever holds a password or a key,
 * nor a clear name unless the user asked for it: callers pass names on disk,
 * numbers, struct verr texts (which keep the same promise), and clear names
 * through log_name() only.  Any thread may log; a line is one write of at most
 * 1 KiB, without control characters (a '?' stands for each).  errno is kept.
 *
 * A message, which is a format, gets 20 lines a second at most.  What is more
 * is counted, and told before the next line that is written, or by log_flush():
 * "vaultnfs: LEVEL: 980 suppressed: FORMAT".
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

#define LOG_LINES_PER_S	20
#define LOG_NAME_SIZE	128	/* bytes, the NUL included */

/* Lines above this level are dropped; LOG_LEVEL_INFO unless set. */
void log_set_level(enum log_level level);
bool log_has(enum log_level level);

/* The format is a literal: it outlives the program, and holds no secret. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Tell what was suppressed and has not been told. */
void log_flush(void);

/*
 * A clear name in the form in which it may be logged: "~" and 16 digits of a
 * hash under a key that this process drew, so that the same name can be
 * followed through its log, and not guessed.  After log_set_names(true): the
 * name in quotes, cut where it is long.  Returns buf.
 */
void log_set_names(bool clear);
const char *log_name(char buf[LOG_NAME_SIZE], const char *name, size_t len);

/* -- inside: log_name.c.  SipHash-2-4. */
uint64_t log_hash(const uint8_t key[16], const void *data, size_t len);

#endif /* BASE_LOG_H */
