/*
 * log.h - one line for each event, on standard error.
 *
 * A line is "vaultnfs: LEVEL: text".  No line ever holds a clear name, a
 * password or a key: callers pass names on disk, numbers and struct verr texts
 * (which keep the same promise).  Any thread may log; a line is one write of
 * at most 1 KiB, without control characters (a '?' stands for each).
 * errno is kept.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Lines above this level are dropped; LOG_LEVEL_INFO unless set. */
void log_set_level(enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* BASE_LOG_H */
