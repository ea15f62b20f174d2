#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/log.h"

#define LINE_SIZE	1024	/* bytes, the newline included */
#define CUT_MARK	"..."

#define MESSAGES	128	/* formats; the last stands for all others */

static atomic_int log_level = LOG_LEVEL_INFO;

static const char *const words[] = {
	[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug"
};

/* What was said in one second. */
struct message {
	const char	*fmt;
	enum log_level	 level;
	time_t		 second;
	unsigned	 lines, suppressed;
};

static struct {
	struct lock	 lock;		/* guards the rest */
	struct message	 message[MESSAGES];
} said = { .lock = { PTHREAD_MUTEX_INITIALIZER, LOCK_LOG } };

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

bool
log_has(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_level,
	    memory_order_relaxed);
}

/*
 * A line must stay one line, and must not steer the terminal it is shown on:
 * no C0 or DEL, and no C1 in UTF-8 (C2 80 to C2 9F; 9B alone starts a
 * control sequence on some terminals).
 */
static void
tame(char *s, size_t len)
{
	size_t i;
	unsigned char c;

	for (i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		if (c < 0x20 || c == 0x7f)
			s[i] = '?';
		else if (c == 0xc2 && i + 1 < len &&
		    ((unsigned char)s[i + 1] & 0xe0) == 0x80)
			s[i] = s[i + 1] = '?';
	}
}

static void
put_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[LINE_SIZE];
	const size_t room = sizeof(line) - 1;	/* the newline's place */
	size_t head, len;
	ssize_t done;
	int n;

	head = (size_t)snprintf(line, sizeof(line), "vaultnfs: %s: ",
	    words[level]);
	n = vsnprintf(line + head, sizeof(line) - head, fmt, ap);
	len = head + (n > 0 ? (size_t)n : 0);
	if (len > room) {
		len = room - strlen(CUT_MARK);
		/* not within a UTF-8 sequence: line[len] begins one */
		while (len > head && (line[len] & 0xc0) == 0x80)
			len--;
		memcpy(line + len, CUT_MARK, strlen(CUT_MARK));
		len += strlen(CUT_MARK);
	}
	tame(line + head, len - head);
	line[len++] = '\n';
	do
		done = write(STDERR_FILENO, line, len);
	while (done == -1 && errno == EINTR);
}

static void __attribute__((format(printf, 2, 3)))
put(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(level, fmt, ap);
	va_end(ap);
}

/* -- so many lines a second; the lock is held */

static struct message *
message_of(const char *fmt, enum log_level level)
{
	struct message *m = said.message;
	size_t i;

	for (i = 0; i < MESSAGES - 1; i++, m++)
		if (m->fmt == fmt || m->fmt == NULL)
			break;
	m->fmt = fmt;
	m->level = level;
	return m;
}

static void
tell(struct message *m)
{
	if (m->suppressed > 0)
		put(m->level, "%u suppressed: %s", m->suppressed, m->fmt);
	m->suppressed = 0;
}

/* What seconds before this one left untold. */
static void
tell_older(time_t second)
{
	size_t i;

	for (i = 0; i < MESSAGES && said.message[i].fmt != NULL; i++)
		if (said.message[i].second != second)
			tell(&said.message[i]);
}

static bool
may_say(const char *fmt, enum log_level level)
{
	struct timespec now;
	struct message *m;
	bool may;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	lock_take(&said.lock);
	m = message_of(fmt, level);
	tell_older(now.tv_sec);
	if (m->second != now.tv_sec) {
		m->second = now.tv_sec;
		m->lines = 0;
	}
	if ((may = m->lines < LOG_LINES_PER_S))
		m->lines++;
	else
		m->suppressed++;
	lock_drop(&said.lock);
	return may;
}

void
log_flush(void)
{
	int saved = errno;
	size_t i;

	lock_take(&said.lock);
	for (i = 0; i < MESSAGES; i++)
		tell(&said.message[i]);
	lock_drop(&said.lock);
	errno = saved;
}

static void
emit(enum log_level level, const char *fmt, va_list ap)
{
	int saved = errno;

	if (log_has(level) && may_say(fmt, level))
		put_line(level, fmt, ap);
	errno = saved;
}

#define EMIT(level, fmt) do {						\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	emit(level, fmt, ap);						\
	va_end(ap);							\
} while (0)

void
log_error(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_ERROR, fmt);
}

void
log_warn(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_WARN, fmt);
}

void
log_info(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_INFO, fmt);
}

void
log_debug(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_DEBUG, fmt);
}
